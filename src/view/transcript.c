#include "view/transcript.h"

#include <string.h>

#include "base/text.h"

static const char hidden_sign[] = "[full screen]";

/* Why a row ends: the text does, a newline, the next character has no room. */
enum row_end { END_OPEN, END_LINE, END_FULL };

/* A row being written: like a terminal of one line. */
struct pen {
	struct ansi_look look;
	bool hidden;
	int column, used, width;
	struct transcript_cell *cell;	/* NULL: only to see where the row ends */
	enum row_end end;
};

static void put(struct pen *pen, uint32_t character, int width)
{
	struct transcript_cell *cell;

	if (pen->cell) {
		while (pen->used < pen->column)
			pen->cell[pen->used++] = (struct transcript_cell){ .character = ' ' };
		cell = pen->cell + pen->column;
		/* Half of a wide character can't stay. */
		if (pen->column && pen->column < pen->used && !cell->character)
			cell[-1].character = ' ';
		if (pen->column + width < pen->used && !cell[width].character)
			cell[width].character = ' ';
		cell[0] = (struct transcript_cell){ character, pen->look };
		if (width == 2)
			cell[1] = (struct transcript_cell){ 0, pen->look };
	}
	pen->column += width;
	if (pen->used < pen->column)
		pen->used = pen->column;
}

/* Half of a wide character becomes a blank as well. */
static void blank(struct pen *pen, int from, int until)
{
	struct transcript_cell *cell = pen->cell;

	if (until > pen->used)
		until = pen->used;
	if (!cell || from >= until)
		return;
	if (from && !cell[from].character)
		cell[from - 1].character = ' ';
	if (until < pen->used && !cell[until].character)
		cell[until].character = ' ';
	for (int x = from; x < until; x++)
		cell[x] = (struct transcript_cell){ .character = ' ' };
}

