// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a loop declares, held against the variables that it has. */
#include <errno.h>
#include <iouctl/arith.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "loop/internal.h"

#define FIELDS_MAX 7

/* What the variable of each kind is: a number of @size bytes, or a struct with these fields. */
static const struct {
	size_t size;
	struct {
		const char *name;
		size_t size;
	} fields[FIELDS_MAX + 1];
} forms[] = {
	[IOU_KIND_U32] = {.size = 4},
	[IOU_KIND_U64] = {.size = 8},
	[IOU_KIND_S64] = {.size = 8},
	[IOU_KIND_SIZE] = {.size = 8},
	[IOU_KIND_DURATION] = {.size = 8},
	[IOU_KIND_FLAG] = {.size = 1},
	[IOU_KIND_SHARE] = {.size = 4},
	[IOU_KIND_ERRNO] = {.size = 4},
	[IOU_KIND_OPCODE] = {.size = 4},
	[IOU_KIND_CHOICE] = {.size = 4},
	[IOU_KIND_COUNTER] = {.size = 8},
	[IOU_KIND_GAUGE] = {.size = 8},
	[IOU_KIND_INFILE] = {.fields = {{"fd", 4}, {"seeks", 1}, {"size", 8}, {"direct_fd", 4}}},
	[IOU_KIND_OUTFILE] = {.fields = {{"fd", 4}, {"seeks", 1}, {"size", 8}, {"direct_fd", 4}}},
	[IOU_KIND_LISTEN] = {.fields = {{"fd", 4}, {"tcp", 1}}},
	[IOU_KIND_CONNECT] = {.fields = {{"fd", 4}, {"tcp", 1}}},
	[IOU_KIND_CHOICES] = {.fields = {{"nr", 4}, {"words", IOU_CHOICES_MAX}}},
	[IOU_KIND_STEPS] = {.fields = {{"nr", 4},
				       {"counts", 4 * IOU_STEPS_MAX},
				       {"ns", 8 * IOU_STEPS_MAX}}},
	[IOU_KIND_TARGETS] = {.fields = {{"nr", 4},
					 {"other", 4},
					 {"keys_nr", 4},
					 {"keys", 4 * IOU_TARGETS_MAX},
					 {"of", 4 * IOU_TARGETS_MAX},
					 {"fds", 4 * IOU_TARGETS_MAX},
					 {"sockets", IOU_TARGETS_MAX}}},
	[IOU_KIND_PATHS] = {.fields = {{"addr", 8}, {"nr", 4}, {"stride", 4}}},
	[IOU_KIND_MEM] = {.fields = {{"addr", 8}, {"offset", 8}, {"size", 8}, {"nr", 4}}},
	[IOU_KIND_BUFFERS] = {.fields = {{"addr", 8}, {"size", 8}, {"first", 4}, {"nr", 4}}},
	[IOU_KIND_BUF_RING] = {.fields = {{"addr", 8},
					  {"offset", 8},
					  {"size", 8},
					  {"ring_offset", 8},
					  {"entries", 4},
					  {"nr", 4},
					  {"group", 4}}},
	[IOU_KIND_PIPES] = {.fields = {{"size", 8},
				       {"nr", 4},
				       {"read_fds", 4 * IOU_PIPES_MAX},
				       {"write_fds", 4 * IOU_PIPES_MAX}}},
	[IOU_KIND_DIRECT] = {.fields = {{"first", 4}, {"nr", 4}}},
	[IOU_KIND_HISTOGRAM] = {.fields = {{"sum", 8},
					   {"min", 8},
					   {"max", 8},
					   {"buckets", 8 * IOU_HISTOGRAM_BUCKETS}}},
	[IOU_KIND_TEXT] = {}, /* check_text() */
};

static int check_size(const struct iou_loop *loop, const struct iou_decl *decl, struct iou_err *err)
{
	size_t size = forms[decl->kind].size * (decl->by_opcode ? IOU_OPCODES_NR : 1);
	struct iou_var var;

	if (!size || (iou_loop_var(loop, decl->variable, &var) == 0 && var.size == size))
		return 0;
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			   "'%s' is declared a %s, but is no variable of %zu bytes", decl->name,
			   iou_kind_name(decl->kind), size);
}

static int check_text(const struct iou_loop *loop, const struct iou_decl *decl, struct iou_err *err)
{
	struct iou_var var;

	if (decl->kind != IOU_KIND_TEXT ||
	    (iou_loop_var(loop, decl->variable, &var) == 0 && var.size <= IOU_TEXT_MAX))
		return 0;
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			   "'%s' is declared a text, but is no variable of up to %d bytes",
			   decl->name, IOU_TEXT_MAX);
}

