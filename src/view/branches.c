#include "view/branches.h"

#include "view/column.h"

enum { FEW = 8 };

void branches_update(struct branches *branches, const struct scene *scene)
{
	branches->calls = scene->calls;
	branches->turned = scene->query.inverted;
	if (!branches->turned)
		return;
	if (!branches->inverted)
		branches->inverted = inverted_new();
	inverted_update(branches->inverted, branches->calls, branches->trend);
}

void branches_release(struct branches *branches)
{
	if (branches->inverted)
		inverted_free(branches->inverted);
	*branches = (struct branches){ 0 };
}

static const struct inverted_node *turned_node(const struct branches *branches, uint32_t node)
{
	return &branches->inverted->node.at[node];
}

size_t branches_count(const struct branches *branches)
{
	return branches->turned ? branches->inverted->node.len : branches->calls->count;
}

static bool exists(const struct branches *branches, uint32_t node)
{
	return node < branches_count(branches);
}

function_id branches_function(const struct branches *branches, uint32_t node)
{
	if (!exists(branches, node))
		return 0;
	return branches->turned ? turned_node(branches, node)->function
				: branches->calls->function[node];
}

uint32_t branches_parent(const struct branches *branches, uint32_t node)
{
	return branches->turned ? turned_node(branches, node)->parent
				: branches->calls->parent[node];
}

struct amount branches_self(const struct branches *branches, uint32_t node)
{
	if (!exists(branches, node))
		return (struct amount){ 0 };
	return branches->turned ? turned_node(branches, node)->self : branches->calls->self[node];
}

struct amount branches_total(const struct branches *branches, uint32_t node)
{
	if (!exists(branches, node))
		return (struct amount){ 0 };
	return branches->turned ? turned_node(branches, node)->total
				: branches->calls->total[node];
}

unsigned branches_entry(const struct branches *branches, uint32_t node)
{
	if (!exists(branches, node))
		return 0;
	return branches->turned ? turned_node(branches, node)->entry : branches->calls->entry[node];
}

int branches_total_moved(const struct branches *branches, uint32_t node)
{
	const struct trend *trend = branches->trend;

	if (!trend || !exists(branches, node))
		return 0;
	return trend_moved(trend, branches->turned ? turned_node(branches, node)->change
						   : trend_total(trend, node));
}

int branches_self_moved(const struct branches *branches, uint32_t node)
{
	const struct trend *trend = branches->trend;

	return trend && !branches->turned ? trend_moved(trend, trend_self(trend, node)) : 0;
}

size_t branches_depth(const struct branches *branches, uint32_t node)
{
	size_t depth = 0;

	for (; node; node = branches_parent(branches, node))
		depth++;
	return depth;
}

bool branches_is_below(const struct branches *branches, uint32_t node, uint32_t ancestor)
{
	while (node && node != ancestor)
		node = branches_parent(branches, node);
	return node == ancestor;
}

static uint32_t first_child(const struct branches *branches, uint32_t node)
{
	return branches->turned ? turned_node(branches, node)->first_child
				: branches->calls->first_child[node];
}

static uint32_t next_sibling(const struct branches *branches, uint32_t node)
{
	return branches->turned ? turned_node(branches, node)->next_sibling
				: branches->calls->next_sibling[node];
}

static bool has_samples(const struct branches *branches, uint32_t node)
{
	struct amount total = branches_total(branches, node);

	return total.samples || total.weight;
}

static void make_children(struct branches *branches, uint32_t node)
{
	if (branches->turned && !turned_node(branches, node)->opened)
		inverted_open(branches->inverted, branches->calls, node);
}

bool branches_has_children(const struct branches *branches, uint32_t node)
{
	if (!exists(branches, node))
		return false;
	if (branches->turned && !turned_node(branches, node)->opened)
		return !turned_node(branches, node)->leaf;
	for (uint32_t id = first_child(branches, node); id; id = next_sibling(branches, id))
		if (has_samples(branches, id))
			return true;
	return false;
}

void branches_children(struct branches *branches, uint32_t node, struct node_list *children)
{
	if (!exists(branches, node))
		return;
	make_children(branches, node);
	for (uint32_t id = first_child(branches, node); id; id = next_sibling(branches, id))
		if (has_samples(branches, id))
			array_push(children, id);
}

struct order {
	const struct branches *branches;
	const struct profile *profile;
};

static int compare_names(const struct order *order, uint32_t a, uint32_t b)
{
	function_id x = branches_function(order->branches, a);
	function_id y = branches_function(order->branches, b);
	int names = strcmp(function_shown_name(order->profile, x),
			   function_shown_name(order->profile, y));

	return names ? names : (x > y) - (x < y);
}

