#include "analyze/share.h"
#include "view/branches.h"
#include "view/column.h"
#include "view/folds.h"
#include "view/label.h"
#include "view/list.h"
#include "view/view.h"

enum {
	ROWS_MAX = 1 << 20,
	ROWS_AT_ONCE = 2048,	/* more of them only where someone looks */
};

struct tree_row {
	uint64_t path;		/* its number */
	uint64_t guides;	/* bit d: the ancestor at depth d has siblings below */
	uint64_t below_said;	/* what folds_open() says about rows below */
	uint32_t node, depth;
	bool open, has_children, last;
	bool hot;		/* on the heaviest path from the root */
	/* Several children below the limit in one row; the node is the heaviest of them. */
	uint32_t others;
	struct amount others_total;
};

struct tree {
	struct view view;
	struct list list;
	struct branches branches;
	struct trend trend;		/* of its nodes */
	struct folds folds[2];		/* top-down; turned */
	/*
	 * The rows from the top on, as far as anyone needs them: with all
	 * open they may be many.  Behind them come the pending ones and what
	 * is open below those, the last one first.
	 */
	array(struct tree_row) row, pending;
	struct node_list children;	/* of one node, for a moment */
	/*
	 * The path that the cursor was put on; a filter may leave only the
	 * first part of it, and the cursor comes back afterwards.  Before
	 * anything is moved or folded, the heaviest path is open.
	 */
	array(function_id) wanted;
	struct lost_path lost;
	uint32_t node;			/* under the cursor */
	uint32_t shown;			/* however little it has: it was gone to */
	bool touched, moved, entering;
	unsigned limit;			/* of the scene that the rows are of */
	const struct profile *profile;	/* what the rows were made from */
	unsigned changed, shape;
	bool made;
};

static struct tree *tree_of(struct view *view)
{
	return (struct tree *)view;
}

static struct view *tree_open(void)
{
	struct tree *tree = xcalloc(1, sizeof *tree);

	tree->trend.of = TREND_OF_NODES;
	tree->branches.trend = &tree->trend;
	return &tree->view;
}

static void tree_close(struct view *view)
{
	struct tree *tree = tree_of(view);

	branches_release(&tree->branches);
	trend_release(&tree->trend);
	folds_release(&tree->folds[0]);
	folds_release(&tree->folds[1]);
	array_release(&tree->row);
	array_release(&tree->pending);
	array_release(&tree->children);
	array_release(&tree->wanted);
	array_release(&tree->lost.function);
	xfree(tree);
}

static struct folds *folds_of(struct tree *tree)
{
	return &tree->folds[tree->branches.turned];
}

static struct amount whole_of(const struct tree *tree)
{
	return branches_total(&tree->branches, 0);
}

/* A share of at least one fifth: such rows are open before anyone says so. */
static bool is_large(struct amount part, struct amount whole)
{
	return whole.weight ? part.weight >= whole.weight / 5 : part.samples >= whole.samples / 5;
}

static bool is_folded(const struct tree *tree, uint32_t node)
{
	struct amount total = branches_total(&tree->branches, node), whole = whole_of(tree);

	return share_is_below(&total, &whole, tree->limit) &&
	       !branches_is_below(&tree->branches, tree->shown, node);
}

/* Take the children out that are below the limit, if they are several, and add them up. */
static struct tree_row fold_children(struct tree *tree)
{
	struct node_list *children = &tree->children;
	struct tree_row others = { 0 };
	size_t kept = 0;

	for (size_t i = 0; tree->limit && i < children->len; i++)
		others.others += is_folded(tree, children->at[i]);
	if (others.others < 2)
		return (struct tree_row){ 0 };
	for (size_t i = 0; i < children->len; i++) {
		struct amount total = branches_total(&tree->branches, children->at[i]);

		if (!is_folded(tree, children->at[i])) {
			children->at[kept++] = children->at[i];
			continue;
		}
		if (!others.node)
			others.node = children->at[i];
		others.others_total.weight += total.weight;
		others.others_total.samples += total.samples;
	}
	children->len = kept;
	return others;
}

