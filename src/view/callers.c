#include "analyze/callers.h"
#include "base/text.h"
#include "view/column.h"
#include "view/label.h"
#include "view/label.h"
#include "view/list.h"
#include "view/view.h"

/* Below this height all rows are for functions. */
enum { SHARE_WIDTH = 7, HEIGHT_TRAIL = 6, TRAIL_MAX = 1000 };

/* A row: callers on top, then the function itself, then its callees. */
enum part { PART_CALLER, PART_CENTRE, PART_CALLEE };

struct callers_view {
	struct view view;
	struct list list;
	struct callers *callers;
	struct trend trend;	/* of the tree's nodes */
	array(function_id) trail;	/* the functions one came from */
	function_id centre;
	bool chosen;		/* by somebody: else it is where most time is spent */
	bool placed;		/* the cursor is on a row that was chosen, see below */
	enum part part;		/* where the cursor was put, and on which function */
	function_id function;
	bool top_room;		/* two lines are above the rows */
	const struct profile *profile;
	unsigned changed;
};

static struct callers_view *callers_of(struct view *view)
{
	return (struct callers_view *)view;
}

static struct view *callers_open(void)
{
	struct callers_view *v = xcalloc(1, sizeof *v);

	v->callers = callers_new();
	v->trend.of = TREND_OF_NODES;
	return &v->view;
}

static void callers_close(struct view *view)
{
	struct callers_view *v = callers_of(view);

	callers_free(v->callers);
	trend_release(&v->trend);
	array_release(&v->trail);
	xfree(v);
}

/* Rows. */

static size_t row_count(const struct callers_view *v)
{
	if (!v->callers->total.samples && !v->callers->total.weight)
		return 0;
	return v->callers->caller.len + 1 + v->callers->callee.len;
}

static enum part part_of(const struct callers_view *v, size_t row)
{
	size_t centre = v->callers->caller.len;

	return row < centre ? PART_CALLER : row == centre ? PART_CENTRE : PART_CALLEE;
}

static const struct call_edge *edge_of(const struct callers_view *v, size_t row)
{
	switch (part_of(v, row)) {
	case PART_CALLER:
		return &v->callers->caller.at[row];
	case PART_CALLEE:
		return &v->callers->callee.at[row - v->callers->caller.len - 1];
	case PART_CENTRE:
		break;
	}
	return NULL;
}

static function_id function_of(const struct callers_view *v, size_t row)
{
	const struct call_edge *edge = edge_of(v, row);

	return edge ? edge->function : v->centre;
}

/* Where the cursor was put, or the function itself when that has no samples any more. */
static size_t wanted_row(const struct callers_view *v)
{
	if (v->placed)
		for (size_t i = 0; i < row_count(v); i++)
			if (part_of(v, i) == v->part && function_of(v, i) == v->function)
				return i;
	return v->callers->caller.len;
}

static function_id hottest(const struct calltree *calls)
{
	function_id best = 0;

	for (size_t i = 1; i < calls->function_count; i++) {
		struct amount a = calls->function_self[i], b = calls->function_self[best];

		if (a.weight != b.weight ? a.weight > b.weight : a.samples > b.samples)
			best = (function_id)i;
	}
	return best;
}

/* Both sides are worth seeing: the centre goes to the middle. */
static void look_at_centre(struct callers_view *v)
{
	size_t row = v->callers->caller.len, half = v->list.height / 2;

	v->placed = false;
	v->list.top = row > half ? row - half : 0;
	list_go(&v->list, row);
}

static void make_rows(struct callers_view *v, const struct scene *scene, bool fresh)
{
	callers_update(v->callers, scene->calls, &v->trend, v->centre);
	callers_fold(v->callers, scene->limit);
	list_resize(&v->list, row_count(v), v->list.height);
	if (fresh)
		look_at_centre(v);
	else if (v->list.count)
		list_follow(&v->list, wanted_row(v));
}

static void set_centre(struct callers_view *v, const struct scene *scene, function_id centre)
{
	v->centre = centre;
	make_rows(v, scene, true);
}

/* Until somebody chooses, it is what is hottest once there are samples, and stays that. */
static bool choose_centre(struct callers_view *v, const struct scene *scene)
{
	const struct calltree *calls = scene->calls;

	if (v->chosen || (v->centre && v->centre < calls->function_count &&
			  calls->function_self[v->centre].samples))
		return false;
	v->centre = hottest(calls);
	return true;
}