/* CSI K: to the end, from the beginning, or all of the line. */
static void erase(struct pen *pen, unsigned part)
{
	if (part == 0) {
		blank(pen, pen->column, pen->used);
		if (pen->column < pen->used)
			pen->used = pen->column;
	} else if (part == 1) {
		blank(pen, 0, pen->column + 1);
	} else {
		blank(pen, 0, pen->used);
	}
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static void go_to(struct pen *pen, int column)
{
	pen->column = clamp(column, 0, pen->width - 1);
}

static void say_hidden(struct pen *pen)
{
	struct ansi_look look = pen->look;

	pen->look = (struct ansi_look){ .flags = ANSI_DIM };
	for (const char *c = hidden_sign; *c && pen->column < pen->width; c++)
		put(pen, (unsigned char)*c, 1);
	pen->look = look;
}

static void take_sequence(struct pen *pen, const struct ansi_token *token)
{
	unsigned modes = pen->hidden ? 1u << ANSI_ALTERNATE : 0;
	int count = token->param[0] ? (int)token->param[0] : 1;
	bool was = pen->hidden;

	if (ansi_restyle(&pen->look, token))
		return;
	ansi_note_mode(&modes, token);
	pen->hidden = modes >> ANSI_ALTERNATE & 1;
	if (pen->hidden && !was)
		say_hidden(pen);
	if (pen->hidden || was || token->mark || token->middle)
		return;
	switch (token->final) {
	case 'K':
		return erase(pen, token->param[0]);
	case 'G': case '`':
		return go_to(pen, count - 1);
	case 'C':
		return go_to(pen, pen->column + count);
	case 'D':
		return go_to(pen, pen->column - count);
	default:
		return;
	}
}

/* False at a newline: the row is over. */
static bool take_control(struct pen *pen, char control)
{
	switch (control) {
	case '\n':
		return false;
	case '\r':
		pen->column = 0;
		break;
	case '\b':
		go_to(pen, (pen->column < pen->width ? pen->column : pen->width - 1) - 1);
		break;
	case '\t':
		go_to(pen, (pen->column / 8 + 1) * 8);
		break;
	}
	return true;
}

/* Where the text of a row ends; the pen has what the next one begins with. */
static size_t write_row(const struct transcript *transcript, size_t row, struct pen *pen)
{
	const char *at = transcript->text + transcript->row.at[row].at;
	const char *end = transcript->text + transcript->len, *before = at;
	struct ansi_token token = { 0 };

	pen->look = transcript->row.at[row].look;
	pen->hidden = transcript->row.at[row].hidden;
	pen->width = transcript->width;
	pen->column = pen->used = 0;
	pen->end = END_OPEN;
	while (ansi_next(&at, end, &token)) {
		if (token.kind == ANSI_SEQUENCE) {
			take_sequence(pen, &token);
		} else if (pen->hidden) {
			/* Nothing of it is shown. */
		} else if (token.kind == ANSI_TEXT) {
			if (pen->column + token.width > pen->width) {
				pen->end = END_FULL;
				return (size_t)(before - transcript->text);
			}
			if (token.width)
				put(pen, token.character, token.width);
		} else if (token.kind == ANSI_CONTROL && !take_control(pen, token.final)) {
			pen->end = END_LINE;
			break;
		}
		before = at;
	}
	return (size_t)(at - transcript->text);
}

/* Find the rows that begin in the text after the last known one. */
static void find_rows(struct transcript *transcript)
{
	struct pen pen = { 0 };

	if (!transcript->width)
		return;
	for (;;) {
		size_t at = write_row(transcript, transcript->row.len - 1, &pen);

		if (pen.end == END_OPEN)
			return;
		array_push(&transcript->row, ((struct transcript_row){
			.at = at, .look = pen.look, .hidden = pen.hidden,
		}));
	}
}

void transcript_release(struct transcript *transcript)
{
	xfree(transcript->text);
	array_release(&transcript->row);
	*transcript = (struct transcript){ 0 };
}

void transcript_clear(struct transcript *transcript)
{
	transcript->len = 0;
	transcript->row.len = 0;
}

void transcript_restart(struct transcript *transcript, uint64_t begin)
{
	struct pen pen = { 0 };

	if (transcript->row.len && transcript->width)
		write_row(transcript, transcript->row.len - 1, &pen);
	transcript->len = 0;
	transcript->begin = begin;
	transcript->row.len = 0;
	array_push(&transcript->row, ((struct transcript_row){
		.look = pen.look, .hidden = pen.hidden,
	}));
}

char *transcript_room(struct transcript *transcript, size_t len)
{
	transcript->text = xgrow(transcript->text, transcript->len + len, &transcript->cap, 1);
	return transcript->text + transcript->len;
}

void transcript_take(struct transcript *transcript, size_t len)
{
	if (!transcript->row.len)
		transcript_restart(transcript, transcript->begin);
	transcript->len += len;
	find_rows(transcript);
}

void transcript_resize(struct transcript *transcript, int width)
{
	/* Room for a wide character, whatever the screen. */
	width = clamp(width, 2, TRANSCRIPT_WIDTH_MAX);
	if (width == transcript->width)
		return;
	transcript->width = width;
	if (!transcript->row.len)
		return;
	transcript->row.len = 1;
	find_rows(transcript);
}

uint64_t transcript_place(const struct transcript *transcript, size_t row)
{
	return transcript->begin + transcript->row.at[row].at;
}

size_t transcript_row_at(const struct transcript *transcript, uint64_t place)
{
	size_t low = 0, high = transcript->row.len;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (transcript_place(transcript, middle) <= place)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int transcript_cells(const struct transcript *transcript, size_t row,
		     struct transcript_cell *cell)
{
	struct pen pen = { .cell = cell };

	write_row(transcript, row, &pen);
	return pen.used;
}

void transcript_text(const struct transcript *transcript, size_t row, struct strbuf *out)
{
	struct transcript_cell cell[TRANSCRIPT_WIDTH_MAX];
	int used = transcript_cells(transcript, row, cell);

	for (int x = 0; x < used; x++)
		if (cell[x].character)
			text_encode(out, cell[x].character);
}
