#include "ui/bars.h"

#include "base/text.h"

/* So wide a screen has room for blanks between the tabs. */
enum { ROOMY = 90 };

const struct tab tabs[TAB_COUNT] = {
	{ &functions_view, COMMAND_VIEW_1 },
	{ &tree_view, COMMAND_VIEW_2 },
	{ &icicle_view, COMMAND_VIEW_3 },
	{ &callers_view, COMMAND_VIEW_4 },
	{ &counters_view, COMMAND_VIEW_5 },
	{ &threads_view, COMMAND_VIEW_6 },
	{ &quality_view, COMMAND_VIEW_8 },
	{ &output_view, COMMAND_VIEW_9 },
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
	{ COMMAND_MENU, "menu", NULL },
	{ COMMAND_OPEN, "callers", &functions_view },
	{ COMMAND_RIGHT, "to tree", &functions_view },
	{ COMMAND_OPEN, "go there", &callers_view },
	{ COMMAND_BACK, "back", &callers_view },
	{ COMMAND_RIGHT, "to tree", &callers_view },
	{ COMMAND_OPEN, "open", &tree_view },
	{ COMMAND_OPEN, "zoom", &icicle_view },
	{ COMMAND_BACK, "back", &icicle_view },
	{ COMMAND_HOTTEST, "hottest", &tree_view },
	{ COMMAND_INVERT, "invert", &tree_view },
	{ COMMAND_INVERT, "invert", &icicle_view },
	{ COMMAND_HAND_OVER, "give it the terminal", &output_view },
	{ COMMAND_LAST, "follow", &output_view },
	{ COMMAND_OPEN, "only this", &threads_view },
	{ COMMAND_BACK, "all again", &threads_view },
	{ COMMAND_GROUP, "group", &threads_view },
	{ COMMAND_SORT_NEXT, "sort", &threads_view },
	{ COMMAND_SORT_NEXT, "sort", &functions_view },
	{ COMMAND_FILTER, "filter", NULL },
	{ COMMAND_MEASURE, "unit", NULL },
	{ COMMAND_PAUSE, "pause", NULL },
	{ COMMAND_LIMIT, "limit", NULL },
	{ COMMAND_ERRORS, "±", NULL },
	{ COMMAND_KERNEL, "kernel", NULL },
	{ COMMAND_COLLECT, "collect", NULL },
	{ COMMAND_WINDOW, "time", NULL },
	{ COMMAND_ZERO, "from now", NULL },
	{ COMMAND_SAVE, "save", NULL },
};

/* A header of one line has no room for what the rows leave out. */
static void describe_activity(const struct scene *scene, struct strbuf *out)
{
	if (scene->paused)
		strbuf_addf(out, "paused, %llu behind  ", (unsigned long long)scene->behind);
	if (scene->window.kind != WINDOW_ALL) {
		window_describe(scene, out);
		strbuf_adds(out, "  ");
	}
	if (scene->query.threads.by != THREADS_ALL) {
		thread_choice_describe(out, scene->profile, &scene->query.threads);
		strbuf_adds(out, "  ");
	}
	if (scene->query.keep)
		strbuf_addf(out, "filter /%s/  ", scene->query.keep);
	if (scene->query.hide_kernel)
		strbuf_adds(out, "no kernel  ");
	if (scene->match.pattern)
		strbuf_addf(out, "/%s: %zu  ", scene->match.pattern, scene->match.count);
}

static bool is_turned(const struct scene *scene, size_t current)
{
	const struct view_ops *ops = current < TAB_COUNT ? tabs[current].ops : NULL;

	return scene->query.inverted && (ops == &tree_view || ops == &icicle_view);
}

/* With room for the mark of a turned tree behind them. */
static bool titles_fit(const struct scene *scene, size_t current, int width)
{
	bool roomy = width >= ROOMY;

	if (is_turned(scene, current))
		width -= 10;
	for (size_t i = 0; i < TAB_COUNT; i++)
		width -= (int)strlen(tabs[i].ops->title) + 3 + roomy;
	return width >= 0;
}

/* " 1 Functions "; where that does not fit less does. */
static void label_tab(const struct scene *scene, size_t i, size_t current, int width,
		      struct strbuf *out)
{
	bool titled = titles_fit(scene, current, width) || i == current;
	const char *title = titled ? tabs[i].ops->title : "";

