// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/set.h"
#include "session/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "loop/set.h"

struct iou_held_one {
	int fd; /* or -1, and a buffer */
	bool is_out;
	struct iou_outfile out; /* @fd's, of a file that is to be emptied */
	void *buffer;
	size_t size;
};

/* ---- Values: what is written ---- */

enum kind { KIND_PLAIN, KIND_RING_FIELD, KIND_RING_FD, KIND_OPEN, KIND_BUF };

struct value {
	enum kind kind;
	const char *text; /* of a plain one, without what quotes its @ */
	size_t offset;    /* in struct io_uring_params */
	char *path;
	int flags; /* of open(2) */
	uint64_t size;
};

static void value_release(struct value *value)
{
	free(value->path);
}

static const struct {
	const char *name;
	size_t offset;
} ring_fields[] = {
#define FIELD(name)                                           \
	{                                                     \
#name, offsetof(struct io_uring_params, name) \
	}
	FIELD(sq_entries),
	FIELD(cq_entries),
	FIELD(flags),
	FIELD(sq_thread_cpu),
	FIELD(sq_thread_idle),
	FIELD(features),
	FIELD(wq_fd),
	FIELD(sq_off.head),
	FIELD(sq_off.tail),
	FIELD(sq_off.ring_mask),
	FIELD(sq_off.ring_entries),
	FIELD(sq_off.flags),
	FIELD(sq_off.dropped),
	FIELD(sq_off.array),
	FIELD(cq_off.head),
	FIELD(cq_off.tail),
	FIELD(cq_off.ring_mask),
	FIELD(cq_off.ring_entries),
	FIELD(cq_off.overflow),
	FIELD(cq_off.cqes),
	FIELD(cq_off.flags),
#undef FIELD
};

static int parse_ring(const char *name, struct value *value, struct iou_err *err)
{
	const char *names[ARRAY_SIZE(ring_fields) + 2] = {"fd"}, *nearest;

	if (strcmp(name, "fd") == 0) {
		value->kind = KIND_RING_FD;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ring_fields); i++) {
		names[i + 1] = ring_fields[i].name;
		if (strcmp(ring_fields[i].name, name) != 0)
			continue;
		value->kind = KIND_RING_FIELD;
		value->offset = ring_fields[i].offset;
		return 0;
	}
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "a ring has no field '%s'", name);
	nearest = iou_text_nearest(name, names);
	if (nearest)
		iou_err_hint(err, "did you mean '@ring.%s'?", nearest);
	else
		iou_err_hint(err, "it has 'fd' and the fields of struct io_uring_params, such as "
				  "'@ring.cq_off.head'");
	return -EINVAL;
}

enum { MODE_R = 1, MODE_W = 2, MODE_RW = 4, MODE_CREATE = 8, MODE_DIRECT = 16 };

static unsigned int mode_of(const char *word)
{
	static const char *const words[] = {"r", "w", "rw", "create", "direct"};

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], word) == 0)
			return 1U << i;
	return 0;
}

/* Open flags for @modes, or -1 for those that do not go together. */
static int open_flags(unsigned int modes)
{
	unsigned int access = modes & (MODE_R | MODE_W | MODE_RW);
	int flags = modes & MODE_DIRECT ? O_DIRECT : 0;

	if (modes & MODE_CREATE)
		flags |= O_CREAT | O_TRUNC;
	switch (access) {
	case 0:
		return flags | (modes & MODE_CREATE ? O_WRONLY : O_RDONLY);
	case MODE_R:
		return modes & MODE_CREATE ? -1 : flags | O_RDONLY;
	case MODE_W:
		return flags | O_WRONLY;
	case MODE_RW:
		return flags | O_RDWR;
	default:
		return -1;
	}
}

/* A path may have colons: the words that are known, from its end on, are modes. */
static int parse_open(const char *text, struct value *value, struct iou_err *err)
{
	IOU_FREE char *path = strdup(text);
	unsigned int modes = 0, mode;
	bool is_twice = false;
	char *colon;

	if (!path)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot read '%s'",
				   text);
	while ((colon = strrchr(path, ':')) && (mode = mode_of(colon + 1))) {
		is_twice = is_twice || modes & mode;
		modes |= mode;
		*colon = '\0';
	}
	value->flags = open_flags(modes);
	if (is_twice || value->flags < 0)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "the modes of '@open:%s' do not go together", text);
	if (!path[0])
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'@open:%s' names no file",
				   text);
	value->kind = KIND_OPEN;
	value->path = TAKE_PTR(path);
	return 0;
}

static int parse_buf(const char *text, struct value *value, struct iou_err *err)
{
	if (iou_parse_size(text, &value->size) || !value->size || value->size > SIZE_MAX / 2)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' is not a buffer's size such as 4096, 64K or 1M", text);
	value->kind = KIND_BUF;
	return 0;
}

static int parse_value(const char *text, struct value *value, struct iou_err *err)
{
	if (text[0] != '@' || text[1] == '@') {
		value->text = text + (text[0] == '@');
		return 0;
	}
	if (strncmp(text, "@ring.", 6) == 0)
		return parse_ring(text + 6, value, err);
	if (strncmp(text, "@open:", 6) == 0)
		return parse_open(text + 6, value, err);
	if (strncmp(text, "@buf:", 5) == 0)
		return parse_buf(text + 5, value, err);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
		    "'%s' is none of @ring.FIELD, @open:PATH and @buf:SIZE", text);
	iou_err_hint(err, "text that begins with @ is written @@");
	return -EINVAL;
}

/* ---- Values: what is made of them ---- */

