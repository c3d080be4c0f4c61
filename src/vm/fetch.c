// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fetching is a matter of apt and dpkg, so a script does it. It is part of this program, which so
 * needs nothing beside it; its first lines say what it prints.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "vm/signals.h"
#include "vm/vm.h"

extern const char iou_vm_fetch_script[], iou_vm_fetch_script_end[];

struct fetch {
	pid_t pid;
	struct iou_vm_signals signals;
	int out;    /* what it prints */
	char *text; /* the same, owned */
	int signal; /* the first that came */
};

static void fetch_release(struct fetch *fetch)
{
	iou_vm_signals_restore(&fetch->signals);
	iou_close(fetch->out);
	free(fetch->text);
}

/* Runs in the child's child. */
static void run_script(int script, int out, const char *dir, const char *series, bool quiet)
{
	char path[32];
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* It may write to the terminal although it is in the background there. */
	signal(SIGTTOU, SIG_IGN);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", script);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execlp("bash", "bash", path, dir, series ?: "", quiet ? "quiet" : "", NULL);
	dprintf(out, "cannot run bash: %s\n", strerror(errno));
	_exit(1);
}

/*
 * Runs in the child, between us and the script: bash heeds a signal only when the program that it
 * waits for has ended, so all of the script's group gets what comes here, also the SIGTERM that
 * says that we are gone.
 */
static void guard(pid_t bash, pid_t parent)
{
	static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
	int status, signum;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(&set, passed[i]);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		kill(-bash, SIGTERM);
	while (waitpid(bash, &status, WNOHANG) == 0) {
		if (sigwait(&set, &signum) || signum == SIGCHLD)
			continue;
		kill(-bash, signum);
		kill(-bash, SIGCONT);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void run_guard(int script, int out, const char *dir, const char *series, bool quiet,
		      pid_t parent)
{
	sigset_t all;
	pid_t bash;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* Not in the group of a terminal's foreground, so that a ^C comes once. */
	setpgid(0, 0);
	bash = fork();
	if (bash == 0) {
		setpgid(0, 0);
		run_script(script, out, dir, series, quiet);
	}
	if (bash < 0)
		_exit(1);
	setpgid(bash, bash); /* whoever of us is first */
	close(out);
	guard(bash, parent);
}

static int start(struct fetch *fetch, const char *dir, const char *series, bool quiet)
{
	size_t size = (size_t)(iou_vm_fetch_script_end - iou_vm_fetch_script);
	/* Not O_CLOEXEC: bash reads it. */
	IOU_CLOSE int script = memfd_create("iouctl-fetch-kernel", 0);
	pid_t parent = getpid();
	int out[2], ret;

	/* A parent may have left it ignored, and then nobody can wait for a child. */
	signal(SIGCHLD, SIG_DFL);
	if (script < 0 || write(script, iou_vm_fetch_script, size) != (ssize_t)size ||
	    pipe2(out, O_CLOEXEC))
		return -errno;
	fetch->out = out[0];
	ret = iou_vm_signals_take(&fetch->signals, false);
	if (!ret) {
		fetch->pid = fork();
		if (fetch->pid == 0)
			run_guard(script, out[1], dir, series, quiet, parent);
		ret = fetch->pid < 0 ? -errno : 0;
	}
	iou_close(out[1]);
	return ret;
}

static void pass_on_signals(struct fetch *fetch)
{
	int signal;

	while ((signal = iou_vm_signals_next(&fetch->signals))) {
		if (signal == SIGWINCH)
			continue;
		if (!fetch->signal)
			fetch->signal = signal;
		/* bash ignores SIGQUIT. */
		kill(fetch->pid, signal == SIGQUIT ? SIGTERM : signal);
	}
}

/* Read all that it prints. Its own end comes right after, or never matters. */
static int collect(struct fetch *fetch)
{
	struct pollfd fds[] = {
		{.fd = fetch->signals.fd, .events = POLLIN},
		{.fd = fetch->out, .events = POLLIN},
	};
	size_t size = 0;
	FILE *f = open_memstream(&fetch->text, &size);
	char buf[4096];
	ssize_t n = 1;

	if (!f)
		return -ENOMEM;
	while (n) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			pass_on_signals(fetch);
		if (!fds[1].revents)
			continue;
		n = read(fetch->out, buf, sizeof(buf));
		if (n > 0)
			fwrite(buf, 1, (size_t)n, f);
		else if (n < 0 && errno != EINTR)
			n = 0;
	}
	if (fclose(f))
		return -ENOMEM;
	return 0;
}

static int finish(struct fetch *fetch)
{
	int status;

	while (waitpid(fetch->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

/* "why <tab> what to do next" */
static int explain(char *text, struct iou_err *err)
{
	char *hint;

	text[strcspn(text, "\n")] = '\0';
	hint = strchr(text, '\t');
	if (hint)
		*hint++ = '\0';
	iou_err_set(err, IOU_CAUSE_FAILED, "fetch", 0, "%s",
		    *text ? text : "cannot fetch a kernel: the script ended with no word");
	if (hint)
		iou_err_hint(err, "%s", hint);
	return -EIO;
}

void iou_vm_fetched_release(struct iou_vm_fetched *fetched)
{
	for (size_t i = 0; i < fetched->nr; i++)
		free(fetched->paths[i]);
	free(fetched->paths);
	*fetched = (struct iou_vm_fetched){0};
}

static int take_paths(struct iou_vm_fetched *fetched, char *text)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char **paths = reallocarray(fetched->paths, fetched->nr + 1, sizeof(*paths));

		if (!paths)
			return -ENOMEM;
		fetched->paths = paths;
		paths[fetched->nr] = strdup(line);
		if (!paths[fetched->nr])
			return -ENOMEM;
		fetched->nr++;
	}
	return 0;
}

int iou_vm_fetch(const char *series, bool quiet, struct iou_vm_fetched *fetched,
		 struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_fetched_release) struct iou_vm_fetched found = {0};
	IOU_CLEANUP(fetch_release) struct fetch fetch = {.out = -1, .signals.fd = -1};
	IOU_FREE char *dir = NULL;
	int ret, status;

	if (iou_vm_cache_path("kernels", &dir)) {
		ret = iou_err_set(err, IOU_CAUSE_FAILED, "fetch", ENOENT,
				  "cannot tell where to keep a kernel");
		iou_err_hint(err, "set HOME or XDG_CACHE_HOME to an absolute path");
		return ret;
	}
	ret = start(&fetch, dir, series, quiet);
	if (!ret)
		ret = collect(&fetch);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "fetch", -ret, "cannot fetch a kernel");
	status = finish(&fetch);
	if (fetch.signal) {
		found.signal = fetch.signal;
	} else if (status) {
		return explain(fetch.text, err);
	} else if (take_paths(&found, fetch.text)) {
		return iou_err_set(err, IOU_CAUSE_FAILED, "fetch", ENOMEM, "cannot list kernels");
	}
	*fetched = found;
	found = (struct iou_vm_fetched){0};
	return 0;
}
