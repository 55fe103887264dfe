#ifndef TPROF_ANALYZE_CALLTREE_PRIVATE_H
#define TPROF_ANALYZE_CALLTREE_PRIVATE_H

/* The inside of a call tree: only calltree*.c include this. */

#include "analyze/calltree.h"
#include "analyze/match.h"

/* A stack whose node changed since its functions got other names. */
struct move {
	uint32_t from, to;
	stack_id stack;
};

struct calltree_private {
	struct query query;
	unsigned generation;
	size_t node_cap, function_cap;
	struct hash_index child;	/* nodes by parent and function */
	uint64_t *bloom;		/* by node: a bit for each function on its path */
	uint32_t *forward;		/* by node: where its samples went */

	array(uint32_t) node_of_stack;
	array(struct amount) self_of_stack;	/* what of the query is in each stack */
	array(uint8_t) kept;		/* by stack: fits query.keep; unused without one */
	array(uint8_t) wanted;		/* by thread; unused when all are */
	struct match match;

	array(uint8_t) named;		/* by location: named since the last update */
	array(uint8_t) changed;		/* by stack from the first such one */
	array(struct move) move;
	size_t left_behind;
	size_t sums_seen, slices_seen, named_seen;
	size_t slices_gone;		/* seen, and before the query's time */
	bool weigh_again;		/* the sums of all stacks */
	bool collect_again;		/* the selves of all nodes, from stacks */
};

/* The child of a node with that function, made when there is none. */
uint32_t calltree_child(struct calltree *tree, uint32_t parent, function_id function);
/* Only the root, with room for so many nodes in what finds them. */
void calltree_clear_nodes(struct calltree *tree, size_t room);
void calltree_release_nodes(struct calltree *tree);

#endif
