// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * copies SEED ROUNDS IOUCTL DIRECTORY...: copies at random, each held against what it must come to.
 *
 * A file's content is a function of the place, so that what was copied is known without having been
 * read. In a guest a program takes a tenth of a second to start: here only iouctl is one.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SIZE_MAX_ (1U << 20)
#define BLOCKS_MAX 60
#define MEMORY_MAX_ (16U << 20)
#define OUT_FD 9

struct round {
	uint64_t base;                                     /* the input is a hole up to here, */
	uint64_t size;                                     /* then so many bytes */
	uint64_t bs, depth, entries, offset, seek, length; /* 0 for entries: not given */
	bool limited, direct, splice, fsync, in_pipe, out_pipe;
	const char *in_dir, *out_dir;
	char words[12][160];
	char *argv[20];
};

static uint64_t state;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t below(uint64_t limit)
{
	state++;
	return mix(state) % limit;
}

static uint64_t one_of(const uint64_t *list, size_t nr)
{
	return list[below(nr)];
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- What is in a file ---- */

static uint8_t byte_at(const struct round *r, uint64_t at)
{
	static uint64_t word, of = UINT64_MAX;

	if (at < r->base)
		return 0;
	if (at / 8 != of) {
		of = at / 8;
		word = mix(of);
	}
	return (uint8_t)(word >> (at % 8 * 8));
}

static void fill(const struct round *r, uint8_t *data, uint64_t at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = byte_at(r, at + i);
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			die("write");
		data += n;
		size -= (size_t)n;
	}
}

static void make_input(const struct round *r, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *data = malloc(r->size + 1);

	if (fd < 0 || !data)
		die(path);
	fill(r, data, r->base, r->size);
	if (r->base && lseek(fd, (off_t)r->base, SEEK_SET) < 0)
		die(path);
	write_all(fd, data, r->size);
	free(data);
	if (close(fd))
		die(path);
}

/* How much is to be copied. */
static uint64_t expected(const struct round *r)
{
	uint64_t end = r->base + r->size;
	uint64_t there = r->offset < end ? end - r->offset : 0;

	return r->limited ? least(there, r->length) : there;
}

/* ---- A round ---- */

static void choose(struct round *r, char **dirs, int dirs_nr)
{
	static const uint64_t sizes[] = {512, 999, 4096, 4096, 7000, 8192, 65536, 65536, 300000};
	static const uint64_t depths[] = {1, 2, 3, 7, 8, 16, 64, 1024};
	static const uint64_t entries[] = {0, 0, 1, 2, 4, 64};
	uint64_t ends[] = {0, 1, 0, 0, 0, 0, 0, 0};
	uint64_t unit;

	*r = (struct round){.in_pipe = !below(5), .out_pipe = !below(5), .fsync = !below(4)};
	r->direct = !r->in_pipe && !r->out_pipe && !below(3);
	r->in_dir = dirs[below((uint64_t)dirs_nr)];
	r->out_dir = dirs[below((uint64_t)dirs_nr)];
	r->fsync = r->fsync && !r->out_pipe;
	unit = r->direct ? 4096 : 1;
	r->bs = r->direct ? 4096 * (1 + below(20)) : one_of(sizes, ARRAY_SIZE(sizes));
	r->depth = least(one_of(depths, ARRAY_SIZE(depths)), MEMORY_MAX_ / r->bs);
	r->entries = one_of(entries, ARRAY_SIZE(entries));
	/* A link takes two entries. */
	r->splice = !r->direct && r->entries != 1 && below(2);
	ends[2] = r->bs - 1;
	ends[3] = r->bs;
	ends[4] = r->bs + 1;
	ends[5] = 10 * r->bs + 7;
	ends[6] = ends[7] = below(BLOCKS_MAX * r->bs);
	r->size = least(one_of(ends, ARRAY_SIZE(ends)), SIZE_MAX_);
	r->limited = below(2);
	r->length = below(r->size + r->size / 2 + 2);
	if (!r->in_pipe && !below(4)) /* so that it goes across 4 GiB */
		r->base = (1ULL << 32) - below(r->size + 1);
	if (!r->in_pipe && (r->base || below(2)))
		r->offset = (r->base + below(r->size + r->size / 8 + 1)) / unit * unit;
	if (!r->out_pipe && below(2))
		r->seek = (below(4) ? below(100000) : (1ULL << 32) - below(r->size + 1)) / unit *
			  unit;
}

static void add(struct round *r, int *nr, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct round *r, int *nr, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->words[*nr], sizeof(r->words[0]), fmt, args);
	va_end(args);
	r->argv[2 + *nr] = r->words[*nr];
	++*nr;
}

static void make_words(struct round *r, char *iouctl)
{
	static char run[] = "run", copy[] = "copy", json[] = "--json";
	int nr = 1;

	r->argv[0] = iouctl;
	r->argv[1] = run;
	r->argv[2] = copy;
	if (r->in_pipe)
		add(r, &nr, "in=-");
	else
		add(r, &nr, "in=%s/in", r->in_dir);
	if (r->out_pipe)
		add(r, &nr, "out=/dev/fd/%d", OUT_FD);
	else
		add(r, &nr, "out=%s/out", r->out_dir);
	add(r, &nr, "bs=%ju", r->bs);
	add(r, &nr, "depth=%ju", r->depth);
	if (r->offset)
		add(r, &nr, "offset=%ju", r->offset);
	if (r->seek)
		add(r, &nr, "seek=%ju", r->seek);
	if (r->limited)
		add(r, &nr, "length=%ju", r->length);
	if (r->direct)
		add(r, &nr, "direct");
	if (r->splice)
		add(r, &nr, "splice");
	if (r->fsync)
		add(r, &nr, "fsync");
	if (r->entries)
		add(r, &nr, "--entries=%ju", r->entries);
	r->argv[2 + nr] = json;
}

