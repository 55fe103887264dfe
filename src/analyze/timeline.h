#ifndef TPROF_ANALYZE_TIMELINE_H
#define TPROF_ANALYZE_TIMELINE_H

#include "profile/query.h"

struct bucket {
	uint64_t weight, samples;
};

/*
 * Weight per stretch of time, for the strip.  Buckets are aligned to
 * multiples of their width, so that a picture of it moves and does not
 * shimmer.
 */
struct timeline {
	array(struct bucket) bucket;
	uint64_t from, width;		/* nanoseconds */
};

/* The last count buckets of at least width nanoseconds up to now. */
void timeline_update(struct timeline *timeline, const struct profile *profile,
		     uint64_t now, uint64_t width, size_t count);
void timeline_release(struct timeline *timeline);

#endif
