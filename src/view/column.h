#ifndef TPROF_VIEW_COLUMN_H
#define TPROF_VIEW_COLUMN_H

#include "view/grid.h"
#include "view/scene.h"

/* What the tables, the tree and text reports show in a row. */
struct row {
	function_id function;
	struct amount self, total, whole;
	uint32_t by_name;	/* place in the order of names, if known */
};

/* One column: functions, tree, report and CSV use the same. */
struct column {
	const char *name;	/* "self", in --columns and scripts */
	const char *title;
	int width;		/* 0: takes what is left, or what there is to spare */
	bool left;		/* left-aligned text */
	/* Appends names as they are in the profile: not sanitized. */
	void (*format)(struct strbuf *out, const struct scene *scene, const struct row *row);
	/* <0: a comes first: the largest amount, or the first name. */
	int (*compare)(const struct profile *profile, const struct row *a, const struct row *b);
};

extern const struct column *const columns[];	/* ends with NULL */

const struct column *column_named(const char *name);
/* As compare(), or reversed; equal rows by their names, then ids, so that nothing jumps. */
int column_order(const struct column *column, bool reversed, const struct profile *profile,
		 const struct row *a, const struct row *b);
/* A function as views call it: kernel functions end in " [k]".  Not sanitized. */
void function_label(struct strbuf *out, const struct profile *profile, function_id function);
/* The same in a call tree: with a "?" before it where it may not be the caller. */
void entry_label(struct strbuf *out, const struct profile *profile, function_id function,
		 unsigned entry);
/* Was it never found but without unwind information? */
bool entry_is_guess(unsigned entry);
/* Told behind a name: was the function inlined, always or in part?  "" if not. */
const char *entry_remark(unsigned entry);
/* Is there more to tell than whether code is the kernel's? */
bool binaries_matter(const struct profile *profile);
/* Its enum function_flags; 0 for one that is unknown. */
unsigned function_flags(const struct profile *profile, function_id function);
/* Its name, or words for one that has none. */
const char *function_shown_name(const struct profile *profile, function_id function);
/* The amount in the measure of the scene: "12.3%", "1.25 s", "812". */
void amount_format(struct strbuf *out, const struct scene *scene, const struct amount *part,
		   const struct amount *whole);
/* The columns that an amount takes at most. */
int amount_width(const struct scene *scene);
/* With its right end at column x + amount_width(). */
void amount_draw(struct canvas c, int x, const struct scene *scene, const struct amount *part,
		 const struct amount *whole);
/* Beside it, an arrow when the share has moved: see trend_moved(). */
void trend_draw(struct canvas c, int x, int moved);
enum style amount_style(const struct amount *part, const struct amount *whole);

/* The next way to tell amounts.  Weights that are only numbers of samples are left out. */
enum measure measure_after(const struct scene *scene);
/* "percent", "time", "cycles", "samples" */
const char *measure_title(const struct scene *scene);

#endif