static void callers_view_update(struct view *view, const struct scene *scene, int width,
				int height)
{
	struct callers_view *v = callers_of(view);
	bool fresh = v->profile != scene->profile || !v->list.height;

	(void)width;
	v->top_room = height >= HEIGHT_TRAIL;
	v->list.height = (size_t)(v->top_room ? height - 2 : height);
	if (v->profile != scene->profile || v->changed != scene->changed) {
		v->profile = scene->profile;
		v->changed = scene->changed;
		fresh |= choose_centre(v, scene);
		trend_update(&v->trend, scene->profile, scene->calls, scene->status.now);
		make_rows(v, scene, fresh && !v->placed);
	}
	list_resize(&v->list, row_count(v), v->list.height);
}

/* Drawing. */

/* "main > parse > copy": where one came from; its end is what matters. */
static void draw_trail(const struct callers_view *v, const struct scene *scene, struct canvas c)
{
	struct strbuf text = STRBUF_INIT, label = STRBUF_INIT;
	size_t first = v->trail.len > 8 ? v->trail.len - 8 : 0;
	int width;

	for (size_t i = first; i < v->trail.len; i++) {
		strbuf_clear(&label);
		function_label(&label, scene->profile, v->trail.at[i]);
		label_shorten(&text, label.text, 24);
		strbuf_adds(&text, " → ");
	}
	strbuf_clear(&label);
	function_label(&label, scene->profile, v->centre);
	width = c.width / 2;
	if (text_width(text.text) + text_width(label.text) <= c.width)
		width = text_width(text.text);
	canvas_name(c, 0, 0, width, STYLE_LABEL, text.text);
	if (text_width(text.text) < width)
		width = text_width(text.text);
	label_draw(c, width, 0, c.width - width, STYLE_TITLE, label.text);
	strbuf_release(&text);
	strbuf_release(&label);
}

struct layout {
	int share, name, binary, binary_width;	/* -1: left out */
};

static struct layout layout_of(const struct scene *scene, int width)
{
	struct layout at = { .share = -1, .name = amount_width(scene) + 1, .binary = -1 };

	if (width >= 40) {
		at.share = at.name;
		at.name += SHARE_WIDTH + 1;
	}
	if (width >= 100 && binaries_matter(scene->profile)) {
		at.binary_width = width / 6 < 32 ? width / 6 : 32;
		at.binary = width - at.binary_width;
	}
	return at;
}

static void draw_headings(const struct scene *scene, const struct layout *at, struct canvas c)
{
	canvas_fill(c, ' ', STYLE_COLUMN);
	canvas_text(c, amount_width(scene) - 7, 0, STYLE_COLUMN_SORTED, "▼ Total");
	if (at->share >= 0)
		canvas_text(c, at->share + SHARE_WIDTH - 5, 0, STYLE_COLUMN, "Share");
	canvas_text(c, at->name, 0, STYLE_COLUMN, c.width < 40 ? "Function" :
		    "Callers above, callees below");
	if (at->binary >= 0)
		canvas_text(c, at->binary, 0, STYLE_COLUMN, "Binary");
}

static void draw_amount(const struct callers_view *v, const struct scene *scene, struct canvas c,
			const struct layout *at, struct amount amount)
{
	const struct amount *total = &v->callers->total;
	char share[QUANTITY_MAX];

	amount_draw(c, 0, scene, &amount, &v->callers->whole);
	if (at->share >= 0) {
		quantity_percent(share, total->weight ? amount.weight : amount.samples,
				 total->weight ? total->weight : total->samples);
		canvas_text(c, at->share + SHARE_WIDTH - (int)strlen(share), 0, STYLE_DIM, share);
	}
}

static const char *guide_of(const struct callers_view *v, size_t row)
{
	size_t centre = v->callers->caller.len;

	if (row == centre)
		return "▶ ";
	if (row == 0)
		return "┌ ";
	return row + 1 == row_count(v) ? "└ " : "├ ";
}

/* A caller's edge tells of the function in the middle. */
static const char *remark_on(const struct call_edge *edge, enum part part)
{
	if (part == PART_CALLEE || !(edge->entry & ENTRY_INLINED))
		return entry_remark(edge->entry);
	return edge->entry & (ENTRY_CALLED | ENTRY_GUESSED) ? "  (inlines it in part)" :
							      "  (inlines it)";
}

static void add_label(const struct callers_view *v, const struct scene *scene, size_t row,
		      struct strbuf *label)
{
	const struct call_edge *edge = edge_of(v, row);

