#include "ui/menu.h"

#include "base/text.h"
#include "view/column.h"

enum { TITLE_MAX = 48, BORDER = 1 };

enum condition {
	ALWAYS,
	FUNCTION,	/* there is a function under the cursor */
	SEARCHED,	/* a search is on */
	CHANGED,	/* there is a search or a filter to take back */
	LIVE,		/* samples may come */
};

struct menu_entry {
	enum command command;
	const char *text;
	enum condition when;
	const struct view_ops *only, *but;	/* NULL: any view, none left out */
};

/* In the order of the menu: the row first, then the view, then all. */
static const struct menu_entry entries[] = {
	{ COMMAND_OPEN, "show its callers", FUNCTION, &functions_view, NULL },
	{ COMMAND_RIGHT, "show it in the tree", FUNCTION, &functions_view, NULL },
	{ COMMAND_OPEN, "open or close", FUNCTION, &tree_view, NULL },
	{ COMMAND_EXPAND_BELOW, "open all below", FUNCTION, &tree_view, NULL },
	{ COMMAND_HOTTEST, "open the heaviest path", FUNCTION, &tree_view, NULL },
	{ COMMAND_OPEN, "zoom in", FUNCTION, &icicle_view, NULL },
	{ COMMAND_BACK, "zoom out", FUNCTION, &icicle_view, NULL },
	{ COMMAND_HOTTEST, "go down the heaviest path", FUNCTION, &icicle_view, NULL },
	{ COMMAND_OPEN, "go there", FUNCTION, &callers_view, NULL },
	{ COMMAND_BACK, "go back", FUNCTION, &callers_view, NULL },
	{ COMMAND_OPEN, "show only this", ALWAYS, &threads_view, NULL },
	{ COMMAND_BACK, "show all again", ALWAYS, &threads_view, NULL },
	{ COMMAND_GROUP, "group by name or process", ALWAYS, &threads_view, NULL },
	{ COMMAND_HAND_OVER, "give the program the terminal", LIVE, &output_view, NULL },
	{ COMMAND_LAST, "follow the end", ALWAYS, &output_view, NULL },
	{ COMMAND_VIEW_1, "show it among the functions", FUNCTION, NULL, &functions_view },
	{ COMMAND_VIEW_2, "show it in the tree", FUNCTION, &icicle_view, NULL },
	{ COMMAND_RIGHT, "show it in the tree", FUNCTION, &callers_view, NULL },
	{ COMMAND_VIEW_3, "show it in the icicle", FUNCTION, NULL, &icicle_view },
	{ COMMAND_VIEW_4, "show its callers", FUNCTION, &tree_view, NULL },
	{ COMMAND_VIEW_4, "show its callers", FUNCTION, &icicle_view, NULL },
	{ COMMAND_SEARCH_THIS, "search for it", FUNCTION, NULL, NULL },
	{ COMMAND_FIND_NEXT, "next match", SEARCHED, NULL, NULL },
	{ COMMAND_FIND_PREV, "previous match", SEARCHED, NULL, NULL },
	{ COMMAND_BACK, "take back the search or filter", CHANGED, &functions_view, NULL },
	{ COMMAND_BACK, "take back the search or filter", CHANGED, &tree_view, NULL },
	{ COMMAND_EXPAND_ALL, "open everything", ALWAYS, &tree_view, NULL },
	{ COMMAND_COLLAPSE_ALL, "close everything", ALWAYS, &tree_view, NULL },
	{ COMMAND_INVERT, "turn the tree around", ALWAYS, &tree_view, NULL },
	{ COMMAND_INVERT, "turn the tree around", ALWAYS, &icicle_view, NULL },
	{ COMMAND_SORT_NEXT, "sort by the next column", ALWAYS, &functions_view, NULL },
	{ COMMAND_SORT_REVERSE, "turn the order around", ALWAYS, &functions_view, NULL },
	{ COMMAND_SORT_NEXT, "sort by the next column", ALWAYS, &threads_view, NULL },
	{ COMMAND_SORT_REVERSE, "turn the order around", ALWAYS, &threads_view, NULL },
	{ COMMAND_MEASURE, "percent, time or samples", ALWAYS, NULL, &counters_view },
	{ COMMAND_ERRORS, "with the sampling error, or without", ALWAYS, NULL, &counters_view },
	{ COMMAND_LIMIT, "another limit for small rows", ALWAYS, NULL, &counters_view },
	{ COMMAND_WINDOW, "another part of the time", ALWAYS, NULL, &counters_view },
	{ COMMAND_SEARCH, "search ...", ALWAYS, NULL, &counters_view },
	{ COMMAND_FILTER, "filter ...", ALWAYS, NULL, &counters_view },
	{ COMMAND_KERNEL, "kernel frames on or off", ALWAYS, NULL, &counters_view },
	{ COMMAND_PAUSE, "hold the display, or go on", LIVE, NULL, NULL },
	{ COMMAND_COLLECT, "stop or start sampling", LIVE, NULL, NULL },
	{ COMMAND_ZERO, "only from now on", LIVE, NULL, NULL },
	{ COMMAND_SAVE, "save ...", ALWAYS, NULL, NULL },
	{ COMMAND_HELP, "help", ALWAYS, NULL, NULL },
};

