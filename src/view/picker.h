#ifndef TPROF_VIEW_PICKER_H
#define TPROF_VIEW_PICKER_H

#include "base/array.h"
#include "base/pattern.h"
#include "view/grid.h"
#include "view/list.h"

/* Nothing is known of its CPU use yet. */
#define PICKER_CPU_UNKNOWN UINT64_MAX

/* A process that can be chosen.  Texts are lent, and not sanitized. */
struct picker_row {
	int pid;
	unsigned threads;
	uint64_t cpu;		/* lately, hundredths of a percent of one CPU */
	uint64_t used;		/* in all, in some unit */
	const char *name, *owner, *access, *command;
	bool allowed;		/* access, in short: may it be measured? */
};

struct picker_rows {
	struct picker_row *at;
	size_t len, cap;
};

/*
 * A list of processes to choose from: the busiest first, filtered by what
 * is typed.  The cursor stays on its process once it was moved.  All
 * zeroes is an empty one.
 */
struct picker {
	struct list list;
	const struct picker_rows *rows;	/* lent by the last update */
	array(size_t) shown;		/* positions in rows, in the order shown */
	struct pattern *filter;		/* NULL: none, or plain text */
	char *text;			/* what it was made from; NULL: none */
	const struct picker_column *sort;	/* NULL: by CPU use */
	bool reversed, moved;
	int pid;			/* under the cursor, 0: none */
	int width;
};

/* The rows must stay until the next update. */
void picker_update(struct picker *picker, const struct picker_rows *rows, int width, int height);
/* Show only what fits a regular expression; what is none is looked for as it is. */
void picker_filter(struct picker *picker, const char *text);
void picker_draw(const struct picker *picker, struct canvas canvas);
bool picker_command(struct picker *picker, enum command command);
/* The mouse: true when it stands on a row now, and not on a heading or nothing. */
bool picker_point(struct picker *picker, int x, int y);
/* The process under the cursor, or NULL. */
const struct picker_row *picker_chosen(const struct picker *picker);
void picker_release(struct picker *picker);

#endif
