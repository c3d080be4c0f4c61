// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "jobs.h"

#include "app.h"

const struct job jobs[] = {
	{.name = "rw", .run = rw_run},
	{.name = "chains", .run = chains_run},
	{.name = "timeouts", .run = timeouts_run},
	{.name = "nowait", .run = nowait_run},
	{.name = "waits", .run = waits_run},
	{.name = "drain", .run = drain_run},
	{.name = "deep", .run = deep_run},
	{.name = "latency", .run = latency_run},
	{.name = "sockets", .run = sockets_run},
	{.name = "mixed", .run = mixed_run},
	{.name = "idle", .run = idle_run},
	{.name = "spin", .run = spin_run},
	{.name = "resize", .run = resize_run, .raw = true},
	{.name = "multishot", .run = multishot_run},
	{.name = "cancel", .run = cancel_run},
	{.name = "bufs", .run = bufs_run},
	{.name = "overflow", .run = overflow_run},
	{.name = "skip", .run = skip_run},
};
const unsigned int jobs_nr = ARRAY_SIZE(jobs);
