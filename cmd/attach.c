// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl attach: bind a loop to the ring of another program, watch it, take it off again. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "attach/attach.h"
#include "attach/clock.h"
#include "attach/find.h"
#include "attach/program.h"
#include "attachdoc.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "loopargs.h"
#include "report.h"

struct args {
	struct iou_loop_args loop;
	struct iou_hold_config hold;
	const char *ring_fd, *pin;
	pid_t pid;
	bool dry_run;
	char **command; /* what is behind "--", or NULL */
	int signum;     /* that ended us, or 0 */
	bool held;      /* there was a loop to take off when it came */
	struct iou_dump_config dump;
};

enum { KEY_RING_FD = 0x100, KEY_PID, KEY_DURATION, KEY_INTERVAL, KEY_PIN, KEY_DRY_RUN };

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
	{},
};

static error_t parse_time(struct argp_state *state, const char *arg, uint64_t *ns)
{
	if (iou_parse_duration(arg, ns) || !*ns)
		return iou_args_usage(state, "a duration above 0, such as 10s", arg);
	return 0;
}

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

static error_t parse_end(struct argp_state *state, const struct args *args)
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
	struct args *args = state->input;

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
		return parse_time(state, arg, &args->hold.duration_ns);
	case KEY_INTERVAL:
		return parse_time(state, arg, &args->hold.tick_ns);
	case KEY_PIN:
		args->pin = arg;
		return 0;
	case KEY_DRY_RUN:
		args->dry_run = true;
		return 0;
	case ARGP_KEY_END:
		return parse_end(state, args);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Bind LOOP to the ring of another program, and take it off again in the end.\v"
	       "LOOP is the name of a loop (see 'iouctl list') or the path of an object file. "
	       "NAME=VALUE, or --NAME VALUE, sets a parameter of the loop. COMMAND is started, and "
	       "has the loop on its first ring.",
	.children = iou_loop_args_children,
};

/* ---- Binding ---- */

/* All that is bound, or is to be. The first loop is the one that the command line was checked with.
 */
struct bound_list {
	struct iou_bound *list;
	size_t nr;
};

/* What is bound by then, though another one could not be, leaves as it would in the end. */
static void leave(const struct bound_list *bounds)
{
	for (size_t i = 0; i < bounds->nr; i++)
		if (bounds->list[i].since_ns && bounds->list[i].end == IOU_BOUND_HELD)
			iou_attach_leave(bounds->list[i].loop);
}

static void release(struct bound_list *bounds)
{
	for (size_t i = 0; i < bounds->nr; i++) {
		iou_loop_free(bounds->list[i].loop);
		iou_target_release(&bounds->list[i].target);
	}
	free(bounds->list);
	*bounds = (struct bound_list){};
}

static void say_bound(const struct iou_target *target)
{
	if (target->pid)
		iou_note("bound; io_uring_enter of '%s' (pid %d) returns 0 from now on, whatever "
			 "it submits",
			 target->comm, target->pid);
	else
		iou_note("bound; io_uring_enter of its program returns 0 from now on, whatever it "
			 "submits");
}

/* With several rings, one that can have no loop is left out, and said to be. */
static int leave_out(struct iou_bound *bound, struct iou_err *err)
{
	iou_note("ring fd %d is left out: %s", bound->target.ring_fd, err->message);
	iou_err_release(err);
	iou_loop_free(TAKE_PTR(bound->loop));
	iou_target_release(&bound->target);
	return 0;
}

static int bind_one(const struct iou_command *command, const struct args *args,
		    const struct iou_image *image, struct iou_bound *bound, bool several,
		    struct iou_err *err)
{
	const struct iou_attach_config config = {
		.sets = args->loop.session.sets,
		.sets_nr = args->loop.session.sets_nr,
		.image = image,
		.pin = args->pin,
	};
	int ret = iou_loop_args_open_again(command, &args->loop, image, &bound->loop, err);

	if (ret)
		return ret;
	if (several && iou_attach_check(bound->loop, &bound->target, err))
		return leave_out(bound, err);
	if (args->dry_run)
		return iou_attach_check(bound->loop, &bound->target, err);
	ret = iou_attach(bound->loop, &bound->target, &config, err);
	if (ret == -ESTALE && several)
		return leave_out(bound, err);
	if (ret)
		return ret;
	bound->since_ns = iou_clock_now();
	say_bound(&bound->target);
	return 0;
}

