/* What stands on the screen before there is a session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/app.h"

static struct strbuf shown = STRBUF_INIT;

static void small_size(int *width, int *height)
{
	*width = 34;
	*height = 1;
}

static void keep(const struct grid *grid)
{
	strbuf_clear(&shown);
	grid_dump(grid, false, &shown);
}

static const struct term_ops term = { .size = small_size, .show = keep };

static void test_says_what_is_attached_to(void **state)
{
	static const struct {
		size_t pids;
		const char *text;
	} rows[] = {
		{ 0, "" },
		{ 1, "attaching to process 4242 ..." },
		{ 3, "attaching to 3 processes ..." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct options options = { 0 };

		for (size_t k = 0; k < rows[i].pids; k++)
			array_push(&options.target.pid, 4242 + (pid_t)k);
		app_show_attaching(&options, &term);
		assert_int_equal(strspn(shown.text, " \n") == shown.len, !rows[i].pids);
		assert_memory_equal(shown.text, rows[i].text, strlen(rows[i].text));
		array_release(&options.target.pid);
	}
	strbuf_release(&shown);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_what_is_attached_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
