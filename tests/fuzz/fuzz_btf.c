// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BTF as it is in an object: declarations, and values of all of its types. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>

#include "dump/value.h"
#include "fuzz.h"
#include "loop/decl.h"
#include "render/render.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static FILE *null;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	libbpf_set_print(quiet);
	null = fopen("/dev/null", "we");
	return 0;
}

/* A value of each of the first types, from bytes that are neither 0 nor text. */
static void dump(const struct btf *btf)
{
	struct iou_doc *doc = iou_doc_new("fuzz/1");
	struct iou_dump state;
	uint8_t bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 1);
	iou_dump_init(&state, btf, false);
	for (uint32_t id = 0; id < btf__type_cnt(btf) && id < 64; id++)
		iou_dump_value(&state, doc, "value", id, bytes, id % sizeof(bytes));
	iou_render(null, doc, IOU_FORMAT_TEXT);
	iou_render(null, doc, IOU_FORMAT_JSON);
	iou_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf *btf = btf__new(data, (uint32_t)size);
	struct iou_decls decls = {};
	struct iou_err err = {};

	if (!btf)
		return 0;
	if (iou_decls_read(&decls, btf, &err) == 0)
		iou_decls_release(&decls);
	iou_err_release(&err);
	dump(btf);
	btf__free(btf);
	return 0;
}
