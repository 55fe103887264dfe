#include "analyze/calltree.h"

#include "analyze/calltree_private.h"
#include "analyze/ending.h"

enum {
	/* Following new sums up their paths is dearer than one sweep from here on. */
	USUAL_DEPTH = 32,
	/* Nodes left behind by names that arrived are not worth starting over for. */
	LEFT_BEHIND_MIN = 64 * 1024,
};

static bool is_kernel(const struct profile *profile, const struct location *location)
{
	for (size_t i = 0; i < location->frame_count; i++) {
		function_id function = profile->frame.at[location->first_frame + i].function;

		if (profile->function.at[function].flags & FUNCTION_KERNEL)
			return true;
	}
	return false;
}

static uint32_t enter(struct calltree *tree, uint32_t node, function_id function, uint8_t entry)
{
	node = calltree_child(tree, node, function);
	tree->entry[node] |= entry;
	tree->function_entry[function] |= entry;
	return node;
}

static uint8_t entry_of(const struct profile *profile, const struct location *location,
			size_t frame)
{
	const struct frame *at = &profile->frame.at[location->first_frame + frame];

	if (profile->function.at[at->function].flags & FUNCTION_TRUNCATED)
		return ENTRY_TRUNCATED;
	if (frame + 1u < location->frame_count)
		return ENTRY_INLINED;
	return location->guessed ? ENTRY_GUESSED : ENTRY_CALLED;
}

/* The node of a stack, when that of its caller is known. */
static uint32_t node_of(struct calltree *tree, const struct profile *profile,
			const struct stack *stack)
{
	const struct location *location = &profile->location.at[stack->location];
	const struct frame *frame = &profile->frame.at[location->first_frame];
	bool hide_kernel = tree->private->query.hide_kernel;
	uint32_t node = tree->private->node_of_stack.at[stack->caller];
	function_id missing = stack->caller ? 0 : ending_missing_above(profile, stack->location);

	if (missing)
		node = enter(tree, node, missing, ENTRY_TRUNCATED);
	/* Innermost first: outer ones are above. */
	for (size_t i = location->frame_count; i-- > 0;)
		if (!hide_kernel ||
		    !(profile->function.at[frame[i].function].flags & FUNCTION_KERNEL))
			node = enter(tree, node, frame[i].function,
				     entry_of(profile, location, i));
	return node;
}

/* Amounts. */

static void add_amount(struct amount *to, struct amount more)
{
	to->weight += more.weight;
	to->samples += more.samples;
}

/* The root and "[truncated: ...]" are none. */
static bool is_of_function(const struct calltree *tree, uint32_t node)
{
	return node && !(tree->entry[node] & ENTRY_TRUNCATED);
}

static void add_along_path(struct calltree *tree, uint32_t node, struct amount more)
{
	add_amount(&tree->self[node], more);
	if (is_of_function(tree, node))
		add_amount(&tree->function_self[tree->function[node]], more);
	for (; node; node = tree->parent[node]) {
		add_amount(&tree->total[node], more);
		if (tree->outermost[node] && is_of_function(tree, node))
			add_amount(&tree->function_total[tree->function[node]], more);
	}
	add_amount(&tree->total[0], more);
}

/* The selves of all nodes from stacks, and totals from them: callees come behind callers. */
static void sweep(struct calltree *tree)
{
	struct calltree_private *p = tree->private;

	memset(tree->self, 0, tree->count * sizeof *tree->self);
	for (size_t i = 0; i < p->node_of_stack.len; i++)
		add_amount(&tree->self[p->node_of_stack.at[i]], p->self_of_stack.at[i]);
	memcpy(tree->total, tree->self, tree->count * sizeof *tree->self);
	for (size_t i = tree->count; i-- > 1;)
		add_amount(&tree->total[tree->parent[i]], tree->total[i]);

	memset(tree->function_self, 0, tree->function_count * sizeof *tree->function_self);
	memset(tree->function_total, 0, tree->function_count * sizeof *tree->function_total);
	for (uint32_t i = 1; i < tree->count; i++) {
		if (!is_of_function(tree, i))
			continue;
		if (tree->self[i].samples)
			add_amount(&tree->function_self[tree->function[i]], tree->self[i]);
		if (tree->outermost[i])
			add_amount(&tree->function_total[tree->function[i]], tree->total[i]);
	}
}

/* Names that arrived. */

