// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl vm: the same iouctl command under a kernel that has loops. */
#include "vm/vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"
#include "vmkernels.h"

/* What QEMU and a kernel can do with. */
#define CPUS_MAX 64
#define MEMORY_MIN (256ULL << 20)
#define MEMORY_MAX (1ULL << 40)

struct args {
	struct iou_common common;
	struct iou_vm_config vm;
	const char **shares, **disks, **kernel_args; /* of the config, to be filled in */
	char **command;                              /* likewise */
	size_t command_nr;
	bool list, fetch;
	const char *series; /* to fetch: the first of the words that are no options, */
	size_t words_nr;    /* of which there may be one, and only there */
};

enum {
	KEY_KERNEL = 0x100,
	KEY_ACCEL,
	KEY_SHARE,
	KEY_DISK,
	KEY_CPUS,
	KEY_MEMORY,
	KEY_TIMEOUT,
	KEY_BOOT_TIMEOUT,
	KEY_KERNEL_ARG,
	KEY_EXEC,
	KEY_LIST,
	KEY_FETCH,
};

static const struct argp_option options[] = {
	{"kernel", KEY_KERNEL, "PATH", 0,
	 "The kernel to boot; else $IOUCTL_KERNEL, else the newest at hand that has loops", 0},
	{"accel", KEY_ACCEL, "auto|kvm|tcg|count", 0,
	 "Hardware or software emulation; auto tries the first and falls back; count: the latter, "
	 "with clocks that count instructions", 0},
	{"share", KEY_SHARE, "DIR", 0, "Let the command write in this directory; may be repeated",
	 0},
	{"disk", KEY_DISK, "PATH", 0,
	 "Give the guest this raw image or block device as a disk that it may write, /dev/disk0 "
	 "(the "
	 "second /dev/disk1); may be repeated",
	 0},
	{"cpus", KEY_CPUS, "N", 0, "Processors of the micro-VM (default: the host's, at most 4)",
	 0},
	{"memory", KEY_MEMORY, "SIZE", 0, "Memory of the micro-VM (default: 1G)", 0},
	{"timeout", KEY_TIMEOUT, "DURATION", 0,
	 "End the micro-VM after this long, boot included, with exit code 124", 0},
	{"boot-timeout", KEY_BOOT_TIMEOUT, "DURATION", 0,
	 "How long a boot may take (default: 10 s with KVM, with software emulation 30 s and a second "
	 "attempt of 60 s)",
	 0},
	{"kernel-arg", KEY_KERNEL_ARG, "ARG", 0,
	 "Add to the kernel's command line; may be repeated", 0},
	{"exec", KEY_EXEC, NULL, 0, "COMMAND is a program of its own, not an iouctl command", 0},
	{"list", KEY_LIST, NULL, 0, "List the kernels at hand, and which of them have loops", 1},
	{"fetch", KEY_FETCH, NULL, 0,
	 "Fetch from the distribution the newest kernel that has loops, or the newest of SERIES "
	 "(such as 7.3), or one of each series (all), and print its path",
	 1},
	{},
};

static error_t parse_accel(struct argp_state *state, struct iou_vm_config *vm, const char *arg)
{
	static const char *const names[] = {
		[IOU_VM_ACCEL_AUTO] = "auto",
		[IOU_VM_ACCEL_KVM] = "kvm",
		[IOU_VM_ACCEL_TCG] = "tcg",
		[IOU_VM_ACCEL_COUNT] = "count",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], arg) == 0) {
			vm->accel = (enum iou_vm_accel)i;
			return 0;
		}
	return iou_args_usage(state, "auto, kvm, tcg or count", arg);
}

static error_t parse_number(int key, struct argp_state *state, struct iou_vm_config *vm,
			    const char *arg)
{
	uint64_t number = 0;

	switch (key) {
	case KEY_CPUS:
		if (iou_parse_u64(arg, &number) || number < 1 || number > CPUS_MAX)
			return iou_args_usage(state, "a number of processors from 1 to 64", arg);
		vm->cpus = (unsigned int)number;
		return 0;
	case KEY_MEMORY:
		if (iou_parse_size(arg, &number) || number < MEMORY_MIN || number > MEMORY_MAX)
			return iou_args_usage(state, "an amount of memory from 256M to 1T", arg);
		vm->memory = number;
		return 0;
	case KEY_BOOT_TIMEOUT:
		return iou_args_duration(state, arg, "2m", &vm->boot_timeout_ns);
	default:
		return iou_args_duration(state, arg, "30s", &vm->timeout_ns);
	}
}

/* "7.3", or all of them; it becomes part of a search, and is no path. */
static bool is_series(const char *arg)
{
	size_t major = strspn(arg, "0123456789");
	size_t minor = arg[major] == '.' ? strspn(arg + major + 1, "0123456789") : 0;

	return strcmp(arg, "all") == 0 || (major && minor && !arg[major + 1 + minor]);
}

