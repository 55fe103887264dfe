#include "analyze/share.h"
#include "analyze/trend.h"
#include "view/column.h"
#include "view/label.h"
#include "view/list.h"
#include "view/view.h"

struct functions {
	struct view view;
	struct list list;
	array(struct row) row;
	array(uint32_t) by_name;	/* by function: its place in the order of names */
	const struct profile *named;	/* whose functions those are */
	unsigned named_generation;
	struct trend trend;
	/* What is below the limit is one row, the last on the screen. */
	size_t others;
	struct amount others_self;
	struct amount largest;		/* what a full bar means */
	const struct column *sort;
	bool reversed;
	/*
	 * The function the cursor was put on.  While a filter hides it the
	 * cursor holds on to another one, and comes back later.  Until the
	 * cursor is moved it stays on the first row instead.
	 */
	bool moved;
	function_id wanted, pinned;
	const struct profile *profile;	/* what the rows were made from */
	unsigned changed;
	int width;
};

static struct functions *functions_of(struct view *view)
{
	return (struct functions *)view;
}

static struct view *functions_open(void)
{
	struct functions *f = xcalloc(1, sizeof *f);

	f->sort = column_named("self");
	return &f->view;
}

static void functions_close(struct view *view)
{
	struct functions *f = functions_of(view);

	array_release(&f->row);
	array_release(&f->by_name);
	trend_release(&f->trend);
	xfree(f);
}

static bool is_larger(struct amount a, struct amount b)
{
	return a.weight != b.weight ? a.weight > b.weight : a.samples > b.samples;
}

static bool bar_is_total(const struct functions *f)
{
	return !strcmp(f->sort->name, "total");
}

static int compare_names(const void *a, const void *b, void *context)
{
	const struct profile *profile = context;

	return strcmp(function_shown_name(profile, *(const function_id *)a),
		      function_shown_name(profile, *(const function_id *)b));
}

/* Names are compared once and not with every new order.  Equal ones share a place. */
static void order_names(struct functions *f, const struct profile *profile)
{
	size_t count = profile->function.len;
	function_id *function;

	if (f->named == profile && f->named_generation == profile->generation &&
	    f->by_name.len == count)
		return;
	f->named = profile;
	f->named_generation = profile->generation;
	function = xcalloc(count, sizeof *function);
	for (size_t i = 0; i < count; i++)
		function[i] = (function_id)i;
	qsort_r(function, count, sizeof *function, compare_names,
		(void *)(uintptr_t)profile);
	array_extend(&f->by_name, count);
	f->by_name.len = count;
	for (size_t i = 0; i < count; i++) {
		bool same = i && !compare_names(&function[i - 1], &function[i],
						(void *)(uintptr_t)profile);

		f->by_name.at[function[i]] = same ? f->by_name.at[function[i - 1]]
						  : (uint32_t)i + 1;
	}
	xfree(function);
}

/* One that is searched for is shown, however little it is. */
static bool is_folded(const struct scene *scene, const struct row *row)
{
	return share_is_below(&row->total, &row->whole, scene->limit) &&
	       !match_has(&scene->match, row->function);
}

static void collect_rows(struct functions *f, const struct scene *scene)
{
	const struct calltree *calls = scene->calls;
	struct amount whole = calls->count ? calls->total[0] : (struct amount){ 0 };

	f->row.len = f->others = 0;
	f->others_self = (struct amount){ 0 };
	f->largest = (struct amount){ 0 };
	for (size_t id = 0; id < calls->function_count; id++) {
		struct row row = {
			.function = (function_id)id,
			.self = calls->function_self[id],
			.total = calls->function_total[id],
			.whole = whole,
			.by_name = id < f->by_name.len ? f->by_name.at[id] : 0,
		};
		const struct amount *bar = bar_is_total(f) ? &row.total : &row.self;

		if (!row.total.samples && !row.total.weight)
			continue;
		if (is_folded(scene, &row)) {
			f->others++;
			f->others_self.weight += row.self.weight;
			f->others_self.samples += row.self.samples;
			continue;
		}
		if (is_larger(*bar, f->largest))
			f->largest = *bar;
		array_push(&f->row, row);
	}
}

