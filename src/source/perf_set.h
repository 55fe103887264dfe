#ifndef TPROF_SOURCE_PERF_SET_H
#define TPROF_SOURCE_PERF_SET_H

#include "source/perf_open.h"
#include "source/perf_ring.h"

/*
 * The open perf events of a measurement, and the rings they write to: one
 * for each CPU, shared by all events there.  The ring belongs to a leader,
 * an event that samples nothing and lives as long as we do, so that the
 * end of a measured thread never takes a ring along.
 */
struct perf_cpu {
	unsigned cpu;
	int leader;
	struct perf_ring ring;
};

struct perf_member {
	int fd;
	uint64_t id;		/* as in the samples it makes */
	uint64_t lost;		/* told already */
	unsigned on;		/* its place in perf_set.cpu */
};

struct perf_set {
	const struct perf_plan *plan;
	array(struct perf_cpu) cpu;
	array(struct perf_member) member;	/* sampling events */
	array(uint64_t) leader_lost;		/* of each cpu, told already */
	array(uint64_t) lost;			/* samples on each cpu, not told yet */
};

/* Leaders and rings.  Says in the facts when rings had to be small. */
bool perf_set_open(struct perf_set *set, const struct perf_plan *plan, struct source_facts *facts,
		   struct error *error);
/* Bytes of the smallest ring. */
size_t perf_set_least_ring(const struct perf_set *set);
/*
 * A sampling event on each CPU: of all processes (-1), or of a thread and
 * what it starts.  All or none: on failure returns an errno.
 */
int perf_set_add(struct perf_set *set, pid_t pid, enum perf_start start);
/* Close the sampling events from the first up to the last, without it. */
void perf_set_drop(struct perf_set *set, size_t first, size_t last);
/* Of whole CPUs: new sampling events, as the plan is now, in place of those there are. */
bool perf_set_replace(struct perf_set *set);
/* Start or stop sampling; mappings, forks and exits are reported on. */
void perf_set_enable(struct perf_set *set, bool on);
/* See what was lost, as far as the kernel counts it.  Returns records since the last call. */
uint64_t perf_set_read_lost(struct perf_set *set);
/* Samples on the next CPU that lost some up to then; false: all are told. */
bool perf_set_take_lost(struct perf_set *set, uint16_t *cpu, uint64_t *samples);
void perf_set_close(struct perf_set *set);

#endif