/* Views of functions know one under their cursor. */
static bool has_function(const struct scene *scene, const struct view_ops *view)
{
	return scene->selected.len && (view == &functions_view || view == &tree_view ||
				       view == &icicle_view || view == &callers_view);
}

static bool holds(const struct scene *scene, const struct view_ops *view, enum condition when)
{
	switch (when) {
	case ALWAYS:
		return true;
	case FUNCTION:
		return has_function(scene, view);
	case SEARCHED:
		return scene->match.pattern && scene->match.count;
	case CHANGED:
		return scene->match.pattern || scene->query.keep;
	case LIVE:
		return scene->status.live && !scene->status.is_file;
	}
	return false;
}

static bool applies(const struct menu_entry *entry, const struct scene *scene,
		    const struct view_ops *view)
{
	/* Quality has no shares of functions either. */
	if (view == &quality_view)
		view = &counters_view;
	return (!entry->only || entry->only == view) && entry->but != view &&
	       holds(scene, view, entry->when);
}

void menu_open(struct menu *menu, const struct scene *scene, const struct view_ops *view,
	       int x, int y)
{
	*menu = (struct menu){
		.open = true, .x = x, .y = y, .about_function = has_function(scene, view),
	};
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		if (applies(&entries[i], scene, view) && menu->list.count < MENU_MAX)
			menu->item[menu->list.count++] = &entries[i];
	menu->list.height = menu->list.count;
}

static enum command choose(struct menu *menu)
{
	menu->open = false;
	return menu->list.count ? menu->item[menu->list.cursor]->command : COMMAND_NONE;
}

enum command menu_command(struct menu *menu, enum command command)
{
	if (list_command(&menu->list, command))
		return COMMAND_NONE;
	if (command == COMMAND_OPEN)
		return choose(menu);
	for (size_t i = 0; i < menu->list.count; i++)
		if (menu->item[i]->command == command && command != COMMAND_BACK) {
			menu->open = false;
			return command;
		}
	switch (command) {
	case COMMAND_BACK:
	case COMMAND_MENU:
	case COMMAND_QUIT:
	case COMMAND_LEFT:
		menu->open = false;
		return COMMAND_NONE;
	case COMMAND_REDRAW:
	case COMMAND_SUSPEND:
	case COMMAND_INTERRUPT:
	case COMMAND_QUIT_NOW:
		return command;
	default:
		return COMMAND_NONE;
	}
}

enum command menu_mouse(struct menu *menu, const struct mouse_event *event)
{
	struct canvas box = menu->box;
	int row = event->y - box.y - BORDER;
	bool inside = event->x >= box.x && event->x < box.x + box.width &&
		      event->y >= box.y && event->y < box.y + box.height;

	if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN) {
		list_command(&menu->list,
			     event->action == MOUSE_WHEEL_UP ? COMMAND_UP : COMMAND_DOWN);
		return COMMAND_NONE;
	}
	if (!inside) {
		menu->open = false;
		return event->action == MOUSE_MENU ? COMMAND_MENU : COMMAND_NONE;
	}
	if (row < 0 || (size_t)row >= menu->list.height)
		return COMMAND_NONE;
	list_go(&menu->list, menu->list.top + (size_t)row);
	return choose(menu);
}