static int bind_all(const struct iou_command *command, const struct args *args,
		    const struct iou_image *image, struct iou_targets *targets,
		    struct bound_list *bounds, struct iou_err *err)
{
	bounds->list = calloc(targets->nr, sizeof(*bounds->list));
	if (!bounds->list)
		return iou_err_set(err, IOU_CAUSE_FAILED, "attach", ENOMEM, "cannot bind a loop");
	for (size_t i = 0; i < targets->nr; i++) {
		struct iou_bound *bound = &bounds->list[bounds->nr];
		int ret;

		*bound = (struct iou_bound){.target = targets->list[i]};
		targets->list[i] = IOU_TARGET_INIT;
		bounds->nr++;
		ret = bind_one(command, args, image, bound, targets->nr > 1, err);
		if (ret)
			return ret;
		if (!bound->loop)
			bounds->nr--;
	}
	if (bounds->nr)
		return 0;
	return iou_err_set(err, IOU_CAUSE_FAILED, "attach", EOPNOTSUPP,
			   "none of the rings can have the loop");
}

/* ---- What is said in the end ---- */

static void say_end(const struct iou_bound *bound)
{
	char name[256];

	iou_text_escape(name, sizeof(name), iou_loop_name(bound->loop));
	if (bound->left == IOU_LEFT_STILL_ON)
		fprintf(stderr,
			"iouctl: '%s' cannot be taken off: it neither stops nor sleeps, and goes "
			"when its program (pid %d) gets a signal\n",
			name, bound->target.pid);
	else if (bound->left == IOU_LEFT_UNHEARD && bound->end != IOU_BOUND_EXIT &&
		 bound->end != IOU_BOUND_CLOSED)
		fprintf(stderr,
			"iouctl: '%s' could not be asked to leave: a call of its program may have "
			"failed (EFAULT); the ring is as it was, and the call can be repeated\n",
			name);
	else if (bound->left == IOU_LEFT_HELD)
		fprintf(stderr,
			"iouctl: '%s' kept requests back, which its program takes for submitted: "
			"they are still in its SQ\n",
			name);
	else if (bound->left == IOU_LEFT_FAILED)
		fprintf(stderr, "iouctl: '%s' cannot be taken off: the kernel refuses\n", name);
}

/* Hold what is bound, and print. An exit code, or -1 with @err. */
static int hold(const struct bound_list *bounds, struct args *args, struct iou_err *err)
{
	struct iou_attachdoc print = {
		.bounds = bounds->list,
		.nr = bounds->nr,
		.dump = &args->dump,
		.format = args->loop.common.format,
		.pin = args->pin,
		.dry_run = args->dry_run,
	};
	int code;

	if (args->dry_run || args->pin)
		return iou_attachdoc_print(&print, IOU_EXIT_OK, err);
	args->hold.tick = iou_attachdoc_tick;
	args->hold.tick_data = &print;
	args->held = true;
	if (iou_hold(bounds->list, bounds->nr, &args->hold, &args->signum, err))
		return -1;
	code = args->signum ? IOU_EXIT_SIGNAL + args->signum : IOU_EXIT_OK;
	for (size_t i = 0; i < bounds->nr; i++) {
		say_end(&bounds->list[i]);
		if ((bounds->list[i].left == IOU_LEFT_STILL_ON ||
		     bounds->list[i].left == IOU_LEFT_FAILED) &&
		    !code)
			code = IOU_EXIT_FAILED;
	}
	/* Nobody reads it any more: see iou_exit_by_signal(). */
	if (args->signum == SIGPIPE)
		return code;
	return iou_attachdoc_print(&print, code, err);
}

/* ---- The program ---- */

/* A ring that can have no loop and is there for so long is no passing one. */
#define STAYS_NS 1000000000ULL

/* How often to look: nothing tells when a ring is made. Costly where there is one to look at. */
#define LOOK_MS 1
#define LOOK_AGAIN_MS 20
#define LOOK_SELDOM_MS 200

/*
 * Wait until the program has a ring that @loop may be bound to: programs make some to see what the
 * kernel can do. -EINTR: a signal came.
 */
static int await_ring(struct args *args, const struct iou_program *program,
		      const struct iou_loop *loop, struct iou_targets *targets, struct iou_err *err)
{
	uint64_t inode = 0, since = 0;
	bool told = false;
	int ret, end;

	for (;;) {
		struct iou_refused refused = IOU_REFUSED_INIT;

		ret = iou_targets_look(targets, loop, program->pid, args->ring_fd ?: "auto",
				       &refused, err);
		if (!ret)
			return 0;
		if (refused.inode != inode || !since) {
			inode = refused.inode;
			since = iou_clock_now();
			told = false;
		}
		if (ret == -EAGAIN && !told && refused.ring_fd >= 0 &&
		    iou_clock_now() - since >= STAYS_NS) {
			if (args->dry_run) {
				*err = refused.why;
				return -EOPNOTSUPP;
			}
			told = true;
			iou_note("ring fd %d is none for the loop, and another is waited for: %s",
				 refused.ring_fd, refused.why.message);
		}
		end = iou_program_pause(program,
					ret != -EAGAIN        ? 0
					: refused.ring_fd < 0 ? LOOK_MS
					: told                ? LOOK_SELDOM_MS
							      : LOOK_AGAIN_MS,
					&args->signum);
		if (end == -ESRCH) {
			iou_err_release(err);
			iou_err_set(err, IOU_CAUSE_FAILED, "program", ESRCH,
				    refused.ring_fd < 0
					    ? "the program ended, and had no ring that was seen"
					    : "the program ended, and had no ring for the loop");
			if (refused.ring_fd >= 0)
				iou_err_hint(err, "%s", refused.why.message);
			else
				iou_err_hint(err, "a ring that another process makes, such as a "
						  "child of it, is named by --pid");
			ret = -ESRCH;
		}
		iou_err_release(&refused.why);
		if (end || ret != -EAGAIN)
			return end ?: ret;
	}
}

