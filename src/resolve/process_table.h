#ifndef TPROF_RESOLVE_PROCESS_TABLE_H
#define TPROF_RESOLVE_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "profile/profile.h"
#include "resolve/binary.h"

/*
 * The processes that are followed, their threads, and what they have
 * mapped.  A process goes when its last thread ends.  There are never more
 * than PROCESSES_MAX: the oldest makes room.
 */
enum {
	PROCESSES_MAX = 1 << 16,
	MAPPINGS_MAX = 1 << 16,		/* of a process; as many as the kernel allows */
	ALL_MAPPINGS_MAX = 1 << 20,
	COMM_MAX = 16,
	CHANGES_MAX = 2 * PROCESSES_MAX,
	REPLACED_MAX = 32,
};

struct mapping {
	uint64_t start, end, offset;
	uint32_t mapped : 31;		/* in the mapped_table */
	/* Other code was there a moment ago, and may be again before that is told. */
	uint32_t unsettled : 1;
};

/* Shared by a process and its children until one of them changes it. */
struct mappings {
	uint32_t refs;
	uint32_t serial;		/* another one after each change */
	uint32_t looked_at;		/* in which round, and what was seen then: for code.c */
	bool stale;
	array(struct mapping) at;	/* by address, without overlaps */
};

/* Other code came to where some was told of; times are those of events. */
struct replaced {
	uint64_t start, end;
	uint64_t since, until;		/* when that was told in its turn; UINT64_MAX: not yet */
};

struct task {
	pid_t tid;
	thread_id thread;		/* in the profile, 0: no sample yet */
	char name[COMM_MAX];		/* "": not known */
};

enum watch {
	WATCH_NOT,
	WATCH_FROM_EXEC,		/* counts when it runs another program */
	WATCH_NOW,
};

struct process {
	pid_t pid, parent;		/* parent 0: not known */
	uint64_t since;			/* when it was there: a later fork is of another process */
	uint64_t gone;			/* when it was found missing, 0: it was not */
	enum watch watch;
	char name[COMM_MAX];		/* "": not known */
	array(struct task) task;	/* by tid */
	struct mappings *mappings;	/* never NULL */
	bool maps_known;		/* all since its start or exec, or read */
	uint64_t maps_again;		/* not to be read before that time */
	uint64_t maps_pause;		/* how long to wait the next time */
	bool changed;			/* its code, since that was told; in table->changed */
	bool told;
	array(struct replaced) replaced;	/* lately, oldest first */
	uint64_t settled;		/* when mappings will be, 0: they are; in clock_now() */
	struct process *next;		/* in its bucket */
	struct process *older, *newer;
};

enum { PROCESS_BUCKETS = 4096 };

struct process_table {
	struct process *bucket[PROCESS_BUCKETS];
	struct process *oldest, *newest;
	size_t count, watched, watched_tasks, mapping_count;
	uint32_t serial;
	struct mapped_table *mapped;	/* lent */
	uint64_t time;			/* of the event that is being taken */
	bool noting;			/* the two below */
	array(pid_t) changed;		/* whose code is another now */
	array(pid_t) gone;		/* of those whose code was told */
	size_t unsettled;		/* processes */
};

void process_table_init(struct process_table *table, struct mapped_table *mapped);
void process_table_release(struct process_table *table);

struct process *process_find(const struct process_table *table, pid_t pid);
/* Must not be there yet.  Without threads. */
struct process *process_add(struct process_table *table, pid_t pid, uint64_t since);
void process_drop(struct process_table *table, struct process *process);
void process_set_watch(struct process_table *table, struct process *process, enum watch watch);
void process_set_name(struct process *process, const char *name);

/* The task is lent until the next change of the process's tasks. */
struct task *process_find_task(const struct process *process, pid_t tid);
struct task *process_add_task(struct process_table *table, struct process *process, pid_t tid);
void process_drop_task(struct process_table *table, struct process *process, pid_t tid);
void task_set_name(struct task *task, const char *name);

/* Takes a reference to what is mapped.  What was there before is no more. */
void process_map(struct process_table *table, struct process *process, struct mapping mapping);
void process_unmap_all(struct process_table *table, struct process *process);
/* Have the same mapped as another process. */
void process_copy_mappings(struct process_table *table, struct process *process,
			   const struct process *from);
const struct mapping *process_find_mapping(const struct process *process, uint64_t address);
/* Its code is another now. */
void process_note_change(struct process_table *table, struct process *process);

/* Its code was told, at a time; until then what was replaced was not known elsewhere. */
void process_note_told(struct process *process, uint64_t now);
/* Forget what is unsettled where nothing was replaced for a while. */
void process_table_settle(struct process_table *table, uint64_t now);
/* Whoever walked through that address at that time took it for other code. */
bool process_was_replaced(const struct process *process, uint64_t address, uint64_t time);

/* What was mapped at some time stays as it was while there is a reference to it. */
struct mappings *mappings_ref(struct mappings *mappings);
void mappings_unref(struct process_table *table, struct mappings *mappings);
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

#endif
