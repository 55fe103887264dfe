#ifndef TPROF_SOURCE_PERF_OPEN_H
#define TPROF_SOURCE_PERF_OPEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "source/perf_record.h"
#include "source/source.h"

/*
 * How to sample on this machine, with our rights: which event, whole CPUs
 * or single threads, with or without the kernel's own code.
 */
struct perf_plan {
	char event[32];		/* "cpu-clock", "cycles:u" */
	uint32_t type;		/* PERF_TYPE_* */
	uint64_t config;
	enum unit unit;
	unsigned frequency;	/* 0: each one is a sample, they are rare */
	bool user_only;
	bool per_cpu;		/* whole CPUs; otherwise thread by thread */
	bool threads_only;	/* children processes are not followed */
	unsigned lacking;	/* what this kernel's perf events do not know yet */
	enum call_graph call_graph;
	unsigned stack_bytes;	/* copied with each sample for CALL_GRAPH_AUTO; may change */
	size_t ring_bytes;	/* of each CPU */
	struct perf_layout layout;
	array(unsigned) cpu;	/* that are online */
};

/*
 * Choose by trying.  What the target asks for by name is never replaced;
 * each step down is told in the facts.  pid: whom to try on when whole
 * CPUs are refused.
 */
bool perf_plan_make(struct perf_plan *plan, const struct target *target, pid_t pid,
		    struct source_facts *facts, struct error *error);
void perf_plan_release(struct perf_plan *plan);
/* Do samples carry registers and a copy of the stack? */
bool perf_plan_copies_stacks(const struct perf_plan *plan);
/* Are lost samples counted per event? */
bool perf_plan_counts_lost(const struct perf_plan *plan);

enum perf_start { PERF_START_OFF, PERF_START_NOW, PERF_START_ON_EXEC };

/*
 * Open one event; returns a descriptor or -1 and errno.  Sampling a pid
 * (not -1) also reports its mappings and forks, and is inherited.
 */
int perf_open_sampling(const struct perf_plan *plan, pid_t pid, unsigned cpu,
		       enum perf_start start);
/* Samples nothing, reports mappings, names, forks and exits; pid -1: of all on the CPU. */
int perf_open_sideband(const struct perf_plan *plan, pid_t pid, unsigned cpu);

/*
 * The same of one that copies stacks of our own: 0 or errno.  Also how much of
 * each it would copy at most, and the size of the rings.
 */
int perf_open_try_stacks(unsigned *stack_bytes, size_t *ring_bytes);
/* The kernel's answer to a bare attempt: 0 or errno.  For tprof doctor. */
int perf_open_try(uint32_t type, uint64_t config, pid_t pid, int cpu, bool kernel);

#endif
