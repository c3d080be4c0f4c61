// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two loops that check what they were told: one may refuse, the other's check is rejected by the
 * verifier. */
#include <iouctl/loop.bpf.h>

IOU_PARAM_CHOICE(answer, 0, "yes|no|silence|nonsense", "what the check comes to");
IOU_PARAM_OUTFILE_OPTIONAL(out, "what would be emptied");

IOU_COUNTER(checked, "checks", "how often the check ran before the first step");
IOU_COUNTER(steps_seen, "steps", "how often a step ran");

__u8 few[4];

static __always_inline int step(struct iou_ring *ring)
{
	steps_seen++;
	return iou_done(ring);
}

static __always_inline int check(void)
{
	if (!steps_seen)
		checked++;
	if (answer == 1)
		return IOU_REFUSE(28, "no \033[31mroom\a");
	if (answer == 3)
		return IOU_REFUSE(-1, "there is no such errno");
	return answer;
}

static __always_inline int bad_check(void)
{
	return few[iou_load(&checked)];
}

IOU_LOOP(choosy, step, "may refuse", 8, 16);
IOU_CHECK(choosy, check);

IOU_LOOP(other, step, "has a check that is none", 8, 16);
IOU_CHECK(other, bad_check);
