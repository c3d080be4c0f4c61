// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dump/dump.h"

#include "dump/globals.h"
#include "dump/maps.h"
#include "dump/value.h"

int iou_dump_check(const struct iou_loop *loop, const struct iou_dump_config *config,
		   struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < config->get_nr && !ret; i++)
		ret = iou_dump_global_check(loop, config->get[i], err);
	return ret;
}

void iou_dump_add(struct iou_doc *doc, const struct iou_loop *loop,
		  const struct iou_dump_config *config)
{
	struct iou_doc *globals = iou_doc_object(doc, "globals");
	struct iou_dump dump;
	struct iou_var control;

	iou_dump_init(&dump, iou_loop_btf(loop), config->all);
	for (size_t i = 0; i < config->get_nr; i++)
		iou_dump_global(&dump, globals, loop, config->get[i]);
	if (!config->get_nr)
		iou_dump_globals(&dump, globals, loop,
				 iou_loop_var(loop, "iou_control", &control) != 0);
	iou_dump_maps(&dump, iou_doc_object(doc, "maps"), loop);
}
