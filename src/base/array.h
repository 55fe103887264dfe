#ifndef TPROF_BASE_ARRAY_H
#define TPROF_BASE_ARRAY_H

#include <stddef.h>
#include <string.h>

#include "base/xalloc.h"

/*
 * A growable array of one type, used as a struct member:
 *
 *	struct profile { array(struct sample) sample; ... };
 *	array_push(&profile->sample, s);
 *	profile->sample.at[i].weight
 *
 * All zeroes is an empty array.  Elements move when it grows: keep the
 * position of an element, never its address.
 */
#define array(type) struct { type *at; size_t len, cap; }

#define array_push(a, value) \
	do { \
		array_reserve(a, 1); \
		(a)->at[(a)->len++] = (value); \
	} while (0)

#define array_reserve(a, extra) \
	((a)->at = xgrow((a)->at, (a)->len + (extra), &(a)->cap, \
			 sizeof *(a)->at))

/* Grow to at least count elements; the new ones are zero. */
#define array_extend(a, count) \
	do { \
		size_t array_count_ = (count); \
		if ((a)->len < array_count_) { \
			array_reserve(a, array_count_ - (a)->len); \
			memset((a)->at + (a)->len, 0, \
			       (array_count_ - (a)->len) * sizeof *(a)->at); \
			(a)->len = array_count_; \
		} \
	} while (0)

#define array_release(a) \
	(xfree((a)->at), (a)->at = NULL, (a)->len = (a)->cap = 0)

#endif
