// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The data of the completions. What the shells do with it is in iouctl.{bash,zsh,fish}.in. */
#include <string.h>

#include "bench/bench.h"
#include "gen.h"

struct place {
	FILE *out;
	const char *command;
};

static void each_command(struct place *place,
			 void (*print)(const struct iou_command *command, struct place *place))
{
	for (const struct iou_command *const *c = iou_commands; *c; c++) {
		place->command = (*c)->name;
		print(*c, place);
	}
}

static const char *kind_name(const struct argp_option *option)
{
	static const char *const names[] = {
		[GEN_VALUE_NONE] = "none",       [GEN_VALUE_ANY] = "any",
		[GEN_VALUE_FILE] = "file",       [GEN_VALUE_DIR] = "dir",
		[GEN_VALUE_RING_FLAG] = "words", [GEN_VALUE_WORDS] = "words",
	};

	return gen_value_is_optional(option) ? "optional" : names[gen_value_of(option)];
}

static void loop_taker(const struct iou_command *command, struct place *place)
{
	if (gen_takes_loop(command))
		fprintf(place->out, " %s", command->name);
}

static void param_taker(const struct iou_command *command, struct place *place)
{
	if (command->takes_params)
		fprintf(place->out, " %s", command->name);
}

/* For bash and zsh: whether a command is one of these. */
static void print_takers(struct place *place)
{
	fputs("\n# Whether the first argument of command $1 is a loop, and whether the next ones "
	      "are "
	      "its\n# parameters.\n_iouctl_takes_loop() {\n\t[[ ' ",
	      place->out);
	each_command(place, loop_taker);
	fputs(" ' == *\" $1 \"* ]]\n}\n\n_iouctl_takes_params() {\n\t[[ ' ", place->out);
	each_command(place, param_taker);
	fputs(" ' == *\" $1 \"* ]]\n}\n", place->out);
}

/* The jobs of bench, each after a space. */
static void print_jobs(FILE *out)
{
	for (size_t i = 0; i < iou_bench_jobs_nr; i++)
		fprintf(out, " %s", iou_bench_jobs[i]->name);
}

/* What can be said of a job, each after a space and before an '='. */
static void print_job_params(FILE *out, const struct iou_bench_job *job, const char *behind)
{
	for (size_t i = 0; i < job->params_nr; i++)
		fprintf(out, " %s%s", job->params[i].name, behind);
}

/* For bash and zsh: the jobs in array @list, and the parameters of job $1, with @behind added. */
static void print_job_words(FILE *out, const char *list, const char *behind)
{
	fprintf(out, "\n_iouctl_jobs() {\n\t%s=(", list);
	print_jobs(out);
	fprintf(out,
		" )\n}\n\n# What can be said of job $1.\n"
		"_iouctl_job_params() {\n\t%s=()\n\tcase $1 in\n",
		list);
	for (size_t i = 0; i < iou_bench_jobs_nr; i++) {
		fprintf(out, "\t%s) %s=(", iou_bench_jobs[i]->name, list);
		print_job_params(out, iou_bench_jobs[i], behind);
		fputs(" ) ;;\n", out);
	}
	fputs("\tesac\n}\n", out);
}

/* ---- bash ---- */

static void bash_option_name(const struct argp_option *option, void *data)
{
	struct place *place = data;

	if (gen_short_of(option))
		fprintf(place->out, " -%c", gen_short_of(option));
	fprintf(place->out, " --%s%s", option->name,
		option->arg && !gen_value_is_optional(option) ? "=" : "");
}

static void bash_options(const struct iou_command *command, struct place *place)
{
	fprintf(place->out, "\t%s) words=(", command->name);
	iou_args_options(command->argp, bash_option_name, place);
	fputs(" ) ;;\n", place->out);
}

