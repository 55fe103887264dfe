#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage.h"

/* What is below the limit is one row, and all adds up. */

static void add_small_ones(struct stage *s)
{
	add(s, "main;large", 900);
	for (int i = 0; i < 10; i++) {
		char stack[32];

		snprintf(stack, sizeof stack, "main;small%d", i);
		add(s, stack, 10 + (i == 3));
	}
	refresh(s);
}

static void functions_limit(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &functions_view);
	s.scene.measure = MEASURE_SAMPLES;
	add_small_ones(&s);
	assert_false(shows(&s, "others"));
	s.scene.limit = 50;
	refresh(&s);
	/* 900 and 101 are all there is. */
	assert_true(shows(&s, "900      900 ██████████ large"));
	assert_true(shows(&s, "101                     10 others below 5%"));
	assert_false(shows(&s, "small"));
	/* The cursor does not go there. */
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "main");
	/* What is searched for is shown. */
	search(&s, "small3");
	act(&s, COMMAND_FIND_NEXT);
	assert_cursor(&s, "small3");
	assert_true(shows(&s, "90                     9 others"));
	search(&s, NULL);
	assert_false(shows(&s, "small3"));
	s.scene.limit = 0;
	refresh(&s);
	assert_cursor(&s, "small3");
	close_stage(&s);
}

static void tree_limit(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	s.scene.measure = MEASURE_SAMPLES;
	add_small_ones(&s);
	act(&s, COMMAND_EXPAND_ALL);
	s.scene.limit = 50;
	refresh(&s);
	assert_true(shows(&s, "1,001        0 ▾ main"));
	assert_true(shows(&s, "900      900 ├── large"));
	assert_true(shows(&s, "101          └── 10 others below 5%"));
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "10 others");
	act(&s, COMMAND_OPEN);
	act(&s, COMMAND_HOTTEST);
	act(&s, COMMAND_EXPAND_BELOW);
	/* One that is gone to stands by itself. */
	search(&s, "small7");
	act(&s, COMMAND_FIND_NEXT);
	assert_cursor(&s, "small7");
	assert_true(shows(&s, "91          └── 9 others"));
	add(&s, "main;large", 100);
	refresh(&s);
	assert_cursor(&s, "small7");
	act(&s, COMMAND_INVERT);
	refresh(&s);
	assert_cursor(&s, "small7");
	assert_true(shows(&s, "others"));
	s.scene.limit = 0;
	refresh(&s);
	assert_cursor(&s, "small7");
	close_stage(&s);
}

/* Callers. */

static void callers_move(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &callers_view);
	refresh(&s);
	assert_true(shows(&s, "no samples"));
	assert_int_equal(act(&s, COMMAND_BACK), REACT_IGNORED);
	act(&s, COMMAND_OPEN);
	add(&s, "main;alpha;memcpy", 40);
	add(&s, "main;beta;memcpy", 60);
	add(&s, "main;gamma", 5);
	refresh(&s);
	/* Nothing was chosen: what is hottest, and it stays. */
	assert_cursor(&s, "\u25b6 memcpy");
	add(&s, "main;gamma", 500);
	refresh(&s);
	assert_cursor(&s, "\u25b6 memcpy");
	act(&s, COMMAND_UP);
	assert_cursor(&s, "alpha");
	assert_string_equal(selected(&s), "alpha");
	/* The cursor stays on its function. */
	add(&s, "main;alpha;memcpy", 100);
	refresh(&s);
	assert_cursor(&s, "alpha");
	act(&s, COMMAND_OPEN);
	assert_cursor(&s, "\u25b6 alpha");
	assert_true(shows(&s, "memcpy \u2192 alpha"));
	act(&s, COMMAND_FIRST);
	act(&s, COMMAND_OPEN);
	assert_cursor(&s, "\u25b6 main");
	/* Above main there is nothing to go to. */
	act(&s, COMMAND_FIRST);
	assert_cursor(&s, "stacks begin here");
	act(&s, COMMAND_OPEN);
	assert_cursor(&s, "stacks begin here");
	assert_string_equal(selected(&s), "main");
	/* Back the same way, to the row that was taken. */
	assert_int_equal(act(&s, COMMAND_BACK), REACT_REDRAW);
	assert_true(shows(&s, "\u25b6 alpha"));
	assert_cursor(&s, "main");
	act(&s, COMMAND_BACK);
	assert_true(shows(&s, "\u25b6 memcpy"));
	assert_cursor(&s, "alpha");
	assert_int_equal(act(&s, COMMAND_BACK), REACT_IGNORED);
	assert_int_equal(act(&s, COMMAND_RIGHT), REACT_REDRAW | REACT_SHOW_TREE);
	/* What a filter takes away comes back. */
	filter(&s, "gamma");
	assert_true(shows(&s, "no samples in this function"));
	act(&s, COMMAND_DOWN);
	filter(&s, NULL);
	assert_cursor(&s, "alpha");
	search(&s, "beta");
	act(&s, COMMAND_FIND_NEXT);
	assert_cursor(&s, "beta");
	/* Another function, chosen in another view. */
	s.scene.selected.len = 0;
	array_push(&s.scene.selected, s.scene.calls->function[s.scene.calls->first_child[0]]);
	view_enter(s.view, &s.scene);
	refresh(&s);
	assert_cursor(&s, "\u25b6 main");
	act(&s, COMMAND_BACK);
	assert_true(shows(&s, "\u25b6 memcpy"));
	close_stage(&s);
}

