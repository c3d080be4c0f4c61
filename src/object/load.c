// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libbpf calls some of its own functions as anybody would: by their names, which the dynamic linker
 * finds in the program first. So the program can stand between: libbpf reads an excerpt of the
 * kernel's BTF, and the numbers that it has from there become the kernel's where it creates a map
 * and loads a program. Where libbpf does not ask (it is linked statically, or binds its own names),
 * it reads all, which only takes longer.
 */
#include "object/load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "object/excerpt.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* Many times what any kernel has. */
#define BTF_SIZE_MAX ((size_t)256 << 20)

/* What is being loaded: libbpf's functions have no argument that it could be in. */
static _Thread_local struct {
	struct iou_needs *needs;    /* NULL: nothing, or what takes all of the kernel's BTF */
	struct iou_excerpt excerpt; /* what libbpf was given for it; of no types: nothing */
} loading;

/* ---- The kernel's BTF ---- */

struct bytes {
	void *data;
	size_t size;
	bool mapped;
};

static void release_bytes(struct bytes *bytes)
{
	if (bytes->mapped)
		munmap(bytes->data, bytes->size);
	else
		free(bytes->data);
}

/* Kernels before 6.16 do not have it mapped. */
static int read_bytes(int fd, struct bytes *bytes)
{
	size_t nr = 0;

	bytes->data = malloc(bytes->size);
	if (!bytes->data)
		return -ENOMEM;
	while (nr < bytes->size) {
		ssize_t got = read(fd, (char *)bytes->data + nr, bytes->size - nr);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		nr += (size_t)got;
	}
	return 0;
}

static int open_bytes(struct bytes *bytes)
{
	IOU_CLOSE int fd = open(KERNEL_BTF, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_size <= 0 || (size_t)st.st_size > BTF_SIZE_MAX)
		return -EFBIG;
	bytes->size = (size_t)st.st_size;
	bytes->data = mmap(NULL, bytes->size, PROT_READ, MAP_PRIVATE, fd, 0);
	bytes->mapped = bytes->data != MAP_FAILED;
	return bytes->mapped ? 0 : read_bytes(fd, bytes);
}

/* NULL: it has to be all of it. */
static struct btf *excerpt_btf(struct iou_excerpt *excerpt, struct iou_needs *needs)
{
	IOU_CLEANUP(release_bytes) struct bytes bytes = {};

	if (open_bytes(&bytes) || iou_excerpt_make(excerpt, needs, bytes.data, bytes.size))
		return NULL;
	return btf__new(excerpt->btf, (uint32_t)excerpt->size);
}

/* ---- What libbpf calls ---- */

/* The next definition of the function @name, which is libbpf's; NULL where all is one program. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Whether @name is looked up here first. */
#define IS_OURS(name) (dlsym(RTLD_DEFAULT, #name) == (void *)&name)

__attribute__((weak)) struct btf *btf__load_vmlinux_btf(void)
{
	__typeof__(&btf__load_vmlinux_btf) next = NEXT(btf__load_vmlinux_btf);
	struct btf *btf = NULL;

	iou_excerpt_release(&loading.excerpt);
	/* Numbers that are not told the kernel as its own are of no use. */
	if (loading.needs && IS_OURS(bpf_map_create) && IS_OURS(bpf_prog_load))
		btf = excerpt_btf(&loading.excerpt, loading.needs);
	if (!btf)
		iou_excerpt_release(&loading.excerpt);
	if (btf || next)
		return btf ?: next();
	errno = ENOSYS;
	return NULL;
}

__attribute__((weak)) int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size,
					 __u32 value_size, __u32 max_entries,
					 const struct bpf_map_create_opts *opts)
{
	__typeof__(&bpf_map_create) next = NEXT(bpf_map_create);
	union {
		struct bpf_map_create_opts opts;
		char room[512]; /* for what later versions have beside it */
	} own;

	if (!next) {
		errno = ENOSYS;
		return -ENOSYS;
	}
	if (!loading.excerpt.nr || !opts || !opts->btf_vmlinux_value_type_id)
		return next(type, name, key_size, value_size, max_entries, opts);
	if (opts->sz > sizeof(own)) {
		errno = E2BIG;
		return -E2BIG;
	}
	memcpy(&own, opts, opts->sz);
	own.opts.btf_vmlinux_value_type_id = iou_excerpt_kernel_id(&loading.excerpt,
								   opts->btf_vmlinux_value_type_id);
	return next(type, name, key_size, value_size, max_entries, &own.opts);
}

