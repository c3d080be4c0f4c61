// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attachargs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "args.h"
#include "base/parse.h"

enum {
	KEY_RING_FD = 0x100,
	KEY_PID,
	KEY_DURATION,
	KEY_INTERVAL,
	KEY_PIN,
	KEY_DRY_RUN,
	KEY_GET,
	KEY_ALL
};

static const struct argp_option options[] = {
	{"ring-fd", KEY_RING_FD, "FD", 0,
	 "The ring: its descriptor in the process, or one that iouctl was started with; auto: the "
	 "only one that there is; all: each",
	 0},
	{"pid", KEY_PID, "PID", 0, "The process that has the ring", 0},
	{"duration", KEY_DURATION, "DURATION", 0, "Take the loop off after this long (10s, 2m)", 0},
	{"interval", KEY_INTERVAL, "DURATION", 0,
	 "Print the statistics each time this is over, too (1s)", 0},
	{"pin", KEY_PIN, "PATH", 0,
	 "Leave it bound, pinned in this directory of a BPF file system, and return", 0},
	{"dry-run", KEY_DRY_RUN, NULL, 0,
	 "Only say what ring it is, and whether the loop may be bound to it", 0},
	{"get", KEY_GET, "VAR", 0,
	 "Print this variable of the object, or field of one (VAR.FIELD), and no others; may be "
	 "repeated",
	 0},
	{"all", KEY_ALL, NULL, 0, "Print all entries of large maps, and all of large variables", 0},
	{},
};

static error_t parse_pid(struct argp_state *state, const char *arg, pid_t *pid)
{
	uint64_t value;

	if (iou_parse_u64(arg, &value) || !value || value > INT_MAX)
		return iou_args_usage(state, "the number of a process", arg);
	*pid = (pid_t)value;
	return 0;
}

static error_t usage(struct argp_state *state, const char *what)
{
	iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0, "%s", what);
	return EINVAL;
}

static error_t parse_end(struct argp_state *state, const struct iou_attach_args *args)
{
	if (args->command && !args->command[0])
		return usage(state, "there is no command behind '--'");
	if (args->command && args->pid)
		return usage(state, "--pid and a command are two programs");
	if (args->pin && (args->hold.duration_ns || args->hold.tick_ns))
		return usage(state, "--pin returns at once: --duration and --interval do not fit");
	if (args->pin && args->ring_fd && strcmp(args->ring_fd, "all") == 0)
		return usage(state, "--pin is for one ring");
	if (args->ring_fd || args->command)
		return 0;
	usage(state, "no ring was named");
	iou_err_hint(iou_args_err(state), "--ring-fd FD, with --pid PID for another process's");
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct iou_attach_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->loop;
		return 0;
	case KEY_RING_FD:
		args->ring_fd = arg;
		return 0;
	case KEY_PID:
		return parse_pid(state, arg, &args->pid);
	case KEY_DURATION:
		return iou_args_duration(state, arg, "10s", &args->hold.duration_ns);
	case KEY_INTERVAL:
		return iou_args_duration(state, arg, "10s", &args->hold.tick_ns);
	case KEY_PIN:
		args->pin = arg;
		return 0;
	case KEY_DRY_RUN:
		args->dry_run = true;
		return 0;
	case KEY_GET:
		return iou_args_get(state, &args->dump, arg);
	case KEY_ALL:
		args->dump.all = true;
		return 0;
	case ARGP_KEY_END:
		return parse_end(state, args);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp iou_attach_argp = {
	.options = options,
	.parser = parse,
	.doc = "Bind LOOP to the ring of another program, and take it off again in the end.\v"
	       "LOOP is the name of a loop (see 'iouctl list') or the path of an object file. "
	       "NAME=VALUE, or --NAME VALUE, sets a parameter of the loop. COMMAND is started, and "
	       "has the loop on its first ring.",
	.children = iou_loop_args_children,
};

int iou_attach_args_split(struct iou_attach_args *args, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		args->command = &argv[i + 1];
		*argc = i;
		break;
	}
	return *argc;
}
