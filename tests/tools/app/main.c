// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * app [OPTION...] JOB...
 *
 * An application with DEFER_TASKRUN rings of its own, one for each thread, to which somebody may
 *have bound a loop. It checks each result, each byte and each time, and all the same whether there
 *is a loop or not, but for what a loop changes: io_uring_enter(2) returns 0, and not how many SQEs
 *it took, or -ETIME. "all" is each job that need not be asked for by name; "list" prints them.
 *
 *	--ring plain|no-sqarray|sq-rewind   plain is liburing's where no job needs more (plain)
 *	--raw              by system calls, whatever the ring
 *	--one-call         with sq-rewind, too, a call both submits and waits
 *	--entries N        of the SQ (64)
 *	--cq N             of the CQ (twice as many)
 *	--depth N          requests under way, or of one submit (32)
 *	--threads N        each with a ring, and all of the jobs (1)
 *	--rounds N         of each job (as many as it usually has), or
 *	--seconds N        so long each
 *	--seed N           of all that is random (1)
 *	--limit N          what a loop admits at a time: "deep" sees that it is so many
 *	--late MS          what is later than that is wrong (2000)
 *	--patience S       who makes no progress for so long hangs (30)
 *	--file PATH        for reads and writes (a temporary one)
 *	--without JOB      which "all" or a name beside it would mean
 *	--expect-errors    requests may fail, as a loop made them
 *	--leaves           a loop may be taken off: waits may end early with 0
 *	--ready FILE       writes "PID FD TID" there, a line for each ring, when all rings are there
 *	--go FILE          begins when this file is there, or at SIGUSR1; "-" is the signal alone
 *	--hold             keeps the rings when all is done, until SIGTERM
 *	--lie NAME         does something wrong, which has to be found: see lie.h
 *
 * SIGTERM ends the jobs in order. Prints a JSON document. Exit code 1: something was wrong.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "lie.h"

volatile bool stopping;

static struct options opt = {
	.ring = {.entries = 64},
	.depth = 32,
	.threads = 1,
	.seed = 1,
	.late_ns = 2 * SEC,
	.patience_ns = 30 * SEC,
};
static struct worker workers[THREADS_MAX];
static pthread_barrier_t made;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gone_off; /* work has begun */
static volatile unsigned int working;

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec;
}

void sleep_until(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / SEC), (long)(ns % SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR && !stopping)
		;
}

uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

uint64_t next_random(struct worker *w)
{
	return mix(w->random++);
}

bool more(struct worker *w, uint64_t round, uint64_t usual)
{
	/* A lie that was found is enough. */
	if (stopping || (opt.ring.lie && w->result->failures))
		return false;
	if (opt.seconds)
		return now_ns() - w->begin_ns < opt.seconds * SEC;
	return round < (opt.rounds ? opt.rounds : usual);
}

/* ---- Workers ---- */

static void run_job(struct worker *w, unsigned int nr)
{
	const struct job *job = opt.jobs[nr];

	w->results[nr].job = job->name;
	w->requests_nr = 0;
	w->random = mix(mix(opt.seed) + mix(w->nr)) + nr;
	w->begin_ns = w->progress_ns = now_ns();
	/* Who watches looks at it from here on. */
	__atomic_store_n(&w->result, &w->results[nr], __ATOMIC_RELEASE);
	job->run(w);
	job_end(w);
	w->result->ns = now_ns() - w->begin_ns;
}

static void open_ring(struct worker *w)
{
	int ret = ring_open(&w->ring, &opt.ring);

	if (ret) {
		fprintf(stderr, "app: cannot make a ring: %s\n", strerror(-ret));
		exit(3);
	}
	w->requests = calloc(REQUESTS_MAX, sizeof(*w->requests));
	if (!w->requests)
		abort();
	for (unsigned int i = REQUESTS_MAX; i-- > 0;) {
		w->requests[i].next_free = w->free;
		w->free = &w->requests[i];
	}
}