static void bash_option_value(const struct argp_option *option, void *data)
{
	struct place *place = data;

	fprintf(place->out, "\t%s:--%s", place->command, option->name);
	if (gen_short_of(option))
		fprintf(place->out, " | %s:-%c", place->command, gen_short_of(option));
	fprintf(place->out, ") kind=%s words=(", kind_name(option));
	gen_words(place->out, option);
	fputs(" ) ;;\n", place->out);
}

static void bash_values(const struct iou_command *command, struct place *place)
{
	iou_args_options(command->argp, bash_option_value, place);
}

static void bash_name(const struct iou_command *command, struct place *place)
{
	fprintf(place->out, " %s", command->name);
}

int gen_bash(FILE *out, const char *arg)
{
	struct place place = {.out = out};

	(void)arg;
	fputs("_iouctl_commands() {\n\twords=(", out);
	each_command(&place, bash_name);
	fputs(" )\n}\n\n# The options of command $1; '=' ends one that needs a value.\n"
	      "_iouctl_options() {\n\twords=()\n\tcase $1 in\n",
	      out);
	each_command(&place, bash_options);
	fputs("\tesac\n}\n\n# What option $2 of command $1 takes: none, optional, any, file, dir, "
	      "or "
	      "one of the words.\n_iouctl_value() {\n\tkind=unknown words=()\n\tcase $1:$2 in\n",
	      out);
	each_command(&place, bash_values);
	fputs("\tesac\n}\n", out);
	print_takers(&place);
	print_job_words(out, "words", "=");
	return 0;
}

/* ---- zsh ---- */

static void zsh_value(FILE *out, const struct argp_option *option)
{
	const char *colons = gen_value_is_optional(option) ? "::" : ":";

	switch (gen_value_of(option)) {
	case GEN_VALUE_NONE:
		break;
	case GEN_VALUE_FILE:
		fprintf(out, ":%s:_files", option->arg);
		break;
	case GEN_VALUE_DIR:
		fprintf(out, ":%s:_directories", option->arg);
		break;
	case GEN_VALUE_RING_FLAG:
		fprintf(out, ":%s: _iouctl_words", option->arg);
		gen_words(out, option);
		break;
	case GEN_VALUE_WORDS:
		fprintf(out, "%svalue: _iouctl_words", colons);
		gen_words(out, option);
		break;
	default:
		fprintf(out, ":%s: ", option->arg);
	}
}

static void zsh_spec(const struct argp_option *option, const char *name, struct place *place)
{
	FILE *out = place->out;

	fprintf(out, "\t\t'*%s[", name);
	gen_quoted(out, option->doc, "\\[]");
	fputc(']', out);
	zsh_value(out, option);
	fputs("'\n", out);
}

static void zsh_option(const struct argp_option *option, void *data)
{
	char name[64];

	if (gen_short_of(option)) {
		snprintf(name, sizeof(name), "-%c", gen_short_of(option));
		zsh_spec(option, name, data);
	}
	snprintf(name, sizeof(name), "--%s%s", option->name,
		 gen_value_is_optional(option) ? "=-"
		 : option->arg                 ? "="
					       : "");
	zsh_spec(option, name, data);
}

static void zsh_options(const struct iou_command *command, struct place *place)
{
	fprintf(place->out, "\t%s) specs=(\n", command->name);
	iou_args_options(command->argp, zsh_option, place);
	fputs("\t) ;;\n", place->out);
}

static void zsh_name(const struct iou_command *command, struct place *place)
{
	fprintf(place->out, "\t\t'%s:", command->name);
	gen_quoted(place->out, command->help, "\\:");
	fputs("'\n", place->out);
}

int gen_zsh(FILE *out, const char *arg)
{
	struct place place = {.out = out};

	(void)arg;
	fputs("_iouctl_commands() {\n\tlist=(\n", out);
	each_command(&place, zsh_name);
	fputs("\t)\n}\n\n# The options of command $1, as _arguments(1) wants them.\n"
	      "_iouctl_specs() {\n\tcase $1 in\n",
	      out);
	each_command(&place, zsh_options);
	fputs("\t*) return 1 ;;\n\tesac\n}\n", out);
	print_takers(&place);
	print_job_words(out, "list", "");
	return 0;
}

