/* What stands on the screen before there is a session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/attaching.h"

enum { KEY_ESC = 27, CTRL_C = 3 };

static struct strbuf shown = STRBUF_INIT;
static int typed[4];		/* keys to come */
static size_t taken;

static void small_size(int *width, int *height)
{
	*width = 58;
	*height = 2;
}

static void keep(const struct grid *grid)
{
	strbuf_clear(&shown);
	grid_dump(grid, false, &shown);
}

static int type(int timeout_ms, int wake_fd)
{
	(void)timeout_ms;
	(void)wake_fd;
	return taken < sizeof typed / sizeof *typed && typed[taken] ? typed[taken++] : INPUT_NONE;
}

static const struct term_ops term = { .size = small_size, .show = keep, .read_key = type };
static const struct config plain = { 0 };

static void add_pids(struct options *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		array_push(&options->target.pid, 4242 + (pid_t)i);
}

static void test_says_what_is_attached_to(void **state)
{
	static const struct {
		size_t pids;
		const char *text, *later;
	} rows[] = {
		{ 0, "\n\n", "\n\n" },
		{ 1, "attaching to process 4242 ...\n\n",
		  "attaching to 312 of 1000 threads of process 4242 ...\nEsc gives up\n" },
		{ 3, "attaching to 3 processes ...\n\n",
		  "attaching to 312 of 1000 threads of 3 processes ...\nEsc gives up\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct options options = { 0 };
		struct attaching attaching;

		add_pids(&options, rows[i].pids);
		attaching_begin(&attaching, &options, &plain, &term);
		assert_string_equal(shown.text, rows[i].text);
		if (rows[i].pids) {
			attaching.progress.look_at = 1;
			assert_true(progress_step(&attaching.progress, 312, 1000));
			assert_string_equal(shown.text, rows[i].later);
		}
		array_release(&options.target.pid);
	}
	strbuf_release(&shown);
}

static void test_keys_give_up(void **state)
{
	static const struct {
		int key[4];
		bool goes_on, leave;
		size_t taken;
	} rows[] = {
		{ { 0 }, true, false, 0 },
		{ { 'x', INPUT_UP, '2' }, true, false, 3 },
		{ { KEY_ESC, 'x' }, false, false, 1 },
		{ { 'x', KEY_ESC }, false, false, 2 },
		{ { CTRL_C }, false, true, 1 },
		{ { 'q' }, false, true, 1 },
		{ { INPUT_INTERRUPT }, false, true, 1 },
		{ { INPUT_TERMINATE }, false, true, 1 },
		{ { INPUT_GONE }, false, true, 1 },
	};
	struct options options = { 0 };

	(void)state;
	add_pids(&options, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct attaching attaching;

		memcpy(typed, rows[i].key, sizeof typed);
		taken = 0;
		attaching_begin(&attaching, &options, &plain, &term);
		attaching.progress.look_at = 1;
		assert_int_equal(progress_step(&attaching.progress, 1, 10), rows[i].goes_on);
		assert_int_equal(attaching.leave, rows[i].leave);
		assert_int_equal(taken, rows[i].taken);
	}
	array_release(&options.target.pid);
	strbuf_release(&shown);
}

/* They are for the session. */
static void test_leaves_the_keys_of_a_script(void **state)
{
	struct options options = { .script = "script" };
	struct attaching attaching;

	(void)state;
	add_pids(&options, 1);
	typed[0] = KEY_ESC;
	taken = 0;
	attaching_begin(&attaching, &options, &plain, &term);
	attaching.progress.look_at = 1;
	assert_true(progress_step(&attaching.progress, 1, 10));
	assert_int_equal(taken, 0);
	array_release(&options.target.pid);
	strbuf_release(&shown);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_what_is_attached_to),
		cmocka_unit_test(test_keys_give_up),
		cmocka_unit_test(test_leaves_the_keys_of_a_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
