#ifndef TPROF_RESOLVE_PROC_H
#define TPROF_RESOLVE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

/* What /proc tells of a running process.  Any of its threads will do for a tid. */

/* A line of /proc/PID/maps: what is mapped where. */
struct map_line {
	uint64_t start, end, offset;
	uint64_t device, inode;		/* 0 when not a file */
	bool executable;
	struct bytes path;		/* lent; no NUL at its end */
};

/* The next line that makes sense; those that don't are left out. */
bool map_line_take(struct bytes *in, struct map_line *line);

typedef void map_line_fn(void *context, const struct map_line *line);

/*
 * What is mapped to be executed.  The leader of a process may be gone while
 * another thread still has something mapped: *lines counts all lines read.
 * False with errno when there is no such thread or no right to see it.
 */
bool proc_read_maps(pid_t tid, map_line_fn *take, void *context, size_t *lines);

/* The name of a thread, cut to size; "" if there is no such thread. */
void proc_read_comm(pid_t tid, char *comm, size_t size);
/* The process that a thread is of; 0: no such thread. */
pid_t proc_read_owner(pid_t tid);

typedef void task_fn(void *context, pid_t tid);
/* All threads of a process.  False when there is none. */
bool proc_read_tasks(pid_t pid, task_fn *take, void *context);

#endif