/* Note which locations were named since; returns the oldest stack with one of them, or 0. */
static stack_id take_named(struct calltree_private *p, const struct profile *profile)
{
	stack_id first = 0;

	array_extend(&p->named, profile->location.len);
	for (size_t i = p->named_seen; i < profile->named.len; i++) {
		location_id id = profile->named.at[i];
		stack_id stack = profile->location.at[id].first_stack;

		if (!stack || stack >= p->node_of_stack.len)
			continue;
		p->named.at[id] = 1;
		if (!first || stack < first)
			first = stack;
	}
	return first;
}

/* Hidden frames come and go as if their locations got other names. */
static stack_id take_kernel(struct calltree_private *p, const struct profile *profile)
{
	stack_id first = 0;

	array_extend(&p->named, profile->location.len);
	for (size_t id = 1; id < profile->location.len; id++) {
		const struct location *location = &profile->location.at[id];
		stack_id stack = location->first_stack;

		if (!stack || stack >= p->node_of_stack.len || !is_kernel(profile, location))
			continue;
		p->named.at[id] = 1;
		if (!first || stack < first)
			first = stack;
	}
	return first;
}

static void forget_kernel(struct calltree_private *p)
{
	if (p->named.len)
		memset(p->named.at, 0, p->named.len);
}

static void forget_named(struct calltree_private *p, const struct profile *profile)
{
	for (; p->named_seen < profile->named.len; p->named_seen++)
		p->named.at[profile->named.at[p->named_seen]] = 0;
}

static bool fits(const struct calltree_private *p, const struct profile *profile,
		 const struct stack *stack)
{
	const struct location *location = &profile->location.at[stack->location];

	if (stack->caller ? p->kept.at[stack->caller] :
	    match_has(&p->match, ending_missing_above(profile, stack->location)))
		return true;
	for (size_t i = 0; i < location->frame_count; i++)
		if (match_has(&p->match, profile->frame.at[location->first_frame + i].function))
			return true;
	return false;
}

/* Returns whether its callees must be looked at. */
static bool move_stack(struct calltree *tree, const struct profile *profile, stack_id id)
{
	struct calltree_private *p = tree->private;
	const struct stack *stack = &profile->stack.at[id];
	uint32_t from = p->node_of_stack.at[id];
	uint32_t to = node_of(tree, profile, stack);
	bool changed = from != to;

	if (changed) {
		p->node_of_stack.at[id] = to;
		array_push(&p->move, ((struct move){ .from = from, .to = to, .stack = id }));
	}
	/* Not with a filter that is new: then all stacks will be judged. */
	if (p->match.pattern && id < p->kept.len &&
	    fits(p, profile, stack) != p->kept.at[id]) {
		p->kept.at[id] ^= 1;
		p->weigh_again = changed = true;
	}
	return changed;
}

/* One pass from the oldest stack concerned on: callers come first. */
static void move_stacks(struct calltree *tree, const struct profile *profile, stack_id first)
{
	struct calltree_private *p = tree->private;

	p->changed.len = 0;
	if (first)
		array_extend(&p->changed, p->node_of_stack.len - first);
	for (size_t i = 0; i < p->changed.len; i++) {
		const struct stack *stack = &profile->stack.at[first + i];

		if (p->named.at[stack->location] ||
		    (stack->caller >= first && p->changed.at[stack->caller - first]))
			p->changed.at[i] = move_stack(tree, profile, (stack_id)(first + i));
	}
}

static void move_as_named(struct calltree *tree, const struct profile *profile)
{
	move_stacks(tree, profile, take_named(tree->private, profile));
	forget_named(tree->private, profile);
}

static void move_kernel(struct calltree *tree, const struct profile *profile)
{
	move_stacks(tree, profile, take_kernel(tree->private, profile));
	forget_kernel(tree->private);
}

static struct amount minus(struct amount amount)
{
	return (struct amount){ .weight = -amount.weight, .samples = -amount.samples };
}

static void move_amounts(struct calltree *tree)
{
	struct calltree_private *p = tree->private;

	for (size_t i = 0; i < p->move.len; i++) {
		const struct move *move = &p->move.at[i];
		struct amount amount = p->self_of_stack.at[move->stack];

		if (!amount.samples && !amount.weight)
			continue;
		add_along_path(tree, move->from, minus(amount));
		add_along_path(tree, move->to, amount);
	}
}

/* Nodes that have samples again are where they are. */
static void stop_forwarding(struct calltree *tree)
{
	struct calltree_private *p = tree->private;

	for (size_t i = 0; i < p->move.len; i++)
		p->forward[p->move.at[i].to] = 0;
}

