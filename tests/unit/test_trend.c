#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/trend.h"

#define SECOND 1000000000ull

struct stage {
	struct profile *profile;
	struct calltree *tree;
	struct trend trend;
	struct query query;
	uint64_t now;
	location_id place;	/* not named at first */
};

static function_id function(struct profile *profile, char letter)
{
	char name[2] = { letter, '\0' };
	struct function f = { .name = profile_add_string(profile, name) };

	return profile_add_function(profile, &f);
}

static void sample(struct stage *s, thread_id thread, const char *path, uint64_t samples)
{
	stack_id id = 0;

	for (; *path; path++)
		id = profile_add_stack(s->profile, id, *path == '?' ? s->place :
			profile_add_named_location(s->profile, (struct frame){
				.function = function(s->profile, *path) }));
	profile_add_sample(s->profile, &(struct sample){ .time = s->now, .samples = samples,
		.weight = samples, .stack = id, .thread = thread });
}

static void update(struct stage *s)
{
	calltree_update(s->tree, s->profile, &s->query);
	trend_update(&s->trend, s->profile, s->tree, s->now);
}

/* A second of: so many samples in main-a and in main-b. */
static void second(struct stage *s, uint64_t a, uint64_t b)
{
	for (int i = 0; i < 4; i++) {
		s->now += SECOND / 4;
		sample(s, 1, "ma", a / 4);
		sample(s, 2, "mb", b / 4);
		profile_seal(s->profile, s->now);
		update(s);
	}
}

static void set_up(struct stage *s)
{
	*s = (struct stage){ .profile = profile_new(), .tree = calltree_new(),
			     .now = 100 * SECOND };
	profile_add_thread(s->profile, 1, 1, "one");
	profile_add_thread(s->profile, 1, 2, "two");
	s->place = profile_add_location(s->profile, 0, 64);
}

static void tear_down(struct stage *s)
{
	trend_release(&s->trend);
	calltree_free(s->tree);
	profile_free(s->profile);
}

static int self(const struct stage *s, char letter)
{
	return trend_of_self(&s->trend, function(s->profile, letter));
}

static void test_moves_and_settles(void **state)
{
	struct stage s;

	(void)state;
	set_up(&s);
	update(&s);
	assert_int_equal(self(&s, 'a'), 0);
	for (int i = 0; i < 12; i++)
		second(&s, 200, 800);
	assert_int_equal(self(&s, 'a'), 0);
	for (int i = 0; i < 5; i++)
		second(&s, 800, 200);
	assert_int_equal(self(&s, 'a'), 1);
	assert_int_equal(self(&s, 'b'), -1);
	assert_int_equal(self(&s, 'm'), 0);
	assert_int_equal(trend_of_total(&s.trend, function(s.profile, 'a')), 1);
	assert_int_equal(trend_of_total(&s.trend, function(s.profile, 'm')), 0);
	assert_int_equal(s.trend.now.whole.samples, 5000);
	/* After half a minute it is as ever. */
	for (int i = 0; i < 30; i++)
		second(&s, 800, 200);
	assert_int_equal(self(&s, 'a'), 0);
	assert_int_equal(s.trend.before.whole.samples, 25000);
	/* And with nothing at all there is nothing to tell. */
	s.now += 100 * SECOND;
	update(&s);
	assert_int_equal(s.trend.now.whole.samples, 0);
	assert_int_equal(s.trend.before.whole.samples, 0);
	assert_int_equal(self(&s, 'a'), 0);
	tear_down(&s);
}

/* Whatever is found out about sums meanwhile, what leaves is what came. */
static void test_stays_exact(void **state)
{
	struct stage s;
	struct frame frame = { 0 };

	(void)state;
	set_up(&s);
	for (int i = 0; i < 70; i++) {
		sample(&s, 1, "m?a?", 3);
		sample(&s, 2, "mm?", 5);
		second(&s, 40, 80);
		if (i % 9 == 4 && i < 45) {
			frame.function = function(s.profile, (char)('f' + i % 7));
			profile_set_frames(s.profile, s.place, &frame, 1);
		}
		if (i % 11 == 5)
			s.query.threads = (struct thread_choice){ .by = i % 2 ? THREADS_OF_NAME :
				THREADS_ALL, .name = profile_add_string(s.profile, "one") };
		if (i % 5 == 1)
			profile_name_thread(s.profile, 2, i % 2 ? "one" : "two", NULL);
		if (i == 40)
			profile_zero(s.profile);
		update(&s);
		for (size_t f = 0; f < s.trend.now.self.len; f++) {
			assert_true(s.trend.now.total.at[f].samples <= s.trend.now.whole.samples);
			assert_true(s.trend.now.self.at[f].samples <=
				    s.trend.now.total.at[f].samples);
		}
	}
	s.now += 100 * SECOND;
	update(&s);
	for (size_t f = 0; f < s.trend.before.self.len; f++) {
		assert_int_equal(s.trend.before.self.at[f].samples, 0);
		assert_int_equal(s.trend.before.total.at[f].samples, 0);
		assert_int_equal(s.trend.now.total.at[f].samples, 0);
	}
	tear_down(&s);
}

/* The profile went on without the tree. */
static void test_tree_stands_still(void **state)
{
	struct stage s;

	(void)state;
	set_up(&s);
	for (int i = 0; i < 12; i++)
		second(&s, 200, 800);
	s.now += SECOND;
	sample(&s, 1, "new", 100);
	profile_seal(s.profile, s.now);
	trend_update(&s.trend, s.profile, s.tree, s.now);
	assert_int_equal(s.trend.now.whole.samples, 4000);
	profile_zero(s.profile);
	sample(&s, 1, "newer", 100);
	profile_seal(s.profile, s.now);
	trend_update(&s.trend, s.profile, s.tree, s.now);
	assert_int_equal(s.trend.now.whole.samples, 0);
	assert_int_equal(self(&s, 'a'), 0);
	update(&s);
	assert_int_equal(s.trend.now.whole.samples, 100);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves_and_settles),
		cmocka_unit_test(test_stays_exact),
		cmocka_unit_test(test_tree_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
