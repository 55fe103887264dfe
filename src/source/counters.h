#ifndef TPROF_SOURCE_COUNTERS_H
#define TPROF_SOURCE_COUNTERS_H

#include "source/source.h"

/*
 * Counts beside the samples, in the manner of perf stat, kept as series of
 * the profile.  What can't be counted says so and why; there is never a
 * false 0.
 *
 * Counted by perf events where the kernel lets us, which miss no child and
 * no thread; else, and for what has no event, by source/usage.h.
 */
struct counters;

/* launched: a program held before its exec, with which counting starts; or 0. */
struct counters *counters_open(const struct target *target, pid_t launched,
			       struct profile *profile);
/*
 * Take a reading; pids are the processes measured now.  Called with the
 * session locked; at most a few ms.
 */
void counters_read(struct counters *counters, const pid_t *pid, size_t count, uint64_t now);
/*
 * The last reading, which looks at all threads; with no pids if it comes
 * after a launched program was waited for: then all is exact.  What could
 * never be read says so.
 */
void counters_finish(struct counters *counters, const pid_t *pid, size_t count, uint64_t now);
/* Count from the last reading on, and forget the history. */
void counters_zero(struct counters *counters);
void counters_close(struct counters *counters);

#endif
