#include <string.h>

#include "base/pattern.h"
#include "base/tail.h"
#include "view/transcript.h"
#include "view/view.h"

/* At full speed only so much is looked at in a frame; so much is kept while one reads above. */
enum { FAST = 64 << 10, KEPT_MAX = 2 << 20 };

_Static_assert((int)CELL_BOLD == ANSI_BOLD && (int)CELL_DIM == ANSI_DIM &&
	       (int)CELL_UNDERLINE == ANSI_UNDERLINE && (int)CELL_REVERSE == ANSI_REVERSE,
	       "the same bits");

struct output_view {
	struct view view;
	struct transcript transcript;
	size_t top, height;
	bool scrolled;		/* else the end is shown, whatever comes */
	bool cut;		/* scrolled, and what follows could not be kept */
	struct pattern *pattern;
	char *searched;		/* what the pattern was made of, NULL: none */
	uint64_t found;		/* where the row begins that was found last */
};

static struct output_view *output_of(struct view *view)
{
	return (struct output_view *)view;
}

static struct view *output_open(void)
{
	struct output_view *output = xcalloc(1, sizeof *output);

	output->height = 1;
	return &output->view;
}

static void output_close(struct view *view)
{
	struct output_view *output = output_of(view);

	transcript_release(&output->transcript);
	pattern_free(output->pattern);
	xfree(output->searched);
	xfree(output);
}

/* The empty row behind the last newline is none to look at. */
static size_t row_count(const struct output_view *output)
{
	const struct transcript *t = &output->transcript;
	size_t count = t->row.len;

	return count > 1 && t->row.at[count - 1].at == t->len ? count - 1 : count;
}

static size_t top_max(const struct output_view *output)
{
	size_t count = row_count(output);

	return count > output->height ? count - output->height : 0;
}

static uint64_t end_of(const struct transcript *transcript)
{
	return transcript->begin + transcript->len;
}

static void take_until(struct transcript *transcript, const struct tail *tail)
{
	uint64_t from = end_of(transcript);
	size_t len = (size_t)(tail->total - from);

	tail_copy(tail, from, tail->total, transcript_room(transcript, len + 1));
	transcript_take(transcript, len);
}

/* All that is there: for reading above what was shown. */
static void take_all(struct output_view *output, const struct tail *tail)
{
	struct transcript *transcript = &output->transcript;

	transcript_clear(transcript);
	transcript_restart(transcript, tail_begin(tail));
	take_until(transcript, tail);
}

/* What is new, or when that is a lot, only the end of it. */
static void follow(struct output_view *output, const struct tail *tail)
{
	struct transcript *transcript = &output->transcript;
	uint64_t new = tail->total - end_of(transcript), kept = tail->total - tail_begin(tail);

	if (!transcript->row.len)
		return take_all(output, tail);
	if (new > FAST || new > kept)
		transcript_restart(transcript, tail->total - (kept < FAST ? kept : FAST));
	else if (transcript->len + new > KEPT_MAX)
		return take_all(output, tail);
	take_until(transcript, tail);
}

/* Someone reads above: nothing of it may go. */
static void add_below(struct output_view *output, const struct tail *tail)
{
	struct transcript *transcript = &output->transcript;
	uint64_t new = tail->total - end_of(transcript);

	if (end_of(transcript) < tail_begin(tail) || transcript->len + new > KEPT_MAX)
		output->cut = true;
	if (!output->cut)
		take_until(transcript, tail);
}

static void resize(struct output_view *output, int width, int height)
{
	struct transcript *transcript = &output->transcript;
	uint64_t place = transcript->row.len ? transcript_place(transcript, output->top) : 0;

	/* The row at the top is one that is there. */
	output->height = height > 0 ? (size_t)height : 1;
	transcript_resize(transcript, width);
	if (transcript->row.len)
		output->top = transcript_row_at(transcript, place);
}

static void take_pattern(struct output_view *output, const char *text)
{
	struct error error;

	if (text && output->searched && !strcmp(text, output->searched))
		return;
	pattern_free(output->pattern);
	xfree(output->searched);
	output->pattern = text ? pattern_new(text, &error) : NULL;
	output->searched = text ? xstrdup(text) : NULL;
}

static void output_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct output_view *output = output_of(view);

	if (!scene->output)
		return;
	resize(output, width, height);
	take_pattern(output, scene->match.pattern);
	if (output->scrolled)
		add_below(output, scene->output);
	else
		follow(output, scene->output);
	if (output->top >= top_max(output) && !output->cut)
		output->scrolled = false;
	if (!output->scrolled || output->top > top_max(output))
		output->top = top_max(output);
}

/* Moving. */

static void go_to(struct output_view *output, const struct scene *scene, size_t top)
{
	output->scrolled = top < top_max(output);
	output->top = top;
	/* At the end of what could be kept the present is next. */
	if (!output->scrolled && output->cut)
		take_all(output, scene->output);
	if (!output->scrolled) {
		output->cut = false;
		output->top = top_max(output);
	}
}

/* From the end of a stream that was only looked at: all of it has to be there. */
static void begin_scrolling(struct output_view *output, const struct tail *tail)
{
	struct transcript *transcript = &output->transcript;
	uint64_t place;

	if (output->scrolled || !transcript->row.len || transcript->begin <= tail_begin(tail))
		return;
	place = transcript_place(transcript, output->top);
	take_all(output, tail);
	output->top = transcript_row_at(transcript, place);
}

static void go_up(struct output_view *output, const struct scene *scene, size_t rows)
{
	begin_scrolling(output, scene->output);
	go_to(output, scene, output->top > rows ? output->top - rows : 0);
}

