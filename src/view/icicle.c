#include "base/text.h"
#include "view/boxes.h"
#include "view/column.h"
#include "view/label.h"
#include "view/view.h"

struct icicle {
	struct view view;
	struct branches branches;
	struct boxes boxes;
	/*
	 * The path that was walked: the cursor is depth functions deep in
	 * it, and going down again takes the same way.
	 */
	array(function_id) trail;
	struct lost_path lost;
	size_t depth;
	array(function_id) zoom;	/* the path that takes the whole width */
	array(size_t) back;		/* the lengths it had before */
	size_t cursor;			/* a box; 0 is everything */
	size_t top;			/* first level on the screen */
	int height;
	bool entering, made;
	const struct profile *profile;	/* what the boxes were made from */
	unsigned changed, shape;
};

static struct icicle *icicle_of(struct view *view)
{
	return (struct icicle *)view;
}

static struct view *icicle_open(void)
{
	return xcalloc(1, sizeof(struct icicle));
}

static void icicle_close(struct view *view)
{
	struct icicle *icicle = icicle_of(view);

	branches_release(&icicle->branches);
	boxes_release(&icicle->boxes);
	array_release(&icicle->trail);
	array_release(&icicle->lost.function);
	array_release(&icicle->zoom);
	array_release(&icicle->back);
	xfree(icicle);
}

/* The last line tells about the box under the cursor. */
static size_t levels_shown(const struct icicle *icicle)
{
	int rows = icicle->height > 2 ? icicle->height - 1 : icicle->height;

	return rows > 0 ? (size_t)rows : 0;
}

/* The nodes of the zoomed path, as far as they exist. */
static void find_zoom(struct icicle *icicle, struct node_list *zoom)
{
	size_t found;
	uint32_t node = branches_find(&icicle->branches, icicle->zoom.at, icicle->zoom.len, &found);

	array_extend(zoom, found);
	for (size_t i = found; i-- > 0; node = branches_parent(&icicle->branches, node))
		zoom->at[i] = node;
}

static bool is_box_of(const struct icicle *icicle, const struct box *box, size_t parent,
		      function_id function)
{
	return !box->rest && box->parent == parent &&
	       branches_function(&icicle->branches, box->node) == function;
}

/* The box of the path up to depth, or of the last function on it that has one. */
static size_t box_of_trail(const struct icicle *icicle)
{
	const struct boxes *boxes = &icicle->boxes;
	size_t at = 0, levels = boxes_level_count(boxes);

	for (size_t depth = 0; depth < icicle->depth && depth + 1 < levels; depth++) {
		size_t i = boxes->level.at[depth + 1], end = boxes->level.at[depth + 2];

		while (i < end &&
		       !is_box_of(icicle, &boxes->box.at[i], at, icicle->trail.at[depth]))
			i++;
		if (i == end)
			break;
		at = i;
	}
	return at;
}

/* The cursor's level is on the screen, and one level below is known. */
static void show(struct icicle *icicle, const struct profile *profile)
{
	size_t rows = levels_shown(icicle), wanted = icicle->depth, level, levels;
	struct node_list zoom = { 0 };

	find_zoom(icicle, &zoom);
	if (wanted >= BOXES_LEVELS_MAX)
		wanted = BOXES_LEVELS_MAX - 1;
	if (icicle->top > wanted)
		icicle->top = wanted;
	if (rows && wanted >= icicle->top + rows)
		icicle->top = wanted - rows + 1;
	boxes_lay_out(&icicle->boxes, &icicle->branches, profile, &zoom,
		      (icicle->top + rows > wanted ? icicle->top + rows : wanted) + 2);
	array_release(&zoom);
	icicle->cursor = box_of_trail(icicle);
	level = boxes_level_of(&icicle->boxes, icicle->cursor);
	if (icicle->top > level)
		icicle->top = level;
	levels = boxes_level_count(&icicle->boxes);
	if (icicle->top + rows > levels)
		icicle->top = levels > rows ? levels - rows : 0;
	if (rows && level >= icicle->top + rows)
		icicle->top = level - rows + 1;
}

static void walk_to(struct icicle *icicle, uint32_t node)
{
	size_t depth = branches_depth(&icicle->branches, node);

	icicle->trail.len = 0;
	array_extend(&icicle->trail, depth);
	icicle->depth = depth;
	for (; node; node = branches_parent(&icicle->branches, node))
		icicle->trail.at[--depth] = branches_function(&icicle->branches, node);
}

static void zoom_to(struct icicle *icicle, size_t depth)
{
	icicle->zoom.len = 0;
	for (size_t i = 0; i < depth; i++)
		array_push(&icicle->zoom, icicle->trail.at[i]);
}

