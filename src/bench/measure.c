// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
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

/* What a process tells: in memory that it shares with us. */
struct report {
	bool told;
	int ret;
	struct iou_err err; /* without its detail */
	struct iou_bench_done done;
	struct iou_bench_latency latency;
	uint64_t begin_ns, end_ns, cpu_ns, instructions;
};

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

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

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
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

/* What a variant makes is gone with its process, also where it fails. */
static void measure(struct report *report, const struct iou_bench_variant *variant,
		    const struct iou_bench_work *work, int ready, int go)
{
	struct iou_err err = {};
	void *state = NULL;
	int counter = open_counter();
	int ret;

	report->done.latency = &report->latency;
	ret = variant->open(&state, variant, work, &err);
	if (!ret) {
		wait_for_go(ready, go);
		if (counter >= 0)
			ioctl(counter, PERF_EVENT_IOC_ENABLE, 0);
		report->cpu_ns = now(CLOCK_PROCESS_CPUTIME_ID);
		report->begin_ns = now(CLOCK_MONOTONIC);
		ret = variant->run(state, &report->done, &err);
		report->end_ns = now(CLOCK_MONOTONIC);
		report->cpu_ns = now(CLOCK_PROCESS_CPUTIME_ID) - report->cpu_ns;
		if (counter >= 0 &&
		    read(counter, &report->instructions, sizeof(report->instructions)) < 0)
			report->instructions = 0;
		variant->close(state);
	}
	report->ret = ret;
	report->err = err;
	report->err.detail = NULL;
	report->told = true;
}

/* ---- Around it ---- */

struct process {
	pid_t pid;
	struct report *report;
};

struct processes {
	struct process *list;
	size_t nr;
	struct report *reports;
	int ready[2], go[2];
};

static void release(struct processes *p)
{
	for (size_t i = 0; i < p->nr; i++)
		if (p->list[i].pid > 0) {
			kill(p->list[i].pid, SIGKILL);
			waitpid(p->list[i].pid, NULL, 0);
		}
	for (size_t i = 0; i < 2; i++) {
		iou_close(p->ready[i]);
		iou_close(p->go[i]);
	}
	if (p->reports)
		munmap(p->reports, p->nr * sizeof(*p->reports));
	free(p->list);
}

static int start(struct processes *p, size_t nr, const struct iou_bench_variant *variant,
		 struct iou_bench_work work, const struct iou_bench_config *config)
{
	struct process *process = &p->list[nr];
	pid_t parent = getpid();

	process->report = &p->reports[nr];
	process->pid = fork();
	if (process->pid)
		return process->pid < 0 ? -errno : 0;
	/* Signals that the terminal sends reach us, too; else we end with who started us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	iou_close(p->ready[0]);
	iou_close(p->go[1]);
	if (config->cpus_nr)
		pin_to(config->cpus[nr % config->cpus_nr]);
	work.thread = (uint32_t)nr;
	measure(process->report, variant, &work, p->ready[1], p->go[0]);
	_exit(0);
}

/* Until each is ready or has ended. */
static void wait_for_all(const struct processes *p)
{
	char byte;
	ssize_t got;

	do {
		got = read(p->ready[0], &byte, 1);
	} while (got > 0 || (got < 0 && errno == EINTR));
}

static int collect(struct iou_bench_sample *sample, struct iou_bench_latency *latency,
		   struct processes *p, struct iou_err *err)
{
	uint64_t begin = UINT64_MAX, end = 0;
	struct iou_bench_sample sum = {};
	int ret = 0;

	for (size_t i = 0; i < p->nr; i++) {
		const struct report *report = p->list[i].report;
		int status = 0;

		while (waitpid(p->list[i].pid, &status, 0) < 0 && errno == EINTR)
			;
		p->list[i].pid = 0;
		if (ret)
			continue;
		if (!report->told) {
			ret = iou_err_set(err, IOU_CAUSE_FAILED, "bench", 0,
					  WIFSIGNALED(status) ? "a round was ended by a signal"
							      : "a round ended without a result");
			continue;
		}
		ret = report->ret;
		if (ret && err)
			*err = report->err;
		begin = report->begin_ns < begin ? report->begin_ns : begin;
		end = report->end_ns > end ? report->end_ns : end;
		sum.done.requests += report->done.requests;
		sum.done.enters += report->done.enters;
		sum.cpu_ns += report->cpu_ns;
		sum.instructions += report->instructions;
	}
	if (ret)
		return ret;
	for (size_t i = 0; i < p->nr; i++)
		iou_bench_latency_merge(latency, &p->list[i].report->latency);
	sum.elapsed_ns = end - begin;
	*sample = sum;
	return 0;
}

int iou_bench_measure(struct iou_bench_sample *sample, struct iou_bench_latency *latency,
		      const struct iou_bench_variant *variant, const struct iou_bench_work *work,
		      const struct iou_bench_config *config, struct iou_err *err)
{
	IOU_CLEANUP(release)
	struct processes p = {.nr = config->threads, .ready = {-1, -1}, .go = {-1, -1}};
	int ret = 0;

	p.list = calloc(p.nr, sizeof(*p.list));
	p.reports = mmap(NULL, p.nr * sizeof(*p.reports), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.reports == MAP_FAILED)
		p.reports = NULL;
	if (!p.list || !p.reports)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot begin a round");
	if (pipe2(p.ready, O_CLOEXEC) || pipe2(p.go, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot begin a round");
	for (size_t i = 0; i < p.nr && !ret; i++)
		ret = start(&p, i, variant, *work, config);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", -ret, "cannot begin a round");
	iou_close(TAKE_FD(p.ready[1]));
	wait_for_all(&p);
	iou_close(TAKE_FD(p.go[1]));
	return collect(sample, latency, &p, err);
}
