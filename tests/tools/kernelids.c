// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * kernelids OBJECT...: of each, how many names it asks this kernel for. In the excerpt of the
 * kernel's BTF that is made for it, libbpf must find each where it finds it in all of it, and
 * structs must be the same.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "object/excerpt.h"

static bool same_struct(const struct btf *one, const struct btf_type *type, const struct btf *other,
			const struct btf_type *whole)
{
	if (type->size != whole->size || type->info != whole->info)
		return false;
	for (int i = 0; i < btf_vlen(whole); i++) {
		const struct btf_member *a = btf_members(type) + i, *b = btf_members(whole) + i;

		if (strcmp(btf__name_by_offset(one, a->name_off),
			   btf__name_by_offset(other, b->name_off)) != 0 ||
		    a->offset != b->offset ||
		    btf__resolve_size(one, a->type) != btf__resolve_size(other, b->type))
			return false;
	}
	return true;
}

static bool same(const struct iou_excerpt *excerpt, const struct btf *btf, const struct btf *whole,
		 const struct iou_need *need)
{
	__s32 id = btf__find_by_name_kind(btf, need->name, need->kind);
	__s32 kernel_id = btf__find_by_name_kind(whole, need->name, need->kind);

	if (need->optional && id <= 0 && kernel_id <= 0)
		return true;
	if (id <= 0 || kernel_id <= 0 ||
	    iou_excerpt_kernel_id(excerpt, (__u32)id) != (__u32)kernel_id)
		return false;
	return need->kind != BTF_KIND_STRUCT ||
	       same_struct(btf, btf__type_by_id(btf, (__u32)id), whole,
			   btf__type_by_id(whole, (__u32)kernel_id));
}

static int compare(struct iou_needs *needs, const struct btf *whole)
{
	struct iou_excerpt excerpt;
	struct btf *btf;
	__u32 size;
	const void *data = btf__raw_data(whole, &size);
	int ret = iou_excerpt_make(&excerpt, needs, data, size);

	if (ret)
		return ret;
	btf = btf__new(excerpt.btf, (__u32)excerpt.size);
	if (!btf)
		return -EINVAL;
	for (size_t i = 0; i < needs->nr; i++)
		if (!same(&excerpt, btf, whole, &needs->list[i])) {
			printf("%s differs\n", needs->list[i].name);
			ret = -EINVAL;
		}
	printf("%zu names, %u types", needs->nr, excerpt.nr);
	btf__free(btf);
	iou_excerpt_release(&excerpt);
	return ret;
}

static int look(const char *path, const struct btf *whole)
{
	IOU_CLEANUP(iou_needs_release) struct iou_needs needs = {};
	IOU_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bpf_object *object;
	struct stat st;
	void *data;
	int ret;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	object = data == MAP_FAILED ? NULL : bpf_object__open_mem(data, (size_t)st.st_size, NULL);
	if (!object)
		return -errno;
	ret = iou_needs_read(&needs, object, data, (size_t)st.st_size) ?: compare(&needs, whole);
	bpf_object__close(object);
	munmap(data, (size_t)st.st_size);
	return ret;
}

int main(int argc, char **argv)
{
	struct btf *whole = btf__load_vmlinux_btf();
	int failed = 0;

	for (int i = 1; i < argc && whole; i++) {
		int ret = look(argv[i], whole);

		printf("%s%s: %s\n", ret ? "" : ", ", argv[i], ret ? strerror(-ret) : "the same");
		failed |= ret;
	}
	btf__free(whole);
	return !whole || failed;
}
