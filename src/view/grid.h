#ifndef TPROF_VIEW_GRID_H
#define TPROF_VIEW_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/*
 * What a cell means; src/ui/theme.c decides how it looks.  The letter is
 * for golden screens.
 */
#define STYLES(X) \
	X(PLAIN,	'.') \
	X(TITLE,	't')	/* header line */ \
	X(LABEL,	'l')	/* names of values in the header */ \
	X(TAB,		'b') \
	X(TAB_CURRENT,	'B') \
	X(COLUMN,	'c')	/* column headings */ \
	X(COLUMN_SORTED, 'C') \
	X(CURSOR,	'#')	/* the row under the cursor */ \
	X(MATCH,	'm')	/* what a search found */ \
	X(MATCH_CURSOR,	'M') \
	X(DIM,		'd') \
	X(HOT,		'h')	/* a large share */ \
	X(WARM,		'w')	/* a medium share */ \
	X(KERNEL,	'k') \
	X(GUESS,	'?')	/* a caller found without unwind information */ \
	X(BAR,		'=')	/* the bars of tables and the strip */ \
	X(NOTICE,	'n')	/* told once: saved, searched */ \
	X(WARNING,	'!')	/* lost, throttled, truncated, refused */ \
	X(KEY,		'K')	/* a key in hints and help */ \
	X(BOX_A,	'1')	/* the hues of the icicle, user code */ \
	X(BOX_B,	'2') \
	X(BOX_C,	'3') \
	X(BOX_D,	'4') \
	X(BOX_KERNEL_A,	'5') \
	X(BOX_KERNEL_B,	'6') \
	X(BOX_CURSOR,	'7') \
	X(BOX_MATCH,	'8') \
	X(BOX_DIM,	'9')	/* placeholder, [other] */ \
	X(INK_BLACK,	'e')	/* the colours of a program's output */ \
	X(INK_RED,	'r') \
	X(INK_GREEN,	'g') \
	X(INK_YELLOW,	'y') \
	X(INK_BLUE,	'u') \
	X(INK_MAGENTA,	'p') \
	X(INK_CYAN,	'a') \
	X(INK_WHITE,	's') \
	X(INK_BRIGHT_BLACK, 'E') \
	X(INK_BRIGHT_RED, 'R') \
	X(INK_BRIGHT_GREEN, 'G') \
	X(INK_BRIGHT_YELLOW, 'Y') \
	X(INK_BRIGHT_BLUE, 'U') \
	X(INK_BRIGHT_MAGENTA, 'P') \
	X(INK_BRIGHT_CYAN, 'A') \
	X(INK_BRIGHT_WHITE, 'S')

enum style {
#define X(name, letter) STYLE_##name,
	STYLES(X)
#undef X
	STYLE_COUNT
};

/* What a program's output may add to its ink; nothing else has any. */
enum cell_attribute {
	CELL_BOLD	= 1 << 0,
	CELL_DIM	= 1 << 1,
	CELL_UNDERLINE	= 1 << 2,
	CELL_REVERSE	= 1 << 3,
};

struct cell {
	uint32_t character;	/* safe to show; 0: right half of a wide one */
	uint16_t style;
	uint16_t attributes;
};

/* A screen that exists only in memory. */
struct grid {
	struct cell *cell;
	int width, height;
};

void grid_resize(struct grid *grid, int width, int height);
void grid_release(struct grid *grid);

/*
 * The screen as text; with styles, each row is followed by "|" and one
 * letter for each cell.  Golden tests compare this; P saves it without.
 */
void grid_dump(const struct grid *grid, bool styles, struct strbuf *out);

/* A part of a grid.  Drawing outside it has no effect. */
struct canvas {
	struct grid *grid;
	int x, y, width, height;
};

struct canvas canvas_of(struct grid *grid);
struct canvas canvas_part(struct canvas c, int x, int y, int width, int height);
void canvas_fill(struct canvas c, uint32_t character, enum style style);

/*
 * Text is sanitized here, whatever it is.  Both return the columns used;
 * what does not fit is cut.
 */
int canvas_text(struct canvas c, int x, int y, enum style style, const char *utf8);
int canvas_printf(struct canvas c, int x, int y, enum style style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* One character that was made safe before, 1 or 2 columns wide. */
void canvas_put(struct canvas c, int x, int y, struct cell cell, int width);
/* In at most width columns; shortened in the middle when longer. */
int canvas_name(struct canvas c, int x, int y, int width, enum style style, const char *utf8);
/* A horizontal bar of part/whole, in eighths of a cell. */
void canvas_bar(struct canvas c, int x, int y, int width, uint64_t part, uint64_t whole,
		enum style style);
/* Change the style of cells that are there. */
void canvas_restyle(struct canvas c, enum style style);

#endif
