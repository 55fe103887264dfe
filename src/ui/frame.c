#include "base/clock.h"
#include "ui/state.h"

/* True when there was nothing to tell, and hints are shown. */
static bool draw_bottom(const struct app *app, struct canvas canvas)
{
	int used = 0;

	if (*app->scene.status.work) {
		used = bars_draw_work(&app->scene, canvas);
		canvas = canvas_part(canvas, used, 0, canvas.width - used, 1);
	}
	if (app->message.len)
		canvas_name(canvas, 0, 0, canvas.width, app->message_style, app->message.text);
	if (app->message.len || used)
		return false;
	if (header_height(&app->scene, app->width, app->height) <= 1 &&
	    bars_draw_activity(&app->scene, canvas))
		return false;
	if (app->scene.status.wants_input)
		used = canvas_name(canvas, 0, 0, canvas.width, STYLE_NOTICE,
				   "the program waits for input: O gives it the terminal") + 2;
	bars_draw_hints(&app->scene, app_view(app)->ops,
			canvas_part(canvas, used, 0, canvas.width - used, 1));
	return !used;
}

static void draw_prompt(const struct app *app, struct canvas canvas)
{
	const struct match *match = &app->scene.match;
	int used;

	/* What a search finds stands beside it while it is typed. */
	used = 0;
	if (app->message.len && canvas.width >= 40)
		used = canvas.width / 2;
	prompt_draw(&app->prompt, canvas_part(canvas, 0, 0, canvas.width - used, 1));
	if (used)
		canvas_name(canvas, canvas.width - used + 1, 0, used - 1, app->message_style,
			    app->message.text);
	else if (app->purpose == TYPING_SEARCH && match->pattern && canvas.width >= 60)
		canvas_printf(canvas, canvas.width - 16, 0, STYLE_DIM, " %zu match%s",
			      match->count, match->count == 1 ? "" : "es");
}

static void draw(struct app *app)
{
	struct canvas all;
	int width, height, head, tab_line, bottom;

	app->term->size(&width, &height);
	if (width != app->width || height != app->height) {
		app->width = width;
		app->height = height;
		grid_resize(&app->grid, width, height);
	}
	all = canvas_of(&app->grid);
	canvas_fill(all, ' ', STYLE_PLAIN);
	head = header_height(&app->scene, width, height);
	/* A header that takes the whole screen says that it is too small. */
	bottom = head < height || app->purpose != TYPING_NOTHING;
	tab_line = height - head - bottom >= 5;
	app->body = height - head - bottom - tab_line;
	app->body_top = head + tab_line;
	app->tab_row = tab_line ? head : -1;
	app->hint_row = -1;
	header_draw(&app->scene, canvas_part(all, 0, 0, width, head));
	if (tab_line)
		bars_draw_tabs(&app->scene, app->current, canvas_part(all, 0, head, width, 1));
	view_update(app_view(app), &app->scene, width, app->body);
	if (app_view(app)->ops == &output_view && app->scene.output)
		app->scene.output_seen = app->scene.output->total;
	view_draw(app_view(app), &app->scene,
		  canvas_part(all, 0, head + tab_line, width, app->body));
	if (app->purpose != TYPING_NOTHING)
		draw_prompt(app, canvas_part(all, 0, height - 1, width, 1));
	else if (bottom && draw_bottom(app, canvas_part(all, 0, height - 1, width, 1)))
		app->hint_row = height - 1;
	if (app->menu.open)
		menu_draw(&app->menu, &app->scene, all);
}

/* A paused scene goes on telling what the program and we are doing. */
static void look_at_status(struct app *app, const struct profile *profile)
{
	struct status *status = &app->scene.status;

	session_status(app->session, &app->latest);
	memcpy(status->state, app->latest.state, sizeof status->state);
	status->live = app->latest.live;
	status->collecting = app->latest.collecting;
	status->wants_input = app->latest.wants_input;
	memcpy(status->work, app->latest.work, sizeof status->work);
	status->own_cpu = app->latest.own_cpu;
	status->own_rss = app->latest.own_rss;
	app->scene.behind = profile->samples - app->shown_samples;
}

static bool was_told(const struct app *app, const char *notice)
{
	for (size_t i = 0; i < app->told.len; i++)
		if (!strcmp(app->told.at[i], notice))
			return true;
	return false;
}

static void look_for_news(struct app *app)
{
	struct scene *scene = &app->scene;
	size_t i = 0, count = scene->status.notice.len;
	bool told;

	while (i < count && was_told(app, scene->status.notice.at[i]))
		i++;
	told = i == count;
	if (!told && (!app->noticed_at || scene->notices_told || i != scene->notice))
		app->noticed_at = clock_now();
	scene->notices_told = told;
	scene->notice = told ? 0 : i;
}

void frame_forget_notices(struct app *app, uint64_t time)
{
	struct scene *scene = &app->scene;

	if (!app->noticed_at || scene->notices_told || clock_now() - app->noticed_at < time)
		return;
	for (size_t i = 0; i < app->told.len; i++)
		xfree(app->told.at[i]);
	app->told.len = 0;
	for (size_t i = 0; i < scene->status.notice.len; i++)
		array_push(&app->told, xstrdup(scene->status.notice.at[i]));
	scene->notices_told = app->undrawn = true;
}

static void take_in(struct app *app, const struct profile *profile)
{
	if (app->scene.paused && !app->requery && app->shown_generation != profile->generation)
		app_tell(app, STYLE_NOTICE, "the profile was made smaller: the display moved on");
	session_status(app->session, &app->scene.status);
	scene_update(&app->scene, profile);
	look_for_news(app);
	app->shown_samples = profile->samples;
	app->shown_generation = profile->generation;
	app->scene.behind = 0;
	app->requery = false;
}

/* One frame: the numbers in it are all of one moment. */
void frame_refresh(struct app *app)
{
	int width = app->width, height = app->height;
	const struct profile *profile;
	bool hold;

	/* Of the rows that were shown last; files are read without the lock. */
	if (app->stale && app_view(app)->ops == &threads_view)
		session_thread_states(app->session, &app->states);
	profile = session_lock(app->session);
	hold = app->scene.paused && !app->requery &&
		app->shown_generation == profile->generation;
	if (app->stale && hold)
		look_at_status(app, profile);
	else if (app->stale || app->requery || app->shown_generation != profile->generation)
		take_in(app, profile);
	draw(app);
	session_unlock(app->session);
	app->stale = app->undrawn = false;
	app->term->show(&app->grid);
	if (width != app->width || height != app->height)
		session_resize(app->session, app->width, app->height);
}
