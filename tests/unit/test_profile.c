#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/profile.h"

static function_id function(struct profile *profile, const char *name)
{
	struct function f = { .name = profile_add_string(profile, name) };

	return profile_add_function(profile, &f);
}

static location_id named(struct profile *profile, const char *name)
{
	return profile_add_named_location(profile,
					  (struct frame){ .function = function(profile, name) });
}

static void test_none(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_add_string(profile, ""), 0);
	assert_int_equal(profile_add_string(profile, NULL), 0);
	assert_string_equal(profile_string(profile, 0), "");
	assert_string_equal(profile_function_name(profile, 0), "");
	assert_int_equal(profile->location.at[0].frame_count, 0);
	profile_seal(profile, 10);
	assert_int_equal(profile->slice.len, 0);
	profile_limit(profile, 1 << 20);
	profile_zero(profile);
	profile_free(profile);
	profile_free(NULL);
}

static void test_strings(void **state)
{
	struct profile *profile = profile_new();
	const char *first;
	char big[200001];

	(void)state;
	assert_int_equal(profile_add_string(profile, "one"), 1);
	assert_int_equal(profile_add_string(profile, "two"), 2);
	assert_int_equal(profile_add_text(profile, "one more", 3), 1);
	/* A NUL ends a text. */
	assert_int_equal(profile_add_text(profile, "two\0x", 5), 2);
	first = profile_string(profile, 1);
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	assert_string_equal(profile_string(profile, profile_add_string(profile, big)), big);
	for (int i = 0; i < 10000; i++) {
		char name[20];

		snprintf(name, sizeof name, "name %d", i);
		assert_int_equal(profile_add_string(profile, name), 4 + i);
	}
	assert_int_equal(profile_add_string(profile, "name 77"), 81);
	/* They never move. */
	assert_ptr_equal(profile_string(profile, 1), first);
	assert_string_equal(first, "one");
	profile_free(profile);
}

static void test_tables(void **state)
{
	struct profile *profile = profile_new();
	binary_id one = profile_add_binary(profile, "/usr/lib/libc.so.6", "id1", BINARY_FILE);
	binary_id two = profile_add_binary(profile, "/usr/lib/libc.so.6", "id2", BINARY_FILE);
	binary_id kernel = profile_add_binary(profile, "[kernel]", NULL, BINARY_KERNEL);
	struct function f = {
		.name = profile_add_string(profile, "f"), .binary = one, .line = 5,
	};
	function_id in_one = profile_add_function(profile, &f), in_two;
	location_id location;

	(void)state;
	assert_int_not_equal(one, two);
	assert_int_equal(profile_add_binary(profile, "/usr/lib/libc.so.6", "id1", BINARY_FILE),
			 one);
	assert_string_equal(profile_string(profile, profile->binary.at[one].name), "libc.so.6");

	f.line = 6;
	assert_int_equal(profile_add_function(profile, &f), in_one);
	assert_int_equal(profile->function.at[in_one].line, 5);
	f.binary = two;
	in_two = profile_add_function(profile, &f);
	assert_int_not_equal(in_two, in_one);
	assert_string_equal(profile_function_name(profile, in_two), "f");

	assert_string_equal(profile_function_name(profile, profile_placeholder(profile, one)),
			    "[libc.so.6]");
	assert_string_equal(profile_function_name(profile, profile_placeholder(profile, kernel)),
			    "[kernel]");
	assert_string_equal(profile_function_name(profile, profile_placeholder(profile, 0)),
			    "[unknown]");
	assert_int_equal(profile->function.at[profile_placeholder(profile, kernel)].flags,
			 FUNCTION_PLACEHOLDER | FUNCTION_KERNEL);
	assert_int_not_equal(profile_placeholder(profile, one), profile_placeholder(profile, two));

	location = profile_add_location(profile, one, 0x10);
	assert_int_equal(profile_add_location(profile, one, 0x10), location);
	assert_int_not_equal(profile_add_location(profile, two, 0x10), location);
	assert_int_not_equal(profile_add_location(profile, one, 0x20), location);
	assert_false(profile->location.at[location].symbolized);
	assert_int_equal(profile->location.at[location].frame_count, 1);
	assert_int_equal(profile->frame.at[profile->location.at[location].first_frame].function,
			 profile_placeholder(profile, one));
	assert_int_equal(named(profile, "x"), named(profile, "x"));
	assert_int_not_equal(named(profile, "x"), named(profile, "y"));
	profile_free(profile);
}