static bool row_fits(const struct output_view *output, size_t row)
{
	struct strbuf text = STRBUF_INIT;
	bool fits;

	transcript_text(&output->transcript, row, &text);
	fits = pattern_fits(output->pattern, text.text);
	strbuf_release(&text);
	return fits;
}

/* From the row found last, or the bottom of the screen, around the ends. */
static enum reaction find(struct output_view *output, const struct scene *scene, bool down)
{
	struct transcript *transcript = &output->transcript;
	size_t count, row, last, half = output->height / 2;

	take_pattern(output, scene->match.pattern);
	begin_scrolling(output, scene->output);
	count = row_count(output);
	if (!output->pattern || !count)
		return REACT_IGNORED;
	last = output->top + output->height;
	row = transcript_row_at(transcript, output->found);
	if (!output->found || row < output->top || row >= last)
		row = last < count ? last : count;
	for (size_t i = 0; i < count; i++) {
		row = down ? (row + 1 < count ? row + 1 : 0) : (row ? row - 1 : count - 1);
		if (!row_fits(output, row))
			continue;
		/* No place is 0, so that it can mean none. */
		output->found = transcript_place(transcript, row) + !row;
		if (row < output->top || row >= last)
			go_to(output, scene, row > half ? row - half : 0);
		return REACT_REDRAW;
	}
	return REACT_IGNORED;
}

static enum reaction output_command(struct view *view, struct scene *scene, enum command command)
{
	struct output_view *output = output_of(view);
	size_t page = output->height > 1 ? output->height - 1 : 1;
	bool was = output->scrolled;

	if (!scene->output)
		return REACT_IGNORED;
	switch (command) {
	case COMMAND_UP:
		go_up(output, scene, 1);
		break;
	case COMMAND_DOWN:
		go_to(output, scene, output->top + 1);
		break;
	case COMMAND_SCROLL_UP:
		go_up(output, scene, 3);
		break;
	case COMMAND_SCROLL_DOWN:
		go_to(output, scene, output->top + 3);
		break;
	case COMMAND_PAGE_UP:
		go_up(output, scene, page);
		break;
	case COMMAND_PAGE_DOWN:
		go_to(output, scene, output->top + page);
		break;
	case COMMAND_HALF_UP:
		go_up(output, scene, (page + 1) / 2);
		break;
	case COMMAND_HALF_DOWN:
		go_to(output, scene, output->top + (page + 1) / 2);
		break;
	case COMMAND_FIRST:
		begin_scrolling(output, scene->output);
		go_to(output, scene, 0);
		break;
	case COMMAND_LAST:
		go_to(output, scene, SIZE_MAX);
		break;
	case COMMAND_BACK:
		if (!was)
			return REACT_IGNORED;
		go_to(output, scene, SIZE_MAX);
		break;
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		return find(output, scene, command == COMMAND_FIND_NEXT);
	default:
		return REACT_IGNORED;
	}
	return REACT_REDRAW;
}

/* Drawing. */

/* A background becomes the ink, reversed: the letters take the terminal's own. */
static struct cell cell_of(const struct transcript_cell *from)
{
	struct cell cell = { .character = from->character, .attributes = from->look.flags };
	unsigned ink = from->look.ink;

	if (from->look.paper) {
		ink = from->look.paper;
		cell.attributes ^= CELL_REVERSE;
	}
	cell.style = (uint16_t)(ink ? STYLE_INK_BLACK + (int)ink - 1 : STYLE_PLAIN);
	return cell;
}

static void draw_row(const struct output_view *output, size_t row, struct canvas line)
{
	struct transcript_cell cell[TRANSCRIPT_WIDTH_MAX];
	int used = transcript_cells(&output->transcript, row, cell);

	for (int x = 0; x < used; x++) {
		int width = x + 1 < used && !cell[x + 1].character ? 2 : 1;

		if (cell[x].character)
			canvas_put(line, x, 0, cell_of(&cell[x]), width);
	}
	if (!output->pattern || !row_fits(output, row))
		return;
	line = canvas_part(line, 0, 0, used, 1);
	canvas_restyle(line, row == transcript_row_at(&output->transcript, output->found) ?
		       STYLE_MATCH_CURSOR : STYLE_MATCH);
}

static void draw_position(const struct output_view *output, struct canvas c)
{
	size_t end = output->top + output->height, count = row_count(output);
	size_t below = count > end ? count - end : 0;
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, " %zu%s row%s below ", below, output->cut ? " and more" : "",
		    below == 1 && !output->cut ? "" : "s");
	canvas_text(c, c.width - (int)text.len, c.height - 1, STYLE_NOTICE, text.text);
	strbuf_release(&text);
}

static void output_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct output_view *output = (const struct output_view *)view;
	size_t count = row_count(output);

	if (!scene->output || !output->transcript.len) {
		canvas_name(c, 1, c.height / 2, c.width - 2, STYLE_DIM, scene->output ?
			    "the program has written nothing to its terminal yet" :
			    "the output of a program launched by: tprof -- COMMAND");
		return;
	}
	for (size_t y = 0; y < (size_t)c.height && output->top + y < count; y++)
		draw_row(output, output->top + y, canvas_part(c, 0, (int)y, c.width, 1));
	if (output->scrolled)
		draw_position(output, c);
}

const struct view_ops output_view = {
	.name = "output",
	.title = "Output",
	.own_search = true,
	.open = output_open,
	.close = output_close,
	.update = output_update,
	.draw = output_draw,
	.command = output_command,
};
