// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which kernel to boot. Whether it has loops is read from its configuration, never guessed. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "vm/vm.h"

#define LOOPS_OPTION "CONFIG_IO_URING_BPF_OPS=y"
#define BOOT_PREFIX "vmlinuz-"
#define HOW_TO_GET                                                                \
	"'iouctl vm --fetch' gets one where the distribution offers it, or name " \
	"an image with --kernel or in IOUCTL_KERNEL"

int iou_vm_cache_path(const char *name, char **path)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *made;
	int ret;

	/* The XDG base directory specification: a relative path is to be ignored. */
	if (cache && cache[0] == '/')
		ret = asprintf(&made, "%s/iouctl/%s", cache, name);
	else if (home && home[0] == '/')
		ret = asprintf(&made, "%s/.cache/iouctl/%s", home, name);
	else
		return -ENOENT;
	if (ret < 0)
		return -ENOMEM;
	*path = made;
	return 0;
}

static void kernel_release(struct iou_vm_kernel *kernel)
{
	free(kernel->path);
	free(kernel->release);
	free(kernel->config);
}

void iou_vm_kernels_release(struct iou_vm_kernels *kernels)
{
	for (size_t i = 0; i < kernels->nr; i++)
		kernel_release(&kernels->list[i]);
	free(kernels->list);
	*kernels = (struct iou_vm_kernels){0};
}

/* To open a FIFO would be to wait for who writes to it. */
static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool config_has_loops(const char *path)
{
	IOU_FCLOSE FILE *f = is_regular(path) ? fopen(path, "re") : NULL;
	IOU_FREE char *line = NULL;
	size_t size = 0;

	if (!f)
		return false;
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, LOOPS_OPTION) == 0)
			return true;
	}
	return false;
}

/* Takes over @path and @config, also on failure. */
static int add(struct iou_vm_kernels *kernels, char *path, const char *release, char *config,
	       const char *where)
{
	struct iou_vm_kernel kernel = {.path = path, .config = config, .where = where};
	struct iou_vm_kernel *list = NULL;

	kernel.release = strdup(release);
	if (kernel.path && kernel.release && kernel.config)
		list = reallocarray(kernels->list, kernels->nr + 1, sizeof(*list));
	if (!list) {
		kernel_release(&kernel);
		return -ENOMEM;
	}
	if (access(kernel.config, F_OK)) {
		free(kernel.config);
		kernel.config = NULL;
	} else {
		kernel.has_loops = config_has_loops(kernel.config);
	}
	kernel.readable = is_regular(kernel.path) && access(kernel.path, R_OK) == 0;
	kernels->list = list;
	list[kernels->nr++] = kernel;
	return 0;
}

static char *join(const char *dir, const char *middle, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s%s", dir, middle, name) < 0 ? NULL : path;
}

/* @dir/VERSION/vmlinuz and config, as fetched ones are and as kernel packages have them. */
static int add_version(struct iou_vm_kernels *kernels, const char *dir, const char *release,
		       const char *where)
{
	/* An image that needs no unpacking in the guest, which a fetch makes. */
	static const char *const images[] = {"/vmlinux", "/vmlinuz", "/vmlinuz.unsigned"};

	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		char *path = join(dir, release, images[i]);

		if (!path)
			return -ENOMEM;
		if (access(path, F_OK) == 0)
			return add(kernels, path, release, join(dir, release, "/config"), where);
		free(path);
	}
	return 0;
}

static int add_boot(struct iou_vm_kernels *kernels, const char *dir, const char *name,
		    const char *where)
{
	const char *release = name + strlen(BOOT_PREFIX);

	if (strncmp(name, BOOT_PREFIX, strlen(BOOT_PREFIX)) != 0)
		return 0;
	return add(kernels, join(dir, "", name), release, join(dir, "config-", release), where);
}

typedef int (*add_fn)(struct iou_vm_kernels *, const char *dir, const char *name, const char *);

