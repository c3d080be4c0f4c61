// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl attach: bind a loop to the ring of another program, watch it, take it off again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "attach/attach.h"
#include "base/clock.h"
#include "attach/find.h"
#include "attach/program.h"
#include "attachargs.h"
#include "attachbind.h"
#include "attachdoc.h"
#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "loopargs.h"
#include "report.h"

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
static int hold(const struct iou_bound_list *bounds, struct iou_attach_args *args,
		struct iou_err *err)
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
static int await_ring(struct iou_attach_args *args, const struct iou_program *program,
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
				    args->came_late ? "the program ended before a ring of its "
						      "could have the loop"
				    : refused.ring_fd < 0
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
static int end_program(struct iou_attach_args *args, struct iou_program *program, int first,
		       int code)
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

static int find(struct iou_attach_args *args, const struct iou_program *program,
		const struct iou_loop *loop, struct iou_targets *targets, struct iou_err *err)
{
	if (program->pid)
		return await_ring(args, program, loop, targets, err);
	return iou_targets_find(targets, args->pid, args->ring_fd ?: "auto", err);
}

/* An exit code, or -1 with @err. */
static int attach(const struct iou_command *command, struct iou_attach_args *args,
		  const struct iou_image *image, const struct iou_loop *loop,
		  struct iou_program *program, struct iou_err *err)
{
	struct iou_targets targets = {};
	struct iou_bound_list bounds = {};
	int ret, code = -1;

	do {
		iou_err_release(err);
		ret = find(args, program, loop, &targets, err);
		if (!ret)
			ret = iou_bind_all(command, args, image, &targets, &bounds, err);
		if (!ret)
			code = hold(&bounds, args, err);
		else
			iou_bound_leave(&bounds);
		args->came_late = ret == -ESTALE;
		iou_targets_release(&targets);
		iou_bound_release(&bounds);
		/* It was one to try something with. */
	} while (ret == -ESTALE && program->pid);
	if (ret == -EINTR)
		return IOU_EXIT_SIGNAL + args->signum;
	return code;
}

static int start(const struct iou_command *command, struct iou_attach_args *args,
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

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct iou_attach_args args = {};
	struct iou_err err = {};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	int ret = iou_loop_args_init(&args.loop, argc, argv, &err), code;

	if (!ret)
		ret = iou_args_parse(command, iou_attach_args_split(&args, &argc, argv), argv,
				     &args.loop.common, &err);
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
	free(args.dump.get);
	if (args.signum)
		iou_exit_by_signal(args.signum);
	return code;
}

const struct iou_command iou_attach_command = {
	.name = "attach",
	.args = "LOOP [NAME=VALUE...] [-- COMMAND...]",
	.help = "Bind a loop to the ring of another program",
	.argp = &iou_attach_argp,
	.takes_params = true,
	.run = run,
};
