/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this layer share of a loop. */
#pragma once

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "loop/loop.h"
#include "loop/walk.h"

#define MAPPINGS_MAX 16

#define OPS_TYPE "io_uring_bpf_ops"

struct mapping {
	const struct bpf_map *map;
	void *data;
	size_t size;
	bool writable;
};

struct iou_loop {
	const struct iou_image *image;
	struct bpf_object *object;
	const struct btf *btf;
	struct bpf_map *ops;
	struct bpf_program *step;  /* what @ops calls */
	struct bpf_program *check; /* its IOU_CHECK(), or NULL */
	struct bpf_link *link;
	int link_fd; /* where it is not libbpf's: another process bound it. Else -1 */
	struct iou_decls decls;
	bool loaded, was_attached, measured, traced;
	struct iou_loop_size size;
	struct mapping mappings[MAPPINGS_MAX]; /* data maps, mapped after load */
	size_t mappings_nr;
	char *log, *check_log; /* the verifier's, of @step and @check */
	char **texts;          /* what resources were set to: one for each of @decls, or NULL */
};

/* Whether each variable has the size of its type: clang takes static ones apart that are only used
 * in part, and keeps the types. Stage "open", REJECTED. */
int iou_loop_check_variables(const struct iou_loop *loop, struct iou_err *err);

/* Map the data sections as the program has them: counters are then read without a system call. 0 or
 * -errno. */
int iou_loop_map_data(struct iou_loop *loop);

/* Hold what the loop declares against the variables that it has. Stage "open", REJECTED. */
int iou_loop_check_decls(const struct iou_loop *loop, struct iou_err *err);

/* Once the declarations are read: find the loop's own check, and leave out those of other loops. */
void iou_loop_find_check(struct iou_loop *loop);

/* Set all lists to what they are by default. Likewise. */
int iou_loop_set_lists(struct iou_loop *loop, struct iou_err *err);

/* Whether @value is one that @param may have. */
bool iou_loop_param_in_range(const struct iou_decl *param, uint64_t value);

/* The number of @word among @param's, or what it can be in @err. */
int iou_choice_find(const struct iou_decl *param, const char *word, uint64_t *value,
		    struct iou_err *err);

/* As many words as a list of them has at most: IOU_CHOICES_MAX of iouctl/declare.bpf.h. */
#define IOU_CHOICES_MAX 16

/* Likewise IOU_STEPS_MAX. */
#define IOU_STEPS_MAX 8

/* Set a list of numbers at times, "32@50us,1@1ms", the times ascending, or "" for none. Stage
 * "usage", cause USAGE. */
int iou_steps_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		  struct iou_err *err);

/* Set a field of a parameter that is a struct. Stage "usage". */
int iou_param_set_field(struct iou_loop *loop, const struct iou_decl *param, const char *field,
			uint64_t value, struct iou_err *err);

/* Set a list of words, "a,b,c", or "" for none. Stage "usage", cause USAGE. */
int iou_choices_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		    struct iou_err *err);

/* Where a member of the struct_ops value is, before load; NULL for a struct without it. */
void *iou_loop_ops_field(const struct iou_loop *loop, const char *name, size_t size);

/* A variable of the object, as its BTF has it. */
struct iou_variable {
	const char *name, *section;
	struct iou_var var; /* its map is NULL until it is located */
	bool is_extern;     /* the kernel's, or the kernel's configuration */
};

/* Call @each for all variables in all sections, until it returns true. */
void iou_loop_each_variable(const struct iou_loop *loop,
			    bool (*each)(const struct iou_variable *global, void *data),
			    void *data);

/* Find the map that it is in. Some are in none: the licence, definitions of maps. */
bool iou_variable_locate(const struct iou_loop *loop, struct iou_variable *global);

/* The variable that @path begins with, located; *@rest is what of it is behind the name. 0 or
 * -ENOENT. */
int iou_loop_variable(const struct iou_loop *loop, const char *path, struct iou_variable *global,
		      const char **rest);

/* The part of @whole that iou_btf_walk() finds, whose errors these are; @part may be @whole. */
int iou_loop_var_part(const struct iou_loop *loop, const struct iou_var *whole, const char *path,
		      struct iou_var *part, const char **stop);
