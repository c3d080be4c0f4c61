// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/decl.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define NAME_LEN_MAX 32
#define CHOICES_MAX 64
#define DECLS_MAX 1000

static const char *const kind_names[] = {
	[IOU_KIND_U32] = "u32",
	[IOU_KIND_U64] = "u64",
	[IOU_KIND_S64] = "s64",
	[IOU_KIND_SIZE] = "size",
	[IOU_KIND_DURATION] = "duration",
	[IOU_KIND_FLAG] = "flag",
	[IOU_KIND_SHARE] = "share",
	[IOU_KIND_ERRNO] = "errno",
	[IOU_KIND_OPCODE] = "opcode",
	[IOU_KIND_CHOICE] = "choice",
	[IOU_KIND_CHOICES] = "choices",
	[IOU_KIND_STEPS] = "steps",
	/* Resources. */
	[IOU_KIND_INFILE] = "infile",
	[IOU_KIND_OUTFILE] = "outfile",
	[IOU_KIND_LISTEN] = "listen",
	[IOU_KIND_CONNECT] = "connect",
	[IOU_KIND_TARGETS] = "targets",
	[IOU_KIND_PATHS] = "paths",
	[IOU_KIND_MEM] = "mem",
	[IOU_KIND_BUFFERS] = "buffers",
	[IOU_KIND_BUF_RING] = "buf-ring",
	[IOU_KIND_PIPES] = "pipes",
	[IOU_KIND_DIRECT] = "direct",
	/* Statistics. */
	[IOU_KIND_COUNTER] = "counter",
	[IOU_KIND_GAUGE] = "gauge",
	[IOU_KIND_HISTOGRAM] = "histogram",
	[IOU_KIND_TEXT] = "text",
};

const char *iou_kind_name(enum iou_kind kind)
{
	return kind_names[kind];
}

bool iou_kind_is_number(enum iou_kind kind)
{
	return kind <= IOU_KIND_CHOICE;
}

bool iou_kind_has_choices(enum iou_kind kind)
{
	return kind == IOU_KIND_CHOICE || kind == IOU_KIND_CHOICES;
}

bool iou_decl_is_opened(const struct iou_decl *decl)
{
	return decl->what == IOU_DECL_PARAM && decl->kind >= IOU_KIND_INFILE &&
	       decl->kind <= IOU_KIND_PATHS;
}

const char *iou_decl_form(const struct iou_decl *decl)
{
	if (decl->kind == IOU_KIND_PATHS)
		return "FILE,...";
	return decl->kind == IOU_KIND_LISTEN || decl->kind == IOU_KIND_CONNECT ? "HOST:PORT"
									       : "FILE";
}

bool iou_decl_must_be_set(const struct iou_decl *decl)
{
	return iou_decl_is_opened(decl) && !decl->def && !decl->optional;
}

static void words_free(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

static void decl_release(struct iou_decl *decl)
{
	char *texts[] = {decl->variable, decl->name,   decl->help, decl->unit, decl->def,
			 decl->nr,       decl->size,   decl->of,   decl->sq,   decl->cq,
			 decl->flags,    decl->direct, decl->needs};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	words_free(decl->choices);
	*decl = (struct iou_decl){};
}

void iou_decls_release(struct iou_decls *decls)
{
	for (size_t i = 0; i < decls->nr; i++)
		decl_release(&decls->list[i]);
	free(decls->list);
	*decls = (struct iou_decls){};
}

static int wrong(struct iou_err *err, const struct iou_decl *decl, const char *what,
		 const char *value)
{
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			   "the declaration of '%s' has a wrong %s: '%s'", decl->variable, what,
			   value);
}

static char *dashed(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; p && *p; p++)
		if (*p == '_')
			*p = '-';
	return copy;
}

/* Of these characters a shell makes nothing else. */
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

static bool fits(const char *word, const char *chars)
{
	size_t len = strspn(word, chars);

	return !word[len] && len > 0 && len <= NAME_LEN_MAX;
}

bool iou_decl_name_fits(const char *name)
{
	return fits(name, NAME_CHARS);
}

static int check_name(const struct iou_decl *decl, struct iou_err *err)
{
	if (!iou_decl_name_fits(decl->name))
		return wrong(err, decl, "name (a-z, 0-9, _, at most 32 of them)", decl->variable);
	return 0;
}

static int set_kind(struct iou_decl *decl, const char *value, struct iou_err *err)
{
	enum iou_kind first = decl->what == IOU_DECL_STAT ? IOU_KIND_COUNTER : IOU_KIND_U32;
	enum iou_kind last = decl->what == IOU_DECL_STAT ? IOU_KIND_TEXT : IOU_KIND_DIRECT;

	for (enum iou_kind kind = first; kind <= last; kind++)
		if (strcmp(kind_names[kind], value) == 0) {
			decl->kind = kind;
			return 0;
		}
	return wrong(err, decl, "kind", value);
}

