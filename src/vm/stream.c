// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* As much of it is on its way already: reading more would only fill our own memory. */
#define LINK_CHOKED (256 * 1024)

bool iou_vm_source_wants(const struct iou_vm_source *source, const struct iou_vm_link *link)
{
	if (source->fd < 0 || source->ended)
		return false;
	return source->channel < 0 ||
	       (source->credit > 0 && iou_vm_link_pending(link) < LINK_CHOKED);
}

ssize_t iou_vm_source_read(struct iou_vm_source *source, struct iou_vm_link *link)
{
	char data[IOU_VM_DATA_MAX];
	size_t most = sizeof(data);
	ssize_t n;

	if (source->channel >= 0 && source->credit < most)
		most = source->credit;
	do
		n = read(source->fd, data, most);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n <= 0) {
		source->ended = true;
		return 0;
	}
	if (source->channel < 0)
		return n;
	source->credit -= (uint32_t)n;
	if (iou_vm_link_send(link, IOU_VM_DATA, source->channel, data, (size_t)n))
		return -ENOMEM;
	return n;
}

void iou_vm_sink_release(struct iou_vm_sink *sink)
{
	free(sink->queue.data);
	*sink = (struct iou_vm_sink){.fd = -1};
}

size_t iou_vm_sink_pending(const struct iou_vm_sink *sink)
{
	return sink->queue.end - sink->queue.at;
}

static int give_credit(struct iou_vm_sink *sink, struct iou_vm_link *link, size_t bytes)
{
	uint32_t credit = (uint32_t)bytes;

	return bytes ? iou_vm_link_send(link, IOU_VM_CREDIT, sink->channel, &credit, sizeof(credit))
		     : 0;
}

int iou_vm_sink_push(struct iou_vm_sink *sink, struct iou_vm_link *link, const char *data,
		     size_t length)
{
	struct iou_vm_buffer *queue = &sink->queue;

	/* Who writes to a closed stream learns of it by CLOSE, and must not hang until then. */
	if (sink->closed)
		return give_credit(sink, link, length);
	if (iou_vm_sink_pending(sink) + length > IOU_VM_WINDOW)
		return -EPROTO;
	if (iou_vm_buffer_reserve(queue, length))
		return -ENOMEM;
	__builtin_memcpy(queue->data + queue->end, data, length);
	queue->end += length;
	return 0;
}

static ssize_t write_once(const struct iou_vm_sink *sink)
{
	const char *data = sink->queue.data + sink->queue.at;
	size_t length = iou_vm_sink_pending(sink);

	if (sink->chunk && length > sink->chunk)
		length = sink->chunk;
	if (sink->socket)
		return send(sink->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(sink->fd, data, length);
}

int iou_vm_sink_write(struct iou_vm_sink *sink, struct iou_vm_link *link)
{
	size_t written = 0;

	while (!sink->closed && iou_vm_sink_pending(sink)) {
		ssize_t n = write_once(sink);

		if (n >= 0) {
			written += (size_t)n;
			sink->queue.at += (size_t)n;
			/* One piece at a time: the next one might block. */
			if (sink->chunk)
				break;
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			sink->closed = true;
			sink->errnum = errno;
			written += iou_vm_sink_pending(sink);
			sink->queue.at = sink->queue.end;
			if (iou_vm_link_send(link, IOU_VM_CLOSE, sink->channel, NULL, 0))
				return -ENOMEM;
		}
	}
	return give_credit(sink, link, written);
}