struct order {
	const struct column *column;
	bool reversed;
	const struct profile *profile;
};

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct order *order = context;

	return column_order(order->column, order->reversed, order->profile, a, b);
}

/* The row of a function, or the number of rows. */
static size_t row_of(const struct functions *f, function_id function)
{
	size_t i = 0;

	while (i < f->row.len && f->row.at[i].function != function)
		i++;
	return i;
}

static void pin(struct functions *f)
{
	if (f->list.cursor < f->row.len)
		f->pinned = f->row.at[f->list.cursor].function;
}

static void place_cursor(struct functions *f)
{
	size_t row = f->moved ? row_of(f, f->wanted) : 0;

	if (row == f->row.len)
		row = row_of(f, f->pinned);
	list_resize(&f->list, f->row.len, f->list.height);
	if (row < f->row.len)
		list_follow(&f->list, row);
	pin(f);
}

static void make_rows(struct functions *f, const struct scene *scene)
{
	struct order order = { f->sort, f->reversed, scene->profile };

	order_names(f, scene->profile);
	collect_rows(f, scene);
	if (f->row.len)
		qsort_r(f->row.at, f->row.len, sizeof *f->row.at, compare_rows, &order);
	place_cursor(f);
}

static void functions_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct functions *f = functions_of(view);

	f->width = width;
	if (f->profile != scene->profile || f->changed != scene->changed) {
		f->profile = scene->profile;
		f->changed = scene->changed;
		trend_update(&f->trend, scene->profile, scene->calls, scene->status.now);
		make_rows(f, scene);
	}
	height -= 1 + (f->others > 0);
	f->list.height = height > 0 ? (size_t)height : 0;
	list_resize(&f->list, f->row.len, f->list.height);
}

/* Where columns start; -1: left out for want of room. */
struct layout {
	int total, bar, bar_width, function, function_width, binary, binary_width;
};

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* The function's name is what people read: others make way, the binary first. */
static struct layout layout_of(const struct scene *scene, int width)
{
	struct layout at = {
		.total = -1, .bar = -1, .binary = -1,
		.bar_width = clamp(width / 10, 6, 20),
		.binary_width = clamp(width / 6, 12, 32),
	};
	int amount = amount_width(scene), x = amount + 1, left = width - x;

	if (left - (amount + 1) >= 16) {
		at.total = x;
		x += amount + 1;
	}
	left = width - x;
	if (at.total >= 0 && left - (at.bar_width + 1) >= 24) {
		at.bar = x;
		x += at.bar_width + 1;
	}
	left = width - x;
	at.function = x;
	at.function_width = left;
	if (at.bar >= 0 && left - (at.binary_width + 1) >= 24 && binaries_matter(scene->profile)) {
		at.function_width = left - (at.binary_width + 1);
		at.binary = width - at.binary_width;
	}
	return at;
}

/* The arrow stands before the title, so titles never move. */
static void draw_heading(const struct functions *f, struct canvas c, int x, int width,
			 const char *name)
{
	const struct column *column = column_named(name);
	bool sorted = column == f->sort;
	bool up = column->left != f->reversed;
	enum style style = sorted ? STYLE_COLUMN_SORTED : STYLE_COLUMN;
	const char *arrow = up ? "▲" : "▼";

	if (x < 0)
		return;
	if (!column->left)
		x += width - (int)strlen(column->title) - 2;
	else
		x += canvas_text(c, x, 0, style, column->title);
	if (sorted)
		canvas_text(c, column->left ? x + 1 : x, 0, style, arrow);
	if (!column->left)
		canvas_text(c, x + 2, 0, style, column->title);
}

