#ifndef TPROF_VIEW_LABEL_H
#define TPROF_VIEW_LABEL_H

#include "view/grid.h"

/*
 * Names of functions where there is little room.  What tells least goes
 * first: parameters and template arguments, "map<…>::find(…) const", then
 * the namespaces in front, "…::find(…)", or "find"; only then the middle.
 */

/* Append the sanitized label in at most width columns. */
void label_shorten(struct strbuf *out, const char *label, int width);
/* The same into cells; returns the columns used. */
int label_draw(struct canvas c, int x, int y, int width, enum style style, const char *label);
/* In the first row of a canvas, with something to tell behind it: whole, or not at all. */
void label_draw_remarked(struct canvas c, enum style style, const char *label,
			 enum style remark_style, const char *remark);

#endif