static void callers_point_and_scroll(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &callers_view);
	for (int i = 0; i < 40; i++) {
		char stack[64];

		snprintf(stack, sizeof stack, "caller%02d;middle;callee%02d", i, i);
		add(&s, stack, 100 - (uint64_t)i);
	}
	refresh(&s);
	array_push(&s.scene.selected, s.scene.calls->function[s.scene.calls->first_child[
		s.scene.calls->first_child[0]]]);
	view_enter(s.view, &s.scene);
	refresh(&s);
	/* The function is in the middle: both sides show. */
	assert_cursor(&s, "\u25b6 middle");
	assert_true(shows(&s, "caller39"));
	assert_true(shows(&s, "callee00"));
	assert_int_equal(view_point(s.view, &s.scene, 20, 2), REACT_REDRAW);
	refresh(&s);
	assert_cursor(&s, "caller35");
	assert_int_equal(view_point(s.view, &s.scene, 20, 1), REACT_IGNORED);
	assert_int_equal(view_point(s.view, &s.scene, 20, HEIGHT), REACT_IGNORED);
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "callee39");
	close_stage(&s);
}

/* Threads. */

static void add_of(struct stage *s, thread_id thread, uint64_t samples)
{
	profile_add_sample(s->profile, &(struct sample){ .samples = samples,
		.weight = samples * 1000000, .thread = thread, .stack = 1 + thread % 2,
		.metric = 1 });
}

static void threads_narrow(void **state)
{
	struct stage s;
	thread_id worker, late;

	(void)state;
	open_stage(&s, &threads_view);
	s.scene.status.live = s.scene.status.collecting = true;
	refresh(&s);
	assert_true(shows(&s, "no samples"));
	act(&s, COMMAND_OPEN);
	act(&s, COMMAND_GROUP);
	act(&s, COMMAND_GROUP);
	act(&s, COMMAND_GROUP);
	add(&s, "main;alpha", 10);
	worker = profile_add_thread(s.profile, 4242, 4243, "worker");
	profile_add_thread(s.profile, 4242, 4244, "worker");
	add_of(&s, worker, 50);
	add_of(&s, 3, 40);
	refresh(&s);
	/* The first row, whoever that is, until the cursor is moved. */
	assert_cursor(&s, "4243");
	add_of(&s, 1, 100);
	refresh(&s);
	assert_cursor(&s, "4242 app");
	act(&s, COMMAND_DOWN);
	assert_cursor(&s, "4243");
	add_of(&s, 3, 400);
	refresh(&s);
	assert_cursor(&s, "4243");
	/* Only this one, in what all views look at. */
	assert_int_equal(act(&s, COMMAND_OPEN), REACT_REDRAW | REACT_UPDATE);
	assert_int_equal(s.scene.query.threads.tid, 4243);
	assert_int_equal(s.scene.calls->total[0].samples, 50);
	assert_true(shows(&s, "\u25b6 worker"));
	assert_int_equal(act(&s, COMMAND_OPEN), REACT_REDRAW | REACT_UPDATE);
	assert_int_equal(s.scene.query.threads.by, THREADS_ALL);
	/* By name: one that comes later belongs, and one that is called so later. */
	act(&s, COMMAND_GROUP);
	assert_cursor(&s, "worker");
	act(&s, COMMAND_THREAD);
	assert_int_equal(s.scene.calls->total[0].samples, 490);
	late = profile_add_thread(s.profile, 4242, 4250, "worker");
	add_of(&s, late, 7);
	add_of(&s, profile_add_thread(s.profile, 4242, 4251, "app"), 8);
	refresh(&s);
	assert_int_equal(s.scene.calls->total[0].samples, 497);
	profile_name_thread(s.profile, late + 1, "worker", "app");
	refresh(&s);
	assert_int_equal(s.scene.calls->total[0].samples, 505);
	profile_zero(s.profile);
	add_of(&s, late, 3);
	refresh(&s);
	assert_int_equal(s.scene.calls->total[0].samples, 3);
	/* Another process: by process, unless something else was chosen. */
	act(&s, COMMAND_GROUP);
	assert_true(shows(&s, "PID"));
	close_stage(&s);
}