static int hold(struct iou_held *held, struct iou_held_one one)
{
	struct iou_held_one *list = reallocarray(held->list, held->nr + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	held->list = list;
	list[held->nr++] = one;
	return 0;
}

int iou_held_begin(struct iou_held *held, struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < held->nr && !ret; i++)
		if (held->list[i].is_out)
			ret = iou_outfile_begin(&held->list[i].out);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret,
				   "cannot empty a file that is to be written");
	return 0;
}

void iou_held_release(struct iou_held *held)
{
	for (size_t i = 0; i < held->nr; i++) {
		iou_outfile_release(&held->list[i].out);
		iou_close(held->list[i].fd);
		if (held->list[i].buffer)
			munmap(held->list[i].buffer, held->list[i].size);
	}
	free(held->list);
	*held = (struct iou_held){};
}

static int open_error(const struct value *value, int ret, struct iou_err *err)
{
	switch (ret) {
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:
	case -ENAMETOOLONG:
	case -ELOOP:
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", -ret, "cannot open '%s'",
				   value->path);
	case -EACCES:
	case -EPERM:
		return iou_err_set(err, IOU_CAUSE_PERMISSION, "open", -ret, "cannot open '%s'",
				   value->path);
	default:
		iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret, "cannot open '%s'", value->path);
		if (ret == -EINVAL && value->flags & O_DIRECT)
			iou_err_hint(err, "its file system may have no O_DIRECT: leave out "
					  "':direct'");
		return ret;
	}
}

static int make_file(const struct value *value, struct iou_held *held, uint64_t *number,
		     struct iou_err *err)
{
	int flags = (value->flags & ~(O_CREAT | O_TRUNC)) | O_CLOEXEC | O_NOCTTY;
	struct iou_held_one one = {};
	int ret = 0;

	if (value->flags & O_CREAT) {
		ret = iou_outfile_open(&one.out, value->path, flags);
		one.is_out = true;
		one.fd = one.out.fd;
	} else {
		one.fd = open(value->path, flags);
		ret = one.fd < 0 ? -errno : 0;
	}
	if (ret)
		return open_error(value, ret, err);
	ret = hold(held, one);
	if (ret) {
		iou_outfile_release(&one.out);
		iou_close(one.fd);
		return open_error(value, ret, err);
	}
	*number = (uint64_t)one.fd;
	return 0;
}

static int make_buffer(const struct value *value, struct iou_held *held, uint64_t *number,
		       struct iou_err *err)
{
	void *buffer = mmap(NULL, value->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	int ret = buffer == MAP_FAILED ? -errno : 0;

	if (!ret) {
		ret = hold(held,
			   (struct iou_held_one){.fd = -1, .buffer = buffer, .size = value->size});
		if (ret)
			munmap(buffer, value->size);
	}
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret,
				   "cannot make a buffer of %" PRIu64 " bytes", value->size);
	*number = (uintptr_t)buffer;
	return 0;
}

/* A number of the kind that is to be made, to see whether the variable takes it. */
static uint64_t stand_in(const struct value *value)
{
	return value->kind == KIND_BUF ? (uintptr_t)value : 0;
}

static int make(const struct value *value, const struct iou_ring *ring, struct iou_held *held,
		uint64_t *number, struct iou_err *err)
{
	uint32_t field;

	switch (value->kind) {
	case KIND_RING_FD:
		*number = (uint64_t)ring->fd;
		return 0;
	case KIND_RING_FIELD:
		memcpy(&field, (const char *)&ring->params + value->offset, sizeof(field));
		*number = field;
		return 0;
	default:
		break;
	}
	if (!held) {
		*number = stand_in(value);
		return 0;
	}
	return value->kind == KIND_OPEN ? make_file(value, held, number, err)
					: make_buffer(value, held, number, err);
}

static int apply(const char *set, struct iou_loop *loop, const struct iou_ring *ring,
		 struct iou_held *held, struct iou_err *err)
{
	IOU_CLEANUP(value_release) struct value value = {};
	IOU_FREE char *path = strdup(set);
	uint64_t number = 0;
	char *text;
	int ret;

	if (!path)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot read '%s'", set);
	text = strchr(path, '=');
	if (!text || text == path)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' is not of the form VAR=VALUE", set);
	*text++ = '\0';
	ret = parse_value(text, &value, err);
	if (ret)
		return ret;
	if (value.kind == KIND_PLAIN)
		return iou_loop_set(loop, path, value.text, err);
	if (!ring)
		return iou_loop_set_number(loop, path, text, stand_in(&value), err);
	ret = make(&value, ring, held, &number, err);
	return ret ?: iou_loop_set_number(loop, path, text, number, err);
}

int iou_sets_apply(const char *const *sets, size_t nr, struct iou_loop *loop,
		   const struct iou_ring *ring, struct iou_held *held, struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = apply(sets[i], loop, ring, held, err);
	return ret;
}

/* ---- Names that others use ---- */

void iou_set_known_names(struct iou_loop *loop, const struct io_uring_params *params)
{
	const struct {
		const char *name;
		uint32_t value;
	} known[] = {
		{"sq_entries", params->sq_entries},
		{"cq_entries", params->cq_entries},
		/* The head comes first, the tail behind it: a struct of both is where the head is.
		 */
		{"sq_hdr_offset", params->sq_off.head},
		{"cq_hdr_offset", params->cq_off.head},
		{"sq_head_offset", params->sq_off.head},
		{"sq_tail_offset", params->sq_off.tail},
		{"cq_head_offset", params->cq_off.head},
		{"cq_tail_offset", params->cq_off.tail},
		{"cqes_offset", params->cq_off.cqes},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		iou_loop_set_constant(loop, known[i].name, known[i].value);
}
