#ifndef TPROF_PROFILE_QUERY_H
#define TPROF_PROFILE_QUERY_H

#include "base/error.h"
#include "profile/profile.h"

/*
 * Which samples to look at, and what makes two frames the same.  Zoom,
 * filters and transforms change this and nothing else.  A zeroed query
 * means everything.
 */
struct query {
	metric_id metric;		/* 0: the first */
	uint64_t from, until;		/* slices with their middle there; until 0 is no limit */
	array(thread_id) thread;	/* none listed: all */
	char *keep;			/* only stacks with a function that fits this, NULL: all */
	bool inverted;			/* callers below callees */
	bool hide_kernel;		/* without kernel frames; the time stays with the caller */
};

/* The regular expression of "keep": see base/pattern.h. */
bool query_set_keep(struct query *query, const char *pattern, struct error *error);
bool query_selects(const struct query *query, const struct sum *sum);
bool query_equal(const struct query *a, const struct query *b);
void query_copy(struct query *to, const struct query *from);
void query_release(struct query *query);

#endif
