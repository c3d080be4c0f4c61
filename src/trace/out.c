// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trace/out.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE (1UL << 20)

/* A pipe that can be written has room for this much (pipe(7), PIPE_BUF), so that it does not block.
 */
#define CHUNK 4096

int iou_out_init(struct iou_out *out, int fd)
{
	*out = (struct iou_out){.fd = fd, .buffer = malloc(BUFFER_SIZE)};
	return out->buffer ? 0 : -ENOMEM;
}

void iou_out_release(struct iou_out *out)
{
	free(out->buffer);
	*out = (struct iou_out){.fd = -1};
}

bool iou_out_has_room(const struct iou_out *out, size_t length)
{
	return out->errnum || length <= BUFFER_SIZE - out->length;
}

void iou_out_put(struct iou_out *out, const char *text, size_t length)
{
	/* What cannot be written is not kept. */
	if (out->errnum)
		return;
	if (length > BUFFER_SIZE - out->at - out->length) {
		memmove(out->buffer, out->buffer + out->at, out->length);
		out->at = 0;
	}
	memcpy(out->buffer + out->at + out->length, text, length);
	out->length += length;
}

/* Files are always ready, and take any amount. */
static bool is_ready(const struct iou_out *out, int patience_ms)
{
	struct pollfd pollfd = {.fd = out->fd, .events = POLLOUT};

	return poll(&pollfd, 1, patience_ms) > 0;
}

bool iou_out_flush(struct iou_out *out, int patience_ms)
{
	while (out->length && !out->errnum) {
		size_t most = out->length < CHUNK ? out->length : CHUNK;
		ssize_t written;

		if (!is_ready(out, patience_ms))
			return false;
		written = write(out->fd, out->buffer + out->at, most);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			out->errnum = errno;
		if (written <= 0)
			continue;
		out->at += (size_t)written;
		out->length -= (size_t)written;
	}
	return true;
}
