#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/threads.h"

#define SECOND 1000000000ull

/* Functions a, b, c, ...; capitals are the kernel's. */

static struct function function_of(struct profile *profile, char letter)
{
	char name[2] = { letter, '\0' };
	struct function f = { .name = profile_add_string(profile, name) };

	if (letter >= 'A' && letter <= 'Z')
		f.flags = FUNCTION_KERNEL;
	return f;
}

static stack_id stack(struct profile *profile, const char *path)
{
	stack_id id = 0;

	for (; *path; path++) {
		struct function f = function_of(profile, *path);
		struct frame frame = { .function = profile_add_function(profile, &f) };

		id = profile_add_stack(profile, id, profile_add_named_location(profile, frame));
	}
	return id;
}

static void sample(struct profile *profile, thread_id thread, const char *path, uint64_t weight,
		   uint64_t time)
{
	profile_add_sample(profile, &(struct sample){ .time = time, .weight = weight,
		.samples = 1, .thread = thread, .stack = stack(profile, path) });
}

struct stage {
	struct profile *profile;
	struct calltree *tree;
	struct threads *threads;
	struct query query;
	thread_id main, worker, other;
};

static void set_up(struct stage *s)
{
	*s = (struct stage){ .profile = profile_new(), .tree = calltree_new(),
			     .threads = threads_new() };
	s->main = profile_add_thread(s->profile, 7, 7, "app");
	s->worker = profile_add_thread(s->profile, 7, 8, "worker");
	s->other = profile_add_thread(s->profile, 9, 9, "worker");
	profile_name_thread(s->profile, s->main, "app", "app");
	profile_name_thread(s->profile, s->worker, "worker", "app");
	profile_name_thread(s->profile, s->other, "worker", "other");
}

static void tear_down(struct stage *s)
{
	threads_free(s->threads);
	calltree_free(s->tree);
	query_release(&s->query);
	profile_free(s->profile);
}

static void update_at(struct stage *s, enum threads_by by, uint64_t now)
{
	calltree_update(s->tree, s->profile, &s->query);
	threads_update(s->threads, s->profile, s->tree, &s->query, NULL, by, now);
}

static void update(struct stage *s, enum threads_by by)
{
	update_at(s, by, 0);
}

static const char *hottest(const struct stage *s, size_t row)
{
	return profile_function_name(s->profile, s->threads->row.at[row].hottest);
}

static const char *name(const struct stage *s, string_id id)
{
	return profile_string(s->profile, id);
}

static void test_nothing(void **state)
{
	struct stage s = { .profile = profile_new(), .tree = calltree_new(),
			   .threads = threads_new() };

	(void)state;
	update_at(&s, THREADS_ONE, SECOND);
	assert_int_equal(s.threads->row.len, 0);
	/* Samples that belong to no thread are still there. */
	sample(s.profile, 0, "a", 5, 1);
	profile_seal(s.profile, 2);
	update_at(&s, THREADS_ONE, 2);
	assert_int_equal(s.threads->row.len, 1);
	assert_int_equal(s.threads->row.at[0].all.weight, 5);
	tear_down(&s);
	threads_free(NULL);
}

static void test_groups(void **state)
{
	struct stage s;

	(void)state;
	set_up(&s);
	sample(s.profile, s.main, "ma", 1, 1);
	sample(s.profile, s.worker, "mb", 20, 1);
	sample(s.profile, s.worker, "mc", 30, 1);
	sample(s.profile, s.other, "mb", 15, 1);
	profile_seal(s.profile, 10);
	update(&s, THREADS_ONE);
	assert_int_equal(s.threads->row.len, 3);
	assert_int_equal(s.threads->whole.weight, 66);
	assert_int_equal(s.threads->row.at[1].all.weight, 50);
	assert_int_equal(s.threads->row.at[1].tid, 8);
	assert_string_equal(hottest(&s, 0), "a");
	assert_string_equal(hottest(&s, 1), "c");

	update(&s, THREADS_OF_NAME);
	assert_int_equal(s.threads->row.len, 2);
	assert_string_equal(name(&s, s.threads->row.at[1].name), "worker");
	assert_int_equal(s.threads->row.at[1].threads, 2);
	assert_int_equal(s.threads->row.at[1].all.weight, 65);
	/* 20 + 15: together it is another one. */
	assert_string_equal(hottest(&s, 1), "b");
	assert_int_equal(s.threads->row.at[1].hottest_self.weight, 35);
	assert_int_equal(s.threads->row.at[1].pid, 0);

	update(&s, THREADS_OF_PROCESS);
	assert_int_equal(s.threads->row.len, 2);
	assert_string_equal(name(&s, s.threads->row.at[0].name), "app");
	assert_int_equal(s.threads->row.at[0].threads, 2);
	assert_int_equal(s.threads->row.at[0].all.weight, 51);
	assert_int_equal(s.threads->row.at[0].pid, 7);
	assert_string_equal(name(&s, s.threads->row.at[1].name), "other");
	tear_down(&s);
}

