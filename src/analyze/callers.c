#include "analyze/callers.h"

#include <stdlib.h>

#include "analyze/share.h"

/*
 * A node of the function.  A stack that goes through it more than once
 * meets several; the outer ones are found by going up these.
 */
struct site {
	uint32_t node;
	/* 1 + the nearest site, it or further out, with a caller or callee new on its path. */
	uint32_t caller_up, callee_up;
	function_id through;	/* the callee by which the outer site leads here */
	uint32_t outer;		/* 1 + that site, 0: none */
};

struct callers_private {
	array(struct site) site;
	/* Where a function's edge is: 1 + its place, 0 for none.  By function. */
	array(uint32_t) caller_at, callee_at;
	uint32_t begins_at;	/* the edge without a function */
	const struct trend *trend;	/* during an update */
};

static void add_amount(struct amount *to, struct amount more)
{
	to->weight += more.weight;
	to->samples += more.samples;
}

/* A node of the callee comes to the edge. */
static void add_node(struct call_edge *edge, const struct callers_private *p,
		     const struct calltree *tree, uint32_t node)
{
	add_amount(&edge->amount, tree->total[node]);
	edge->entry |= tree->entry[node];
	if (p->trend)
		change_add(&edge->change, trend_total(p->trend, node));
}

static bool is_empty(struct amount amount)
{
	return !amount.samples && !amount.weight;
}