/* The function that it is about. */
static void add_title(const struct menu *menu, const struct scene *scene, struct strbuf *out)
{
	struct strbuf label = STRBUF_INIT;

	if (menu->about_function && scene->selected.len) {
		function_label(&label, scene->profile,
			       scene->selected.at[scene->selected.len - 1]);
		text_shorten(out, label.text, TITLE_MAX);
	}
	strbuf_release(&label);
}

static void describe_keys(const struct scene *scene, enum command command, struct strbuf *out)
{
	char *end;

	if (scene->describe_keys)
		scene->describe_keys(scene->keymap, command, out);
	end = strstr(out->text, ", ");
	if (end)
		strbuf_cut(out, (size_t)(end - out->text));
}

static int width_of(const struct menu *menu, const struct scene *scene, const char *title)
{
	struct strbuf key = STRBUF_INIT;
	int width = text_width(title) + 2;

	for (size_t i = 0; i < menu->list.count; i++) {
		int least;

		strbuf_clear(&key);
		describe_keys(scene, menu->item[i]->command, &key);
		least = text_width(menu->item[i]->text) + text_width(key.text) + 4;
		width = least > width ? least : width;
	}
	strbuf_release(&key);
	return width + 2 * BORDER;
}

/* Below the row if there is room, else above it, else wherever it fits. */
static struct canvas place(const struct menu *menu, struct canvas all, int width)
{
	int height = (int)menu->list.count + 2 * BORDER;
	int x = menu->x, y = menu->y + 1;

	height = height > all.height ? all.height : height;
	width = width > all.width ? all.width : width;
	if (y + height > all.height)
		y = menu->y - height >= 0 ? menu->y - height : all.height - height;
	if (x + width > all.width)
		x = all.width - width;
	return canvas_part(all, x < 0 ? 0 : x, y, width, height);
}

static void draw_border(struct canvas c, const char *title)
{
	int right = c.width - 1, bottom = c.height - 1;

	canvas_fill(c, ' ', STYLE_PLAIN);
	canvas_fill(canvas_part(c, 0, 0, c.width, 1), 0x2500, STYLE_DIM);
	canvas_fill(canvas_part(c, 0, bottom, c.width, 1), 0x2500, STYLE_DIM);
	canvas_fill(canvas_part(c, 0, 0, 1, c.height), 0x2502, STYLE_DIM);
	canvas_fill(canvas_part(c, right, 0, 1, c.height), 0x2502, STYLE_DIM);
	canvas_text(c, 0, 0, STYLE_DIM, "┌");
	canvas_text(c, right, 0, STYLE_DIM, "┐");
	canvas_text(c, 0, bottom, STYLE_DIM, "└");
	canvas_text(c, right, bottom, STYLE_DIM, "┘");
	canvas_name(c, 2, 0, c.width - 4, STYLE_TITLE, title);
}

static void draw_item(const struct menu *menu, const struct scene *scene, struct canvas row,
		      size_t i)
{
	struct strbuf key = STRBUF_INIT;

	describe_keys(scene, menu->item[i]->command, &key);
	canvas_text(row, 1, 0, STYLE_PLAIN, menu->item[i]->text);
	canvas_text(row, row.width - 1 - text_width(key.text), 0, STYLE_KEY, key.text);
	if (i == menu->list.cursor)
		canvas_restyle(row, STYLE_CURSOR);
	strbuf_release(&key);
}

void menu_draw(struct menu *menu, const struct scene *scene, struct canvas all)
{
	struct strbuf title = STRBUF_INIT;
	struct canvas c;

	add_title(menu, scene, &title);
	c = place(menu, all, width_of(menu, scene, title.text));
	menu->box = c;
	menu->box.grid = NULL;
	list_resize(&menu->list, menu->list.count, c.height > 2 ? (size_t)c.height - 2 : 0);
	draw_border(c, title.text);
	c = canvas_part(c, BORDER, BORDER, c.width - 2 * BORDER, c.height - 2 * BORDER);
	for (size_t row = 0; row < menu->list.height; row++)
		if (menu->list.top + row < menu->list.count)
			draw_item(menu, scene, canvas_part(c, 0, (int)row, c.width, 1),
				  menu->list.top + row);
	strbuf_release(&title);
}