static void test_frames(void **state)
{
	struct profile *profile = profile_new();
	binary_id binary = profile_add_binary(profile, "/bin/x", "", BINARY_FILE);
	location_id one = profile_add_location(profile, binary, 1);
	location_id two = profile_add_location(profile, binary, 2);
	location_id three = profile_add_location(profile, binary, 3);
	struct frame frames[] = {
		{ function(profile, "inner"), 3 },
		{ function(profile, "outer"), 4 },
	};
	const struct location *location;

	(void)state;
	profile_set_frames(profile, one, frames, 2);
	location = &profile->location.at[one];
	assert_true(location->symbolized);
	assert_int_equal(location->frame_count, 2);
	assert_int_equal(profile->frame.at[location->first_frame].function, frames[0].function);
	assert_int_equal(profile->frame.at[location->first_frame + 1].line, 4);
	/* The placeholder frame that others share stayed. */
	assert_int_equal(profile->frame.at[profile->location.at[two].first_frame].function,
			 profile_placeholder(profile, binary));
	/* What changes nothing is no news. */
	assert_int_equal(profile->named.len, 1);
	profile_set_frames(profile, one, frames, 2);
	profile_set_frames(profile, two, NULL, 0);
	assert_true(profile->location.at[two].symbolized);
	assert_int_equal(profile->named.len, 1);
	profile_set_frames(profile, one, frames + 1, 1);
	assert_int_equal(profile->named.len, 2);
	assert_int_equal(profile->location.at[one].frame_count, 1);
	/* Nor when as many frames would fit in its place. */
	profile_set_frames(profile, three, frames, 1);
	assert_int_equal(profile->frame.at[profile->location.at[two].first_frame].function,
			 profile_placeholder(profile, binary));
	assert_int_equal(profile->named.len, 3);
	/* Found after all. */
	profile_set_frames(profile, two, frames, 2);
	assert_int_equal(profile->named.len, 4);
	profile_free(profile);
}

static void test_stacks(void **state)
{
	struct profile *profile = profile_new();
	location_id a = named(profile, "a"), b = named(profile, "b");
	stack_id sa = profile_add_stack(profile, 0, a), sab = profile_add_stack(profile, sa, b);
	stack_id saba = profile_add_stack(profile, sab, a);

	(void)state;
	assert_true(sa < sab && sab < saba);
	assert_int_equal(profile_add_stack(profile, 0, a), sa);
	assert_int_equal(profile_add_stack(profile, sa, b), sab);
	assert_int_not_equal(profile_add_stack(profile, 0, b), sab);
	assert_int_equal(profile->location.at[a].first_stack, sa);
	assert_int_equal(profile->location.at[b].first_stack, sab);
	profile_free(profile);
}

static void add(struct profile *profile, uint64_t time, uint64_t weight, stack_id stack,
		thread_id thread)
{
	profile_add_sample(profile, &(struct sample){ .time = time, .weight = weight,
			   .samples = 1, .stack = stack, .thread = thread });
}