static int set_bound(struct iou_decl *decl, bool is_max, const char *value, struct iou_err *err)
{
	uint64_t *u = is_max ? &decl->max.u : &decl->min.u;
	int64_t *s = is_max ? &decl->max.s : &decl->min.s;
	int ret = decl->kind == IOU_KIND_S64 ? iou_parse_s64(value, s) : iou_parse_u64(value, u);

	return ret ? wrong(err, decl, is_max ? "max" : "min", value) : 0;
}

static int set_choices(struct iou_decl *decl, const char *value, struct iou_err *err)
{
	IOU_FREE char *copy = strdup(value);
	char *rest = copy, *word;
	int ret = copy ? 0 : -ENOMEM;

	words_free(decl->choices);
	decl->choices_nr = 0;
	/* Each '|' ends one, and the last has none. */
	decl->choices = calloc(strlen(value) + 2, sizeof(*decl->choices));
	while (!ret && decl->choices && (word = strsep(&rest, "|"))) {
		bool again = false;

		for (size_t i = 0; i < decl->choices_nr; i++)
			again |= strcmp(decl->choices[i], word) == 0;
		if (again || decl->choices_nr == CHOICES_MAX || !fits(word, NAME_CHARS "_"))
			return wrong(err, decl, "list of choices", value);
		decl->choices[decl->choices_nr] = strdup(word);
		if (!decl->choices[decl->choices_nr++])
			ret = -ENOMEM;
	}
	return decl->choices ? ret : -ENOMEM;
}

static int set_text(char **field, char *copy)
{
	free(*field);
	*field = copy;
	return copy ? 0 : -ENOMEM;
}

/* One KEY=VALUE; keys that this version does not know are for later ones. */
static int set_key(struct iou_decl *decl, const char *key, const char *value, struct iou_err *err)
{
	struct {
		const char *key;
		char **field;
	} texts[] = {
		{"help", &decl->help},   {"unit", &decl->unit},   {"nr", &decl->nr},
		{"size", &decl->size},   {"sq", &decl->sq},       {"cq", &decl->cq},
		{"flags", &decl->flags}, {"needs", &decl->needs},
	};

	if (strcmp(key, "def") == 0)
		return value[0] ? set_text(&decl->def, strdup(value)) : 0;
	if (strcmp(key, "optional") == 0)
		return iou_parse_flag(value, &decl->optional) ? wrong(err, decl, key, value) : 0;
	if (strcmp(key, "policy") == 0)
		return iou_parse_flag(value, &decl->policy) ? wrong(err, decl, key, value) : 0;
	if (strcmp(key, "by") == 0) {
		decl->by_opcode = strcmp(value, "opcode") == 0;
		return decl->by_opcode ? 0 : wrong(err, decl, key, value);
	}
	if (strcmp(key, "of") == 0)
		return set_text(&decl->of, dashed(value));
	if (strcmp(key, "direct") == 0)
		return set_text(&decl->direct, dashed(value));
	if (strcmp(key, "kind") == 0)
		return set_kind(decl, value, err);
	if (strcmp(key, "min") == 0)
		return set_bound(decl, false, value, err);
	if (strcmp(key, "max") == 0)
		return set_bound(decl, true, value, err);
	if (strcmp(key, "choices") == 0)
		return set_choices(decl, value, err);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(key, texts[i].key) == 0)
			return set_text(texts[i].field, strdup(value));
	return 0;
}

static int lacks(struct iou_err *err, const struct iou_decl *decl, const char *what)
{
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "the declaration of '%s' has no %s",
			   decl->variable, what);
}

static int check_param(const struct iou_decl *decl, struct iou_err *err)
{
	bool empty = decl->kind == IOU_KIND_S64 ? decl->min.s > decl->max.s
						: decl->min.u > decl->max.u;

	switch (decl->kind) {
	case IOU_KIND_CHOICE:
	case IOU_KIND_CHOICES:
		return decl->choices_nr ? 0 : lacks(err, decl, "choices");
	case IOU_KIND_MEM:
	case IOU_KIND_BUFFERS:
	case IOU_KIND_BUF_RING:
	case IOU_KIND_PIPES:
		if (!decl->nr || !decl->size)
			return lacks(err, decl, decl->nr ? "size" : "nr");
		return 0;
	case IOU_KIND_DIRECT:
		return decl->nr ? 0 : lacks(err, decl, "nr");
	default:
		return empty ? wrong(err, decl, "range", "its min is above its max") : 0;
	}
}