/* Where the trail and the zoom have all functions in common that both have, nothing is hidden. */
static bool is_in_zoom(const struct icicle *icicle)
{
	for (size_t i = 0; i < icicle->depth && i < icicle->zoom.len; i++)
		if (icicle->trail.at[i] != icicle->zoom.at[i])
			return false;
	return true;
}

static void unzoom(struct icicle *icicle)
{
	icicle->zoom.len = icicle->back.len = 0;
}

/* Make what is under the cursor follow names that arrived. */
static void follow_names(struct icicle *icicle, uint32_t node)
{
	const struct calltree *calls = icicle->branches.calls;
	size_t found;
	uint32_t now;

	branches_find(&icicle->branches, icicle->trail.at, icicle->depth, &found);
	if (found == icicle->depth || icicle->branches.turned || !node || node >= calls->count)
		return;
	now = calltree_moved(calls, node);
	if (now != node)
		walk_to(icicle, now);
}

static uint32_t cursor_node(const struct icicle *icicle)
{
	return icicle->cursor < icicle->boxes.box.len ?
	       icicle->boxes.box.at[icicle->cursor].node : 0;
}

static void refresh(struct icicle *icicle, const struct scene *scene)
{
	bool turned = icicle->made && icicle->branches.turned != scene->query.inverted;
	bool renamed = icicle->made && !turned && icicle->profile == scene->profile &&
		       icicle->shape != scene->calls->shape;
	uint32_t node = cursor_node(icicle);

	if (icicle->made && !turned && !icicle->entering && icicle->profile == scene->profile &&
	    icicle->changed == scene->changed && icicle->shape == scene->calls->shape)
		return;
	branches_update(&icicle->branches, scene);
	icicle->boxes.limit = scene->limit;
	if (turned) {
		unzoom(icicle);
		icicle->trail.len = icicle->depth = 0;
	}
	if (renamed)
		follow_names(icicle, node);
	if (icicle->entering || turned) {
		node = branches_selected(&icicle->branches, scene);
		if (node)
			walk_to(icicle, node);
		if (!is_in_zoom(icicle))
			unzoom(icicle);
		branches_note_lost(&icicle->branches, scene, &icicle->lost);
	}
	node = branches_found_again(&icicle->branches, &icicle->lost);
	if (node)
		walk_to(icicle, node);
	icicle->entering = false;
	icicle->made = true;
	icicle->profile = scene->profile;
	icicle->changed = scene->changed;
	icicle->shape = scene->calls->shape;
	show(icicle, scene->profile);
}

static void icicle_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct icicle *icicle = icicle_of(view);
	bool resized = width != icicle->boxes.width || height != icicle->height;

	icicle->boxes.width = width;
	icicle->height = height;
	refresh(icicle, scene);
	if (resized)
		show(icicle, scene->profile);
}

/*
 * By the name, so a function has the same colour in every run, and another
 * one than the boxes above and below.
 */
static enum style hue_of(const struct profile *profile, function_id function, size_t level)
{
	const char *name = function_shown_name(profile, function);
	uint64_t hash = hash_bytes(name, strlen(name));
	unsigned flags = function_flags(profile, function);

	if (flags & (FUNCTION_PLACEHOLDER | FUNCTION_OTHER | FUNCTION_TRUNCATED))
		return STYLE_BOX_DIM;
	if (flags & FUNCTION_KERNEL)
		return level % 2 ? STYLE_BOX_KERNEL_A : STYLE_BOX_KERNEL_B;
	return (enum style)(STYLE_BOX_A + level % 2 * 2 + (hash >> 32) % 2);
}

static enum style box_style(const struct icicle *icicle, const struct scene *scene, size_t level,
			    size_t i)
{
	const struct box *box = &icicle->boxes.box.at[i];
	function_id function = branches_function(&icicle->branches, box->node);

	if (i == icicle->cursor)
		return STYLE_BOX_CURSOR;
	if (box->rest || !box->node)
		return STYLE_BOX_DIM;
	if (match_has(&scene->match, function))
		return STYLE_BOX_MATCH;
	return hue_of(scene->profile, function, level);
}

static void box_label(const struct icicle *icicle, const struct scene *scene,
		      const struct box *box, struct strbuf *out)
{
	function_id function = branches_function(&icicle->branches, box->node);

	if (box->rest)
		strbuf_addf(out, "%zu other%s", box->others, box->others == 1 ? "" : "s");
	else if (!box->node)
		strbuf_adds(out, "all");
	else
		entry_label(out, scene->profile, function,
			    branches_entry(&icicle->branches, box->node));
}

