#ifndef TPROF_RESOLVE_RESOLVER_PRIVATE_H
#define TPROF_RESOLVE_RESOLVER_PRIVATE_H

/* The inside of a resolver.  Only src/resolve includes this. */

#include "resolve/naming.h"
#include "resolve/process_table.h"
#include "resolve/resolver.h"

enum { MEMO_SLOTS = 1 << 12, ENDED_REMEMBERED = 64 };

#define SECOND		UINT64_C(1000000000)

/* A place in code becomes a location of one of several kinds. */
typedef location_id add_location_fn(struct profile *profile, binary_id binary, uint64_t address);

/* Where an address was found last, while nothing was mapped anew. */
struct memo {
	uint64_t ip;
	add_location_fn *add;
	uint32_t serial;
	location_id location;		/* 0: the slot is empty */
};

/* A thread that ended a moment ago. */
struct ended {
	pid_t pid, tid;
	thread_id thread;	/* in the profile, 0: it had no sample */
};

struct resolver {
	struct sink sink;
	struct profile *profile;
	unsigned flags, generation;
	bool everything;
	struct mapped_table mapped;
	struct process_table processes;
	struct naming *naming;
	binary_id kernel, unknown;
	char trouble[160];
	struct ended ended[ENDED_REMEMBERED];
	size_t next_ended;
	size_t to_check;		/* processes, after records were lost */
	pid_t next_checked;
	uint64_t lost_at;
	struct memo memo[MEMO_SLOTS];
};

/* maps.c: what processes have mapped. */
void maps_add(struct resolver *resolver, struct process *process, const struct mapped *what,
	      struct mapping mapping);
/* From /proc, over what was known. */
bool maps_read(struct resolver *resolver, struct process *process);
void maps_note_unreadable(struct resolver *resolver, const struct process *process, int code);
/* For an address where nothing is known to be mapped: NULL if that stays so. */
const struct mapping *maps_look_again(struct resolver *resolver, struct process *process,
				      uint64_t address, uint64_t now);

/* stacks.c: addresses to locations of the profile.  *end: how it ended. */
stack_id stacks_add(struct resolver *resolver, struct process *process,
		    const struct event *event, enum stack_end *end);

/* tasks.c: threads of the profile, and their ends. */
thread_id tasks_find_thread(struct resolver *resolver, struct process *process, pid_t tid);
/* Of a thread that ended a moment ago, or NULL. */
struct ended *tasks_find_ended(struct resolver *resolver, pid_t pid, pid_t tid);
void tasks_remember_ended(struct resolver *resolver, pid_t pid, pid_t tid, thread_id thread);
/* The number is of another thread now. */
void tasks_forget_ended(struct resolver *resolver, pid_t pid, pid_t tid);
/* All threads of a process. */
void tasks_end_all(struct resolver *resolver, struct process *process);
void tasks_drop_process(struct resolver *resolver, struct process *process);
/* The record of an end may have been among the lost ones.  A few at a time. */
void tasks_check(struct resolver *resolver);

#endif
