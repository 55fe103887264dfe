#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage.h"

/* Functions. */

static void functions_cursor_stays(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &functions_view);
	add(&s, "alpha", 50);
	add(&s, "beta", 30);
	add(&s, "gamma", 20);
	refresh(&s);
	assert_cursor(&s, "alpha");
	/* Not moved yet: on the hottest, whichever it is. */
	add(&s, "beta", 30);
	refresh(&s);
	assert_cursor(&s, "beta");
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "gamma");
	assert_string_equal(selected(&s), "gamma");
	/* Moved: on its function for as long as ranks change. */
	for (int i = 0; i < 100; i++) {
		add(&s, i % 3 ? "alpha" : i % 2 ? "beta" : "gamma", (uint64_t)(10 + 7 * i));
		refresh(&s);
		assert_cursor(&s, "gamma");
	}
	act(&s, COMMAND_SORT_NEXT);
	assert_cursor(&s, "gamma");
	act(&s, COMMAND_SORT_REVERSE);
	assert_cursor(&s, "gamma");
	close_stage(&s);
}

static void functions_cursor_comes_back(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &functions_view);
	add(&s, "main;alpha", 50);
	add(&s, "main;beta", 30);
	refresh(&s);
	act(&s, COMMAND_DOWN);
	assert_cursor(&s, "beta");
	filter(&s, "alpha");
	assert_false(shows(&s, "beta"));
	filter(&s, NULL);
	assert_cursor(&s, "beta");
	close_stage(&s);
}

static void functions_without_samples_are_hidden(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &functions_view);
	add(&s, "main;alpha", 50);
	add(&s, "main;zero", 0);
	refresh(&s);
	assert_true(shows(&s, "alpha"));
	assert_true(shows(&s, "main"));
	assert_false(shows(&s, "zero"));
	close_stage(&s);
}

static void functions_search(void **state)
{
	static const struct {
		enum command command;
		const char *function;
	} steps[] = {
		{ COMMAND_FIND_NEXT, "beta" },
		{ COMMAND_FIND_NEXT, "zeta" },
		{ COMMAND_FIND_NEXT, "beta" },	/* around */
		{ COMMAND_FIND_PREV, "zeta" },
	};
	struct stage s;

	(void)state;
	open_stage(&s, &functions_view);
	add(&s, "alpha", 4);
	add(&s, "beta", 3);
	add(&s, "gomma", 2);
	add(&s, "zeta", 1);
	refresh(&s);
	act(&s, COMMAND_FIND_NEXT);
	assert_cursor(&s, "alpha");
	search(&s, "eta$");
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		act(&s, steps[i].command);
		assert_cursor(&s, steps[i].function);
	}
	assert_string_equal(selected(&s), "zeta");
	close_stage(&s);
}

static void functions_point(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &functions_view);
	add(&s, "main;alpha", 4);
	add(&s, "main;beta", 3);
	refresh(&s);
	assert_int_equal(view_point(s.view, &s.scene, 3, 2), REACT_REDRAW);
	refresh(&s);
	assert_cursor(&s, "beta");
	assert_int_equal(view_point(s.view, &s.scene, 3, 9), REACT_IGNORED);
	assert_int_equal(view_point(s.view, &s.scene, -1, -1), REACT_IGNORED);
	/* A heading sorts by its column: main has the largest total. */
	assert_int_equal(view_point(s.view, &s.scene, 12, 0), REACT_REDRAW | REACT_HEADING);
	refresh(&s);
	assert_true(shows(&s, "▼ Total"));
	assert_cursor(&s, "beta");
	close_stage(&s);
}

/* Tree. */

static void grow(struct stage *s)
{
	add(s, "main;alpha;one", 40);
	add(s, "main;alpha;two", 30);
	add(s, "main;beta;three", 20);
	add(s, "main;gamma", 10);
	refresh(s);
}

