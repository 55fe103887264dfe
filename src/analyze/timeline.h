#ifndef TPROF_ANALYZE_TIMELINE_H
#define TPROF_ANALYZE_TIMELINE_H

#include "analyze/gaps.h"
#include "profile/query.h"

struct bucket {
	uint64_t weight, samples;
	uint64_t gap;		/* ns of it in gaps of any kind */
	uint64_t sampled;	/* ns of it of which samples could come */
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

/*
 * The last count buckets of at least width nanoseconds up to now.  What
 * came around a gap without samples is not spread into it.
 */
void timeline_update(struct timeline *timeline, const struct profile *profile,
		     const struct gaps *gaps, uint64_t now, uint64_t width, size_t count);
void timeline_release(struct timeline *timeline);

#endif
