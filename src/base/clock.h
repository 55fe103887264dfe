#ifndef TPROF_BASE_CLOCK_H
#define TPROF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * Nanoseconds of CLOCK_MONOTONIC.  Samples are stamped by the same clock
 * (perf_event_attr.clockid), so the two compare.
 */
static inline uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
