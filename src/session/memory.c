// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory, buffers and slots: laid out first, then mapped and registered as a whole. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ring/register.h"
#include "session/maker.h"

/* Less than what the verifier knows of (BPF_MAX_VAR_OFF, include/linux/bpf_verifier.h). */
#define MEM_MAX (511UL << 20)

/* io_uring/rsrc.c, io_uring/kbuf.c, io_uring/filetable.c. */
#define BUFFERS_MAX (1U << 14)
#define BUF_RING_MAX (1U << 15)
#define BUFFER_SIZE_MAX (1UL << 30)
#define SLOTS_MAX (1U << 15)

/* How much of memory that is not registered is made before a run. */
#define READY_BYTES (16UL << 20)

static uint64_t whole_pages(uint64_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static int too_large(struct iou_maker *maker, const struct iou_decl *param, const char *what,
		     uint64_t most)
{
	return iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0,
			   "'%s' is too large: at most %llu %s", param->name,
			   (unsigned long long)most, what);
}

static int blocks_of(struct iou_maker *maker, const struct iou_decl *param, uint64_t *nr,
		     uint64_t *size)
{
	int ret = iou_loop_param_blocks(maker->loop, param, nr, size, maker->err);

	if (ret)
		return ret;
	/* What the loop itself says it has no use for is not made. */
	if (!iou_loop_param_text(maker->loop, param) && !*nr)
		return 0;
	if (!*nr || !*size)
		return iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is empty",
				   param->name);
	return 0;
}

/* @size bytes of the MEM region, from a page's start on. */
static int lay_mem(struct iou_maker *maker, const struct iou_decl *param, uint64_t size,
		   uint64_t *offset)
{
	if (size > MEM_MAX || maker->mem_at + whole_pages(size) > MEM_MAX)
		return too_large(maker, param, "MiB of memory can be looked into", MEM_MAX >> 20);
	*offset = maker->mem_at;
	maker->mem_at += whole_pages(size);
	return 0;
}

struct iou_place *iou_maker_place(const struct iou_maker *maker, const struct iou_decl *param)
{
	return &maker->places[param - iou_loop_decls(maker->loop)->list];
}

static int lay_blocks(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);
	int ret = lay_mem(maker, param, place->nr * place->size, &place->offset);
	char size[32];

	if (ret)
		iou_err_hint(maker->err, "it would be %llu blocks of %s",
			     (unsigned long long)place->nr,
			     iou_text_size(size, sizeof(size), place->size));
	return ret ?: iou_maker_set(maker, param, "offset", place->offset) ?:
	       iou_maker_set(maker, param, "size", place->size) ?:
	       iou_maker_set(maker, param, "nr", place->nr);
}

static int lay_buf_ring(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);
	int ret;

	if (place->nr > BUF_RING_MAX)
		return too_large(maker, param, "provided buffers", BUF_RING_MAX);
	if (place->size > UINT32_MAX)
		return too_large(maker, param, "bytes in a provided buffer", UINT32_MAX);
	place->entries = 1;
	while (place->entries < place->nr)
		place->entries *= 2;
	place->group = maker->groups_nr++;
	ret = lay_mem(maker, param, place->entries * sizeof(struct io_uring_buf),
		      &place->ring_offset);
	return ret ?: iou_maker_set(maker, param, "ring_offset", place->ring_offset) ?:
	       iou_maker_set(maker, param, "entries", place->entries) ?:
	       iou_maker_set(maker, param, "group", place->group) ?:
	       lay_blocks(maker, param);
}

static int lay_registered(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);

	if (place->nr > BUFFERS_MAX - maker->buffers_nr)
		return too_large(maker, param, "registered buffers", BUFFERS_MAX);
	place->first = maker->buffers_nr;
	maker->buffers_nr += (uint32_t)place->nr;
	maker->registered += whole_pages(place->nr * place->size);
	return iou_maker_set(maker, param, "first", place->first);
}

static int lay_buffers(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);

	/* Those that are not registered could be more and larger, but who would want them? */
	if (place->nr > BUFFERS_MAX)
		return too_large(maker, param, "buffers", BUFFERS_MAX);
	if (place->size > BUFFER_SIZE_MAX)
		return too_large(maker, param, "bytes in a buffer", BUFFER_SIZE_MAX);
	place->plain = param->direct && !iou_maker_is_direct(maker, param);
	maker->buffers_at += whole_pages(place->nr * place->size);
	return (place->plain ? 0 : lay_registered(maker, param)) ?:
	       iou_maker_set(maker, param, "nr", place->nr) ?:
	       iou_maker_set(maker, param, "size", place->size);
}

