#include "ui/paint.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { ATTRIBUTES = 16, LOOKS = STYLE_COUNT * ATTRIBUTES, STEPS_MAX = 3, SEQUENCE_MAX = 32 };

/* A frame as it is being sent. */
struct stroke {
	const struct painter *painter;
	const struct grid *grid;
	struct strbuf *out;
	unsigned look;		/* of what is written now; LOOKS: that of no style */
	bool colored;		/* it is not the terminal's own */
	int x, y;		/* of the cursor; x -1: nobody knows */
};

static unsigned look_of(const struct cell *cell)
{
	unsigned style = cell->style < STYLE_COUNT ? cell->style : STYLE_PLAIN;

	return style * ATTRIBUTES + cell->attributes % ATTRIBUTES;
}

/* Is it the left half of a wide character? */
static bool is_wide(const struct grid *grid, uint32_t at)
{
	return grid->cell[at].character && (at + 1) % (uint32_t)grid->width &&
	       !grid->cell[at + 1].character;
}

static bool differs(const struct grid *old, const struct grid *new, uint32_t at)
{
	return memcmp(&old->cell[at], &new->cell[at], sizeof *new->cell) != 0;
}

/* A wide character is sent as a whole, so its right half has no say of its own. */
static bool is_to_send(const struct grid *old, const struct grid *new, uint32_t at)
{
	if (!new->cell[at].character && at % (uint32_t)new->width && is_wide(new, at - 1))
		return false;
	return differs(old, new, at) || (is_wide(new, at) && differs(old, new, at + 1));
}

/* By look, within it from left to right and from the top down. */
static void collect(struct painter *painter, const struct grid *old, const struct grid *new)
{
	uint32_t count = (uint32_t)(new->width * new->height), start[LOOKS + 1] = { 0 };

	for (uint32_t at = 0; at < count; at++)
		if (is_to_send(old, new, at))
			start[look_of(&new->cell[at]) + 1]++;
	for (size_t i = 0; i < LOOKS; i++)
		start[i + 1] += start[i];
	painter->cells.len = 0;
	array_extend(&painter->cells, start[LOOKS]);
	for (uint32_t at = 0; at < count; at++)
		if (is_to_send(old, new, at))
			painter->cells.at[start[look_of(&new->cell[at])]++] = at;
}

/* Those of the style and of the cell: what is reversed twice is as it was. */
static void set_look(struct stroke *stroke, unsigned number)
{
	static const struct {
		unsigned look, cell;
		const char *text;
	} codes[] = {
		{ LOOK_BOLD, CELL_BOLD, ";1" }, { LOOK_DIM, CELL_DIM, ";2" },
		{ LOOK_UNDERLINE, CELL_UNDERLINE, ";4" }, { LOOK_REVERSE, CELL_REVERSE, ";7" },
	};
	const struct paint_look *look = &stroke->painter->look[number / ATTRIBUTES];
	unsigned own = number % ATTRIBUTES;
	size_t len;

	strbuf_adds(stroke->out, "\033[0");
	len = stroke->out->len;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		bool ours = look->attributes & codes[i].look, its = own & codes[i].cell;

		if (codes[i].cell == CELL_REVERSE ? ours != its : ours || its)
			strbuf_adds(stroke->out, codes[i].text);
	}
	stroke->look = number;
	stroke->colored = stroke->out->len > len || *look->colors;
	if (stroke->out->len == len)
		strbuf_cut(stroke->out, len - 1);
	strbuf_adds(stroke->out, "m");
	strbuf_adds(stroke->out, look->colors);
}

/* "\033[C", "\033[12C" */
static size_t add_steps(char *text, size_t len, int count, char direction)
{
	if (count == 1)
		len += (size_t)snprintf(text + len, SEQUENCE_MAX - len, "\033[%c", direction);
	else if (count > 1)
		len += (size_t)snprintf(text + len, SEQUENCE_MAX - len, "\033[%d%c", count,
					direction);
	return len;
}

/* A few cells on: the letters between are no longer than a movement would be. */
static bool write_across(struct stroke *stroke, int x)
{
	const struct grid *grid = stroke->grid;
	const struct cell *row = grid->cell + (size_t)stroke->y * (size_t)grid->width;

	if (x <= stroke->x || x - stroke->x > STEPS_MAX)
		return false;
	for (int i = stroke->x; i < x; i++)
		if (row[i].character < ' ' || row[i].character > '~' ||
		    look_of(&row[i]) != stroke->look)
			return false;
	for (; stroke->x < x; stroke->x++)
		strbuf_add(stroke->out, &(char){ (char)row[stroke->x].character }, 1);
	return true;
}

