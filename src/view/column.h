#ifndef TPROF_VIEW_COLUMN_H
#define TPROF_VIEW_COLUMN_H

#include "view/grid.h"
#include "view/scene.h"

/* What the tables, the tree and text reports show in a row. */
struct row {
	function_id function;
	struct amount self, total, whole;
};

/* One column: functions, tree, report and CSV use the same. */
struct column {
	const char *name;	/* "self", in --columns and scripts */
	const char *title;
	int width;		/* 0: takes what is left */
	bool left;		/* left-aligned text */
	void (*format)(struct strbuf *out, const struct scene *scene, const struct row *row);
	/* <0: a comes first in descending order. */
	int (*compare)(const struct profile *profile, const struct row *a, const struct row *b);
};

extern const struct column *const columns[];	/* ends with NULL */

const struct column *column_named(const char *name);
/* The amount in the measure of the scene: "12.3%", "1.25 s", "812". */
void amount_format(struct strbuf *out, const struct scene *scene, const struct amount *part,
		   const struct amount *whole);
enum style amount_style(const struct amount *part, const struct amount *whole);

#endif
