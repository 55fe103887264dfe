#ifndef TPROF_UI_THEME_H
#define TPROF_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "options.h"
#include "view/grid.h"

/*
 * How the meanings of cells look.  Heat goes by lightness and weight of
 * the letters, never by hue alone; what has no background of its own is
 * legible on dark and on light ones.
 */
enum look_attribute {
	LOOK_BOLD	= 1 << 0,
	LOOK_DIM	= 1 << 1,
	LOOK_UNDERLINE	= 1 << 2,
	LOOK_REVERSE	= 1 << 3,
};

enum { LOOK_DEFAULT = -1 };

struct look {
	short foreground, background;	/* colour numbers, or LOOK_DEFAULT: the terminal's own */
	unsigned attributes;
};

/*
 * A look for each enum style, for a terminal with so many colours: 256,
 * 16, 8, or attributes only (less than 8).
 */
const struct look *theme_looks(int colors);

/* What the person wants to look otherwise.  All zeroes: nothing. */
struct theme_changes {
	struct look look[STYLE_COUNT];
	bool changed[STYLE_COUNT];
};

/* "tab-current", "hot": STYLE_COUNT if there is no such style. */
enum style theme_style_named(const char *name);
/*
 * "red", "bold bright-white blue", "underline 208 default": the colour of
 * the text, then of what is behind it, and attributes, in any order.
 */
bool theme_parse_look(const char *text, struct look *look, struct error *error);
/* The look of a style; a change that needs more colours than there are is left out. */
struct look theme_look(const struct theme_changes *changes, int colors, enum style style);

/*
 * How many colours to use of those the terminal has.  no_color is the
 * value of NO_COLOR, which counts when not empty, or NULL.
 */
int theme_colors(enum color color, int available, const char *no_color);

/* What stands for a character where only ASCII can be shown. */
char theme_ascii(uint32_t character);

#endif
