/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The resources that a loop's parameters ask for: files, sockets, memory of the ring's MEM region,
 * registered buffers, rings of provided buffers, pipes, slots for direct descriptors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "loop/loop.h"
#include "ring/ring.h"
#include "session/outfile.h"

struct iou_resources {
	int *fds; /* files, sockets, ends of pipes */
	size_t fds_nr;
	char **paths; /* of unix sockets that listen, which end with them */
	size_t paths_nr;
	struct iou_outfile *outs; /* their fds are among those above */
	size_t outs_nr;
	bool writes_stdout;  /* as a file, or as a target in a table */
	struct iovec *lists; /* of paths, mapped */
	size_t lists_nr;
	void *mem; /* registered as the MEM region: whole pages */
	size_t mem_size;
	void *buffers; /* registered buffers */
	size_t buffers_size;
};

/*
 * Make all that @loop's parameters ask for, register it with @ring, and tell the loop, which must
 * not be loaded yet. With @ring NULL only sizes are told, and what was left out, as for a loop that
 * is only verified: nothing is opened or registered. Stages "usage", "open", "ring"; causes USAGE
 * (a file or address that must be named, too large), PERMISSION, UNSUPPORTED, FAILED.
 */
int iou_resources_open(struct iou_resources *resources, const struct iou_ring *ring,
		       struct iou_loop *loop, struct iou_err *err);

/* The run begins: empty the files that it writes. Stage "open", cause FAILED. */
int iou_resources_begin(struct iou_resources *resources, struct iou_err *err);

/*
 * To be called after the ring is gone: requests may still use them. Where the run did not begin,
 * files that were made for it are removed.
 */
void iou_resources_release(struct iou_resources *resources);

/* Tell the loop, once it is loaded, where the timers are that it declares. */
int iou_resources_place_timers(const struct iou_loop *loop, struct iou_err *err);