static void test_samples(void **state)
{
	struct profile *profile = profile_new();
	stack_id stack = profile_add_stack(profile, 0, named(profile, "a"));
	thread_id one = profile_add_thread(profile, 1, 1, "x");
	thread_id two = profile_add_thread(profile, 1, 1, "x");
	unsigned generation = profile->generation;

	(void)state;
	assert_int_not_equal(one, two);
	add(profile, 7, 10, stack, one);
	add(profile, 8, 20, stack, one);
	add(profile, 8, 1, stack, two);
	profile_add_sample(profile, &(struct sample){ .time = 8, .weight = 5, .samples = 1,
			   .stack = stack, .thread = two, .end = STACK_TRUNCATED });
	profile_add_sample(profile, &(struct sample){ .time = 8, .weight = 500, .samples = 1,
			   .stack = stack, .thread = two, .metric = 2 });
	assert_int_equal(profile->sum.len, 0);
	assert_int_equal(profile->samples, 0);
	profile_seal(profile, 10);
	assert_int_equal(profile->sum.len, 4);
	assert_int_equal(profile->sum.at[0].weight, 30);
	assert_int_equal(profile->sum.at[0].samples, 2);
	assert_int_equal(profile->sum.at[0].metric, 1);
	assert_int_equal(profile->samples, 4);
	assert_int_equal(profile->weight, 36);
	assert_int_equal(profile->slice.len, 1);
	assert_int_equal(profile->slice.at[0].from, 7);
	assert_int_equal(profile->slice.at[0].until, 10);
	assert_int_equal(profile->slice.at[0].weight, 36);

	/* Nothing for a second, then one late sample. */
	profile_seal(profile, 20);
	assert_int_equal(profile->slice.len, 1);
	add(profile, 19, 1, stack, one);
	profile_seal(profile, 30);
	assert_int_equal(profile->slice.len, 2);
	assert_int_equal(profile->slice.at[1].from, 20);
	assert_int_equal(profile->slice.at[1].first_sum, 4);
	/* The clock never goes back. */
	add(profile, 25, 1, stack, one);
	profile_seal(profile, 15);
	assert_int_equal(profile->slice.at[2].from, 30);
	assert_int_equal(profile->slice.at[2].until, 30);

	assert_int_equal(profile->generation, generation);
	add(profile, 40, 1, stack, one);
	profile_add_losses(profile, 3, (struct cpu_losses){ .lost = 2, .throttled = 3 });
	profile_add_losses(profile, 1, (struct cpu_losses){ .lost = 1 });
	profile_add_losses(profile, 9, (struct cpu_losses){ 0 });
	assert_int_equal(profile->cpu.len, 4);
	assert_int_equal(profile->cpu.at[3].throttled, 3);
	assert_int_equal(profile->cpu.at[1].lost, 1);
	assert_int_equal(profile->lost, 3);
	assert_int_equal(profile->throttled, 3);
	profile_zero(profile);
	profile_seal(profile, 50);
	assert_int_not_equal(profile->generation, generation);
	assert_int_equal(profile->sum.len + profile->slice.len, 0);
	assert_int_equal(profile->samples + profile->weight, 0);
	assert_int_equal(profile->lost + profile->throttled + profile->cpu.len, 0);
	assert_int_equal(profile->thread.len, 3);
	add(profile, 60, 9, stack, one);
	profile_seal(profile, 70);
	assert_int_equal(profile->weight, 9);
	profile_free(profile);
}

/* Sums of whatever a file claims stay below 2^63. */
static void test_overflow(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	for (int i = 0; i < 5; i++) {
		profile_add_sample(profile, &(struct sample){
			.weight = UINT64_MAX - 3, .samples = UINT64_MAX });
		profile_seal(profile, 0);
	}
	assert_int_equal(profile->weight, UINT64_MAX / 2);
	assert_int_equal(profile->samples, UINT64_MAX / 2);
	profile_free(profile);
}

static void test_threads(void **state)
{
	struct profile *profile = profile_new();
	thread_id thread = profile_add_thread(profile, 7, 8, NULL);

	(void)state;
	profile_name_thread(profile, thread, "worker", NULL);
	profile_name_thread(profile, thread, NULL, "server");
	assert_string_equal(profile_string(profile, profile->thread.at[thread].name), "worker");
	assert_string_equal(profile_string(profile, profile->thread.at[thread].process), "server");
	assert_false(profile->thread.at[thread].exited);
	profile_end_thread(profile, thread);
	assert_true(profile->thread.at[thread].exited);
	profile_name_thread(profile, 0, "x", "y");
	profile_end_thread(profile, 0);
	assert_false(profile->thread.at[0].exited);

	assert_int_equal(profile_add_metric(profile, "cycles", UNIT_COUNT), 1);
	assert_int_equal(profile_add_metric(profile, "cycles", UNIT_COUNT), 1);
	assert_int_equal(profile_add_metric(profile, "bytes", UNIT_BYTES), 2);
	profile_free(profile);
}

