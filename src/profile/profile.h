#ifndef TPROF_PROFILE_PROFILE_H
#define TPROF_PROFILE_PROFILE_H

/*
 * What was measured.  Tables of small records that refer to each other by
 * position.  The tables only grow, so an id stays valid within a
 * generation of the profile, and no record knows how it is shown.
 *
 *	sum -> stack -> stack -> ... -> 0
 *	         |
 *	         v
 *	     location -> frames -> function
 *	         |                     |
 *	         +----> binary <-------+
 *
 * Entry 0 of each table means "none": the empty string, the unknown
 * function, the stack without callers.  A zeroed record is thus valid.
 * (Sums, slices and series start at 0: nothing refers to them.)
 * The id of a caller's stack is always smaller than those of its callees.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/hash_index.h"
#include "base/quantity.h"

typedef uint32_t string_id;
typedef uint32_t binary_id;
typedef uint32_t function_id;
typedef uint32_t location_id;
typedef uint32_t stack_id;
typedef uint32_t thread_id;
typedef uint32_t metric_id;

enum binary_kind { BINARY_FILE, BINARY_KERNEL, BINARY_MODULE, BINARY_VDSO, BINARY_ANONYMOUS };

struct binary {
	string_id path;		/* or "[kernel]", "[vdso]", "[anon]" */
	string_id name;		/* last part of the path */
	string_id identity;	/* tells files of the same path apart: build id or device:inode */
	enum binary_kind kind;
};

enum function_flags {
	FUNCTION_PLACEHOLDER	= 1 << 0,	/* stands for code not named (yet): "[libc.so.6]" */
	FUNCTION_KERNEL		= 1 << 1,
	FUNCTION_BOTTOM		= 1 << 2,	/* a stack may end here: _start, ... */
	FUNCTION_OTHER		= 1 << 3,	/* "[other]": what was too light to keep apart */
	FUNCTION_TRUNCATED	= 1 << 4,	/* "[truncated: ...]": above the rest of a stack */
};

/* How it is known how a stack ended. */
enum stack_end {
	STACK_BY_NAME,		/* a walk by frame pointers: its outermost function's name tells */
	STACK_COMPLETE,		/* unwind information says outermost */
	STACK_FRAME_POINTER,	/* frame pointers came to their end; they may have missed frames */
	STACK_TRUNCATED,	/* profile_truncation() is outermost, and tells why */
};

enum truncation {
	TRUNCATED_NO_FRAME_POINTER,	/* the walk ended somewhere else */
	TRUNCATED_FRAME_LIMIT,		/* deeper than what is recorded */
	TRUNCATED_NO_USER_STACK,	/* only kernel frames, of a task that has user code */
	TRUNCATED_NOT_NAMED,		/* the bottom has no name, so it can't be told */
	TRUNCATED_NO_MAPPING,		/* returns to where no code is */
	TRUNCATED_NO_ROWS,		/* code without unwind information, nor frame pointer */
	TRUNCATED_NOT_READY,		/* unwind information that came too late */
	TRUNCATED_UNREADABLE,		/* stack that could not be read */
	TRUNCATED_IMPLAUSIBLE,		/* the caller's frame would lie below */
	TRUNCATED_UNSUPPORTED,		/* unwind information of a kind not known here */
	TRUNCATED_DUMP_TOO_SHORT,	/* the copy of the stack ends before the stack does */
	TRUNCATED_32_BIT,		/* a program of 32 bits */
	TRUNCATIONS
};
/* "no-rows", ... in reports; "" when there is no such reason. */
const char *truncation_name(enum truncation reason);
/* "no unwind information", ... for people. */
const char *truncation_text(enum truncation reason);
/* The reason in "[truncated: no unwind information]"; TRUNCATIONS: none of ours. */
enum truncation truncation_find(const char *function);

/* Functions of the same name in different binaries are different. */
struct function {
	string_id name;		/* demangled */
	string_id file;
	uint32_t line;		/* where it is defined, 0 if unknown */
	binary_id binary;
	unsigned flags;
};

/* One row of a call tree: a function, and the line it was executing. */
struct frame {
	function_id function;
	uint32_t line;
};

