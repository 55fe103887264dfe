#ifndef TPROF_SOURCE_COUNTERS_H
#define TPROF_SOURCE_COUNTERS_H

#include "source/source.h"

/*
 * Counts beside the samples, in the manner of perf stat, kept as series of
 * the profile.  What can't be counted says so and why; there is never a
 * false 0.
 */
struct counters;

struct counters *counters_open(const struct target *target, pid_t launched, struct profile *profile);
/* Take a reading; pids are the processes measured now.  Called with the session locked; at most a few ms. */
void counters_read(struct counters *counters, const pid_t *pid, size_t count, uint64_t now);
void counters_close(struct counters *counters);

#endif