static void tree_folds(void **state)
{
	static const struct {
		enum command command;
		const char *cursor, *shown, *hidden;
	} steps[] = {
		{ COMMAND_COLLAPSE_ALL,	"main",		"main",		"alpha" },
		{ COMMAND_COLLAPSE,	"main",		"main",		"alpha" },
		{ COMMAND_RIGHT,	"▾ main",	"▸ alpha",	"one" },
		{ COMMAND_RIGHT,	"alpha",	"▸ beta",	"one" },
		{ COMMAND_TOGGLE,	"▾ alpha",	"── one",	"three" },
		{ COMMAND_DOWN,		"one",		"└── gamma",	"three" },
		{ COMMAND_LEFT,		"alpha",	"one",		"three" },
		{ COMMAND_LEFT,		"▸ alpha",	"▸ beta",	"one" },
		{ COMMAND_LEFT,		"main",		"▸ alpha",	"one" },
		{ COMMAND_EXPAND_BELOW,	"main",		"three",	"▸" },
		{ COMMAND_COLLAPSE_ALL,	"main",		"main",		"alpha" },
		{ COMMAND_EXPAND,	"main",		"▸ alpha",	"one" },
		{ COMMAND_HOTTEST,	"main",		"one",		"three" },
		{ COMMAND_EXPAND_ALL,	"main",		"three",	"▸" },
		{ COMMAND_LAST,		"gamma",	"three",	"▸" },
		{ COMMAND_COLLAPSE_ALL,	"main",		"main",		"alpha" },
	};
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	grow(&s);
	/* The heaviest path is open before anything was touched. */
	assert_cursor(&s, "main");
	assert_true(shows(&s, "two"));
	assert_false(shows(&s, "gamma;"));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		act(&s, steps[i].command);
		assert_cursor(&s, steps[i].cursor);
		assert_true(shows(&s, steps[i].shown));
		assert_false(shows(&s, steps[i].hidden));
	}
	close_stage(&s);
}

/* More rows than are made at once: those made on the way are those of the whole. */
static void tree_many_rows(void **state)
{
	enum { TOPS = 40, PAGES = 300 };
	struct strbuf seen[PAGES];
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	for (unsigned i = 0; i < TOPS * TOPS * 2; i++) {
		char stack[64];

		snprintf(stack, sizeof stack, "top%u;middle%u;leaf%u", i / 2 / TOPS, i / 2 % TOPS,
			 i % 2);
		add(&s, stack, 1 + i * 7919u % 101);
	}
	refresh(&s);
	act(&s, COMMAND_EXPAND_ALL);
	for (size_t i = 0; i < PAGES; i++) {
		seen[i] = (struct strbuf)STRBUF_INIT;
		row_text(&s, 1, &seen[i]);
		act(&s, COMMAND_PAGE_DOWN);
	}
	act(&s, COMMAND_LAST);
	assert_true(shows(&s, "leaf"));
	act(&s, COMMAND_LEFT);
	act(&s, COMMAND_LEFT);
	assert_cursor(&s, "▸ middle");
	act(&s, COMMAND_RIGHT);
	act(&s, COMMAND_FIRST);
	for (size_t i = 0; i < PAGES; i++) {
		struct strbuf row = STRBUF_INIT;

		row_text(&s, 1, &row);
		assert_string_equal(row.text, seen[i].text);
		strbuf_release(&row);
		strbuf_release(&seen[i]);
		act(&s, COMMAND_PAGE_DOWN);
	}
	/* Closed and opened far down, and back to the same below it. */
	act(&s, COMMAND_COLLAPSE_ALL);
	act(&s, COMMAND_EXPAND_BELOW);
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "▸ top");
	search(&s, "^leaf1$");
	act(&s, COMMAND_FIND_PREV);
	assert_cursor(&s, "leaf1");
	close_stage(&s);
}

static void tree_cursor_stays(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	grow(&s);
	act(&s, COMMAND_EXPAND_ALL);
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "gamma");
	/* Ranks change, rows come and go above. */
	for (int i = 0; i < 100; i++) {
		char stack[64];

		snprintf(stack, sizeof stack, "main;%s;new%d", i % 2 ? "alpha" : "beta", i % 5);
		add(&s, stack, (uint64_t)i);
		if (i % 3 == 0)
			add(&s, "main;gamma", 100);
		refresh(&s);
		assert_cursor(&s, "gamma");
	}
	assert_string_equal(selected(&s), "gamma");
	assert_int_equal(s.scene.selected.len, 2);
	close_stage(&s);
}