static void say_ready(void)
{
	char name[4096];
	FILE *file;

	if (!opt.ready)
		return;
	snprintf(name, sizeof(name), "%s.new", opt.ready);
	file = fopen(name, "we");
	if (!file) {
		perror(name);
		exit(2);
	}
	for (unsigned int i = 0; i < opt.threads; i++)
		fprintf(file, "%d %d %d\n", getpid(), workers[i].ring.fd, workers[i].tid);
	fclose(file);
	if (rename(name, opt.ready)) {
		perror(opt.ready);
		exit(2);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	w->opt = &opt;
	w->tid = (int)syscall(SYS_gettid);
	open_ring(w);
	pthread_barrier_wait(&made);
	if (!w->nr)
		say_ready();
	pthread_mutex_lock(&lock);
	while (!gone_off && !stopping)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	for (unsigned int i = 0; i < opt.jobs_nr; i++)
		run_job(w, i);
	__atomic_fetch_sub(&working, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- The document ---- */

static void print_calls(FILE *out, const struct worker *w)
{
	const struct ring_calls *c = &w->ring.calls;
	const struct {
		const char *name;
		uint64_t value;
	} values[] = {
		{"enters", c->enters},
		{"submitted", c->submitted},
		{"zero_returns", c->zero},
		{"efault", c->efault},
		{"eintr", c->eintr},
		{"early", c->early},
		{"early_by_timeouts", c->timeouts},
		{"held", c->held},
		{"nowait_calls", c->nowait_nr},
		{"nowait_max_us", c->nowait_max_ns / 1000},
	};

	fprintf(out, "{\"tid\": %d, \"ring_fd\": %d", w->tid, w->ring.fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++)
		fprintf(out, ", \"%s\": %llu", values[i].name, (unsigned long long)values[i].value);
	fputs(", \"jobs\": [", out);
	for (unsigned int i = 0; i < opt.jobs_nr && w->results[i].job; i++) {
		fputs(i ? ", " : "", out);
		print_result(out, &w->results[i]);
	}
	fputs("]}", out);
}

static bool print(const char *hung)
{
	bool ok = !hung;

	for (unsigned int t = 0; t < opt.threads; t++)
		for (unsigned int i = 0; i < opt.jobs_nr; i++)
			ok &= !workers[t].results[i].failures;
	printf("{\"ok\": %s, \"stopped\": %s", ok ? "true" : "false", stopping ? "true" : "false");
	if (hung)
		printf(", \"hung\": \"%s\"", hung);
	printf(", \"seed\": %llu, \"threads\": [", (unsigned long long)opt.seed);
	for (unsigned int t = 0; t < opt.threads; t++) {
		fputs(t ? ", " : "", stdout);
		print_calls(stdout, &workers[t]);
	}
	puts("]}");
	fflush(stdout);
	return ok;
}

/* ---- Who watches them ---- */

static void go_off(void)
{
	pthread_mutex_lock(&lock);
	gone_off = true;
	for (unsigned int i = 0; i < opt.threads; i++)
		workers[i].progress_ns = now_ns();
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void look_for_hung(void)
{
	for (unsigned int i = 0; i < opt.threads; i++) {
		const struct worker *w = &workers[i];
		const struct result *result = __atomic_load_n(&w->result, __ATOMIC_ACQUIRE);
		/* Read once: it may go past a time that was taken before. */
		uint64_t progress_ns = __atomic_load_n(&w->progress_ns, __ATOMIC_RELAXED);

		if (!result || result->ns || now_ns() < progress_ns + opt.patience_ns)
			continue;
		fprintf(stderr, "app: %s: %u requests do not complete\n", result->job,
			w->in_flight);
		print(result->job);
		_exit(1);
	}
}

/* Signals are this thread's. A worker that sleeps when all shall end is woken, again and again: it
 * may have been about to. */
static void *watch(void *arg)
{
	const struct timespec often = {.tv_nsec = 20 * MS};
	const sigset_t *set = arg;

	while (working) {
		int sig = sigtimedwait(set, NULL, &often);

		if (sig == SIGTERM)
			stopping = true;
		if (sig == SIGUSR1 || (!gone_off && stopping) ||
		    (!gone_off && opt.go && access(opt.go, F_OK) == 0))
			go_off();
		for (unsigned int i = 0; stopping && i < opt.threads; i++)
			if (!workers[i].result || !workers[i].result->ns)
				pthread_kill(workers[i].thread, SIGUSR2);
		if (gone_off)
			look_for_hung();
	}
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

/* The first worker is the main thread, as in most programs. */
static bool run(void)
{
	struct sigaction wake = {.sa_handler = nothing};
	pthread_t watcher;
	sigset_t set;
	bool ok;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGUSR2, &wake, NULL);
	signal(SIGPIPE, SIG_IGN);
	pthread_barrier_init(&made, NULL, opt.threads);
	working = opt.threads;
	gone_off = !opt.go;
	workers[0].thread = pthread_self();
	for (unsigned int i = 1; i < opt.threads; i++) {
		workers[i].nr = i;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	pthread_create(&watcher, NULL, watch, &set);
	work(&workers[0]);
	for (unsigned int i = 1; i < opt.threads; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_join(watcher, NULL);
	ok = print(NULL);
	if (opt.hold && !stopping) {
		int sig;

		while (sigwait(&set, &sig) == 0 && sig != SIGTERM)
			;
	}
	for (unsigned int i = 0; i < opt.threads; i++) {
		ring_close(&workers[i].ring);
		free(workers[i].requests);
	}
	return ok;
}

/* ---- The command line ---- */

static __attribute__((noreturn)) void usage(const char *what)
{
	fprintf(stderr, "app: '%s' is not understood\n", what);
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*end || !*text)
		usage(text);
	return value;
}

static enum ring_kind kind_of(const char *name)
{
	static const char *const kinds[] = {"plain", "no-sqarray", "sq-rewind"};

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i], name) == 0)
			return (enum ring_kind)i;
	usage(name);
}

static void add_job(const struct job *job)
{
	if (opt.jobs_nr == JOBS_MAX)
		usage(job->name);
	opt.jobs[opt.jobs_nr++] = job;
	opt.ring.raw |= job->raw;
}

static const char *left_out[2];

static void leave_out(const char *name)
{
	if (left_out[1])
		usage(name);
	left_out[!!left_out[0]] = name;
}

static bool is_left_out(const char *name)
{
	for (int i = 0; i < 2; i++)
		if (left_out[i] && strcmp(left_out[i], name) == 0)
			return true;
	return false;
}

static void choose(const char *name)
{
	bool all = strcmp(name, "all") == 0, found = false;

	for (unsigned int i = 0; i < jobs_nr; i++) {
		if (all ? jobs[i].chosen : strcmp(jobs[i].name, name) != 0)
			continue;
		found = true;
		if (is_left_out(jobs[i].name))
			continue;
		add_job(&jobs[i]);
	}
	if (!found)
		usage(name);
}

static void set(int option, const char *value)
{
	int lie;

	switch (option) {
	case 'r':
		opt.ring.kind = kind_of(value);
		break;
	case 'w':
		opt.ring.raw = true;
		break;
	case '1':
		opt.ring.one_call = true;
		break;
	case 'e':
		opt.ring.entries = (unsigned int)number(value);
		break;
	case 'c':
		opt.ring.cq_entries = (unsigned int)number(value);
		break;
	case 'd':
		opt.depth = (unsigned int)number(value);
		break;
	case 't':
		opt.threads = (unsigned int)number(value);
		break;
	case 'n':
		opt.rounds = number(value);
		break;
	case 's':
		opt.seconds = number(value);
		break;
	case 'S':
		opt.seed = number(value);
		break;
	case 'm':
		opt.limit = (unsigned int)number(value);
		break;
	case 'l':
		opt.late_ns = number(value) * MS;
		break;
	case 'p':
		opt.patience_ns = number(value) * SEC;
		break;
	case 'f':
		opt.file = value;
		break;
	case 'o':
		leave_out(value);
		break;
	case 'x':
		opt.expect_errors = true;
		break;
	case 'L':
		opt.ring.leaves = true;
		break;
	case 'R':
		opt.ready = value;
		break;
	case 'g':
		opt.go = value;
		break;
	case 'h':
		opt.hold = true;
		break;
	case 'i':
		lie = lie_of(value);
		if (lie < 0)
			usage(value);
		opt.ring.lie = (unsigned int)lie;
		break;
	default:
		exit(2);
	}
}

static const struct option options[] = {
	{"ring", 1, NULL, 'r'},
	{"raw", 0, NULL, 'w'},
	{"one-call", 0, NULL, '1'},
	{"entries", 1, NULL, 'e'},
	{"cq", 1, NULL, 'c'},
	{"depth", 1, NULL, 'd'},
	{"threads", 1, NULL, 't'},
	{"rounds", 1, NULL, 'n'},
	{"seconds", 1, NULL, 's'},
	{"seed", 1, NULL, 'S'},
	{"limit", 1, NULL, 'm'},
	{"late", 1, NULL, 'l'},
	{"patience", 1, NULL, 'p'},
	{"file", 1, NULL, 'f'},
	{"expect-errors", 0, NULL, 'x'},
	{"without", 1, NULL, 'o'},
	{"leaves", 0, NULL, 'L'},
	{"ready", 1, NULL, 'R'},
	{"go", 1, NULL, 'g'},
	{"hold", 0, NULL, 'h'},
	{"lie", 1, NULL, 'i'},
	{0},
};

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		set(option, optarg);
	if (optind < argc && strcmp(argv[optind], "list") == 0) {
		for (unsigned int i = 0; i < jobs_nr; i++)
			puts(jobs[i].name);
		return 0;
	}
	for (int i = optind; i < argc; i++)
		choose(argv[i]);
	if (!opt.jobs_nr)
		usage("no job");
	if (opt.threads < 1 || opt.threads > THREADS_MAX)
		usage("--threads");
	if (opt.depth < 1 || opt.depth > opt.ring.entries)
		usage("--depth, which is at most --entries");
	return run() ? 0 : 1;
}