static void draw_headings(const struct functions *f, const struct scene *scene, struct canvas c,
			  const struct layout *at)
{
	int amount = amount_width(scene);

	canvas_fill(canvas_part(c, 0, 0, c.width, 1), ' ', STYLE_COLUMN);
	draw_heading(f, c, 0, amount, "self");
	draw_heading(f, c, at->total, amount, "total");
	draw_heading(f, c, at->function, 0, "function");
	draw_heading(f, c, at->binary, 0, "binary");
}

static void draw_amounts(const struct functions *f, const struct scene *scene, struct canvas c,
			 const struct layout *at, const struct row *row)
{
	int amount = amount_width(scene);

	amount_draw(c, 0, scene, &row->self, &row->whole);
	trend_draw(c, amount, trend_moved(&f->trend, trend_self(&f->trend, row->function)));
	if (at->total < 0)
		return;
	amount_draw(c, at->total, scene, &row->total, &row->whole);
	trend_draw(c, at->total + amount,
		   trend_moved(&f->trend, trend_total(&f->trend, row->function)));
}

static void draw_row(const struct functions *f, const struct scene *scene, struct canvas c,
		     const struct layout *at, size_t i)
{
	const struct row *row = &f->row.at[i];
	bool cursor = i == f->list.cursor;
	struct canvas name = canvas_part(c, at->function, 0, at->function_width, 1);
	const struct amount *bar = bar_is_total(f) ? &row->total : &row->self;
	struct strbuf label = STRBUF_INIT;

	draw_amounts(f, scene, c, at, row);
	if (at->bar >= 0)
		canvas_bar(c, at->bar, 0, at->bar_width,
			   f->largest.weight ? bar->weight : bar->samples,
			   f->largest.weight ? f->largest.weight : f->largest.samples, STYLE_BAR);
	if (at->binary >= 0) {
		column_named("binary")->format(&label, scene, row);
		canvas_name(c, at->binary, 0, at->binary_width, STYLE_DIM, label.text);
		strbuf_clear(&label);
	}
	if (cursor)
		canvas_restyle(c, STYLE_CURSOR);
	function_label(&label, scene->profile, row->function);
	label_draw_remarked(name, view_name_style(scene, row->function, cursor), label.text,
			    cursor ? STYLE_CURSOR : STYLE_LABEL,
			    entry_remark(scene->calls->function_entry[row->function]));
	strbuf_release(&label);
}

/* With its self, so that the column adds up; a sum of totals would mean nothing. */
static void draw_others(const struct functions *f, const struct scene *scene, struct canvas c,
			const struct layout *at)
{
	struct amount whole = scene->calls->total[0];
	struct strbuf text = STRBUF_INIT;

	amount_draw(c, 0, scene, &f->others_self, &whole);
	scene_describe_others(scene, f->others, &text);
	canvas_name(c, at->function, 0, at->function_width, STYLE_DIM, text.text);
	strbuf_release(&text);
}

static void functions_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct functions *f = (const struct functions *)view;
	struct layout at = layout_of(scene, c.width);

	draw_headings(f, scene, c, &at);
	if (!f->row.len && !f->others)
		view_draw_empty(scene, canvas_part(c, 0, 1, c.width, c.height - 1));
	for (int y = 1; y < c.height; y++) {
		struct canvas row = canvas_part(c, 0, y, c.width, 1);
		size_t i = f->list.top + (size_t)y - 1;

		if (f->others && (i == f->row.len || y == c.height - 1)) {
			draw_others(f, scene, row, &at);
			break;
		}
		if (i < f->row.len)
			draw_row(f, scene, row, &at, i);
	}
}

/* The user chose this row. */
static void choose(struct functions *f)
{
	f->moved = true;
	pin(f);
	f->wanted = f->pinned;
}

/* A path that ends in this function says more than the function: it is kept. */
static void select_row(const struct functions *f, struct scene *scene)
{
	size_t len = scene->selected.len;
	function_id function;

	if (f->list.cursor >= f->row.len)
		return;
	function = f->row.at[f->list.cursor].function;
	if (len && scene->selected.at[len - 1] == function)
		return;
	scene->selected.len = 0;
	array_push(&scene->selected, function);
}