static void test_series(void **state)
{
	struct profile *profile = profile_new();
	size_t id = profile_add_series(profile, "task-clock", UNIT_NANOSECONDS, SERIES_TOTAL);
	size_t other = profile_add_series(profile, "rss", UNIT_BYTES, SERIES_LEVEL);
	const struct series *series;

	(void)state;
	assert_int_equal(profile_add_series(profile, "rss", UNIT_BYTES, SERIES_LEVEL), other);
	assert_false(profile->series.at[id].supported);
	for (uint64_t i = 1; i <= 10000; i++) {
		profile_add_point(profile, id, i, i * 2);
		series = &profile->series.at[id];
		assert_true(i == 1 || series->point.at[series->point.len - 2].time == i - 1);
	}
	assert_true(series->supported);
	assert_int_equal(series->value, 20000);
	assert_in_range(series->point.len, 256, 512);
	assert_int_equal(series->point.at[series->point.len - 1].time, 10000);
	for (size_t i = 1; i < series->point.len; i++)
		assert_true(series->point.at[i].time > series->point.at[i - 1].time);
	/* It reaches far back, more and more sparsely. */
	assert_true(series->point.at[0].time < 10000 - 4 * 512);
	profile_free(profile);
}

/* Limits. */

static uint64_t random_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static uint64_t weight_of_function(const struct profile *profile, function_id wanted)
{
	uint64_t weight = 0;

	for (size_t i = 0; i < profile->sum.len; i++) {
		bool found = false;

		for (stack_id s = profile->sum.at[i].stack; s; s = profile->stack.at[s].caller) {
			location_id place = profile->stack.at[s].location;
			const struct location *l = &profile->location.at[place];

			for (size_t k = 0; k < l->frame_count; k++)
				found |= profile->frame.at[l->first_frame + k].function == wanted;
		}
		if (found)
			weight += profile->sum.at[i].weight;
	}
	return weight;
}

static void assert_consistent(const struct profile *profile)
{
	uint64_t weight = 0, samples = 0;
	size_t next = 0;

	for (size_t i = 0; i < profile->slice.len; i++) {
		const struct slice *slice = &profile->slice.at[i];
		size_t until = i + 1 < profile->slice.len ? slice[1].first_sum : profile->sum.len;
		uint64_t w = 0, n = 0;

		assert_int_equal(slice->first_sum, next);
		for (; next < until; next++) {
			w += profile->sum.at[next].weight;
			n += profile->sum.at[next].samples;
			assert_true(profile->sum.at[next].stack < profile->stack.len);
			assert_true(profile->sum.at[next].thread < profile->thread.len);
		}
		assert_int_equal(w, slice->weight);
		assert_int_equal(n, slice->samples);
		assert_true(!i || slice->from >= slice[-1].until);
		weight += w;
		samples += n;
	}
	assert_int_equal(weight, profile->weight);
	assert_int_equal(samples, profile->samples);
	/* Nothing is called by "[other]". */
	for (size_t i = 1; i < profile->stack.len; i++) {
		stack_id caller = profile->stack.at[i].caller;
		location_id place = profile->stack.at[caller].location;
		const struct location *l = &profile->location.at[place];
		function_id f = caller ? profile->frame.at[l->first_frame].function : 0;

		assert_true(caller < i);
		assert_false(profile->function.at[f].flags & FUNCTION_OTHER);
	}
}

static void test_slices_merge(void **state)
{
	struct profile *profile = profile_new();
	stack_id stack = profile_add_stack(profile, 0, named(profile, "a"));
	unsigned generation = profile->generation;

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++) {
		add(profile, i, 2, stack, 0);
		profile_seal(profile, i);
		if (i % 100 == 0)
			profile_limit(profile, 1 << 20);
	}
	assert_consistent(profile);
	assert_int_equal(profile->weight, 200000);
	assert_true(profile->slice.len < 20000);
	assert_true(profile_bytes(profile) <= 1 << 20);
	assert_int_not_equal(profile->generation, generation);
	assert_true(profile->merged > 0);
	/* The stack table had no part in it. */
	assert_int_equal(profile->stack.len, 2);
	/* Recent ones are finer than old ones. */
	assert_true(profile->slice.at[profile->slice.len - 1].weight == 2);
	assert_true(profile->slice.at[0].weight > 2);
	profile_free(profile);
}

