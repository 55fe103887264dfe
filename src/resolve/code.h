#ifndef TPROF_RESOLVE_CODE_H
#define TPROF_RESOLVE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "unwind/table.h"
#include "unwind/walk.h"

/*
 * What the code of the followed processes is, for a source that walks
 * stacks elsewhere: in the kernel.
 */
struct resolver;

struct code_range {
	uint64_t start, end, offset;		/* as mapped */
	enum unwind_code kind;			/* not UNWIND_CODE_NONE */
	/* Of UNWIND_CODE_ROWS; keep it by unwind_table_ref(). */
	const struct unwind_table *table;
};

/* A process whose code is known now, is another now, or whose rows are there now. */
struct code_change {
	pid_t pid;
	bool gone;
	uint32_t serial;		/* processes of the same serial have the same code */
	const struct code_range *range;	/* sorted, without overlaps; lent until the next call */
	size_t count;
};

/*
 * The next process with a change since it was last given; several changes
 * are one.  False when there is none.  From the first call on changes are
 * noted: without one they cost nothing.
 */
bool resolver_take_code_change(struct resolver *resolver, struct code_change *change);

/*
 * Somewhere code took the place of other code a moment ago.  It is told as
 * UNWIND_CODE_PENDING for a while, since it may be replaced again.
 */
bool resolver_is_unsettled(const struct resolver *resolver);

/*
 * Begin to get the unwind information of all that is and will be mapped;
 * so do the first call of the above and the first sample with registers.
 */
void resolver_want_rows(struct resolver *resolver);

/*
 * All rows of what the process has mapped now are there, or will never be.
 * Not true of one that is still to run its program.
 */
bool resolver_has_rows(const struct resolver *resolver, pid_t pid);

/* Of the copies of stacks walked since it was asked last: to choose their size. */
struct dump_facts {
	size_t walked, too_short;
	size_t deepest;		/* bytes, of the one that needed most */
};
void resolver_take_dump_facts(struct resolver *resolver, struct dump_facts *facts);

/* Of unwind tables, for the Quality view. */
struct code_facts {
	size_t binaries, waiting, failed;	/* with rows, asked for, that have none */
	uint64_t rows, bytes;
};
void resolver_code_facts(const struct resolver *resolver, struct code_facts *facts);

#endif
