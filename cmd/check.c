// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl check: have the kernel verify a loop, without attaching or running it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "loopargs.h"
#include "report.h"

struct args {
	struct iou_loop_args loop;
	const char *kernel;
};

enum { KEY_KERNEL = 0x100, KEY_TRACE };

static const struct argp_option options[] = {
	{"kernel", KEY_KERNEL, "PATH", 0, "On this kernel, in the micro-VM: see iouctl-vm(1)", 0},
	{"trace", KEY_TRACE, NULL, 0, "The form that 'iouctl run --trace' runs", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->loop;
		return 0;
	case KEY_KERNEL:
		args->kernel = arg;
		return 0;
	case KEY_TRACE:
		args->loop.session.trace = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Have this kernel verify LOOP, without attaching or running it.\v"
	       "NAME=VALUE, or --NAME VALUE, sets a parameter of the loop. Files and sockets need "
	       "not be named: nothing is opened.",
	.children = iou_ring_args_children,
};

static int print(const struct iou_loop *loop, enum iou_format format)
{
	const struct iou_loop_size *size = iou_loop_size(loop);
	struct iou_doc *doc = iou_doc_new("iouctl.check/1"), *in, *line;
	struct utsname uts;
	char text[32];
	int ret;

	in = iou_doc_object(doc, "loop");
	line = iou_doc_string(in, "name", "loop", iou_loop_name(loop));
	iou_doc_text(line, "%s (%s)", iou_loop_name(loop), iou_loop_source(loop));
	iou_doc_string(in, "source", NULL, iou_loop_source(loop));
	uname(&uts);
	iou_doc_string(doc, "kernel", "kernel", uts.release);
	iou_doc_string(doc, "verdict", "verdict", "accepted");
	line = iou_doc_u64(doc, "verified_insns", "verified", size->verified_insns);
	iou_doc_text(line, "%s instructions",
		     iou_text_count(text, sizeof(text), size->verified_insns));
	line = iou_doc_u64(doc, "stack_bytes", "stack", size->stack_bytes);
	iou_doc_text(line, "%" PRIu64 " bytes", size->stack_bytes);
	line = iou_doc_u64(doc, "xlated_bytes", "program", size->xlated_bytes);
	iou_doc_text(line, "%s bytes, %s instructions",
		     iou_text_count(text, sizeof(text), size->xlated_bytes),
		     iou_text_count((char[32]){}, 32, size->xlated_bytes / 8));
	if (size->jited_bytes) {
		line = iou_doc_u64(doc, "jited_bytes", "compiled", size->jited_bytes);
		iou_doc_text(line, "%s bytes",
			     iou_text_count(text, sizeof(text), size->jited_bytes));
	} else {
		iou_doc_null(doc, "jited_bytes", NULL);
	}
	ret = iou_report_doc(doc, format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return ret;
}

/* Open, load and print. 0 with *@code, or -errno with @err. */
static int check(const struct iou_command *command, const struct args *args, bool measured,
		 int *code, struct iou_err *err)
{
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	struct iou_session session = IOU_SESSION_INIT;
	int ret = iou_loop_args_open(command, &args->loop, &image, &loop, err);

	if (!ret && measured)
		iou_loop_measure(loop);
	if (!ret)
		ret = iou_session_verify(&session, loop, &args->loop.session, err);
	if (!ret)
		*code = print(loop, args->loop.common.format);
	iou_loop_free(loop);
	iou_session_release(&session);
	iou_image_release(&image);
	return ret;
}

/* "iouctl vm --kernel PATH -- check …", without the --kernel of this command line. */
static int run_in_vm(const struct args *args)
{
	const struct iou_command *vm = &iou_vm_command;
	char **argv = args->loop.given, *program = NULL;
	size_t argc = 0, nr = 0;
	int code;

	while (argv[argc])
		argc++;
	IOU_FREE char **words = calloc(argc + 5, sizeof(*words));
	if (!words || asprintf(&program, "--kernel=%s", args->kernel) < 0) {
		struct iou_err err = {};

		iou_err_set(&err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot start the micro-VM");
		return iou_report_error(&err, args->loop.common.format);
	}
	words[nr++] = (char *)"vm";
	words[nr++] = program;
	if (args->loop.common.format != IOU_FORMAT_TEXT)
		words[nr++] = (char *)"--json";
	words[nr++] = (char *)"--";
	for (size_t i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--kernel") == 0)
			i++;
		else if (strncmp(argv[i], "--kernel=", 9) != 0)
			words[nr++] = argv[i];
	}
	code = vm->run(vm, (int)nr, words);
	free(program);
	return code;
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {};
	struct iou_err err = {};
	int ret = iou_loop_args_init(&args.loop, argc, argv, &err), code = IOU_EXIT_OK;

	if (!ret)
		ret = iou_args_parse(command, argc, argv, &args.loop.common, &err);
	if (ret > 0) {
		code = iou_report_flush(IOU_EXIT_OK);
	} else if (!ret && args.kernel) {
		code = run_in_vm(&args);
	} else if (!ret) {
		ret = check(command, &args, true, &code, &err);
		/* A loop that is measured leaves no log of why it was rejected. */
		if (ret && err.cause == IOU_CAUSE_REJECTED && strcmp(err.stage, "load") == 0) {
			iou_err_release(&err);
			ret = check(command, &args, false, &code, &err);
		}
	}
	if (ret < 0) {
		iou_loop_args_hint_at_vm(&args.loop, &err);
		code = iou_report_error(&err, args.loop.common.format);
	}
	iou_loop_args_release(&args.loop);
	return code;
}

const struct iou_command iou_check_command = {
	.name = "check",
	.args = "LOOP [NAME=VALUE...]",
	.help = "Have the kernel verify a loop, without running it",
	.argp = &argp,
	.takes_params = true,
	.run = run,
};