/* The heaviest child goes in last, so that it comes out first. */
static void push_children(struct tree *tree, const struct profile *profile,
			  const struct tree_row *parent)
{
	struct node_list *children = &tree->children;
	struct tree_row others;
	uint64_t guides = 0;
	uint32_t depth = 0;

	if (parent->node) {
		depth = parent->depth + 1;
		guides = parent->guides;
		if (!parent->last && parent->depth < 64)
			guides |= (uint64_t)1 << parent->depth;
	}
	children->len = 0;
	branches_children(&tree->branches, parent->node, children);
	branches_sort_by_total(&tree->branches, profile, children->at, children->len);
	others = fold_children(tree);
	if (others.others) {
		others.path = parent->path;
		others.guides = guides;
		others.depth = depth;
		others.last = true;
		array_push(&tree->pending, others);
	}
	for (size_t i = children->len; i-- > 0;)
		array_push(&tree->pending, ((struct tree_row){
			/* Their own are worked out when they become rows. */
			.path = parent->path,
			.below_said = parent->below_said,
			.guides = guides,
			.node = children->at[i],
			.depth = depth,
			.last = i + 1 == children->len && !others.others,
			.hot = parent->hot && i == 0,
		}));
}

static void add_row(struct tree *tree, const struct profile *profile, struct tree_row row)
{
	const struct branches *branches = &tree->branches;

	row.path = calltree_path_below(row.path, branches_function(branches, row.node));
	if (row.others) {
		array_push(&tree->row, row);
		return;
	}
	row.hot = row.hot && !tree->touched &&
		  is_large(branches_total(branches, row.node), whole_of(tree));
	row.has_children = branches_has_children(branches, row.node);
	row.open = folds_open(folds_of(tree), row.path, &row.below_said);
	row.open = row.has_children && (row.open || row.hot);
	if (row.open)
		push_children(tree, profile, &row);
	array_push(&tree->row, row);
}

static bool can_grow(const struct tree *tree)
{
	return tree->pending.len && tree->row.len < ROWS_MAX;
}

/* So many rows from the top on, if there are as many.  What opens by itself comes first. */
static void grow_rows(struct tree *tree, const struct profile *profile, size_t count)
{
	while (can_grow(tree) &&
	       (tree->row.len < count || tree->pending.at[tree->pending.len - 1].hot)) {
		struct tree_row row = tree->pending.at[--tree->pending.len];

		add_row(tree, profile, row);
	}
	list_resize(&tree->list, tree->row.len, tree->list.height);
}

static void grow_to_screen(struct tree *tree, const struct profile *profile)
{
	size_t far = tree->list.cursor > tree->list.top ? tree->list.cursor : tree->list.top;

	grow_rows(tree, profile, far + 2 * tree->list.height + 2);
}

static void push_first(struct tree *tree, const struct profile *profile)
{
	if (branches_count(&tree->branches))
		push_children(tree, profile, &(struct tree_row){ .hot = true });
}

static void make_rows(struct tree *tree, const struct profile *profile)
{
	size_t before = tree->list.cursor;

	tree->row.len = tree->pending.len = 0;
	push_first(tree, profile);
	grow_rows(tree, profile, before < ROWS_AT_ONCE ? ROWS_AT_ONCE : before + 1);
}

/* The row of the caller, NULL for a first one. */
static const struct tree_row *row_above(const struct tree *tree, const struct tree_row *row)
{
	const struct tree_row *above = row;

	if (!row->depth)
		return NULL;
	while (above > tree->row.at && above->depth >= row->depth)
		above--;
	return above;
}

/* What comes behind a row, as if all before it were not there. */
static void push_behind(struct tree *tree, const struct profile *profile,
			const struct tree_row *row)
{
	array(const struct tree_row *) path = { 0 };

	for (; row; row = row_above(tree, row))
		array_push(&path, row);
	tree->pending.len = 0;
	push_first(tree, profile);
	while (path.len) {
		row = path.at[--path.len];
		while (tree->pending.len && tree->pending.at[--tree->pending.len].node != row->node)
			;
		if (row->open)
			push_children(tree, profile, row);
	}
	array_release(&path);
}

/* Only the rows from one on: it was opened or closed. */
static void make_rows_below(struct tree *tree, const struct profile *profile, size_t i)
{
	struct tree_row *row = &tree->row.at[i];
	const struct tree_row *above = row_above(tree, row);

	row->below_said = above ? above->below_said : 0;
	row->open = folds_open(folds_of(tree), row->path, &row->below_said);
	push_behind(tree, profile, row);
	tree->row.len = i + 1;
	grow_rows(tree, profile, i + ROWS_AT_ONCE);
}

