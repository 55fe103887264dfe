#ifndef TPROF_SOURCE_PROCESS_SCAN_H
#define TPROF_SOURCE_PROCESS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/strbuf.h"

/* Processes as /proc tells of them. */
struct process {
	pid_t pid, parent;
	char state;		/* R, S, D, T, t, Z, I, ... as in proc(5) */
	unsigned threads;
	uint64_t start;		/* clock ticks after boot: with the pid, identifies it */
	uint64_t ticks;		/* of CPU time used */
	char name[64];
};

struct pid_list {
	pid_t *at;
	size_t len, cap;
};

/* What stands in a stat file; false when that is malformed. */
bool process_parse(const char *text, struct process *process);
/* False when there is no such process, or no right to see it. */
bool process_read(pid_t pid, struct process *process);
bool process_read_thread(pid_t pid, pid_t tid, struct process *process);
/*
 * As process_read(), but the state is R when any of its threads runs: a
 * leader that waits for its workers does not make the process idle.
 */
bool process_read_activity(pid_t pid, struct process *process);
/* "running", "sleeping", "waiting for a device", "stopped", "ended", ... */
const char *process_state_word(char state);
/* Ended, even if its parent has not collected it yet. */
bool process_is_gone(const struct process *process);

/* The process's leader, or when that ended before others, one of those. */
pid_t process_living_thread(pid_t pid);

/* Of whom the kernel takes the process to be; false: no such process. */
bool process_owner(pid_t pid, uid_t *effective);
/* A thread's number gives its process; 0: no such thread. */
pid_t process_of_thread(pid_t tid);
/* Arguments with spaces between, or "[name]" for a kernel thread; not sanitized. */
void process_command_line(pid_t pid, struct strbuf *out);

/* Append all processes.  False when /proc can't be read. */
bool process_list(struct pid_list *list);
/* Append the threads of a process.  False when it is gone. */
bool process_threads(pid_t pid, struct pid_list *list);
/* Append all living descendants of the processes in the list. */
void process_descendants(struct pid_list *list);
/* The same among known processes. */
void process_add_descendants(struct pid_list *list, const struct process *all, size_t count);
bool pid_list_has(const struct pid_list *list, pid_t pid);

#endif
