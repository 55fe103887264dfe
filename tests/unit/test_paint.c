/* Frames as sequences, read by a small terminal: it shows what it should, for few bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ui/paint.h"

enum { SIDE = 24, LOOK_LENGTH = 80 };

/* As xterm does it: what hits a half of a wide character takes all of it away. */
struct terminal {
	int width, height, x, y;
	bool waiting;		/* behind the last column */
	char look[LOOK_LENGTH];
	struct place {
		uint32_t character;	/* 0: right half */
		char look[LOOK_LENGTH];
	} place[SIDE][SIDE];
};

static void put(struct terminal *t, uint32_t character, int width)
{
	struct place *row = t->place[t->y];

	assert_false(t->waiting);
	assert_in_range(t->x, 0, t->width - width);
	for (int x = t->x; x < t->x + width; x++) {
		if (!row[x].character && x)
			row[x - 1].character = ' ';
		if (x + 1 < t->width && !row[x + 1].character)
			row[x + 1].character = ' ';
	}
	for (int i = 0; i < width; i++) {
		row[t->x + i].character = i ? 0 : character;
		memcpy(row[t->x + i].look, t->look, LOOK_LENGTH);
	}
	t->x += width;
	t->waiting = t->x >= t->width;
}

static void set_look(struct terminal *t, const char *numbers, size_t len)
{
	size_t used;

	/* From "0" or nothing on it is another. */
	if (!len || *numbers == '0')
		memset(t->look, 0, LOOK_LENGTH);
	used = strlen(t->look);
	assert_true(used + len + 2 < LOOK_LENGTH);
	snprintf(t->look + used, LOOK_LENGTH - used, "%.*sm", (int)len, numbers);
}

static const char *take_sequence(struct terminal *t, const char *at)
{
	const char *numbers = at;
	char *end;
	long first = strtol(at, &end, 10), second = 1;

	at += strspn(at, "0123456789;");
	if (*end == ';')
		second = strtol(end + 1, NULL, 10);
	first = first ? first : 1;
	if (*at == 'm') {
		set_look(t, numbers, (size_t)(at - numbers));
		return at + 1;
	}
	assert_true(*at == 'H' || !t->waiting);
	t->waiting = false;
	switch (*at) {
	case 'H':
		t->y = (int)first - 1;
		t->x = (int)second - 1;
		break;
	case 'A':
		t->y -= (int)first;
		break;
	case 'B':
		t->y += (int)first;
		break;
	case 'C':
		t->x += (int)first;
		break;
	case 'D':
		t->x -= (int)first;
		break;
	default:
		fail_msg("a sequence that ends in %c", *at);
	}
	assert_in_range(t->x, 0, t->width - 1);
	assert_in_range(t->y, 0, t->height - 1);
	return at + 1;
}

static void receive(struct terminal *t, const struct strbuf *bytes, bool line_feed_goes_down)
{
	const char *at = bytes->text, *end = at + bytes->len;

	while (at < end) {
		int width;
		uint32_t character;

		if (at[0] == '\033' && at[1] == '[') {
			at = take_sequence(t, at + 2);
			continue;
		}
		if (*at == '\b' || *at == '\n') {
			assert_false(t->waiting);
			assert_true(*at == '\b' || line_feed_goes_down);
			t->x -= *at == '\b';
			t->y += *at++ == '\n';
			assert_in_range(t->x, 0, t->width - 1);
			assert_in_range(t->y, 0, t->height - 1);
			continue;
		}
		character = text_next(&at, end, &width);
		assert_in_range(width, 1, 2);
		put(t, character, width);
	}
	assert_true(!*t->look || !strcmp(t->look, "m"));
}

/* One that the C library takes for narrow is replaced. */
static uint32_t glyph(const struct cell *cell, bool wide)
{
	if (!cell->character)
		return ' ';
	return wide && cell->character == 0x5b57 ? '?' : cell->character;
}

static struct painter painter_of(bool line_feed_goes_down)
{
	struct painter painter = PAINTER_INIT;

