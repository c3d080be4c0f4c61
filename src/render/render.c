// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "render/render.h"

#include <errno.h>

int iou_render(FILE *out, const struct iou_doc *doc, enum iou_format format)
{
	if (!doc || doc->failed)
		return -ENOMEM;
	if (format == IOU_FORMAT_TEXT)
		return iou_render_text(out, doc);
	return iou_render_json(out, doc, format == IOU_FORMAT_JSON_PRETTY);
}