static int lay_pipes(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);

	if (place->nr > IOU_PIPES_MAX)
		return too_large(maker, param, "pipes", IOU_PIPES_MAX);
	return 0;
}

static int lay_slots(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);

	if (place->nr > SLOTS_MAX - maker->slots_nr)
		return too_large(maker, param, "direct descriptors", SLOTS_MAX);
	place->first = maker->slots_nr;
	maker->slots_nr += (uint32_t)place->nr;
	return iou_maker_set(maker, param, "first", place->first)
		       ?: iou_maker_set(maker, param, "nr", place->nr);
}

int iou_maker_lay_out(struct iou_maker *maker, const struct iou_decl *param)
{
	struct iou_place *place = iou_maker_place(maker, param);
	int ret = blocks_of(maker, param, &place->nr, &place->size);

	if (ret)
		return ret;
	if (!place->nr)
		return iou_maker_set(maker, param, "nr", 0);
	switch (param->kind) {
	case IOU_KIND_MEM:
		return lay_blocks(maker, param);
	case IOU_KIND_BUF_RING:
		return lay_buf_ring(maker, param);
	case IOU_KIND_BUFFERS:
		return lay_buffers(maker, param);
	case IOU_KIND_PIPES:
		return lay_pipes(maker, param);
	default:
		return lay_slots(maker, param);
	}
}

/* What may be locked is what most often is too little. */
static int lock_error(struct iou_maker *maker, int ret, const char *what, size_t size)
{
	struct rlimit limit = {};
	char text[32], most[32];

	iou_text_size(text, sizeof(text), size);
	if (ret == -EINVAL) {
		iou_err_set(maker->err, IOU_CAUSE_UNSUPPORTED, "ring", EINVAL,
			    "cannot register %s of %s: this kernel's rings have none", text, what);
		return ret;
	}
	getrlimit(RLIMIT_MEMLOCK, &limit);
	iou_err_set(maker->err, ret == -EPERM ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED, "ring",
		    -ret, "cannot register %s of %s", text, what);
	if (ret == -ENOMEM && limit.rlim_cur != RLIM_INFINITY)
		iou_err_hint(maker->err,
			     "without CAP_IPC_LOCK a user may lock %s in all of his rings "
			     "(RLIMIT_MEMLOCK): raise it with 'ulimit -l', or ask for less",
			     iou_text_size(most, sizeof(most), limit.rlim_cur));
	return ret;
}

static int map_pages(struct iou_maker *maker, size_t size, void **out)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[32];

	if (mapped == MAP_FAILED)
		return iou_err_set(maker->err, IOU_CAUSE_FAILED, "ring", errno,
				   "cannot allocate %s", iou_text_size(text, sizeof(text), size));
	*out = mapped;
	return 0;
}

static int make_mem(struct iou_maker *maker)
{
	int ret;

	if (!maker->mem_at)
		return 0;
	ret = iou_loop_var_set(maker->loop, "iou_geometry.mem_size", maker->mem_at);
	if (ret)
		return iou_err_set(maker->err, IOU_CAUSE_REJECTED, "open", -ret,
				   "'%s' has no iou_geometry.mem_size",
				   iou_loop_source(maker->loop));
	if (!maker->ring)
		return 0;
	ret = map_pages(maker, maker->mem_at, &maker->made.mem);
	if (ret)
		return ret;
	maker->made.mem_size = maker->mem_at;
	ret = iou_ring_register_mem(maker->ring, maker->made.mem, maker->made.mem_size);
	return ret ? lock_error(maker, ret, "memory that loops can look into", maker->made.mem_size)
		   : 0;
}

static int place_mem(struct iou_maker *maker, const struct iou_decl *param)
{
	const struct iou_place *place = iou_maker_place(maker, param);

	return iou_maker_set(maker, param, "addr", (uintptr_t)maker->made.mem + place->offset);
}

static int place_buf_ring(struct iou_maker *maker, const struct iou_decl *param)
{
	const struct iou_place *place = iou_maker_place(maker, param);
	struct io_uring_buf *entries = (void *)((char *)maker->made.mem + place->ring_offset);
	uint64_t addr = (uintptr_t)maker->made.mem + place->offset;
	int ret = iou_ring_register_buf_ring(maker->ring, entries, (uint32_t)place->entries,
					     (uint16_t)place->group);

	if (ret)
		return lock_error(maker, ret, "a ring of provided buffers",
				  place->entries * sizeof(*entries));
	for (uint64_t i = 0; i < place->nr; i++) {
		entries[i].addr = addr + i * place->size;
		entries[i].len = (uint32_t)place->size;
		entries[i].bid = (uint16_t)i;
	}
	/* The ring's tail is the field that its first entry does not use. */
	__atomic_store_n(&entries[0].resv, (uint16_t)place->nr, __ATOMIC_RELEASE);
	return iou_maker_set(maker, param, "addr", addr);
}

