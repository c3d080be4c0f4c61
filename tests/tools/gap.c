// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * gap COMMAND...: run it with what names a file that cannot be read in its middle, to a loop with
 * these parameters: memory of this process, of which the third page of four is missing. The first
 * has 'a' in it, and so on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
	char **args = calloc((size_t)argc + 3, sizeof(*args));
	char in[64], offset[64], length[64];
	int status;
	char *memory = mmap(NULL, 4UL * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (argc < 2 || !args || memory == MAP_FAILED)
		return 125;
	for (int i = 0; i < 4; i++)
		memset(memory + (size_t)i * PAGE, 'a' + i, PAGE);
	munmap(memory + 2UL * PAGE, PAGE);
	snprintf(in, sizeof(in), "in=/proc/%d/mem", getpid());
	snprintf(offset, sizeof(offset), "offset=%lu", (unsigned long)memory);
	snprintf(length, sizeof(length), "length=%d", 4 * PAGE);
	memcpy(args, argv + 1, ((size_t)argc - 1) * sizeof(*args));
	args[argc - 1] = in;
	args[argc] = offset;
	args[argc + 1] = length;
	if (!fork()) {
		execvp(args[0], args);
		_exit(127);
	}
	wait(&status);
	free(args);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
