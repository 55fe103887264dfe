#ifndef TPROF_ANALYZE_CALLTREE_H
#define TPROF_ANALYZE_CALLTREE_H

#include "profile/query.h"

struct amount {
	uint64_t weight, samples;
};

/* How a node was got into from its parent. */
enum calltree_entry {
	ENTRY_CALLED = 1,
	ENTRY_INLINED = 2,
	ENTRY_GUESSED = 4,	/* found without unwind information: maybe no caller of these */
	ENTRY_TRUNCATED = 8,	/* no function: "[truncated: ...]", above the rest of stacks */
};

/*
 * The samples that a query selects, merged by call path.  Node 0 is the
 * root and holds everything; children follow their parent.  Knows nothing
 * of folding, sorting or selection: those belong to views.
 *
 * Always top-down, also for an inverted query: analyze/inverted.h turns it
 * around.  Structure of arrays, all of length count.
 */
struct calltree {
	size_t count;
	uint32_t *parent, *first_child, *next_sibling;	/* 0: none */
	function_id *function;
	uint8_t *outermost;		/* no caller is the same function */
	uint8_t *entry;			/* of enum calltree_entry, or'ed */
	struct amount *self, *total;

	/* By function_id, as many as the profile has; recursion counted once. */
	struct amount *function_self, *function_total;
	uint8_t *function_entry;	/* how any stack got into it, or'ed */
	size_t function_count;

	/* Everything that was measured, whatever the filter selects. */
	struct amount all;

	/* Changes when nodes were moved or the tree started over. */
	unsigned shape;
	/* Changes when it was judged anew which sums the query selects. */
	unsigned judged;
	/* So many slices of the profile in that generation were looked at. */
	size_t slices;
	unsigned generation;

	struct calltree_private *private;
};

struct calltree *calltree_new(void);
void calltree_free(struct calltree *tree);

/*
 * Bring up to date.  Costs what is new: sums sealed since the last call,
 * and the stacks below locations that were named since.  Weighs all anew
 * when the query changed, and starts over with another generation of the
 * profile.  Nodes stay, emptied, when names, a filter or the hiding of
 * kernel frames take their samples away: those without samples in total
 * are not to be shown.
 */
void calltree_update(struct calltree *tree, const struct profile *profile,
		     const struct query *query);

/*
 * Call paths have a number that holds over names that arrive, filters and
 * generations as long as the functions on the path stay the same.
 */
static inline uint64_t calltree_path_below(uint64_t path, function_id function)
{
	return hash_u64(path ^ hash_u64(function + 0x51ed27u));
}
uint64_t calltree_path(const struct calltree *tree, uint32_t node);
/* The node with the same functions from the root on, or 0. */
uint32_t calltree_find(const struct calltree *tree, const function_id *function, size_t depth);
/* Where the samples of a node went when its functions got other names, itself if they stayed. */
uint32_t calltree_moved(const struct calltree *tree, uint32_t node);
/* The node of a stack that was there at the last update. */
uint32_t calltree_node_of(const struct calltree *tree, stack_id stack);
/* Does its query select such sums of that update, if they are of the right time? */
bool calltree_selects(const struct calltree *tree, const struct sum *sum);
/* Does its text filter keep a stack of that update?  All are kept without one. */
bool calltree_keeps(const struct calltree *tree, stack_id stack);
size_t calltree_depth(const struct calltree *tree, uint32_t node);
/* The heaviest path from a node down: its heaviest child, or 0. */
uint32_t calltree_heaviest_child(const struct calltree *tree, uint32_t node);

#endif