	if (edge && edge->others)
		scene_describe_others(scene, edge->others, label);
	else if (edge && edge->outermost)
		strbuf_adds(label, "(stacks begin here)");
	else
		entry_label(label, scene->profile, function_of(v, row),
			    edge ? edge->other_entry : ENTRY_CALLED);
}

/* What is told behind the name, if there is room. */
static void add_remark(const struct callers_view *v, const struct scene *scene, size_t row,
		       struct strbuf *remark)
{
	const struct call_edge *edge = edge_of(v, row);

	if (edge && edge->others)
		return;
	if (edge) {
		strbuf_adds(remark, remark_on(edge, part_of(v, row)));
		return;
	}
	strbuf_adds(remark, "  self ");
	amount_format(remark, scene, &v->callers->self, &v->callers->whole);
	if (v->centre < scene->calls->function_count)
		strbuf_adds(remark, entry_remark(scene->calls->function_entry[v->centre]));
}

static void draw_name(const struct callers_view *v, const struct scene *scene, struct canvas c,
		      size_t row)
{
	const struct call_edge *edge = edge_of(v, row);
	bool cursor = row == v->list.cursor;
	struct strbuf label = STRBUF_INIT, remark = STRBUF_INIT;
	int x;
	enum style style = view_entry_style(scene, function_of(v, row),
					    edge ? edge->other_entry : ENTRY_CALLED, cursor);

	if (edge && (edge->outermost || edge->others))
		style = cursor ? STYLE_CURSOR : STYLE_DIM;
	x = canvas_text(c, 0, 0, cursor ? STYLE_CURSOR : STYLE_DIM, guide_of(v, row));
	add_label(v, scene, row, &label);
	add_remark(v, scene, row, &remark);
	label_draw_remarked(canvas_part(c, x, 0, c.width - x, 1), style, label.text,
			    cursor ? STYLE_CURSOR : STYLE_LABEL, remark.text);
	strbuf_release(&label);
	strbuf_release(&remark);
}

static void draw_row(const struct callers_view *v, const struct scene *scene, struct canvas c,
		     const struct layout *at, size_t row)
{
	const struct call_edge *edge = edge_of(v, row);
	int width = (at->binary >= 0 ? at->binary - 1 : c.width) - at->name;

	draw_amount(v, scene, c, at, edge ? edge->amount : v->callers->total);
	if (!(edge && edge->others))
		trend_draw(c, amount_width(scene),
			   trend_moved(&v->trend, edge ? edge->change : v->callers->change));
	if (at->binary >= 0 && !(edge && edge->others)) {
		const struct row cells = { .function = function_of(v, row) };
		struct strbuf binary = STRBUF_INIT;

		column_named("binary")->format(&binary, scene, &cells);
		canvas_name(c, at->binary, 0, at->binary_width, STYLE_DIM, binary.text);
		strbuf_release(&binary);
	}
	if (row == v->list.cursor)
		canvas_restyle(c, STYLE_CURSOR);
	draw_name(v, scene, canvas_part(c, at->name, 0, width, 1), row);
}

static void callers_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct callers_view *v = (const struct callers_view *)view;
	struct layout at = layout_of(scene, c.width);
	int above = v->top_room ? 2 : 0;

	if (!v->callers->centre && !v->list.count) {
		view_draw_empty(scene, c);
		return;
	}
	if (above) {
		draw_trail(v, scene, canvas_part(c, 0, 0, c.width, 1));
		draw_headings(scene, &at, canvas_part(c, 0, 1, c.width, 1));
	}
	if (!v->list.count)
		canvas_text(c, 1, c.height / 2, STYLE_DIM, "no samples in this function");
	for (int y = above; y < c.height; y++) {
		size_t row = v->list.top + (size_t)(y - above);

		if (row < v->list.count)
			draw_row(v, scene, canvas_part(c, 0, y, c.width, 1), &at, row);
	}
}

/* Commands. */

static void select_function(struct scene *scene, function_id function)
{
	size_t len = scene->selected.len;

	if (len && scene->selected.at[len - 1] == function)
		return;
	scene->selected.len = 0;
	array_push(&scene->selected, function);
}

static bool can_be_centre(const struct callers_view *v, size_t row)
{
	const struct call_edge *edge = row < v->list.count ? edge_of(v, row) : NULL;

	return edge && !edge->outermost && !edge->others &&
	       !(edge->other_entry & ENTRY_TRUNCATED);
}