	strbuf_addf(out, " %d%s%s%s", tabs[i].command - COMMAND_VIEW_1 + 1, *title ? " " : "",
		    title, width >= ROOMY ? " " : "");
}

static bool has_unread(const struct scene *scene)
{
	return scene->output && scene->output->total != scene->output_seen;
}

void bars_draw_tabs(const struct scene *scene, size_t current, struct canvas canvas)
{
	struct strbuf label = STRBUF_INIT;
	int x = 0, unread = 0;

	for (size_t i = 0; i < TAB_COUNT; i++) {
		strbuf_clear(&label);
		label_tab(scene, i, current, canvas.width, &label);
		x += canvas_text(canvas, x, 0, i == current ? STYLE_TAB_CURRENT : STYLE_TAB,
				 label.text);
		if (tabs[i].ops == &output_view && has_unread(scene) && i != current)
			unread = canvas.width >= ROOMY ? x - 1 : x;
	}
	if (unread)
		canvas_text(canvas, unread, 0, STYLE_NOTICE, "•");
	if (is_turned(scene, current))
		canvas_text(canvas, x + 1, 0, STYLE_NOTICE,
			    canvas.width - x > 9 ? " inverted" : "inv.");
	strbuf_release(&label);
}

enum command bars_tab_at(const struct scene *scene, size_t current, int width, int x)
{
	struct strbuf label = STRBUF_INIT;
	enum command command = COMMAND_NONE;
	int end = 0;

	for (size_t i = 0; i < TAB_COUNT && !command; i++) {
		strbuf_clear(&label);
		label_tab(scene, i, current, width, &label);
		end += text_width(label.text);
		if (x >= 0 && x < end)
			command = tabs[i].command;
	}
	strbuf_release(&label);
	return command;
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
		scene->describe_keys(scene->keymap, command, out);
	end = strstr(out->text, ", ");
	if (end)
		strbuf_cut(out, (size_t)(end - out->text));
}

int bars_draw_work(const struct scene *scene, struct canvas canvas)
{
	struct strbuf key = STRBUF_INIT;
	int x;

	add_key(scene, COMMAND_CANCEL, &key);
	x = canvas_text(canvas, 0, 0, STYLE_NOTICE, scene->status.work) + 2;
	if (key.len) {
		x += canvas_text(canvas, x, 0, STYLE_KEY, key.text) + 1;
		x += canvas_text(canvas, x, 0, STYLE_LABEL, "stops it") + 2;
	}
	strbuf_release(&key);
	return x < canvas.width ? x : canvas.width;
}

/* Where a hint stands: its key, and what that does behind it. */
struct hint_place {
	int x, text, end;
};

/* The next hint of the view that fits, from *i on; NULL: no more. */
static const struct hint *next_hint(const struct scene *scene, const struct view_ops *view,
				    int width, size_t *i, struct strbuf *key,
				    struct hint_place *at)
{
	int x = *i ? at->end + 2 : 0;

	for (; *i < sizeof hints / sizeof *hints; ++*i) {
		const struct hint *hint = &hints[*i];

		if (hint->only && hint->only != view)
			continue;
		strbuf_clear(key);
		add_key(scene, hint->command, key);
		at->x = x;
		at->text = x + text_width(key->text) + 1;
		at->end = at->text + text_width(hint->text);
		++*i;
		return at->end <= width ? hint : NULL;
	}
	return NULL;
}

void bars_draw_hints(const struct scene *scene, const struct view_ops *view, struct canvas canvas)
{
	struct strbuf key = STRBUF_INIT;
	struct hint_place at = { 0 };
	const struct hint *hint;
	size_t i = 0;

	while ((hint = next_hint(scene, view, canvas.width, &i, &key, &at))) {
		canvas_text(canvas, at.x, 0, STYLE_KEY, key.text);
		canvas_text(canvas, at.text, 0, STYLE_LABEL, hint->text);
	}
	strbuf_release(&key);
}

enum command bars_hint_at(const struct scene *scene, const struct view_ops *view, int width, int x)
{
	struct strbuf key = STRBUF_INIT;
	struct hint_place at = { 0 };
	const struct hint *hint;
	enum command command = COMMAND_NONE;
	size_t i = 0;

	while (!command && (hint = next_hint(scene, view, width, &i, &key, &at)))
		if (x >= at.x && x < at.end)
			command = hint->command;
	strbuf_release(&key);
	return command;
}
