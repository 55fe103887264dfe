#include "analyze/trend.h"

#include "analyze/share.h"

static const uint64_t second = 1000000000u;
static const uint64_t lately = 5, earlier = 30;

static void add_amount(struct amount *to, struct amount more)
{
	to->weight += more.weight;
	to->samples += more.samples;
}

static void add_path(struct stretch *stretch, const struct calltree *tree, uint32_t node,
		     struct amount more)
{
	add_amount(&stretch->whole, more);
	if (node)
		add_amount(&stretch->self.at[tree->function[node]], more);
	for (; node; node = tree->parent[node])
		if (tree->outermost[node])
			add_amount(&stretch->total.at[tree->function[node]], more);
}

static void add_slice(struct stretch *stretch, const struct profile *profile,
		      const struct calltree *tree, size_t slice, bool away)
{
	size_t i = profile->slice.at[slice].first_sum;
	size_t end = slice + 1 < profile->slice.len ? profile->slice.at[slice + 1].first_sum :
						      profile->sum.len;

	for (; i < end; i++) {
		const struct sum *sum = &profile->sum.at[i];
		struct amount more = { .weight = sum->weight, .samples = sum->samples };

		if (away)
			more = (struct amount){ .weight = -more.weight, .samples = -more.samples };
		if (calltree_selects(tree, sum))
			add_path(stretch, tree, calltree_node_of(tree, sum->stack), more);
	}
}

/* Slices come in at the end and leave at the beginning. */
static void move_stretch(struct stretch *stretch, const struct profile *profile,
			 const struct calltree *tree, size_t first, size_t end)
{
	array_extend(&stretch->self, tree->function_count);
	array_extend(&stretch->total, tree->function_count);
	for (; stretch->first < stretch->end && stretch->first < first; stretch->first++)
		add_slice(stretch, profile, tree, stretch->first, true);
	if (stretch->first == stretch->end)
		stretch->first = stretch->end = first;
	for (; stretch->end < end; stretch->end++)
		add_slice(stretch, profile, tree, stretch->end, false);
}

static void forget(struct stretch *stretch)
{
	stretch->whole = (struct amount){ 0 };
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
	size_t border, first;

	if (is_void(trend, profile, tree)) {
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
	move_stretch(&trend->now, profile, tree, border, tree->slices);
	move_stretch(&trend->before, profile, tree, first, border);
}

void trend_release(struct trend *trend)
{
	array_release(&trend->now.self);
	array_release(&trend->now.total);
	array_release(&trend->before.self);
	array_release(&trend->before.total);
}

int trend_of_self(const struct trend *trend, function_id function)
{
	if (function >= trend->now.self.len || function >= trend->before.self.len)
		return 0;
	return share_moved(&trend->now.self.at[function], &trend->now.whole,
			   &trend->before.self.at[function], &trend->before.whole);
}

int trend_of_total(const struct trend *trend, function_id function)
{
	if (function >= trend->now.total.len || function >= trend->before.total.len)
		return 0;
	return share_moved(&trend->now.total.at[function], &trend->now.whole,
			   &trend->before.total.at[function], &trend->before.whole);
}