static void choose_row(struct callers_view *v, struct scene *scene)
{
	if (v->list.cursor >= v->list.count)
		return;
	v->chosen = v->placed = true;
	v->part = part_of(v, v->list.cursor);
	v->function = function_of(v, v->list.cursor);
	if (v->part == PART_CENTRE || can_be_centre(v, v->list.cursor))
		select_function(scene, v->function);
}

static void go_on(struct callers_view *v, struct scene *scene)
{
	function_id next;

	if (!can_be_centre(v, v->list.cursor))
		return;
	next = function_of(v, v->list.cursor);
	if (v->trail.len == TRAIL_MAX)
		memmove(v->trail.at, v->trail.at + 1, --v->trail.len * sizeof *v->trail.at);
	array_push(&v->trail, v->centre);
	v->chosen = true;
	set_centre(v, scene, next);
	select_function(scene, next);
}

/* The cursor goes to where it was when this way was taken, if it is there. */
static enum reaction go_back(struct callers_view *v, struct scene *scene)
{
	function_id from = v->centre;

	if (!v->trail.len)
		return REACT_IGNORED;
	v->chosen = true;
	set_centre(v, scene, v->trail.at[--v->trail.len]);
	for (size_t row = 0; row < v->list.count; row++)
		if (part_of(v, row) != PART_CENTRE && function_of(v, row) == from) {
			list_go(&v->list, row);
			break;
		}
	choose_row(v, scene);
	return REACT_REDRAW;
}

static void find_match(struct callers_view *v, struct scene *scene, bool next)
{
	size_t count = v->list.count, row = v->list.cursor;

	for (size_t step = 0; step < count; step++) {
		row = (row + (next ? 1 : count - 1)) % count;
		if (match_has(&scene->match, function_of(v, row))) {
			list_go(&v->list, row);
			choose_row(v, scene);
			return;
		}
	}
}

static enum reaction callers_command(struct view *view, struct scene *scene,
				     enum command command)
{
	struct callers_view *v = callers_of(view);

	if (list_command(&v->list, command)) {
		choose_row(v, scene);
		return REACT_REDRAW;
	}
	switch (command) {
	case COMMAND_OPEN:
		go_on(v, scene);
		return REACT_REDRAW;
	case COMMAND_LEFT:
		go_back(v, scene);
		return REACT_REDRAW;
	case COMMAND_BACK:
		return go_back(v, scene);
	case COMMAND_RIGHT:
		choose_row(v, scene);
		return v->list.count ? REACT_REDRAW | REACT_SHOW_TREE : REACT_REDRAW;
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		find_match(v, scene, command == COMMAND_FIND_NEXT);
		return REACT_REDRAW;
	case COMMAND_SEARCH_THIS:
		choose_row(v, scene);
		return REACT_IGNORED;
	default:
		return REACT_IGNORED;
	}
}

static enum reaction callers_point(struct view *view, struct scene *scene, int x, int y)
{
	struct callers_view *v = callers_of(view);
	int above = v->top_room ? 2 : 0;
	size_t row = v->list.top + (size_t)(y > above ? y - above : 0);

	(void)x;
	if (y < above || (size_t)(y - above) >= v->list.height || row >= v->list.count)
		return REACT_IGNORED;
	list_go(&v->list, row);
	choose_row(v, scene);
	return REACT_REDRAW;
}

/* Another function was chosen elsewhere: it is the new centre. */
static void callers_enter(struct view *view, const struct scene *scene)
{
	struct callers_view *v = callers_of(view);
	size_t len = scene->selected.len;
	function_id function = len ? scene->selected.at[len - 1] : 0;

	if (!len || (v->chosen && function == v->centre) ||
	    function_flags(scene->profile, function) & FUNCTION_TRUNCATED)
		return;
	if (v->chosen)
		array_push(&v->trail, v->centre);
	if (v->trail.len > TRAIL_MAX)
		memmove(v->trail.at, v->trail.at + 1, --v->trail.len * sizeof *v->trail.at);
	v->chosen = true;
	v->centre = function;
	v->placed = false;
	v->profile = NULL;
}

const struct view_ops callers_view = {
	.name = "callers",
	.title = "Callers",
	.open = callers_open,
	.close = callers_close,
	.update = callers_view_update,
	.draw = callers_draw,
	.command = callers_command,
	.point = callers_point,
	.enter = callers_enter,
};