/* The edge tells boxes apart where colours can't. */
static void draw_box(const struct icicle *icicle, const struct scene *scene, struct canvas c,
		     size_t level, size_t i)
{
	const struct box *box = &icicle->boxes.box.at[i];
	enum style style = box_style(icicle, scene, level, i);
	struct canvas part = canvas_part(c, box->x, 0, box->width, 1);
	struct strbuf text = STRBUF_INIT;
	int x = 0;

	canvas_fill(part, ' ', style);
	if (box->x > 0 && part.width > 1)
		x = canvas_text(part, 0, 0, style, "│");
	box_label(icicle, scene, box, &text);
	if (box->rest && text_width(text.text) > part.width - x) {
		strbuf_clear(&text);
		strbuf_adds(&text, "…");
	}
	/* Two letters of a name tell nothing. */
	if (part.width - x >= 4 || text_width(text.text) <= part.width - x)
		x += label_draw(part, x, 0, part.width - x, style, text.text);
	/* With what stands around it: numbers are never cut. */
	if (part.width - x >= amount_width(scene) + 2) {
		struct amount total = box->rest ? box->others_total :
						  branches_total(&icicle->branches, box->node);
		struct amount whole = branches_total(&icicle->branches, 0);

		strbuf_clear(&text);
		amount_format(&text, scene, &total, &whole);
		canvas_text(part, x + 1, 0, style, text.text);
	}
	strbuf_release(&text);
}

/* Name in the middle of what the numbers leave: numbers are never cut. */
static void draw_cursor_line(const struct icicle *icicle, const struct scene *scene,
			     struct canvas c)
{
	const struct box *box = &icicle->boxes.box.at[icicle->cursor];
	struct amount total = branches_total(&icicle->branches, box->node);
	struct amount self = branches_self(&icicle->branches, box->node);
	struct amount whole = branches_total(&icicle->branches, 0);
	char percent[QUANTITY_MAX], own[QUANTITY_MAX], samples[QUANTITY_MAX + 8];
	struct strbuf numbers = STRBUF_INIT, name = STRBUF_INIT;
	int room;

	quantity_percent(percent, whole.weight ? total.weight : total.samples,
			 whole.weight ? whole.weight : whole.samples);
	quantity_percent(own, whole.weight ? self.weight : self.samples,
			 whole.weight ? whole.weight : whole.samples);
	quantity_exact(samples, total.samples);
	strbuf_addf(&numbers, " %s", percent);
	if (c.width >= 50)
		strbuf_addf(&numbers, "  %s sample%s", samples, total.samples == 1 ? "" : "s");
	if (c.width >= 50 && !icicle->branches.turned)
		strbuf_addf(&numbers, ", self %s", own);
	if (c.width >= 60 && icicle->top + levels_shown(icicle) < boxes_level_count(&icicle->boxes))
		strbuf_adds(&numbers, "  more below");
	box_label(icicle, scene, box, &name);
	room = c.width - (int)numbers.len;
	canvas_fill(c, ' ', STYLE_TITLE);
	room = label_draw(c, 0, 0, room, STYLE_TITLE, name.text);
	canvas_text(c, room, 0, STYLE_TITLE, numbers.text);
	strbuf_release(&numbers);
	strbuf_release(&name);
}

static void icicle_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct icicle *icicle = (const struct icicle *)view;
	const struct boxes *boxes = &icicle->boxes;
	size_t rows = levels_shown(icicle);

	if (boxes_level_count(boxes) < 2) {
		view_draw_empty(scene, c);
		return;
	}
	for (size_t y = 0; y < rows && icicle->top + y < boxes_level_count(boxes); y++) {
		size_t level = icicle->top + y;
		struct canvas row = canvas_part(c, 0, (int)y, c.width, 1);

		for (size_t i = boxes->level.at[level]; i < boxes->level.at[level + 1]; i++)
			draw_box(icicle, scene, row, level, i);
	}
	if (c.height > 2)
		draw_cursor_line(icicle, scene, canvas_part(c, 0, c.height - 1, c.width, 1));
}

static void select_cursor(struct icicle *icicle, struct scene *scene)
{
	if (icicle->cursor < icicle->boxes.box.len)
		branches_select(&icicle->branches, cursor_node(icicle), scene);
}

/* The box under the cursor becomes the place where the trail ends. */
static void stand_on(struct icicle *icicle, size_t box)
{
	icicle->cursor = box;
	walk_to(icicle, icicle->boxes.box.at[box].node);
}