static int name_order(const void *a, const void *b, void *order)
{
	return compare_names(order, *(const uint32_t *)a, *(const uint32_t *)b);
}

static int total_order(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	struct amount x = branches_total(order->branches, *(const uint32_t *)a);
	struct amount y = branches_total(order->branches, *(const uint32_t *)b);

	if (x.weight != y.weight)
		return x.weight > y.weight ? -1 : 1;
	if (x.samples != y.samples)
		return x.samples > y.samples ? -1 : 1;
	return compare_names(order, *(const uint32_t *)a, *(const uint32_t *)b);
}

/* Most nodes have few children. */
static void insert_by_total(struct order *order, uint32_t *node, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint32_t id = node[i];
		size_t at = i;

		for (; at && total_order(&node[at - 1], &id, order) > 0; at--)
			node[at] = node[at - 1];
		node[at] = id;
	}
}

void branches_sort_by_total(const struct branches *branches, const struct profile *profile,
			    uint32_t *node, size_t count)
{
	struct order order = { branches, profile };

	if (count <= FEW)
		insert_by_total(&order, node, count);
	else
		qsort_r(node, count, sizeof *node, total_order, &order);
}

void branches_sort_by_name(const struct branches *branches, const struct profile *profile,
			   uint32_t *node, size_t count)
{
	struct order order = { branches, profile };

	if (count > 1)
		qsort_r(node, count, sizeof *node, name_order, &order);
}

static bool is_heavier(struct amount a, struct amount b)
{
	return a.weight != b.weight ? a.weight > b.weight : a.samples > b.samples;
}

uint32_t branches_heaviest_child(struct branches *branches, uint32_t node)
{
	uint32_t best = 0;

	if (!exists(branches, node))
		return 0;
	make_children(branches, node);
	for (uint32_t id = first_child(branches, node); id; id = next_sibling(branches, id))
		if (has_samples(branches, id) &&
		    (!best || is_heavier(branches_total(branches, id),
					 branches_total(branches, best))))
			best = id;
	return best;
}

uint64_t branches_path(const struct branches *branches, uint32_t node)
{
	struct node_list above = { 0 };
	uint64_t path = 0;

	for (; node; node = branches_parent(branches, node))
		array_push(&above, node);
	for (size_t i = above.len; i-- > 0;)
		path = calltree_path_below(path, branches_function(branches, above.at[i]));
	array_release(&above);
	return path;
}

static uint32_t child_of_function(struct branches *branches, uint32_t node, function_id function)
{
	uint32_t id;

	make_children(branches, node);
	for (id = first_child(branches, node); id; id = next_sibling(branches, id))
		if (branches_function(branches, id) == function && has_samples(branches, id))
			break;
	return id;
}

uint32_t branches_find(struct branches *branches, const function_id *function, size_t depth,
		       size_t *found_depth)
{
	uint32_t node = 0;
	size_t i = 0;

	while (i < depth && branches_count(branches)) {
		uint32_t child = child_of_function(branches, node, function[i]);

		if (!child)
			break;
		node = child;
		i++;
	}
	*found_depth = i;
	return node;
}

uint32_t branches_heaviest(const struct branches *branches, function_id function)
{
	size_t count = branches_count(branches);
	uint32_t best = 0;

	for (uint32_t id = 1; id < count; id++)
		if (branches_function(branches, id) == function && has_samples(branches, id) &&
		    (!best || is_heavier(branches_total(branches, id),
					 branches_total(branches, best))))
			best = id;
	return best;
}

static void make_all(struct branches *branches)
{
	if (!branches->turned)
		return;
	for (uint32_t id = 0; id < branches_count(branches); id++) {
		if (branches_count(branches) >= BRANCHES_TURNED_MAX)
			break;
		make_children(branches, id);
	}
}

/* Which nodes fit or lead to one.  Children follow their parent, so one pass is enough. */
static uint8_t *mark_matches(const struct branches *branches, const struct match *match)
{
	size_t count = branches_count(branches);
	uint8_t *mark = xcalloc(count, 1);

	for (size_t i = count; i-- > 1;) {
		uint32_t node = (uint32_t)i;

		if (!mark[node] && match_has(match, branches_function(branches, node)))
			mark[node] = has_samples(branches, node);
		if (mark[node])
			mark[branches_parent(branches, node)] = 1;
	}
	return mark;
}

