// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

void iou_vm_failure_from(struct iou_vm_failure *failure, const struct iou_err *err)
{
	*failure = (struct iou_vm_failure){.cause = (int32_t)err->cause, .errnum = err->errnum};
	snprintf(failure->message, sizeof(failure->message), "%.*s",
		 (int)sizeof(failure->message) - 1, err->message);
	snprintf(failure->hint, sizeof(failure->hint), "%.*s", (int)sizeof(failure->hint) - 1,
		 err->hint);
}

int iou_vm_failure_to(const struct iou_vm_failure *failure, struct iou_err *err)
{
	int ret = iou_err_set(err, (enum iou_cause)failure->cause, "vm", failure->errnum, "%.*s",
			      (int)sizeof(failure->message), failure->message);

	if (failure->hint[0])
		iou_err_hint(err, "%.*s", (int)sizeof(failure->hint), failure->hint);
	return ret;
}

int iou_vm_buffer_reserve(struct iou_vm_buffer *buffer, size_t more)
{
	size_t used = buffer->end - buffer->at, size = buffer->size ?: 4096;
	char *data;

	if (buffer->at && (!used || buffer->size - buffer->end < more)) {
		memmove(buffer->data, buffer->data + buffer->at, used);
		buffer->at = 0;
		buffer->end = used;
	}
	if (buffer->size - buffer->end >= more)
		return 0;
	while (size < used + more)
		size *= 2;
	data = realloc(buffer->data, size);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->size = size;
	return 0;
}

void iou_vm_link_release(struct iou_vm_link *link)
{
	free(link->in.data);
	free(link->out.data);
	*link = (struct iou_vm_link){.fd = -1};
}

int iou_vm_link_send(struct iou_vm_link *link, enum iou_vm_frame_type type, int channel,
		     const void *data, size_t length)
{
	struct iou_vm_buffer *out = &link->out;
	struct iou_vm_frame frame = {
		.type = (uint8_t)type,
		.channel = (uint8_t)channel,
		.length = (uint32_t)length,
	};
	int ret;

	if (length > IOU_VM_FRAME_MAX)
		return -E2BIG;
	ret = iou_vm_buffer_reserve(out, sizeof(frame) + length);
	if (ret)
		return ret;
	memcpy(out->data + out->end, &frame, sizeof(frame));
	out->end += sizeof(frame);
	if (length)
		memcpy(out->data + out->end, data, length);
	out->end += length;
	return 0;
}

size_t iou_vm_link_pending(const struct iou_vm_link *link)
{
	return link->out.end - link->out.at;
}

int iou_vm_link_flush(struct iou_vm_link *link)
{
	struct iou_vm_buffer *out = &link->out;

	while (out->at < out->end) {
		ssize_t n = write(link->fd, out->data + out->at, out->end - out->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -EPIPE;
		out->at += (size_t)n;
	}
	return 0;
}

ssize_t iou_vm_link_fill(struct iou_vm_link *link)
{
	struct iou_vm_buffer *in = &link->in;
	ssize_t n;

	if (iou_vm_buffer_reserve(in, IOU_VM_DATA_MAX))
		return -ENOMEM;
	do
		n = read(link->fd, in->data + in->end, in->size - in->end);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n <= 0)
		return -EPIPE;
	in->end += (size_t)n;
	return n;
}

int iou_vm_link_next(struct iou_vm_link *link, struct iou_vm_frame *frame, const char **data)
{
	struct iou_vm_buffer *in = &link->in;
	struct iou_vm_frame head;

	if (in->end - in->at < sizeof(head))
		return 0;
	memcpy(&head, in->data + in->at, sizeof(head));
	if (head.length > IOU_VM_FRAME_MAX || head.channel > STDERR_FILENO)
		return -EPROTO;
	if (in->end - in->at < sizeof(head) + head.length)
		return 0;
	*frame = head;
	*data = in->data + in->at + sizeof(head);
	in->at += sizeof(head) + head.length;
	return 1;
}
