// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trace/trace.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trace/decode.h"
#include "trace/out.h"

/* Records in one go: the caller has signals and time to look after. */
#define BUDGET 1000

/* A record makes two lines at most, if some were lost before it. */
#define RECORD_MAX (IOU_TRACE_LINE_MAX + 64)

struct iou_trace {
	const struct iou_loop *loop;
	struct ring_buffer *records;
	struct iou_out out;
	uint64_t start_ns;
	uint64_t next; /* the sequence number that comes if none was lost */
	uint64_t written, lost;
	int budget;
};

static void miss(struct iou_trace *trace, uint64_t until)
{
	uint64_t missing = until - trace->next;
	char line[64];
	int length;

	if (!missing)
		return;
	length = snprintf(line, sizeof(line), "... %" PRIu64 " lost\n", missing);
	iou_out_put(&trace->out, line, (size_t)length);
	trace->lost += missing;
	trace->next = until;
}

static int on_record(void *data, void *bytes, size_t size)
{
	struct iou_trace *trace = data;
	const struct iou_trace_record *record = bytes;
	char line[IOU_TRACE_LINE_MAX + 1];
	size_t length;

	/* An object's own word: one that is not of the form is none. */
	if (size < sizeof(*record))
		return 0;
	if (record->sequence > trace->next)
		miss(trace, record->sequence);
	iou_trace_decode(line, sizeof(line) - 1, record, trace->start_ns);
	length = strlen(line);
	line[length] = '\n';
	iou_out_put(&trace->out, line, length + 1);
	trace->written++;
	trace->next = record->sequence + 1;
	/* It is consumed all the same. */
	return --trace->budget > 0 ? 0 : -EAGAIN;
}

int iou_trace_open(struct iou_trace **out, const struct iou_loop *loop, int fd, struct iou_err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(iou_loop_object(loop), "iou_trace");
	struct iou_trace *trace = calloc(1, sizeof(*trace));
	int ret;

	if (!trace)
		return iou_err_set(err, IOU_CAUSE_FAILED, "run", ENOMEM, "cannot trace '%s'",
				   iou_loop_name(loop));
	trace->loop = loop;
	trace->start_ns = iou_clock_now();
	ret = iou_out_init(&trace->out, fd);
	if (!ret) {
		trace->records = ring_buffer__new(map ? bpf_map__fd(map) : -1, on_record, trace,
						  NULL);
		ret = trace->records ? 0 : -errno;
	}
	if (ret) {
		iou_trace_free(trace);
		return iou_err_set(err, IOU_CAUSE_FAILED, "run", -ret, "cannot trace '%s'",
				   iou_loop_name(loop));
	}
	*out = trace;
	return 0;
}

bool iou_trace_consume(struct iou_trace *trace)
{
	int ret = -EAGAIN;

	/* Those for which there is no room wait in the loop's own buffer. */
	iou_out_flush(&trace->out, 0);
	if (iou_out_has_room(&trace->out, BUDGET * RECORD_MAX)) {
		trace->budget = BUDGET;
		ret = ring_buffer__consume(trace->records);
		iou_out_flush(&trace->out, 0);
	}
	return ret == -EAGAIN;
}

int iou_trace_finish(struct iou_trace *trace, int patience_ms)
{
	bool more;

	do {
		more = iou_trace_consume(trace);
		if (!iou_out_flush(&trace->out, patience_ms))
			return -ETIMEDOUT;
	} while (more);
	return -trace->out.errnum;
}

void iou_trace_count(const struct iou_trace *trace, uint64_t *written, uint64_t *lost)
{
	uint64_t sequence = trace->next;

	/* Those behind the last record that came are seen by the loop's own count alone. */
	iou_loop_var_get(trace->loop, "iou_control.trace_sequence", &sequence);
	*written = trace->written;
	*lost = trace->lost + (sequence > trace->next ? sequence - trace->next : 0);
}

void iou_trace_free(struct iou_trace *trace)
{
	if (!trace)
		return;
	ring_buffer__free(trace->records);
	iou_out_release(&trace->out);
	free(trace);
}