/* What is open by itself stays open from now on, and nothing else opens. */
static void touch(struct tree *tree)
{
	if (tree->touched)
		return;
	for (size_t i = 0; i < tree->row.len; i++)
		if (tree->row.at[i].open)
			folds_set(folds_of(tree), tree->row.at[i].path, true);
	tree->touched = true;
}

/* Rows of nodes whose functions got other names stay open. */
static void carry_folds(struct tree *tree)
{
	const struct calltree *calls = tree->branches.calls;

	for (size_t i = 0; i < tree->row.len; i++) {
		const struct tree_row *row = &tree->row.at[i];
		uint32_t now;

		if (!row->open || row->node >= calls->count)
			continue;
		now = calltree_moved(calls, row->node);
		if (now != row->node)
			folds_carry(folds_of(tree), row->path,
				    branches_path(&tree->branches, now));
	}
}

/* Are all above a node open? */
static bool is_in_rows(struct tree *tree, uint32_t node)
{
	struct node_list above = { 0 };
	uint64_t path = 0, below_said = 0;
	bool open = true;

	while (node && (node = branches_parent(&tree->branches, node)))
		array_push(&above, node);
	while (open && above.len) {
		path = calltree_path_below(path, branches_function(&tree->branches,
								   above.at[--above.len]));
		open = folds_open(folds_of(tree), path, &below_said);
	}
	array_release(&above);
	return open;
}

static size_t row_from(const struct tree *tree, uint32_t node, size_t i)
{
	while (i < tree->row.len && tree->row.at[i].node != node)
		i++;
	return i;
}

/* The row of a node, or the number of rows; as many are made as that takes. */
static size_t row_of(struct tree *tree, const struct profile *profile, uint32_t node)
{
	size_t i = row_from(tree, node, 0);

	if (!node || i < tree->row.len || !can_grow(tree) || !is_in_rows(tree, node))
		return i;
	while (i == tree->row.len && can_grow(tree)) {
		grow_rows(tree, profile, tree->row.len + ROWS_AT_ONCE);
		i = row_from(tree, node, i);
	}
	return i;
}

/* Open all above a node. */
static void open_path_to(struct tree *tree, uint32_t node)
{
	const struct branches *branches = &tree->branches;
	struct node_list above = { 0 };
	uint64_t path = 0;

	while (node && (node = branches_parent(branches, node)))
		array_push(&above, node);
	while (above.len) {
		path = calltree_path_below(path, branches_function(branches,
								   above.at[--above.len]));
		folds_set(folds_of(tree), path, true);
	}
	array_release(&above);
}

static size_t reveal(struct tree *tree, const struct profile *profile, uint32_t node)
{
	size_t row;

	if (node && tree->limit && tree->shown != node &&
	    row_from(tree, node, 0) == tree->row.len) {
		tree->shown = node;
		make_rows(tree, profile);
	}
	row = row_of(tree, profile, node);
	if (node && row == tree->row.len) {
		touch(tree);
		open_path_to(tree, node);
		make_rows(tree, profile);
		row = row_of(tree, profile, node);
	}
	return row;
}

/* Where the wanted path is now: the whole, what its names became, or its first part. */
static uint32_t find_wanted(struct tree *tree, bool same_shape)
{
	const struct calltree *calls = tree->branches.calls;
	uint32_t node;
	size_t found;

	node = branches_find(&tree->branches, tree->wanted.at, tree->wanted.len, &found);
	if (found == tree->wanted.len || same_shape || tree->branches.turned)
		return node;
	if (tree->node && tree->node < calls->count) {
		uint32_t now = calltree_moved(calls, tree->node);
		struct amount total = branches_total(&tree->branches, now);

		if (now != tree->node && (total.samples || total.weight))
			return now;
	}
	return node;
}

static void want(struct tree *tree, uint32_t node)
{
	size_t depth = branches_depth(&tree->branches, node);

	tree->wanted.len = 0;
	array_extend(&tree->wanted, depth);
	tree->node = node;
	for (; node; node = branches_parent(&tree->branches, node))
		tree->wanted.at[--depth] = branches_function(&tree->branches, node);
}

