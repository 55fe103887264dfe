#ifndef TPROF_UI_THEME_H
#define TPROF_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

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

/*
 * How many colours to use of those the terminal has.  no_color is the
 * value of NO_COLOR, which counts when not empty, or NULL.
 */
int theme_colors(enum color color, int available, const char *no_color);

/* What stands for a character where only ASCII can be shown. */
char theme_ascii(uint32_t character);

#endif