static int place_buffers(struct iou_maker *maker, const struct iou_decl *param,
			 struct iovec *iovecs, char **at)
{
	const struct iou_place *place = iou_maker_place(maker, param);
	uint64_t size = whole_pages(place->nr * place->size);
	char *addr = *at;

	for (uint64_t i = 0; i < place->nr && !place->plain; i++)
		iovecs[place->first + i] = (struct iovec){addr + i * place->size, place->size};
	/* What is registered is all there then; of the rest, no less than most have of it. What is
	 * not to be had now is missed when it is used. */
	if (place->plain)
		madvise(addr, size < READY_BYTES ? size : READY_BYTES, MADV_POPULATE_WRITE);
	*at += size;
	return iou_maker_set(maker, param, "addr", (uintptr_t)addr);
}

static int make_buffers(struct iou_maker *maker)
{
	const struct iou_decls *decls = iou_loop_decls(maker->loop);
	IOU_FREE struct iovec *iovecs = calloc(maker->buffers_nr + 1, sizeof(*iovecs));
	char *at;
	int ret;

	if (!maker->buffers_at || !maker->ring)
		return 0;
	if (!iovecs)
		return iou_err_set(maker->err, IOU_CAUSE_FAILED, "ring", ENOMEM,
				   "cannot make buffers");
	ret = map_pages(maker, maker->buffers_at, &maker->made.buffers);
	if (ret)
		return ret;
	maker->made.buffers_size = maker->buffers_at;
	at = maker->made.buffers;
	for (size_t i = 0; i < decls->nr && !ret; i++)
		if (decls->list[i].what == IOU_DECL_PARAM &&
		    decls->list[i].kind == IOU_KIND_BUFFERS && maker->places[i].nr)
			ret = place_buffers(maker, &decls->list[i], iovecs, &at);
	if (ret || !maker->buffers_nr)
		return ret;
	ret = iou_ring_register_buffers(maker->ring, iovecs, maker->buffers_nr);
	return ret ? lock_error(maker, ret, "buffers", maker->registered) : 0;
}

/* The kernel allows no larger table than there may be files (io_uring/rsrc.c), most often 1024
 * unless one asks for more: what may be had. */
static rlim_t allow_files(rlim_t nr)
{
	struct rlimit limit = {};

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= nr)
		return nr;
	limit.rlim_cur = nr < limit.rlim_max ? nr : limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) ? 0 : limit.rlim_cur;
}

static int make_slots(struct iou_maker *maker)
{
	rlim_t allowed;
	int ret;

	if (!maker->slots_nr || !maker->ring)
		return 0;
	allowed = allow_files(maker->slots_nr);
	ret = iou_ring_register_slots(maker->ring, maker->slots_nr);
	if (!ret)
		return 0;
	iou_err_set(maker->err, IOU_CAUSE_FAILED, "ring", -ret,
		    "cannot register a table of %u direct descriptors", maker->slots_nr);
	if (ret == -EMFILE && allowed < maker->slots_nr)
		iou_err_hint(maker->err,
			     "this user may have %llu files open (RLIMIT_NOFILE): raise it, or ask "
			     "for less",
			     (unsigned long long)allowed);
	return ret;
}

static int place_all(struct iou_maker *maker)
{
	const struct iou_decls *decls = iou_loop_decls(maker->loop);
	int ret = 0;

	for (size_t i = 0; i < decls->nr && !ret; i++) {
		const struct iou_decl *decl = &decls->list[i];

		if (decl->what != IOU_DECL_PARAM || !maker->places[i].nr)
			continue;
		if (decl->kind == IOU_KIND_MEM)
			ret = place_mem(maker, decl);
		else if (decl->kind == IOU_KIND_BUF_RING)
			ret = place_buf_ring(maker, decl);
	}
	return ret;
}

int iou_maker_make_memory(struct iou_maker *maker)
{
	int ret = make_mem(maker) ?: make_buffers(maker) ?: make_slots(maker);

	return ret || !maker->ring ? ret : place_all(maker);
}