/* Each exec begins another entry of a thread, that is the same and has the new name. */
static void test_exec(void **state)
{
	struct stage s;
	thread_id again;

	(void)state;
	set_up(&s);
	sample(s.profile, s.main, "ma", 1, 1);
	sample(s.profile, s.worker, "mb", 2, 1);
	profile_end_thread(s.profile, s.main);
	profile_end_thread(s.profile, s.worker);
	again = profile_add_thread(s.profile, 7, 7, "next");
	profile_name_thread(s.profile, again, "next", "next");
	sample(s.profile, again, "mc", 4, 2);
	profile_seal(s.profile, 10);

	update(&s, THREADS_OF_PROCESS);
	assert_int_equal(s.threads->row.len, 2);
	assert_string_equal(name(&s, s.threads->row.at[0].name), "next");
	assert_int_equal(s.threads->row.at[0].all.weight, 7);
	assert_int_equal(s.threads->row.at[0].threads, 2);
	assert_int_equal(s.threads->row.at[0].exited, 1);

	update(&s, THREADS_ONE);
	assert_int_equal(s.threads->row.len, 3);
	assert_string_equal(name(&s, s.threads->row.at[0].name), "next");
	assert_string_equal(name(&s, s.threads->row.at[0].process), "next");
	assert_int_equal(s.threads->row.at[0].threads, 1);
	assert_int_equal(s.threads->row.at[0].exited, 0);
	assert_string_equal(name(&s, s.threads->row.at[1].name), "worker");
	assert_int_equal(s.threads->row.at[1].exited, 1);

	/* By name it is each in its time. */
	update(&s, THREADS_OF_NAME);
	assert_int_equal(s.threads->row.len, 3);
	assert_string_equal(name(&s, s.threads->row.at[0].name), "app");
	assert_int_equal(s.threads->row.at[0].exited, 1);
	assert_string_equal(name(&s, s.threads->row.at[2].name), "next");

	/* Ended, it keeps its last name. */
	profile_end_thread(s.profile, again);
	update(&s, THREADS_OF_PROCESS);
	assert_string_equal(name(&s, s.threads->row.at[0].name), "next");
	assert_int_equal(s.threads->row.at[0].exited, 2);
	tear_down(&s);
}

/* What came since is added; names that come late, of functions and threads, count as well. */
static void test_late(void **state)
{
	struct stage s;
	location_id place;
	struct function f;
	struct frame frame = { 0 };

	(void)state;
	set_up(&s);
	place = profile_add_location(s.profile, 0, 64);
	for (int i = 0; i < 3; i++) {
		profile_add_sample(s.profile, &(struct sample){ .time = 1, .weight = 10,
			.samples = 1, .thread = s.main,
			.stack = profile_add_stack(s.profile, 0, place) });
		profile_seal(s.profile, (uint64_t)i + 2);
		update(&s, THREADS_ONE);
		assert_int_equal(s.threads->row.at[0].all.weight, 10 * (i + 1));
		assert_int_equal(s.threads->row.at[0].hottest_self.weight, 10 * (i + 1));
	}
	f = function_of(s.profile, 'z');
	frame.function = profile_add_function(s.profile, &f);
	profile_set_frames(s.profile, place, &frame, 1);
	update(&s, THREADS_ONE);
	assert_string_equal(hottest(&s, 0), "z");
	/* Idle threads are there too, until they end. */
	assert_int_equal(s.threads->row.len, 3);
	profile_end_thread(s.profile, s.other);
	profile_end_thread(s.profile, s.main);
	update(&s, THREADS_ONE);
	assert_int_equal(s.threads->row.len, 2);
	assert_int_equal(s.threads->row.at[0].exited, 1);
	profile_name_thread(s.profile, s.worker, "app", NULL);
	update(&s, THREADS_OF_NAME);
	assert_int_equal(s.threads->row.len, 1);
	tear_down(&s);
}

