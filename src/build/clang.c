// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "build/clang.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "base/text.h"

/* As bpf/CMakeLists.txt has them. Without the directory, BTF has paths from the root on. */
static const char *const flags[] = {
	"-target", "bpf", "-g", "-mcpu=v3", "-Wall", "-fdebug-compilation-dir=.",
};

/* ---- The command line ---- */

char *iou_clang_include_dir(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *dir, *slash;

	if (length < 0)
		return NULL;
	path[length] = '\0';
	/* The program, and its directory. */
	for (int i = 0; i < 2; i++) {
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	}
	return asprintf(&dir, "%s/include", path) < 0 ? NULL : dir;
}

static const char *program(void)
{
	const char *named = secure_getenv("CLANG");

	return named && *named ? named : "clang";
}

/* Where the architecture's own <asm/types.h> is, on distributions with multiarch. */
static void add_multiarch(struct iou_words *args)
{
#ifdef IOUCTL_MULTIARCH
	static const char dir[] = "/usr/include/" IOUCTL_MULTIARCH;
	struct stat st;

	if (stat(dir, &st))
		return;
	iou_words_add(args, "-idirafter");
	iou_words_add(args, "%s", dir);
#else
	(void)args;
#endif
}

static void fill(struct iou_words *args, const struct iou_build_config *config,
		 const char *const *mode)
{
	IOU_FREE char *include = iou_clang_include_dir();
	/* Which clang would take for an option, or for a file with more of its arguments. */
	bool special = config->source[0] == '-' || config->source[0] == '@';

	iou_words_add(args, "%s", program());
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		iou_words_add(args, "%s", flags[i]);
	iou_words_add(args, "-O%s", config->optimize ?: "2");
	if (config->no_colour)
		iou_words_add(args, "-fno-color-diagnostics");
	for (const char *const *option = config->options; option && *option; option++)
		iou_words_add(args, "%s", *option);
	if (include)
		iou_words_add(args, "-I%s", include);
	add_multiarch(args);
	for (; *mode; mode++)
		iou_words_add(args, "%s", *mode);
	iou_words_add(args, "%s%s", special ? "./" : "", config->source);
}

static void tell(const struct iou_build_config *config, const struct iou_words *args)
{
	char line[2048] = "";
	size_t at = 0;

	if (!config->debug)
		return;
	for (size_t i = 0; i < args->nr; i++)
		at = iou_text_add_word(line, at, sizeof(line), args->list[i]);
	config->debug("%s", line);
}

/* ---- The process ---- */

/* In the child; what goes wrong is written to @report, which exec closes. */
static void run(char *const *argv, int out, int messages, int report, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Nobody waits for it any more when this program was killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(messages, STDERR_FILENO) >= 0)
		execvp(argv[0], argv);
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

static int cannot_run(int errnum, struct iou_err *err)
{
	bool named = strcmp(program(), "clang") != 0;
	int ret;

	if (errnum == ENOENT && !named) {
		ret = iou_err_set(err, IOU_CAUSE_FAILED, "build", ENOENT, "cannot find clang");
		iou_err_hint(err, "it compiles loops: install it (Debian: apt install clang), or "
				  "name one in the environment, as CLANG=clang-19");
		return ret;
	}
	ret = iou_err_set(err, IOU_CAUSE_FAILED, "build", errnum, "cannot run '%s'", program());
	if (named)
		iou_err_hint(err, "the environment's CLANG names it");
	return ret;
}

int iou_clang_run(const struct iou_build_config *config, const char *const *mode, int out,
		  int messages, int *status, struct iou_err *err)
{
	IOU_CLEANUP(iou_words_release) struct iou_words args = {};
	int report[2], errnum = 0, ended;
	pid_t pid, parent = getpid();
	ssize_t n;

	fill(&args, config, mode);
	if (args.failed)
		return iou_err_set(err, IOU_CAUSE_FAILED, "build", ENOMEM, "cannot run clang");
	tell(config, &args);
	if (pipe2(report, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_FAILED, "build", errno, "cannot run clang");
	pid = fork();
	if (pid == 0)
		run(args.list, out, messages, report[1], parent);
	iou_close(report[1]);
	n = pid < 0 ? 0 : read(report[0], &errnum, sizeof(errnum));
	iou_close(report[0]);
	if (pid < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "build", errno, "cannot run clang");
	while (waitpid(pid, &ended, 0) < 0)
		if (errno != EINTR)
			return iou_err_set(err, IOU_CAUSE_FAILED, "build", errno,
					   "cannot wait for clang");
	if (n == sizeof(errnum))
		return cannot_run(errnum, err);
	*status = ended;
	return 0;
}
