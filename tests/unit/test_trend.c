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
	struct trend trend, nodes, threads;
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
	trend_update(&s->nodes, s->profile, s->tree, s->now);
	trend_update(&s->threads, s->profile, s->tree, s->now);
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
			     .now = 100 * SECOND, .nodes.of = TREND_OF_NODES,
			     .threads.of = TREND_OF_THREADS };
	profile_add_thread(s->profile, 1, 1, "one");
	profile_add_thread(s->profile, 1, 2, "two");
	s->place = profile_add_location(s->profile, 0, 64);
}

static void tear_down(struct stage *s)
{
	trend_release(&s->trend);
	trend_release(&s->nodes);
	trend_release(&s->threads);
	calltree_free(s->tree);
	profile_free(s->profile);
}

static int self(const struct stage *s, char letter)
{
	return trend_moved(&s->trend, trend_self(&s->trend, function(s->profile, letter)));
}

static int total(const struct stage *s, char letter)
{
	return trend_moved(&s->trend, trend_total(&s->trend, function(s->profile, letter)));
}

static uint32_t node(const struct stage *s, const char *path)
{
	function_id functions[16];
	size_t depth = strlen(path);

	for (size_t i = 0; i < depth; i++)
		functions[i] = function(s->profile, path[i]);
	return calltree_find(s->tree, functions, depth);
}

static int path(const struct stage *s, const char *path)
{
	return trend_moved(&s->nodes, trend_total(&s->nodes, node(s, path)));
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
	assert_int_equal(total(&s, 'a'), 1);
	assert_int_equal(total(&s, 'm'), 0);
	assert_int_equal(s.trend.now.whole, 5000);
	/* Paths and threads alike. */
	assert_int_equal(path(&s, "ma"), 1);
	assert_int_equal(path(&s, "mb"), -1);
	assert_int_equal(path(&s, "m"), 0);
	assert_int_equal(trend_moved(&s.threads, trend_self(&s.threads, 1)), 1);
	assert_int_equal(trend_moved(&s.threads, trend_self(&s.threads, 2)), -1);
	assert_int_equal(trend_moved(&s.threads, trend_self(&s.threads, 3)), 0);
	/* After half a minute it is as ever. */
	for (int i = 0; i < 30; i++)
		second(&s, 800, 200);
	assert_int_equal(self(&s, 'a'), 0);
	assert_int_equal(s.trend.before.whole, 25000);
	/* And with nothing at all there is nothing to tell. */
	s.now += 100 * SECOND;
	update(&s);
	assert_int_equal(s.trend.now.whole, 0);
	assert_int_equal(s.trend.before.whole, 0);
	assert_int_equal(self(&s, 'a'), 0);
	tear_down(&s);
}

/* Callees have no more than their caller, and all selves are the whole. */
static void check_nodes(const struct stage *s)
{
	const struct stretch *now = &s->nodes.now;
	uint64_t self = 0;

	for (size_t i = 1; i < s->tree->count && i < now->self.len; i++) {
		uint32_t parent = s->tree->parent[i];

		self += now->self.at[i];
		assert_true(now->self.at[i] <= now->total.at[i]);
		if (parent)
			assert_true(now->total.at[i] <= now->total.at[parent]);
	}
	assert_int_equal(self, now->whole);
	assert_int_equal(now->whole, s->trend.now.whole);
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
			assert_true(s.trend.now.total.at[f] <= s.trend.now.whole);
			assert_true(s.trend.now.self.at[f] <=
				    s.trend.now.total.at[f]);
		}
		check_nodes(&s);
	}
	s.now += 100 * SECOND;
	update(&s);
	for (size_t f = 0; f < s.trend.before.self.len; f++) {
		assert_int_equal(s.trend.before.self.at[f], 0);
		assert_int_equal(s.trend.before.total.at[f], 0);
		assert_int_equal(s.trend.now.total.at[f], 0);
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
	assert_int_equal(s.trend.now.whole, 4000);
	profile_zero(s.profile);
	sample(&s, 1, "newer", 100);
	profile_seal(s.profile, s.now);
	trend_update(&s.trend, s.profile, s.tree, s.now);
	assert_int_equal(s.trend.now.whole, 0);
	assert_int_equal(self(&s, 'a'), 0);
	update(&s);
	assert_int_equal(s.trend.now.whole, 100);
	tear_down(&s);
}

/* There is a limit to what an update costs; nothing is claimed until all is done. */
static void test_a_little_at_a_time(void **state)
{
	enum { STACKS = 200, THREADS = 150, SLICES = 24 };
	struct stage s;
	stack_id main;
	int updates = 0;

	(void)state;
	set_up(&s);
	for (int i = 0; i < THREADS; i++)
		profile_add_thread(s.profile, 1, 3 + i, "more");
	main = profile_add_stack(s.profile, 0, profile_add_named_location(s.profile,
		(struct frame){ .function = function(s.profile, 'm') }));
	for (int i = 0; i < SLICES; i++) {
		s.now += SECOND;
		for (int k = 0; k < STACKS * THREADS; k++)
			profile_add_sample(s.profile, &(struct sample){
				.samples = 1, .weight = 1, .time = s.now,
				.thread = (thread_id)(1 + k / STACKS),
				.stack = profile_add_stack(s.profile, main,
					profile_add_location(s.profile, 0,
							     128 + (uint64_t)k % STACKS)) });
		sample(&s, 1, i < SLICES - 5 ? "ma" : "mb", 100000);
		profile_seal(s.profile, s.now);
	}
	calltree_update(s.tree, s.profile, &s.query);
	do {
		trend_update(&s.nodes, s.profile, s.tree, s.now);
		assert_true(s.nodes.complete || (!path(&s, "ma") && !path(&s, "mb")));
	} while (++updates < 100 && !s.nodes.complete);
	assert_true(updates > 2 && updates < 10);
	assert_int_equal(s.nodes.now.whole + s.nodes.before.whole,
			 SLICES * (100000 + STACKS * THREADS));
	assert_int_equal(path(&s, "ma"), -1);
	assert_int_equal(path(&s, "mb"), 1);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves_and_settles),
		cmocka_unit_test(test_stays_exact),
		cmocka_unit_test(test_tree_stands_still),
		cmocka_unit_test(test_a_little_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