static void test_kernel_and_generation(void **state)
{
	struct stage s;

	(void)state;
	set_up(&s);
	sample(s.profile, s.main, "maKL", 10, 1);
	sample(s.profile, s.main, "mb", 7, 1);
	sample(s.profile, s.worker, "K", 3, 1);
	profile_seal(s.profile, 10);
	update(&s, THREADS_ONE);
	assert_string_equal(hottest(&s, 0), "L");
	s.query.hide_kernel = true;
	update(&s, THREADS_ONE);
	assert_string_equal(hottest(&s, 0), "a");
	assert_int_equal(s.threads->row.at[0].hottest_self.weight, 10);
	/* Nothing but the kernel: no function is left. */
	assert_int_equal(s.threads->row.at[1].hottest, 0);
	assert_int_equal(s.threads->row.at[1].all.weight, 3);
	profile_zero(s.profile);
	update(&s, THREADS_ONE);
	assert_int_equal(s.threads->row.at[0].all.weight, 0);
	assert_int_equal(s.threads->row.at[0].hottest_self.weight, 0);
	tear_down(&s);
}

static void test_history(void **state)
{
	struct stage s;
	double sum = 0;

	(void)state;
	set_up(&s);
	/* Half of each quarter second for 30 s, twice that in the last two. */
	for (uint64_t i = 1; i <= 120; i++) {
		uint64_t now = 100 * SECOND + i * SECOND / 4;

		sample(s.profile, s.main, "a", i > 112 ? SECOND / 4 : SECOND / 8, now - 1);
		profile_seal(s.profile, now);
	}
	update(&s, THREADS_ONE);
	assert_int_equal(s.threads->width, SECOND / 2);
	assert_int_equal(s.threads->full, THREAD_BUCKETS - 1);
	for (size_t i = 0; i < s.threads->full; i++) {
		double expected = i >= s.threads->full - 4 ? SECOND / 2. : SECOND / 4.;

		assert_true(s.threads->history.at[i] > expected - 1000 &&
			    s.threads->history.at[i] < expected + 1000);
	}
	/* Others have their own, with nothing in it. */
	for (size_t i = THREAD_BUCKETS; i < 2 * THREAD_BUCKETS; i++)
		sum += s.threads->history.at[i];
	assert_true(sum < 1);
	assert_int_equal(s.threads->lately, SECOND);
	assert_int_equal(s.threads->row.at[0].lately.weight, SECOND);
	assert_int_equal(s.threads->row.at[0].lately.samples, 4);
	/* Long after the last sample nothing happens lately. */
	update_at(&s, THREADS_ONE, 140 * SECOND);
	assert_int_equal(s.threads->row.at[0].lately.weight, 0);
	assert_int_equal(s.threads->row.at[0].all.samples, 120);
	tear_down(&s);
}

static void keep(struct stage *s, const char *pattern)
{
	struct error error;

	assert_true(query_set_keep(&s->query, pattern, &error));
}

