/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Documents on a stream: aligned text, or JSON. */
#pragma once

#include <stdio.h>

#include "render/doc.h"

enum iou_format { IOU_FORMAT_TEXT, IOU_FORMAT_JSON, IOU_FORMAT_JSON_PRETTY };

/* 0, or -ENOMEM, or the error of the stream as far as stdio has met it (it is not flushed). */
int iou_render(FILE *out, const struct iou_doc *doc, enum iou_format format);

/* The two forms; one line, or indented, of JSON. */
int iou_render_text(FILE *out, const struct iou_doc *doc);
int iou_render_json(FILE *out, const struct iou_doc *doc, bool pretty);

/* A field as it stands inside a line of text: 5, "abc", {a 1, b [2, 3]}. To be freed; or NULL. */
char *iou_render_inline(const struct iou_doc *field);
