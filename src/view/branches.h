#ifndef TPROF_VIEW_BRANCHES_H
#define TPROF_VIEW_BRANCHES_H

#include "analyze/inverted.h"
#include "view/scene.h"

/*
 * The call tree as the query wants it shown: callees below callers, or
 * turned around.  The tree and the icicle walk it by this.  Node 0 is the
 * root; a turned tree grows where it is looked at.  All zeroes is empty.
 */
struct branches {
	const struct calltree *calls;	/* lent by the scene */
	struct inverted *inverted;	/* made when first needed */
	const struct trend *trend;	/* of the nodes, lent by the view; NULL: none */
	bool turned;
};

/*
 * A turned tree has no end worth waiting for: to open or search all of it, so many
 * nodes are made.
 */
enum { BRANCHES_TURNED_MAX = 20000 };

struct node_list {
	uint32_t *at;
	size_t len, cap;
};

void branches_update(struct branches *branches, const struct scene *scene);
void branches_release(struct branches *branches);

function_id branches_function(const struct branches *branches, uint32_t node);
uint32_t branches_parent(const struct branches *branches, uint32_t node);
struct amount branches_self(const struct branches *branches, uint32_t node);
struct amount branches_total(const struct branches *branches, uint32_t node);
/* How its function was got into, of enum calltree_entry. */
unsigned branches_entry(const struct branches *branches, uint32_t node);
/* As trend_moved(), of its total and, but in a turned tree, its self. */
int branches_total_moved(const struct branches *branches, uint32_t node);
int branches_self_moved(const struct branches *branches, uint32_t node);
size_t branches_depth(const struct branches *branches, uint32_t node);	/* 0: the root */
bool branches_is_below(const struct branches *branches, uint32_t node, uint32_t ancestor);

/* Is there a child with samples?  Of a turned node that was not opened: perhaps. */
bool branches_has_children(const struct branches *branches, uint32_t node);
/* Append the children that have samples, in no order; makes them first. */
void branches_children(struct branches *branches, uint32_t node, struct node_list *children);
void branches_sort_by_total(const struct branches *branches, const struct profile *profile,
			    uint32_t *node, size_t count);
void branches_sort_by_name(const struct branches *branches, const struct profile *profile,
			   uint32_t *node, size_t count);
uint32_t branches_heaviest_child(struct branches *branches, uint32_t node);

/* Nodes made so far, the root too: what a search through all may cost. */
size_t branches_count(const struct branches *branches);
uint64_t branches_path(const struct branches *branches, uint32_t node);
/* The node with these functions from the root on, or its nearest ancestor that is there. */
uint32_t branches_find(struct branches *branches, const function_id *function, size_t depth,
		       size_t *found_depth);
/* The heaviest node of a function, or 0. */
uint32_t branches_heaviest(const struct branches *branches, function_id function);
/*
 * The node that the search finds next after (or before) one, as rows would
 * stand when all is open, around the ends; 0 if it finds none at all.
 */
uint32_t branches_next_match(struct branches *branches, const struct scene *scene, uint32_t from,
			     bool next);
/* Where a selection points to: its path, or as a single function wherever that is heaviest. */
uint32_t branches_selected(struct branches *branches, const struct scene *scene);
/*
 * The path that a view could not go to on entering, as it was not there:
 * while nothing else is chosen, it is gone to when it is there (again).
 */
struct lost_path {
	array(function_id) function;
};
/* Was the view entered with a path that is not (all) there?  Then note it, else forget. */
void branches_note_lost(struct branches *branches, const struct scene *scene,
			struct lost_path *lost);
/* The node of a path that was lost and is there; 0: there is none. */
uint32_t branches_found_again(struct branches *branches, struct lost_path *lost);
/* Write the functions from the root on to the node. */
void branches_select(const struct branches *branches, uint32_t node, struct scene *scene);

#endif
