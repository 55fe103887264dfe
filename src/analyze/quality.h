#ifndef TPROF_ANALYZE_QUALITY_H
#define TPROF_ANALYZE_QUALITY_H

#include "profile/profile.h"

/*
 * How the stacks ended.  complete: unwind information says outermost (the
 * kernel's own threads here).  frame_pointer: a frame-pointer walk that
 * reached a known bottom such as __libc_start_call_main; it may have
 * missed frames.  truncated: the rest, with a reason.
 */
enum stack_end { STACK_COMPLETE, STACK_FRAME_POINTER, STACK_TRUNCATED };
enum truncation {
	TRUNCATED_NO_FRAME_POINTER,	/* the walk ended somewhere else */
	TRUNCATED_FRAME_LIMIT,		/* deeper than the kernel copies */
	TRUNCATED_NO_USER_STACK,	/* only kernel frames, of a task that has user code */
	TRUNCATED_NOT_NAMED,		/* the bottom has no name, so it can't be told */
	TRUNCATIONS
};
/* "no-frame-pointer", ... in reports */
const char *truncation_name(enum truncation reason);

/* With less of them any share is rough: half of 20 is anything from 28 to 72 %. */
enum { FEW_SAMPLES = 20 };

/* In samples, of everything measured. */
struct quality {
	uint64_t complete, frame_pointer, truncated;
	uint64_t reason[TRUNCATIONS];
	struct quality_private *private;
};

struct quality *quality_new(void);
void quality_free(struct quality *quality);
/* Costs what is new. */
void quality_update(struct quality *quality, const struct profile *profile);

#endif
