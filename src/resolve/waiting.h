#ifndef TPROF_RESOLVE_WAITING_H
#define TPROF_RESOLVE_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/bytes.h"
#include "resolve/process_table.h"
#include "unwind/step.h"

/*
 * Samples whose stack leads through code of which the unwind information
 * is still being read.  They wait for it, but neither long nor in any
 * number, and see what was mapped when they were taken.
 */
enum { WAITING_BYTES_MAX = 32 << 20 };

#define WAITING_TIME_MAX	UINT64_C(2000000000)

/* Whose stack it is, and what was mapped when it was taken. */
struct owner {
	pid_t pid, tid, parent;
	struct process *process;	/* NULL: it is gone */
	struct mappings *mappings;	/* NULL: those of the process, as they are now */
	uint64_t time;
};

struct unwalked {
	struct owner owner;
	const struct unwind_registers *registers;
	struct bytes stack;		/* from the stack pointer on */
	bool whole;			/* nothing lies behind it */
	const uint64_t *kernel;		/* addresses, innermost first */
	size_t kernel_count;
};

struct waiting {
	struct unwalked of;		/* with a reference to the mappings, and no process */
	struct sample sample;		/* without its stack */
	unsigned generation;		/* of the profile, in which the thread's id is valid */
	char name[COMM_MAX], process[COMM_MAX];
	uint32_t lacks;			/* whose unwind information, in the mapped_table */
	uint64_t until;			/* when it is finished without */
};

struct waiting_room {
	array(struct waiting *) at;	/* oldest first */
	size_t bytes;
};

/* Keeps a copy, with all that it points to.  False: there is no room. */
bool waiting_add(struct waiting_room *room, const struct waiting *waiting);

/* last: it has waited long enough.  True: it is done with, and goes. */
typedef bool waiting_try_fn(void *context, struct waiting *waiting, bool last);
void waiting_work(struct waiting_room *room, struct process_table *processes, uint64_t now,
		  waiting_try_fn *try, void *context);
/* Drops all of them. */
void waiting_release(struct waiting_room *room, struct process_table *processes);

#endif
