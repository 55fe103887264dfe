#ifndef TPROF_PROFILE_QUERY_H
#define TPROF_PROFILE_QUERY_H

#include "base/error.h"
#include "profile/profile.h"

/*
 * Some of the threads, told by what they are: threads come and get names
 * while one looks, so who belongs is judged anew each time.
 */
enum threads_by { THREADS_ALL, THREADS_ONE, THREADS_OF_NAME, THREADS_OF_PROCESS };
struct thread_choice {
	enum threads_by by;
	pid_t pid, tid;		/* of one: both; of a process: pid */
	string_id name;		/* of that name; of one without numbers too */
};

/*
 * Which samples to look at, and what makes two frames the same.  Zoom,
 * filters and transforms change this and nothing else.  A zeroed query
 * means everything.
 */
struct query {
	metric_id metric;		/* 0: the first */
	uint64_t from, until;		/* slices with their middle there; until 0: no limit */
	struct thread_choice threads;
	char *keep;			/* only stacks with a function that fits this, NULL: all */
	bool inverted;			/* callers below callees */
	bool hide_kernel;		/* without kernel frames; the time stays with the caller */
};

static inline uint64_t slice_middle(const struct slice *slice)
{
	return slice->from + (slice->until - slice->from) / 2;
}

/* The regular expression of "keep": see base/pattern.h. */
bool query_set_keep(struct query *query, const char *pattern, struct error *error);
bool query_selects(const struct query *query, const struct profile *profile,
		   const struct sum *sum);
bool query_has_slice(const struct query *query, const struct slice *slice);
bool thread_is_chosen(const struct thread_choice *choice, const struct thread *thread);
bool thread_choice_equal(const struct thread_choice *a, const struct thread_choice *b);
bool query_equal(const struct query *a, const struct query *b);
void query_copy(struct query *to, const struct query *from);
void query_release(struct query *query);

#endif
