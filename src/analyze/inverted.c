#include "analyze/inverted.h"

/* A node of the call tree with samples of its own, followed up to a caller. */
struct entry {
	uint32_t cursor;	/* the caller at the level of the inverted node */
	uint32_t owner;
};

struct inverted_private {
	array(struct entry) entry;	/* each inverted node has a slice of them */
	array(struct entry) sorted;	/* room to put a slice in order */
	array(uint32_t) child;		/* by function: of the node being opened */
	unsigned shape;			/* of the call tree */
	const struct trend *trend;
};

struct inverted *inverted_new(void)
{
	struct inverted *inverted = xcalloc(1, sizeof *inverted);

	inverted->private = xcalloc(1, sizeof *inverted->private);
	array_push(&inverted->node, ((struct inverted_node){ .opened = true, .leaf = true }));
	return inverted;
}

void inverted_free(struct inverted *inverted)
{
	if (!inverted)
		return;
	array_release(&inverted->node);
	array_release(&inverted->private->entry);
	array_release(&inverted->private->sorted);
	array_release(&inverted->private->child);
	xfree(inverted->private);
	xfree(inverted);
}

static void add_amount(struct amount *to, struct amount more)
{
	to->weight += more.weight;
	to->samples += more.samples;
}

static uint32_t child_of(struct inverted *inverted, uint32_t parent, function_id function)
{
	uint32_t *child = &inverted->private->child.at[function];
	struct inverted_node node = {
		.parent = parent,
		.function = function,
		.next_sibling = inverted->node.at[parent].first_child,
		.leaf = true,
	};

	if (!*child) {
		*child = (uint32_t)inverted->node.len;
		inverted->node.at[parent].first_child = *child;
		array_push(&inverted->node, node);
	}
	return *child;
}

/* Make the children that the cursors of these entries stand for, and count. */
static void add_children(struct inverted *inverted, const struct calltree *tree,
			 uint32_t parent, const struct entry *entry, size_t count)
{
	const struct trend *trend = inverted->private->trend;

	for (size_t i = 0; i < count; i++) {
		uint32_t id = child_of(inverted, parent, tree->function[entry[i].cursor]);
		struct inverted_node *child = &inverted->node.at[id];
		struct amount amount = tree->self[entry[i].owner];

		child->entry_count++;
		if (trend)
			change_add(&child->change, trend_self(trend, entry[i].owner));
		child->entry |= tree->entry[entry[i].cursor];
		add_amount(&child->total, amount);
		if (tree->parent[entry[i].cursor])
			child->leaf = false;
		else
			add_amount(&child->self, amount);
	}
}

/* Children lie next to each other, so their slices are set one after the other. */
static void place_slices(struct inverted *inverted, size_t first_child, uint32_t first_entry)
{
	for (size_t i = first_child; i < inverted->node.len; i++) {
		inverted->node.at[i].first_entry = first_entry;
		first_entry += inverted->node.at[i].entry_count;
	}
}

/* Share out the entries from..until among new children by the function at the cursor. */
static void partition(struct inverted *inverted, const struct calltree *tree,
		      uint32_t parent, uint32_t from, uint32_t until)
{
	struct inverted_private *p = inverted->private;
	size_t first_child = inverted->node.len;

	array_extend(&p->child, tree->function_count);
	array_extend(&p->sorted, p->entry.len);
	if (until > from)
		add_children(inverted, tree, parent, p->entry.at + from, until - from);
	place_slices(inverted, first_child, from);
	for (uint32_t i = from; i < until; i++) {
		uint32_t child = p->child.at[tree->function[p->entry.at[i].cursor]];

		p->sorted.at[inverted->node.at[child].first_entry++] = p->entry.at[i];
	}
	if (until > from)
		memcpy(p->entry.at + from, p->sorted.at + from,
		       (until - from) * sizeof *p->entry.at);
	place_slices(inverted, first_child, from);
	for (size_t i = first_child; i < inverted->node.len; i++)
		p->child.at[inverted->node.at[i].function] = 0;
}

void inverted_update(struct inverted *inverted, const struct calltree *tree,
		     const struct trend *trend)
{
	struct inverted_private *p = inverted->private;
	struct inverted_node root = { .opened = true, .leaf = true };

	root.self = tree->self[0];
	root.total = tree->total[0];
	p->shape = tree->shape;
	p->trend = trend;
	p->entry.len = 0;
	for (size_t i = 1; i < tree->count; i++)
		if (tree->self[i].samples || tree->self[i].weight)
			array_push(&p->entry, ((struct entry){ (uint32_t)i, (uint32_t)i }));
	root.entry_count = (uint32_t)p->entry.len;
	root.leaf = !p->entry.len;
	inverted->node.len = 0;
	array_push(&inverted->node, root);
	partition(inverted, tree, 0, 0, root.entry_count);
}

void inverted_open(struct inverted *inverted, const struct calltree *tree, uint32_t id)
{
	struct inverted_private *p = inverted->private;
	uint32_t from, until, ended;

	/* After the call tree moved its nodes, entries mean nothing until the next update. */
	if (id >= inverted->node.len || inverted->node.at[id].opened || p->shape != tree->shape)
		return;
	inverted->node.at[id].opened = true;
	ended = from = inverted->node.at[id].first_entry;
	until = from + inverted->node.at[id].entry_count;
	/* Those without a caller go first, out of the way. */
	for (uint32_t i = from; i < until; i++) {
		struct entry entry = p->entry.at[i];
		uint32_t caller = tree->parent[entry.cursor];

		if (!caller) {
			p->entry.at[i] = p->entry.at[ended];
			p->entry.at[ended++] = entry;
		} else {
			p->entry.at[i].cursor = caller;
		}
	}
	partition(inverted, tree, id, ended, until);
}
