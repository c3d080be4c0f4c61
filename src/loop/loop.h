/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A loop: a BPF object and the one struct io_uring_bpf_ops in it that is used. It goes through
 * open, configure, load, attach, and free, in that order.
 *
 * No map is ever attached twice: in Linux 7.1.0 to 7.1.4 that is a use after free in the kernel
 * (CVE-2026-72112).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "loop/decl.h"
#include "loop/image.h"

struct bpf_map;
struct bpf_object;
struct btf;
struct iou_loop;

/*
 * Open @image, whose bytes must live as long as the loop. @ops names the struct_ops map where
 * the object has several, else NULL. Needs no privilege and no kernel support. Stage "open";
 * causes REJECTED (not readable by libbpf, no loop, several and no @ops) and USAGE (no such @ops).
 */
int iou_loop_open(struct iou_loop **out, const struct iou_image *image, const char *ops,
		  struct iou_err *err);

/* The same to look at it: of several loops the first. */
int iou_loop_open_any(struct iou_loop **out, const struct iou_image *image, struct iou_err *err);

/* Detaches it, if it is attached, and frees it. NULL is accepted. */
void iou_loop_free(struct iou_loop *loop);

const char *iou_loop_name(const struct iou_loop *loop);
const char *iou_loop_source(const struct iou_loop *loop);

/* What the loop declares of itself as a whole; NULL for one that does not use our header. */
const struct iou_decl *iou_loop_self(const struct iou_loop *loop);
const struct iou_decls *iou_loop_decls(const struct iou_loop *loop);

/* One of the loops of an object. */
struct iou_ops {
	const char *name;            /* as @ops of iou_loop_open() */
	const char *step;            /* the program that it calls, or NULL */
	const struct iou_decl *self; /* as iou_loop_self() */
	bool chosen;                 /* the one that was opened */
};

/* The loop number @nr of the object, from 0 on; false where there is none. Good as long as @loop.
 */
bool iou_loop_ops(const struct iou_loop *loop, size_t nr, struct iou_ops *ops);

/* What libbpf knows of the object, for those that print what is in it. Good as long as the loop. */
const struct btf *iou_loop_btf(const struct iou_loop *loop);
struct bpf_object *iou_loop_object(const struct iou_loop *loop);

/* A variable of the object, or a field of one. */
struct iou_var {
	struct bpf_map *map;
	size_t offset, size; /* in the map's one value */
	uint32_t type_id;    /* of iou_loop_btf() */
};

/* Find "variable" or "variable.field.field" by BTF: 0 or -ENOENT. */
int iou_loop_var(const struct iou_loop *loop, const char *path, struct iou_var *var);

/*
 * Where the variable is: before load its initial value, afterwards the memory that the program
 * itself uses (shared: use atomic or volatile accesses). NULL where the map has none.
 */
void *iou_loop_var_data(const struct iou_loop *loop, const struct iou_var *var);

/*
 * After load: the memory of a variable of exactly @size bytes, aligned to that, which tool and
 * program may both write; NULL for any other.
 */
void *iou_loop_var_shared(const struct iou_loop *loop, const char *path, size_t size);

/* Set an integer variable of 1, 2, 4 or 8 bytes before load: 0, -ENOENT, or -EINVAL. */
int iou_loop_var_set(struct iou_loop *loop, const char *path, uint64_t value);

/* The characters of a variable, up to a NUL, as far as @text has room; "" where there is none. Not
 * trusted: escape them. */
void iou_loop_var_text(const struct iou_loop *loop, const char *path, char *text, size_t size);

/* Read an integer variable of 1, 2, 4 or 8 bytes, zero-extended: 0, -ENOENT, or -EINVAL. */
int iou_loop_var_get(const struct iou_loop *loop, const char *path, uint64_t *value);

/* The parameter that users call @name, or NULL. */
const struct iou_decl *iou_loop_param(const struct iou_loop *loop, const char *name);

/*
 * Set @param to @text, in the form of its kind, before load. A resource's is kept, for the session
 * to make it. Stage "usage", cause USAGE: not of its form, out of its range.
 */
int iou_loop_param_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		       struct iou_err *err);

/*
 * A number's value, as it is in the object: what was set, or else its default. -EINVAL for a
 * resource.
 */
int iou_loop_param_get(const struct iou_loop *loop, const struct iou_decl *param, uint64_t *value);

/* What a resource or a list was set to, or else its default; NULL for neither. The loop's. */
const char *iou_loop_param_text(const struct iou_loop *loop, const struct iou_decl *param);