static void tree_filter_and_back(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	grow(&s);
	search(&s, "three");
	act(&s, COMMAND_COLLAPSE_ALL);
	act(&s, COMMAND_FIND_NEXT);
	assert_cursor(&s, "three");
	/* Its path is gone: the nearest ancestor that is left. */
	filter(&s, "alpha");
	assert_cursor(&s, "main");
	filter(&s, NULL);
	assert_cursor(&s, "three");
	filter(&s, "nothing");
	assert_int_equal(cursor_row(&s), -1);
	filter(&s, NULL);
	assert_cursor(&s, "three");
	close_stage(&s);
}

static void tree_search(void **state)
{
	static const struct {
		enum command command;
		const char *cursor;
		size_t depth;
	} steps[] = {
		{ COMMAND_FIND_NEXT, "memcpy", 3 },	/* below alpha */
		{ COMMAND_FIND_NEXT, "memcpy", 5 },	/* below memcpy's callee */
		{ COMMAND_FIND_NEXT, "memcpy", 2 },	/* below other */
		{ COMMAND_FIND_NEXT, "memcpy", 3 },
		{ COMMAND_FIND_PREV, "memcpy", 2 },
		{ COMMAND_FIND_PREV, "memcpy", 5 },
	};
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	add(&s, "main;alpha;memcpy;x;memcpy", 40);
	add(&s, "main;beta;y", 30);
	add(&s, "other;memcpy", 20);
	refresh(&s);
	search(&s, "memcpy");
	act(&s, COMMAND_COLLAPSE_ALL);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		act(&s, steps[i].command);
		assert_cursor(&s, steps[i].cursor);
		assert_int_equal(s.scene.selected.len, steps[i].depth);
	}
	assert_false(shows(&s, " y"));
	close_stage(&s);
}

/* Code that gets its name later, and what is called from it. */
static location_id add_unnamed(struct stage *s, const char *callee)
{
	binary_id binary = profile_add_binary(s->profile, "/usr/lib/late.so", "", BINARY_FILE);
	location_id location = profile_add_location(s->profile, binary, 0x1000);
	struct function function = {
		.name = profile_add_string(s->profile, callee), .binary = binary,
	};
	struct frame frame = { .function = profile_add_function(s->profile, &function) };
	struct sample sample = { .samples = 10, .weight = 10000000, .metric = 1 };

	sample.stack = profile_add_stack(s->profile, 0, location);
	sample.stack = profile_add_stack(s->profile, sample.stack,
					 profile_add_named_location(s->profile, frame));
	sample.thread = profile_add_thread(s->profile, 1, 1, "late");
	profile_add_sample(s->profile, &sample);
	return location;
}

static void name(struct stage *s, location_id location, const char *text)
{
	struct function function = {
		.name = profile_add_string(s->profile, text),
		.binary = s->profile->location.at[location].binary,
	};
	struct frame frame = { .function = profile_add_function(s->profile, &function) };

	profile_set_frames(s->profile, location, &frame, 1);
	refresh(s);
}

static void names_arrive(void **state)
{
	const struct view_ops *const views[] = { &tree_view, &icicle_view };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stage s;
		location_id location;

		open_stage(&s, views[i]);
		location = add_unnamed(&s, "callee");
		refresh(&s);
		if (views[i] == &tree_view)
			act(&s, COMMAND_EXPAND_ALL);
		act(&s, COMMAND_DOWN);
		if (views[i] == &icicle_view)
			act(&s, COMMAND_DOWN);
		assert_string_equal(selected(&s), "callee");
		/* The path to the cursor gets another name: it stays open, the cursor on it. */
		name(&s, location, "late_name");
		assert_true(shows(&s, "late_name"));
		assert_true(shows(&s, "callee"));
		assert_false(shows(&s, "[late.so]"));
		act(&s, COMMAND_SEARCH_THIS);
		assert_string_equal(selected(&s), "callee");
		assert_int_equal(s.scene.selected.len, 2);
		close_stage(&s);
	}
}

/* What was open stays open, and the cursor finds its way, though rows move as well. */
static void tree_follows_names(void **state)
{
	struct stage s;
	location_id location;

	(void)state;
	open_stage(&s, &tree_view);
	location = add_unnamed(&s, "callee");
	add(&s, "main;one", 5);
	refresh(&s);
	act(&s, COMMAND_COLLAPSE_ALL);
	act(&s, COMMAND_EXPAND);
	act(&s, COMMAND_LAST);
	act(&s, COMMAND_EXPAND);
	assert_cursor(&s, "main");
	name(&s, location, "first_name");
	assert_cursor(&s, "main");
	assert_true(shows(&s, "▾ first_name"));
	act(&s, COMMAND_UP);
	assert_cursor(&s, "callee");
	add(&s, "main;one", 100);
	name(&s, location, "second_name");
	assert_cursor(&s, "callee");
	assert_true(shows(&s, "▾ second_name"));
	close_stage(&s);
}

