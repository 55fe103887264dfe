#include "base/progress.h"

#include <stdio.h>

#include "base/clock.h"

/* Work that takes less than the first is over before anyone could read of it. */
static const uint64_t first_look = 200000000u, next_look = 50000000u;

static void look(struct progress *progress)
{
	uint64_t now = clock_now();

	if (!progress->look_at)
		progress->look_at = now + first_look;
	if (now < progress->look_at)
		return;
	progress->look(progress);
	progress->look_at = clock_now() + next_look;
}

bool progress_step(struct progress *progress, uint64_t done, uint64_t total)
{
	if (!progress)
		return true;
	atomic_store(&progress->done, done);
	atomic_store(&progress->total, total);
	if (progress->look)
		look(progress);
	return !progress_is_cancelled(progress);
}

void progress_cancel(struct progress *progress)
{
	atomic_store(&progress->cancelled, true);
}

bool progress_is_cancelled(const struct progress *progress)
{
	return progress && atomic_load(&progress->cancelled);
}

void progress_share(char out[QUANTITY_MAX], uint64_t done, uint64_t total)
{
	unsigned percent = 99;

	*out = '\0';
	if (!total)
		return;
	if (done < total)
		percent = (unsigned)((unsigned __int128)done * 100 / total);
	snprintf(out, QUANTITY_MAX, "%u%%", percent);
}
