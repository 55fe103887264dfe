#include "profile/query.h"

#include "base/pattern.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool query_set_keep(struct query *query, const char *pattern, struct error *error)
{
	struct pattern *compiled = NULL;

	if (pattern && *pattern) {
		compiled = pattern_new(pattern, error);
		if (!compiled)
			return false;
	}
	xfree(query->keep);
	query->keep = compiled ? xstrdup(pattern) : NULL;
	pattern_free(compiled);
	return true;
}

bool thread_is_chosen(const struct thread_choice *choice, const struct thread *thread)
{
	switch (choice->by) {
	case THREADS_ALL:
		break;
	case THREADS_ONE:
		/* What stands for several has no numbers but a name. */
		return thread->pid == choice->pid && thread->tid == choice->tid &&
		       (thread->tid || thread->name == choice->name);
	case THREADS_OF_NAME:
		return thread->name == choice->name;
	case THREADS_OF_PROCESS:
		return thread->pid == choice->pid;
	}
	return true;
}

bool thread_choice_equal(const struct thread_choice *a, const struct thread_choice *b)
{
	return a->by == b->by && a->pid == b->pid && a->tid == b->tid && a->name == b->name;
}

bool query_selects(const struct query *query, const struct profile *profile,
		   const struct sum *sum)
{
	return sum->metric == (query->metric ? query->metric : 1) &&
	       thread_is_chosen(&query->threads, &profile->thread.at[sum->thread]);
}

bool query_has_slice(const struct query *query, const struct slice *slice)
{
	uint64_t middle = slice_middle(slice);

	return middle >= query->from && (!query->until || middle < query->until);
}

bool query_equal(const struct query *a, const struct query *b)
{
	return a->metric == b->metric && a->from == b->from && a->until == b->until &&
	       a->inverted == b->inverted && a->hide_kernel == b->hide_kernel &&
	       same_text(a->keep, b->keep) && thread_choice_equal(&a->threads, &b->threads);
}

void query_copy(struct query *to, const struct query *from)
{
	struct query copy = *from;

	if (to == from)
		return;
	copy.keep = from->keep ? xstrdup(from->keep) : NULL;
	query_release(to);
	*to = copy;
}

void query_release(struct query *query)
{
	xfree(query->keep);
	*query = (struct query){ 0 };
}