/* Rebuilt stacks have other numbers; functions and what is open do not. */
static void generation_changes(void **state)
{
	const struct view_ops *const views[] = { &tree_view, &icicle_view, &functions_view };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct stage s;
		unsigned generation;

		open_stage(&s, views[i]);
		grow(&s);
		act(&s, COMMAND_EXPAND_ALL);
		search(&s, "three");
		act(&s, COMMAND_FIND_NEXT);
		assert_string_equal(selected(&s), "three");
		generation = s.profile->generation;
		for (int k = 0; k < 100000 && s.profile->generation == generation; k++) {
			char stack[64];

			snprintf(stack, sizeof stack, "main;light%d;other%d;more%d", k % 40,
				 k / 40 % 40, k / 1600);
			add(&s, stack, 1);
			if (k % 1000 == 999) {
				profile_seal(s.profile, 0);
				profile_limit(s.profile, 1 << 20);
			}
		}
		assert_int_not_equal(s.profile->generation, generation);
		add(&s, "main;beta;three", 5000);
		refresh(&s);
		act(&s, COMMAND_SEARCH_THIS);
		assert_string_equal(selected(&s), "three");
		close_stage(&s);
	}
}

static void tree_inverts(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &tree_view);
	add(&s, "main;alpha;leaf", 40);
	add(&s, "main;beta;leaf", 30);
	add(&s, "main;beta", 20);
	refresh(&s);
	search(&s, "leaf");
	act(&s, COMMAND_FIND_NEXT);
	assert_string_equal(selected(&s), "leaf");
	assert_int_equal(act(&s, COMMAND_INVERT), REACT_REDRAW | REACT_UPDATE);
	assert_true(s.scene.query.inverted);
	assert_cursor(&s, "leaf");
	act(&s, COMMAND_EXPAND);
	assert_true(shows(&s, "├─▸ alpha"));
	assert_true(shows(&s, "└─▸ beta"));
	act(&s, COMMAND_DOWN);
	act(&s, COMMAND_RIGHT);
	act(&s, COMMAND_RIGHT);
	assert_cursor(&s, "main");
	/* It is made anew with each update and stays open. */
	add(&s, "main;alpha;leaf", 1);
	refresh(&s);
	assert_cursor(&s, "main");
	assert_string_equal(selected(&s), "main");
	act(&s, COMMAND_INVERT);
	assert_false(s.scene.query.inverted);
	assert_cursor(&s, "main");
	close_stage(&s);
}

static void deep_stacks(void **state)
{
	const struct view_ops *const views[] = { &tree_view, &icicle_view, &functions_view };
	struct strbuf stack = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&stack, "%sf%d", i ? ";" : "", i % 50);
	for (size_t i = 0; i < 3; i++) {
		struct stage s;

		open_stage(&s, views[i]);
		add(&s, stack.text, 3);
		refresh(&s);
		act(&s, COMMAND_EXPAND_ALL);
		act(&s, COMMAND_HOTTEST);
		act(&s, COMMAND_LAST);
		if (views[i] != &icicle_view)
			assert_int_not_equal(cursor_row(&s), -1);
		if (views[i] == &tree_view)
			assert_true(shows(&s, "4999 "));
		act(&s, COMMAND_INVERT);
		act(&s, COMMAND_EXPAND_ALL);
		act(&s, COMMAND_LAST);
		close_stage(&s);
	}
	strbuf_release(&stack);
}

/* Icicle. */