/* Late samples get into the slice of their time, but not for ever. */
static void test_hold(void **state)
{
	static const uint64_t second = 1000000000;
	struct profile *profile = profile_new();
	stack_id stack = profile_add_stack(profile, 0, named(profile, "a"));

	(void)state;
	profile_hold(profile, true);
	profile_seal(profile, second);
	add(profile, 2 * second, 2, stack, 0);
	profile_seal(profile, 2 * second + second / 2);
	assert_int_equal(profile->slice.len, 0);
	add(profile, 2 * second - 1, 2, stack, 0);
	profile_hold(profile, false);
	profile_seal(profile, 2 * second + second / 2);
	assert_int_equal(profile->slice.len, 1);
	assert_int_equal(profile->slice.at[0].from, 2 * second - 1);
	assert_int_equal(profile->slice.at[0].weight, 4);
	profile_hold(profile, true);
	add(profile, 3 * second, 1, stack, 0);
	profile_seal(profile, 3 * second + second / 4);
	assert_int_equal(profile->slice.len, 1);
	profile_seal(profile, 3 * second + second / 2);
	assert_int_equal(profile->slice.len, 2);
	assert_int_equal(profile->slice.at[1].from, 2 * second + second / 2);
	profile_free(profile);
}

/* Heavy paths are told apart, light ones become "[other]", functions high up stay exact. */
static void test_stacks_fold(void **state)
{
	enum { BYTES = 2 << 20, HEAVY = 1000000 };
	struct profile *profile = profile_new();
	binary_id binary = profile_add_binary(profile, "/bin/x", "", BINARY_FILE);
	location_id top = named(profile, "main");
	function_id even = function(profile, "even"), odd = function(profile, "odd");
	function_id hot = function(profile, "hot");
	uint64_t seed = 1, expected[2] = { 0 }, all = 0;
	size_t symbolized = 0, others = 0;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		stack_id s = profile_add_stack(profile, 0, top);
		bool is_odd = random_number(&seed) % 2;
		uint64_t weight = 1 + random_number(&seed) % 9;
		location_id place;

		s = profile_add_stack(profile, s, named(profile, is_odd ? "odd" : "even"));
		for (int k = 0; k < 4; k++) {
			place = profile_add_location(profile, binary, random_number(&seed) % 5000);
			s = profile_add_stack(profile, s, place);
		}
		if (i % 1000 == 0) {
			s = profile_add_stack(profile, s, named(profile, "hot"));
			weight = HEAVY;
		}
		if (random_number(&seed) % 2) {
			struct frame frame = { .function = function(profile, "leaf"),
					       .line = (uint32_t)i };

			profile_set_frames(profile, place, &frame, 1);
		}
		expected[is_odd] += weight;
		all += weight;
		add(profile, i, weight, s, 0);
		if (i % 100 == 0)
			profile_seal(profile, i);
		if (i % 50 == 0) {
			profile_limit(profile, BYTES);
			assert_true(profile_bytes(profile) <= BYTES);
			/* Ids do not outlive it. */
			top = named(profile, "main");
		}
	}
	profile_seal(profile, 200000);
	assert_consistent(profile);
	assert_int_equal(profile->weight, all);
	assert_int_equal(profile->samples, 200000);
	assert_true(profile->merged > 2);
	assert_int_equal(weight_of_function(profile, even), expected[0]);
	assert_int_equal(weight_of_function(profile, odd), expected[1]);
	assert_int_equal(weight_of_function(profile, function(profile, "main")), all);
	assert_true(weight_of_function(profile, hot) > 150ull * HEAVY);
	for (size_t i = 1; i < profile->location.len; i++) {
		const struct location *location = &profile->location.at[i];
		function_id f = profile->frame.at[location->first_frame].function;

		symbolized += location->symbolized && !location->named;
		others += profile->function.at[f].flags & FUNCTION_OTHER ? 1 : 0;
	}
	assert_int_equal(others, 1);
	assert_true(symbolized < 5000);
	profile_free(profile);
}

