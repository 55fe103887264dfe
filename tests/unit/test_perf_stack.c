#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/capability.h>

#include "source/perf_stack.h"

enum { KIB = 1 << 10, MIB = 1 << 20 };

static const struct {
	bool may_lock;
	long long paranoid, mlock_kb;
	uint64_t locked;
	size_t cpus, ring;
	unsigned fitting;
} rings[] = {
	{ true, 2, 516, 0, 2, 16 * MIB, PERF_STACK_MAX },
	{ true, 2, 516, 0, 16, 4 * MIB, PERF_STACK_MAX },
	{ true, 2, 516, 0, 64, 1 * MIB, PERF_STACK_MAX },
	{ true, 2, 516, 0, 1024, 512 * KIB, 32 * KIB },
	{ false, -1, 516, 0, 2, 16 * MIB, PERF_STACK_MAX },
	{ false, 2, 516, 8 * MIB, 2, 4 * MIB, PERF_STACK_MAX },
	{ false, 2, 516, 8 * MIB, 16, 512 * KIB, 32 * KIB },
	{ false, 2, 516, 8 * MIB, 64, 256 * KIB, 16 * KIB },
	{ false, 2, 516, 64 * KIB, 2, 256 * KIB, 16 * KIB },
	{ false, 2, 516, UINT64_MAX, 2, 16 * MIB, PERF_STACK_MAX },
	{ false, 2, 516, UINT64_MAX, 1, 16 * MIB, PERF_STACK_MAX },
	{ false, 2, PRIVILEGE_UNKNOWN, 64 * KIB, 2, 16 * KIB, 8 * KIB },
	{ false, 2, 0, 0, 2, 16 * KIB, 8 * KIB },
};

static void finds_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
		struct privilege privilege = {
			.capabilities = rings[i].may_lock ? UINT64_C(1) << CAP_IPC_LOCK : 0,
			.paranoid = rings[i].paranoid,
			.mlock_kb = rings[i].mlock_kb,
			.locked = rings[i].locked,
		};
		size_t ring = perf_stack_ring(&privilege, rings[i].cpus);

		assert_int_equal(ring, rings[i].ring);
		assert_int_equal(perf_stack_fitting(ring), rings[i].fitting);
		assert_true(perf_stack_longest(ring) >= rings[i].fitting);
	}
}

#define SECOND UINT64_C(1000000000)

static const struct {
	unsigned bytes, fitting;
	uint64_t seconds, walked, too_short;
	size_t deepest;
	unsigned expected;
} changes[] = {
	/* too short for one in a thousand: longer, up to what fits */
	{ 32 * KIB, PERF_STACK_MAX, 1, 100, 1, 32 * KIB, PERF_STACK_MAX },
	{ 16 * KIB, PERF_STACK_MAX, 1, 100, 1, 16 * KIB, 32 * KIB },
	/* where that does not fit well, for one in ten */
	{ 32 * KIB, 32 * KIB, 1, 100, 10, 32 * KIB, 32 * KIB },
	{ 32 * KIB, 32 * KIB, 1, 100, 11, 32 * KIB, PERF_STACK_MAX },
	{ PERF_STACK_MAX, 32 * KIB, 1, 100, 11, 32 * KIB, PERF_STACK_MAX },
	{ 32 * KIB, PERF_STACK_MAX, 1, 100000, 1, 32 * KIB, 32 * KIB },
	{ 32 * KIB, PERF_STACK_MAX, 1, 0, 0, 0, 32 * KIB },
	/* long enough for all, and for twice as much: shorter, but not at once */
	{ PERF_STACK_MAX, PERF_STACK_MAX, 31, 1000, 0, 16000, 32768 },
	{ PERF_STACK_MAX, PERF_STACK_MAX, 29, 1000, 0, 16000, PERF_STACK_MAX },
	{ PERF_STACK_MAX, PERF_STACK_MAX, 31, 999, 0, 16000, PERF_STACK_MAX },
	{ PERF_STACK_MAX, PERF_STACK_MAX, 31, 1000, 0, 17000, PERF_STACK_MAX },
	{ PERF_STACK_MAX, PERF_STACK_MAX, 31, 100000, 1, 16000, PERF_STACK_MAX },
	{ 16 * KIB, PERF_STACK_MAX, 31, 1000, 0, 100, 8 * KIB },
	{ 8 * KIB, PERF_STACK_MAX, 31, 1000, 0, 100, 8 * KIB },
};

static void adapts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct perf_stack stack = { .bytes = changes[i].bytes, .most = PERF_STACK_MAX,
					    .fitting = changes[i].fitting,
					    .least = PERF_STACK_MIN, .since = SECOND };

		perf_stack_note(&stack, changes[i].walked, changes[i].too_short,
				changes[i].deepest);
		assert_int_equal(perf_stack_adapt(&stack, (1 + changes[i].seconds) * SECOND),
				 changes[i].expected);
		assert_int_equal(stack.bytes, changes[i].expected);
		if (changes[i].expected != changes[i].bytes)
			assert_int_equal(stack.walked, 0);
	}
}

/* What was deep a minute ago is of no account any more. */
static void forgets(void **state)
{
	struct perf_stack stack = { .bytes = 32 * KIB, .most = PERF_STACK_MAX,
				    .fitting = PERF_STACK_MAX,
				    .least = PERF_STACK_MIN, .since = SECOND };

	(void)state;
	perf_stack_note(&stack, 5000, 0, 30 * KIB);
	assert_int_equal(perf_stack_adapt(&stack, 62 * SECOND), 32 * KIB);
	perf_stack_note(&stack, 5000, 0, 3 * KIB);
	assert_int_equal(perf_stack_adapt(&stack, 93 * SECOND), 16 * KIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_room),
		cmocka_unit_test(adapts),
		cmocka_unit_test(forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
