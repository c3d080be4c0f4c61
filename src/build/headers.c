// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which header is not there, asked of the preprocessor after a failure. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/cleanup.h"
#include "build/clang.h"

static const struct {
	const char *prefix, *package;
} sources[] = {
	{"bpf/", "libbpf-dev"},     {"linux/", "linux-libc-dev"},
	{"asm/", "linux-libc-dev"}, {"asm-generic/", "linux-libc-dev"},
	{"iouctl/", NULL},
};

/* The next word of make's rule at *@at, unquoted in place; NULL at its end. */
static char *next_word(char **at)
{
	char *from = *at, *to, *word;

	while (*from == ' ' || *from == '\n' || (*from == '\\' && from[1] == '\n'))
		from++;
	for (to = word = from; *from && *from != ' ' && *from != '\n'; from++) {
		if (*from == '\\' && from[1] == ' ')
			from++;
		*to++ = *from;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return to == word ? NULL : word;
}

static void explain(const struct iou_build_config *config, const char *header, const char *package,
		    struct iou_err *err)
{
	IOU_FREE char *include = iou_clang_include_dir();

	iou_err_set(err, IOU_CAUSE_FAILED, "build", 0, "cannot find <%s>, which '%s' includes",
		    header, config->source);
	if (package)
		iou_err_hint(err, "install it (Debian: apt install %s), or say where it is with -I",
			     package);
	else
		iou_err_hint(err, "it is looked for in '%s', and where -I says",
			     include ?: "include");
}

/* A header that was found has the path of the directory where it was before it. */
static bool find_missing(const struct iou_build_config *config, char *rule, struct iou_err *err)
{
	char *word;

	while ((word = next_word(&rule)))
		for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
			if (strncmp(word, sources[i].prefix, strlen(sources[i].prefix)) == 0 &&
			    access(word, F_OK)) {
				explain(config, word, sources[i].package, err);
				return true;
			}
	return false;
}

int iou_clang_missing_header(const struct iou_build_config *config, struct iou_err *err)
{
	/* The rule for make has those that are not there too, instead of a complaint. */
	static const char *const mode[] = {"-M", "-MG", NULL};
	IOU_CLOSE int out = memfd_create("headers", MFD_CLOEXEC);
	IOU_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct iou_build_config quiet = *config;
	struct iou_err ignored = {};
	char rule[65536];
	ssize_t length;
	int status;

	quiet.debug = NULL;
	if (out < 0 || null < 0 || iou_clang_run(&quiet, mode, out, null, &status, &ignored)) {
		iou_err_release(&ignored);
		return 0;
	}
	length = pread(out, rule, sizeof(rule) - 1, 0);
	if (length < 0)
		return 0;
	rule[length] = '\0';
	return find_missing(config, rule, err);
}
