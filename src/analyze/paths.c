#include "analyze/paths.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/ending.h"
#include "base/pattern.h"

enum { ROOT = 1, STEP = 1 << 12 };

/* Where the stacks of a process go, worked out once for each. */
struct place {
	uint32_t process;	/* a node */
	stack_id stack;
	uint32_t node;
	bool kept;
};

struct fold {
	struct paths *paths;
	const struct profile *profile;
	const struct query *query;
	struct progress *progress;
	uint8_t *fits;			/* by function: what query->keep asks for; NULL: all */
	array(struct place) place;	/* entry 0 is not used */
	struct hash_index nodes, places;
	array(uint32_t) pending;	/* places to fill, innermost first */
};

static uint64_t hash_of_node(const void *array, uint32_t id)
{
	const struct path_node *node = (const struct path_node *)array + id;

	return hash_u64(hash_u64((uint64_t)node->parent << 32 | node->name) + node->kernel);
}

static uint64_t hash_of_place(const void *array, uint32_t id)
{
	const struct place *place = (const struct place *)array + id;

	return hash_u64(hash_u64(place->process) ^ place->stack);
}

static uint32_t add_node(struct fold *fold, struct path_node node)
{
	struct paths *paths = fold->paths;
	uint32_t *slot = hash_index_slot(&fold->nodes, hash_of_node(&node, 0));

	for (; *slot; slot = hash_index_next(&fold->nodes, slot)) {
		const struct path_node *old = &paths->node.at[*slot];

		if (old->parent == node.parent && old->name == node.name &&
		    old->kernel == node.kernel)
			return *slot;
	}
	*slot = (uint32_t)paths->node.len;
	array_push(&paths->node, node);
	hash_index_added(&fold->nodes, hash_of_node, paths->node.at);
	return (uint32_t)paths->node.len - 1;
}

/* A new place has no node yet. */
static uint32_t add_place(struct fold *fold, uint32_t process, stack_id stack)
{
	struct place place = { .process = process, .stack = stack };
	uint32_t *slot = hash_index_slot(&fold->places, hash_of_place(&place, 0));

	for (; *slot; slot = hash_index_next(&fold->places, slot)) {
		const struct place *old = &fold->place.at[*slot];

		if (old->process == process && old->stack == stack)
			return *slot;
	}
	*slot = (uint32_t)fold->place.len;
	array_push(&fold->place, place);
	hash_index_added(&fold->places, hash_of_place, fold->place.at);
	return (uint32_t)fold->place.len - 1;
}

/* "[truncated: ...]" above it, as in the call tree. */
static void settle_missing(struct fold *fold, struct place *place, const struct stack *stack)
{
	function_id id = stack->caller ? 0 : ending_missing_above(fold->profile, stack->location);

	if (!id)
		return;
	place->kept = place->kept || (fold->fits && fold->fits[id]);
	place->node = add_node(fold, (struct path_node){
		.parent = place->node, .name = fold->profile->function.at[id].name });
}

/* One step down: the frames of the stack's own location, outermost first. */
static void settle(struct fold *fold, struct place *place, const struct place *caller)
{
	const struct profile *p = fold->profile;
	const struct stack *stack = &p->stack.at[place->stack];
	const struct location *location = &p->location.at[stack->location];

	place->node = caller->node;
	place->kept = caller->kept;
	settle_missing(fold, place, stack);
	for (size_t i = location->frame_count; i; i--) {
		function_id id = p->frame.at[location->first_frame + i - 1].function;
		const struct function *function = &p->function.at[id];
		bool kernel = function->flags & FUNCTION_KERNEL;

		/* Hidden functions are still looked for. */
		place->kept = place->kept || (fold->fits && fold->fits[id]);
		if (kernel && fold->query->hide_kernel)
			continue;
		place->node = add_node(fold, (struct path_node){
			.parent = place->node, .name = function->name, .kernel = kernel });
	}
}

/* Up to a caller whose place is known, then down again. */
static struct place place_of(struct fold *fold, uint32_t process, stack_id stack)
{
	struct place caller = { .node = process, .kept = !fold->fits };

	fold->pending.len = 0;
	for (; stack; stack = fold->profile->stack.at[stack].caller) {
		uint32_t at = add_place(fold, process, stack);

		if (fold->place.at[at].node) {
			caller = fold->place.at[at];
			break;
		}
		array_push(&fold->pending, at);
	}
	while (fold->pending.len) {
		uint32_t at = fold->pending.at[--fold->pending.len];

		settle(fold, &fold->place.at[at], &caller);
		caller = fold->place.at[at];
	}
	return caller;
}

/* Files of folded stacks have their processes in the stacks, if at all. */
static uint32_t process_of(struct fold *fold, thread_id id)
{
	const struct thread *thread = &fold->profile->thread.at[id];
	string_id name = thread->process ? thread->process : thread->name;

	return name ? add_node(fold, (struct path_node){ .parent = ROOT, .name = name }) : ROOT;
}

