// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files and sockets that may be left out: says which it was given, and closes none of them. */
#include <iouctl/loop.bpf.h>

IOU_PARAM_INFILE_OPTIONAL(in, "what to read");
IOU_PARAM_OUTFILE_OPTIONAL(out, "what to write");
IOU_PARAM_LISTEN_OPTIONAL(at, "where to listen");
IOU_PARAM_CONNECT_OPTIONAL(to, "where to send");

IOU_GAUGE(in_fd, "", "descriptor of in, and 1");
IOU_GAUGE(in_direct, "", "that with O_DIRECT, and 1");
IOU_GAUGE(out_fd, "", "descriptor of out, and 1");
IOU_GAUGE(at_fd, "", "descriptor of at, and 1");
IOU_GAUGE(to_fd, "", "descriptor of to, and 1");

static __always_inline int step(struct iou_ring *ring)
{
	in_fd = in.fd + 1;
	in_direct = in.direct_fd + 1;
	out_fd = out.fd + 1;
	at_fd = at.fd + 1;
	to_fd = to.fd + 1;
	return iou_done(ring);
}

IOU_LOOP(optional, step, "says what it was given", 1, 2);
