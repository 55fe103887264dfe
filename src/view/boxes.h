#ifndef TPROF_VIEW_BOXES_H
#define TPROF_VIEW_BOXES_H

#include "view/branches.h"

/*
 * Where the boxes of an icicle stand: everything on top, callees below
 * their caller and as wide as their share of it.  Box 0 is the root.  All
 * zeroes is empty.
 */
struct box {
	uint32_t node;
	int x, width;
	size_t parent;		/* box above */
	bool rest;		/* callees too light for a box of their own: */
	size_t others;		/* so many, and what they have */
	struct amount others_total;
};

struct boxes {
	array(struct box) box;	/* level by level, from left to right */
	array(size_t) level;	/* the first box of each; one more at the end */
	int width;
	unsigned limit;		/* per mille: callees with less are one box, if several */
};

/* Deeper than stacks of programs are; files may hold anything. */
enum { BOXES_LEVELS_MAX = 2048 };

/*
 * Lay out that many levels within the width.  The nodes of a zoomed path,
 * from the outermost on, take all of it.
 */
void boxes_lay_out(struct boxes *boxes, struct branches *branches, const struct profile *profile,
		   const struct node_list *zoom, size_t levels);
void boxes_release(struct boxes *boxes);

size_t boxes_level_count(const struct boxes *boxes);
size_t boxes_level_of(const struct boxes *boxes, size_t box);
/* The widest box below one, or 0. */
size_t boxes_heaviest_below(const struct boxes *boxes, size_t box, size_t level);
/* Is the node below the limit? */
bool boxes_fold(const struct boxes *boxes, const struct branches *branches, uint32_t node);
/* From 0 to 1. */
double boxes_share(struct amount part, struct amount whole);

#endif