static void sort_by(struct functions *f, const struct scene *scene, const struct column *column,
		    bool reversed)
{
	f->sort = column;
	f->reversed = reversed;
	make_rows(f, scene);
}

static void sort_step(struct functions *f, const struct scene *scene, bool next)
{
	size_t count = 0, at = 0;

	for (; columns[count]; count++)
		if (columns[count] == f->sort)
			at = count;
	sort_by(f, scene, columns[(at + (next ? 1 : count - 1)) % count], false);
}

static void find_match(struct functions *f, const struct scene *scene, bool next)
{
	size_t count = f->row.len, i = f->list.cursor;

	for (size_t step = 0; step < count; step++) {
		i = (i + (next ? 1 : count - 1)) % count;
		if (match_has(&scene->match, f->row.at[i].function)) {
			list_go(&f->list, i);
			choose(f);
			return;
		}
	}
}

static enum reaction functions_command(struct view *view, struct scene *scene,
				       enum command command)
{
	struct functions *f = functions_of(view);

	if (list_command(&f->list, command)) {
		choose(f);
		select_row(f, scene);
		return REACT_REDRAW;
	}
	switch (command) {
	case COMMAND_SORT_NEXT:
	case COMMAND_SORT_PREV:
		sort_step(f, scene, command == COMMAND_SORT_NEXT);
		return REACT_REDRAW;
	case COMMAND_SORT_REVERSE:
		sort_by(f, scene, f->sort, !f->reversed);
		return REACT_REDRAW;
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		find_match(f, scene, command == COMMAND_FIND_NEXT);
		select_row(f, scene);
		return REACT_REDRAW;
	case COMMAND_OPEN:
		choose(f);
		select_row(f, scene);
		return f->row.len ? REACT_REDRAW | REACT_SHOW_CALLERS : REACT_REDRAW;
	case COMMAND_RIGHT:
		choose(f);
		select_row(f, scene);
		return f->row.len ? REACT_REDRAW | REACT_SHOW_TREE : REACT_REDRAW;
	case COMMAND_SEARCH_THIS:
		/* The search is the caller's; what "this" is, only we know. */
		select_row(f, scene);
		return REACT_IGNORED;
	default:
		return REACT_IGNORED;
	}
}

static const struct column *column_at(const struct layout *at, int x)
{
	if (at->binary >= 0 && x >= at->binary)
		return column_named("binary");
	if (x >= at->function)
		return column_named("function");
	return column_named(at->total >= 0 && x >= at->total ? "total" : "self");
}

static enum reaction functions_point(struct view *view, struct scene *scene, int x, int y)
{
	struct functions *f = functions_of(view);
	struct layout at = layout_of(scene, f->width);
	size_t row = f->list.top + (size_t)(y > 0 ? y - 1 : 0);

	if (y == 0) {
		const struct column *column = column_at(&at, x);

		sort_by(f, scene, column, column == f->sort && !f->reversed);
		return REACT_REDRAW | REACT_HEADING;
	}
	if (y < 0 || (size_t)y > f->list.height || row >= f->row.len)
		return REACT_IGNORED;
	list_go(&f->list, row);
	choose(f);
	select_row(f, scene);
	return REACT_REDRAW;
}

static void functions_enter(struct view *view, const struct scene *scene)
{
	struct functions *f = functions_of(view);
	size_t len = scene->selected.len, row;

	if (!len)
		return;
	f->moved = true;
	f->wanted = scene->selected.at[len - 1];
	row = row_of(f, f->wanted);
	if (row < f->row.len)
		list_go(&f->list, row);
	pin(f);
}

const struct view_ops functions_view = {
	.name = "functions",
	.title = "Functions",
	.open = functions_open,
	.close = functions_close,
	.update = functions_update,
	.draw = functions_draw,
	.command = functions_command,
	.point = functions_point,
	.enter = functions_enter,
};