static void test_truncations(void **state)
{
	struct profile *profile = profile_new();
	location_id place = profile_truncation(profile, TRUNCATED_NO_ROWS);
	const struct function *function;

	(void)state;
	assert_int_equal(profile_truncation(profile, TRUNCATED_NO_ROWS), place);
	function = &profile->function.at[profile_truncation_function(profile, TRUNCATED_NO_ROWS)];
	assert_string_equal(profile_string(profile, function->name),
			    "[truncated: no unwind information]");
	assert_int_equal(function->flags, FUNCTION_TRUNCATED);
	assert_int_equal(profile_truncation_function(profile, TRUNCATED_32_BIT), 0);
	for (int i = 0; i < TRUNCATIONS; i++) {
		char text[100];

		assert_true(truncation_name((enum truncation)i)[0]);
		snprintf(text, sizeof text, "[truncated: %s]", truncation_text((enum truncation)i));
		assert_int_equal(truncation_find(text), i);
	}
	assert_string_equal(truncation_name(TRUNCATIONS), "");
	assert_int_equal(truncation_find(""), TRUNCATIONS);
	assert_int_equal(truncation_find("[truncated: ]"), TRUNCATIONS);
	assert_int_equal(truncation_find("[truncated: no map]"), TRUNCATIONS);
	assert_int_equal(truncation_find("[truncated: no mapping"), TRUNCATIONS);
	profile_free(profile);
}

/* Their roots stay even when all is folded, and when there are too many names. */
static void test_truncations_stay(void **state)
{
	struct profile *profile = profile_new();
	binary_id binary = profile_add_binary(profile, "/bin/x", "", BINARY_FILE);
	char name[20];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		stack_id s;

		if (i == 50000)
			s = profile_add_stack(profile, 0, profile_truncation(profile,
							TRUNCATED_IMPLAUSIBLE));
		else
			s = profile_add_stack(profile, 0, named(profile, "main"));
		s = profile_add_stack(profile, s, profile_add_location(profile, binary, i));
		snprintf(name, sizeof name, "name %u", i);
		profile_add_string(profile, name);
		add(profile, i, 1 + i % 3, s, 0);
		if (i % 100 == 0) {
			profile_seal(profile, i);
			profile_limit(profile, 1 << 20);
		}
	}
	assert_true(profile->merged > 1);
	assert_int_equal(weight_of_function(profile, profile_truncation_function(profile,
							TRUNCATED_IMPLAUSIBLE)), 1 + 50000 % 3);
	profile_truncation(profile, TRUNCATED_32_BIT);
	assert_string_equal(profile_function_name(profile, profile_truncation_function(profile,
							TRUNCATED_32_BIT)),
			    "[truncated: 32-bit program]");
	profile_free(profile);
}

/* The same place can be a location several times; each is named on its own. */
static void test_kinds_of_locations(void **state)
{
	struct profile *profile = profile_new();
	binary_id binary = profile_add_binary(profile, "/bin/x", "", BINARY_FILE);
	struct frame frame = { .function = function(profile, "f"), .line = 3 };
	location_id id[] = {
		profile_add_location(profile, binary, 0x10),
		profile_add_guessed_location(profile, binary, 0x10),
		profile_add_outermost_location(profile, binary, 0x10),
	};
	bool guessed = false, outermost = false, plain = false;

	(void)state;
	assert_int_equal(profile_add_location(profile, binary, 0x10), id[0]);
	assert_int_equal(profile_add_guessed_location(profile, binary, 0x10), id[1]);
	assert_int_equal(profile_add_outermost_location(profile, binary, 0x10), id[2]);
	assert_int_not_equal(id[0], id[1]);
	assert_int_not_equal(id[0], id[2]);
	assert_int_not_equal(id[1], id[2]);
	profile_set_frames(profile, id[1], &frame, 1);
	profile_set_frames(profile, id[2], &frame, 1);
	assert_false(profile->location.at[id[0]].symbolized);
	for (int i = 0; i < 3; i++)
		add(profile, 1, 1, profile_add_stack(profile, 0, id[i]), 0);
	for (int i = 0; i < 100000; i++)
		add(profile, 1, 1, profile_add_stack(profile, 0,
			profile_add_location(profile, binary, 0x100 + (unsigned)i % 3)), 0);
	for (unsigned i = 0; i < 20000; i++)
		profile_add_stack(profile, 0, profile_add_location(profile, binary, 0x1000 + i));
	profile_seal(profile, 2);
	profile_limit(profile, 1 << 20);
	assert_int_equal(profile->merged, 1);
	for (size_t i = 1; i < profile->location.len; i++) {
		const struct location *location = &profile->location.at[i];

		if (location->guessed || location->outermost) {
			assert_true(location->named && location->symbolized);
			assert_int_equal(profile->frame.at[location->first_frame].function,
					 frame.function);
		}
		plain |= !location->guessed && !location->outermost && location->address == 0x10;
		guessed |= location->guessed;
		outermost |= location->outermost;
	}
	assert_true(plain && guessed && outermost);
	profile_free(profile);
}

