#ifndef TPROF_SOURCE_USAGE_H
#define TPROF_SOURCE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What processes used, as the kernel itself keeps account of it in /proc:
 * needs no rights, and costs the processes nothing.  Counted from the
 * first usage_read() on, also for processes that join or end later; of a
 * child that is not among those given, the use counts when its parent
 * waits for it.
 */
struct usage_values {
	uint64_t task_ns;	/* CPU time */
	uint64_t user_ns, system_ns;
	uint64_t minor, major;	/* page faults */
	uint64_t switches;	/* of the whole system only */
	uint64_t voluntary, involuntary;
	uint64_t rss, rss_peak;	/* bytes; of all processes together, now and at most */
	uint64_t threads;
};

struct usage;

/* no_children: what processes that are not given used does not count. */
struct usage *usage_new(bool no_children);
void usage_free(struct usage *usage);
/*
 * Look at the processes; those given before and not now have ended.  Of
 * very many threads the switches are looked at in turn, and are some looks
 * old.
 */
void usage_read(struct usage *usage, const pid_t *pid, size_t count, struct usage_values *values);
/* The same, but looks at all threads, however long that takes. */
void usage_read_all(struct usage *usage, const pid_t *pid, size_t count,
		    struct usage_values *values);

/* The same of the whole system, since boot; false if /proc does not tell. */
bool usage_read_system(struct usage_values *values);

/* Clock ticks since boot, as start times of processes are given. */
uint64_t usage_ticks_now(void);

#endif
