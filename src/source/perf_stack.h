#ifndef TPROF_SOURCE_PERF_STACK_H
#define TPROF_SOURCE_PERF_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/privilege.h"

/*
 * How much of a program's stack the kernel copies with each sample, and the
 * rings that this goes through.  Copies that are too short grow, those that
 * are far too long shrink: they cost time, and may not fit in a ring.
 */
enum {
	PERF_STACK_MIN = 8 << 10,
	PERF_STACK_FIRST = 32 << 10,
	PERF_STACK_MAX = 65528,		/* that the kernel takes */
};

/* Bytes of a ring for each of so many CPUs: as many as are of use, and allowed. */
size_t perf_stack_ring(const struct privilege *privilege, size_t cpus);
/*
 * The longest copy of which such a ring holds enough, and the longest that
 * makes sense at all: of those some will be lost.
 */
unsigned perf_stack_fitting(size_t ring_bytes);
unsigned perf_stack_longest(size_t ring_bytes);

struct perf_stack {
	unsigned bytes;			/* copied now */
	unsigned least, most;
	unsigned fitting;		/* longer ones have to be worth it */
	/* What was seen of copies since the last change: */
	uint64_t since;
	uint64_t walked, too_short;
	size_t deepest;			/* bytes that were needed of one */
};

/* Add to what was seen. */
void perf_stack_note(struct perf_stack *stack, uint64_t walked, uint64_t too_short,
		     size_t deepest);
/* How many bytes there should be from now on.  Looking again starts when they change. */
unsigned perf_stack_adapt(struct perf_stack *stack, uint64_t now);

#endif