	painter.glyph = glyph;
	painter.line_feed_goes_down = line_feed_goes_down;
	for (size_t i = 1; i < STYLE_COUNT; i++) {
		painter.look[i].attributes = i % 3 ? 0 : (unsigned)i % 16;
		if (i % 5)
			snprintf(painter.look[i].colors, sizeof painter.look[i].colors,
				 "\033[38;5;%zum", i);
	}
	return painter;
}

static void check_screen(const struct terminal *t, const struct grid *grid,
			 const struct painter *painter)
{
	for (int y = 0; y < grid->height; y++)
		for (int x = 0; x < grid->width; x++) {
			const struct cell *cell = &grid->cell[y * grid->width + x];
			const struct place *place = &t->place[y][x];
			bool wide = x + 1 < grid->width && !cell[1].character && cell->character;
			uint32_t shown = glyph(cell, wide);

			if (!cell->character && x && glyph(cell - 1, true) != cell[-1].character)
				shown = ' ';
			else if (!cell->character)
				shown = 0;
			assert_int_equal(place->character, shown);
			if (cell->character && *painter->look[cell->style].colors)
				assert_non_null(strstr(place->look,
					painter->look[cell->style].colors + 2));
		}
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

/* Runs, boxes and single cells, some of them wide. */
static void change(struct grid *grid, unsigned *seed)
{
	static const char *const texts[] = { "a", "word", "│", "漢字", "字", "   ", "…", "é漢x" };
	struct canvas c = canvas_of(grid);

	for (unsigned i = next(seed) % 6; i; i--) {
		enum style style = (enum style)(next(seed) % STYLE_COUNT);
		int x = (int)(next(seed) % SIDE), y = (int)(next(seed) % SIDE);

		if (next(seed) % 4)
			canvas_text(c, x, y, style, texts[next(seed) % 8]);
		else
			canvas_fill(canvas_part(c, x, y, (int)(next(seed) % 9), 3), ' ', style);
		if (x < grid->width && y < grid->height)
			grid->cell[y * grid->width + x].attributes =
				(uint16_t)(next(seed) % 8 ? 0 : next(seed) % 16);
	}
}

static void blank(struct grid *grid, int width, int height)
{
	grid_resize(grid, width, height);
	canvas_fill(canvas_of(grid), ' ', STYLE_PLAIN);
}

static void test_terminal_shows_each_frame(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct painter painter = painter_of(round % 2);
		struct terminal *t = xcalloc(1, sizeof *t);
		struct grid old = { 0 }, new = { 0 };
		struct strbuf out = STRBUF_INIT;

		t->width = 1 + (int)(next(&seed) % SIDE);
		t->height = 1 + (int)(next(&seed) % SIDE);
		blank(&old, t->width, t->height);
		blank(&new, t->width, t->height);
		for (int y = 0; y < SIDE; y++)
			for (int x = 0; x < SIDE; x++)
				t->place[y][x].character = ' ';
		for (int frame = 0; frame < 20; frame++) {
			change(&new, &seed);
			strbuf_clear(&out);
			paint_changes(&painter, &old, &new, &out);
			receive(t, &out, round % 2);
			check_screen(t, &new, &painter);
			memcpy(old.cell, new.cell,
			       (size_t)(new.width * new.height) * sizeof *new.cell);
			/* Where the cursor was left must not matter. */
			t->x = t->y = 0;
			t->waiting = false;
		}
		strbuf_release(&out);
		painter_release(&painter);
		grid_release(&old);
		grid_release(&new);
		xfree(t);
	}
}

