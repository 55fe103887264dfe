#ifndef TPROF_SOURCE_PERF_ADAPT_H
#define TPROF_SOURCE_PERF_ADAPT_H

#include "source/perf_stack.h"
#include "source/perf_threads.h"

/*
 * Gives the copies of stacks another length while they are made, when
 * those walked so far were too short or far too long.  A perf event keeps
 * its length for ever, so all are opened anew: whole CPUs miss the rest of
 * a period, threads have both until the new ones take over.
 */
struct perf_adapt {
	struct perf_plan *plan;
	struct perf_set *set;
	struct perf_threads *threads;
	struct resolver *resolver;
	struct source_facts *facts;	/* what changes is told there */
	bool no_follow;

	struct perf_stack stack;
	uint64_t last;			/* time of the last look */
	size_t told;			/* place behind the one notice, 0: none yet */
};

/* Called now and then; time is that of clock_now(). */
void perf_adapt_work(struct perf_adapt *adapt, uint64_t now);

#endif
