#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/view.h"

enum { WIDTH = 40, HEIGHT = 10, KEPT = 256 << 10 };

struct stage {
	struct tail tail;
	struct scene scene;
	struct view *view;
	struct grid grid;
	unsigned written;
};

static void open_stage(struct stage *s)
{
	*s = (struct stage){ 0 };
	tail_init(&s->tail, KEPT);
	s->scene.output = &s->tail;
	s->view = view_open(&output_view);
}

static void close_stage(struct stage *s)
{
	view_close(s->view);
	tail_release(&s->tail);
	match_release(&s->scene.match);
	grid_release(&s->grid);
}

static void write_lines(struct stage *s, unsigned count)
{
	char line[32];

	while (count--) {
		int len = snprintf(line, sizeof line, "line %u\r\n", ++s->written);

		tail_add(&s->tail, line, (size_t)len);
	}
}

/* What stands in a row of the screen. */
static char *row_shown(struct stage *s, size_t row)
{
	struct strbuf text = STRBUF_INIT;
	char *line;

	grid_resize(&s->grid, WIDTH, HEIGHT);
	view_update(s->view, &s->scene, WIDTH, HEIGHT);
	view_draw(s->view, &s->scene, canvas_of(&s->grid));
	grid_dump(&s->grid, false, &text);
	line = text.text;
	while (row--)
		line = strchr(line, '\n') + 1;
	line = xstrndup(line, strcspn(line, "\n"));
	strbuf_release(&text);
	return line;
}

static void assert_row(struct stage *s, size_t row, unsigned line)
{
	char expected[32], *shown = row_shown(s, row);

	snprintf(expected, sizeof expected, "line %u", line);
	/* The last row may also tell where one is. */
	assert_memory_equal(shown, expected, strlen(expected));
	xfree(shown);
}

static void act(struct stage *s, enum command command)
{
	assert_int_equal(view_command(s->view, &s->scene, command), REACT_REDRAW);
}

static void test_follows_the_end(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s);
	write_lines(&s, 3);
	assert_row(&s, 0, 1);
	write_lines(&s, 100);
	assert_row(&s, HEIGHT - 1, 103);
	/* More than is kept, and far more than is looked at in a frame. */
	write_lines(&s, 100000);
	assert_row(&s, HEIGHT - 1, 100103);
	close_stage(&s);
}

/* While one reads above, the rows stay where they are. */
static void test_stays_when_scrolled(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s);
	write_lines(&s, 100);
	assert_row(&s, 0, 91);
	act(&s, COMMAND_UP);
	assert_row(&s, 0, 90);
	write_lines(&s, 1000);
	assert_row(&s, 0, 90);
	act(&s, COMMAND_PAGE_UP);
	assert_row(&s, 0, 81);
	act(&s, COMMAND_FIRST);
	assert_row(&s, 0, 1);
	act(&s, COMMAND_DOWN);
	assert_row(&s, 0, 2);
	/* What it stands on is no longer kept by anyone else. */
	write_lines(&s, 100000);
	assert_row(&s, 0, 2);
	act(&s, COMMAND_LAST);
	assert_row(&s, HEIGHT - 1, 101100);
	write_lines(&s, 1);
	assert_row(&s, HEIGHT - 1, 101101);
	assert_int_equal(view_command(s.view, &s.scene, COMMAND_BACK), REACT_IGNORED);
	act(&s, COMMAND_UP);
	act(&s, COMMAND_BACK);
	assert_row(&s, HEIGHT - 1, 101101);
	close_stage(&s);
}

/* Going down to the end is to follow it again. */
static void test_follows_again(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s);
	write_lines(&s, 100);
	assert_row(&s, 0, 91);
	act(&s, COMMAND_UP);
	act(&s, COMMAND_UP);
	act(&s, COMMAND_DOWN);
	write_lines(&s, 1);
	assert_row(&s, 0, 90);
	act(&s, COMMAND_PAGE_DOWN);
	write_lines(&s, 10);
	assert_row(&s, HEIGHT - 1, 111);
	close_stage(&s);
}

/* After a burst, of which only the end was looked at, all that is kept can be read. */
static void test_reads_all_that_is_kept(void **state)
{
	struct stage s;
	unsigned first;
	char *row;

	(void)state;
	open_stage(&s);
	write_lines(&s, 1);
	assert_row(&s, 0, 1);
	write_lines(&s, 1000000);
	assert_row(&s, HEIGHT - 1, 1000001);
	act(&s, COMMAND_FIRST);
	row = row_shown(&s, 1);
	assert_int_equal(sscanf(row, "line %u", &first), 1);
	xfree(row);
	/* 13 bytes a line. */
	assert_in_range(1000001 - first, KEPT / 13 - 2, KEPT / 13 + 2);
	close_stage(&s);
}

static void test_finds(void **state)
{
	struct stage s;
	struct error error;

	(void)state;
	open_stage(&s);
	write_lines(&s, 1000);
	assert_row(&s, 0, 991);
	assert_true(match_set(&s.scene.match, "77$", &error));
	act(&s, COMMAND_FIND_PREV);
	assert_row(&s, HEIGHT / 2, 977);
	act(&s, COMMAND_FIND_PREV);
	assert_row(&s, HEIGHT / 2, 877);
	act(&s, COMMAND_FIND_NEXT);
	assert_row(&s, HEIGHT / 2, 977);
	/* Around the end. */
	act(&s, COMMAND_FIND_NEXT);
	assert_row(&s, HEIGHT / 2, 77);
	assert_true(match_set(&s.scene.match, "nowhere", &error));
	assert_int_equal(view_command(s.view, &s.scene, COMMAND_FIND_NEXT), REACT_IGNORED);
	close_stage(&s);
}

/* The row at the top stays when rows get shorter or longer. */
static void test_resize_keeps_the_place(void **state)
{
	struct stage s;
	char *row;

	(void)state;
	open_stage(&s);
	for (int i = 0; i < 100; i++)
		tail_add(&s.tail, "some words that make a line of more than forty columns\r\n", 56);
	write_lines(&s, 100);
	assert_row(&s, 0, 91);
	act(&s, COMMAND_HALF_UP);
	act(&s, COMMAND_PAGE_UP);
	row = row_shown(&s, 0);
	view_update(s.view, &s.scene, 200, 4);
	view_update(s.view, &s.scene, 17, 5);
	assert_row(&s, 0, (unsigned)strtoul(row + 5, NULL, 10));
	xfree(row);
	close_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_the_end),
		cmocka_unit_test(test_stays_when_scrolled),
		cmocka_unit_test(test_follows_again),
		cmocka_unit_test(test_reads_all_that_is_kept),
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_resize_keeps_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
