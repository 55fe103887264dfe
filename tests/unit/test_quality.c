#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/quality.h"

static binary_id binary(struct profile *profile)
{
	return profile_add_binary(profile, "/bin/x", "1", BINARY_FILE);
}

static struct frame frame(struct profile *profile, const char *name, unsigned flags)
{
	struct function function = {
		.name = profile_add_string(profile, name),
		.binary = binary(profile),
		.flags = flags | (profile_is_bottom(name) ? FUNCTION_BOTTOM : 0),
	};

	return (struct frame){ .function = profile_add_function(profile, &function) };
}

/* A leaf below a place with that name. */
static location_id sample(struct profile *profile, const char *name, unsigned flags,
			  enum stack_end end)
{
	location_id place = profile_add_location(profile, binary(profile), profile->location.len);
	location_id leaf = profile_add_location(profile, binary(profile), profile->location.len);
	stack_id stack = profile_add_stack(profile, 0, place);
	struct frame f = frame(profile, name, flags), g = frame(profile, "leaf", 0);

	profile_set_frames(profile, place, &f, 1);
	profile_set_frames(profile, leaf, &g, 1);
	stack = profile_add_stack(profile, stack, leaf);
	profile_add_sample(profile, &(struct sample){
		.weight = 100, .samples = 1, .stack = stack, .end = end });
	return place;
}