static void fold_sum(struct fold *fold, const struct sum *sum)
{
	uint32_t process = process_of(fold, sum->thread);
	struct place place = place_of(fold, process, sum->stack);
	struct amount *self;

	if (!place.kept)
		return;
	/* Without any function it was a sample still. */
	if (place.node == process)
		place.node = add_node(fold, (struct path_node){ .parent = process });
	self = &fold->paths->node.at[place.node].self;
	self->weight += sum->weight;
	self->samples += sum->samples;
}

static bool fold_slice(struct fold *fold, size_t first, size_t end)
{
	const struct profile *p = fold->profile;

	for (size_t j = first; j < end; j++) {
		if (j % STEP == 0 && !progress_step(fold->progress, j, 2 * p->sum.len))
			return false;
		if (query_selects(fold->query, p, &p->sum.at[j]))
			fold_sum(fold, &p->sum.at[j]);
	}
	return true;
}

/* False if it was cancelled. */
static bool fold_sums(struct fold *fold)
{
	const struct profile *p = fold->profile;

	for (size_t i = 0; i < p->slice.len; i++) {
		size_t end = i + 1 < p->slice.len ? p->slice.at[i + 1].first_sum : p->sum.len;

		if (query_has_slice(fold->query, &p->slice.at[i]) &&
		    !fold_slice(fold, p->slice.at[i].first_sum, end))
			return false;
	}
	return true;
}

static int compare_names(const void *a, const void *b, void *context)
{
	const struct profile *profile = context;

	return strcmp(profile_string(profile, *(const string_id *)a),
		      profile_string(profile, *(const string_id *)b));
}

static string_id *order_names(const struct profile *profile, string_id count)
{
	string_id *name = xcalloc(count, sizeof *name);

	for (string_id i = 0; i < count; i++)
		name[i] = i;
	qsort_r(name, count, sizeof *name, compare_names, (void *)(uintptr_t)profile);
	return name;
}

/*
 * The nodes in the order of their names, of one name those of the kernel
 * last.  There are millions of nodes and thousands of names, so it is the
 * names that are compared; the nodes are counted into their places.
 */
static uint32_t *order_nodes(const struct fold *fold)
{
	const struct path_node *node = fold->paths->node.at;
	size_t count = fold->paths->node.len;
	uint32_t *order = xcalloc(count, sizeof *order), *place, next = 0;
	string_id *name, names = 1;

	for (size_t i = ROOT + 1; i < count; i++)
		if (node[i].name >= names)
			names = node[i].name + 1;
	name = order_names(fold->profile, names);
	place = xcalloc(names, 2 * sizeof *place);
	for (size_t i = ROOT + 1; i < count; i++)
		place[2 * node[i].name + node[i].kernel]++;
	for (size_t i = 0; i < 2 * (size_t)names; i++) {
		uint32_t *one = &place[2 * name[i / 2] + i % 2], nodes = *one;

		*one = next;
		next += nodes;
	}
	for (size_t i = ROOT + 1; i < count; i++)
		order[place[2 * node[i].name + node[i].kernel]++] = (uint32_t)i;
	xfree(name);
	xfree(place);
	return order;
}

/* All nodes by name, put before their siblings from the last to the first. */
static void link_siblings(struct fold *fold)
{
	struct path_node *node = fold->paths->node.at;
	uint32_t *order = order_nodes(fold);

	for (size_t i = fold->paths->node.len - ROOT - 1; i > 0; i--) {
		uint32_t at = order[i - 1];
		struct path_node *parent = &node[node[at].parent];

		node[at].next_sibling = parent->first_child;
		parent->first_child = at;
	}
	xfree(order);
}

static bool find_kept(struct fold *fold, struct error *error)
{
	struct pattern *pattern;

	if (!fold->query->keep)
		return true;
	pattern = pattern_new(fold->query->keep, error);
	if (!pattern)
		return false;
	fold->fits = xcalloc(fold->profile->function.len, 1);
	for (size_t i = 0; i < fold->profile->function.len; i++)
		fold->fits[i] = pattern_fits(pattern,
					     profile_function_name(fold->profile, (function_id)i));
	pattern_free(pattern);
	return true;
}

bool paths_init(struct paths *paths, const struct profile *profile, const struct query *query,
		struct progress *progress, struct error *error)
{
	struct fold fold = {
		.paths = paths, .profile = profile, .query = query, .progress = progress,
	};
	bool ok;

	*paths = (struct paths){ 0 };
	if (!find_kept(&fold, error))
		return false;
	array_extend(&paths->node, ROOT + 1);
	array_extend(&fold.place, 1);
	ok = fold_sums(&fold);
	if (ok)
		link_siblings(&fold);
	else
		error_set(error, ECANCELED, "cancelled");
	xfree(fold.fits);
	array_release(&fold.place);
	array_release(&fold.pending);
	hash_index_release(&fold.nodes);
	hash_index_release(&fold.places);
	if (!ok)
		paths_release(paths);
	return ok;
}

void paths_release(struct paths *paths)
{
	array_release(&paths->node);
}
