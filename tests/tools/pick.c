// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pick FILTER: prints values of the one JSON document on standard input, as 'jq -r' does, which
 * takes half a second to start where it is emulated. Of its filters this knows those that tests
 * ask for most, and for all others ends with code 64:
 *
 *	list    = truth { "," truth }
 *	truth   = compare { "and" compare }
 *	compare = term [ ("==" | "<" | ">" | "<=" | ">=") term ]
 *	term    = integer | path
 *	path    = one or more of .name .["name"] ["name"] [integer]
 *
 * What is compared are integers. A path that leads nowhere is null, as it is for jq.
 */
#include <ctype.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNKNOWN 64
#define BROKEN 5

struct value {
	bool is_number;
	int64_t number;
	struct json_object *object;
};

static const char *at;
static struct json_object *document;

static void unknown(void)
{
	_exit(UNKNOWN);
}

static bool take(const char *token)
{
	at += strspn(at, " \t\n");
	if (strncmp(at, token, strlen(token)))
		return false;
	at += strlen(token);
	return true;
}

static size_t name_length(void)
{
	size_t len = 0;

	while (isalnum((unsigned char)at[len]) || at[len] == '_')
		len++;
	return len;
}

static struct json_object *member(struct json_object *from, size_t len)
{
	struct json_object *to = NULL;
	char name[256];

	if (len == 0 || len >= sizeof(name))
		unknown();
	memcpy(name, at, len);
	name[len] = '\0';
	at += len;
	if (from && !json_object_is_type(from, json_type_object))
		unknown();
	json_object_object_get_ex(from, name, &to);
	return to;
}

/* Behind a '['. */
static struct json_object *subscript(struct json_object *from)
{
	struct json_object *to;
	char *end;
	long nr;

	if (*at == '"') {
		at++;
		to = member(from, strcspn(at, "\"\\"));
		if (!take("\"]"))
			unknown();
		return to;
	}
	nr = strtol(at, &end, 10);
	if (end == at || *end != ']' || nr < 0 || !json_object_is_type(from, json_type_array))
		unknown();
	at = end + 1;
	return json_object_array_get_idx(from, nr);
}

static struct value path(void)
{
	struct json_object *object = document;
	bool any = false;

	for (;; any = true) {
		if (at[0] == '.' && at[1] == '[') {
			at += 2;
			object = subscript(object);
		} else if (any && at[0] == '[') {
			at++;
			object = subscript(object);
		} else if (at[0] == '.') {
			at++;
			object = member(object, name_length());
		} else if (any) {
			return (struct value){.object = object};
		} else {
			unknown();
		}
	}
}

static struct value term(void)
{
	char *end;
	struct value value = {.is_number = true};

	at += strspn(at, " \t\n");
	if (!isdigit((unsigned char)*at) && *at != '-')
		return path();
	value.number = strtoll(at, &end, 10);
	if (end == at || *end == '.')
		unknown();
	at = end;
	return value;
}

static int64_t number_of(struct value value)
{
	if (value.is_number)
		return value.number;
	if (!json_object_is_type(value.object, json_type_int))
		unknown();
	return json_object_get_int64(value.object);
}

/* Whether there was a comparison; if so, @value is its left side before and @holds what it says. */
static bool compared(struct value value, bool *holds)
{
	static const char *const operators[] = {"==", "<=", ">=", "<", ">"};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		int64_t left, right;

		if (!take(operators[i]))
			continue;
		left = number_of(value);
		right = number_of(term());
		*holds = i == 0   ? left == right
			 : i == 1 ? left <= right
			 : i == 2 ? left >= right
			 : i == 3 ? left < right
				  : left > right;
		return true;
	}
	return false;
}

static void print(struct value value)
{
	if (value.is_number)
		printf("%jd\n", (intmax_t)value.number);
	else if (json_object_is_type(value.object, json_type_object) ||
		 json_object_is_type(value.object, json_type_array) ||
		 json_object_is_type(value.object, json_type_double))
		unknown();
	else if (json_object_is_type(value.object, json_type_null))
		printf("null\n");
	else
		printf("%s\n", json_object_get_string(value.object));
}

/* One of the list. */
static void truth(void)
{
	struct value value = term();
	bool all = true, holds;

	if (!compared(value, &holds)) {
		print(value);
		return;
	}
	for (;;) {
		all = all && holds;
		if (!take("and "))
			break;
		if (!compared(term(), &holds))
			unknown();
	}
	printf("%s\n", all ? "true" : "false");
}

static struct json_object *parse(void)
{
	static char text[4 << 20];
	size_t len = fread(text, 1, sizeof(text) - 1, stdin);
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object = json_tokener_parse_ex(tokener, text, len + 1);
	size_t used = json_tokener_get_parse_end(tokener);

	if (!object || strspn(text + used, " \t\r\n") != len - used) {
		fprintf(stderr, "not one document\n");
		_exit(BROKEN);
	}
	json_tokener_free(tokener);
	return object;
}

int main(int argc, char **argv)
{
	static char out[1 << 20];

	if (argc != 2)
		return 2;
	/* All of it or, where jq has to do it, nothing. */
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	document = parse();
	at = argv[1];
	do
		truth();
	while (take(","));
	at += strspn(at, " \t\n");
	if (*at)
		unknown();
	fflush(stdout);
	json_object_put(document);
	return 0;
}