/* What is not named yet keeps its address through a rebuild. */
static void test_addresses_stay(void **state)
{
	struct profile *profile = profile_new();
	binary_id binary = profile_add_binary(profile, "/bin/x", "", BINARY_FILE);
	struct frame frame = { .function = function(profile, "named"), .line = 3 };
	location_id one = profile_add_location(profile, binary, 0x10);
	location_id two = profile_add_location(profile, binary, 0x20);
	location_id three = profile_add_location(profile, binary, 0x30);
	location_id filler = named(profile, "filler");
	stack_id deep = 0;
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 20000; i++)
		deep = profile_add_stack(profile, deep, filler);
	profile_set_frames(profile, two, &frame, 1);
	frame.line = 4;
	profile_set_frames(profile, three, &frame, 1);
	add(profile, 1, 1, profile_add_stack(profile, 0, one), 0);
	add(profile, 1, 10, profile_add_stack(profile, 0, two), 0);
	add(profile, 1, 100, profile_add_stack(profile, 0, three), 0);
	/* In the open slice, too.  What has no samples goes. */
	profile_limit(profile, profile_bytes(profile));
	assert_int_equal(profile->stack.len, 3);
	profile_seal(profile, 2);
	assert_int_equal(profile->merged, 1);
	assert_int_equal(profile->weight, 111);
	assert_int_equal(weight_of_function(profile, frame.function), 110);
	assert_int_equal(profile->named.len, 0);
	for (size_t i = 1; i < profile->location.len; i++)
		if (!profile->location.at[i].named) {
			assert_int_equal(profile->location.at[i].address, 0x10);
			assert_int_equal(profile_add_location(profile, binary, 0x10), i);
			count++;
		}
	assert_int_equal(count, 1);
	profile_free(profile);
}

static void test_threads_fold(void **state)
{
	struct profile *profile = profile_new();
	stack_id stack = profile_add_stack(profile, 0, named(profile, "a"));
	thread_id alive = profile_add_thread(profile, 1, 1, "alive");
	uint64_t weight = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		thread_id thread = profile_add_thread(profile, 1, i, "short");

		add(profile, 1, 1, stack, thread);
		add(profile, 1, 1, stack, alive);
		profile_end_thread(profile, thread);
		if (i % 500 == 0) {
			profile_seal(profile, 1);
			profile_limit(profile, 4 << 20);
		}
	}
	profile_seal(profile, 1);
	profile_limit(profile, 4 << 20);
	assert_consistent(profile);
	assert_int_equal(profile->samples, 600000);
	assert_true(profile->thread.len < 30000);
	assert_int_equal(profile->thread.at[alive].tid, 1);
	for (size_t i = 0; i < profile->sum.len; i++)
		if (profile->sum.at[i].thread == alive)
			weight += profile->sum.at[i].weight;
	assert_int_equal(weight, 300000);
	profile_free(profile);
}

