// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Declarations: each line of the input is a variable's name, a space, and its tag. What is
 * accepted must be safe to list in a shell's completion.
 */
#include <bpf/btf.h>

#include "fuzz.h"
#include "loop/decl.h"

static void check(const struct iou_decl *decl)
{
	FUZZ_MUST(iou_decl_name_fits(decl->name));
	FUZZ_MUST(decl->help && decl->unit && decl->variable);
	for (size_t i = 0; i < decl->choices_nr; i++) {
		FUZZ_MUST(decl->choices[i][0]);
		FUZZ_MUST(strspn(decl->choices[i], "abcdefghijklmnopqrstuvwxyz0123456789_-") ==
			  strlen(decl->choices[i]));
	}
	if (decl->what == IOU_DECL_PARAM && decl->kind == IOU_KIND_S64)
		FUZZ_MUST(decl->min.s <= decl->max.s);
	if (decl->what == IOU_DECL_PARAM && iou_kind_has_choices(decl->kind))
		FUZZ_MUST(decl->choices_nr > 0 && !decl->choices[decl->choices_nr]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	IOU_FREE char *text = fuzz_text(data, size);
	struct btf *btf = btf__new_empty();
	int type = btf__add_int(btf, "long", 8, 0);
	struct iou_decls decls = {};
	struct iou_err err = {};
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *name = strsep(&line, " ");
		int var = btf__add_var(btf, name, BTF_VAR_GLOBAL_ALLOCATED, type);

		if (line && var > 0)
			btf__add_decl_tag(btf, line, var, -1);
	}
	if (iou_decls_read(&decls, btf, &err) == 0) {
		for (size_t i = 0; i < decls.nr; i++)
			check(&decls.list[i]);
		iou_decls_release(&decls);
	} else {
		FUZZ_MUST(err.message[0]);
	}
	iou_err_release(&err);
	btf__free(btf);
	return 0;
}