static void test_few_bytes(void **state)
{
	static const struct {
		int x, y;
		const char *text;
		int x2, y2;
		enum style style2;
		const char *bytes;
	} rows[] = {
		{ 0, 0, "", 0, 0, STYLE_PLAIN, "" },
		{ 3, 1, "ab", 0, 0, STYLE_PLAIN, "\033[m\033[2;4Hab" },
		/* On the way and back, each in the shortest form. */
		{ 3, 1, "ab", 7, 1, STYLE_PLAIN, "\033[m\033[2;4Hab  c" },
		{ 3, 1, "ab", 9, 1, STYLE_PLAIN, "\033[m\033[2;4Hab\033[4Cc" },
		{ 3, 1, "ab", 4, 2, STYLE_PLAIN, "\033[m\033[2;4Hab\n\bc" },
		{ 3, 1, "ab", 0, 9, STYLE_PLAIN, "\033[m\033[2;4Hab\033[10;1Hc" },
		/* The last column leaves the cursor nowhere. */
		{ 11, 1, "a", 11, 2, STYLE_PLAIN, "\033[m\033[2;12Ha\033[3;12Hc" },
		/* Looks: one after the other, plain at the end. */
		{ 3, 1, "ab", 5, 1, STYLE_BOX_A,
		  "\033[m\033[2;4Hab\033[0;1m\033[44mc\033[m" },
		{ 5, 1, "ab", 4, 1, STYLE_BOX_A,
		  "\033[m\033[2;6Hab\033[0;1m\033[44m\b\b\bc\033[m" },
	};
	struct painter painter = PAINTER_INIT;

	(void)state;
	painter.glyph = glyph;
	painter.line_feed_goes_down = true;
	painter.look[STYLE_BOX_A] = (struct paint_look){ LOOK_BOLD, "\033[44m" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct grid old = { 0 }, new = { 0 };
		struct strbuf out = STRBUF_INIT;

		blank(&old, 12, 10);
		blank(&new, 12, 10);
		canvas_text(canvas_of(&new), rows[i].x, rows[i].y, STYLE_PLAIN, rows[i].text);
		if (rows[i].x2 || rows[i].y2)
			canvas_text(canvas_of(&new), rows[i].x2, rows[i].y2, rows[i].style2, "c");
		paint_changes(&painter, &old, &new, &out);
		assert_string_equal(out.text, rows[i].bytes);
		strbuf_release(&out);
		grid_release(&old);
		grid_release(&new);
	}
	painter_release(&painter);
}

/* Of the strings that it asks for, one is another. */
static const char *other;
static const char *capability(const char *name)
{
	static const struct {
		const char *name, *text;
	} known[] = {
		{ "cup", "\033[%i%p1%d;%p2%dH" }, { "bold", "\033[1m" }, { "smul", "\033[4m" },
		{ "rev", "\033[7m" }, { "cub1", "\b" }, { "cud1", "\n" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i].name, name))
			return other && !strcmp(other, name) ? "\033[7m$<2>" : known[i].text;
	return NULL;
}

static void test_colors_are_sequences_alone(void **state)
{
	static const struct {
		const char *first, *second, *colors;
		bool ok;
	} rows[] = {
		{ "\033[31m", "\033[44m", "\033[31m\033[44m", true },
		{ "\033[31m", "", "\033[31m", true },
		{ "\033[31m", "\033[44m$<5>", "\033[31m", false },
		{ "\033[31m", NULL, "\033[31m", false },
		{ "\033[38;2;100;100;100m", "\033[38;2;100;100;100;100;10000m",
		  "\033[38;2;100;100;100m", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct paint_look look = { 0 };

		assert_true(paint_add_color(&look, rows[i].first));
		assert_int_equal(paint_add_color(&look, rows[i].second), rows[i].ok);
		assert_string_equal(look.colors, rows[i].colors);
	}
}

static void test_other_terminals_are_left_to_curses(void **state)
{
	static const char *const names[] = { "cup", "bold", "smul", "rev", "cub1", "cud1" };

	(void)state;
	other = NULL;
	assert_true(painter_knows(capability));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		other = names[i];
		assert_false(painter_knows(capability));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal_shows_each_frame),
		cmocka_unit_test(test_few_bytes),
		cmocka_unit_test(test_colors_are_sequences_alone),
		cmocka_unit_test(test_other_terminals_are_left_to_curses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
