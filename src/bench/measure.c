// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* What a process tells: in memory that it shares with us. */
struct report {
	bool told;
	int ret;
	struct iou_err err; /* without its detail */
	struct iou_bench_done done;
	struct iou_bench_latency latency;
	uint64_t begin_ns, end_ns, cpu_ns, instructions;
	uint64_t open_ns, close_ns;
};

/* ---- In the process that is measured ---- */

/* Instructions of this process and of those workers that the kernel makes for it from now on; -1
 * where the processor counts none, or we may not see it. */
static int open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.disabled = 1,
		.inherit = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static int pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Until all others are ready, too: when nobody has the other end open any more. */
static void wait_for_go(int ready, int go)
{
	char byte = 0;

	if (write(ready, &byte, 1) != 1)
		_exit(1);
	/* Who waits for all sees by that when there is none left to come. */
	close(ready);
	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
}

static int run(struct report *report, const struct iou_bench_variant *variant, void *state,
	       int counter, struct iou_err *err)
{
	int ret;

	if (counter >= 0)
		ioctl(counter, PERF_EVENT_IOC_ENABLE, 0);
	report->cpu_ns = iou_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	report->begin_ns = iou_clock_now();
	ret = variant->run(state, &report->done, err);
	report->end_ns = iou_clock_now();
	report->cpu_ns = iou_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - report->cpu_ns;
	/* What goes before and comes after is no request's, but has to be paid as well. */
	if (report->done.end_ns) {
		report->open_ns += report->done.begin_ns - report->begin_ns;
		report->close_ns += report->end_ns - report->done.end_ns;
		report->begin_ns = report->done.begin_ns;
		report->end_ns = report->done.end_ns;
		report->cpu_ns = report->done.cpu_ns;
	}
	if (counter >= 0 && read(counter, &report->instructions, sizeof(report->instructions)) < 0)
		report->instructions = 0;
	return ret;
}

/* What a variant makes is gone with its process, also where it fails. */
static void measure(struct report *report, const struct iou_bench_variant *variant,
		    const struct iou_bench_work *work, int ready, int go)
{
	int counter = open_counter();
	struct iou_err err = {};
	void *state = NULL;
	uint64_t begin_ns = iou_clock_now();
	int ret;

	report->done.latency = &report->latency;
	ret = variant->open(&state, variant, work, &err);
	report->open_ns = iou_clock_now() - begin_ns;
	if (!ret) {
		wait_for_go(ready, go);
		ret = run(report, variant, state, counter, &err);
		if (!ret && variant->check)
			ret = variant->check(state, &err);
		begin_ns = iou_clock_now();
		variant->close(state);
		report->close_ns += iou_clock_now() - begin_ns;
	}
	if (err.detail)
		iou_err_hint(&err, "'iouctl check' shows more");
	report->ret = ret;
	report->err = err;
	report->err.detail = NULL;
	report->told = true;
}

/* ---- Around it ---- */

struct process {
	pid_t pid; /* of a group of its own; 0: it has ended */
	int pidfd;
};

struct processes {
	struct process *list;
	size_t nr;
	struct report *reports; /* one each */
	int ready[2], go[2];
	const struct iou_bench_interrupt *interrupt;
};

