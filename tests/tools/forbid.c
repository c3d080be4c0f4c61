// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* forbid bpf|io_uring_setup ERRNO COMMAND...: run it under a seccomp filter, as a container may. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned int number, errnum;

	if (argc < 4)
		return 2;
	number = strcmp(argv[1], "bpf") == 0 ? __NR_bpf : __NR_io_uring_setup;
	errnum = (unsigned int)atoi(argv[2]);

	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = 4, .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
		perror("forbid: prctl");
		return 1;
	}
	execvp(argv[3], argv + 3);
	perror("forbid: exec");
	return 127;
}
