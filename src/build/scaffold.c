// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "build/scaffold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "loop/image.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-_"
#define NAME_LEN_MAX 32

extern const char iou_template[], iou_template_end[];

/* Words that cannot be a variable of the source, each between spaces. */
static const char reserved[] =
	/* C's own. */
	" asm auto bool break case char const continue default do double else enum"
	" extern false float for goto if inline int long register restrict return short"
	" signed sizeof static struct switch true typedef typeof union unsigned void"
	" volatile while alignas alignof constexpr nullptr static_assert thread_local"
	" typeof_unqual"
	/* Macros of clang's and of the headers. */
	" bpf linux unix barrier barrier_var container_of likely offsetof unlikely"
	/* What the template has. */
	" completed count depth main reap send step submitted"
	/* Of the functions that clang knows without a header, those that one might think of. */
	" abort abs calloc ceil conj copysign cos exit exp finite floor free index log"
	" malloc memchr memcmp memcpy memmove memset nan pow printf realloc remainder"
	" rindex round scanf sin sqrt strlen tan trunc vfork"
	" ";

/* What these begin is the headers'. */
static const char *const reserved_prefixes[] = {"iou_", "io_uring_", "bpf_", "btf_"};

static bool name_fits(const char *name)
{
	size_t length = strspn(name, NAME_CHARS);

	return name[0] >= 'a' && name[0] <= 'z' && !name[length] && length <= NAME_LEN_MAX;
}

/* @name as C has it. */
static void symbol_of(char symbol[NAME_LEN_MAX + 1], const char *name)
{
	snprintf(symbol, NAME_LEN_MAX + 1, "%s", name);
	for (char *p = symbol; *p; p++)
		if (*p == '-')
			*p = '_';
}

static bool is_reserved(const char *symbol)
{
	char word[NAME_LEN_MAX + 3];

	snprintf(word, sizeof(word), " %s ", symbol);
	if (strstr(reserved, word))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(reserved_prefixes); i++)
		if (strncmp(reserved_prefixes[i], symbol, strlen(reserved_prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_builtin(const char *name)
{
	for (size_t i = 0; i < iou_builtins_nr; i++)
		if (strcmp(iou_builtins[i].name, name) == 0)
			return true;
	return false;
}

static int does_not_fit(const char *name, struct iou_err *err)
{
	int ret = iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "a loop cannot be called '%s'",
			      name);

	iou_err_hint(err,
		     "its name is of a-z, 0-9, '-' and '_', begins with a letter, and has at most "
		     "%d of them; the file is NAME.bpf.c in this directory",
		     NAME_LEN_MAX);
	return ret;
}

int iou_scaffold_check(const char *name, struct iou_err *err)
{
	char symbol[NAME_LEN_MAX + 1];
	int ret;

	if (!name_fits(name))
		return does_not_fit(name, err);
	symbol_of(symbol, name);
	if (!is_builtin(name) && !is_reserved(symbol))
		return 0;
	ret = iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			  is_builtin(name) ? "a built-in loop is called '%s'"
					   : "'%s' has a meaning in a loop's source",
			  name);
	iou_err_hint(err, "choose another name, such as 'my-%.*s'", NAME_LEN_MAX - 3, name);
	return ret;
}

/* Put @with for each @what in @text, which is freed; NULL for no memory, or for no @text. */
static char *substitute(char *text, const char *what, const char *with)
{
	char *copy = NULL, *at = text, *found;
	size_t size = 0;
	FILE *out = text ? open_memstream(&copy, &size) : NULL;

	if (!out) {
		free(text);
		return NULL;
	}
	while ((found = strstr(at, what))) {
		fprintf(out, "%.*s%s", (int)(found - at), at, with);
		at = found + strlen(what);
	}
	fputs(at, out);
	free(text);
	if (fclose(out) == 0)
		return copy;
	free(copy);
	return NULL;
}

char *iou_scaffold_text(const char *name)
{
	char *text = strndup(iou_template, (size_t)(iou_template_end - iou_template));
	char symbol[NAME_LEN_MAX + 1];

	symbol_of(symbol, name);
	return substitute(substitute(text, "@NAME@", name), "@SYMBOL@", symbol);
}

static int write_error(const char *path, int errnum, struct iou_err *err)
{
	enum iou_cause cause = errnum == EACCES || errnum == EPERM || errnum == EROFS
				       ? IOU_CAUSE_PERMISSION
				       : IOU_CAUSE_FAILED;
	int ret;

	if (errnum != EEXIST)
		return iou_err_set(err, cause, "output", errnum, "cannot write '%s'", path);
	ret = iou_err_set(err, IOU_CAUSE_USAGE, "output", EEXIST, "cannot make '%s'", path);
	iou_err_hint(err, "choose another name, or remove it");
	return ret;
}

int iou_scaffold_write(const char *path, const char *text, struct iou_err *err)
{
	IOU_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	ssize_t length = (ssize_t)strlen(text), put;

	if (fd < 0)
		return write_error(path, errno, err);
	/* A few thousand bytes go at once, or the disk is full. */
	put = write(fd, text, (size_t)length);
	if (put == length && close(TAKE_FD(fd)) == 0)
		return 0;
	put = write_error(path, put >= 0 && put != length ? ENOSPC : errno, err);
	unlink(path);
	return (int)put;
}