/*
 * Tell where the samples of a node went that was emptied: to the heaviest
 * of those that took them.  Only nodes with samples are pointed at, and
 * they point nowhere, so following ends.
 */
static void forward_nodes(struct calltree *tree)
{
	struct calltree_private *p = tree->private;

	for (size_t i = 0; i < p->move.len; i++) {
		const struct move *move = &p->move.at[i];
		uint32_t *forward = &p->forward[move->from];
		uint64_t samples = tree->total[move->to].samples;

		if (tree->total[move->from].samples || !samples)
			continue;
		if (!*forward || samples > tree->total[*forward].samples)
			*forward = move->to;
	}
}

/* Stacks and sums. */

static void take_stacks(struct calltree *tree, const struct profile *profile)
{
	struct calltree_private *p = tree->private;
	size_t known = p->node_of_stack.len;

	array_extend(&p->node_of_stack, profile->stack.len);
	array_extend(&p->self_of_stack, profile->stack.len);
	for (size_t i = known ? known : 1; i < profile->stack.len; i++)
		p->node_of_stack.at[i] = node_of(tree, profile, &profile->stack.at[i]);
}

static void take_kept(struct calltree_private *p, const struct profile *profile)
{
	size_t known = p->kept.len;

	array_extend(&p->kept, profile->stack.len);
	for (size_t i = known ? known : 1; i < profile->stack.len; i++)
		p->kept.at[i] = fits(p, profile, &profile->stack.at[i]);
}

static metric_id metric_of(const struct calltree_private *p)
{
	return p->query.metric ? p->query.metric : 1;
}

static bool is_before_end(const struct query *query, const struct slice *slice)
{
	return !query->until || slice_middle(slice) < query->until;
}

/* The first slice of those seen that the query's time has not left behind. */
static size_t first_slice(const struct calltree_private *p, const struct profile *profile)
{
	size_t first = p->slices_gone;

	while (first < p->slices_seen &&
	       slice_middle(&profile->slice.at[first]) < p->query.from)
		first++;
	while (first > 0 && slice_middle(&profile->slice.at[first - 1]) >= p->query.from)
		first--;
	return first;
}

/* How many sums come in or go when the window is moved to where it belongs. */
static size_t sums_to_slide(const struct calltree_private *p, const struct profile *profile)
{
	size_t first = first_slice(p, profile);
	size_t from = first < p->slices_gone ? first : p->slices_gone;
	size_t until = first < p->slices_gone ? p->slices_gone : first;

	if (from == until)
		return 0;
	return (until < p->slices_seen ? profile->slice.at[until].first_sum : p->sums_seen) -
	       profile->slice.at[from].first_sum;
}

static bool is_kept(const struct calltree_private *p, stack_id stack)
{
	return !p->match.pattern || p->kept.at[stack];
}

static bool is_selected(const struct calltree_private *p, const struct sum *sum)
{
	if (p->wanted.len && !p->wanted.at[sum->thread])
		return false;
	return is_kept(p, sum->stack);
}

static size_t end_of_slice(const struct profile *profile, size_t slice)
{
	return slice + 1 < profile->slice.len ? profile->slice.at[slice + 1].first_sum :
						profile->sum.len;
}

/* Add the sums of a slice, or take them away again. */
static void weigh_slice(struct calltree *tree, const struct profile *profile, size_t slice,
			bool away, bool sweeping)
{
	struct calltree_private *p = tree->private;
	size_t end = end_of_slice(profile, slice);

	for (size_t i = profile->slice.at[slice].first_sum; i < end; i++) {
		const struct sum *sum = &profile->sum.at[i];
		struct amount more = { .weight = sum->weight, .samples = sum->samples };

		if (sum->metric != metric_of(p) || !is_selected(p, sum))
			continue;
		if (away)
			more = minus(more);
		add_amount(&p->self_of_stack.at[sum->stack], more);
		if (!sweeping)
			add_along_path(tree, p->node_of_stack.at[sum->stack], more);
	}
}

static void count_slice(struct calltree *tree, const struct profile *profile, size_t slice)
{
	const struct calltree_private *p = tree->private;
	size_t end = end_of_slice(profile, slice);

	if (metric_of(p) == 1) {
		add_amount(&tree->all, (struct amount){
			.weight = profile->slice.at[slice].weight,
			.samples = profile->slice.at[slice].samples });
		return;
	}
	for (size_t i = profile->slice.at[slice].first_sum; i < end; i++) {
		const struct sum *sum = &profile->sum.at[i];

		if (sum->metric == metric_of(p))
			add_amount(&tree->all, (struct amount){ .weight = sum->weight,
								.samples = sum->samples });
	}
}