static void icicle_moves(void **state)
{
	static const struct {
		enum command command;
		const char *function;
		size_t depth;
	} steps[] = {
		{ COMMAND_DOWN,		"main", 1 },
		{ COMMAND_DOWN,		"alpha", 2 },	/* the heaviest */
		{ COMMAND_RIGHT,	"beta", 2 },
		{ COMMAND_DOWN,		"three", 3 },
		{ COMMAND_LEFT,		"two", 3 },	/* a cousin */
		{ COMMAND_LEFT,		"one", 3 },
		{ COMMAND_LEFT,		"one", 3 },
		{ COMMAND_RIGHT,	"two", 3 },
		{ COMMAND_UP,		"alpha", 2 },
		{ COMMAND_DOWN,		"two", 3 },	/* where it came from */
		{ COMMAND_DOWN,		"two", 3 },
		{ COMMAND_FIRST,	"", 0 },
		{ COMMAND_UP,		"", 0 },
		{ COMMAND_LAST,		"one", 3 },
		{ COMMAND_PAGE_UP,	"", 0 },
	};
	struct stage s;

	(void)state;
	open_stage(&s, &icicle_view);
	grow(&s);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		act(&s, steps[i].command);
		assert_string_equal(selected(&s), steps[i].function);
		assert_int_equal(s.scene.selected.len, steps[i].depth);
	}
	close_stage(&s);
}

static void icicle_zooms(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &icicle_view);
	grow(&s);
	assert_int_equal(act(&s, COMMAND_BACK), REACT_IGNORED);
	act(&s, COMMAND_DOWN);
	act(&s, COMMAND_DOWN);
	act(&s, COMMAND_RIGHT);
	act(&s, COMMAND_OPEN);
	assert_true(shows(&s, "three"));
	assert_true(shows(&s, "main"));
	assert_false(shows(&s, "alpha"));
	act(&s, COMMAND_DOWN);
	act(&s, COMMAND_OPEN);
	assert_int_equal(act(&s, COMMAND_BACK), REACT_REDRAW);
	assert_false(shows(&s, "alpha"));
	assert_int_equal(act(&s, COMMAND_BACK), REACT_REDRAW);
	assert_true(shows(&s, "alpha"));
	assert_int_equal(act(&s, COMMAND_BACK), REACT_IGNORED);
	/* A match outside of the zoom ends the zoom. */
	act(&s, COMMAND_OPEN);
	assert_false(shows(&s, "alpha"));
	search(&s, "two");
	act(&s, COMMAND_FIND_NEXT);
	assert_string_equal(selected(&s), "two");
	assert_true(shows(&s, "alpha"));
	close_stage(&s);
}

/* Boxes keep their places while weights change. */
static void icicle_is_stable(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &icicle_view);
	add(&s, "zeta", 50);
	add(&s, "alpha", 20);
	for (uint64_t i = 0; i < 5; i++) {
		struct strbuf row = STRBUF_INIT;

		add(&s, "alpha", i * 40);
		refresh(&s);
		row_text(&s, 1, &row);
		assert_non_null(strstr(row.text, "alpha"));
		assert_true(strstr(row.text, "alpha") < strstr(row.text, "zeta"));
		strbuf_release(&row);
	}
	close_stage(&s);
}

/* A match that is too thin for a box of its own is zoomed to. */
static void icicle_finds_thin_boxes(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &icicle_view);
	add(&s, "main;alpha;one", 100000);
	add(&s, "main;beta;thin", 1);
	refresh(&s);
	search(&s, "thin");
	act(&s, COMMAND_FIND_NEXT);
	assert_string_equal(selected(&s), "thin");
	assert_int_equal(act(&s, COMMAND_BACK), REACT_REDRAW);
	close_stage(&s);
}

/* From view to view. */

static void selection_goes_along(void **state)
{
	struct stage s;
	struct view *functions, *tree, *icicle;

	(void)state;
	open_stage(&s, &functions_view);
	functions = s.view;
	tree = view_open(&tree_view);
	icicle = view_open(&icicle_view);
	add(&s, "main;alpha;memcpy", 40);
	add(&s, "main;beta;memcpy", 60);
	add(&s, "memcpy", 1);
	add(&s, "main;gamma", 5);
	refresh(&s);
	/* A function: in the tree where it is heaviest. */
	assert_int_equal(act(&s, COMMAND_OPEN), REACT_REDRAW | REACT_SHOW_CALLERS);
	assert_int_equal(act(&s, COMMAND_RIGHT), REACT_REDRAW | REACT_SHOW_TREE);
	s.view = tree;
	view_enter(s.view, &s.scene);
	refresh(&s);
	assert_cursor(&s, "memcpy");
	act(&s, COMMAND_SEARCH_THIS);
	assert_int_equal(s.scene.selected.len, 3);
	act(&s, COMMAND_LEFT);
	assert_cursor(&s, "beta");
	/* A path: the same one in the icicle. */
	s.view = icicle;
	view_enter(s.view, &s.scene);
	refresh(&s);
	act(&s, COMMAND_DOWN);
	assert_string_equal(selected(&s), "memcpy");
	assert_int_equal(s.scene.selected.len, 3);
	act(&s, COMMAND_LEFT);
	/* And back: the function of that path, which the functions keep. */
	s.view = functions;
	view_enter(s.view, &s.scene);
	refresh(&s);
	assert_cursor(&s, "memcpy");
	act(&s, COMMAND_SEARCH_THIS);
	assert_int_equal(s.scene.selected.len, 3);
	act(&s, COMMAND_DOWN);
	s.view = tree;
	view_enter(s.view, &s.scene);
	refresh(&s);
	assert_cursor(&s, "gamma");
	s.view = functions;
	view_close(tree);
	view_close(icicle);
	close_stage(&s);
}