static int check_fields(const struct iou_loop *loop, const struct iou_decl *decl,
			struct iou_err *err)
{
	struct iou_var var;
	char path[128];

	for (size_t i = 0; forms[decl->kind].fields[i].name; i++) {
		const char *name = forms[decl->kind].fields[i].name;

		/* If the last one of an array is right, all are. */
		if (decl->by_opcode)
			snprintf(path, sizeof(path), "%s[%d].%s", decl->variable,
				 IOU_OPCODES_NR - 1, name);
		else
			snprintf(path, sizeof(path), "%s.%s", decl->variable, name);
		if (iou_loop_var(loop, path, &var) == 0 &&
		    var.size == forms[decl->kind].fields[i].size)
			continue;
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
				   "'%s' is declared a %s, but has no field '%s' of %zu bytes",
				   decl->name, iou_kind_name(decl->kind), name,
				   forms[decl->kind].fields[i].size);
	}
	return 0;
}

static int check_default(const struct iou_loop *loop, const struct iou_decl *decl,
			 struct iou_err *err)
{
	uint64_t value;

	if (decl->what != IOU_DECL_PARAM || !iou_kind_is_number(decl->kind))
		return 0;
	if (iou_loop_param_get(loop, decl, &value) == 0 && iou_loop_param_in_range(decl, value))
		return 0;
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			   "the default of '%s' is not in the range that it declares", decl->name);
}

/* @text, where there is one, must come to something: a product may be too large later on. */
static int check_expression(const struct iou_loop *loop, const struct iou_decl *decl,
			    const char *text, struct iou_err *err)
{
	uint64_t value;

	if (!text || iou_loop_eval(loop, text, &value) == 0)
		return 0;
	return iou_err_set(
		err, IOU_CAUSE_REJECTED, "open", 0,
		"'%s' in the declaration of '%s' is neither a number nor a parameter, nor "
		"a product of such",
		text, decl->name);
}

static int check_direct(const struct iou_loop *loop, const struct iou_decl *decl,
			struct iou_err *err)
{
	const struct iou_decl *flag = decl->direct ? iou_loop_param(loop, decl->direct) : NULL;

	if (!decl->direct || (flag && flag->kind == IOU_KIND_FLAG))
		return 0;
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			   "'%s' in the declaration of '%s' is no flag of this loop", decl->direct,
			   decl->name);
}

static int check_section(const struct iou_loop *loop, const struct btf_type *section,
			 struct iou_err *err)
{
	const struct btf_var_secinfo *info = btf_var_secinfos(section);

	for (int i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *var = btf__type_by_id(loop->btf, info[i].type);

		if (!var || !btf_is_var(var) || btf_var(var)->linkage == BTF_VAR_GLOBAL_EXTERN ||
		    btf__resolve_size(loop->btf, var->type) <= (int64_t)info[i].size)
			continue;
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			    "the compiler made '%s' smaller than its type, which no kernel takes",
			    btf__name_by_offset(loop->btf, var->name_off));
		iou_err_hint(err, "leave out 'static' where it is declared");
		return -EINVAL;
	}
	return 0;
}

int iou_loop_check_variables(const struct iou_loop *loop, struct iou_err *err)
{
	int ret = 0;

	for (uint32_t id = 1; id < btf__type_cnt(loop->btf) && !ret; id++) {
		const struct btf_type *type = btf__type_by_id(loop->btf, id);

		if (btf_is_datasec(type))
			ret = check_section(loop, type, err);
	}
	return ret;
}

int iou_loop_check_decls(const struct iou_loop *loop, struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < loop->decls.nr && !ret; i++) {
		const struct iou_decl *decl = &loop->decls.list[i];
		const char *texts[] = {decl->nr, decl->size, decl->sq, decl->cq};

		if (decl->what == IOU_DECL_PARAM || decl->what == IOU_DECL_STAT)
			ret = check_size(loop, decl, err) ?: check_text(loop, decl, err) ?:
			      check_fields(loop, decl, err) ?: check_default(loop, decl, err) ?:
			      check_direct(loop, decl, err);
		for (size_t j = 0; j < ARRAY_SIZE(texts) && !ret; j++)
			ret = check_expression(loop, decl, texts[j], err);
	}
	return ret;
}
