#ifndef TPROF_ANALYZE_THREADS_H
#define TPROF_ANALYZE_THREADS_H

#include "analyze/trend.h"

/* A thread, or those of one name or process taken together. */
struct thread_row {
	pid_t pid, tid;		/* 0 where they differ or are not known */
	string_id name;		/* of the thread; of a process its own */
	string_id process;	/* its name */
	size_t threads, exited;	/* how many it stands for, and how many of those ended */
	struct amount all;	/* of what the query selects, but of all threads */
	struct amount lately;	/* of the last second or so, whatever the query */
	struct change change;	/* of the threads that the query selects */
	function_id hottest;	/* the most self weight */
	struct amount hottest_self;
	struct thread_choice choice;	/* what selects it in a query */
};

enum { THREAD_BUCKETS = 40 };

struct threads {
	array(struct thread_row) row;	/* in order of their first thread */
	struct amount whole;
	uint64_t lately;		/* nanoseconds that lately is about */
	/*
	 * Weight (samples where there is none) over time, THREAD_BUCKETS for
	 * each row, whatever the query.  Aligned to multiples of the width,
	 * so that they move and do not shimmer; the last may not be full.
	 */
	array(double) history;
	bool weighed;			/* it is weight */
	uint64_t from, width;		/* nanoseconds */
	size_t full;			/* so many of the buckets will not change any more */
	struct threads_private *private;
};

struct threads *threads_new(void);
void threads_free(struct threads *threads);
/*
 * What the tree has taken in of the profile, by its query; now is
 * clock_now(), or when measuring ended.  Does nothing while the tree is of
 * another generation.  Costs what comes into the query's time and what
 * leaves it, the sums of the last seconds for the history, and a pass over
 * the different innermost locations of each thread.  The trend is of
 * threads, and lent until the next update; or NULL.
 */
void threads_update(struct threads *threads, const struct profile *profile,
		    const struct calltree *tree, const struct query *query,
		    const struct trend *trend, enum threads_by by, uint64_t now);
/*
 * Rows of another kind, of the moment of the last update.  False, and they
 * stay, when the generation of the profile has changed since.
 */
bool threads_group(struct threads *threads, const struct profile *profile, enum threads_by by);

#endif