/* What calls the kernel's functions, or has the address of something in it, has its number. */
static void translate(struct bpf_insn *insns, size_t nr)
{
	const __u8 load = BPF_LD | BPF_IMM | BPF_DW;

	for (size_t i = 0; i < nr; i++) {
		bool is_call = insns[i].code == (BPF_JMP | BPF_CALL) &&
			       insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL && !insns[i].off;
		bool is_load = insns[i].code == load && insns[i].src_reg == BPF_PSEUDO_BTF_ID &&
			       i + 1 < nr && !insns[i + 1].imm;

		if (is_call || is_load)
			insns[i].imm = (__s32)iou_excerpt_kernel_id(&loading.excerpt,
								    (uint32_t)insns[i].imm);
		i += insns[i].code == load;
	}
}

/* The constants, too, by the functions that they are in: libbpf puts a program together of several.
 */
static int translate_place(struct bpf_insn *insns, size_t nr, const struct bpf_prog_load_opts *opts,
			   const struct iou_place *place)
{
	const char *info = opts ? opts->func_info : NULL;

	for (__u32 i = 0; info && i < opts->func_info_cnt; i++, info += opts->func_info_rec_size) {
		struct bpf_func_info func;
		struct bpf_insn *insn;

		memcpy(&func, info, sizeof(func));
		if (func.type_id != place->func)
			continue;
		if (func.insn_off >= nr || place->insn >= nr - func.insn_off)
			return -EINVAL;
		insn = &insns[func.insn_off + place->insn];
		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) &&
		    insn->code != (BPF_ALU64 | BPF_MOV | BPF_K) &&
		    insn->code != (BPF_ALU | BPF_MOV | BPF_K))
			return -EINVAL;
		insn->imm = (__s32)iou_excerpt_kernel_id(&loading.excerpt, (uint32_t)insn->imm);
	}
	return info ? 0 : -EINVAL;
}

static int translate_all(struct bpf_insn *insns, size_t nr, enum bpf_prog_type type,
			 const struct bpf_prog_load_opts *opts)
{
	int ret = 0;

	translate(insns, nr);
	/* libbpf has small programs of its own, to see what the kernel can do. */
	if (type != BPF_PROG_TYPE_STRUCT_OPS && type != BPF_PROG_TYPE_SYSCALL &&
	    type != BPF_PROG_TYPE_TRACING)
		return 0;
	for (size_t i = 0; i < loading.needs->places_nr && !ret; i++)
		ret = translate_place(insns, nr, opts, &loading.needs->places[i]);
	return ret;
}

__attribute__((weak)) int bpf_prog_load(enum bpf_prog_type type, const char *name,
					const char *license, const struct bpf_insn *insns,
					size_t nr, struct bpf_prog_load_opts *opts)
{
	__typeof__(&bpf_prog_load) next = NEXT(bpf_prog_load);
	IOU_FREE struct bpf_insn *own = NULL;
	__u32 id = opts ? opts->attach_btf_id : 0;
	int ret;

	if (!next) {
		errno = ENOSYS;
		return -ENOSYS;
	}
	if (!loading.excerpt.nr)
		return next(type, name, license, insns, nr, opts);
	own = malloc(nr * sizeof(*own) + 1);
	if (!own) {
		errno = ENOMEM;
		return -ENOMEM;
	}
	memcpy(own, insns, nr * sizeof(*own));
	ret = translate_all(own, nr, type, opts);
	if (ret) {
		errno = -ret;
		return ret;
	}
	/* libbpf tries things, too, that have to do with programs of its own. */
	if (id && !opts->attach_prog_fd)
		opts->attach_btf_id = iou_excerpt_kernel_id(&loading.excerpt, id);
	ret = next(type, name, license, own, nr, opts);
	if (id)
		opts->attach_btf_id = id;
	return ret;
}

/* ---- Loading ---- */

int iou_object_load(struct bpf_object *object, const void *data, size_t size)
{
	IOU_CLEANUP(iou_needs_release) struct iou_needs needs = {};
	int ret;

	if (iou_needs_read(&needs, object, data, size) == 0)
		loading.needs = &needs;
	ret = bpf_object__load(object);
	loading.needs = NULL;
	iou_excerpt_release(&loading.excerpt);
	return ret;
}

struct btf *iou_kernel_btf(const struct iou_kernel_name *names, size_t nr)
{
	IOU_CLEANUP(iou_excerpt_release) struct iou_excerpt excerpt = {};
	IOU_CLEANUP(iou_needs_release) struct iou_needs needs = {};
	struct btf *btf = NULL;
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = iou_needs_add(&needs, names[i].name, strlen(names[i].name), names[i].kind,
				    false);
	for (size_t i = 0; i < needs.nr; i++)
		needs.list[i].optional = true;
	if (!ret)
		btf = excerpt_btf(&excerpt, &needs);
	return btf ?: btf__load_vmlinux_btf();
}
