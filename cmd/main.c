// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"
#include "vm/vm.h"

/*
 * A descriptor 0 to 2 that is closed would be given to the next file that is opened, a ring for
 * one, and what is printed would go there. Writing to these fails as it should.
 */
static void hold_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* libbpf's messages, one level down: what it warns of, this tool explains by itself. */
static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_DEBUG || iou_log_level < IOU_LOG_VERBOSE)
		return 0;
	return vfprintf(stderr, fmt, ap);
}

static void print_help(void)
{
	fputs("Usage: iouctl COMMAND [OPTION...]\n"
	      "Run, attach and measure BPF io_uring loops.\n\n",
	      stdout);
	for (const struct iou_command *const *c = iou_commands; *c; c++)
		printf("  %-8s %s\n", (*c)->name, (*c)->help);
	fputs("\n'iouctl COMMAND --help' lists a command's options, iouctl(1) has the manual.\n",
	      stdout);
}

static int unknown_command(const char *word, enum iou_format format)
{
	const char *names[16] = {};
	const char *nearest;
	struct iou_err err = {};

	for (size_t i = 0; iou_commands[i] && i < 15; i++)
		names[i] = iou_commands[i]->name;
	nearest = iou_text_nearest(word, names);
	iou_err_set(&err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is not an iouctl command", word);
	if (nearest)
		iou_err_hint(&err, "did you mean '%s'?", nearest);
	else
		iou_err_hint(&err, "see 'iouctl --help'");
	return iou_report_error(&err, format);
}

static int no_command(enum iou_format format)
{
	struct iou_err err = {};

	iou_err_set(&err, IOU_CAUSE_USAGE, "usage", 0, "no command was given");
	iou_err_hint(&err, "see 'iouctl --help'");
	return iou_report_error(&err, format);
}

static int option_first(const char *option, enum iou_format format)
{
	struct iou_err err = {};

	iou_err_set(&err, IOU_CAUSE_USAGE, "usage", 0, "'%s' before a command", option);
	iou_err_hint(&err, "options go after the command: iouctl COMMAND %s", option);
	return iou_report_error(&err, format);
}

/* The kernel of a micro-VM started this as its init. */
static bool is_guest(int argc, char **argv)
{
	if (getpid() != 1)
		return false;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], IOU_VM_GUEST_WORD) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	enum iou_format format = iou_args_format(argc, argv);

	if (is_guest(argc, argv))
		iou_vm_guest_main();
	hold_standard_fds();
	/* How our children end is ours to read, even where who started us wants to know of none. */
	signal(SIGCHLD, SIG_DFL);
	libbpf_set_print(print_libbpf);
	if (argc < 2)
		return no_command(format);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help();
		return iou_report_flush(IOU_EXIT_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("iouctl " IOUCTL_VERSION);
		return iou_report_flush(IOU_EXIT_OK);
	}
	if (argv[1][0] == '-')
		return option_first(argv[1], format);
	for (const struct iou_command *const *c = iou_commands; *c; c++)
		if (strcmp((*c)->name, argv[1]) == 0)
			return (*c)->run(*c, argc - 1, argv + 1);
	return unknown_command(argv[1], format);
}