static void go_up(struct icicle *icicle)
{
	size_t level = boxes_level_of(&icicle->boxes, icicle->cursor);

	/* The trail below is kept. */
	icicle->cursor = icicle->boxes.box.at[icicle->cursor].parent;
	icicle->depth = level ? level - 1 : 0;
}

static void go_down(struct icicle *icicle)
{
	size_t level = boxes_level_of(&icicle->boxes, icicle->cursor), box;

	if (level < icicle->depth)
		icicle->depth = level;		/* the rest of the trail has no boxes */
	else if (icicle->depth < icicle->trail.len) {
		icicle->depth++;
		box = box_of_trail(icicle);
		if (box != icicle->cursor) {
			icicle->cursor = box;
			return;
		}
		icicle->depth--;
	}
	box = boxes_heaviest_below(&icicle->boxes, icicle->cursor, level);
	if (box)
		stand_on(icicle, box);
}

static void go_aside(struct icicle *icicle, bool right)
{
	size_t level = boxes_level_of(&icicle->boxes, icicle->cursor), i = icicle->cursor;
	size_t first = icicle->boxes.level.at[level], end = icicle->boxes.level.at[level + 1];

	do {
		if (right ? i + 1 >= end : i <= first)
			return;
		i = right ? i + 1 : i - 1;
	} while (icicle->boxes.box.at[i].rest);
	stand_on(icicle, i);
}

static void go_far(struct icicle *icicle, const struct profile *profile, size_t levels, bool down)
{
	while (levels--) {
		size_t before = icicle->cursor;

		if (down)
			go_down(icicle);
		else
			go_up(icicle);
		if (icicle->cursor == before)
			return;
		show(icicle, profile);
	}
}

static bool move(struct icicle *icicle, const struct profile *profile, enum command command)
{
	size_t rows = levels_shown(icicle) ? levels_shown(icicle) : 1;

	switch (command) {
	case COMMAND_UP:
	case COMMAND_DOWN:
		go_far(icicle, profile, 1, command == COMMAND_DOWN);
		return true;
	case COMMAND_LEFT:
	case COMMAND_RIGHT:
		go_aside(icicle, command == COMMAND_RIGHT);
		return true;
	case COMMAND_PAGE_UP:
	case COMMAND_PAGE_DOWN:
		go_far(icicle, profile, rows, command == COMMAND_PAGE_DOWN);
		return true;
	case COMMAND_HALF_UP:
	case COMMAND_HALF_DOWN:
		go_far(icicle, profile, rows / 2 + 1, command == COMMAND_HALF_DOWN);
		return true;
	case COMMAND_SCROLL_UP:
	case COMMAND_SCROLL_DOWN:
		go_far(icicle, profile, 3, command == COMMAND_SCROLL_DOWN);
		return true;
	case COMMAND_FIRST:
		stand_on(icicle, 0);
		return true;
	case COMMAND_LAST:
	case COMMAND_HOTTEST:
		go_far(icicle, profile, BOXES_LEVELS_MAX, true);
		return true;
	default:
		return false;
	}
}

static void zoom_in(struct icicle *icicle)
{
	size_t depth = boxes_level_of(&icicle->boxes, icicle->cursor);

	if (depth == icicle->zoom.len && is_in_zoom(icicle))
		return;
	icicle->depth = depth;
	array_push(&icicle->back, icicle->zoom.len);
	/* On an ancestor of the zoomed box: back to a wider picture. */
	if (depth < icicle->zoom.len)
		icicle->back.len = 0;
	zoom_to(icicle, depth);
}

static bool zoom_out(struct icicle *icicle)
{
	if (!icicle->zoom.len)
		return false;
	icicle->zoom.len = icicle->back.len ? icicle->back.at[--icicle->back.len] : 0;
	return true;
}

/*
 * The matches that are boxes of their own in the present zoom, and the
 * cursor, as rows of a tree would stand.
 */
static void find_boxes(struct icicle *icicle, const struct scene *scene, uint32_t cursor,
		       struct node_list *found)
{
	struct branches *branches = &icicle->branches;
	struct node_list pending = { 0 }, children = { 0 };
	struct amount whole;

	find_zoom(icicle, &pending);
	if (pending.len)
		pending.at[0] = pending.at[pending.len - 1];
	array_extend(&pending, 1);
	pending.len = 1;
	whole = branches_total(branches, pending.at[0]);
	while (pending.len) {
		uint32_t node = pending.at[--pending.len];

		if (node == cursor || match_has(&scene->match, branches_function(branches, node)))
			array_push(found, node);
		children.len = 0;
		branches_children(branches, node, &children);
		branches_sort_by_total(branches, scene->profile, children.at, children.len);
		for (size_t i = children.len; i-- > 0;)
			if (boxes_share(branches_total(branches, children.at[i]), whole) *
			    icicle->boxes.width >= 1 &&
			    !boxes_fold(&icicle->boxes, branches, children.at[i]))
				array_push(&pending, children.at[i]);
	}
	array_release(&pending);
	array_release(&children);
}