/*
 * A place in code.  Starts with one frame, the placeholder function of its
 * binary.  Symbolizing replaces that by the function there, preceded by
 * the functions inlined into it, innermost first.
 */
struct location {
	uint64_t address;	/* offset in the file; of kernel and anonymous code the address */
	binary_id binary;
	uint32_t first_frame;
	uint16_t frame_count;
	bool symbolized : 1;	/* tried, even when nothing was found */
	bool named : 1;		/* known by its frames alone: no address, never asked for */
	bool guessed : 1;	/* reached without unwind information: maybe not the caller */
	bool outermost : 1;	/* of a STACK_BY_NAME: its name tells whether it is whole */
	stack_id first_stack;	/* the oldest stack that has this location, 0: none yet */
};

/* A call stack is a path in a tree: its last location, and its caller. */
struct stack {
	stack_id caller;
	location_id location;
};

struct thread {
	pid_t pid, tid;
	string_id name;		/* of the thread */
	string_id process;	/* the name of its process */
	bool exited;
};

struct metric {
	string_id name;		/* "cpu-clock", "cycles" */
	enum unit unit;		/* of weights */
};

/* Samples that are alike but for their time within a slice. */
struct sum {
	uint64_t weight;	/* in the unit of the metric */
	uint64_t samples;
	stack_id stack;
	uint32_t thread : 24;	/* thread_id */
	uint32_t metric : 6;	/* metric_id */
	uint32_t end : 2;	/* enum stack_end */
};

/* A stretch of time; its sums are those up to the first one of the next slice. */
struct slice {
	uint64_t from, until;	/* nanoseconds of clock_now(), 0 for files without time */
	size_t first_sum;
	uint64_t weight, samples;	/* of metric 1 */
};

struct point {
	uint64_t time, value;
};

/* Only grows and has a rate; or goes up and down. */
enum series_kind { SERIES_TOTAL, SERIES_LEVEL };

/* A value over time: a counter, resident memory, the number of threads. */
struct series {
	string_id name;		/* as perf stat names it: "task-clock" */
	enum unit unit;
	enum series_kind kind;
	bool supported;		/* false: no value at all, reason says why */
	bool scaled;		/* multiplexed: estimated from the time it ran */
	string_id reason;	/* why not supported, or where the value comes from */
	uint64_t value;		/* the last one */
	array(struct point) point;	/* a bounded history, oldest first */
};

/* What the kernel did not do on a CPU. */
struct cpu_losses {
	uint64_t lost;		/* samples it could not deliver */
	uint64_t throttled;	/* times it slowed sampling down */
};

/* Read the tables freely; change them only through profile_*(). */
struct profile {
	array(struct binary) binary;
	array(struct function) function;
	array(struct frame) frame;
	array(struct location) location;
	array(struct stack) stack;
	array(struct thread) thread;
	array(struct metric) metric;
	array(struct sum) sum;		/* of sealed slices only */
	array(struct slice) slice;	/* sealed ones */
	array(struct series) series;
	/* The locations that got frames, and outermost ones that will get none, in that order. */
	array(location_id) named;

	uint64_t samples, weight;	/* of metric 1, in sealed slices */
	array(struct cpu_losses) cpu;	/* by number, as far as there were any */
	uint64_t lost, throttled;	/* of all CPUs */
	uint64_t lost_names;		/* sideband records lost: names may be missing */
	uint64_t merged;		/* times it was made smaller to stay in its budget */
	unsigned generation;		/* changes when ids of sums, locations or stacks do */

	struct profile_index *index;
};

struct profile *profile_new(void);
void profile_free(struct profile *profile);
/*
 * To be read without those who change the original in the way: what is
 * sealed, ids and all.  Nothing may be added.  Takes a millisecond for
 * some MB, and less memory than the original.
 */
struct profile *profile_copy(const struct profile *profile);

/*
 * Return the id of the entry, adding it when the table lacks it.  Strings
 * are copied.
 */
string_id profile_add_string(struct profile *profile, const char *text);
string_id profile_add_text(struct profile *profile, const char *text, size_t len);
binary_id profile_add_binary(struct profile *profile, const char *path,
			     const char *identity, enum binary_kind kind);