static void note_node(struct tree *tree)
{
	tree->node = tree->list.cursor < tree->row.len ? tree->row.at[tree->list.cursor].node : 0;
}

/* The function chosen elsewhere is the one we were at: stay there. */
static bool is_at_selected(const struct tree *tree, const struct scene *scene)
{
	return scene->selected.len == 1 && tree->wanted.len &&
	       tree->wanted.at[tree->wanted.len - 1] == scene->selected.at[0];
}

static void place_cursor(struct tree *tree, const struct scene *scene, bool same_shape)
{
	size_t row = 0;
	uint32_t again;

	if (tree->entering) {
		uint32_t node = branches_selected(&tree->branches, scene);

		if (node && !is_at_selected(tree, scene)) {
			tree->moved = true;
			want(tree, node);
		}
		branches_note_lost(&tree->branches, scene, &tree->lost);
		tree->entering = false;
	}
	again = branches_found_again(&tree->branches, &tree->lost);
	if (again)
		want(tree, again);
	if (tree->moved) {
		uint32_t old = tree->node, node = find_wanted(tree, same_shape);

		row = reveal(tree, scene->profile, node);
		if (row == tree->row.len)
			row = tree->list.cursor;
		/* Names arrived: from now on this is the path. */
		else if (old && node && node != old && !tree->branches.turned &&
			 old < tree->branches.calls->count &&
			 calltree_moved(tree->branches.calls, old) == node)
			want(tree, node);
	}
	list_follow(&tree->list, row);
	note_node(tree);
}

/* The rows as the scene has them now.  Cheap when nothing changed. */
static void refresh(struct tree *tree, const struct scene *scene)
{
	bool same_way = tree->branches.turned == scene->query.inverted;
	bool same_tree = tree->made && tree->profile == scene->profile && same_way;
	bool same_shape = same_tree && tree->shape == scene->calls->shape;

	if (same_shape && tree->changed == scene->changed) {
		if (tree->entering)
			place_cursor(tree, scene, same_shape);
		return;
	}
	if (tree->made && !same_way) {
		tree->entering = true;
		tree->wanted.len = 0;
		tree->node = 0;
	}
	trend_update(&tree->trend, scene->profile, scene->calls, scene->status.now);
	branches_update(&tree->branches, scene);
	tree->limit = scene->limit;
	/* Its number is another's now. */
	if (!same_shape || tree->branches.turned)
		tree->shown = 0;
	if (same_tree && !same_shape && !tree->branches.turned)
		carry_folds(tree);
	tree->profile = scene->profile;
	tree->changed = scene->changed;
	tree->shape = scene->calls->shape;
	tree->made = true;
	make_rows(tree, scene->profile);
	place_cursor(tree, scene, same_shape);
}

static void tree_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct tree *tree = tree_of(view);

	(void)width;
	tree->list.height = height > 1 ? (size_t)height - 1 : 0;
	refresh(tree, scene);
	list_resize(&tree->list, tree->row.len, tree->list.height);
	grow_to_screen(tree, scene->profile);
}

static const char *sign_of(const struct tree_row *row)
{
	if (row->open)
		return "▾";
	if (row->has_children)
		return "▸";
	return row->depth ? "─" : " ";
}

/*
 * Two columns for each level.  When that would take more than half of the
 * width, the depth is told as a number and only the last levels are drawn.
 */
static int draw_guides(const struct tree_row *row, struct canvas c, enum style style)
{
	uint32_t depth = row->depth, first = 0, levels = (uint32_t)(c.width > 4 ? c.width / 4 : 1);
	int x = 0;

	if (depth > levels) {
		x += canvas_printf(c, x, 0, style, "%u ", depth);
		first = depth - (levels > 3 ? levels - 3 : 1);
	}
	for (uint32_t d = first; d + 1 < depth; d++)
		x += canvas_text(c, x, 0, style,
				 d + 1 < 64 && (row->guides >> (d + 1) & 1) ? "│ " : "  ");
	if (depth)
		x += canvas_text(c, x, 0, style, row->last ? "└─" : "├─");
	x += canvas_text(c, x, 0, style, sign_of(row));
	return x + 1;
}

struct layout {
	int self, name, binary, binary_width;	/* -1: left out */
};

/* In a turned tree the self weight stands at the top: it is the total there. */
static struct layout layout_of(const struct tree *tree, const struct scene *scene, int width)
{
	int amount = amount_width(scene);
	struct layout at = { .self = -1, .name = amount + 1, .binary = -1 };

