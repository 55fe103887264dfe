#ifndef TPROF_BASE_PROGRESS_H
#define TPROF_BASE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/quantity.h"

/*
 * How far a long piece of work is.  Who does it calls progress_step() now
 * and then, and gives up when that says so; who waits for it looks at the
 * numbers, and may cancel it from another thread.
 */
struct progress {
	atomic_uint_least64_t done, total;	/* total 0: not known */
	atomic_bool cancelled;
	/*
	 * Where one thread does the work and waits for it: called by
	 * progress_step(), a few times a second.  May cancel; may be NULL.
	 */
	void (*look)(struct progress *progress);
	void *state;			/* for look() */
	uint64_t look_at;		/* clock_now() of the next one; 0: in a moment */
};

/* False: nobody wants it any more.  Cheap; NULL is work that nobody looks at. */
bool progress_step(struct progress *progress, uint64_t done, uint64_t total);
void progress_cancel(struct progress *progress);
bool progress_is_cancelled(const struct progress *progress);

/* "34%", rounded down: 100% is said of nothing that goes on.  "" if total is not known. */
void progress_share(char out[QUANTITY_MAX], uint64_t done, uint64_t total);

#endif
