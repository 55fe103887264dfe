#include "analyze/calltree_private.h"

static void grow_nodes(struct calltree *tree)
{
	struct calltree_private *p = tree->private;
	size_t cap = p->node_cap ? p->node_cap * 2 : 64;

	tree->parent = xresize(tree->parent, cap, sizeof *tree->parent);
	tree->first_child = xresize(tree->first_child, cap, sizeof *tree->first_child);
	tree->next_sibling = xresize(tree->next_sibling, cap, sizeof *tree->next_sibling);
	tree->function = xresize(tree->function, cap, sizeof *tree->function);
	tree->outermost = xresize(tree->outermost, cap, sizeof *tree->outermost);
	tree->entry = xresize(tree->entry, cap, sizeof *tree->entry);
	tree->self = xresize(tree->self, cap, sizeof *tree->self);
	tree->total = xresize(tree->total, cap, sizeof *tree->total);
	p->bloom = xresize(p->bloom, cap, sizeof *p->bloom);
	p->forward = xresize(p->forward, cap, sizeof *p->forward);
	p->node_cap = cap;
}

static uint64_t node_hash(uint32_t parent, function_id function)
{
	return hash_u64((uint64_t)parent << 32 | function);
}

static uint64_t hash_of_node(const void *array, uint32_t id)
{
	const struct calltree *tree = array;

	return node_hash(tree->parent[id], tree->function[id]);
}

static bool is_outermost(const struct calltree *tree, uint32_t parent, function_id function,
			 uint64_t bit)
{
	if (!(tree->private->bloom[parent] & bit))
		return true;
	for (; parent; parent = tree->parent[parent])
		if (tree->function[parent] == function)
			return false;
	return true;
}

static uint32_t add_node(struct calltree *tree, uint32_t parent, function_id function)
{
	struct calltree_private *p = tree->private;
	uint64_t bit = 1ull << (hash_u64(function) >> 58);
	uint32_t id = (uint32_t)tree->count;

	if (tree->count == p->node_cap)
		grow_nodes(tree);
	tree->count++;
	tree->parent[id] = parent;
	tree->function[id] = function;
	tree->first_child[id] = 0;
	tree->entry[id] = 0;
	tree->self[id] = tree->total[id] = (struct amount){ 0 };
	p->forward[id] = 0;
	if (id) {
		tree->outermost[id] = is_outermost(tree, parent, function, bit);
		tree->next_sibling[id] = tree->first_child[parent];
		tree->first_child[parent] = id;
		p->bloom[id] = p->bloom[parent] | bit;
	} else {
		tree->outermost[id] = 0;
		tree->next_sibling[id] = 0;
		p->bloom[id] = 0;
	}
	return id;
}

/* The slot of the child, 0 in it when there is none. */
static uint32_t *child_slot(const struct calltree *tree, uint32_t parent, function_id function)
{
	struct hash_index *ix = &tree->private->child;
	uint32_t *slot = hash_index_slot(ix, node_hash(parent, function));

	while (*slot && (tree->parent[*slot] != parent || tree->function[*slot] != function))
		slot = hash_index_next(ix, slot);
	return slot;
}

uint32_t calltree_child(struct calltree *tree, uint32_t parent, function_id function)
{
	uint32_t *slot = child_slot(tree, parent, function);
	uint32_t id = *slot;

	if (!id) {
		*slot = id = add_node(tree, parent, function);
		hash_index_added(&tree->private->child, hash_of_node, tree);
	}
	return id;
}

void calltree_clear_nodes(struct calltree *tree, size_t room)
{
	tree->count = 0;
	hash_index_clear(&tree->private->child);
	hash_index_reserve(&tree->private->child, room);
	add_node(tree, 0, 0);
}

void calltree_release_nodes(struct calltree *tree)
{
	struct calltree_private *p = tree->private;

	xfree(tree->parent);
	xfree(tree->first_child);
	xfree(tree->next_sibling);
	xfree(tree->function);
	xfree(tree->outermost);
	xfree(tree->entry);
	xfree(tree->self);
	xfree(tree->total);
	xfree(p->bloom);
	xfree(p->forward);
	tree->parent = tree->first_child = tree->next_sibling = tree->function = NULL;
	tree->outermost = tree->entry = NULL;
	tree->self = tree->total = NULL;
	p->bloom = NULL;
	p->forward = NULL;
	p->node_cap = 0;
	tree->count = 0;
	hash_index_release(&p->child);
}

/* Paths. */

size_t calltree_depth(const struct calltree *tree, uint32_t node)
{
	size_t depth = 0;

	for (; node; node = tree->parent[node])
		depth++;
	return depth;
}

uint64_t calltree_path(const struct calltree *tree, uint32_t node)
{
	enum { NEAR = 256 };
	function_id near[NEAR];
	size_t depth = calltree_depth(tree, node);
	function_id *function = depth > NEAR ? xcalloc(depth, sizeof *function) : near;
	uint64_t path = 0;

	for (size_t i = depth; i-- > 0; node = tree->parent[node])
		function[i] = tree->function[node];
	for (size_t i = 0; i < depth; i++)
		path = calltree_path_below(path, function[i]);
	if (function != near)
		xfree(function);
	return path;
}

uint32_t calltree_find(const struct calltree *tree, const function_id *function, size_t depth)
{
	uint32_t node = 0;

	for (size_t i = 0; i < depth; i++) {
		node = tree->count ? *child_slot(tree, node, function[i]) : 0;
		if (!node)
			return 0;
	}
	return node;
}

uint32_t calltree_moved(const struct calltree *tree, uint32_t node)
{
	if (node >= tree->count)
		return 0;
	while (!tree->total[node].samples && tree->private->forward[node])
		node = tree->private->forward[node];
	return node;
}

uint32_t calltree_heaviest_child(const struct calltree *tree, uint32_t node)
{
	uint32_t heaviest = 0;

	if (node >= tree->count)
		return 0;
	for (uint32_t i = tree->first_child[node]; i; i = tree->next_sibling[i])
		if (tree->total[i].samples &&
		    (!heaviest || tree->total[i].weight > tree->total[heaviest].weight))
			heaviest = i;
	return heaviest;
}
