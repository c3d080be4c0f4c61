// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * spent COMMAND...: run it, without its output, and print what it took: "NANOSECONDS KILOBYTES",
 * the time until it had ended, and the most memory that it had at a time. Fails where it fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long long start = now();
	struct rusage usage;
	int status, null;
	pid_t pid;

	pid = argc > 1 ? fork() : -1;
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
			_exit(126);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 125;
	printf("%lld %ld\n", now() - start, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