	if (width >= 4 * amount + 8 && !tree->branches.turned) {
		at.self = amount + 1;
		at.name += amount + 1;
	}
	if (width >= 100 && binaries_matter(scene->profile)) {
		at.binary_width = width / 6 < 32 ? width / 6 : 32;
		at.binary = width - at.binary_width;
	}
	return at;
}

static void draw_headings(const struct tree *tree, const struct scene *scene, struct canvas c,
			  const struct layout *at)
{
	int amount = amount_width(scene);

	canvas_fill(canvas_part(c, 0, 0, c.width, 1), ' ', STYLE_COLUMN);
	canvas_text(c, amount - 7, 0, STYLE_COLUMN_SORTED,
		    tree->branches.turned ? "▼  Self" : "▼ Total");
	if (at->self >= 0)
		canvas_text(c, at->self + amount - 4, 0, STYLE_COLUMN, "Self");
	canvas_text(c, at->name, 0, STYLE_COLUMN, c.width < 40 ? "Function" :
		    tree->branches.turned ? "Function, callers below it"
					  : "Function, callees below it");
	if (at->binary >= 0)
		canvas_text(c, at->binary, 0, STYLE_COLUMN, "Binary");
}

static void draw_amounts(const struct tree *tree, const struct scene *scene, struct canvas c,
			 const struct layout *at, const struct tree_row *row)
{
	struct amount total = branches_total(&tree->branches, row->node);
	struct amount self = branches_self(&tree->branches, row->node);
	struct amount whole = whole_of(tree);

	/* Of several the totals add up, and that is all they have in common. */
	amount_draw(c, 0, scene, row->others ? &row->others_total : &total, &whole);
	if (row->others)
		return;
	trend_draw(c, amount_width(scene), branches_total_moved(&tree->branches, row->node));
	if (at->self < 0)
		return;
	amount_draw(c, at->self, scene, &self, &whole);
	trend_draw(c, at->self + amount_width(scene),
		   branches_self_moved(&tree->branches, row->node));
}

static void draw_binary(const struct scene *scene, struct canvas c, const struct layout *at,
			function_id function)
{
	const struct row cells = { .function = function };
	struct strbuf name = STRBUF_INIT;

	column_named("binary")->format(&name, scene, &cells);
	canvas_name(c, at->binary, 0, at->binary_width, STYLE_DIM, name.text);
	strbuf_release(&name);
}

static void draw_row(const struct tree *tree, const struct scene *scene, struct canvas c,
		     const struct layout *at, size_t i)
{
	const struct tree_row *row = &tree->row.at[i];
	function_id function = branches_function(&tree->branches, row->node);
	bool cursor = i == tree->list.cursor;
	int width = (at->binary >= 0 ? at->binary - 1 : c.width) - at->name;
	struct canvas name = canvas_part(c, at->name, 0, width, 1);
	unsigned entry = branches_entry(&tree->branches, row->node);
	enum style style = view_entry_style(scene, function, entry, cursor);
	struct strbuf label = STRBUF_INIT;
	const char *remark = "";
	int x;

	draw_amounts(tree, scene, c, at, row);
	if (at->binary >= 0 && !row->others)
		draw_binary(scene, c, at, function);
	x = draw_guides(row, name, STYLE_DIM);
	if (cursor)
		canvas_restyle(c, STYLE_CURSOR);
	if (row->others) {
		scene_describe_others(scene, row->others, &label);
		style = cursor ? STYLE_CURSOR : STYLE_DIM;
	} else {
		entry_label(&label, scene->profile, function, entry);
		remark = entry_remark(entry);
	}
	label_draw_remarked(canvas_part(name, x, 0, name.width - x, 1), style, label.text,
			    cursor ? STYLE_CURSOR : STYLE_LABEL, remark);
	strbuf_release(&label);
}

static void tree_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct tree *tree = (const struct tree *)view;
	struct layout at = layout_of(tree, scene, c.width);

	if (!tree->made)
		return;
	draw_headings(tree, scene, c, &at);
	if (!tree->row.len)
		view_draw_empty(scene, canvas_part(c, 0, 1, c.width, c.height - 1));
	for (int y = 1; y < c.height; y++) {
		size_t i = tree->list.top + (size_t)y - 1;

		if (i < tree->row.len)
			draw_row(tree, scene, canvas_part(c, 0, y, c.width, 1), &at, i);
		else if (i == ROWS_MAX && tree->pending.len)
			canvas_text(c, at.name, y, STYLE_WARNING,
				    "more rows than can be shown: close some");
	}
}