/*
 * The window moved.  Slices are in order of time: those before the first
 * one of it are gone.
 */
static void slide(struct calltree *tree, const struct profile *profile, bool sweeping)
{
	struct calltree_private *p = tree->private;
	size_t first = first_slice(p, profile);

	for (; p->slices_gone < first; p->slices_gone++)
		if (is_before_end(&p->query, &profile->slice.at[p->slices_gone]))
			weigh_slice(tree, profile, p->slices_gone, true, sweeping);
	for (; p->slices_gone > first; p->slices_gone--)
		if (is_before_end(&p->query, &profile->slice.at[p->slices_gone - 1]))
			weigh_slice(tree, profile, p->slices_gone - 1, false, sweeping);
}

static void take_sums(struct calltree *tree, const struct profile *profile, bool sweeping)
{
	struct calltree_private *p = tree->private;

	for (; p->slices_seen < profile->slice.len; p->slices_seen++) {
		const struct slice *slice = &profile->slice.at[p->slices_seen];

		count_slice(tree, profile, p->slices_seen);
		if (slice_middle(slice) < p->query.from)
			p->slices_gone = p->slices_seen + 1;
		else if (is_before_end(&p->query, slice))
			weigh_slice(tree, profile, p->slices_seen, false, sweeping);
	}
	p->sums_seen = profile->sum.len;
}

static void take_functions(struct calltree *tree, const struct profile *profile)
{
	struct calltree_private *p = tree->private;
	size_t count = profile->function.len;

	if (count > p->function_cap) {
		p->function_cap = count + count / 2;
		tree->function_self = xresize(tree->function_self, p->function_cap,
					      sizeof *tree->function_self);
		tree->function_total = xresize(tree->function_total, p->function_cap,
					       sizeof *tree->function_total);
		tree->function_entry = xresize(tree->function_entry, p->function_cap,
					       sizeof *tree->function_entry);
	}
	for (; tree->function_count < count; tree->function_count++) {
		tree->function_self[tree->function_count] = (struct amount){ 0 };
		tree->function_total[tree->function_count] = (struct amount){ 0 };
		tree->function_entry[tree->function_count] = 0;
	}
}

/* Starting over. */

static void forget_amounts(struct calltree *tree)
{
	struct calltree_private *p = tree->private;

	if (p->self_of_stack.len)
		memset(p->self_of_stack.at, 0, p->self_of_stack.len * sizeof *p->self_of_stack.at);
	tree->all = (struct amount){ 0 };
	p->sums_seen = p->slices_seen = p->slices_gone = 0;
}

/* The generation changed: no id of a stack or location is what it was. */
static void forget_stacks(struct calltree_private *p)
{
	array_release(&p->node_of_stack);
	array_release(&p->self_of_stack);
	array_release(&p->kept);
	array_release(&p->named);
	array_release(&p->changed);
	array_release(&p->move);
	p->weigh_again = true;
}

/* What is in each stack stays known. */
static void forget_nodes(struct calltree *tree, const struct profile *profile)
{
	struct calltree_private *p = tree->private;

	calltree_clear_nodes(tree, profile->stack.len);
	if (tree->function_count)
		memset(tree->function_entry, 0, tree->function_count);
	p->node_of_stack.len = 0;
	p->left_behind = 0;
	/* Stacks get their nodes from the names there are; a filter may judge by new ones. */
	if (p->match.pattern && p->named_seen < profile->named.len) {
		p->kept.len = 0;
		p->weigh_again = true;
	}
	p->named_seen = profile->named.len;
	p->collect_again = true;
	tree->shape++;
}

/* May two queries select different samples, but for where they begin? */
static bool selects_alike(const struct query *a, const struct query *b)
{
	struct query like_b = *a;

	like_b.hide_kernel = b->hide_kernel;
	like_b.inverted = b->inverted;
	like_b.from = b->from;
	return query_equal(&like_b, b);
}

static void take_query(struct calltree *tree, const struct query *query)
{
	struct calltree_private *p = tree->private;
	struct error error;

	query_copy(&p->query, query);
	p->kept.len = 0;
	/* A pattern that is none was refused when the query was made; without it all are kept. */
	if (!match_set(&p->match, query->keep, &error))
		match_release(&p->match);
	p->wanted.len = 0;
	p->weigh_again = true;
}

