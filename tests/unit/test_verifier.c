// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "loop/verifier.h"

static void check(const char *log, const char *want)
{
	char reason[128];

	iou_verifier_reason(log, reason, sizeof(reason));
	assert_string_equal(reason, want);
}

static void reasons(void **state)
{
	(void)state;
	/* As of Linux 7.2. */
	check("func#0 @0\n0: R1=ctx() R10=fp0\n"
	      "; int x = 5; @ a.bpf.c:10\n0: (b7) r6 = 0    ; R6=0\n"
	      "; sum += *p; @ a.bpf.c:17\n1: (61) r1 = *(u32 *)(r6 +0)\n"
	      "R6 invalid mem access 'scalar'\n"
	      "processed 2 insns (limit 1000000) max_states_per_insn 0\n",
	      "R6 invalid mem access 'scalar' (a.bpf.c:17: sum += *p;)");
	/* Of the source, only the place: the file was not there to be quoted. */
	check("; @ a.bpf.c:17\n12: (71) r2 = *(u8 *)(r7 +0)\ninvalid access to memory\n"
	      "R7 min value is outside\nprocessed 2 insns\n",
	      "invalid access to memory; R7 min value is outside (a.bpf.c:17)");
	/* Before 6.8 there is no place; 7.3 goes on after the reason. */
	check("; x = y;\n1: (95) exit\nR0 !read_ok\n\nVerification failed: Uninitialized\n\n"
	      "Reason:\n  It is long.\nprocessed 1 insns\n",
	      "R0 !read_ok (x = y;)");
	/* A message that an instruction follows was not the reason. */
	check("1: (85) call\nonly a remark\n2: (95) exit\nthe reason\n", "the reason");
	check("from 1 to 2: R0=0\nBPF program is too large. Processed 1000001 insn\n",
	      "BPF program is too large. Processed 1000001 insn");
	check("", "it does not say why");
	check("processed 1 insns\n", "it does not say why");
	check(";", "it does not say why");
	check("; @ ", "it does not say why (@)");
}

/* Whatever is in a log: it stays within the buffer, and ends. */
static void garbage(void **state)
{
	static const char bytes[] = "; @\n:0 a;from processed Verification\x1b\xff";
	char log[200], reason[40];

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % sizeof(log);

		for (size_t i = 0; i < length; i++)
			log[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		log[length ? length - 1 : 0] = '\0';
		iou_verifier_reason(log, reason, sizeof(reason));
		assert_true(strlen(reason) < sizeof(reason));
		iou_verifier_stack(log);
	}
}

static void times(void **state)
{
	(void)state;
	assert_int_equal(iou_verifier_time("x\nverification time 3021 usec\nstack depth 8\n"),
			 3021000);
	assert_int_equal(iou_verifier_time("verification time "), 0);
	assert_int_equal(iou_verifier_time(""), 0);
}

static void stacks(void **state)
{
	(void)state;
	assert_int_equal(iou_verifier_stack("x\nstack depth 136+8+0\nprocessed"), 144);
	assert_int_equal(iou_verifier_stack("stack depth 32"), 32);
	assert_int_equal(iou_verifier_stack("stack depth max 96\nsubprog 0 stack 96\n"), 96);
	assert_int_equal(iou_verifier_stack("stack depth \n5"), 0);
	assert_int_equal(iou_verifier_stack(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),
		cmocka_unit_test(garbage),
		cmocka_unit_test(stacks),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