/* Wait for the program, and so long hand on signals. @code, or else its own. */
static int end_program(struct args *args, struct iou_program *program, int first, int code)
{
	pid_t pid = program->pid;
	int ret;

	if (!pid)
		return code;
	ret = iou_program_end(program, first, &args->signum);
	if (ret == -EINTR)
		iou_note("the program has not ended, and goes on: pid %d", pid);
	if (args->signum)
		return IOU_EXIT_SIGNAL + args->signum;
	return code || first ? code : ret;
}

static int find(struct args *args, const struct iou_program *program, const struct iou_loop *loop,
		struct iou_targets *targets, struct iou_err *err)
{
	if (program->pid)
		return await_ring(args, program, loop, targets, err);
	return iou_targets_find(targets, args->pid, args->ring_fd ?: "auto", err);
}

/* An exit code, or -1 with @err. */
static int attach(const struct iou_command *command, struct args *args,
		  const struct iou_image *image, const struct iou_loop *loop,
		  struct iou_program *program, struct iou_err *err)
{
	struct iou_targets targets = {};
	struct bound_list bounds = {};
	int ret, code = -1;

	do {
		iou_err_release(err);
		ret = find(args, program, loop, &targets, err);
		if (!ret)
			ret = bind_all(command, args, image, &targets, &bounds, err);
		if (!ret)
			code = hold(&bounds, args, err);
		else
			leave(&bounds);
		iou_targets_release(&targets);
		release(&bounds);
		/* It was one to try something with. */
	} while (ret == -ESTALE && program->pid);
	if (ret == -EINTR)
		return IOU_EXIT_SIGNAL + args->signum;
	return code;
}

static int start(const struct iou_command *command, struct args *args,
		 const struct iou_image *image, const struct iou_loop *loop, struct iou_err *err)
{
	struct iou_program program = IOU_PROGRAM_INIT;
	int ret = args->command ? iou_program_start(&program, args->command, err) : 0, code = -1;

	iou_hold_block();
	if (!ret)
		code = attach(command, args, image, loop, &program, err);
	if (code < 0) {
		iou_loop_args_hint_at_vm(&args->loop, err);
		code = iou_report_error(err, args->loop.common.format);
		return end_program(args, &program, SIGTERM, code);
	}
	if (args->pin)
		return code;
	/* A signal that ended the loops is the program's, too; await_ring() has sent it on. */
	return end_program(args, &program,
			   args->dry_run ? SIGTERM
			   : args->held  ? args->signum
					 : 0,
			   code);
}

/* Take off what is behind "--": the words of a program of its own. */
static int split(int *argc, char **argv, struct args *args)
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

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {};
	struct iou_err err = {};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	int ret = iou_loop_args_init(&args.loop, argc, argv, &err), code;

	if (!ret)
		ret = iou_args_parse(command, split(&argc, argv, &args), argv, &args.loop.common,
				     &err);
	/* All that is wrong with the command line comes before a program is started. */
	if (!ret && args.ring_fd)
		ret = iou_targets_check(args.ring_fd, &err);
	if (!ret)
		ret = iou_loop_args_open(command, &args.loop, &image, &loop, &err);
	if (!ret)
		ret = iou_attach_check_kind(loop, &err);
	if (ret > 0)
		code = iou_report_flush(IOU_EXIT_OK);
	else if (ret)
		code = iou_report_error(&err, args.loop.common.format);
	else
		code = start(command, &args, &image, loop, &err);
	iou_loop_free(loop);
	iou_image_release(&image);
	iou_loop_args_release(&args.loop);
	if (args.signum)
		iou_exit_by_signal(args.signum);
	return code;
}

const struct iou_command iou_attach_command = {
	.name = "attach",
	.args = "LOOP [NAME=VALUE...] [-- COMMAND...]",
	.help = "Bind a loop to the ring of another program",
	.argp = &argp,
	.takes_params = true,
	.run = run,
};
