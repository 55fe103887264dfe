#include "view/view.h"

#include "view/column.h"

enum style view_name_style(const struct scene *scene, function_id function, bool cursor)
{
	unsigned flags;

	if (match_has(&scene->match, function))
		return cursor ? STYLE_MATCH_CURSOR : STYLE_MATCH;
	if (cursor)
		return STYLE_CURSOR;
	flags = function_flags(scene->profile, function);
	if (flags & (FUNCTION_PLACEHOLDER | FUNCTION_OTHER | FUNCTION_TRUNCATED))
		return STYLE_DIM;
	return flags & FUNCTION_KERNEL ? STYLE_KERNEL : STYLE_PLAIN;
}

enum style view_entry_style(const struct scene *scene, function_id function, unsigned entry,
			    bool cursor)
{
	enum style style = view_name_style(scene, function, cursor);

	return entry_is_guess(entry) && (style == STYLE_PLAIN || style == STYLE_KERNEL) ?
	       STYLE_GUESS : style;
}

void view_draw_empty(const struct scene *scene, struct canvas c)
{
	const char *text = "no samples", *state = "";
	struct strbuf line = STRBUF_INIT;

	if (scene->query.keep && scene->calls->all.samples)
		text = "no stack fits the filter";
	else if (scene->window.kind != WINDOW_ALL && scene->calls->all.samples)
		text = "no samples in this time";
	else if (scene->query.threads.by != THREADS_ALL && scene->calls->all.samples)
		text = "no samples of these threads";
	else if (scene->status.live && !scene->status.collecting)
		text = "sampling is stopped";
	else {
		/* Only what runs on a CPU is sampled: say what it does instead. */
		text = scene->status.live ? "no samples yet" : text;
		state = scene->status.state;
	}
	strbuf_addf(&line, *state ? "%s: %s" : "%s", text, state);
	canvas_name(c, 1, c.height / 2, c.width - 2, STYLE_DIM, line.text);
	strbuf_release(&line);
}

struct view *view_open(const struct view_ops *ops)
{
	struct view *view = ops->open();

	view->ops = ops;
	return view;
}

void view_update(struct view *view, const struct scene *scene, int width, int height)
{
	view->ops->update(view, scene, width > 0 ? width : 0, height > 0 ? height : 0);
}

void view_draw(const struct view *view, const struct scene *scene, struct canvas canvas)
{
	if (canvas.width > 0 && canvas.height > 0)
		view->ops->draw(view, scene, canvas);
}

enum reaction view_command(struct view *view, struct scene *scene, enum command command)
{
	return view->ops->command(view, scene, command);
}

enum reaction view_point(struct view *view, struct scene *scene, int x, int y)
{
	return view->ops->point ? view->ops->point(view, scene, x, y) : REACT_IGNORED;
}

void view_enter(struct view *view, const struct scene *scene)
{
	if (view->ops->enter)
		view->ops->enter(view, scene);
}

void view_close(struct view *view)
{
	if (view)
		view->ops->close(view);
}
