#ifndef TPROF_ANALYZE_CALLERS_H
#define TPROF_ANALYZE_CALLERS_H

#include "analyze/trend.h"

/* What went from one function to another, over all call paths. */
struct call_edge {
	function_id function;	/* the one at the other end */
	struct amount amount;	/* total in the callee; recursion counted once */
	struct change change;	/* of that */
	unsigned entry;		/* enum calltree_entry: was the callee called, inlined, or both */
	unsigned other_entry;	/* the same of the function at the other end */
	bool outermost;		/* no function: stacks begin here */
	size_t others;		/* so many in one, the function is the heaviest of them */
};

/*
 * One function and its neighbours.  The callers add up to its total, and
 * the callees with its self too, but for recursion: a stack that goes
 * through it twice may count for two neighbours.
 */
struct callers {
	function_id centre;
	struct amount self, total, whole;
	struct change change;		/* of the total */
	array(struct call_edge) caller, callee;	/* with samples, the heaviest first */
	struct callers_private *private;
};

struct callers *callers_new(void);
void callers_free(struct callers *callers);
/*
 * Costs a look at each node of the tree, and a few for those of the
 * function.  The trend is of the tree's nodes, or NULL.
 */
void callers_update(struct callers *callers, const struct calltree *tree,
		    const struct trend *trend, function_id centre);
/* Those with less than so many thousandths of the whole become one, if they are several. */
void callers_fold(struct callers *callers, unsigned limit);

#endif
