// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of files and sockets by a number. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "session/maker.h"
#include "session/socket.h"

#define KEYS_MAX IOU_TARGETS_MAX

struct key {
	uint32_t key, of;
};

struct table {
	const char *path;
	unsigned int line;
	struct key keys[KEYS_MAX];
	char *names[IOU_TARGETS_MAX];
	int fds[IOU_TARGETS_MAX];
	uint32_t keys_nr, nr;
	int32_t other;
};

static void free_table(struct table *table)
{
	for (uint32_t i = 0; i < table->nr; i++)
		free(table->names[i]);
}

static bool is_socket(const char *name)
{
	return strncmp(name, "tcp:", 4) == 0 || strncmp(name, "unix:", 5) == 0;
}

static int wrong(struct iou_maker *maker, const struct table *table, const char *what)
{
	iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0, "line %u of '%s' %s", table->line,
		    table->path, what);
	iou_err_hint(maker->err, "a line is a number or *, a space, and a path, '-', tcp:HOST:PORT "
				 "or unix:PATH");
	return -EINVAL;
}

static int open_target(struct iou_maker *maker, const char *name, int *fd)
{
	IOU_FREE char *where = NULL;
	int ret;

	if (!is_socket(name))
		return iou_maker_open_out(maker, name, fd);
	ret = iou_socket_open(name, false, fd, &where, maker->err);
	return ret ?: iou_maker_keep_fd(maker, *fd);
}

/* The number of the target @name, opened unless a line before named it, too. */
static int find_target(struct iou_maker *maker, struct table *table, const char *name, uint32_t *nr)
{
	char *copy;
	int ret;

	for (*nr = 0; *nr < table->nr; ++*nr)
		if (strcmp(table->names[*nr], name) == 0)
			return 0;
	if (table->nr == IOU_TARGETS_MAX)
		return wrong(maker, table, "has one target too many: there may be 256");
	ret = open_target(maker, name, &table->fds[*nr]);
	if (ret)
		return ret;
	copy = strdup(name);
	if (!copy)
		return iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot read '%s'",
				   table->path);
	table->names[table->nr++] = copy;
	return 0;
}

static bool has_key(const struct table *table, uint32_t key)
{
	for (uint32_t i = 0; i < table->keys_nr; i++)
		if (table->keys[i].key == key)
			return true;
	return false;
}

/* Whether @name is a path, or has the form of an address. */
static bool is_target(const char *name)
{
	IOU_FREE char *host = NULL, *port = NULL;

	return !is_socket(name) || iou_parse_address(name, &host, &port) != -EINVAL;
}

static int add_line(struct iou_maker *maker, struct table *table, const char *key, const char *name)
{
	bool other = strcmp(key, "*") == 0;
	uint64_t value = 0;
	uint32_t of;
	int ret;

	if (!other && (iou_parse_u64(key, &value) || value > UINT32_MAX))
		return wrong(maker, table, "does not begin with a number of 32 bits, or *");
	if (other ? table->other >= 0 : has_key(table, (uint32_t)value))
		return wrong(maker, table, "says again what a line before it said");
	if (!other && table->keys_nr == KEYS_MAX)
		return wrong(maker, table, "has one key too many: there may be 256, and *");
	if (!is_target(name))
		return wrong(maker, table, "names a socket without its port or path");
	ret = find_target(maker, table, name, &of);
	if (ret)
		return ret;
	if (other)
		table->other = (int32_t)of;
	else
		table->keys[table->keys_nr++] = (struct key){(uint32_t)value, of};
	return 0;
}

/* @text is a line without its end. */
static int read_line(struct iou_maker *maker, struct table *table, char *text)
{
	static const char blank[] = " \t";
	char *key = text + strspn(text, blank);
	char *name = key + strcspn(key, blank), *end;

	if (!*key || *key == '#')
		return 0;
	if (!*name)
		return wrong(maker, table, "names no target");
	*name++ = '\0';
	name += strspn(name, blank);
	for (end = name + strlen(name); end > name && strchr(blank, end[-1]);)
		*--end = '\0';
	return *name ? add_line(maker, table, key, name) : wrong(maker, table, "names no target");
}

static int cannot_read(struct iou_maker *maker, const char *path, int errnum)
{
	enum iou_cause cause = errnum == EACCES || errnum == EPERM ? IOU_CAUSE_PERMISSION
			       : errnum == ENOENT                  ? IOU_CAUSE_USAGE
								   : IOU_CAUSE_FAILED;

	return iou_err_set(maker->err, cause, "open", errnum, "cannot read '%s'", path);
}

/* The table is not to be one of its own targets: it is among what is open, then. */
static int keep_table(struct iou_maker *maker, const char *path, int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return kept < 0 ? cannot_read(maker, path, errno) : iou_maker_keep_fd(maker, kept);
}

static int read_table(struct iou_maker *maker, struct table *table)
{
	FILE *file = fopen(table->path, "re");
	IOU_FREE char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int ret = 0;

	if (!file)
		return cannot_read(maker, table->path, errno);
	ret = keep_table(maker, table->path, fileno(file));
	while (!ret && (errno = 0, length = getline(&line, &size, file)) > 0) {
		table->line++;
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		/* It may be written elsewhere. */
		if (length && line[length - 1] == '\r')
			line[--length] = '\0';
		if (strlen(line) < (size_t)length)
			ret = wrong(maker, table, "has a NUL");
		else
			ret = read_line(maker, table, line);
	}
	if (!ret && !feof(file))
		ret = cannot_read(maker, table->path, errno ?: EIO);
	fclose(file);
	if (!ret && !table->nr) {
		iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0, "'%s' names no target",
			    table->path);
		ret = -EINVAL;
	}
	return ret;
}

static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static int set_at(struct iou_maker *maker, const struct iou_decl *param, const char *array,
		  uint32_t i, uint64_t value)
{
	char field[32];

	snprintf(field, sizeof(field), "%s[%u]", array, i);
	return iou_maker_set(maker, param, field, value);
}

/* Tell the loop. */
static int set_table(struct iou_maker *maker, const struct iou_decl *param, struct table *table)
{
	int ret = iou_maker_set(maker, param, "nr", table->nr)
			  ?: iou_maker_set(maker, param, "keys_nr", table->keys_nr)
			  ?: iou_maker_set(maker, param, "other", (uint32_t)table->other);

	qsort(table->keys, table->keys_nr, sizeof(*table->keys), by_key);
	for (uint32_t i = 0; i < table->keys_nr && !ret; i++)
		ret = set_at(maker, param, "keys", i, table->keys[i].key)
			      ?: set_at(maker, param, "of", i, table->keys[i].of);
	for (uint32_t i = 0; i < table->nr && !ret; i++)
		ret = set_at(maker, param, "fds", i, (uint32_t)table->fds[i])
			      ?: set_at(maker, param, "sockets", i, is_socket(table->names[i]));
	return ret;
}

int iou_maker_open_targets(struct iou_maker *maker, const struct iou_decl *param, const char *path)
{
	IOU_CLEANUP(free_table) struct table table = {.path = path, .other = -1};

	return read_table(maker, &table) ?: set_table(maker, param, &table);
}

int iou_maker_stand_in_targets(struct iou_maker *maker, const struct iou_decl *param)
{
	return iou_maker_set(maker, param, "nr", 2) ?: iou_maker_set(maker, param, "keys_nr", 2) ?:
	       set_at(maker, param, "keys", 1, 1) ?: set_at(maker, param, "of", 1, 1) ?:
	       set_at(maker, param, "sockets", 1, 1);
}
