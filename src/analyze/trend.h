#ifndef TPROF_ANALYZE_TREND_H
#define TPROF_ANALYZE_TREND_H

#include "analyze/calltree.h"

/* What shares are of: ids that a trend is asked about. */
enum trend_of { TREND_OF_FUNCTIONS, TREND_OF_NODES, TREND_OF_THREADS };

/* Samples in a stretch of time: of what is looked at, and of all. */
struct stretch {
	uint64_t whole;
	array(uint32_t) self, total;		/* by id; threads have only self */
	size_t first, end;			/* slices */
};

/*
 * How shares have changed: the last five seconds, and the twenty-five
 * before them, of what the query of a call tree selects, whatever its time.
 * A zeroed trend is of functions.
 */
struct trend {
	enum trend_of of;	/* set before the first update */
	struct stretch now, before;
	bool complete;		/* both have all that belongs to them */
	unsigned generation, shape, judged;	/* what it was worked out from */
};

/* Samples in both stretches; those of several things can be added up. */
struct change {
	uint32_t now, before;
};

/*
 * Of what the tree has taken in.  Costs what comes into the stretches and
 * what leaves them, or all of the thirty seconds when functions got names;
 * but never more than TREND_SUMS_AT_ONCE or so.  What remains is left to
 * the next update, and until then nothing is said to have moved.
 */
enum { TREND_SUMS_AT_ONCE = 200000 };
void trend_update(struct trend *trend, const struct profile *profile,
		  const struct calltree *tree, uint64_t now);
void trend_release(struct trend *trend);
struct change trend_self(const struct trend *trend, uint32_t id);
struct change trend_total(const struct trend *trend, uint32_t id);
void change_add(struct change *to, struct change more);
/* As share_moved(). */
int trend_moved(const struct trend *trend, struct change change);

#endif