static int scan(struct iou_vm_kernels *kernels, const char *dir, add_fn add_entry,
		const char *where)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int ret = 0;

	if (!d)
		return 0;
	while (!ret && (entry = readdir(d)))
		/* A fetch that is under way works in a hidden directory. */
		if (entry->d_name[0] != '.')
			ret = add_entry(kernels, dir, entry->d_name, where);
	closedir(d);
	return ret;
}

static bool is_candidate(const char *release)
{
	return strchr(release, '~') || strstr(release, "-rc");
}

/* How much of @release goes before what makes it one that comes before a release. */
static size_t final_length(const char *release)
{
	const char *tilde = strchr(release, '~'), *rc = strstr(release, "-rc");

	if (tilde && (!rc || tilde < rc))
		return (size_t)(tilde - release);
	return rc ? (size_t)(rc - release) : strspn(release, "0123456789.");
}

/* "7.2.12" after "7.2.3", "7.3-rc1" and "7.3~rc7" before "7.3"; what is no number before all. */
static int compare_releases(const char *a, const char *b)
{
	size_t la = final_length(a), lb = final_length(b);
	IOU_FREE char *fa = strndup(a, la), *fb = strndup(b, lb);
	int ret = fa && fb ? strverscmp(fa, fb) : 0;

	if (!isdigit((unsigned char)a[0]) != !isdigit((unsigned char)b[0]))
		return isdigit((unsigned char)a[0]) ? 1 : -1;
	if (ret)
		return ret;
	if (is_candidate(a) != is_candidate(b))
		return is_candidate(a) ? -1 : 1;
	return strverscmp(a, b);
}

static int newest_first(const void *a, const void *b)
{
	const struct iou_vm_kernel *ka = a, *kb = b;

	return -compare_releases(ka->release, kb->release);
}

int iou_vm_kernels_list(struct iou_vm_kernels *kernels)
{
	struct iou_vm_kernels found = {0};
	IOU_FREE char *fetched = NULL;
	int ret;

	ret = iou_vm_cache_path("kernels", &fetched);
	if (ret == 0)
		ret = scan(&found, fetched, add_version, "fetched");
	else if (ret == -ENOENT)
		ret = 0;
	if (!ret)
		ret = scan(&found, "/boot", add_boot, "boot");
	if (!ret)
		ret = scan(&found, "/usr/lib/modules", add_version, "modules");
	if (ret) {
		iou_vm_kernels_release(&found);
		return ret;
	}
	if (found.nr)
		qsort(found.list, found.nr, sizeof(*found.list), newest_first);
	*kernels = found;
	return 0;
}

static int none_found(const struct iou_vm_kernels *kernels, struct iou_err *err)
{
	int ret;

	if (kernels->nr)
		ret = iou_err_set(err, IOU_CAUSE_VM, "vm", ENOENT,
				  "no kernel with loops found: %zu kernel%s without " LOOPS_OPTION
				  ", or not readable; the newest is %s",
				  kernels->nr, kernels->nr == 1 ? "" : "s",
				  kernels->list[0].release);
	else
		ret = iou_err_set(err, IOU_CAUSE_VM, "vm", ENOENT,
				  "no kernel found: none fetched, none in /boot or "
				  "/usr/lib/modules");
	iou_err_hint(err, HOW_TO_GET);
	return ret;
}

int iou_vm_kernel_find(const char *wanted, char **path, struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_kernels_release) struct iou_vm_kernels kernels = {0};
	const char *found = wanted ?: getenv("IOUCTL_KERNEL");
	char *copy;
	int ret;

	if (!found || !*found) {
		ret = iou_vm_kernels_list(&kernels);
		if (ret)
			return iou_err_set(err, IOU_CAUSE_FAILED, "vm", -ret,
					   "cannot list the kernels");
		found = NULL;
		for (size_t i = 0; i < kernels.nr && !found; i++)
			if (kernels.list[i].has_loops && kernels.list[i].readable)
				found = kernels.list[i].path;
		if (!found)
			return none_found(&kernels, err);
	}
	copy = strdup(found);
	if (!copy)
		return iou_err_set(err, IOU_CAUSE_FAILED, "vm", ENOMEM, "cannot choose a kernel");
	*path = copy;
	return 0;
}
