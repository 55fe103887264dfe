#include "ui/bars.h"

#include "base/text.h"

const struct tab tabs[TAB_COUNT] = {
	{ &functions_view, COMMAND_VIEW_1 },
	{ &tree_view, COMMAND_VIEW_2 },
	{ &icicle_view, COMMAND_VIEW_3 },
	{ &counters_view, COMMAND_VIEW_5 },
};

struct hint {
	enum command command;
	const char *text;
	const struct view_ops *only;	/* NULL: in all views */
};

static const struct hint hints[] = {
	{ COMMAND_HELP, "help", NULL },
	{ COMMAND_QUIT, "quit", NULL },
	{ COMMAND_VIEW_NEXT, "view", NULL },
	{ COMMAND_SEARCH, "search", NULL },
	{ COMMAND_OPEN, "to tree", &functions_view },
	{ COMMAND_OPEN, "open", &tree_view },
	{ COMMAND_OPEN, "zoom", &icicle_view },
	{ COMMAND_BACK, "back", &icicle_view },
	{ COMMAND_HOTTEST, "hottest", &tree_view },
	{ COMMAND_INVERT, "invert", &tree_view },
	{ COMMAND_INVERT, "invert", &icicle_view },
	{ COMMAND_SORT_NEXT, "sort", &functions_view },
	{ COMMAND_FILTER, "filter", NULL },
	{ COMMAND_MEASURE, "unit", NULL },
	{ COMMAND_PAUSE, "pause", NULL },
	{ COMMAND_KERNEL, "kernel", NULL },
	{ COMMAND_COLLECT, "collect", NULL },
	{ COMMAND_ZERO, "afresh", NULL },
	{ COMMAND_SAVE, "save", NULL },
};

/* A header of one line has no room for what the rows leave out. */
static void describe_activity(const struct scene *scene, struct strbuf *out)
{
	if (scene->paused)
		strbuf_addf(out, "paused, %llu behind  ", (unsigned long long)scene->behind);
	if (scene->query.keep)
		strbuf_addf(out, "filter /%s/  ", scene->query.keep);
	if (scene->query.hide_kernel)
		strbuf_adds(out, "no kernel  ");
	if (scene->match.pattern)
		strbuf_addf(out, "/%s: %zu  ", scene->match.pattern, scene->match.count);
}

void bars_draw_tabs(const struct scene *scene, size_t current, struct canvas canvas)
{
	int x = 0;

	for (size_t i = 0; i < TAB_COUNT; i++) {
		enum style style = i == current ? STYLE_TAB_CURRENT : STYLE_TAB;
		/* Where names don't fit the numbers do. */
		const char *title = canvas.width >= 50 || i == current ? tabs[i].ops->title : "";

		x += canvas_printf(canvas, x, 0, style, " %d%s%s ",
				   tabs[i].command - COMMAND_VIEW_1 + 1, *title ? " " : "", title);
	}
	if (scene->query.inverted)
		canvas_text(canvas, x + 2, 0, STYLE_NOTICE, "inverted");
}

bool bars_draw_activity(const struct scene *scene, struct canvas canvas)
{
	struct strbuf text = STRBUF_INIT;
	bool any;

	describe_activity(scene, &text);
	any = text.len > 0;
	canvas_name(canvas, 0, 0, canvas.width, STYLE_NOTICE, text.text);
	strbuf_release(&text);
	return any;
}

/* Its first key. */
static void add_key(const struct scene *scene, enum command command, struct strbuf *out)
{
	char *end;

	if (scene->describe_keys)
		scene->describe_keys(command, out);
	end = strstr(out->text, ", ");
	if (end)
		strbuf_cut(out, (size_t)(end - out->text));
}

void bars_draw_hints(const struct scene *scene, const struct view_ops *view, struct canvas canvas)
{
	struct strbuf key = STRBUF_INIT;
	int x = 0;

	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		int width;

		if (hints[i].only && hints[i].only != view)
			continue;
		strbuf_clear(&key);
		add_key(scene, hints[i].command, &key);
		width = text_width(key.text) + 1 + text_width(hints[i].text);
		if (x + width > canvas.width)
			break;
		x += canvas_text(canvas, x, 0, STYLE_KEY, key.text) + 1;
		x += canvas_text(canvas, x, 0, STYLE_LABEL, hints[i].text) + 2;
	}
	strbuf_release(&key);
}
