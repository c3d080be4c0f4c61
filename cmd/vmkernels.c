// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmkernels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "exit.h"
#include "log.h"
#include "report.h"
#include "vm/vm.h"

static void add_row(struct iou_doc *table, const struct iou_vm_kernel *kernel, const char *boots)
{
	struct iou_doc *row = iou_doc_object(table, NULL);
	bool chosen = boots && strcmp(kernel->path, boots) == 0;
	struct iou_doc *release = iou_doc_string(row, "release", "KERNEL", kernel->release);
	struct iou_doc *loops;

	if (!kernel->release)
		iou_doc_text(release, "?");
	loops = kernel->config ? iou_doc_bool(row, "loops", "LOOPS", kernel->has_loops)
			       : iou_doc_null(row, "loops", "LOOPS");
	iou_doc_text(loops, "%s", !kernel->config ? "?" : kernel->has_loops ? "yes" : "no");
	iou_doc_string(row, "where", "WHERE", kernel->where);
	iou_doc_bool(row, "readable", NULL, kernel->readable);
	iou_doc_text(iou_doc_bool(row, "default", "BOOTS", chosen), "%s",
		     chosen             ? "yes"
		     : kernel->readable ? "-"
					: "unreadable");
	iou_doc_string(row, "path", "PATH", kernel->path);
}

static int out_of_memory(enum iou_format format)
{
	struct iou_err err = {};

	iou_err_set(&err, IOU_CAUSE_FAILED, "vm", ENOMEM, "cannot list the kernels");
	return iou_report_error(&err, format);
}

/* Nothing but the head of a table would say that this failed, which it did not. */
static void say_none(enum iou_format format)
{
	if (format == IOU_FORMAT_TEXT)
		iou_note("no kernel for the micro-VM is at hand; 'iouctl vm --fetch' gets one");
}

static bool is_among(const struct iou_vm_fetched *fetched, const char *path)
{
	for (size_t i = 0; i < fetched->nr; i++)
		if (strcmp(fetched->paths[i], path) == 0)
			return true;
	return false;
}

/* What $IOUCTL_KERNEL names: nothing else is known of it. */
static void add_named(struct iou_doc *table, const char *boots, size_t others,
		      enum iou_format format)
{
	struct iou_vm_kernel kernel = {.path = getenv("IOUCTL_KERNEL"), .where = "IOUCTL_KERNEL"};

	if (kernel.path && *kernel.path) {
		kernel.readable = access(kernel.path, R_OK) == 0;
		add_row(table, &kernel, boots);
	} else if (!others) {
		say_none(format);
	}
}

/* The document that lists kernels: all of them, or those that were @fetched. */
static int print_kernels(const struct iou_vm_fetched *fetched, enum iou_format format)
{
	IOU_CLEANUP(iou_vm_kernels_release) struct iou_vm_kernels kernels = {};
	IOU_FREE char *boots = NULL;
	struct iou_doc *doc, *table;
	struct iou_err none = {};
	int ret;

	if (iou_vm_kernels_list(&kernels))
		return out_of_memory(format);
	/* Where there is none, the list says so. */
	iou_vm_kernel_find(NULL, &boots, &none);
	iou_err_release(&none);
	doc = iou_doc_new("iouctl.kernels/1");
	table = iou_doc_table(doc, "kernels");
	for (size_t i = 0; i < kernels.nr; i++)
		if (!fetched || is_among(fetched, kernels.list[i].path))
			add_row(table, &kernels.list[i], boots);
	if (!fetched)
		add_named(table, boots, kernels.nr, format);
	ret = iou_report_doc(doc, format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return ret;
}

int iou_vmkernels_list(enum iou_format format)
{
	return print_kernels(NULL, format);
}

/* People and scripts want the path. */
static int print_paths(const struct iou_vm_fetched *fetched)
{
	for (size_t i = 0; i < fetched->nr; i++)
		puts(fetched->paths[i]);
	return iou_report_flush(IOU_EXIT_OK);
}

int iou_vmkernels_fetch(const char *series, enum iou_format format)
{
	IOU_CLEANUP(iou_vm_fetched_release) struct iou_vm_fetched fetched = {};
	struct iou_err err = {};

	if (iou_vm_fetch(series, iou_log_level == IOU_LOG_QUIET, &fetched, &err))
		return iou_report_error(&err, format);
	if (fetched.signal)
		return iou_exit_by_signal(fetched.signal);
	return format == IOU_FORMAT_TEXT ? print_paths(&fetched) : print_kernels(&fetched, format);
}