/* A walk over the marked nodes as their rows stand when all is open. */
struct walk {
	const struct branches *branches;
	const struct match *match;
	const uint8_t *mark;
	struct order order;
};

static bool walk_fits(const struct walk *walk, uint32_t node)
{
	return node && match_has(walk->match, branches_function(walk->branches, node));
}

/* The marked child behind (or before) one, or from the beginning (the end): 0 if there is none. */
static uint32_t walk_child(const struct walk *walk, uint32_t parent, uint32_t from, bool next)
{
	uint32_t best = 0;

	for (uint32_t id = first_child(walk->branches, parent); id;
	     id = next_sibling(walk->branches, id)) {
		int sign = next ? 1 : -1;

		if (!walk->mark[id] || id == from)
			continue;
		if (from && total_order(&id, &from, (void *)(uintptr_t)&walk->order) * sign < 0)
			continue;
		if (!best || total_order(&id, &best, (void *)(uintptr_t)&walk->order) * sign < 0)
			best = id;
	}
	return best;
}

/* The first match in a marked subtree is its top or in its first marked child. */
static uint32_t walk_first(const struct walk *walk, uint32_t node)
{
	while (node && !walk_fits(walk, node))
		node = walk_child(walk, node, 0, true);
	return node;
}

/* The last one is in its last marked child, or its top. */
static uint32_t walk_last(const struct walk *walk, uint32_t node)
{
	uint32_t child;

	while ((child = walk_child(walk, node, 0, false)))
		node = child;
	return node;
}

static uint32_t walk_next(const struct walk *walk, uint32_t node)
{
	uint32_t found = walk_child(walk, node, 0, true);

	for (; node && !found; node = branches_parent(walk->branches, node))
		found = walk_child(walk, branches_parent(walk->branches, node), node, true);
	return walk_first(walk, found ? found : walk_child(walk, 0, 0, true));
}

static uint32_t walk_before(const struct walk *walk, uint32_t node)
{
	while (node) {
		uint32_t parent = branches_parent(walk->branches, node);
		uint32_t found = walk_child(walk, parent, node, false);

		if (found)
			return walk_last(walk, found);
		if (walk_fits(walk, parent))
			return parent;
		node = parent;
	}
	return walk_last(walk, 0);
}

uint32_t branches_next_match(struct branches *branches, const struct scene *scene, uint32_t from,
			     bool next)
{
	struct walk walk = {
		.branches = branches,
		.match = &scene->match,
		.order = { branches, scene->profile },
	};
	uint8_t *mark;
	uint32_t found;

	if (!exists(branches, from))
		return 0;
	make_all(branches);
	walk.mark = mark = mark_matches(branches, &scene->match);
	found = next ? walk_next(&walk, from) : walk_before(&walk, from);
	xfree(mark);
	return found;
}

uint32_t branches_selected(struct branches *branches, const struct scene *scene)
{
	size_t depth = scene->selected.len, found;
	uint32_t node;

	if (!depth)
		return 0;
	if (depth == 1)
		return branches_heaviest(branches, scene->selected.at[0]);
	node = branches_find(branches, scene->selected.at, depth, &found);
	if (found < depth) {
		uint32_t other = branches_heaviest(branches, scene->selected.at[depth - 1]);

		return other ? other : node;
	}
	return node;
}

static bool has_path(struct branches *branches, const function_id *function, size_t depth,
		     uint32_t *node)
{
	size_t found;

	*node = branches_find(branches, function, depth, &found);
	return found == depth;
}

void branches_note_lost(struct branches *branches, const struct scene *scene,
			struct lost_path *lost)
{
	size_t depth = scene->selected.len;
	uint32_t node;

	lost->function.len = 0;
	/* A function alone has no place that could be lost. */
	if (depth < 2 || has_path(branches, scene->selected.at, depth, &node))
		return;
	for (size_t i = 0; i < depth; i++)
		array_push(&lost->function, scene->selected.at[i]);
}

uint32_t branches_found_again(struct branches *branches, struct lost_path *lost)
{
	uint32_t node;

	if (!lost->function.len ||
	    !has_path(branches, lost->function.at, lost->function.len, &node))
		return 0;
	lost->function.len = 0;
	return node;
}

void branches_select(const struct branches *branches, uint32_t node, struct scene *scene)
{
	size_t depth = branches_depth(branches, node);

	scene->selected.len = 0;
	array_extend(&scene->selected, depth);
	for (; node; node = branches_parent(branches, node))
		scene->selected.at[--depth] = branches_function(branches, node);
}
