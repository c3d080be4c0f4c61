// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers, sizes, durations, flags, blocks, addresses, and the text that is made of them. */
#include "fuzz.h"

#include "base/parse.h"
#include "base/text.h"
#include "loop/verifier.h"

/* A failure leaves the value as it was. */
static void check_u64(int (*parse)(const char *text, uint64_t *out), const char *text)
{
	uint64_t value = 42;
	int ret = parse(text, &value);

	FUZZ_MUST(ret == 0 || value == 42);
}

/* What is escaped has no control characters, and is escaped no further. */
static void check_escape(const char *text)
{
	char once[600], twice[600];

	iou_text_escape(once, sizeof(once), text);
	iou_text_escape(twice, sizeof(twice), once);
	for (const char *c = once; *c; c++)
		FUZZ_MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
	FUZZ_MUST(strlen(once) < sizeof(once));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"count", "depth", "block-size", NULL};
	IOU_FREE char *text = fuzz_text(data, size);
	IOU_FREE char *host = NULL, *port = NULL;
	char reason[100];
	uint64_t nr = 42, bytes = 42;
	int64_t number = 42;
	bool flag = false;

	check_u64(iou_parse_u64, text);
	check_u64(iou_parse_size, text);
	check_u64(iou_parse_duration, text);
	FUZZ_MUST(iou_parse_s64(text, &number) == 0 || number == 42);
	iou_parse_flag(text, &flag);
	FUZZ_MUST(iou_parse_blocks(text, &nr, &bytes) == 0 || (nr == 42 && bytes == 42));
	FUZZ_MUST(iou_parse_address(text, &host, &port) == 0 || (!host && !port));
	FUZZ_MUST(!host || host[0]);
	iou_text_nearest(text, names);
	check_escape(text);
	iou_verifier_reason(text, reason, sizeof(reason));
	iou_verifier_stack(text);
	return 0;
}
