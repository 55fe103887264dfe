#ifndef TPROF_ANALYZE_GAPS_H
#define TPROF_ANALYZE_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

/* Why there is nothing to see for a while. */
enum gap_kind {
	GAP_STOPPED	= 1 << 0,	/* the target stood still */
	GAP_UNSAMPLED	= 1 << 1,	/* it ran, but was not sampled */
	GAP_ABSENT	= 1 << 2,	/* it ran while we stood still: some may be lost */
	/* No samples come of these. */
	GAP_EMPTY	= GAP_STOPPED | GAP_UNSAMPLED,
	GAP_ANY		= GAP_EMPTY | GAP_ABSENT,
};

struct gap {
	uint64_t from, until;		/* clock_now() */
	enum gap_kind kind;
};

/*
 * In the order in which they begin.  Those of one kind do not touch;
 * others may be at the same time.  Only the newest are kept.
 */
struct gaps {
	array(struct gap) gap;
};

enum { GAPS_MAX = 256 };

/* An empty one is none. */
void gaps_add(struct gaps *gaps, struct gap gap);
void gaps_copy(struct gaps *to, const struct gaps *from);
/* How many ns of a stretch of time are in gaps of some kinds. */
uint64_t gaps_within(const struct gaps *gaps, uint64_t from, uint64_t until, unsigned kinds);
/* When the last one ends, 0 if there is none. */
uint64_t gaps_end(const struct gaps *gaps);
void gaps_release(struct gaps *gaps);

#endif