static void sample_by(struct stage *s, thread_id thread, const char *stack, uint64_t samples)
{
	size_t sums;

	/* Whoever scenery_add() says it was. */
	profile_seal(s->profile, 0);
	sums = s->profile->sum.len;
	add(s, stack, samples);
	profile_seal(s->profile, 0);
	for (size_t i = sums; i < s->profile->sum.len; i++)
		s->profile->sum.at[i].thread = thread;
}

static void narrow(struct stage *s, pid_t tid)
{
	s->scene.query.threads = (struct thread_choice){
		.by = tid ? THREADS_ONE : THREADS_ALL, .pid = tid ? 4242 : 0, .tid = tid };
	refresh(s);
}

/* The path under the cursor is there again when those who have it are. */
static void narrowing_keeps_the_path(void **state)
{
	static const struct view_ops *const views[] = { &tree_view, &icicle_view };

	(void)state;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		struct stage s;

		open_stage(&s, views[i]);
		add(&s, "main;parse;leaf", 60);
		profile_add_thread(s.profile, 4242, 4243, "other");
		sample_by(&s, 2, "main;emit;leaf", 100);
		sample_by(&s, 2, "main;emit;write", 70);
		refresh(&s);
		search(&s, "parse");
		act(&s, COMMAND_FIND_NEXT);
		act(&s, COMMAND_EXPAND);
		act(&s, COMMAND_DOWN);
		assert_string_equal(selected(&s), "leaf");
		assert_int_equal(s.scene.selected.len, 3);
		/* Looking on, and coming from another view. */
		for (int enter = 0; enter < 2; enter++) {
			s.scene.query.threads = (struct thread_choice){ .by = THREADS_ONE,
				.pid = 4242, .tid = 4243 };
			if (enter)
				view_enter(s.view, &s.scene);
			refresh(&s);
			refresh(&s);
			narrow(&s, 4242);
			act(&s, COMMAND_SEARCH_THIS);
			assert_int_equal(s.scene.selected.len, 3);
			assert_string_equal(profile_function_name(s.profile,
					    s.scene.selected.at[1]), "parse");
			narrow(&s, 0);
			act(&s, COMMAND_SEARCH_THIS);
			assert_string_equal(profile_function_name(s.profile,
					    s.scene.selected.at[1]), "parse");
		}
		/* What is chosen meanwhile is the path from then on. */
		narrow(&s, 4243);
		view_enter(s.view, &s.scene);
		refresh(&s);
		search(&s, "write");
		act(&s, COMMAND_FIND_NEXT);
		narrow(&s, 0);
		act(&s, COMMAND_SEARCH_THIS);
		assert_string_equal(selected(&s), "write");
		close_stage(&s);
	}
}

/* Readings go on while the display is paused; what it shows stays of one moment. */
static void counters_hold(void **state)
{
	struct stage s;
	size_t id;

	(void)state;
	open_stage(&s, &counters_view);
	id = profile_add_series(s.profile, "page-faults", UNIT_COUNT, SERIES_TOTAL);
	s.scene.status.live = true;
	s.scene.status.now = 1500000000;
	profile_add_point(s.profile, id, 1000000000, 100);
	refresh(&s);
	assert_true(shows(&s, "100"));
	s.scene.paused = true;
	profile_add_point(s.profile, id, 2000000000, 300);
	refresh(&s);
	assert_true(shows(&s, "100"));
	assert_false(shows(&s, "300"));
	s.scene.paused = false;
	refresh(&s);
	assert_true(shows(&s, "300"));
	close_stage(&s);
}

