#ifndef TPROF_SOURCE_PERF_LIVE_H
#define TPROF_SOURCE_PERF_LIVE_H

#include "base/progress.h"
#include "source/source.h"

/*
 * Samples from perf events, now.  With the rights for it one event per
 * CPU, filtered by process in the resolver; else one per thread and CPU,
 * inherited, sharing a ring per CPU.  Gives up in steps what the kernel
 * refuses, and notes each step in the facts.
 *
 * launched: the pid of a program held before its exec, or 0.  The resolver
 * and the facts are used until the source is closed: notices may be added
 * later.  Adds the metric of the samples to the profile.  The end of the
 * source is the end of all processes that the resolver watches.
 *
 * progress, which may be NULL, is of the threads that are attached to one
 * by one; where it is cancelled error.code is ECANCELED.
 */
struct source *perf_live_open(const struct target *target, pid_t launched,
			      struct resolver *resolver, struct profile *profile,
			      struct source_facts *facts, struct progress *progress,
			      struct error *error);

#endif
