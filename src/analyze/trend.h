#ifndef TPROF_ANALYZE_TREND_H
#define TPROF_ANALYZE_TREND_H

#include "analyze/calltree.h"

/* What each function had in a stretch of time. */
struct stretch {
	struct amount whole;
	array(struct amount) self, total;	/* by function */
	size_t first, end;			/* slices */
};

/*
 * How shares have changed: the last five seconds, and the twenty-five
 * before them, of what the query of a call tree selects, whatever its time.
 */
struct trend {
	struct stretch now, before;
	unsigned generation, shape, judged;	/* what it was worked out from */
};

/*
 * Of what the tree has taken in.  Costs what comes into the stretches and
 * what leaves them, or all of the thirty seconds when functions got names.
 */
void trend_update(struct trend *trend, const struct profile *profile,
		  const struct calltree *tree, uint64_t now);
void trend_release(struct trend *trend);
/* As share_moved(), of the function's self or total. */
int trend_of_self(const struct trend *trend, function_id function);
int trend_of_total(const struct trend *trend, function_id function);

#endif