/* Sites come in order of their nodes. */
static uint32_t find_site(const struct callers_private *p, uint32_t node)
{
	size_t low = 0, high = p->site.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->site.at[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static void link_outer(struct callers_private *p, const struct calltree *tree, struct site *site)
{
	uint32_t node = site->node, up = tree->parent[node];

	if (tree->outermost[node])
		return;
	while (tree->function[up] != tree->function[site->node]) {
		node = up;
		up = tree->parent[up];
	}
	site->outer = 1 + find_site(p, up);
	site->through = tree->function[node];
}

/* Did the same caller call the function further out on this path? */
static bool has_caller(const struct callers_private *p, const struct calltree *tree,
		       uint32_t from, function_id caller)
{
	while (from) {
		const struct site *site = &p->site.at[from - 1];
		uint32_t parent = tree->parent[site->node];

		if (parent && tree->function[parent] == caller)
			return true;
		from = site->outer ? p->site.at[site->outer - 1].caller_up : 0;
	}
	return false;
}

/* Does this path go from the function to the callee further out? */
static bool has_callee(const struct callers_private *p, uint32_t from, function_id callee)
{
	while (from) {
		const struct site *site = &p->site.at[from - 1];

		if (site->through == callee)
			return true;
		from = p->site.at[site->outer - 1].callee_up;
	}
	return false;
}

static struct call_edge *caller_edge(struct callers *callers, const struct calltree *tree,
				     uint32_t parent)
{
	struct callers_private *p = callers->private;
	function_id function = parent ? tree->function[parent] : 0;
	uint32_t *at = parent ? &p->caller_at.at[function] : &p->begins_at;

	if (!*at) {
		array_push(&callers->caller, ((struct call_edge){
			.function = function, .outermost = !parent }));
		*at = (uint32_t)callers->caller.len;
	}
	return &callers->caller.at[*at - 1];
}

static void take_caller(struct callers *callers, const struct calltree *tree, uint32_t i)
{
	struct callers_private *p = callers->private;
	struct site *site = &p->site.at[i];
	uint32_t parent = tree->parent[site->node];
	uint32_t outer = site->outer ? p->site.at[site->outer - 1].caller_up : 0;
	struct call_edge *edge;

	site->caller_up = outer;
	if (parent && has_caller(p, tree, outer, tree->function[parent]))
		return;
	site->caller_up = i + 1;
	edge = caller_edge(callers, tree, parent);
	edge->other_entry |= tree->entry[parent];
	add_node(edge, p, tree, site->node);
}

static void take_callees(struct callers *callers, const struct calltree *tree, uint32_t i)
{
	struct callers_private *p = callers->private;
	struct site *site = &p->site.at[i];

	if (site->outer) {
		uint32_t outer = p->site.at[site->outer - 1].callee_up;

		site->callee_up = has_callee(p, outer, site->through) ? outer : i + 1;
	}
	for (uint32_t n = tree->first_child[site->node]; n; n = tree->next_sibling[n]) {
		function_id function = tree->function[n];
		struct call_edge *edge;

		if (is_empty(tree->total[n]) || has_callee(p, site->callee_up, function))
			continue;
		if (!p->callee_at.at[function]) {
			array_push(&callers->callee, ((struct call_edge){ .function = function }));
			p->callee_at.at[function] = (uint32_t)callers->callee.len;
		}
		edge = &callers->callee.at[p->callee_at.at[function] - 1];
		edge->other_entry |= tree->entry[n];
		add_node(edge, p, tree, n);
	}
}

static int compare_edges(const void *a, const void *b)
{
	const struct call_edge *x = a, *y = b;

	if (x->amount.weight != y->amount.weight)
		return x->amount.weight > y->amount.weight ? -1 : 1;
	if (x->amount.samples != y->amount.samples)
		return x->amount.samples > y->amount.samples ? -1 : 1;
	return (x->function > y->function) - (x->function < y->function);
}

static void forget(struct callers *callers, size_t functions)
{
	struct callers_private *p = callers->private;

	p->site.len = p->caller_at.len = p->callee_at.len = 0;
	p->begins_at = 0;
	array_extend(&p->caller_at, functions);
	array_extend(&p->callee_at, functions);
	callers->caller.len = callers->callee.len = 0;
	callers->self = callers->total = callers->whole = (struct amount){ 0 };
	callers->change = (struct change){ 0 };
}

void callers_update(struct callers *callers, const struct calltree *tree,
		    const struct trend *trend, function_id centre)
{
	struct callers_private *p = callers->private;

	forget(callers, tree->function_count);
	p->trend = trend;
	callers->centre = centre;
	if (tree->count)
		callers->whole = tree->total[0];
	if (centre >= tree->function_count)
		return;
	callers->self = tree->function_self[centre];
	callers->total = tree->function_total[centre];
	for (size_t i = 1; i < tree->count; i++) {
		struct site site = { .node = (uint32_t)i };
		uint32_t at = (uint32_t)p->site.len;

		if (tree->function[i] != centre || is_empty(tree->total[i]))
			continue;
		link_outer(p, tree, &site);
		array_push(&p->site, site);
		if (trend && tree->outermost[i])
			change_add(&callers->change, trend_total(trend, (uint32_t)i));
		take_caller(callers, tree, at);
		take_callees(callers, tree, at);
	}
	if (callers->caller.len)
		qsort(callers->caller.at, callers->caller.len, sizeof *callers->caller.at,
		      compare_edges);
	if (callers->callee.len)
		qsort(callers->callee.at, callers->callee.len, sizeof *callers->callee.at,
		      compare_edges);
}

/* The heaviest come first: what is folded is at the end.  Returns how many are left. */
static size_t fold(struct call_edge *edge, size_t count, struct amount whole, unsigned limit)
{
	size_t kept = count;

	while (kept && share_is_below(&edge[kept - 1].amount, &whole, limit))
		kept--;
	if (count - kept < 2)
		return count;
	for (size_t i = kept + 1; i < count; i++) {
		add_amount(&edge[kept].amount, edge[i].amount);
		change_add(&edge[kept].change, edge[i].change);
	}
	edge[kept].others = count - kept;
	return kept + 1;
}

void callers_fold(struct callers *callers, unsigned limit)
{
	callers->caller.len = fold(callers->caller.at, callers->caller.len, callers->whole, limit);
	callers->callee.len = fold(callers->callee.at, callers->callee.len, callers->whole, limit);
}

struct callers *callers_new(void)
{
	struct callers *callers = xcalloc(1, sizeof *callers);

	callers->private = xcalloc(1, sizeof *callers->private);
	return callers;
}

void callers_free(struct callers *callers)
{
	struct callers_private *p;

	if (!callers)
		return;
	p = callers->private;
	array_release(&p->site);
	array_release(&p->caller_at);
	array_release(&p->callee_at);
	array_release(&callers->caller);
	array_release(&callers->callee);
	xfree(p);
	xfree(callers);
}