/* ---- fish ---- */

static void fish_needs_value(const struct argp_option *option, void *data)
{
	struct place *place = data;

	if (!option->arg || gen_value_is_optional(option))
		return;
	fprintf(place->out, " '%s --%s'", place->command, option->name);
	if (gen_short_of(option))
		fprintf(place->out, " '%s -%c'", place->command, gen_short_of(option));
}

static void fish_needy(const struct iou_command *command, struct place *place)
{
	iou_args_options(command->argp, fish_needs_value, place);
}

static void fish_known_option(const struct argp_option *option, void *data)
{
	struct place *place = data;

	fprintf(place->out, " '%s --%s'", place->command, option->name);
}

static void fish_known(const struct iou_command *command, struct place *place)
{
	iou_args_options(command->argp, fish_known_option, place);
}

static void fish_value(FILE *out, const struct argp_option *option)
{
	switch (gen_value_of(option)) {
	case GEN_VALUE_NONE:
		return;
	case GEN_VALUE_ANY:
		fputs(" -x", out);
		return;
	case GEN_VALUE_FILE:
		fputs(" -r -F", out);
		return;
	case GEN_VALUE_DIR:
		fputs(" -x -a '(__fish_complete_directories)'", out);
		return;
	default:
		fputs(gen_value_is_optional(option) ? " -a '" : " -x -a '", out);
		gen_words(out, option);
		fputc('\'', out);
	}
}

static void fish_option(const struct argp_option *option, void *data)
{
	struct place *place = data;
	FILE *out = place->out;

	fprintf(out, "complete -c iouctl -n '__iouctl_at %s' -l %s", place->command, option->name);
	if (gen_short_of(option))
		fprintf(out, " -s %c", gen_short_of(option));
	fish_value(out, option);
	fputs(" -d '", out);
	gen_quoted(out, option->doc, "\\");
	fputs("'\n", out);
}

static void fish_command(const struct iou_command *command, struct place *place)
{
	fprintf(place->out, "complete -c iouctl -n '__iouctl_at command' -a %s -d '",
		command->name);
	gen_quoted(place->out, command->help, "\\");
	fputs("'\n", place->out);
	iou_args_options(command->argp, fish_option, place);
}

static void fish_jobs(FILE *out)
{
	fputs("complete -c iouctl -n '__iouctl_at job' -a '", out);
	print_jobs(out);
	fputs("' -d Job\n", out);
	for (size_t i = 0; i < iou_bench_jobs_nr; i++) {
		fprintf(out,
			"complete -c iouctl -n '__iouctl_at job-params; and __iouctl_at =%s' -a '",
			iou_bench_jobs[i]->name);
		print_job_params(out, iou_bench_jobs[i], "=");
		fputs("' -d Parameter\n", out);
	}
}

int gen_fish(FILE *out, const char *arg)
{
	struct place place = {.out = out};

	(void)arg;
	fputs("# Whether option $argv[2] of command $argv[1] needs a value.\n"
	      "function __iouctl_needs_value\n    contains -- \"$argv\"",
	      out);
	each_command(&place, fish_needy);
	fputs("\nend\n\n# Whether command $argv[1] has the option $argv[2].\n"
	      "function __iouctl_knows\n    contains -- \"$argv\"",
	      out);
	each_command(&place, fish_known);
	fputs("\nend\n\n# Whether the first argument of command $argv[1] is a loop, and whether "
	      "the next "
	      "ones are its\n# parameters.\nfunction __iouctl_takes_loop\n    contains -- "
	      "\"$argv[1]\"",
	      out);
	each_command(&place, loop_taker);
	fputs("\nend\n\nfunction __iouctl_takes_params\n    contains -- \"$argv[1]\"", out);
	each_command(&place, param_taker);
	fputs("\nend\n\n", out);
	each_command(&place, fish_command);
	fish_jobs(out);
	return 0;
}
