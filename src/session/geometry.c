// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/geometry.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ring/ring.h"
#include "session/set.h"

/*
 * What a loop may need of the ring's flags. Policies declare it; a loop that has the header's
 * variable without being one looks at both.
 */
static const struct {
	const char *need;
	uint32_t without;
} needs[] = {
	{"sqes", IORING_SETUP_SQE128},     {"sqes", IORING_SETUP_SQE_MIXED},
	{"cqes", IORING_SETUP_CQE32},      {"cqes", IORING_SETUP_CQE_MIXED},
	{"heads", IORING_SETUP_SQ_REWIND},
};

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (words && (words = strstr(words, word))) {
		if (words[length] == '\0' || words[length] == ' ')
			return true;
		words += length;
	}
	return false;
}

/* What it looks into, by spaces; NULL for nothing. */
static const char *needs_of(const struct iou_loop *loop)
{
	const struct iou_decl *self = iou_loop_self(loop);
	struct iou_var var;

	if (self && self->policy)
		return self->needs && self->needs[0] ? self->needs : NULL;
	return iou_loop_var(loop, "iou_geometry", &var) ? NULL : "sqes cqes";
}

bool iou_geometry_matters(const struct iou_loop *loop)
{
	return needs_of(loop);
}

int iou_geometry_check(const struct iou_loop *loop, uint32_t flags, struct iou_err *err)
{
	const char *words = needs_of(loop);

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!(flags & needs[i].without) || !has_word(words, needs[i].need))
			continue;
		iou_err_set(err, IOU_CAUSE_USAGE, "ring", 0, "'%s' cannot work on a ring with '%s'",
			    iou_loop_name(loop),
			    iou_ring_flag_name((unsigned int)__builtin_ctz(needs[i].without)));
		iou_err_hint(err, "leave out --ring-flag %s",
			     iou_ring_flag_name((unsigned int)__builtin_ctz(needs[i].without)));
		return -EINVAL;
	}
	return 0;
}

/* CQEs follow the headers, and the SQ array, where there is one, the CQEs. */
static uint32_t rings_size(const struct io_uring_params *p)
{
	if (p->sq_off.array)
		return p->sq_off.array + p->sq_entries * (uint32_t)sizeof(uint32_t);
	return p->cq_off.cqes + p->cq_entries * (uint32_t)sizeof(struct io_uring_cqe);
}

int iou_geometry_set(struct iou_loop *loop, const struct io_uring_params *p, struct iou_err *err)
{
	const struct {
		const char *path;
		uint32_t value;
	} fields[] = {
		{"iou_geometry.sq_entries", p->sq_entries},
		{"iou_geometry.cq_entries", p->cq_entries},
		{"iou_geometry.setup_flags", p->flags},
		{"iou_geometry.sq_head_off", p->sq_off.head},
		{"iou_geometry.sq_tail_off", p->sq_off.tail},
		{"iou_geometry.cq_head_off", p->cq_off.head},
		{"iou_geometry.cq_tail_off", p->cq_off.tail},
		{"iou_geometry.cqes_off", p->cq_off.cqes},
		{"iou_geometry.sq_mask_off", p->sq_off.ring_mask},
		{"iou_geometry.cq_mask_off", p->cq_off.ring_mask},
		{"iou_geometry.sq_array_off", p->sq_off.array},
		{"iou_geometry.rings_size", rings_size(p)},
		{"iou_geometry.sq_flags_off", p->sq_off.flags},
	};
	struct iou_var var;
	int ret = iou_geometry_check(loop, p->flags, err);

	if (ret)
		return ret;
	if (iou_loop_var(loop, "iou_geometry", &var)) {
		iou_set_known_names(loop, p);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (iou_loop_var_set(loop, fields[i].path, fields[i].value)) {
			iou_err_set(err, IOU_CAUSE_REJECTED, "load", EINVAL,
				    "'%s' was compiled with another version of iouctl/loop.bpf.h: "
				    "it has no %s",
				    iou_loop_source(loop), fields[i].path);
			iou_err_hint(err, "compile it again with the header of this iouctl");
			return -EINVAL;
		}
	return 0;
}
