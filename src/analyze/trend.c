#include "analyze/trend.h"

#include "analyze/share.h"

static const uint64_t second = 1000000000u;
static const uint64_t lately = 5, earlier = 30;

/* What an update looks at, and how many sums of it at most. */
struct intake {
	enum trend_of of;
	const struct profile *profile;
	const struct calltree *tree;
	size_t sums;
};

static void add_sum(struct stretch *stretch, const struct intake *in, const struct sum *sum,
		    uint32_t more)
{
	const struct calltree *tree = in->tree;
	enum trend_of of = in->of;
	uint32_t node = calltree_node_of(tree, sum->stack);

	if (of == TREND_OF_THREADS) {
		stretch->self.at[sum->thread] += more;
		return;
	}
	if (node)
		stretch->self.at[of == TREND_OF_NODES ? node : tree->function[node]] += more;
	for (; node; node = tree->parent[node])
		if (of == TREND_OF_NODES)
			stretch->total.at[node] += more;
		else if (tree->outermost[node] && !(tree->entry[node] & ENTRY_TRUNCATED))
			stretch->total.at[tree->function[node]] += more;
}

static size_t end_of_slice(const struct profile *profile, size_t slice)
{
	return slice + 1 < profile->slice.len ? profile->slice.at[slice + 1].first_sum :
						profile->sum.len;
}

/* Unsigned numbers wrap around and back, so what is taken away was there. */
static void add_slice(struct stretch *stretch, struct intake *in, size_t slice, bool away)
{
	size_t from = in->profile->slice.at[slice].first_sum;
	size_t end = end_of_slice(in->profile, slice);

	for (size_t i = from; i < end; i++) {
		const struct sum *sum = &in->profile->sum.at[i];
		uint64_t more = away ? -sum->samples : sum->samples;

		if (!calltree_selects(in->tree, sum))
			continue;
		stretch->whole += more;
		add_sum(stretch, in, sum, (uint32_t)more);
	}
	in->sums -= end - from < in->sums ? end - from : in->sums;
}

/* Where ids end. */
static size_t id_count(const struct intake *in)
{
	switch (in->of) {
	case TREND_OF_NODES:
		return in->tree->count;
	case TREND_OF_THREADS:
		return in->profile->thread.len;
	case TREND_OF_FUNCTIONS:
		break;
	}
	return in->tree->function_count;
}

/* Slices come in at the end and leave at the beginning.  False: not all of them have. */
static bool move_stretch(struct stretch *stretch, struct intake *in, size_t first, size_t end)
{
	array_extend(&stretch->self, id_count(in));
	if (in->of != TREND_OF_THREADS)
		array_extend(&stretch->total, id_count(in));
	for (; stretch->first < stretch->end && stretch->first < first && in->sums;
	     stretch->first++)
		add_slice(stretch, in, stretch->first, true);
	if (stretch->first == stretch->end)
		stretch->first = stretch->end = first;
	for (; stretch->first >= first && stretch->end < end && in->sums; stretch->end++)
		add_slice(stretch, in, stretch->end, false);
	return stretch->first >= first && stretch->end >= end;
}

static void forget(struct stretch *stretch)
{
	stretch->whole = 0;
	stretch->self.len = stretch->total.len = stretch->first = stretch->end = 0;
}

/* The first slice with its middle in so many seconds up to now. */
static size_t slice_at(const struct profile *profile, const struct calltree *tree, uint64_t now,
		       uint64_t seconds)
{
	uint64_t begin = now > seconds * second ? now - seconds * second : 0;
	size_t i = tree->slices;

	while (i && slice_middle(&profile->slice.at[i - 1]) >= begin)
		i--;
	return i;
}

static bool is_void(const struct trend *trend, const struct profile *profile,
		    const struct calltree *tree)
{
	return trend->generation != profile->generation || trend->shape != tree->shape ||
	       trend->judged != tree->judged;
}

void trend_update(struct trend *trend, const struct profile *profile,
		  const struct calltree *tree, uint64_t now)
{
	struct intake in = { trend->of, profile, tree, TREND_SUMS_AT_ONCE };
	size_t border, first;

	if (is_void(trend, profile, tree)) {
		trend->complete = false;
		forget(&trend->now);
		forget(&trend->before);
		trend->generation = profile->generation;
		trend->shape = tree->shape;
		trend->judged = tree->judged;
	}
	/* The tree stands still while the display does; its numbers may be void by now. */
	if (tree->generation != profile->generation)
		return;
	border = slice_at(profile, tree, now, lately);
	first = slice_at(profile, tree, now, earlier);
	trend->complete = move_stretch(&trend->now, &in, border, tree->slices) &&
			  move_stretch(&trend->before, &in, first, border);
}

void trend_release(struct trend *trend)
{
	array_release(&trend->now.self);
	array_release(&trend->now.total);
	array_release(&trend->before.self);
	array_release(&trend->before.total);
}

struct change trend_self(const struct trend *trend, uint32_t id)
{
	struct change change = { 0 };

	if (id < trend->now.self.len)
		change.now = trend->now.self.at[id];
	if (id < trend->before.self.len)
		change.before = trend->before.self.at[id];
	return change;
}

struct change trend_total(const struct trend *trend, uint32_t id)
{
	struct change change = { 0 };

	if (id < trend->now.total.len)
		change.now = trend->now.total.at[id];
	if (id < trend->before.total.len)
		change.before = trend->before.total.at[id];
	return change;
}

void change_add(struct change *to, struct change more)
{
	to->now += more.now;
	to->before += more.before;
}

int trend_moved(const struct trend *trend, struct change change)
{
	struct amount now = { .samples = change.now }, before = { .samples = change.before };
	struct amount whole = { .samples = trend->now.whole };
	struct amount whole_before = { .samples = trend->before.whole };

	return trend->complete ? share_moved(&now, &whole, &before, &whole_before) : 0;
}