/* The user chose this row. */
static void choose(struct tree *tree, struct scene *scene)
{
	touch(tree);
	tree->moved = true;
	tree->lost.function.len = 0;
	note_node(tree);
	want(tree, tree->node);
	if (tree->node)
		branches_select(&tree->branches, tree->node, scene);
}

static void go_to_node(struct tree *tree, struct scene *scene, uint32_t node)
{
	list_go(&tree->list, reveal(tree, scene->profile, node));
	choose(tree, scene);
}

static void set_open(struct tree *tree, struct scene *scene, bool open)
{
	const struct tree_row *row = &tree->row.at[tree->list.cursor];

	if (!row->has_children || row->open == open)
		return;
	folds_set(folds_of(tree), row->path, open);
	make_rows_below(tree, scene->profile, tree->list.cursor);
}

static void go_in(struct tree *tree, struct scene *scene)
{
	const struct tree_row *row = &tree->row.at[tree->list.cursor];

	if (row->has_children && !row->open)
		set_open(tree, scene, true);
	else if (row->open && tree->list.cursor + 1 < tree->row.len &&
		 tree->row.at[tree->list.cursor + 1].depth > row->depth)
		list_command(&tree->list, COMMAND_DOWN);
}

static void go_out(struct tree *tree, struct scene *scene)
{
	const struct tree_row *row = &tree->row.at[tree->list.cursor];

	if (row->open)
		set_open(tree, scene, false);
	else if (row->depth)
		list_go(&tree->list, (size_t)(row_above(tree, row) - tree->row.at));
}

/* A turned tree has no end: level by level, so that it is cut at its deep end. */
static void open_turned(struct tree *tree, uint32_t node)
{
	struct node_list nodes = { 0 };
	array(uint64_t) path = { 0 };

	array_push(&nodes, node);
	array_push(&path, branches_path(&tree->branches, node));
	for (size_t i = 0; i < nodes.len && nodes.len < BRANCHES_TURNED_MAX; i++) {
		size_t first = nodes.len;

		branches_children(&tree->branches, nodes.at[i], &nodes);
		if (nodes.len > first)
			folds_set(folds_of(tree), path.at[i], true);
		for (size_t k = first; k < nodes.len; k++)
			array_push(&path, calltree_path_below(path.at[i],
					branches_function(&tree->branches, nodes.at[k])));
	}
	array_release(&nodes);
	array_release(&path);
}

static void open_below(struct tree *tree, const struct profile *profile)
{
	if (tree->branches.turned) {
		open_turned(tree, tree->node);
		make_rows(tree, profile);
	} else if (tree->list.cursor < tree->row.len) {
		folds_open_below(folds_of(tree), tree->row.at[tree->list.cursor].path);
		make_rows_below(tree, profile, tree->list.cursor);
	}
}

static void open_all(struct tree *tree, const struct profile *profile)
{
	if (tree->branches.turned)
		open_turned(tree, 0);
	else
		folds_set_all(folds_of(tree), true);
	make_rows(tree, profile);
}

static void close_all(struct tree *tree, struct scene *scene)
{
	uint32_t node = tree->node, parent;

	while (node && (parent = branches_parent(&tree->branches, node)))
		node = parent;
	folds_set_all(folds_of(tree), false);
	make_rows(tree, scene->profile);
	list_go(&tree->list, row_of(tree, scene->profile, node));
}

static void open_hottest(struct tree *tree, const struct profile *profile)
{
	uint32_t start = tree->row.at[tree->list.cursor].node, leaf = start, node;
	size_t rows = branches_count(&tree->branches);

	/* A turned path ends where stacks begin; no path is longer than there are nodes. */
	while ((node = branches_heaviest_child(&tree->branches, leaf)) && rows--)
		leaf = node;
	open_path_to(tree, leaf);
	tree->shown = leaf;
	make_rows(tree, profile);
	/* Show as much of the path as there is room for. */
	list_go(&tree->list, row_of(tree, profile, leaf));
	list_go(&tree->list, row_of(tree, profile, start));
}

