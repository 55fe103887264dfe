#ifndef TPROF_UI_POINTER_H
#define TPROF_UI_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/term.h"

/*
 * What terminals send when the mouse does something, made into events.
 * All zeroes is a mouse that did nothing yet.
 */
struct pointer {
	struct mouse_event clicked;
	uint64_t clicked_at;	/* ns, 0: not, or already half of a double click */
};

/*
 * The form of SGR, mode 1006: what follows "ESC [ <", such as "0;10;5M".
 * False when it means nothing: a release, a movement, another button, no
 * such text at all.
 */
bool pointer_take_sgr(struct pointer *pointer, const char *text, uint64_t now,
		      struct mouse_event *event);
/* The form of X10: the three bytes that follow "ESC [ M". */
bool pointer_take_x10(struct pointer *pointer, const unsigned char bytes[3], uint64_t now,
		      struct mouse_event *event);

#endif
