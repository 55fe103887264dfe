#ifndef TPROF_ANALYZE_QUALITY_H
#define TPROF_ANALYZE_QUALITY_H

#include "profile/profile.h"

/* With less of them any share is rough: half of 20 is anything from 28 to 72 %. */
enum { FEW_SAMPLES = 20 };

/* Of stacks that end too early, which code they come from last. */
struct quality_stop {
	uint64_t samples, reason[TRUNCATIONS];
	string_id process;	/* that ran it; several: 0 */
	bool several;
};

/*
 * How stacks ended, in samples, of everything measured.  complete: unwind
 * information says outermost (or a kernel thread's name).  frame_pointer:
 * a frame-pointer walk to a known bottom such as __libc_start_call_main,
 * which may have missed frames.  truncated: the rest, with a reason.
 */
struct quality {
	uint64_t complete, frame_pointer, truncated;
	uint64_t reason[TRUNCATIONS];
	uint64_t guessed;		/* of all: with a guessed frame in their stack */
	array(struct quality_stop) stop;	/* by binary_id */
	struct quality_private *private;
};

struct quality *quality_new(void);
void quality_free(struct quality *quality);
/* Costs what is new. */
void quality_update(struct quality *quality, const struct profile *profile);

#endif
