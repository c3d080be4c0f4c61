// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/verifier.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span {
	const char *text;
	size_t length;
};

static bool begins(struct span line, const char *with)
{
	return line.length >= strlen(with) && strncmp(line.text, with, strlen(with)) == 0;
}

/* "12: (61) r1 = …", "from 5 to 12: R0=…" */
static bool is_state(struct span line)
{
	size_t at = 0;

	if (begins(line, "from "))
		return true;
	while (at < line.length && isdigit((unsigned char)line.text[at]))
		at++;
	return at > 0 && at < line.length && line.text[at] == ':';
}

/* What is said beside, or after, the reason. */
static bool is_beside(struct span line)
{
	static const char *const words[] = {
		"processed ",   "verification time ",
		"stack depth ", "mark_precise",
		"-- ",          "func#",
		"Func#",        "arg#",
		"libbpf: ",     "insn ",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(line, words[i]))
			return true;
	return line.length == 0;
}

static struct span trimmed(struct span line)
{
	while (line.length && isspace((unsigned char)line.text[line.length - 1]))
		line.length--;
	while (line.length && isspace((unsigned char)line.text[0])) {
		line.text++;
		line.length--;
	}
	return line;
}

/* "; sum += *p; @ hello.bpf.c:17" as its code and its place, the latter of Linux 6.8 and later. */
static void split_source(struct span source, struct span *code, struct span *place)
{
	const char *at = NULL;

	*code = (struct span){source.text + 1, source.length - 1};
	*place = (struct span){"", 0};
	for (size_t i = 0; i + 3 < code->length; i++)
		if (strncmp(code->text + i, " @ ", 3) == 0)
			at = code->text + i;
	if (at) {
		*place = (struct span){at + 3, (size_t)(code->text + code->length - at) - 3};
		*code = (struct span){code->text, (size_t)(at - code->text)};
	}
	*code = trimmed(*code);
}

void iou_verifier_reason(const char *log, char *reason, size_t size)
{
	struct span source = {}, said[2] = {}, code = {"", 0}, place = {"", 0};
	int nr = 0;

	for (const char *at = log; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		struct span line = {at, strcspn(at, "\n")};

		/* Linux 7.3 goes on at length. */
		if (begins(line, "Verification failed"))
			break;
		if (is_state(line))
			nr = 0;
		else if (line.text[0] == ';')
			source = line;
		else if (!is_beside(line))
			said[nr < 2 ? nr++ : 1] = trimmed(line);
	}
	if (source.length)
		split_source(source, &code, &place);
	snprintf(reason, size, "%.*s%s%.*s%s%.*s%s%.*s%s", nr ? (int)said[0].length : 19,
		 nr ? said[0].text : "it does not say why", nr > 1 ? "; " : "",
		 nr > 1 ? (int)said[1].length : 0, nr > 1 ? said[1].text : "",
		 place.length + code.length ? " (" : "", (int)place.length, place.text,
		 place.length && code.length ? ": " : "", (int)code.length, code.text,
		 place.length + code.length ? ")" : "");
}

uint64_t iou_verifier_stack(const char *log)
{
	const char *at = strstr(log, "stack depth ");
	uint64_t sum = 0;
	char *end;

	if (!at)
		return 0;
	/* The frames of functions, "stack depth 136+8+0", or of 7.3, "stack depth max 144". */
	at += strcspn(at, "0123456789\n");
	if (*at == '\n')
		return 0;
	do {
		sum += strtoul(at, &end, 10);
		at = end + 1;
	} while (*end == '+');
	return sum;
}

uint64_t iou_verifier_time(const char *log)
{
	static const char before[] = "verification time ";
	const char *at = strstr(log, before);

	return at ? strtoull(at + strlen(before), NULL, 10) * 1000 : 0;
}