/* From where the cursor is; empty if that is not known. */
static size_t relative_way(const struct stroke *stroke, int x, int y, char way[SEQUENCE_MAX])
{
	int down = y - stroke->y, right = x - stroke->x;
	size_t len = 0;

	if (stroke->x < 0)
		return 0;
	if (down > 0 && down <= STEPS_MAX && stroke->painter->line_feed_goes_down)
		for (; down; down--)
			way[len++] = '\n';
	len = add_steps(way, len, down, 'B');
	len = add_steps(way, len, -down, 'A');
	if (right < 0 && right >= -STEPS_MAX)
		for (; right; right++)
			way[len++] = '\b';
	len = add_steps(way, len, right, 'C');
	return add_steps(way, len, -right, 'D');
}

static void go_to(struct stroke *stroke, int x, int y)
{
	char relative[SEQUENCE_MAX], absolute[SEQUENCE_MAX];
	size_t len, absolute_len;

	if (stroke->y == y && (stroke->x == x || (stroke->x >= 0 && write_across(stroke, x))))
		return;
	len = relative_way(stroke, x, y, relative);
	absolute_len = (size_t)snprintf(absolute, sizeof absolute, "\033[%d;%dH", y + 1, x + 1);
	if (len && len < absolute_len)
		strbuf_add(stroke->out, relative, len);
	else
		strbuf_add(stroke->out, absolute, absolute_len);
	stroke->x = x;
	stroke->y = y;
}

static void send_cell(struct stroke *stroke, uint32_t at)
{
	const struct cell *cell = &stroke->grid->cell[at];
	bool wide = is_wide(stroke->grid, at);
	uint32_t character = stroke->painter->glyph(cell, wide);

	text_encode(stroke->out, character);
	if (wide && character != cell->character)
		strbuf_adds(stroke->out, " ");
	stroke->x += wide ? 2 : 1;
	/* At the end of a row terminals wait, each in its own way. */
	if (stroke->x >= stroke->grid->width)
		stroke->x = -1;
}

void paint_changes(struct painter *painter, const struct grid *old, const struct grid *new,
		   struct strbuf *out)
{
	struct stroke stroke = {
		.painter = painter, .grid = new, .out = out, .look = LOOKS, .x = -1,
	};

	collect(painter, old, new);
	for (size_t i = 0; i < painter->cells.len; i++) {
		uint32_t at = painter->cells.at[i];
		unsigned look = look_of(&new->cell[at]);

		if (look != stroke.look)
			set_look(&stroke, look);
		go_to(&stroke, (int)at % new->width, (int)at / new->width);
		send_cell(&stroke, at);
	}
	if (stroke.colored)
		strbuf_adds(out, "\033[m");
}

bool paint_add_color(struct paint_look *look, const char *sequence)
{
	size_t len = strlen(look->colors);

	if (!sequence || strchr(sequence, '$') || len + strlen(sequence) >= sizeof look->colors)
		return false;
	memcpy(look->colors + len, sequence, strlen(sequence) + 1);
	return true;
}

bool painter_knows(const char *(*capability)(const char *name))
{
	static const struct {
		const char *name, *text;
	} needed[] = {
		{ "cup", "\033[%i%p1%d;%p2%dH" }, { "bold", "\033[1m" }, { "smul", "\033[4m" },
		{ "rev", "\033[7m" }, { "cub1", "\b" }, { "cud1", "\n" },
	};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		const char *text = capability(needed[i].name);

		if (!text || strcmp(text, needed[i].text) != 0)
			return false;
	}
	return true;
}

void painter_begin(struct painter *painter, int width, int height)
{
	const struct paint_look *plain = &painter->look[STYLE_PLAIN];

	grid_resize(&painter->shown, width, height);
	/* What is empty may be another colour than the terminal's. */
	if (plain->attributes || *plain->colors)
		canvas_fill(canvas_of(&painter->shown), '\0', STYLE_PLAIN);
}

static void send_bytes(const struct strbuf *bytes, int fd)
{
	const char *at = bytes->text, *end = at + bytes->len;

	while (at < end) {
		ssize_t sent = write(fd, at, (size_t)(end - at));
		struct pollfd full = { .fd = fd, .events = POLLOUT };

		if (sent > 0)
			at += sent;
		else if (sent < 0 && errno == EAGAIN)
			poll(&full, 1, -1);
		else if (!sent || errno != EINTR)
			return;
	}
}

void painter_show(struct painter *painter, const struct grid *grid, int fd)
{
	strbuf_clear(&painter->bytes);
	paint_changes(painter, &painter->shown, grid, &painter->bytes);
	send_bytes(&painter->bytes, fd);
	memcpy(painter->shown.cell, grid->cell,
	       (size_t)grid->width * (size_t)grid->height * sizeof *grid->cell);
}

void painter_release(struct painter *painter)
{
	grid_release(&painter->shown);
	array_release(&painter->cells);
	strbuf_release(&painter->bytes);
}