/* A program with ever new names does not outgrow the budget, either. */
static void test_names_are_bounded(void **state)
{
	enum { BYTES = 4 << 20 };
	struct profile *profile = profile_new();
	function_id first = function(profile, "first"), f = 0;
	binary_id binary = profile_add_binary(profile, "/bin/x", "", BINARY_FILE);

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		char name[100];

		snprintf(name, sizeof name, "a_rather_long_name_of_jitted_code_%d", (int)i);
		f = function(profile, name);
		add(profile, i, 1, profile_add_stack(profile, 0, named(profile, name)), 0);
		profile_seal(profile, i);
		if (i % 10 == 0)
			profile_limit(profile, BYTES);
		assert_true(profile_bytes(profile) <= BYTES);
	}
	assert_string_equal(profile_function_name(profile, f), "[too many names]");
	assert_int_equal(function(profile, "first"), first);
	assert_int_equal(profile_add_binary(profile, "/bin/x", "", BINARY_FILE), binary);
	assert_int_equal(profile_add_binary(profile, "/bin/new", "", BINARY_FILE), 0);
	assert_int_equal(profile_add_binary(profile, "/bin/newer", "", BINARY_FILE), 0);
	assert_int_equal(profile->weight, 100000);
	assert_consistent(profile);
	profile_free(profile);
}

/* The copy is as the original was, whatever becomes of that. */
static void test_copy(void **state)
{
	struct profile *profile = profile_new(), *copy;
	stack_id stack = profile_add_stack(profile, 0, named(profile, "main"));
	size_t series = profile_add_series(profile, "rss", UNIT_BYTES, SERIES_LEVEL);
	char big[100001];

	(void)state;
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	profile_add_string(profile, big);
	profile_add_metric(profile, "cpu-clock", UNIT_NANOSECONDS);
	stack = profile_add_stack(profile, stack, named(profile, "read"));
	profile_add_point(profile, series, 5, 4096);
	profile_add_sample(profile, &(struct sample){ .time = 7, .weight = 30, .samples = 3,
						      .stack = stack });
	profile_seal(profile, 10);
	profile_add_losses(profile, 1, (struct cpu_losses){ .lost = 4 });
	profile_truncation(profile, TRUNCATED_NO_ROWS);
	copy = profile_copy(profile);
	assert_int_equal(profile_truncation_function(copy, TRUNCATED_NO_ROWS),
			 profile_truncation_function(profile, TRUNCATED_NO_ROWS));
	profile_add_losses(profile, 1, (struct cpu_losses){ .lost = 1 });
	for (int i = 0; i < 1000; i++) {
		char name[20];

		snprintf(name, sizeof name, "f%d", i);
		profile_add_sample(profile, &(struct sample){ .time = 12, .weight = 1, .samples = 1,
			.stack = profile_add_stack(profile, stack, named(profile, name)) });
		profile_add_point(profile, series, 6 + (uint64_t)i, 1);
	}
	profile_seal(profile, 20);
	profile_free(profile);
	assert_int_equal(copy->samples, 3);
	assert_int_equal(copy->weight, 30);
	assert_int_equal(copy->generation, 1);
	assert_int_equal(copy->cpu.at[1].lost, 4);
	assert_int_equal(copy->sum.len, 1);
	assert_int_equal(copy->slice.len, 1);
	assert_int_equal(copy->sum.at[0].stack, stack);
	assert_int_equal(copy->stack.len, 3);
	assert_int_equal(copy->series.at[series].point.len, 1);
	assert_int_equal(copy->series.at[series].point.at[0].value, 4096);
	assert_string_equal(profile_string(copy, copy->series.at[series].name), "rss");
	assert_string_equal(profile_string(copy, copy->metric.at[1].name), "cpu-clock");
	assert_string_equal(profile_string(copy, copy->metric.at[1].name - 1), big);
	assert_string_equal(profile_function_name(copy, copy->frame.at[
		copy->location.at[copy->stack.at[stack].location].first_frame].function), "read");
	profile_free(copy);
	/* Of nothing, too. */
	profile = profile_new();
	copy = profile_copy(profile);
	assert_string_equal(profile_string(copy, 0), "");
	profile_free(profile);
	profile_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_slices_merge),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_stacks_fold),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_truncations_stay),
		cmocka_unit_test(test_kinds_of_locations),
		cmocka_unit_test(test_addresses_stay),
		cmocka_unit_test(test_threads_fold),
		cmocka_unit_test(test_names_are_bounded),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
