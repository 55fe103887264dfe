#ifndef TPROF_UI_PAINT_H
#define TPROF_UI_PAINT_H

#include "base/array.h"
#include "base/strbuf.h"
#include "ui/theme.h"

/*
 * What changed from one frame to the next as bytes for a terminal that
 * knows the sequences of ECMA-48, as nearly all do.  Colours cost more
 * bytes than letters, so all that looks alike is sent together: a third of
 * what curses sends, which goes from left to right.
 */

struct paint_look {
	unsigned attributes;	/* enum look_attribute */
	char colors[48];	/* the sequences for them, "" for the terminal's own */
};

struct painter {
	struct paint_look look[STYLE_COUNT];
	/* The character to show for a cell: its own, or one of a single column. */
	uint32_t (*glyph)(const struct cell *cell, bool wide);
	bool line_feed_goes_down;	/* and not to the first column as well */
	struct grid shown;
	array(uint32_t) cells;		/* that changed, by what they look like */
	struct strbuf bytes;
};

#define PAINTER_INIT { .bytes = STRBUF_INIT }

/* False if it is no sequence alone: old terminals want pauses. */
bool paint_add_color(struct paint_look *look, const char *sequence);

/* Does the description of the terminal have what is sent?  Its strings by terminfo's names. */
bool painter_knows(const char *(*capability)(const char *name));
/* The screen is empty. */
void painter_begin(struct painter *painter, int width, int height);
/* Send what makes the terminal show a grid of that size. */
void painter_show(struct painter *painter, const struct grid *grid, int fd);
void painter_release(struct painter *painter);

/*
 * Append what makes the screen show new where it shows old; both have one
 * size.  Where the cursor stands does not matter, neither before nor
 * afterwards; letters look plain before and afterwards.
 */
void paint_changes(struct painter *painter, const struct grid *old, const struct grid *new,
		   struct strbuf *out);

#endif