static int check_optional(const struct iou_decl *decl, struct iou_err *err)
{
	if (!decl->optional)
		return 0;
	if (!iou_decl_is_opened(decl))
		return wrong(err, decl, "optional", "only files and sockets have it");
	return decl->def ? wrong(err, decl, "optional", "there is a def, too") : 0;
}

static int check_by(const struct iou_decl *decl, struct iou_err *err)
{
	bool may = decl->what == IOU_DECL_STAT && !decl->of &&
		   (decl->kind == IOU_KIND_COUNTER || decl->kind == IOU_KIND_HISTOGRAM);

	return decl->by_opcode && !may
		       ? wrong(err, decl, "by", "only counters and histograms have it")
		       : 0;
}

/* @text is "WHAT;KEY=VALUE;…;help=TEXT". */
static int parse(struct iou_decl *decl, const char *variable, const char *text, struct iou_err *err)
{
	static const char *const whats[] = {
		[IOU_DECL_PARAM] = "param",
		[IOU_DECL_STAT] = "stat",
		[IOU_DECL_LOOP] = "loop",
		[IOU_DECL_TIMER] = "timer",
	};
	IOU_FREE char *copy = strdup(text);
	char *rest = copy, *field;
	bool has_kind = false;
	size_t what = 0;
	int ret;

	decl->variable = strdup(variable);
	decl->name = dashed(variable);
	decl->help = strdup("");
	decl->unit = strdup("");
	if (!copy || !decl->variable || !decl->name || !decl->help || !decl->unit)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot read the loop");

	field = strsep(&rest, ";");
	while (what < ARRAY_SIZE(whats) && strcmp(whats[what], field) != 0)
		what++;
	if (what == ARRAY_SIZE(whats))
		return wrong(err, decl, "form", text);
	decl->what = (enum iou_decl_what)what;
	ret = check_name(decl, err);
	while (!ret && rest) {
		bool is_help = strncmp(rest, "help=", 5) == 0;
		char *key;

		/* Help is the last key: it may hold anything. */
		field = is_help ? rest : strsep(&rest, ";");
		if (is_help)
			rest = NULL;
		key = strsep(&field, "=");
		if (!field)
			return wrong(err, decl, "field", key);
		has_kind |= strcmp(key, "kind") == 0;
		ret = set_key(decl, key, field, err);
	}
	if (!ret && (decl->what == IOU_DECL_PARAM || decl->what == IOU_DECL_STAT) && !has_kind)
		ret = lacks(err, decl, "kind");
	if (!ret)
		ret = check_optional(decl, err) ?: check_by(decl, err);
	return ret || decl->what != IOU_DECL_PARAM ? ret : check_param(decl, err);
}

static int check_unique(const struct iou_decls *decls, const struct iou_decl *decl,
			struct iou_err *err)
{
	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].what == decl->what &&
		    strcmp(decls->list[i].name, decl->name) == 0)
			return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
					   "'%s' is declared twice", decl->name);
	return 0;
}

static int add(struct iou_decls *decls, const char *variable, const char *text, struct iou_err *err)
{
	struct iou_decl decl = {}, *list;
	int ret;

	if (decls->nr == DECLS_MAX)
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
				   "the object has more than %d declarations", DECLS_MAX);
	list = reallocarray(decls->list, decls->nr + 1, sizeof(*list));
	if (!list)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot read the loop");
	decls->list = list;
	ret = parse(&decl, variable, text, err) ?: check_unique(decls, &decl, err);
	if (ret == -ENOMEM)
		iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot read the loop");
	if (ret) {
		decl_release(&decl);
		return ret;
	}
	list[decls->nr++] = decl;
	return 0;
}

int iou_decls_read(struct iou_decls *decls, const struct btf *btf, struct iou_err *err)
{
	static const char prefix[] = "iou:";
	struct iou_decls read = {};

	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *tag = btf__type_by_id(btf, id), *var;
		const char *text, *name;
		int ret;

		if (!btf_is_decl_tag(tag) || btf_decl_tag(tag)->component_idx != -1)
			continue;
		text = btf__name_by_offset(btf, tag->name_off);
		var = btf__type_by_id(btf, tag->type);
		if (!text || strncmp(text, prefix, strlen(prefix)) != 0 || !var || !btf_is_var(var))
			continue;
		name = btf__name_by_offset(btf, var->name_off);
		ret = add(&read, name ?: "", text + strlen(prefix), err);
		if (ret) {
			iou_decls_release(&read);
			return ret;
		}
	}
	*decls = read;
	return 0;
}
