#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/picker.h"

enum { WIDTH = 70, HEIGHT = 6 };

static struct picker_row some[] = {
	{ .pid = 10, .threads = 1, .cpu = 50, .used = 5, .name = "idle", .owner = "ann",
	  .access = "yours", .command = "/usr/bin/idle --long", .allowed = true },
	{ .pid = 20, .threads = 8, .cpu = 19999, .used = 90, .name = "postgres", .owner = "db",
	  .access = "needs root", .command = "postgres: \x1b[2Jwriter" },
	{ .pid = 30, .threads = 2, .cpu = PICKER_CPU_UNKNOWN, .used = 7, .name = "new",
	  .owner = "ann", .access = "yours", .command = "", .allowed = true },
	{ .pid = 40, .threads = 1, .cpu = 300, .used = 2, .name = "c++", .owner = "ann",
	  .access = "yours", .command = "c++ -O2 main.cc", .allowed = true },
};

static struct picker_rows rows_of(size_t count)
{
	return (struct picker_rows){ .at = some, .len = count };
}

static int chosen(const struct picker *picker)
{
	const struct picker_row *row = picker_chosen(picker);

	return row ? row->pid : 0;
}

static void assert_order(struct picker *picker, const int *pids, size_t count)
{
	assert_int_equal(picker->shown.len, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(picker->rows->at[picker->shown.at[i]].pid, pids[i]);
}

static void busiest_first(void **state)
{
	struct picker_rows rows = rows_of(4);
	struct picker picker = { 0 };

	(void)state;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	assert_order(&picker, (const int[]){ 20, 40, 10, 30 }, 4);
	assert_int_equal(chosen(&picker), 20);
	/* Not moved: on the busiest, whichever it is. */
	some[3].cpu = 20000;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	assert_int_equal(chosen(&picker), 40);
	/* Moved: on the same process. */
	assert_true(picker_command(&picker, COMMAND_DOWN));
	assert_int_equal(chosen(&picker), 20);
	some[3].cpu = 300;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	assert_int_equal(chosen(&picker), 20);
	assert_false(picker_command(&picker, COMMAND_OPEN));
	picker_release(&picker);
}

static void filters(void **state)
{
	static const struct {
		const char *text;
		int first;
		size_t count;
	} steps[] = {
		{ "post", 20, 1 },
		{ "POST", 0, 0 },	/* a capital means it */
		{ "ann", 40, 3 },
		{ "^40 ", 40, 1 },
		{ "c++", 40, 1 },	/* no regular expression */
		{ "o2 MAIN(", 0, 0 },
		{ "-O2 main", 40, 1 },
		{ "nobody", 0, 0 },
		{ "", 20, 4 },
	};
	struct picker_rows rows = rows_of(4);
	struct picker picker = { 0 };

	(void)state;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		picker_filter(&picker, steps[i].text);
		if (chosen(&picker) != steps[i].first)
			fail_msg("\"%s\": on %d", steps[i].text, chosen(&picker));
		assert_int_equal(picker.shown.len, steps[i].count);
		picker_update(&picker, &rows, WIDTH, HEIGHT);
		assert_int_equal(picker.shown.len, steps[i].count);
	}
	picker_release(&picker);
}

static void points(void **state)
{
	struct picker_rows rows = rows_of(4);
	struct picker picker = { 0 };

	(void)state;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	assert_true(picker_point(&picker, 3, 2));
	assert_int_equal(chosen(&picker), 40);
	assert_false(picker_point(&picker, 3, 5));
	assert_false(picker_point(&picker, 3, -1));
	assert_false(picker_point(&picker, 3, 1000));
	assert_int_equal(chosen(&picker), 40);
	/* By pid, then the other way; the cursor stays. */
	assert_false(picker_point(&picker, 3, 0));
	assert_order(&picker, (const int[]){ 10, 20, 30, 40 }, 4);
	assert_int_equal(chosen(&picker), 40);
	assert_false(picker_point(&picker, 3, 0));
	assert_order(&picker, (const int[]){ 40, 30, 20, 10 }, 4);
	/* By command. */
	assert_false(picker_point(&picker, 65, 0));
	assert_order(&picker, (const int[]){ 30, 10, 40, 20 }, 4);
	picker_release(&picker);
}

static void processes_go(void **state)
{
	struct picker_rows rows = rows_of(4), fewer = rows_of(1), none = rows_of(0);
	struct picker picker = { 0 };

	(void)state;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	picker_command(&picker, COMMAND_LAST);
	assert_int_equal(chosen(&picker), 30);
	picker_update(&picker, &fewer, WIDTH, HEIGHT);
	assert_int_equal(chosen(&picker), 10);
	picker_update(&picker, &none, WIDTH, HEIGHT);
	assert_int_equal(chosen(&picker), 0);
	assert_true(picker_command(&picker, COMMAND_DOWN));
	assert_int_equal(chosen(&picker), 0);
	picker_release(&picker);
}

static void allowed_before_others(void **state)
{
	static struct picker_row idle[] = {
		{ .pid = 1, .name = "init", .owner = "root", .access = "needs root",
		  .command = "" },
		{ .pid = 9, .name = "mine", .owner = "ann", .access = "yours", .command = "",
		  .allowed = true },
	};
	struct picker_rows rows = { .at = idle, .len = 2 };
	struct picker picker = { 0 };

	(void)state;
	picker_update(&picker, &rows, WIDTH, HEIGHT);
	assert_order(&picker, (const int[]){ 9, 1 }, 2);
	picker_release(&picker);
}

/* Whatever the size; what processes call themselves is made safe. */
static void draws(void **state)
{
	static const char expected[] =
		"     PID Owner            CPU  Threads Access      Command\n"
		"      20 db            199.9%        8 needs root  postgres: \xef\xbf\xbd[2\n"
		"      40 ann             3.0%        1 yours       c++ -O2 main.\n"
		"      10 ann             0.5%        1 yours       idle --long\n"
		"      30 ann                -        2 yours       new\n"
		"\n";
	struct picker_rows rows = rows_of(4);
	struct picker picker = { 0 };
	struct strbuf text = STRBUF_INIT;
	struct grid grid = { 0 };

	(void)state;
	for (int size = 0; size < 100; size++) {
		grid_resize(&grid, size, size / 4);
		picker_update(&picker, &rows, size, size / 4);
		picker_draw(&picker, canvas_of(&grid));
	}
	grid_resize(&grid, 64, HEIGHT);
	picker_update(&picker, &rows, 64, HEIGHT);
	canvas_fill(canvas_of(&grid), ' ', STYLE_PLAIN);
	picker_draw(&picker, canvas_of(&grid));
	grid_dump(&grid, false, &text);
	assert_string_equal(text.text, expected);
	strbuf_release(&text);
	grid_release(&grid);
	picker_release(&picker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busiest_first),
		cmocka_unit_test(filters),
		cmocka_unit_test(points),
		cmocka_unit_test(processes_go),
		cmocka_unit_test(allowed_before_others),
		cmocka_unit_test(draws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
