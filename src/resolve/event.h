#ifndef TPROF_RESOLVE_EVENT_H
#define TPROF_RESOLVE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "unwind/step.h"

/*
 * One thing that happened in the measured processes, as the kernel tells
 * it: addresses, not names.  Live perf, perf.data files and BPF all yield
 * these, so all that follows is common to them.
 */
enum event_type {
	EVENT_SAMPLE,
	EVENT_MAP,	/* code was mapped */
	EVENT_EXEC,	/* the process runs another program; name.text is its name */
	EVENT_FORK,	/* a process or a thread started */
	EVENT_NAME,	/* a thread took a name */
	EVENT_EXIT,	/* a thread ended */
	EVENT_LOST,	/* samples or other records did not fit in the ring */
	EVENT_THROTTLE,	/* the kernel slowed sampling down */
};

struct event {
	enum event_type type;
	uint64_t time;		/* on the clock of clock_now() */
	pid_t pid, tid;
	uint16_t cpu;

	/* Pointers are valid until the call that receives them returns. */
	union {
		struct {
			uint64_t weight;	/* nanoseconds of cpu-clock, cycles, ... */
			uint64_t id;		/* of the perf event that it came from */
			/*
			 * Innermost first: kernel, then user addresses.  Those of
			 * user space may be marked as UNWIND_GUESSED, UNWIND_EXACT.
			 */
			const uint64_t *ip;
			size_t ip_count, kernel_count;
			/* UNWIND_MORE: a walk by frame pointers, judged by the names in it. */
			enum unwind_end end;
			/*
			 * A stack still to be walked: the program's registers, and a
			 * copy of what lies from its stack pointer on.  ip has the
			 * kernel's part then.  NULL: none.
			 */
			const struct unwind_registers *registers;
			struct bytes stack;
			bool whole_stack;	/* not cut short: the stack itself ends there */
		} sample;
		struct {
			uint64_t start, size, offset;
			uint64_t device, inode;	/* 0 when not a file */
			uint64_t generation;	/* of the inode's number; 0: not known */
			const char *path;	/* or "[vdso]", "//anon", "" */
			const char *build_id;	/* hexadecimal, or NULL */
		} map;
		struct { pid_t parent_pid, parent_tid; } fork;
		struct { const char *text; } name;
		struct { uint64_t samples, records; } lost;
		struct { bool process; } exit;	/* true: all of its threads */
	};
};

/* Takes events in order of time. */
struct sink {
	void (*event)(struct sink *sink, const struct event *event);
};

#endif