static void find_match(struct tree *tree, struct scene *scene, bool next)
{
	uint32_t node = 0;

	if (scene->match.pattern)
		node = branches_next_match(&tree->branches, scene, tree->node, next);
	if (node)
		go_to_node(tree, scene, node);
}

static enum reaction turn(struct tree *tree, struct scene *scene)
{
	function_id function = branches_function(&tree->branches, tree->node);

	scene->query.inverted = !scene->query.inverted;
	scene->selected.len = 0;
	if (tree->moved && tree->node)
		array_push(&scene->selected, function);
	return REACT_REDRAW | REACT_UPDATE;
}

static bool fold_command(struct tree *tree, struct scene *scene, enum command command)
{
	if (!tree->row.len)
		return false;
	switch (command) {
	case COMMAND_RIGHT:
		go_in(tree, scene);
		return true;
	case COMMAND_LEFT:
		go_out(tree, scene);
		return true;
	case COMMAND_OPEN:
	case COMMAND_TOGGLE:
		set_open(tree, scene, !tree->row.at[tree->list.cursor].open);
		return true;
	case COMMAND_EXPAND:
	case COMMAND_COLLAPSE:
		set_open(tree, scene, command == COMMAND_EXPAND);
		return true;
	case COMMAND_EXPAND_BELOW:
		open_below(tree, scene->profile);
		return true;
	case COMMAND_EXPAND_ALL:
		open_all(tree, scene->profile);
		return true;
	case COMMAND_COLLAPSE_ALL:
		close_all(tree, scene);
		return true;
	case COMMAND_HOTTEST:
		open_hottest(tree, scene->profile);
		return true;
	default:
		return false;
	}
}

static bool is_fold_command(enum command command)
{
	return command == COMMAND_RIGHT || command == COMMAND_LEFT || command == COMMAND_OPEN ||
	       (command >= COMMAND_TOGGLE && command <= COMMAND_HOTTEST);
}

static enum reaction tree_command(struct view *view, struct scene *scene, enum command command)
{
	struct tree *tree = tree_of(view);

	refresh(tree, scene);
	if (is_fold_command(command)) {
		touch(tree);
		if (!fold_command(tree, scene, command))
			return REACT_IGNORED;
		/* The node stays, its row may be another: rows above were opened. */
		if (command == COMMAND_EXPAND_ALL || command == COMMAND_EXPAND_BELOW) {
			size_t row = row_of(tree, scene->profile, tree->node);

			if (row < tree->row.len)
				list_follow(&tree->list, row);
		}
		choose(tree, scene);
		return REACT_REDRAW;
	}
	if (command == COMMAND_LAST)
		grow_rows(tree, scene->profile, ROWS_MAX);
	else
		grow_to_screen(tree, scene->profile);
	if (list_command(&tree->list, command)) {
		choose(tree, scene);
		return REACT_REDRAW;
	}
	switch (command) {
	case COMMAND_INVERT:
		return turn(tree, scene);
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		find_match(tree, scene, command == COMMAND_FIND_NEXT);
		return REACT_REDRAW;
	case COMMAND_SEARCH_THIS:
		if (tree->node)
			branches_select(&tree->branches, tree->node, scene);
		return REACT_IGNORED;
	default:
		return REACT_IGNORED;
	}
}

static enum reaction tree_point(struct view *view, struct scene *scene, int x, int y)
{
	struct tree *tree = tree_of(view);
	size_t row = tree->list.top + (size_t)(y > 0 ? y - 1 : 0);

	(void)x;
	refresh(tree, scene);
	if (y < 1 || (size_t)y > tree->list.height || row >= tree->row.len)
		return REACT_IGNORED;
	list_go(&tree->list, row);
	choose(tree, scene);
	return REACT_REDRAW;
}

/* Done in update: the tree may be older than the selection. */
static void tree_enter(struct view *view, const struct scene *scene)
{
	if (scene->selected.len)
		tree_of(view)->entering = true;
}

const struct view_ops tree_view = {
	.name = "tree",
	.title = "Tree",
	.open = tree_open,
	.close = tree_close,
	.update = tree_update,
	.draw = tree_draw,
	.command = tree_command,
	.point = tree_point,
	.enter = tree_enter,
};
