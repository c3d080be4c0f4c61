// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/session.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "session/geometry.h"
#include "session/watch.h"

/* No SQ array to keep, no SQ head and tail to move: faster, where the kernel has them. */
#define FLAGS_WANTED (IORING_SETUP_NO_SQARRAY | IORING_SETUP_SQ_REWIND)

/* Entries that the loop declares, or @otherwise. */
static int declared_entries(const struct iou_loop *loop, const char *text, uint32_t otherwise,
			    uint32_t *entries, struct iou_err *err)
{
	uint64_t value = otherwise;

	if (text && (iou_loop_eval(loop, text, &value) || value > UINT32_MAX)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' wants a ring of %s entries, which is too many",
			    iou_loop_name(loop), text);
		iou_err_hint(err, "say how many with --entries and --cq-entries");
		return -ERANGE;
	}
	*entries = (uint32_t)value ?: otherwise;
	return 0;
}

/* The setup flags that the loop declares, "submit-all -sq-rewind", below what the user says. */
static int declared_flags(const struct iou_loop *loop, const char *text,
			  struct iou_session_config *config, struct iou_err *err)
{
	IOU_FREE char *copy = strdup(text ?: "");
	uint32_t said = config->flags_on | config->flags_off;
	char *rest = copy, *word;

	while (rest && (word = strsep(&rest, " "))) {
		bool off = word[0] == '-';
		int bit = iou_ring_flag_bit(word + off);

		if (!word[0])
			continue;
		if (bit < 0)
			return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
					   "'%s' wants a ring with '%s', which is no setup flag",
					   iou_loop_name(loop), word + off);
		*(off ? &config->flags_off : &config->flags_on) |= (1U << bit) & ~said;
	}
	return copy ? 0 : iou_err_set(err, IOU_CAUSE_FAILED, "ring", ENOMEM, "cannot make a ring");
}

static int ring_config(const struct iou_loop *loop, struct iou_session_config config,
		       struct iou_ring_config *ring, struct iou_err *err)
{
	const struct iou_decl *self = iou_loop_self(loop);
	uint32_t sq = config.sq_entries, cq = config.cq_entries;
	int ret = self ? declared_flags(loop, self->flags, &config, err) : 0;

	if (!ret && !sq)
		ret = declared_entries(loop, self ? self->sq : NULL, IOU_SESSION_SQ_ENTRIES, &sq,
				       err);
	if (!ret && !cq)
		ret = declared_entries(loop, self ? self->cq : NULL, IOU_SESSION_CQ_ENTRIES, &cq,
				       err);
	if (ret)
		return ret;
	if (!config.cq_entries && cq < sq)
		cq = sq;
	*ring = (struct iou_ring_config){
		.sq_entries = sq,
		.cq_entries = cq,
		.flags = (IOU_RING_LOOP_FLAGS | config.flags_on) & ~config.flags_off,
		.flags_wanted = FLAGS_WANTED & ~config.flags_off,
	};
	return 0;
}

/* From nothing to a loop that the kernel has verified. */
static int load(struct iou_session *session, const struct iou_session_config *config,
		bool with_resources, struct iou_err *err)
{
	struct iou_loop *loop = session->loop;
	struct iou_ring_config ring;
	int ret = iou_sets_apply(config->sets, config->sets_nr, loop, NULL, NULL, err);

	if (!ret)
		ret = ring_config(loop, *config, &ring, err);
	if (!ret && config->trace && iou_loop_trace_set(loop, true)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' cannot be traced: it was written without iouctl/loop.bpf.h, or "
			    "with IOU_NO_TRACE",
			    iou_loop_name(loop));
		ret = -EOPNOTSUPP;
	}
	if (!ret)
		ret = iou_ring_init(&session->ring, &ring, err);
	if (!ret)
		ret = iou_geometry_set(loop, &session->ring.params, err);
	if (!ret)
		iou_loop_form_set(loop, session->ring.params.flags & IORING_SETUP_SQ_REWIND);
	if (!ret)
		ret = iou_sets_apply(config->sets, config->sets_nr, loop, &session->ring,
				     with_resources ? &session->held : NULL, err);
	if (!ret)
		ret = iou_resources_open(&session->resources,
					 with_resources ? &session->ring : NULL, loop, err);
	if (ret)
		return ret;
	iou_loop_ring_fd_set(loop, session->ring.fd);
	if (config->times)
		config->times->ring_ns = iou_clock_now();
	ret = iou_loop_load(loop, err);
	if (config->times)
		config->times->load_ns = iou_clock_now();
	return ret ?: iou_resources_place_timers(loop, err);
}

int iou_session_open(struct iou_session *session, struct iou_loop *loop,
		     const struct iou_session_config *config, struct iou_err *err)
{
	struct iou_session opened = {.ring = IOU_RING_INIT, .loop = loop};
	int ret = load(&opened, config, true, err);

	if (!ret) {
		iou_watch_hold(&opened.old_mask);
		opened.holds_signals = true;
		ret = iou_loop_attach(loop, err);
	}
	if (config->times)
		config->times->attach_ns = iou_clock_now();
	if (!ret)
		ret = iou_loop_run_check(loop, err);
	if (!ret)
		ret = iou_resources_begin(&opened.resources, err);
	if (!ret)
		ret = iou_held_begin(&opened.held, err);
	if (ret) {
		iou_session_release(&opened);
		return ret;
	}
	*session = opened;
	return 0;
}

int iou_session_verify(struct iou_session *session, struct iou_loop *loop,
		       const struct iou_session_config *config, struct iou_err *err)
{
	struct iou_session opened = {.ring = IOU_RING_INIT, .loop = loop};
	int ret = load(&opened, config, false, err);

	if (ret) {
		iou_session_release(&opened);
		return ret;
	}
	*session = opened;
	return 0;
}

void iou_session_let_go(struct iou_session *session)
{
	if (session->holds_signals)
		pthread_sigmask(SIG_SETMASK, &session->old_mask, NULL);
	session->holds_signals = false;
}

void iou_session_release(struct iou_session *session)
{
	iou_session_let_go(session);
	iou_ring_release(&session->ring);
	iou_resources_release(&session->resources);
	/* Its requests used them. */
	iou_held_release(&session->held);
	session->loop = NULL;
}

const char *iou_stop_name(enum iou_stop stop)
{
	static const char *const names[] = {
		[IOU_STOP_DONE] = "done",
		[IOU_STOP_FAILED] = "failed",
		[IOU_STOP_INTERRUPTED] = "interrupted",
		[IOU_STOP_TIMED_OUT] = "timed-out",
		[IOU_STOP_EJECTED] = "ejected",
		[IOU_STOP_BAD_RETURN] = "bad-return",
	};

	return names[stop];
}
