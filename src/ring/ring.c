// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring/ring.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* io_uring_setup(2): "The number of entries … at most 32768" (IORING_MAX_ENTRIES). */
#define SQ_ENTRIES_MAX 32768
#define CQ_ENTRIES_MAX (2 * SQ_ENTRIES_MAX)

static const char *const flag_names[] = {
	"iopoll",        "sqpoll",        "sq-aff",     "cqsize",
	"clamp",         "attach-wq",     "r-disabled", "submit-all",
	"coop-taskrun",  "taskrun-flag",  "sqe128",     "cqe32",
	"single-issuer", "defer-taskrun", "no-mmap",    "registered-fd-only",
	"no-sqarray",    "hybrid-iopoll", "cqe-mixed",  "sqe-mixed",
	"sq-rewind",
};

const char *iou_ring_flag_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(flag_names) ? flag_names[bit] : NULL;
}

int iou_ring_flag_bit(const char *name)
{
	for (unsigned int bit = 0; bit < ARRAY_SIZE(flag_names); bit++)
		if (strcmp(flag_names[bit], name) == 0)
			return (int)bit;
	return -ENOENT;
}

int iou_ring_setup_raw(uint32_t entries, struct io_uring_params *params)
{
	long fd = syscall(__NR_io_uring_setup, entries, params);

	return fd < 0 ? -errno : (int)fd;
}

static int setup_error(struct iou_err *err, int ret, const struct iou_ring_config *config)
{
	switch (ret) {
	case -EPERM:
		iou_err_set(err, IOU_CAUSE_PERMISSION, "ring", EPERM, "cannot make an io_uring");
		iou_err_hint(err, "io_uring is forbidden here by kernel.io_uring_disabled or by a "
				  "seccomp filter, as containers have them: see 'iouctl probe'");
		break;
	case -ENOSYS:
		iou_err_set(err, IOU_CAUSE_UNSUPPORTED, "ring", ENOSYS,
			    "cannot make an io_uring: this kernel has none");
		iou_err_hint(err, "see 'iouctl probe'; 'iouctl vm -- …' runs on a kernel that has");
		break;
	case -EINVAL:
		iou_err_set(err, IOU_CAUSE_UNSUPPORTED, "ring", EINVAL,
			    "cannot make an io_uring of %u SQ and %u CQ entries with these flags",
			    config->sq_entries, config->cq_entries);
		iou_err_hint(err, "the kernel knows no such combination of setup flags: see "
				  "'iouctl probe' for the ones it knows");
		break;
	case -ENOMEM:
		iou_err_set(err, IOU_CAUSE_FAILED, "ring", ENOMEM,
			    "cannot make an io_uring of %u SQ and %u CQ entries",
			    config->sq_entries, config->cq_entries);
		iou_err_hint(err, "ask for fewer entries");
		break;
	default:
		iou_err_set(err, IOU_CAUSE_FAILED, "ring", -ret, "cannot make an io_uring");
		break;
	}
	return ret;
}

static int check_sizes(const struct iou_ring_config *config, struct iou_err *err)
{
	if (config->sq_entries < 1 || config->sq_entries > SQ_ENTRIES_MAX)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "a ring has 1 to %u SQ entries, not %u", SQ_ENTRIES_MAX,
				   config->sq_entries);
	if (config->cq_entries > CQ_ENTRIES_MAX)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "a ring has at most %u CQ entries, not %u", CQ_ENTRIES_MAX,
				   config->cq_entries);
	if (config->cq_entries && config->cq_entries < config->sq_entries)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "the CQ (%u entries) is smaller than the SQ (%u entries)",
				   config->cq_entries, config->sq_entries);
	return 0;
}

/* The ring with as many of the wanted flags as this kernel knows, newest flags dropped first. */
static int setup(const struct iou_ring_config *config, struct io_uring_params *params)
{
	uint32_t wanted = config->flags_wanted & ~config->flags;

	for (;;) {
		int fd;

		*params = (struct io_uring_params){.flags = config->flags | wanted};
		if (config->cq_entries) {
			params->flags |= IORING_SETUP_CQSIZE;
			params->cq_entries = config->cq_entries;
		}
		fd = iou_ring_setup_raw(config->sq_entries, params);
		if (fd != -EINVAL || !wanted)
			return fd;
		wanted &= ~(1U << (31 - __builtin_clz(wanted)));
	}
}

static int map(struct iou_ring *ring)
{
	const struct io_uring_params *p = &ring->params;
	size_t cqe_size = sizeof(struct io_uring_cqe) << !!(p->flags & IORING_SETUP_CQE32);
	size_t sqe_size = sizeof(struct io_uring_sqe) << !!(p->flags & IORING_SETUP_SQE128);
	uint32_t *array;
	void *mapped;

	ring->rings_size = p->cq_off.cqes + p->cq_entries * cqe_size;
	if (!(p->flags & IORING_SETUP_NO_SQARRAY)) {
		size_t end = p->sq_off.array + p->sq_entries * sizeof(uint32_t);

		if (end > ring->rings_size)
			ring->rings_size = end;
	}
	mapped = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      ring->fd, IORING_OFF_SQ_RING);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->rings = mapped;

	ring->sqes_size = p->sq_entries * sqe_size;
	mapped = mmap(NULL, ring->sqes_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      ring->fd, IORING_OFF_SQES);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->sqes = mapped;

	if (!(p->flags & IORING_SETUP_NO_SQARRAY)) {
		array = (uint32_t *)((char *)ring->rings + p->sq_off.array);
		for (uint32_t i = 0; i < p->sq_entries; i++)
			array[i] = i;
	}
	return 0;
}

int iou_ring_init(struct iou_ring *ring, const struct iou_ring_config *config, struct iou_err *err)
{
	struct iou_ring made = IOU_RING_INIT;
	int ret = check_sizes(config, err);

	if (ret)
		return ret;
	made.fd = setup(config, &made.params);
	if (made.fd < 0)
		return setup_error(err, made.fd, config);
	ret = map(&made);
	if (ret) {
		iou_ring_release(&made);
		return iou_err_set(err, IOU_CAUSE_FAILED, "ring", -ret, "cannot map the ring");
	}
	*ring = made;
	return 0;
}

void iou_ring_release(struct iou_ring *ring)
{
	if (ring->sqes)
		munmap(ring->sqes, ring->sqes_size);
	if (ring->rings)
		munmap(ring->rings, ring->rings_size);
	iou_close(ring->fd);
	*ring = IOU_RING_INIT;
}

int iou_ring_enter(const struct iou_ring *ring)
{
	long ret = syscall(__NR_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_GETEVENTS, NULL,
			   (size_t)_NSIG / 8);

	return ret < 0 ? -errno : (int)ret;
}

static uint32_t word(const struct iou_ring *ring, uint32_t offset)
{
	return __atomic_load_n((uint32_t *)((char *)ring->rings + offset), __ATOMIC_ACQUIRE);
}

void iou_ring_snapshot(const struct iou_ring *ring, struct iou_ring_snapshot *out)
{
	const struct io_uring_params *p = &ring->params;

	*out = (struct iou_ring_snapshot){
		.sq_head = word(ring, p->sq_off.head),
		.sq_tail = word(ring, p->sq_off.tail),
		.cq_head = word(ring, p->cq_off.head),
		.cq_tail = word(ring, p->cq_off.tail),
		.cq_overflow = word(ring, p->cq_off.overflow),
		.sq_dropped = word(ring, p->sq_off.dropped),
		.cq_overflowed = word(ring, p->sq_off.flags) & IORING_SQ_CQ_OVERFLOW,
	};
}
