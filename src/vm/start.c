// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct start_head {
	uint32_t argc, envc, sharec;
	uint32_t umask, disks;
	struct rlimit files;
	struct winsize size;
	struct termios settings;
	uint8_t exec;
	uint8_t terminal[3];
	uint8_t interactive;
};

static uint32_t count(char *const *list)
{
	uint32_t n = 0;

	while (list[n])
		n++;
	return n;
}

static void put_strings(FILE *f, char *const *list)
{
	for (; *list; list++)
		fwrite(*list, 1, strlen(*list) + 1, f);
}

char *iou_vm_start_encode(const struct iou_vm_start *start, size_t *length)
{
	struct start_head head = {
		.argc = count(start->argv),
		.envc = count(start->env),
		.sharec = count(start->shares),
		.umask = start->umask,
		.disks = start->disks,
		.files = start->files,
		.size = start->size,
		.settings = start->settings,
		.interactive = start->interactive,
		.exec = start->exec,
		.terminal = {start->terminal[0], start->terminal[1], start->terminal[2]},
	};
	char *const cwd[] = {start->cwd, NULL};
	char *data = NULL;
	FILE *f = open_memstream(&data, length);

	if (!f)
		return NULL;
	fwrite(&head, 1, sizeof(head), f);
	put_strings(f, cwd);
	put_strings(f, start->argv);
	put_strings(f, start->env);
	put_strings(f, start->shares);
	if (fclose(f)) {
		free(data);
		return NULL;
	}
	return data;
}

/* The next string at *@at, or NULL where it does not end before @end. */
static char *get_string(char **at, const char *end)
{
	char *string = *at, *nul = memchr(string, 0, (size_t)(end - string));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return string;
}

static int get_strings(char ***list, uint32_t n, char **at, const char *end)
{
	IOU_FREE char **strings = NULL;

	/* Each takes a byte at least. */
	if (n > (size_t)(end - *at))
		return -EPROTO;
	strings = calloc(n + 1, sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		strings[i] = get_string(at, end);
		if (!strings[i])
			return -EPROTO;
	}
	*list = TAKE_PTR(strings);
	return 0;
}

int iou_vm_start_decode(struct iou_vm_start *start, char *data, size_t length)
{
	IOU_FREE char **argv = NULL, **env = NULL;
	char **shares, *cwd, *at = data + sizeof(struct start_head);
	const char *end = data + length;
	struct start_head head;
	int ret;

	if (length < sizeof(head))
		return -EPROTO;
	memcpy(&head, data, sizeof(head));
	cwd = get_string(&at, end);
	if (!cwd || !head.argc)
		return -EPROTO;
	ret = get_strings(&argv, head.argc, &at, end);
	if (!ret)
		ret = get_strings(&env, head.envc, &at, end);
	if (!ret)
		ret = get_strings(&shares, head.sharec, &at, end);
	if (ret)
		return ret;
	*start = (struct iou_vm_start){
		.cwd = cwd,
		.argv = TAKE_PTR(argv),
		.env = TAKE_PTR(env),
		.shares = shares,
		.exec = head.exec,
		.terminal = {head.terminal[0], head.terminal[1], head.terminal[2]},
		.size = head.size,
		.interactive = head.interactive,
		.settings = head.settings,
		.umask = head.umask,
		.disks = head.disks,
		.files = head.files,
	};
	return 0;
}

static bool host_only(const char *entry)
{
	static const char *const names[] = {
		"TMPDIR",
		"TMP",
		"TEMP",
		"DBUS_SESSION_BUS_ADDRESS",
		"DISPLAY",
		"LISTEN_FDS",
		"LISTEN_PID",
		"NOTIFY_SOCKET",
		"SSH_AUTH_SOCK",
		"SSH_TTY",
		"TMUX",
		"WAYLAND_DISPLAY",
		"XDG_RUNTIME_DIR",
		"XDG_SESSION_ID",
	};
	size_t len = strcspn(entry, "=");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && strncmp(names[i], entry, len) == 0)
			return true;
	return false;
}

char **iou_vm_env_new(void)
{
	static char tmpdir[] = "TMPDIR=" IOU_VM_TMPDIR;
	char **env = calloc(count(environ) + 2, sizeof(*env));
	size_t n = 0;

	if (!env)
		return NULL;
	for (char *const *entry = environ; *entry; entry++)
		if (!host_only(*entry))
			env[n++] = *entry;
	env[n] = tmpdir;
	return env;
}
