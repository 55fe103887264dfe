#include "ui/report_rows.h"

#include <stdlib.h>

struct order {
	const struct scene *scene;
	const struct column *column;
};

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct order *order = context;

	return column_order(order->column, false, order->scene->profile, a, b);
}

static bool is_empty(const struct amount *amount)
{
	return !amount->samples && !amount->weight;
}

static struct amount whole_of(const struct scene *scene)
{
	return scene->calls->count ? scene->calls->total[0] : (struct amount){ 0 };
}

static void add_amount(struct amount *to, struct amount more)
{
	to->weight += more.weight;
	to->samples += more.samples;
}

/* Samples that are in no function are in "none". */
static struct amount without_function(const struct scene *scene)
{
	return scene->calls->count ? scene->calls->self[0] : (struct amount){ 0 };
}


void report_rows_functions(struct report_rows *rows, const struct scene *scene, size_t count)
{
	const struct calltree *calls = scene->calls;
	struct order order = { scene, column_named("self") };

	rows->function.len = 0;
	for (size_t i = 0; i < calls->function_count; i++) {
		struct row row = {
			.function = (function_id)i,
			.self = calls->function_self[i],
			.total = calls->function_total[i],
			.whole = whole_of(scene),
		};

		if (!i) {
			struct amount none = without_function(scene);

			for (size_t k = 1; k < calls->count; k++)
				if (calls->entry[k] & ENTRY_TRUNCATED)
					add_amount(&none, calls->self[k]);
			add_amount(&row.self, none);
			add_amount(&row.total, none);
		}
		if (!is_empty(&row.total))
			array_push(&rows->function, row);
	}
	if (rows->function.len)
		qsort_r(rows->function.at, rows->function.len, sizeof *rows->function.at,
			compare_rows, &order);
	rows->left_out = count && rows->function.len > count ? rows->function.len - count : 0;
	rows->function.len -= rows->left_out;
}

struct row report_rows_row(const struct scene *scene, uint32_t node)
{
	const struct calltree *calls = scene->calls;

	if (!node)
		return (struct row){ .self = without_function(scene),
				     .total = without_function(scene), .whole = whole_of(scene) };
	return (struct row){
		.function = calls->function[node],
		.self = calls->self[node],
		.total = calls->total[node],
		.whole = whole_of(scene),
	};
}

double report_percent(const struct amount *part, const struct amount *whole)
{
	if (whole->weight)
		return 100.0 * (double)part->weight / (double)whole->weight;
	return whole->samples ? 100.0 * (double)part->samples / (double)whole->samples : 0;
}

/* Heaviest first; of the same weight callers before callees, since those have higher numbers. */
static int compare_nodes(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	struct row left = report_rows_row(order->scene, x);
	struct row right = report_rows_row(order->scene, y);
	int by_amount = order->column->compare(order->scene->profile, &left, &right);

	return by_amount ? by_amount : (x > y) - (x < y);
}

static int compare_siblings(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	struct row left = report_rows_row(order->scene, *(const uint32_t *)a);
	struct row right = report_rows_row(order->scene, *(const uint32_t *)b);

	return column_order(order->column, false, order->scene->profile, &left, &right);
}

struct nodes {
	uint32_t *at;
	size_t len, cap;
};

static void collect_nodes(struct nodes *nodes, const struct scene *scene)
{
	for (size_t i = 0; i < scene->calls->count; i++) {
		struct row row = report_rows_row(scene, (uint32_t)i);

		if (!is_empty(&row.total))
			array_push(nodes, (uint32_t)i);
	}
}

/* A mark for each node to be shown.  Callers weigh as much as callees, so none lacks its own. */
static uint8_t *choose(struct report_rows *rows, struct order *order, unsigned thousandths,
		       size_t count)
{
	uint8_t *shown = xcalloc(order->scene->calls->count, 1);
	struct nodes nodes = { 0 };
	size_t chosen = 0;

	collect_nodes(&nodes, order->scene);
	if (nodes.len && count)
		qsort_r(nodes.at, nodes.len, sizeof *nodes.at, compare_nodes, order);
	for (size_t i = 0; i < nodes.len; i++) {
		struct row row = report_rows_row(order->scene, nodes.at[i]);

		if ((count && chosen == count) ||
		    report_percent(&row.total, &row.whole) * 10 < thousandths)
			continue;
		shown[nodes.at[i]] = 1;
		chosen++;
	}
	rows->left_out = nodes.len - chosen;
	array_release(&nodes);
	return shown;
}

struct waiting {
	struct report_node *at;
	size_t len, cap;
};

/* The lightest first: they are taken from the end. */
static void push_children(struct waiting *waiting, struct order *order, const uint8_t *shown,
			  struct report_node parent)
{
	const struct calltree *calls = order->scene->calls;
	struct nodes children = { 0 };

	for (uint32_t i = calls->first_child[parent.node]; i; i = calls->next_sibling[i])
		if (shown[i])
			array_push(&children, i);
	if (children.len)
		qsort_r(children.at, children.len, sizeof *children.at, compare_siblings, order);
	for (size_t i = children.len; i--;)
		array_push(waiting, ((struct report_node){ children.at[i], parent.depth + 1 }));
	array_release(&children);
}

void report_rows_tree(struct report_rows *rows, const struct scene *scene, unsigned thousandths,
		      size_t count)
{
	struct order order = { scene, column_named("total") };
	struct waiting waiting = { 0 };
	uint8_t *shown = choose(rows, &order, thousandths, count);

	rows->node.len = 0;
	/* The root itself is no function: its children are at depth 0. */
	if (scene->calls->count)
		push_children(&waiting, &order, shown, (struct report_node){ 0, -1u });
	while (waiting.len) {
		struct report_node next = waiting.at[--waiting.len];

		array_push(&rows->node, next);
		push_children(&waiting, &order, shown, next);
	}
	if (scene->calls->count && shown[0])
		array_push(&rows->node, ((struct report_node){ 0, 0 }));
	array_release(&waiting);
	xfree(shown);
}

void report_rows_release(struct report_rows *rows)
{
	array_release(&rows->function);
	array_release(&rows->node);
}