static void test_ends(void **state)
{
	/* What a sample below that root adds. */
	static const struct {
		const char *name;
		unsigned flags;
		enum stack_end end;
		uint64_t complete, frame_pointer;
		int reason;
	} rows[] = {
		{ "__libc_start_call_main", 0, STACK_BY_NAME, 0, 1, -1 },
		{ "_start", 0, STACK_TRUNCATED, 0, 0, TRUNCATED_NOT_NAMED },
		{ "ret_from_fork_asm", FUNCTION_KERNEL, STACK_BY_NAME, 1, 0, -1 },
		{ "do_syscall_64", FUNCTION_KERNEL, STACK_BY_NAME, 0, 0, TRUNCATED_NO_USER_STACK },
		{ "main", 0, STACK_BY_NAME, 0, 0, TRUNCATED_NO_FRAME_POINTER },
		{ "[x]", FUNCTION_PLACEHOLDER, STACK_BY_NAME, 0, 0, TRUNCATED_NOT_NAMED },
		{ "[kernel]", FUNCTION_PLACEHOLDER | FUNCTION_KERNEL, STACK_BY_NAME, 0, 0,
		  TRUNCATED_NOT_NAMED },
		{ "coroutine", 0, STACK_COMPLETE, 1, 0, -1 },
		{ "coroutine", 0, STACK_FRAME_POINTER, 0, 1, -1 },
		{ "[truncated: no mapping]", FUNCTION_TRUNCATED, STACK_TRUNCATED, 0, 0,
		  TRUNCATED_NO_MAPPING },
		{ "[truncated: 32-bit program]", FUNCTION_TRUNCATED, STACK_BY_NAME, 0, 0,
		  TRUNCATED_32_BIT },
		{ "[other]", FUNCTION_OTHER, STACK_BY_NAME, 0, 0, TRUNCATED_NOT_NAMED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct profile *profile = profile_new();
		struct quality *quality = quality_new();

		sample(profile, rows[i].name, rows[i].flags, rows[i].end);
		profile_seal(profile, 1);
		quality_update(quality, profile);
		assert_int_equal(quality->complete, rows[i].complete);
		assert_int_equal(quality->frame_pointer, rows[i].frame_pointer);
		assert_int_equal(quality->truncated, rows[i].reason >= 0);
		for (int k = 0; k < TRUNCATIONS; k++)
			assert_int_equal(quality->reason[k], k == rows[i].reason);
		quality_free(quality);
		profile_free(profile);
	}
}

static void add_stop(struct profile *profile, const location_id *place, size_t depth,
		     enum stack_end end, uint64_t samples)
{
	stack_id stack = 0;

	for (size_t i = 0; i < depth; i++)
		stack = profile_add_stack(profile, stack, place[i]);
	profile_add_sample(profile, &(struct sample){
		.weight = 1, .samples = samples, .stack = stack, .end = end });
}

/* The binary is that of the outermost code, below what stands for other things. */
static void test_stops(void **state)
{
	struct profile *profile = profile_new();
	struct quality *quality = quality_new();
	binary_id x = binary(profile);
	binary_id y = profile_add_binary(profile, "/bin/y", "1", BINARY_FILE);
	binary_id none = profile_add_binary(profile, "[unknown]", "", BINARY_ANONYMOUS);
	location_id in_x = profile_add_location(profile, x, 16);
	location_id cut = profile_truncation(profile, TRUNCATED_NO_ROWS);
	location_id guess = profile_add_guessed_location(profile, y, 16);
	location_id nowhere = profile_add_outermost_location(profile, none, 0);
	location_id also_nowhere = profile_add_location(profile, none, 0);

	(void)state;
	add_stop(profile, (location_id[]){ cut, guess, in_x }, 3, STACK_TRUNCATED, 3);
	add_stop(profile, (location_id[]){ nowhere, also_nowhere, in_x, guess }, 4,
		 STACK_BY_NAME, 5);
	add_stop(profile, (location_id[]){ nowhere }, 1, STACK_BY_NAME, 7);
	add_stop(profile, (location_id[]){ in_x, guess }, 2, STACK_COMPLETE, 11);
	profile_seal(profile, 1);
	quality_update(quality, profile);
	assert_int_equal(quality->complete, 11);
	assert_int_equal(quality->truncated, 15);
	assert_int_equal(quality->guessed, 19);
	assert_int_equal(quality->reason[TRUNCATED_NO_MAPPING], 12);
	assert_int_equal(quality->stop.at[y].reason[TRUNCATED_NO_ROWS], 3);
	assert_int_equal(quality->stop.at[x].reason[TRUNCATED_NO_MAPPING], 5);
	assert_int_equal(quality->stop.at[x].samples, 5);
	assert_int_equal(quality->stop.at[0].samples, 7);
	quality_free(quality);
	profile_free(profile);
}

static void test_names_of_files(void **state)
{
	struct profile *profile = profile_new();
	struct quality *quality = quality_new();
	struct function function = { .name = profile_add_string(profile, "main") };
	struct frame f = { .function = profile_add_function(profile, &function) };
	stack_id stack = profile_add_stack(profile, 0, profile_add_named_location(profile, f));

	(void)state;
	profile_add_sample(profile, &(struct sample){ .samples = 7, .stack = stack });
	/* No stack at all. */
	profile_add_sample(profile, &(struct sample){ .samples = 2 });
	/* Other metrics do not count. */
	profile_add_sample(profile, &(struct sample){ .samples = 2, .metric = 2 });
	profile_seal(profile, 0);
	quality_update(quality, profile);
	assert_int_equal(quality->complete, 7);
	assert_int_equal(quality->truncated, 2);
	assert_int_equal(quality->reason[TRUNCATED_NO_USER_STACK], 2);
	quality_free(quality);
	quality_free(NULL);
	profile_free(profile);
}

static void test_names_arrive(void **state)
{
	struct profile *profile = profile_new();
	struct quality *quality = quality_new();
	location_id place;
	struct frame f;

	(void)state;
	place = sample(profile, "[x]", FUNCTION_PLACEHOLDER, STACK_BY_NAME);
	profile_seal(profile, 1);
	quality_update(quality, profile);
	assert_int_equal(quality->reason[TRUNCATED_NOT_NAMED], 1);

	f = frame(profile, "start_thread", 0);
	profile_set_frames(profile, place, &f, 1);
	sample(profile, "main", 0, STACK_BY_NAME);
	profile_seal(profile, 2);
	quality_update(quality, profile);
	assert_int_equal(quality->reason[TRUNCATED_NOT_NAMED], 0);
	assert_int_equal(quality->frame_pointer, 1);
	assert_int_equal(quality->reason[TRUNCATED_NO_FRAME_POINTER], 1);

	profile_zero(profile);
	quality_update(quality, profile);
	assert_int_equal(quality->frame_pointer + quality->truncated, 0);
	quality_free(quality);
	profile_free(profile);
}

static void test_bottoms(void **state)
{
	static const struct { const char *name; bool bottom; } rows[] = {
		{ "_start", true },
		{ "__libc_start_main@@GLIBC_2.34", true },
		{ "start_thread", true },
		{ "runtime.goexit.abi0", true },
		{ "kthread", true },
		{ "main", false },
		{ "", false },
		{ "@", false },
		{ "_star", false },
		{ "_start2", false },
		{ "entry_SYSCALL_64_after_hwframe", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(profile_is_bottom(rows[i].name), rows[i].bottom);
	assert_string_equal(truncation_name(TRUNCATED_NOT_NAMED), "not-named");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_names_of_files),
		cmocka_unit_test(test_names_arrive),
		cmocka_unit_test(test_bottoms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
