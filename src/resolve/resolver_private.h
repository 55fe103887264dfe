#ifndef TPROF_RESOLVE_RESOLVER_PRIVATE_H
#define TPROF_RESOLVE_RESOLVER_PRIVATE_H

/* The inside of a resolver.  Only src/resolve includes this. */

#include "resolve/code.h"
#include "resolve/naming.h"
#include "resolve/process_table.h"
#include "resolve/resolver.h"
#include "resolve/rows.h"
#include "resolve/waiting.h"

enum {
	MEMO_SLOTS = 1 << 12,
	ENDED_REMEMBERED = 64,
	KERNEL_FRAMES_MAX = 1024,
	WALK_MAX = KERNEL_FRAMES_MAX + UNWIND_FRAMES_MAX,
};

#define SECOND		UINT64_C(1000000000)
/* The lower half of addresses is for programs of 32 bits, whose vdso is another. */
#define END_OF_32_BITS	(UINT64_C(1) << 32)

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

	/* Unwind information. */
	struct rows *rows;
	bool wants_rows;
	unsigned known_count;		/* times that something was known of some code */
	array(uint32_t) known;		/* whose code is since that was told, with references */
	size_t changes_taken;		/* of the process table's */
	uint32_t round;
	array(struct code_range) range;	/* lent out; as of the mappings with that serial */
	uint32_t ranges_of;
	struct waiting_room waiting;
	unsigned known_last;		/* known_count when they were tried last */
	struct dump_facts dumps;
	uint64_t walk[WALK_MAX];	/* addresses of one */

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

const struct mappings *owner_mappings(const struct owner *owner);

/* Addresses innermost first, as in events. */
struct walked {
	const uint64_t *ip;
	size_t count, kernel_count;
	enum unwind_end end;
};

/* code.c: what is known of code. */
struct binary_place code_place(const struct resolver *resolver, const struct owner *owner,
			       const struct mapping *mapping);
/* Something was mapped there: get its rows if they are wanted. */
void code_want(struct resolver *resolver, const struct process *process, uint64_t address);
/* The rule at an address within a mapping. */
enum unwind_code code_find(struct resolver *resolver, const struct mapping *mapping,
			   uint64_t address, struct unwind_rule *rule);
/* A walk came to code whose rows are not there yet. */
void code_note_missing(struct resolver *resolver, const struct process *process,
		       uint64_t address);
/* For rows.h. */
void code_note_known(void *resolver, uint32_t mapped);

/* stacks.c: addresses to locations of the profile.  *end: how it ended. */
stack_id stacks_add(struct resolver *resolver, const struct owner *owner,
		    const struct walked *walked, enum stack_end *end);

/*
 * walks.c: adds the sample of a stack that is still to be walked, which is
 * complete but for its stack, at once or once the unwind information is there.
 */
void walks_take(struct resolver *resolver, const struct unwalked *of, struct sample *sample);
/* Those that waited, at a time on the clock of clock_now(). */
void walks_finish(struct resolver *resolver, uint64_t now);

/* tasks.c: threads of the profile, and their ends. */
thread_id tasks_find_thread(struct resolver *resolver, struct process *process, pid_t tid);
/* Of a sample that waited while ids of threads changed. */
thread_id tasks_find_late(struct resolver *resolver, const struct waiting *waiting);
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
