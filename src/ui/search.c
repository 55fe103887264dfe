#include "ui/state.h"

static function_id selected_function(const struct scene *scene)
{
	return scene->selected.len ? scene->selected.at[scene->selected.len - 1] : 0;
}

static void keep_selected(struct app *app)
{
	const struct scene *scene = &app->scene;

	/* Makes the view tell where it is. */
	view_command(app_view(app), &app->scene, COMMAND_SEARCH_THIS);
	app->selected_before.len = 0;
	array_extend(&app->selected_before, scene->selected.len);
	if (scene->selected.len)
		memcpy(app->selected_before.at, scene->selected.at,
		       scene->selected.len * sizeof *scene->selected.at);
}

static void restore_selected(struct app *app)
{
	struct scene *scene = &app->scene;
	size_t len = app->selected_before.len;

	if (!len || (scene->selected.len == len &&
		     !memcmp(scene->selected.at, app->selected_before.at,
			     len * sizeof *scene->selected.at)))
		return;
	scene->selected.len = 0;
	array_extend(&scene->selected, len);
	memcpy(scene->selected.at, app->selected_before.at, len * sizeof *scene->selected.at);
	view_enter(app_view(app), scene);
	view_update(app_view(app), scene, app->width, app->body);
}

/* Each letter searches anew from where the search began. */
void search_type(struct app *app)
{
	struct scene *scene = &app->scene;
	const struct profile *profile = session_lock(app->session);
	struct error error = { 0 };

	if (match_set(&scene->match, app->prompt.text.text, &error)) {
		app_forget_message(app);
		match_update(&scene->match, profile);
		restore_selected(app);
		if (!app_view(app)->ops->own_search && scene->match.count &&
		    !match_has(&scene->match, selected_function(scene)))
			view_command(app_view(app), scene, COMMAND_FIND_NEXT);
	} else {
		app_tell(app, STYLE_WARNING, "%s", error.text);
	}
	session_unlock(app->session);
}

bool search_set(struct app *app, const char *pattern)
{
	const struct profile *profile = session_lock(app->session);
	struct error error = { 0 };
	bool ok = match_set(&app->scene.match, pattern, &error);

	if (!ok)
		app_tell(app, STYLE_WARNING, "%s", error.text);
	match_update(&app->scene.match, profile);
	session_unlock(app->session);
	return ok;
}

void search_start(struct app *app)
{
	const char *pattern = app->scene.match.pattern;

	xfree(app->search_before);
	app->search_before = pattern ? xstrdup(pattern) : NULL;
	session_lock(app->session);
	keep_selected(app);
	session_unlock(app->session);
	app_forget_message(app);
	prompt_edit(&app->prompt, "/", "");
	app->purpose = TYPING_SEARCH;
}

bool search_end(struct app *app)
{
	const struct match *match = &app->scene.match;

	if (!search_set(app, app->prompt.text.text))
		return false;
	if (app_view(app)->ops->own_search) {
		if (match->pattern)
			search_step(app, COMMAND_FIND_PREV);
	} else if (match->pattern && !match->count) {
		app_tell(app, STYLE_WARNING, "no function matches %s", match->pattern);
	}
	return true;
}

void search_cancel(struct app *app)
{
	app_forget_message(app);
	search_set(app, app->search_before);
	session_lock(app->session);
	restore_selected(app);
	session_unlock(app->session);
}

/* A pattern that fits exactly this name. */
static void quote_pattern(struct strbuf *out, const char *name)
{
	strbuf_adds(out, "^");
	for (; *name; name++) {
		if (strchr("\\^$.|?*+()[]{}", *name))
			strbuf_adds(out, "\\");
		strbuf_add(out, name, 1);
	}
	strbuf_adds(out, "$");
}

void search_this(struct app *app)
{
	struct strbuf pattern = STRBUF_INIT;
	const struct profile *profile;
	function_id function;

	app_view_takes(app, COMMAND_SEARCH_THIS);
	profile = session_lock(app->session);
	function = selected_function(&app->scene);
	if (function && function < profile->function.len)
		quote_pattern(&pattern, profile_function_name(profile, function));
	session_unlock(app->session);
	if (pattern.len)
		search_set(app, pattern.text);
	strbuf_release(&pattern);
}

void search_step(struct app *app, enum command command)
{
	if (!app->scene.match.pattern)
		app_tell(app, STYLE_NOTICE, "no search yet: / starts one");
	else if (app_view(app)->ops->own_search) {
		if (!app_view_takes(app, command))
			app_tell(app, STYLE_WARNING, "nothing here matches %s",
				 app->scene.match.pattern);
	}
	else if (!app->scene.match.count)
		app_tell(app, STYLE_WARNING, "no function matches %s", app->scene.match.pattern);
	else
		app_view_takes(app, command);
}
