#ifndef TPROF_ANALYZE_INVERTED_H
#define TPROF_ANALYZE_INVERTED_H

#include "analyze/trend.h"

/*
 * The call tree turned around: functions by self weight, their callers
 * below them.  Made level by level as nodes are opened, from the self
 * weights of a calltree, since a whole inverted tree is far too large.
 */
struct inverted_node {
	uint32_t parent, first_child, next_sibling;	/* 0: none; node 0 is the root */
	function_id function;
	struct amount self, total;	/* self: stacks that start at this caller */
	struct change change;		/* of the total */
	uint32_t first_entry, entry_count;
	bool opened;			/* its children are made */
	bool leaf;			/* opened or not, it has none */
	uint8_t entry;			/* of enum calltree_entry: into the function, or'ed */
};

struct inverted {
	array(struct inverted_node) node;
	struct inverted_private *private;
};

struct inverted *inverted_new(void);
void inverted_free(struct inverted *inverted);
/*
 * Start over from the tree as it is now: the first level only.  Needed
 * after each update of it.  The trend is of its nodes, and lent until the
 * next update; NULL for none.
 */
void inverted_update(struct inverted *inverted, const struct calltree *tree,
		     const struct trend *trend);
/* Make the children of a node.  Nodes move: use ids. */
void inverted_open(struct inverted *inverted, const struct calltree *tree, uint32_t node);

#endif