/* Whether one of the options was given that say what to boot, and how. */
static bool is_of_machine(const struct iou_vm_config *vm)
{
	return vm->kernel || vm->accel != IOU_VM_ACCEL_AUTO || vm->shares_nr || vm->disks_nr ||
	       vm->cpus || vm->memory || vm->timeout_ns || vm->boot_timeout_ns ||
	       vm->kernel_args_nr || vm->exec;
}

static error_t parse_end(struct argp_state *state, const struct args *args)
{
	struct iou_err *err = iou_args_err(state);

	if (args->list || args->fetch) {
		if (args->command_nr || is_of_machine(&args->vm) || args->list == args->fetch ||
		    args->words_nr > (args->fetch ? 1 : 0)) {
			iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'--%s' stands alone%s",
				    args->list ? "list" : "fetch",
				    args->list ? "" : ", or with a SERIES");
			return EINVAL;
		}
		if (args->series && !is_series(args->series))
			return iou_args_usage(state, "a series of kernels, such as 7.3, or all",
					      args->series);
		return 0;
	}
	if (args->series) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is no option of 'iouctl vm'",
			    args->series);
		iou_err_hint(err, "the command goes after '--': iouctl vm -- %s", args->series);
		return EINVAL;
	}
	if (args->command_nr)
		return 0;
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "no COMMAND was given");
	iou_err_hint(err, "it goes after '--': iouctl vm -- run nop-chain");
	return EINVAL;
}

static error_t parse_arg(struct argp_state *state, struct args *args, char *arg)
{
	if (state->quoted) {
		args->command[args->command_nr++] = arg;
		return 0;
	}
	/* Whether it may stand there is known at the end. */
	if (!args->words_nr++)
		args->series = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_KERNEL:
		args->vm.kernel = arg;
		return 0;
	case KEY_ACCEL:
		return parse_accel(state, &args->vm, arg);
	case KEY_SHARE:
		args->shares[args->vm.shares_nr++] = arg;
		return 0;
	case KEY_DISK:
		args->disks[args->vm.disks_nr++] = arg;
		return 0;
	case KEY_CPUS:
	case KEY_MEMORY:
	case KEY_TIMEOUT:
	case KEY_BOOT_TIMEOUT:
		return parse_number(key, state, &args->vm, arg);
	case KEY_KERNEL_ARG:
		args->kernel_args[args->vm.kernel_args_nr++] = arg;
		return 0;
	case KEY_EXEC:
		args->vm.exec = true;
		return 0;
	case KEY_LIST:
		args->list = true;
		return 0;
	case KEY_FETCH:
		args->fetch = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_arg(state, args, arg);
	case ARGP_KEY_END:
		return parse_end(state, args);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Run an iouctl COMMAND in a micro-VM whose kernel has loops: same output, same exit "
	       "code.\v"
	       "The micro-VM sees the whole file system of this machine and can write none of it, "
	       "but for each --share DIR and --disk PATH. Its TMPDIR is empty and goes with it.",
	.children = iou_common_children,
};

/* An exit code; a command that died by a signal is followed in that. */
static int run_vm(const struct args *args, struct iou_err *err)
{
	struct iou_vm_result result = {};

	if (iou_vm_run(&args->vm, &result, err))
		return iou_report_error(err, args->common.format);
	if (result.signal)
		return iou_exit_by_signal(result.signal);
	return result.exit_code;
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	IOU_FREE const char **shares = calloc((size_t)argc + 1, sizeof(*shares));
	IOU_FREE const char **disks = calloc((size_t)argc + 1, sizeof(*disks));
	IOU_FREE const char **kernel_args = calloc((size_t)argc + 1, sizeof(*kernel_args));
	IOU_FREE char **words = calloc((size_t)argc + 1, sizeof(*words));
	struct args args = {
		.common.format = iou_args_format(argc, argv),
		.vm = {.shares = shares,
		       .disks = disks,
		       .kernel_args = kernel_args,
		       .argv = words,
		       .note = iou_note},
		.shares = shares,
		.disks = disks,
		.kernel_args = kernel_args,
		.command = words,
	};
	struct iou_err err = {};
	int ret;

	if (!shares || !disks || !kernel_args || !words) {
		iou_err_set(&err, IOU_CAUSE_FAILED, "usage", ENOMEM,
			    "cannot read the command line");
		return iou_report_error(&err, args.common.format);
	}
	ret = iou_args_parse(command, argc, argv, &args.common, &err);
	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (ret)
		return iou_report_error(&err, args.common.format);
	if (args.list)
		return iou_vmkernels_list(args.common.format);
	if (args.fetch)
		return iou_vmkernels_fetch(args.series, args.common.format);
	/* The document that a program reads is the command's; it asked that one for JSON. */
	if (!args.vm.exec && args.common.format == IOU_FORMAT_TEXT)
		args.common.format = iou_args_format((int)args.command_nr, words);
	args.vm.verbose = iou_log_level >= IOU_LOG_VERBOSE;
	return run_vm(&args, &err);
}

const struct iou_command iou_vm_command = {
	.name = "vm",
	.args = "-- COMMAND...\n--list\n--fetch [SERIES]",
	.help = "Run an iouctl command in a micro-VM whose kernel has loops",
	.argp = &argp,
	.takes_command = true,
	.run = run,
};
