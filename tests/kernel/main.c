// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * torture TEST [ROUNDS]
 *
 * Does with a loop what a kernel must bear, by the kernel's own calls: what iouctl would not do, or
 * would make good. Prints what was done how many times, or what went wrong; exit code 1 then. What
 * the kernel has to say of it is in its log. TORTURE_OBJECT is the loop's object file.
 */
#include <string.h>

#include "loop.h"

unsigned int rounds;

static const struct test *const all[] = {signal_tests, end_tests, race_tests, kind_tests,
					 memory_tests};

int main(int argc, char **argv)
{
	int nr = argc > 2 ? atoi(argv[2]) : 1;

	rounds = (unsigned int)nr;
	for (size_t i = 0; argc > 1 && nr > 0 && i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct test *test = all[i]; test->name; test++)
			if (strcmp(test->name, argv[1]) == 0) {
				test->run();
				return 0;
			}
	fprintf(stderr, "usage: torture TEST [ROUNDS]\n");
	return 2;
}