/* What the query selects, but of all threads; what they do now is not asked of it. */
static void test_query(void **state)
{
	struct stage s;

	(void)state;
	set_up(&s);
	for (uint64_t i = 0; i < 10; i++) {
		sample(s.profile, s.main, "ma", 1, 100 + i * 10);
		sample(s.profile, s.worker, "mb", 10, 100 + i * 10);
		sample(s.profile, s.worker, "mc", 20 * (i % 2), 100 + i * 10);
		profile_seal(s.profile, 110 + i * 10);
	}
	update_at(&s, THREADS_ONE, 200);
	assert_int_equal(s.threads->whole.weight, 210);
	assert_int_equal(s.threads->row.at[1].lately.weight, 200);

	keep(&s, "a|b");
	update_at(&s, THREADS_ONE, 200);
	assert_int_equal(s.threads->whole.weight, 110);
	assert_int_equal(s.threads->row.at[0].all.weight, 10);
	assert_int_equal(s.threads->row.at[1].all.weight, 100);
	assert_string_equal(hottest(&s, 1), "b");
	assert_int_equal(s.threads->row.at[1].lately.weight, 200);
	keep(&s, "b");
	update_at(&s, THREADS_ONE, 200);
	/* Nothing of it is here, but it is. */
	assert_int_equal(s.threads->row.len, 3);
	assert_int_equal(s.threads->row.at[0].all.weight, 0);
	assert_int_equal(s.threads->row.at[0].hottest, 0);
	keep(&s, NULL);

	/* A thread that was chosen is one among others. */
	s.query.threads = (struct thread_choice){ .by = THREADS_ONE, .pid = 7, .tid = 7 };
	update_at(&s, THREADS_ONE, 200);
	assert_int_equal(s.threads->whole.weight, 210);
	tear_down(&s);
}

static void test_window(void **state)
{
	static const uint64_t from[] = { 0, 150, 170, 1000, 120, 0, 190, 105, 200, 0 };
	struct stage s;

	(void)state;
	set_up(&s);
	for (uint64_t i = 0; i < 10; i++) {
		sample(s.profile, s.main, "ma", 1, 100 + i * 10);
		sample(s.profile, s.worker, i % 2 ? "mb" : "mc", 10 + i, 100 + i * 10);
		profile_seal(s.profile, 110 + i * 10);
		update(&s, THREADS_ONE);
	}
	for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
		struct amount expected = { 0 };

		s.query.from = from[k];
		s.query.until = k == 4 ? 160 : 0;
		update(&s, THREADS_ONE);
		for (uint64_t i = 0; i < 10; i++)
			if (105 + i * 10 >= from[k] && (k != 4 || 105 + i * 10 < 160))
				expected.weight += 10 + i;
		assert_int_equal(s.threads->row.at[1].all.weight, expected.weight);
		assert_int_equal(s.threads->whole.weight, s.tree->total[0].weight);
		if (from[k] == 190)
			assert_string_equal(hottest(&s, 1), "b");
	}
	/* New samples come in at the end of a window, whatever is in it. */
	s.query.from = 200;
	update(&s, THREADS_ONE);
	sample(s.profile, s.main, "ma", 7, 210);
	profile_seal(s.profile, 220);
	update(&s, THREADS_ONE);
	assert_int_equal(s.threads->whole.weight, 7);
	tear_down(&s);
}

/* Other groups of the same moment: what came since is not there. */
static void test_paused(void **state)
{
	struct stage s;

	(void)state;
	set_up(&s);
	sample(s.profile, s.main, "ma", 5, 101);
	sample(s.profile, s.worker, "mb", 10, 101);
	profile_seal(s.profile, 110);
	update_at(&s, THREADS_ONE, 110);
	sample(s.profile, s.worker, "mc", 100, 111);
	sample(s.profile, profile_add_thread(s.profile, 11, 11, "new"), "mc", 100, 111);
	profile_end_thread(s.profile, s.worker);
	profile_seal(s.profile, 120);
	assert_true(threads_group(s.threads, s.profile, THREADS_OF_PROCESS));
	assert_int_equal(s.threads->row.len, 2);
	assert_int_equal(s.threads->whole.weight, 15);
	assert_int_equal(s.threads->row.at[0].lately.weight, 15);
	assert_int_equal(s.threads->row.at[0].exited, 0);
	assert_true(threads_group(s.threads, s.profile, THREADS_OF_NAME));
	assert_string_equal(hottest(&s, 1), "b");
	/* Of what was before the profile was made anew nothing can be told. */
	profile_zero(s.profile);
	assert_false(threads_group(s.threads, s.profile, THREADS_ONE));
	assert_int_equal(s.threads->row.len, 2);
	threads_update(s.threads, s.profile, s.tree, &s.query, NULL, THREADS_ONE, 120);
	assert_int_equal(s.threads->row.len, 2);
	update_at(&s, THREADS_ONE, 120);
	assert_int_equal(s.threads->row.len, 3);
	assert_int_equal(s.threads->whole.weight, 0);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_kernel_and_generation),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
