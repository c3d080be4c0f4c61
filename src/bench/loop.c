// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "session/session.h"

/* The table that the build makes (bpf/CMakeLists.txt). */
extern const struct iou_builtin iou_bench_loops[];
extern const size_t iou_bench_loops_nr;

struct state {
	struct iou_image image;
	struct iou_loop *loop;
	struct iou_session session;
	uint64_t count, timeout_ns;
};

static int set_param(struct iou_loop *loop, const char *word, struct iou_err *err)
{
	IOU_FREE char *name = strdup(word);
	char *value = name ? strchr(name, '=') : NULL;
	const struct iou_decl *param;

	if (!name)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot set '%s'", word);
	if (value)
		*value++ = '\0';
	param = iou_loop_param(loop, name);
	if (!param || !value)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' has no such parameter: '%s'", iou_loop_name(loop), word);
	return iou_loop_param_set(loop, param, value, err);
}

static int open_session(struct state *s, const struct iou_bench_work *work, uint64_t begin_ns,
			struct iou_err *err)
{
	struct iou_session_times times = {};
	const struct iou_session_config config = {.times = &times};
	uint64_t opened_ns;
	int ret;

	if (work->startup)
		iou_loop_measure(s->loop);
	opened_ns = iou_clock_now();
	ret = iou_session_open(&s->session, s->loop, &config, err);
	if (!ret && work->startup)
		*work->startup = (struct iou_bench_startup){
			.known = true,
			.open = opened_ns - begin_ns,
			.ring = times.ring_ns - opened_ns,
			.load = times.load_ns - times.ring_ns,
			.verifier = iou_loop_size(s->loop)->verified_ns,
			.attach = times.attach_ns - times.load_ns,
		};
	return ret;
}

/* Those that only jobs know, too. */
static int find(struct iou_image *image, const char *spec, const struct iou_bench_work *work,
		struct iou_err *err)
{
	for (size_t i = 0; i < iou_bench_loops_nr && !work->loop; i++)
		if (strcmp(iou_bench_loops[i].name, spec) == 0)
			return iou_image_builtin(image, &iou_bench_loops[i], err);
	return iou_image_find(image, work->loop ?: spec, err);
}

static bool has_param(struct iou_loop *loop, const char *word)
{
	IOU_FREE char *name = strndup(word, strcspn(word, "="));

	return name && iou_loop_param(loop, name);
}

static int open_loop(struct state *s, const struct iou_bench_work *work, const char *spec,
		     const char *const *params, struct iou_err *err)
{
	char *const *own = work->loop ? work->loop_params : NULL;
	uint64_t begin_ns = iou_clock_now();
	int ret = find(&s->image, spec, work, err)
			  ?: iou_loop_open(&s->loop, &s->image, work->loop ? work->ops : NULL, err);

	for (; !ret && params && *params; params++)
		if (!work->loop || has_param(s->loop, *params))
			ret = set_param(s->loop, *params, err);
	for (; !ret && own && *own; own++)
		ret = set_param(s->loop, *own, err);
	return ret ?: open_session(s, work, begin_ns, err);
}

int iou_bench_loop_open(void **state, const struct iou_bench_work *work, const char *spec,
			const char *const *params, uint64_t count, struct iou_err *err)
{
	struct state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot open a loop");
	s->session = IOU_SESSION_INIT;
	s->count = count;
	s->timeout_ns = work->timeout_ns;
	ret = open_loop(s, work, spec, params, err);
	if (ret) {
		iou_bench_loop_close(s);
		return ret;
	}
	*state = s;
	return 0;
}

/* How far it says it is. */
static uint64_t requests_of(const struct state *s)
{
	const struct iou_decls *decls = iou_loop_decls(s->loop);
	uint64_t value;

	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].of &&
		    !iou_loop_var_get(s->loop, decls->list[i].variable, &value))
			return value;
	return s->count;
}

int iou_bench_loop_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct state *s = state;
	const struct iou_run_config config = {.timeout_ns = s->timeout_ns};
	struct iou_run run;
	int ret = iou_session_run(&s->session, &config, &run, err);

	if (ret)
		return ret;
	if (run.stop == IOU_STOP_TIMED_OUT)
		return iou_err_set(err, IOU_CAUSE_TIMEOUT, "run", ETIMEDOUT,
				   "'%s' did not end its job in time", iou_loop_name(s->loop));
	if (run.stop != IOU_STOP_DONE)
		return iou_err_set(err, IOU_CAUSE_FAILED, "run", run.stop_errno,
				   "'%s' did not end its job: %s%s%s", iou_loop_name(s->loop),
				   iou_stop_name(run.stop), run.stop_text[0] ? ": " : "",
				   run.stop_text);
	done->requests = requests_of(s);
	if (!done->requests)
		return iou_err_set(err, IOU_CAUSE_FAILED, "run", 0, "'%s' did nothing",
				   iou_loop_name(s->loop));
	done->cpu_ns = run.cpu_ns;
	done->enters = run.enter_calls;
	done->begin_ns = run.start_ns;
	done->end_ns = run.start_ns + run.elapsed_ns;
	return 0;
}

const char *iou_bench_loop_listens(void *state)
{
	const struct state *s = state;
	const struct iou_decls *decls = iou_loop_decls(s->loop);

	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].what == IOU_DECL_PARAM && decls->list[i].kind == IOU_KIND_LISTEN)
			return iou_loop_param_text(s->loop, &decls->list[i]);
	return NULL;
}

const void *iou_bench_loop_buffers(const void *state, size_t *size)
{
	const struct state *s = state;

	*size = s->session.resources.buffers_size;
	return s->session.resources.buffers;
}

void iou_bench_loop_close(void *state)
{
	struct state *s = state;

	iou_loop_free(s->loop);
	iou_session_release(&s->session);
	iou_image_release(&s->image);
	free(s);
}
