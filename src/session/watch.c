// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/watch.h"

#include <errno.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Interrupts io_uring_enter(2) in the runner, and ends the watcher's wait. */
#define KICK SIGUSR1

#define NSEC_PER_SEC 1000000000ULL

/* A kick that comes just before the call it should interrupt is lost: it is sent again. */
#define KICK_AGAIN_NS 5000000ULL

/* A loop that takes no step in longer than a step may last is asleep (DESIGN: 20 ms). */
#define ASLEEP_MS 25

/* How long a loop may take to finish in its own way once the time is over. */
#define TIMEOUT_GRACE_NS NSEC_PER_SEC

static void kicked(int signum)
{
	(void)signum;
}

/* Those that end a program, but for the ones that it was started without (nohup, `&` in a script).
 */
static void stop_signals(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction now;

		sigaction(signals[i], NULL, &now);
		if (now.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
	}
}

/* Ask the loop to finish; one that cannot be asked is ended. */
static void request_stop(struct iou_watch *watch)
{
	if (watch->stop_requested)
		__atomic_store_n(watch->stop_requested, 1, __ATOMIC_RELEASE);
	else
		watch->abort = true;
	pthread_kill(watch->runner, KICK);
}

static void on_signal(struct iou_watch *watch, int signum)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&watch->signal, &none, signum)) {
		request_stop(watch);
	} else {
		watch->abort = true;
		pthread_kill(watch->runner, KICK);
	}
}

static bool is_asleep(const struct iou_watch *watch)
{
	uint64_t steps = watch->steps ? *watch->steps : 0;

	for (int ms = 0; ms < ASLEEP_MS && watch->steps; ms++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		if (*watch->steps != steps)
			return false;
	}
	return true;
}

/* What a sleeping loop waits for can only be seen before it is asked to stop. */
static void on_timeout(struct iou_watch *watch)
{
	watch->asleep = is_asleep(watch);
	if (watch->asleep) {
		iou_ring_snapshot(watch->ring, &watch->ring_asleep);
		watch->in_flight_asleep = watch->in_flight ? *watch->in_flight : 0;
	}
	watch->timed_out = true;
	request_stop(watch);
}

/* The earlier of two times, 0 being never. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ?: b;
	return a < b ? a : b;
}

static int wait_for_signal(const sigset_t *set, uint64_t now, uint64_t until)
{
	uint64_t left = until > now ? until - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(left / NSEC_PER_SEC),
		.tv_nsec = (long)(left % NSEC_PER_SEC),
	};

	return until ? sigtimedwait(set, NULL, &ts) : sigwaitinfo(set, NULL);
}

static uint64_t deadline_of(const struct iou_watch *watch)
{
	uint64_t deadline;

	if (!watch->config->timeout_ns ||
	    __builtin_add_overflow(watch->start_ns, watch->config->timeout_ns, &deadline))
		return 0;
	return deadline;
}

static void *watcher(void *data)
{
	struct iou_watch *watch = data;
	const struct iou_run_config *config = watch->config;
	uint64_t deadline = deadline_of(watch), grace = 0;
	uint64_t tick = config->tick_ns ? watch->start_ns + config->tick_ns : 0;
	sigset_t set;

	stop_signals(&set);
	sigaddset(&set, KICK);
	sem_post(&watch->ready);
	while (!watch->finished) {
		uint64_t now = iou_clock_now();
		uint64_t until = earlier(earlier(deadline, grace), tick);
		int signum;

		if (watch->abort)
			until = earlier(until, now + KICK_AGAIN_NS);
		signum = wait_for_signal(&set, now, until);
		now = iou_clock_now();
		if (signum > 0 && signum != KICK)
			on_signal(watch, signum);
		if (watch->finished)
			break;
		if (deadline && now >= deadline) {
			on_timeout(watch);
			deadline = 0;
			grace = now + TIMEOUT_GRACE_NS;
		}
		if (grace && now >= grace) {
			watch->abort = true;
			grace = 0;
		}
		if (watch->abort)
			pthread_kill(watch->runner, KICK);
		if (tick && now >= tick) {
			config->tick(config->tick_data, now - watch->start_ns);
			tick = now + config->tick_ns;
		}
	}
	return NULL;
}

static void sigpipe_alone(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGPIPE);
}

/* In the runner alone, whose requests the loop's are: what the watcher writes, such as a trace,
 * ends with its reader as ever. Worker threads of the ring block it anyway. */
static void hold_sigpipe(const struct iou_watch *watch)
{
	sigset_t set;

	sigpipe_alone(&set);
	if (watch->holds_sigpipe)
		pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* It would be delivered with the old mask. One that the caller blocks is his. */
static void drop_sigpipe(const struct iou_watch *watch)
{
	const struct timespec none = {};
	sigset_t set;

	sigpipe_alone(&set);
	if (watch->holds_sigpipe && !sigismember(&watch->old_mask, SIGPIPE))
		sigtimedwait(&set, NULL, &none);
}

void iou_watch_hold(sigset_t *old)
{
	sigset_t set;

	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, old);
}

int iou_watch_start(struct iou_watch *watch)
{
	struct sigaction action = {.sa_handler = kicked}; /* no SA_RESTART: EINTR is wanted */
	sigset_t blocked, kick;
	int ret;

	watch->runner = pthread_self();
	watch->start_ns = iou_clock_now();
	sigaction(KICK, &action, &watch->old_kick);

	/* The watcher inherits a mask that blocks all it waits for; the runner opens to the kick.
	 */
	stop_signals(&blocked);
	sigaddset(&blocked, KICK);
	pthread_sigmask(SIG_BLOCK, &blocked, &watch->old_mask);
	sem_init(&watch->ready, 0, 0);
	ret = pthread_create(&watch->thread, NULL, watcher, watch);
	if (ret) {
		sem_destroy(&watch->ready);
		pthread_sigmask(SIG_SETMASK, &watch->old_mask, NULL);
		sigaction(KICK, &watch->old_kick, NULL);
		return -ret;
	}
	sigemptyset(&kick);
	sigaddset(&kick, KICK);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	hold_sigpipe(watch);
	/* What it takes to start is no part of the run. */
	while (sem_wait(&watch->ready) && errno == EINTR)
		;
	return 0;
}

/* A signal that came too late for the watcher would end us before we could print anything. */
static void take_late_signal(struct iou_watch *watch)
{
	const struct timespec none = {};
	sigset_t set;
	int signum, first = 0;

	stop_signals(&set);
	signum = sigtimedwait(&set, NULL, &none);
	if (signum > 0)
		atomic_compare_exchange_strong(&watch->signal, &first, signum);
}

void iou_watch_stop(struct iou_watch *watch)
{
	watch->finished = true;
	pthread_kill(watch->thread, KICK);
	pthread_join(watch->thread, NULL);
	sem_destroy(&watch->ready);
	take_late_signal(watch);
	drop_sigpipe(watch);
	/* No kick is under way any more: only the watcher sends them. */
	sigaction(KICK, &watch->old_kick, NULL);
	pthread_sigmask(SIG_SETMASK, &watch->old_mask, NULL);
}
