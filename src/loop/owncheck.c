// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a loop itself has against what it was told: the programs that IOU_CHECK() makes. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loop/internal.h"

/* The greatest errno that there is (MAX_ERRNO of the kernel). */
#define ERRNO_MAX 4095

/* The one of the loop that the object calls @name, or NULL. */
static struct bpf_program *check_of(const struct iou_loop *loop, const char *name)
{
	struct bpf_program *prog;
	char program[256];

	if (snprintf(program, sizeof(program), "%s_check", name) >= (int)sizeof(program))
		return NULL;
	prog = bpf_object__find_program_by_name(loop->object, program);
	return prog && bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL ? prog : NULL;
}

void iou_loop_find_check(struct iou_loop *loop)
{
	const struct iou_decl *self = iou_loop_self(loop);

	for (size_t i = 0; i < loop->decls.nr; i++) {
		const struct iou_decl *decl = &loop->decls.list[i];
		struct bpf_program *check = NULL;

		if (decl->what == IOU_DECL_LOOP)
			check = check_of(loop, decl->variable);
		if (check)
			bpf_program__set_autoload(check, decl == self);
		if (check && decl == self)
			loop->check = check;
	}
}

static int refuse(const struct iou_loop *loop, struct iou_err *err)
{
	uint64_t errnum = 0;
	char text[96];

	iou_loop_var_get(loop, "iou_control.stop_errno", &errnum);
	iou_loop_var_text(loop, "iou_control.stop_text", text, sizeof(text));
	return iou_err_set(err, IOU_CAUSE_USAGE, "usage", errnum <= ERRNO_MAX ? (int)errnum : 0,
			   "'%s' refuses: %s", iou_loop_name(loop),
			   text[0] ? text : "it does not say why");
}

int iou_loop_run_check(struct iou_loop *loop, struct iou_err *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int ret;

	if (!loop->check)
		return 0;
	ret = bpf_prog_test_run_opts(bpf_program__fd(loop->check), &opts);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "load", -ret, "cannot run '%s' of '%s'",
				   bpf_program__name(loop->check), iou_loop_name(loop));
	return opts.retval ? refuse(loop, err) : 0;
}