/* The call path under the cursor is kept where it still exists, and comes back. */
static void narrowing_keeps_the_path(void **state)
{
	struct stage s;
	thread_id worker, idle;

	(void)state;
	open_stage(&s, &tree_view);
	add(&s, "main;run;parse;read", 10);
	add(&s, "main;run;write", 90);
	worker = profile_add_thread(s.profile, 4242, 4243, "worker");
	idle = profile_add_thread(s.profile, 4242, 4244, "idle");
	/* Stacks 3 and 5 are run;parse and run;write. */
	profile_add_sample(s.profile, &(struct sample){ .samples = 5, .weight = 5,
		.thread = worker, .stack = 3, .metric = 1 });
	profile_add_sample(s.profile, &(struct sample){ .samples = 5, .weight = 5,
		.thread = idle, .stack = 5, .metric = 1 });
	refresh(&s);
	act(&s, COMMAND_EXPAND_ALL);
	search(&s, "^parse$");
	act(&s, COMMAND_FIND_NEXT);
	assert_cursor(&s, "parse");
	s.scene.query.threads = (struct thread_choice){ .by = THREADS_ONE, .pid = 4242,
							.tid = 4243 };
	refresh(&s);
	assert_cursor(&s, "parse");
	assert_false(shows(&s, "write"));
	/* Not there: what is above it. */
	s.scene.query.threads.tid = 4244;
	refresh(&s);
	assert_cursor(&s, "run");
	assert_false(shows(&s, "parse"));
	s.scene.query.threads = (struct thread_choice){ 0 };
	refresh(&s);
	assert_cursor(&s, "parse");
	/* The same for a time in which it was not called. */
	s.scene.window.kind = WINDOW_SINCE;
	s.scene.window.since = 1;
	refresh(&s);
	assert_true(shows(&s, "no samples"));
	s.scene.window.kind = WINDOW_ALL;
	refresh(&s);
	assert_cursor(&s, "parse");
	close_stage(&s);
}

static void threads_ask_for_states(void **state)
{
	struct thread_states states = { 0 };
	struct stage s;

	(void)state;
	open_stage(&s, &threads_view);
	s.scene.states = &states;
	s.scene.status.live = true;
	add(&s, "main;work", 10);
	profile_add_thread(s.profile, 4242, 4243, "worker");
	profile_end_thread(s.profile, profile_add_thread(s.profile, 4242, 4244, "ended"));
	add_of(&s, 3, 5);
	refresh(&s);
	/* Those that live: who has ended does nothing. */
	assert_int_equal(states.thread.len, 2);
	assert_int_equal(states.thread.at[0].tid, 4242);
	states.thread.at[0].state = 'D';
	refresh(&s);
	assert_true(shows(&s, " D    4242 app"));
	assert_true(shows(&s, " -    4244 ended"));
	/* A second process: they are told apart by it. */
	profile_add_thread(s.profile, 5000, 5000, "other");
	refresh(&s);
	assert_int_equal(states.thread.len, 2);
	assert_int_equal(states.thread.at[0].tid, 0);
	assert_int_equal(states.thread.at[1].pid, 5000);
	array_release(&states.thread);
	close_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_limit),
		cmocka_unit_test(tree_limit),
		cmocka_unit_test(threads_narrow),
		cmocka_unit_test(threads_ask_for_states),
		cmocka_unit_test(narrowing_keeps_the_path),
		cmocka_unit_test(callers_move),
		cmocka_unit_test(callers_point_and_scroll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
