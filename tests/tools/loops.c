// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What of loops there is on this machine. All in one program, and one without libraries: in a
 * guest that is emulated, each program that a test starts costs a tenth of a second.
 *
 * loops                   a line each: "link ID" and "map ID" of struct_ops
 * loops attached          waits for a link
 * loops left              what of these, of pins and of processes of iouctl there is, a line each
 * loops gone              waits until nothing of that is left, and prints the number of the kernel
 *                         log's next record
 * loops gone NR BAD FINE  the same, and prints the records from NR on that match BAD and not FINE
 *
 * Exit code 1: what was waited for did not come, something is left, or there was such a record.
 * What is wrong is said on standard output.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PINS "/sys/fs/bpf"
#define POLL_NS 20000000
#define POLLS 3000 /* a minute: some kernels are as slow as that */

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* What is looked for, and how the kernel calls it. */
static const struct kind {
	const char *name;
	enum bpf_cmd next, open;
	__u32 type;
} links =
	{
		"link",
		BPF_LINK_GET_NEXT_ID,
		BPF_LINK_GET_FD_BY_ID,
		BPF_LINK_TYPE_STRUCT_OPS,
},
  maps = {
	  "map",
	  BPF_MAP_GET_NEXT_ID,
	  BPF_MAP_GET_FD_BY_ID,
	  BPF_MAP_TYPE_STRUCT_OPS,
};

/* Both kinds of information begin with the type. */
static bool is_of_loop(const struct kind *kind, __u32 id)
{
	__u32 info[64] = {};
	union bpf_attr attr = {.link_id = id};
	int fd = bpf(kind->open, &attr), ret;

	if (fd < 0)
		return false;
	attr = (union bpf_attr){
		.info = {.bpf_fd = fd, .info_len = sizeof(info), .info = (uintptr_t)info},
	};
	ret = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	close(fd);
	return ret == 0 && info[0] == kind->type;
}

/* How many; -1 where they cannot be looked for. */
static int count(const struct kind *kind, bool print)
{
	union bpf_attr attr = {};
	int nr = 0;

	while (bpf(kind->next, &attr) == 0) {
		__u32 id = attr.next_id;

		if (is_of_loop(kind, id)) {
			nr++;
			if (print)
				printf("%s %u\n", kind->name, id);
		}
		attr = (union bpf_attr){.start_id = id};
	}
	return errno == ENOENT ? nr : -1;
}

static int pins(bool print)
{
	DIR *dir = opendir(PINS);
	struct dirent *entry;
	int nr = 0;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		nr++;
		if (print)
			printf("%s/%s\n", PINS, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return nr;
}

/* The micro-VM's init is an iouctl. */
static bool is_iouctl(const char *pid)
{
	char path[64], comm[32] = "";
	FILE *file;

	if (pid[0] < '1' || pid[0] > '9' || !strcmp(pid, "1"))
		return false;
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	return !strcmp(comm, "iouctl\n");
}

static int processes(bool print)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int nr = 0;

	while (dir && (entry = readdir(dir))) {
		if (!is_iouctl(entry->d_name))
			continue;
		nr++;
		if (print)
			printf("process %s\n", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return nr;
}

static bool anything(bool print)
{
	int nr[] = {count(&links, print), count(&maps, print), pins(print), processes(print)};

	if (nr[0] < 0 || nr[1] < 0)
		printf("cannot look for loops: %s\n", strerror(errno));
	return nr[0] || nr[1] || nr[2] || nr[3];
}

static bool nothing(void)
{
	return !anything(false);
}

static bool attached(void)
{
	return count(&links, false) > 0;
}

static bool wait_for(bool (*condition)(void))
{
	const struct timespec poll = {.tv_nsec = POLL_NS};

	for (int i = 0; i < POLLS; i++) {
		if (condition())
			return true;
		nanosleep(&poll, NULL);
	}
	return false;
}

/*
 * The records from @from on that match @bad and not @fine are printed, and that some were written
 * over; without @bad nothing. @next becomes the number of the one that will come next. How much was
 * printed, or -1.
 */
static int read_log(unsigned long long from, const regex_t *bad, const regex_t *fine,
		    unsigned long long *next)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), nr = 0;
	unsigned long long expected = from;
	char record[8192];
	ssize_t len;

	*next = 0;
	if (fd < 0)
		return -1;
	/* EPIPE: one was written over; the next read goes on behind it. */
	while ((len = read(fd, record, sizeof(record) - 1)) >= 0 || errno == EPIPE) {
		unsigned long long seq;
		char *text;

		if (len < 0)
			continue;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text || sscanf(record, "%*u,%llu", &seq) != 1)
			continue;
		*next = seq + 1;
		if (bad && seq > expected) {
			nr++;
			printf("%llu records of the kernel's log are lost\n", seq - expected);
		}
		if (seq >= expected)
			expected = seq + 1;
		if (!bad || seq < from || regexec(bad, text + 1, 0, NULL, 0) ||
		    !regexec(fine, text + 1, 0, NULL, 0))
			continue;
		nr++;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		printf("the kernel complained: %s\n", text + 1);
	}
	close(fd);
	return nr;
}

static int gone(char *const *args)
{
	unsigned long long next;
	regex_t bad, fine;
	int nr;

	if (!wait_for(nothing)) {
		printf("left behind:\n");
		anything(true);
		return 1;
	}
	if (!args[0]) {
		if (read_log(0, NULL, NULL, &next) < 0)
			return 1;
		printf("%llu\n", next);
		return 0;
	}
	if (!args[1] || !args[2] || regcomp(&bad, args[1], REG_EXTENDED | REG_NOSUB) ||
	    regcomp(&fine, args[2], REG_EXTENDED | REG_NOSUB))
		return 2;
	nr = read_log(strtoull(args[0], NULL, 10), &bad, &fine, &next);
	regfree(&bad);
	regfree(&fine);
	if (nr < 0)
		printf("cannot read the kernel's log\n");
	return nr != 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return count(&links, true) < 0 || count(&maps, true) < 0;
	if (!strcmp(argv[1], "gone"))
		return gone(argv + 2);
	if (!strcmp(argv[1], "left"))
		return anything(true);
	if (strcmp(argv[1], "attached"))
		return 2;
	if (wait_for(attached))
		return 0;
	printf("no loop was attached\n");
	return 1;
}
