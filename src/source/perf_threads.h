#ifndef TPROF_SOURCE_PERF_THREADS_H
#define TPROF_SOURCE_PERF_THREADS_H

#include "base/hash_index.h"
#include "base/progress.h"
#include "resolve/event.h"
#include "source/perf_set.h"
#include "source/process_scan.h"

/*
 * Attaching thread by thread, exactly.  Events are inherited by threads
 * that start later, so a thread that starts during the attach may have
 * inherited events and get its own as well.  From the moment it has its
 * own, only their samples count; what comes by inherited ones is the same
 * seen twice.
 */
struct perf_thread {
	pid_t tid;
	uint64_t opened;	/* since when its own events run */
	bool ended;		/* its number may be used again */
};

struct perf_threads {
	array(struct perf_thread) thread;	/* entry 0 is none */
	array(struct perf_event_owner { uint64_t id; uint32_t thread; }) event;	/* same */
	struct hash_index thread_index, event_index;
	uint64_t since;		/* when all were attached: samples count from here */
	bool replacing;		/* only events that are known here count */
	struct perf_threads *next;	/* takes over at its since */
};

void perf_threads_init(struct perf_threads *threads);
void perf_threads_release(struct perf_threads *threads);

/*
 * Open events for all threads of the processes, and of their living
 * descendants unless no_follow, looking again until nothing new shows up.
 * The events run at once, as starting them in a second step takes as long
 * as opening; but only samples made after the last was opened count.
 * Counts threads in progress, which may be NULL; ECANCELED when cancelled.
 */
bool perf_threads_attach(struct perf_threads *threads, struct perf_set *set,
			 const struct target *target, struct progress *progress,
			 struct error *error);

/*
 * The same with new events, as the plan is now, for threads that are sampled
 * already.  They take over at one moment, and the events of before are
 * closed.  When that fails all stays as it is.
 */
bool perf_threads_replace(struct perf_threads *threads, struct perf_set *set,
			  const struct target *target, struct error *error);

/* A thread's own events, and since when they run.  For perf_threads_attach() and tests. */
void perf_threads_add(struct perf_threads *threads, pid_t tid, uint64_t opened,
		      const struct perf_member *member, size_t count);

/* To be asked about every event, in order of time: does it count? */
bool perf_threads_accept(struct perf_threads *threads, const struct event *event);

#endif