/* What a round started goes with it. */
static void end_process(struct process *process)
{
	if (process->pid > 0) {
		kill(-process->pid, SIGKILL);
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	iou_close(process->pidfd);
}

static void release(struct processes *p)
{
	for (size_t i = 0; p->list && i < p->nr; i++)
		end_process(&p->list[i]);
	for (size_t i = 0; i < 2; i++) {
		iou_close(p->ready[i]);
		iou_close(p->go[i]);
	}
	if (p->reports)
		munmap(p->reports, p->nr * sizeof(*p->reports));
	free(p->list);
}

static void be_process(const struct processes *p, size_t nr,
		       const struct iou_bench_variant *variant, struct iou_bench_work work,
		       const struct iou_bench_config *config)
{
	/* The terminal's ^C is ours, so that nobody else says what it interrupted. */
	setpgid(0, 0);
	iou_bench_interrupt_leave(p->interrupt);
	iou_close(p->ready[0]);
	iou_close(p->go[1]);
	if (config->cpus_nr)
		pin_to(config->cpus[nr % config->cpus_nr]);
	work.thread = (uint32_t)nr;
	measure(&p->reports[nr], variant, &work, p->ready[1], p->go[0]);
}

static int start(struct processes *p, size_t nr, const struct iou_bench_variant *variant,
		 const struct iou_bench_work *work, const struct iou_bench_config *config)
{
	struct process *process = &p->list[nr];
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		/* It ends with who started it, however that ends. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			be_process(p, nr, variant, *work, config);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	setpgid(pid, pid);
	process->pid = pid;
	process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return process->pidfd < 0 ? -errno : 0;
}

/* Until all are ready, or those that are not have ended. -EINTR: a signal. */
static int wait_until_ready(const struct processes *p, size_t *ready)
{
	struct pollfd fds[] = {{.fd = p->ready[0], .events = POLLIN},
			       {.fd = p->interrupt->fd, .events = POLLIN}};
	char byte;
	ssize_t got;

	*ready = 0;
	do {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -EINTR;
		got = fds[0].revents ? read(p->ready[0], &byte, 1) : 1;
		*ready += fds[0].revents && got == 1;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return 0;
}

/* What process @nr, which has ended, says of how. */
static int look_at(struct processes *p, size_t nr, struct iou_err *err)
{
	const struct report *report = &p->reports[nr];
	int status = 0;

	while (waitpid(p->list[nr].pid, &status, 0) < 0 && errno == EINTR)
		;
	p->list[nr].pid = 0;
	if (!report->told)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", 0,
				   WIFSIGNALED(status) ? "a round was ended by a signal"
						       : "a round ended without a result");
	if (report->ret && err)
		*err = report->err;
	return report->ret;
}

/* Until all have ended, or one that failed. -EINTR: a signal. */
static int wait_for_ends(struct processes *p, struct iou_err *err)
{
	IOU_FREE struct pollfd *fds = calloc(p->nr + 1, sizeof(*fds));
	size_t left = p->nr;
	int ret = 0;

	if (!fds)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot end a round");
	for (size_t i = 0; i < p->nr; i++)
		fds[i] = (struct pollfd){.fd = p->list[i].pidfd, .events = POLLIN};
	fds[p->nr] = (struct pollfd){.fd = p->interrupt->fd, .events = POLLIN};
	while (!ret && left) {
		if (poll(fds, p->nr + 1, -1) < 0)
			continue;
		if (fds[p->nr].revents)
			return -EINTR;
		for (size_t i = 0; !ret && i < p->nr; i++)
			if (fds[i].revents) {
				ret = look_at(p, i, err);
				fds[i].fd = -1;
				left--;
			}
	}
	return ret;
}

/* One that did not become ready has said why. */
static int why_not_ready(struct processes *p, struct iou_err *err)
{
	for (size_t i = 0; i < p->nr; i++)
		if (p->reports[i].told)
			return look_at(p, i, err);
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", 0, "a round ended without a result");
}

static struct iou_bench_sample sum_up(const struct processes *p)
{
	struct iou_bench_sample sum = {};
	uint64_t begin = UINT64_MAX, end = 0;
	bool counted = true;

	for (size_t i = 0; i < p->nr; i++) {
		const struct report *report = &p->reports[i];

		begin = report->begin_ns < begin ? report->begin_ns : begin;
		end = report->end_ns > end ? report->end_ns : end;
		sum.done.requests += report->done.requests;
		sum.done.enters += report->done.enters;
		sum.cpu_ns += report->cpu_ns;
		sum.instructions += report->instructions;
		counted &= report->instructions > 0;
		if (report->open_ns > sum.open_ns)
			sum.open_ns = report->open_ns;
		if (report->close_ns > sum.close_ns)
			sum.close_ns = report->close_ns;
	}
	sum.elapsed_ns = end - begin;
	if (!counted)
		sum.instructions = 0;
	return sum;
}

static int prepare(struct processes *p, struct iou_err *err)
{
	p->list = calloc(p->nr, sizeof(*p->list));
	for (size_t i = 0; p->list && i < p->nr; i++)
		p->list[i].pidfd = -1;
	p->reports = mmap(NULL, p->nr * sizeof(*p->reports), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->reports == MAP_FAILED)
		p->reports = NULL;
	if (!p->list || !p->reports)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot begin a round");
	if (pipe2(p->ready, O_CLOEXEC) || pipe2(p->go, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot begin a round");
	return 0;
}

int iou_bench_measure(struct iou_bench_sample *sample, struct iou_bench_latency *latency,
		      const struct iou_bench_variant *variant, const struct iou_bench_work *work,
		      const struct iou_bench_config *config,
		      const struct iou_bench_interrupt *interrupt, struct iou_err *err)
{
	IOU_CLEANUP(release)
	struct processes p = {
		.nr = config->threads,
		.ready = {-1, -1},
		.go = {-1, -1},
		.interrupt = interrupt,
	};
	int ret = prepare(&p, err);
	size_t ready;

	if (ret)
		return ret;
	for (size_t i = 0; i < p.nr && !ret; i++)
		ret = start(&p, i, variant, work, config);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", -ret, "cannot begin a round");
	/* Theirs alone, so that it ends with the last of them. */
	iou_close(TAKE_FD(p.ready[1]));
	ret = wait_until_ready(&p, &ready);
	if (ret)
		return ret;
	if (ready < p.nr)
		return why_not_ready(&p, err);
	iou_close(TAKE_FD(p.go[1]));
	ret = wait_for_ends(&p, err);
	if (ret)
		return ret;
	*sample = sum_up(&p);
	for (size_t i = 0; i < p.nr; i++)
		iou_bench_latency_merge(latency, &p.reports[i].latency);
	return 0;
}

int iou_bench_check_cpus(const struct iou_bench_config *config, struct iou_err *err)
{
	long conf = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t before;
	int ret = 0;

	if (!config->cpus_nr || sched_getaffinity(0, sizeof(before), &before))
		return 0;
	for (size_t i = 0; !ret && i < config->cpus_nr; i++)
		if (pin_to(config->cpus[i])) {
			ret = iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
					  "cannot run on processor %d", config->cpus[i]);
			if (config->cpus[i] >= conf)
				iou_err_hint(err, "this machine has those from 0 to %ld", conf - 1);
			else
				iou_err_hint(err, "it is off, or not for this process");
		}
	sched_setaffinity(0, sizeof(before), &before);
	return ret;
}