/* In pieces of any size; whoever reads may have enough before the end. */
static pid_t feed(const struct round *r, int fd, int other)
{
	uint8_t data[20000];
	pid_t pid = fork();

	if (pid)
		return pid;
	close(other);
	for (uint64_t at = 0; at < r->size;) {
		size_t piece = (size_t)least(1 + below(sizeof(data)), r->size - at);

		fill(r, data, at, piece);
		write_all(fd, data, piece);
		at += piece;
	}
	_exit(0);
}

static pid_t start(const struct round *r, int in, int out, int report)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	/* The others are O_CLOEXEC. */
	if ((r->in_pipe && dup2(in, STDIN_FILENO) < 0) || (r->out_pipe && dup2(out, OUT_FD) < 0) ||
	    dup2(report, STDOUT_FILENO) < 0)
		_exit(126);
	execv(r->argv[0], r->argv);
	_exit(127);
}

/* ---- What came out ---- */

static bool differs(const struct round *r, const uint8_t *data, size_t size, uint64_t from)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != byte_at(r, r->offset + from + i)) {
			printf("# byte %ju of the copy is another\n", from + i);
			return true;
		}
	return false;
}

static bool check_stream(const struct round *r, int fd, uint64_t *copied)
{
	static uint8_t data[65536];
	bool good = true;
	ssize_t n;

	for (*copied = 0; (n = read(fd, data, sizeof(data))) > 0; *copied += (uint64_t)n)
		good = good && !differs(r, data, (size_t)n, *copied);
	if (n < 0)
		die("read");
	return good;
}

/* What a seek went past: not all of it, which may be 4 GiB. */
static bool check_hole(int fd, uint64_t end)
{
	static uint8_t data[65536];
	const uint64_t places[] = {0, end > sizeof(data) ? end - sizeof(data) : 0};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		ssize_t n = pread(fd, data, least(sizeof(data), end), (off_t)places[i]);

		for (ssize_t k = 0; k < n; k++)
			if (data[k]) {
				printf("# not zero before the seek, at %ju\n",
				       places[i] + (uint64_t)k);
				return false;
			}
	}
	return true;
}

static bool check_file(const struct round *r, uint64_t *copied)
{
	char path[256];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/out", r->out_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	good = check_hole(fd, r->seek);
	if (lseek(fd, (off_t)r->seek, SEEK_SET) < 0)
		die(path);
	good = check_stream(r, fd, copied) && good;
	close(fd);
	unlink(path);
	return good;
}

static bool check_number(const char *report, const char *name, uint64_t from, uint64_t to)
{
	char key[64];
	const char *at;
	uint64_t number;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(report, key);
	number = at ? strtoull(at + strlen(key), NULL, 10) : UINT64_MAX;
	if (number >= from && number <= to)
		return true;
	printf("# %s is %ju, not %ju to %ju\n", name, number, from, to);
	return false;
}

/* From file to file, a spliced block is a link of two requests. */
static uint64_t most_in_flight(const struct round *r)
{
	bool links = r->splice && !r->in_pipe && !r->out_pipe;

	return links ? 2 * r->depth : r->depth;
}

static bool check_report(const struct round *r, int fd)
{
	static char report[65536];
	size_t size = 0;
	ssize_t n;

	while ((n = read(fd, report + size, sizeof(report) - 1 - size)) > 0)
		size += (size_t)n;
	report[size] = '\0';
	return check_number(report, "copied", expected(r), expected(r)) &&
	       check_number(report, "enter_calls", 1, 1) &&
	       check_number(report, "in-flight-max", 0, most_in_flight(r));
}

static bool check(const struct round *r, int out, pid_t pid, int report)
{
	uint64_t copied;
	bool good = !r->out_pipe || check_stream(r, out, &copied);
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("# it ended with status %#x\n", (unsigned int)status);
		return false;
	}
	if (!r->out_pipe)
		good = check_file(r, &copied);
	if (copied != expected(r)) {
		printf("# %ju bytes came out, not %ju\n", copied, expected(r));
		good = false;
	}
	return check_report(r, report) && good;
}

static bool try(const struct round *r)
{
	int in[2], out[2], report[2];
	char path[256];
	pid_t feeder = 0, pid;
	bool good;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		die("pipe");
	snprintf(path, sizeof(path), "%s/in", r->in_dir);
	if (r->in_pipe)
		feeder = feed(r, in[1], in[0]);
	else
		make_input(r, path);
	pid = start(r, in[0], out[1], report[1]);
	close(in[0]);
	close(in[1]);
	close(out[1]);
	close(report[1]);
	good = check(r, out[0], pid, report[0]);
	close(out[0]);
	close(report[0]);
	if (feeder)
		waitpid(feeder, NULL, 0);
	else
		unlink(path);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t seed, rounds;
	bool good = true;

	if (argc < 5)
		return 2;
	seed = strtoull(argv[1], NULL, 0);
	rounds = strtoull(argv[2], NULL, 0);
	printf("# seed %ju\n", seed);
	for (uint64_t i = 0; i < rounds; i++) {
		struct round r;

		state = mix(seed) + (i << 20);
		choose(&r, argv + 4, argc - 4);
		make_words(&r, argv[3]);
		fflush(stdout);
		if (try(&r))
			continue;
		printf("# round %ju: %ju bytes from %ju on:", i, r.size, r.base);
		for (char **word = r.argv; *word; word++)
			printf(" %s", *word);
		printf("\n");
		good = false;
	}
	return !good;
}
