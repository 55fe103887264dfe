#ifndef TPROF_UI_REPORT_ROWS_H
#define TPROF_UI_REPORT_ROWS_H

#include "base/array.h"
#include "view/column.h"

/* What the forms of a report have in common: which rows, in which order. */

/* A node of the call tree.  Node 0 stands for the samples without any function. */
struct report_node {
	uint32_t node;
	unsigned depth;		/* 0: nobody called it */
};

struct report_rows {
	array(struct row) function;	/* largest self first */
	array(struct report_node) node;	/* callers before callees, heaviest first */
	size_t left_out;		/* of the functions, or of the nodes */
};

/* The functions of the scene, at most count of them; 0: all. */
void report_rows_functions(struct report_rows *rows, const struct scene *scene, size_t count);
/*
 * The nodes with at least a share of the whole, in thousandths, and at most
 * count of them, the heaviest ones (0: any number).
 */
void report_rows_tree(struct report_rows *rows, const struct scene *scene, unsigned thousandths,
		      size_t count);
void report_rows_release(struct report_rows *rows);

/* A node as a row of the columns. */
struct row report_rows_row(const struct scene *scene, uint32_t node);

/* Part of a whole, by weight if there are weights. */
double report_percent(const struct amount *part, const struct amount *whole);

#endif