static void go_to_node(struct icicle *icicle, const struct profile *profile, uint32_t node)
{
	walk_to(icicle, node);
	if (!is_in_zoom(icicle))
		unzoom(icicle);
	show(icicle, profile);
	if (icicle->boxes.box.at[icicle->cursor].node != node) {
		array_push(&icicle->back, icicle->zoom.len);
		zoom_to(icicle, icicle->depth);
	}
}

/* A match that has a box already is nearer to the eye than one that needs another zoom. */
static void find_match(struct icicle *icicle, const struct scene *scene, bool next)
{
	uint32_t cursor = icicle->boxes.box.at[icicle->cursor].node, node;
	struct node_list found = { 0 };
	size_t at = 0;

	if (!scene->match.pattern)
		return;
	find_boxes(icicle, scene, cursor, &found);
	while (at < found.len && found.at[at] != cursor)
		at++;
	/* Above the zoom, the first match comes next. */
	if (at == found.len && next)
		at = found.len - 1;
	node = found.len ? found.at[(at + (next ? 1 : found.len - 1)) % found.len] : cursor;
	if (node == cursor)
		node = branches_next_match(&icicle->branches, scene, cursor, next);
	if (node)
		go_to_node(icicle, scene->profile, node);
	array_release(&found);
}

static enum reaction turn(struct icicle *icicle, struct scene *scene)
{
	function_id function = branches_function(&icicle->branches,
						 icicle->boxes.box.at[icicle->cursor].node);

	scene->query.inverted = !scene->query.inverted;
	scene->selected.len = 0;
	if (icicle->cursor)
		array_push(&scene->selected, function);
	return REACT_REDRAW | REACT_UPDATE;
}

static enum reaction act(struct icicle *icicle, struct scene *scene, enum command command)
{
	switch (command) {
	case COMMAND_OPEN:
	case COMMAND_TOGGLE:
		zoom_in(icicle);
		return REACT_REDRAW;
	case COMMAND_BACK:
	case COMMAND_QUIT:
		return zoom_out(icicle) ? REACT_REDRAW : REACT_IGNORED;
	case COMMAND_INVERT:
		return turn(icicle, scene);
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		find_match(icicle, scene, command == COMMAND_FIND_NEXT);
		return REACT_REDRAW;
	case COMMAND_SEARCH_THIS:
		select_cursor(icicle, scene);
		return REACT_IGNORED;
	default:
		return REACT_IGNORED;
	}
}

static enum reaction icicle_command(struct view *view, struct scene *scene, enum command command)
{
	struct icicle *icicle = icicle_of(view);
	enum reaction reaction;

	refresh(icicle, scene);
	if (!icicle->boxes.box.len)
		return REACT_IGNORED;
	reaction = move(icicle, scene->profile, command) ? REACT_REDRAW
							 : act(icicle, scene, command);
	if (reaction == REACT_REDRAW) {
		icicle->lost.function.len = 0;
		show(icicle, scene->profile);
		select_cursor(icicle, scene);
	}
	return reaction;
}

static enum reaction icicle_point(struct view *view, struct scene *scene, int x, int y)
{
	struct icicle *icicle = icicle_of(view);
	const struct boxes *boxes = &icicle->boxes;
	size_t level = icicle->top + (size_t)(y > 0 ? y : 0);

	refresh(icicle, scene);
	if (y < 0 || (size_t)y >= levels_shown(icicle) || level >= boxes_level_count(boxes))
		return REACT_IGNORED;
	for (size_t i = boxes->level.at[level]; i < boxes->level.at[level + 1]; i++) {
		const struct box *box = &boxes->box.at[i];

		if (x < box->x || x >= box->x + box->width || box->rest)
			continue;
		icicle->lost.function.len = 0;
		stand_on(icicle, i);
		show(icicle, scene->profile);
		select_cursor(icicle, scene);
		return REACT_REDRAW;
	}
	return REACT_IGNORED;
}

static void icicle_enter(struct view *view, const struct scene *scene)
{
	if (scene->selected.len)
		icicle_of(view)->entering = true;
}

const struct view_ops icicle_view = {
	.name = "icicle",
	.title = "Icicle",
	.open = icicle_open,
	.close = icicle_close,
	.update = icicle_update,
	.draw = icicle_draw,
	.command = icicle_command,
	.point = icicle_point,
	.enter = icicle_enter,
};