/* How many blocks of how many bytes a resource of memory is. Stage "usage", cause USAGE: it is
 * more than fits into 64 bits. */
int iou_loop_param_blocks(const struct iou_loop *loop, const struct iou_decl *param, uint64_t *nr,
			  uint64_t *size, struct iou_err *err);

/*
 * What @text comes to: a number, the name of a numeric parameter, or a product of such ("2 * bs");
 * "!name" is 1 where the parameter is 0, else 0.
 * -EINVAL for anything else, -ERANGE where it does not fit.
 */
int iou_loop_eval(const struct iou_loop *loop, const char *text, uint64_t *value);

/*
 * Before load: whether the loop's SQEs and CQEs are traced (iouctl/trace.h); they are not unless
 * it is said. -EOPNOTSUPP for a loop that was not written with our header.
 */
int iou_loop_trace_set(struct iou_loop *loop, bool on);

/*
 * Before load, once it is said whether it is traced: choose which of the programs that IOU_LOOP()
 * makes is loaded, for a ring with SQ_REWIND or without. A loop that has only one keeps it.
 */
void iou_loop_form_set(struct iou_loop *loop, bool rewind);

/* The ring that attach binds to; must be called before load. */
void iou_loop_ring_fd_set(struct iou_loop *loop, int ring_fd);

/*
 * Verify and load. Stage "load". Causes: UNSUPPORTED (kernel without loops), PERMISSION (EPERM),
 * REJECTED (by the verifier, whose log is the error's detail; or BTF that does not fit), FAILED.
 */
int iou_loop_load(struct iou_loop *loop, struct iou_err *err);

/* What the kernel says of the program that it loaded. */
struct iou_loop_size {
	uint64_t verified_insns; /* that the verifier looked at, each as often as it did */
	uint64_t verified_ns;    /* how long that took it */
	uint64_t xlated_bytes;   /* BPF, 8 to an instruction, as the kernel left it */
	uint64_t jited_bytes;    /* 0 where it may not be told, or is not compiled */
	uint64_t stack_bytes;    /* of the deepest chain of calls */
};

/*
 * Before load: have its size measured. The verifier then keeps no log of why it rejects a loop:
 * to know, open it again.
 */
void iou_loop_measure(struct iou_loop *loop);

/* After load, for a loop that was to be measured. The loop's. */
const struct iou_loop_size *iou_loop_size(const struct iou_loop *loop);

/*
 * Bind it to the ring. Stage "attach". EOPNOTSUPP (ring with SQPOLL or IOPOLL, or without
 * DEFER_TASKRUN), EBUSY (the ring has a loop already), EBADF, EPERM.
 */
int iou_loop_attach(struct iou_loop *loop, struct iou_err *err);

/* The same to the ring of another program, which may keep it locked: ETIMEDOUT after two seconds.
 * By a child, since the kernel cannot be told to give up. */
int iou_loop_attach_bounded(struct iou_loop *loop, struct iou_err *err);

/*
 * After load: have the loop look at what it was told, if it does that by an IOU_CHECK(). Stage
 * "usage", cause USAGE: it refuses, for the reason in the message, which is the loop's own word.
 */
int iou_loop_run_check(struct iou_loop *loop, struct iou_err *err);

/* The link of an attached loop, which says POLLHUP when the loop was taken off; -1 before. */
int iou_loop_link_fd(const struct iou_loop *loop);

/* After load: the program of the loop's step, or -errno. The loop's. */
int iou_loop_step_fd(const struct iou_loop *loop);

/* Where the parts of a loop are found that another process loaded and bound. */
struct iou_adoption {
	/* A descriptor for the map, which is closed after use, or -errno. -ENOTUNIQ: it cannot be
	 * told which one it is. */
	int (*find_map)(void *data, const struct bpf_map *map);
	void *data;
	int link_fd; /* the caller's; -1: none */
};

/* Whether the map @fd can be @map of an object: as large, of its type, and to be used alike. */
bool iou_map_fits(const struct bpf_map *map, int fd);

/*
 * Instead of load and attach: make the open @loop the one that runs elsewhere. Its variables,
 * statistics and maps are read as if it had been loaded here. Stage "open"; causes FAILED, and
 * REJECTED where the maps are not those that the object declares.
 */
int iou_loop_adopt(struct iou_loop *loop, const struct iou_adoption *from, struct iou_err *err);

/* Whether this kernel's BTF has the struct_ops type of loops. */
bool iou_loop_kernel_has_type(void);
