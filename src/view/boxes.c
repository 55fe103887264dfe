#include "view/boxes.h"

#include "analyze/share.h"

void boxes_release(struct boxes *boxes)
{
	array_release(&boxes->box);
	array_release(&boxes->level);
}

double boxes_share(struct amount part, struct amount whole)
{
	uint64_t a = whole.weight ? part.weight : part.samples;
	uint64_t b = whole.weight ? whole.weight : whole.samples;

	return b ? (double)a / (double)b : 0;
}

size_t boxes_level_count(const struct boxes *boxes)
{
	return boxes->level.len ? boxes->level.len - 1 : 0;
}

bool boxes_fold(const struct boxes *boxes, const struct branches *branches, uint32_t node)
{
	struct amount total = branches_total(branches, node), whole = branches_total(branches, 0);

	return share_is_below(&total, &whole, boxes->limit);
}

/* Are several of them below the limit? */
static bool should_fold(const struct boxes *boxes, const struct branches *branches,
			const struct node_list *children)
{
	size_t light = 0;

	for (size_t i = 0; boxes->limit && light < 2 && i < children->len; i++)
		light += boxes_fold(boxes, branches, children->at[i]);
	return light > 1;
}

static void add_box(struct boxes *boxes, size_t parent, uint32_t node, double from, double until)
{
	struct box above = boxes->box.at[parent];
	int x = (int)(above.width * from + 0.5), end = (int)(above.width * until + 0.5);

	if (end > above.width)
		end = above.width;
	if (end > x)
		array_push(&boxes->box, ((struct box){
			.node = node,
			.x = above.x + x,
			.width = end - x,
			.parent = parent,
		}));
}

/*
 * Callees stand in the order of their names, whatever they weigh, so that
 * boxes grow and shrink but do not change places.  What would be narrower
 * than a cell, or is below the limit, goes into one box at the right.
 */
static void add_callees(struct boxes *boxes, struct branches *branches,
			const struct profile *profile, size_t parent_box,
			struct node_list *children)
{
	struct box parent = boxes->box.at[parent_box];
	struct amount whole = branches_total(branches, parent.node);
	struct box rest = { .rest = true };
	double at = 0;
	size_t wide = 0, before;
	bool fold;

	children->len = 0;
	branches_children(branches, parent.node, children);
	fold = should_fold(boxes, branches, children);
	for (size_t i = 0; i < children->len; i++) {
		struct amount total = branches_total(branches, children->at[i]);

		if (boxes_share(total, whole) * parent.width >= 1 &&
		    !(fold && boxes_fold(boxes, branches, children->at[i]))) {
			children->at[wide++] = children->at[i];
			continue;
		}
		rest.others++;
		rest.others_total.weight += total.weight;
		rest.others_total.samples += total.samples;
	}
	branches_sort_by_name(branches, profile, children->at, wide);
	for (size_t i = 0; i < wide; i++) {
		double size = boxes_share(branches_total(branches, children->at[i]), whole);

		add_box(boxes, parent_box, children->at[i], at, at + size);
		at += size;
	}
	before = boxes->box.len;
	add_box(boxes, parent_box, 0, at, at + boxes_share(rest.others_total, whole));
	if (boxes->box.len > before) {
		struct box *box = &boxes->box.at[before];

		rest.x = box->x;
		rest.width = box->width;
		rest.parent = box->parent;
		*box = rest;
	}
}

/* Ancestors of the zoomed box take the whole width. */
static bool add_zoomed(struct boxes *boxes, size_t parent, const struct node_list *zoom,
		       size_t depth)
{
	if (depth >= zoom->len)
		return false;
	array_push(&boxes->box, ((struct box){
		.node = zoom->at[depth],
		.width = boxes->width,
		.parent = parent,
	}));
	return true;
}

void boxes_lay_out(struct boxes *boxes, struct branches *branches, const struct profile *profile,
		   const struct node_list *zoom, size_t levels)
{
	struct node_list children = { 0 };

	boxes->box.len = boxes->level.len = 0;
	if (levels > BOXES_LEVELS_MAX)
		levels = BOXES_LEVELS_MAX;
	if (branches_count(branches))
		array_push(&boxes->box, ((struct box){ .width = boxes->width }));
	array_push(&boxes->level, 0);
	for (size_t depth = 0, first = 0; depth < levels && first < boxes->box.len; depth++) {
		size_t end = boxes->box.len;

		array_push(&boxes->level, end);
		for (size_t i = first; i < end; i++)
			if (!boxes->box.at[i].rest &&
			    !add_zoomed(boxes, i, zoom, depth))
				add_callees(boxes, branches, profile, i, &children);
		first = end;
	}
	/* The level below the last one counts as well when it was reached. */
	if (boxes->level.at[boxes->level.len - 1] < boxes->box.len)
		boxes->box.len = boxes->level.at[boxes->level.len - 1];
	array_release(&children);
}

size_t boxes_level_of(const struct boxes *boxes, size_t box)
{
	size_t level = 0;

	while (box) {
		box = boxes->box.at[box].parent;
		level++;
	}
	return level;
}

size_t boxes_heaviest_below(const struct boxes *boxes, size_t box, size_t level)
{
	size_t best = 0;

	if (level + 1 >= boxes_level_count(boxes))
		return 0;
	for (size_t i = boxes->level.at[level + 1]; i < boxes->level.at[level + 2]; i++)
		if (boxes->box.at[i].parent == box && !boxes->box.at[i].rest &&
		    (!best || boxes->box.at[i].width > boxes->box.at[best].width))
			best = i;
	return best;
}