/* Keyed by name and binary; file, line and flags are kept from the first. */
function_id profile_add_function(struct profile *profile, const struct function *function);
/* The function that stands for what is not named in a binary: "[name]". */
function_id profile_placeholder(struct profile *profile, binary_id binary);
location_id profile_add_location(struct profile *profile, binary_id binary, uint64_t address);
/* The same place, but a location of its own: see struct location. */
location_id profile_add_guessed_location(struct profile *profile, binary_id binary,
					 uint64_t address);
location_id profile_add_outermost_location(struct profile *profile, binary_id binary,
					   uint64_t address);
/* The outermost of all stacks that are truncated for that reason. */
location_id profile_truncation(struct profile *profile, enum truncation reason);
/* Its function, 0 when there is none yet. */
function_id profile_truncation_function(const struct profile *profile, enum truncation reason);
/* A location that never had an address, as in folded files. */
location_id profile_add_named_location(struct profile *profile, struct frame frame);
stack_id profile_add_stack(struct profile *profile, stack_id caller, location_id location);
/* Always a new thread: the number alone may be used again. */
thread_id profile_add_thread(struct profile *profile, pid_t pid, pid_t tid, const char *name);
/*
 * The thread exited.  Its id stays valid until the generation changes;
 * after that it may be another's.
 */
void profile_end_thread(struct profile *profile, thread_id thread);
void profile_name_thread(struct profile *profile, thread_id thread, const char *name,
			 const char *process);
metric_id profile_add_metric(struct profile *profile, const char *name, enum unit unit);

/* Do stacks end properly at a function of that name?  Then it is a FUNCTION_BOTTOM. */
bool profile_is_bottom(const char *name);

struct sample {
	uint64_t time;
	uint64_t weight;
	uint64_t samples;	/* usually 1 */
	stack_id stack;
	thread_id thread;
	metric_id metric;	/* 0: the first */
	enum stack_end end;
};

/*
 * Add to the open slice.  It shows in the tables from profile_seal() on,
 * which those who read call just before; until is the time of sealing.
 * Sealed sums never change within a generation.
 */
void profile_add_sample(struct profile *profile, const struct sample *sample);
void profile_seal(struct profile *profile, uint64_t until);
/*
 * Samples of a moment ago are still to come: so that they are not in the
 * wrong slice, sealing does nothing for a second at most.
 */
void profile_hold(struct profile *profile, bool hold);
void profile_add_losses(struct profile *profile, uint16_t cpu, struct cpu_losses losses);
/* Forget all samples but keep what is known of threads, binaries, names. */
void profile_zero(struct profile *profile);

/* Give a location its frames, innermost first.  May be repeated: better names come later. */
void profile_set_frames(struct profile *profile, location_id location,
			const struct frame *frames, size_t count);

size_t profile_add_series(struct profile *profile, const char *name, enum unit unit,
			  enum series_kind kind);
/* A new value; also makes the series supported. */
void profile_add_point(struct profile *profile, size_t series, uint64_t time, uint64_t value);

/*
 * Keep the profile within a number of bytes, the analyses of it included
 * (estimated per entry).  First the oldest slices merge, then light threads
 * that exited become one, "[exited threads]"; then the stacks are rebuilt:
 * addresses become functions, the lightest paths "[other]".  Totals stay
 * exact.  Cheap when there is nothing to do; call it often.
 *
 * When the generation changed, ids of stacks, locations, frames and sums
 * that others keep are void, and so are those of threads that exited; ids
 * of strings, binaries, functions, metrics, series and living threads stay.
 * Locations that were not symbolized yet keep their address, so they can
 * be found again and asked for.
 *
 * A quarter of the bytes is for names and the tables they key.  When that
 * is full, new strings become "[too many names]", new functions the one
 * function of that name, and new binaries 0.
 */
void profile_limit(struct profile *profile, uint64_t bytes);
uint64_t profile_bytes(const struct profile *profile);

const char *profile_string(const struct profile *profile, string_id id);
const char *profile_function_name(const struct profile *profile, function_id id);

#endif
