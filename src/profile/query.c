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

bool query_selects(const struct query *query, const struct sum *sum)
{
	if (sum->metric != (query->metric ? query->metric : 1))
		return false;
	for (size_t i = 0; i < query->thread.len; i++)
		if (query->thread.at[i] == sum->thread)
			return true;
	return !query->thread.len;
}

bool query_equal(const struct query *a, const struct query *b)
{
	return a->metric == b->metric && a->from == b->from && a->until == b->until &&
	       a->inverted == b->inverted && a->hide_kernel == b->hide_kernel &&
	       same_text(a->keep, b->keep) && a->thread.len == b->thread.len &&
	       (!a->thread.len || !memcmp(a->thread.at, b->thread.at,
					  a->thread.len * sizeof *a->thread.at));
}

void query_copy(struct query *to, const struct query *from)
{
	struct query copy = *from;

	if (to == from)
		return;
	copy.keep = from->keep ? xstrdup(from->keep) : NULL;
	memset(&copy.thread, 0, sizeof copy.thread);
	for (size_t i = 0; i < from->thread.len; i++)
		array_push(&copy.thread, from->thread.at[i]);
	query_release(to);
	*to = copy;
}

void query_release(struct query *query)
{
	xfree(query->keep);
	array_release(&query->thread);
	*query = (struct query){ 0 };
}
