#ifndef TPROF_SOURCE_PERF_RECORD_H
#define TPROF_SOURCE_PERF_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "resolve/event.h"

/*
 * The records of perf events, from a ring of the kernel or from a file.
 * Their contents are not trusted: nothing outside a record is read, and
 * what is cut short is refused.
 */

/* Which fields the records of a perf event carry. */
struct perf_layout {
	/* PERF_SAMPLE_*, up to CALLCHAIN, and both or none of REGS_USER and STACK_USER. */
	uint64_t sample_type;
	bool id_everywhere;	/* records other than samples end in id fields too */
	unsigned max_chain;	/* addresses after which the kernel stops a callchain */
};

enum { PERF_CHAIN_MAX = 1024 };

/*
 * The registers that samples with REGS_USER carry, as in attr.sample_regs_user
 * of x86-64: all that a walk may need, PERF_REGISTERS of them.
 */
enum { PERF_REGISTERS_MASK = 0xff01ff, PERF_REGISTERS = 17 };

/* What a decoded event points to that is not as such in the record. */
struct perf_scratch {
	uint64_t ip[PERF_CHAIN_MAX];
	struct unwind_registers registers;
	char build_id[41];
};

/*
 * Decode one record.  Returns false for those that say nothing to us and
 * for malformed ones.  The event points into the record and the scratch.
 * A LOST record counts as records: it doesn't tell what was lost.
 */
bool perf_record_decode(struct bytes record, const struct perf_layout *layout,
			struct perf_scratch *scratch, struct event *event);

#endif
