// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/tail.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static void line_done(struct iou_vm_tail *tail)
{
	char *line = tail->lines[tail->count % IOU_VM_TAIL_LINES];

	tail->partial[tail->partial_len] = '\0';
	tail->partial_len = 0;
	if (!tail->partial[0])
		return;
	iou_text_escape(line, IOU_VM_TAIL_WIDTH, tail->partial);
	tail->count++;
	if (tail->watch && !tail->watched[0] && strstr(line, tail->watch))
		strcpy(tail->watched, line);
	if (tail->note)
		tail->note("%s%s", line, tail->cr ? "\r" : "");
}

static void take(struct iou_vm_tail *tail, char c)
{
	if (c == '\n' || tail->partial_len + 1 >= sizeof(tail->partial))
		line_done(tail);
	/* A serial console ends lines in CR LF; a NUL would hide what follows it. */
	if (c != '\n' && c != '\r' && c != '\0')
		tail->partial[tail->partial_len++] = c;
}

void iou_vm_tail_read(struct iou_vm_tail *tail)
{
	char data[4096];

	while (tail->fd >= 0) {
		ssize_t n = read(tail->fd, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			line_done(tail);
			iou_close(TAKE_FD(tail->fd));
			return;
		}
		for (ssize_t i = 0; i < n; i++)
			take(tail, data[i]);
	}
}

static size_t first_kept(const struct iou_vm_tail *tail)
{
	return tail->count > IOU_VM_TAIL_LINES ? tail->count - IOU_VM_TAIL_LINES : 0;
}

const char *iou_vm_tail_last(const struct iou_vm_tail *tail)
{
	return tail->count ? tail->lines[(tail->count - 1) % IOU_VM_TAIL_LINES] : NULL;
}

char *iou_vm_tail_text(const struct iou_vm_tail *tail, const char *title)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	if (!tail->count)
		return NULL;
	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	fprintf(f, "%s\n", title);
	for (size_t i = first_kept(tail); i < tail->count; i++)
		fprintf(f, "%s\n", tail->lines[i % IOU_VM_TAIL_LINES]);
	fclose(f);
	return text;
}