static void sample_of(struct stage *s, thread_id thread, uint64_t samples)
{
	profile_add_sample(s->profile, &(struct sample){ .samples = samples, .time = 1,
		.weight = samples * 1000000, .thread = thread, .metric = 1 });
}

/* Paused, the rows are put together anew of what they were made of. */
static void threads_hold(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &threads_view);
	s.scene.status.live = true;
	add(&s, "main", 4);
	profile_add_thread(s.profile, 4242, 4243, "worker");
	sample_of(&s, 2, 12);
	refresh(&s);
	assert_true(shows(&s, "75.00%"));
	s.scene.paused = true;
	sample_of(&s, 2, 1000);
	sample_of(&s, profile_add_thread(s.profile, 4242, 4244, "newer"), 1000);
	profile_seal(s.profile, 0);
	for (int i = 0; i < 3; i++) {
		view_command(s.view, &s.scene, COMMAND_GROUP);
		view_update(s.view, &s.scene, WIDTH, HEIGHT);
		view_draw(s.view, &s.scene, canvas_of(&s.grid));
		assert_false(shows(&s, "newer"));
		assert_true(shows(&s, i == 1 ? "100.0%" : "75.00%"));
	}
	s.scene.paused = false;
	refresh(&s);
	assert_true(shows(&s, "newer"));
	close_stage(&s);
}

/* What is folded is one row, and all of it is still there. */
static void threads_fold(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s, &threads_view);
	add(&s, "main", 900);
	for (pid_t i = 1; i <= 10; i++)
		sample_of(&s, profile_add_thread(s.profile, 4242, 4242 + i, "light"), 10);
	refresh(&s);
	assert_true(shows(&s, "light"));
	s.scene.limit = 50;
	refresh(&s);
	assert_false(shows(&s, "light"));
	assert_true(shows(&s, "10 others below 5%"));
	assert_true(shows(&s, "10.00%"));
	/* There is nobody in it to be chosen. */
	act(&s, COMMAND_LAST);
	assert_cursor(&s, "app");
	assert_int_equal(view_point(s.view, &s.scene, 3, 2), REACT_IGNORED);
	close_stage(&s);
}

/* Drawing changes nothing: the same view draws the same cells. */
static void drawing_is_repeatable(void **state)
{
	const struct view_ops *const views[] = {
		&functions_view, &tree_view, &icicle_view, &callers_view,
		&counters_view, &threads_view, &help_view,
	};

	(void)state;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		struct grid again = { 0 };
		struct stage s;

		open_stage(&s, views[i]);
		grow(&s);
		act(&s, COMMAND_DOWN);
		grid_resize(&again, WIDTH, HEIGHT);
		view_draw(s.view, &s.scene, canvas_of(&again));
		assert_memory_equal(again.cell, s.grid.cell,
				    WIDTH * HEIGHT * sizeof *again.cell);
		grid_release(&again);
		close_stage(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_cursor_stays),
		cmocka_unit_test(functions_cursor_comes_back),
		cmocka_unit_test(functions_without_samples_are_hidden),
		cmocka_unit_test(functions_search),
		cmocka_unit_test(functions_point),
		cmocka_unit_test(tree_folds),
		cmocka_unit_test(tree_many_rows),
		cmocka_unit_test(tree_cursor_stays),
		cmocka_unit_test(tree_filter_and_back),
		cmocka_unit_test(tree_search),
		cmocka_unit_test(names_arrive),
		cmocka_unit_test(tree_follows_names),
		cmocka_unit_test(generation_changes),
		cmocka_unit_test(tree_inverts),
		cmocka_unit_test(deep_stacks),
		cmocka_unit_test(icicle_moves),
		cmocka_unit_test(icicle_zooms),
		cmocka_unit_test(icicle_is_stable),
		cmocka_unit_test(icicle_finds_thin_boxes),
		cmocka_unit_test(selection_goes_along),
		cmocka_unit_test(narrowing_keeps_the_path),
		cmocka_unit_test(counters_hold),
		cmocka_unit_test(threads_hold),
		cmocka_unit_test(threads_fold),
		cmocka_unit_test(drawing_is_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
