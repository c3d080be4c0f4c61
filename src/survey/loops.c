// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loops, as the iterators tell of them. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "survey/internal.h"

_Static_assert(IOU_RECORD_META == IOU_META_SIZE, "bpf/survey.bpf.c reads it");

struct iou_survey_loop *iou_survey_loop(struct iou_survey *survey, uint32_t map_id)
{
	struct iou_survey_loop *list = realloc(survey->loops,
					       (survey->loops_nr + 1) * sizeof(*list)),
			       *loop;

	if (!list)
		return NULL;
	survey->loops = list;
	loop = &list[survey->loops_nr++];
	*loop = (struct iou_survey_loop){.map_id = map_id};
	return loop;
}

static int add_loop(struct iou_survey *survey, const struct iou_loop_record *record)
{
	struct iou_survey_loop *loop = iou_survey_loop(survey, record->map_id);
	uint64_t now = iou_clock_ns(CLOCK_BOOTTIME);

	if (!loop)
		return -ENOMEM;
	memcpy(loop->map_name, record->map_name, sizeof(loop->map_name) - 1);
	memcpy(loop->prog_name, record->prog_name, sizeof(loop->prog_name) - 1);
	loop->prog_id = record->prog_id;
	loop->has_bound = true;
	loop->bound = record->ctx != 0;
	loop->ctx = record->ctx;
	loop->ops = record->ops;
	loop->has_meta = record->has_meta &&
			 iou_meta_decode(record->meta, sizeof(record->meta), &loop->meta) == 0;
	loop->has_age = record->loaded_ns && record->loaded_ns <= now;
	loop->age_ns = loop->has_age ? now - record->loaded_ns : 0;
	return 0;
}

/* Of a map that was attached twice, which iouctl never does, the first that was found. */
static void add_link(struct iou_survey *survey, const struct iou_link_record *record)
{
	for (size_t i = 0; record->map_id && i < survey->loops_nr; i++)
		if (survey->loops[i].map_id == record->map_id && !survey->loops[i].link_id)
			survey->loops[i].link_id = record->link_id;
}

static int add_holder(struct iou_survey *survey, const struct iou_file_record *record)
{
	struct iou_survey_at at = {
		.pid = record->pid,
		.tid = record->tid,
		.fd = (int32_t)record->fd,
	};

	memcpy(at.comm, record->comm, sizeof(at.comm) - 1);
	for (size_t i = 0; i < survey->loops_nr; i++)
		if (survey->loops[i].link_id == record->link_id)
			return iou_survey_add_at(&survey->loops[i].holders, &at);
	return 0;
}

int iou_survey_loops_iterate(struct iou_survey *survey, struct iou_iterators *iterators,
			     const struct iou_file_record *files, size_t nr)
{
	IOU_FREE void *maps = NULL, *links = NULL;
	size_t maps_nr = 0, links_nr = 0;
	int ret;

	ret = iou_iterate(iterators, "iou_survey_maps", 0, sizeof(struct iou_loop_record), &maps,
			  &maps_nr);
	if (!ret)
		ret = iou_iterate(iterators, "iou_survey_links", 0, sizeof(struct iou_link_record),
				  &links, &links_nr);
	for (size_t i = 0; i < maps_nr && !ret; i++)
		ret = add_loop(survey, (struct iou_loop_record *)maps + i);
	for (size_t i = 0; i < links_nr && !ret; i++)
		add_link(survey, (struct iou_link_record *)links + i);
	for (size_t i = 0; i < nr && !ret; i++)
		if (files[i].kind == IOU_FILE_LINK && files[i].link_id)
			ret = add_holder(survey, &files[i]);
	if (!ret)
		iou_survey_runs(survey);
	return ret;
}

/* ---- How often they ran: of all this alone needs CAP_SYS_ADMIN ---- */

static bool runs_are_counted(void)
{
	IOU_FCLOSE FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");

	return file && fgetc(file) == '1';
}

static int read_runs(struct iou_survey_loop *loop, bool counted)
{
	IOU_CLOSE int fd = bpf_prog_get_fd_by_id(loop->prog_id);
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int ret = fd < 0 ? fd : bpf_prog_get_info_by_fd(fd, &info, &size);

	if (ret)
		return ret;
	loop->has_runs = counted || info.run_cnt;
	loop->runs = info.run_cnt;
	loop->run_ns = info.run_time_ns;
	return 0;
}

void iou_survey_runs(struct iou_survey *survey)
{
	bool counted = runs_are_counted();
	size_t unknown = 0;
	int ret;

	for (size_t i = 0; i < survey->loops_nr; i++) {
		ret = survey->loops[i].prog_id ? read_runs(&survey->loops[i], counted) : -ENOENT;
		if (ret == -EPERM) {
			iou_survey_gap(survey, "runs", "how often loops ran",
				       "this needs CAP_SYS_ADMIN");
			return;
		}
		unknown += !ret && !survey->loops[i].has_runs;
	}
	if (unknown)
		iou_survey_gap(survey, "runs", "how often loops ran",
			       "it is counted only while the sysctl kernel.bpf_stats_enabled is 1");
}