/* Threads come, and some get the name by which they are chosen only later. */
static void judge_threads(struct calltree_private *p, const struct profile *profile)
{
	size_t known = p->wanted.len;

	if (p->query.threads.by == THREADS_ALL)
		return;
	array_extend(&p->wanted, profile->thread.len);
	for (size_t i = 0; i < profile->thread.len; i++) {
		bool wanted = thread_is_chosen(&p->query.threads, &profile->thread.at[i]);

		if (i < known && wanted != p->wanted.at[i])
			p->weigh_again = true;
		p->wanted.at[i] = wanted;
	}
}

/* Amounts follow from the query; nodes of hidden frames stay, emptied. */
static void start_over_if_needed(struct calltree *tree, const struct profile *profile,
				 const struct query *query)
{
	struct calltree_private *p = tree->private;
	bool anew = p->generation != profile->generation;

	if (anew) {
		calltree_release_nodes(tree);
		forget_stacks(p);
		p->generation = profile->generation;
	}
	if (anew || !selects_alike(&p->query, query))
		take_query(tree, query);
	p->query.inverted = query->inverted;
	p->query.from = query->from;
	/* A leap is better done from nothing. */
	if (!p->weigh_again && sums_to_slide(p, profile) > p->sums_seen / 2)
		p->weigh_again = true;
	if (anew || (p->left_behind > LEFT_BEHIND_MIN && p->left_behind > tree->count / 2))
		forget_nodes(tree, profile);
}

/* Is one sweep over all cheaper than to follow what is new up its paths? */
static bool should_sweep(const struct calltree *tree, const struct profile *profile)
{
	const struct calltree_private *p = tree->private;
	size_t paths = profile->sum.len - p->sums_seen + p->move.len + sums_to_slide(p, profile);

	return p->weigh_again || p->collect_again || paths * USUAL_DEPTH > tree->count;
}

void calltree_update(struct calltree *tree, const struct profile *profile,
		     const struct query *query)
{
	struct calltree_private *p = tree->private;
	bool sweeping, toggled = p->query.hide_kernel != query->hide_kernel;

	/* Names are followed, hidden frames are not: one after the other. */
	if (toggled && p->node_of_stack.len && p->named_seen < profile->named.len) {
		struct query before = *query;

		before.hide_kernel = p->query.hide_kernel;
		calltree_update(tree, profile, &before);
	}
	start_over_if_needed(tree, profile, query);
	judge_threads(p, profile);
	p->query.hide_kernel = query->hide_kernel;
	take_functions(tree, profile);
	match_update(&p->match, profile);
	p->move.len = 0;
	if (toggled)
		move_kernel(tree, profile);
	else if (p->named_seen < profile->named.len)
		move_as_named(tree, profile);
	take_stacks(tree, profile);
	if (p->match.pattern)
		take_kept(p, profile);
	if (p->weigh_again) {
		forget_amounts(tree);
		tree->judged++;
	}
	sweeping = should_sweep(tree, profile);
	if (!sweeping)
		move_amounts(tree);
	slide(tree, profile, sweeping);
	take_sums(tree, profile, sweeping);
	if (sweeping)
		sweep(tree);
	tree->slices = p->slices_seen;
	tree->generation = p->generation;
	p->weigh_again = p->collect_again = false;
	if (!p->move.len)
		return;
	tree->shape++;
	stop_forwarding(tree);
	if (!toggled) {
		forward_nodes(tree);
		p->left_behind += p->move.len;
	}
}

uint32_t calltree_node_of(const struct calltree *tree, stack_id stack)
{
	return tree->private->node_of_stack.at[stack];
}

bool calltree_selects(const struct calltree *tree, const struct sum *sum)
{
	return sum->metric == metric_of(tree->private) && is_selected(tree->private, sum);
}

bool calltree_keeps(const struct calltree *tree, stack_id stack)
{
	return is_kept(tree->private, stack);
}

struct calltree *calltree_new(void)
{
	struct calltree *tree = xcalloc(1, sizeof *tree);

	tree->private = xcalloc(1, sizeof *tree->private);
	calltree_clear_nodes(tree, 0);
	return tree;
}

void calltree_free(struct calltree *tree)
{
	struct calltree_private *p;

	if (!tree)
		return;
	p = tree->private;
	calltree_release_nodes(tree);
	forget_stacks(p);
	xfree(tree->function_self);
	xfree(tree->function_total);
	xfree(tree->function_entry);
	array_release(&p->wanted);
	match_release(&p->match);
	query_release(&p->query);
	xfree(p);
	xfree(tree);
}

