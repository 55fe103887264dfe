#include "ui/app.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "ui/bars.h"
#include "ui/keymap.h"
#include "ui/prompt.h"
#include "view/view.h"

/* Keys that come in one go are done before the screen is drawn once. */
enum { KEYS_AT_ONCE = 64, HELP = TAB_COUNT, VIEW_COUNT };

static const uint64_t millisecond = 1000000u, second = 1000000000u;
static const uint64_t message_time = 5000000000u, patience = 2000000000u;

enum purpose { TYPING_NOTHING, TYPING_SEARCH, TYPING_FILTER, TYPING_FILE, ASKING_OVERWRITE };

struct app {
	struct session *session;
	const struct options *options;
	const struct term_ops *term;
	struct scene scene;
	struct status latest;		/* while the display is paused, the scene keeps its own */
	struct view *view[VIEW_COUNT];
	size_t current, before_help;
	struct grid grid;

	struct prompt prompt;
	enum purpose purpose;
	char *search_before;		/* the pattern, NULL for none */
	array(function_id) selected_before;
	struct strbuf path;		/* to be saved to, while asking */

	struct strbuf message;
	enum style message_style;
	uint64_t message_until;

	uint64_t started, next_update;
	uint64_t shown_samples;
	unsigned shown_generation;
	uint64_t interrupted_at, quit_asked_at;	/* 0: not lately */
	bool stale;			/* new samples are to be taken in */
	bool requery;			/* also when paused: the query changed */
	bool done;
	int wake_fd;
	int width, height;
};

/* What is told at the bottom for a while. */

static void tell(struct app *app, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void tell(struct app *app, enum style style, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_clear(&app->message);
	strbuf_vaddf(&app->message, format, args);
	va_end(args);
	app->message_style = style;
	app->message_until = clock_now() + message_time;
}

static void forget_message(struct app *app)
{
	strbuf_clear(&app->message);
	app->message_until = 0;
}

static struct view *view_shown(const struct app *app)
{
	return app->view[app->current];
}

/* Drawing. */

static void draw_bottom(const struct app *app, struct canvas canvas)
{
	const struct match *match = &app->scene.match;
	int used;

	if (app->purpose == TYPING_NOTHING) {
		if (app->message.len)
			canvas_name(canvas, 0, 0, canvas.width, app->message_style,
				    app->message.text);
		else if (header_height(&app->scene, app->width, app->height) > 1 ||
			 !bars_draw_activity(&app->scene, canvas))
			bars_draw_hints(&app->scene, view_shown(app)->ops, canvas);
		return;
	}
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
	int width, height, head, tab_line, bottom, body;

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
	body = height - head - bottom - tab_line;
	header_draw(&app->scene, canvas_part(all, 0, 0, width, head));
	if (tab_line)
		bars_draw_tabs(&app->scene, app->current, canvas_part(all, 0, head, width, 1));
	view_update(view_shown(app), &app->scene, width, body);
	view_draw(view_shown(app), &app->scene,
		  canvas_part(all, 0, head + tab_line, width, body));
	if (bottom)
		draw_bottom(app, canvas_part(all, 0, height - 1, width, 1));
}

/* A paused scene goes on telling what the program and we are doing. */
static void look_at_status(struct app *app, const struct profile *profile)
{
	struct status *status = &app->scene.status;

	session_status(app->session, &app->latest);
	memcpy(status->state, app->latest.state, sizeof status->state);
	status->live = app->latest.live;
	status->collecting = app->latest.collecting;
	status->own_cpu = app->latest.own_cpu;
	status->own_rss = app->latest.own_rss;
	app->scene.behind = profile->samples - app->shown_samples;
}

static void take_in(struct app *app, const struct profile *profile)
{
	if (app->scene.paused && !app->requery && app->shown_generation != profile->generation)
		tell(app, STYLE_NOTICE, "the profile was made smaller: the display moved on");
	session_status(app->session, &app->scene.status);
	scene_update(&app->scene, profile);
	app->shown_samples = profile->samples;
	app->shown_generation = profile->generation;
	app->scene.behind = 0;
	app->requery = false;
}

/* One frame: the numbers in it are all of one moment. */
static void refresh(struct app *app)
{
	const struct profile *profile = session_lock(app->session);
	bool hold = app->scene.paused && !app->requery &&
		app->shown_generation == profile->generation;
	int width = app->width, height = app->height;

	if (app->stale && hold)
		look_at_status(app, profile);
	else if (app->stale || app->requery || app->shown_generation != profile->generation)
		take_in(app, profile);
	draw(app);
	session_unlock(app->session);
	app->stale = false;
	app->term->show(&app->grid);
	if (width != app->width || height != app->height)
		session_resize(app->session, app->width, app->height);
}

/* Views. */

/* The lock is held. */
static void enter_view(struct app *app, size_t view)
{
	if (view == app->current)
		return;
	if (view == HELP)
		app->before_help = app->current;
	app->current = view;
	view_enter(view_shown(app), &app->scene);
}

static void show_view(struct app *app, size_t view)
{
	session_lock(app->session);
	enter_view(app, view);
	session_unlock(app->session);
}

static size_t tab_of(enum command command)
{
	size_t i = 0;

	while (i < TAB_COUNT && tabs[i].command != command)
		i++;
	return i;
}

static void step_view(struct app *app, size_t step)
{
	size_t from = app->current == HELP ? app->before_help : app->current;

	show_view(app, (from + step) % TAB_COUNT);
}

/* What the view makes of a command; false if it knows it not. */
static bool view_takes(struct app *app, enum command command)
{
	enum reaction reaction;

	session_lock(app->session);
	reaction = view_command(view_shown(app), &app->scene, command);
	if (reaction & REACT_UPDATE)
		app->requery = true;
	if (reaction & REACT_SHOW_TREE)
		enter_view(app, tab_of(COMMAND_VIEW_2));
	session_unlock(app->session);
	return reaction != REACT_IGNORED;
}

/* Searching.  All but its beginning and end runs with the lock held. */

static function_id selected_function(const struct scene *scene)
{
	return scene->selected.len ? scene->selected.at[scene->selected.len - 1] : 0;
}

static void keep_selected(struct app *app)
{
	const struct scene *scene = &app->scene;

	/* Makes the view tell where it is. */
	view_command(view_shown(app), &app->scene, COMMAND_SEARCH_THIS);
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
	view_enter(view_shown(app), scene);
	view_update(view_shown(app), scene, app->width, app->height);
}

/* Each letter searches anew from where the search began. */
static void search_on(struct app *app)
{
	struct scene *scene = &app->scene;
	const struct profile *profile = session_lock(app->session);
	struct error error = { 0 };

	if (match_set(&scene->match, app->prompt.text.text, &error)) {
		forget_message(app);
		match_update(&scene->match, profile);
		scene->changed++;
		restore_selected(app);
		if (scene->match.count && !match_has(&scene->match, selected_function(scene)))
			view_command(view_shown(app), scene, COMMAND_FIND_NEXT);
	} else {
		tell(app, STYLE_WARNING, "%s", error.text);
	}
	session_unlock(app->session);
}

static void set_search(struct app *app, const char *pattern)
{
	const struct profile *profile = session_lock(app->session);
	struct error error = { 0 };

	if (!match_set(&app->scene.match, pattern, &error))
		tell(app, STYLE_WARNING, "%s", error.text);
	match_update(&app->scene.match, profile);
	app->scene.changed++;
	session_unlock(app->session);
}

static void start_search(struct app *app)
{
	const char *pattern = app->scene.match.pattern;

	xfree(app->search_before);
	app->search_before = pattern ? xstrdup(pattern) : NULL;
	session_lock(app->session);
	keep_selected(app);
	session_unlock(app->session);
	forget_message(app);
	prompt_edit(&app->prompt, "/", "");
	app->purpose = TYPING_SEARCH;
}

static void end_search(struct app *app)
{
	const struct match *match = &app->scene.match;

	if (!app->prompt.text.len)
		set_search(app, NULL);
	else if (match->pattern && !match->count)
		tell(app, STYLE_WARNING, "no function matches %s", match->pattern);
}

static void cancel_search(struct app *app)
{
	forget_message(app);
	set_search(app, app->search_before);
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

static void search_this(struct app *app)
{
	struct strbuf pattern = STRBUF_INIT;
	const struct profile *profile;
	function_id function;

	view_takes(app, COMMAND_SEARCH_THIS);
	profile = session_lock(app->session);
	function = selected_function(&app->scene);
	if (function && function < profile->function.len)
		quote_pattern(&pattern, profile_function_name(profile, function));
	session_unlock(app->session);
	if (pattern.len)
		set_search(app, pattern.text);
	strbuf_release(&pattern);
}

static void find(struct app *app, enum command command)
{
	if (!app->scene.match.pattern)
		tell(app, STYLE_NOTICE, "no search yet: / starts one");
	else if (!app->scene.match.count)
		tell(app, STYLE_WARNING, "no function matches %s", app->scene.match.pattern);
	else
		view_takes(app, command);
}

/* The query. */

static void start_filter(struct app *app)
{
	const char *keep = app->scene.query.keep;

	prompt_edit(&app->prompt, "only stacks with: ", keep ? keep : "");
	app->purpose = TYPING_FILTER;
}

static void set_filter(struct app *app, const char *pattern)
{
	struct error error = { 0 };

	if (query_set_keep(&app->scene.query, pattern, &error))
		app->requery = true;
	else
		tell(app, STYLE_WARNING, "%s; the filter stays as it was", error.text);
}

static void toggle_kernel(struct app *app)
{
	app->scene.query.hide_kernel = !app->scene.query.hide_kernel;
	app->requery = true;
	tell(app, STYLE_NOTICE, "%s", app->scene.query.hide_kernel ?
	     "kernel frames are hidden, their time stays with the caller" :
	     "kernel frames are shown");
}

static void invert(struct app *app)
{
	if (view_takes(app, COMMAND_INVERT))
		return;
	app->scene.query.inverted = !app->scene.query.inverted;
	app->requery = true;
	tell(app, STYLE_NOTICE, "%s in Tree and Icicle", app->scene.query.inverted ?
	     "callers below callees" : "callees below callers");
}

static void measure_next(struct app *app)
{
	static const char *const names[] = { "percent", "time", "samples" };

	app->scene.measure = app->scene.measure == MEASURE_SAMPLES ? MEASURE_PERCENT :
								     app->scene.measure + 1;
	tell(app, STYLE_NOTICE, "in %s", names[app->scene.measure]);
}

static void go_back(struct app *app)
{
	forget_message(app);
	app->quit_asked_at = 0;
	if (app->current == HELP)
		show_view(app, app->before_help);
	else if (view_takes(app, COMMAND_BACK))
		return;
	else if (app->scene.match.pattern)
		set_search(app, NULL);
	else if (app->scene.query.keep)
		set_filter(app, NULL);
}

/* Sampling. */

static void pause_display(struct app *app)
{
	app->scene.paused = !app->scene.paused;
	app->stale = true;
}

static void toggle_collection(struct app *app)
{
	const struct status *status = &app->scene.status;

	if (!status->live || status->is_file) {
		tell(app, STYLE_NOTICE, "nothing is being sampled any more");
		return;
	}
	session_collect(app->session, !status->collecting);
	tell(app, STYLE_NOTICE, "%s", status->collecting ?
	     "sampling stopped" : "sampling goes on");
	app->stale = true;
}

static void start_afresh(struct app *app)
{
	const struct status *status = &app->scene.status;

	if (!status->live || status->is_file) {
		tell(app, STYLE_NOTICE, "nothing new would come: the samples are kept");
		return;
	}
	session_zero(app->session);
	app->requery = true;
	tell(app, STYLE_NOTICE, "started afresh");
}

/* Saving. */

/* The last word of what is measured, in letters that no shell minds. */
static void add_short_name(const struct app *app, struct strbuf *out)
{
	const struct options *options = app->options;
	const char *name = options->target.command ? options->target.command[0] :
							 app->scene.status.target;
	const char *last;
	size_t len;

	last = strrchr(name, '/');
	name = last ? last + 1 : name;
	last = options->target.command ? NULL : strrchr(name, ' ');
	name = last ? last + 1 : name;
	len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	strbuf_add(out, len ? name : "profile", len ? (len < 40 ? len : 40) : 7);
}

static void start_save(struct app *app)
{
	struct strbuf name = STRBUF_INIT;
	time_t now = time(NULL);
	struct tm when;
	char text[32] = "";

	if (localtime_r(&now, &when))
		strftime(text, sizeof text, "%Y%m%d-%H%M%S", &when);
	strbuf_adds(&name, "tprof-");
	add_short_name(app, &name);
	strbuf_addf(&name, "-%s.folded", text);
	prompt_edit(&app->prompt, "save to: ", name.text);
	app->purpose = TYPING_FILE;
	strbuf_release(&name);
}

static void save(struct app *app, bool replace)
{
	struct error error = { 0 };

	if (session_save(app->session, app->path.text, replace, app->options->weight,
			 &app->scene.query, &error)) {
		tell(app, STYLE_NOTICE, "saved to %s", app->path.text);
	} else if (error.code == EEXIST && !replace) {
		strbuf_clear(&app->message);
		strbuf_addf(&app->message, "%s exists. Replace it? (y/n) ", app->path.text);
		prompt_ask(&app->prompt, app->message.text);
		forget_message(app);
		app->purpose = ASKING_OVERWRITE;
	} else {
		tell(app, STYLE_WARNING, "%s", error.text);
	}
}

static void save_as_typed(struct app *app)
{
	strbuf_clear(&app->path);
	strbuf_adds(&app->path, app->prompt.text.text);
	/* Standard output is where the screen may be. */
	if (!app->path.len || !strcmp(app->path.text, "-"))
		tell(app, STYLE_NOTICE, "not saved: no file name");
	else
		save(app, false);
}

static bool write_screen(const struct app *app, const char *path, struct error *error)
{
	struct strbuf text = STRBUF_INIT;
	struct file_save file;
	bool ok = file_save_open(&file, path, false, error);

	if (ok) {
		grid_dump(&app->grid, false, &text);
		fwrite(text.text, 1, text.len, file.stream);
		ok = file_save_commit(&file, error);
	}
	strbuf_release(&text);
	return ok;
}

static void save_screen(struct app *app)
{
	for (int number = 1; number < 10000; number++) {
		struct error error = { 0 };
		char path[40];

		snprintf(path, sizeof path, "tprof-screen-%d.txt", number);
		if (write_screen(app, path, &error)) {
			tell(app, STYLE_NOTICE, "screen saved to %s", path);
			return;
		}
		if (error.code != EEXIST) {
			tell(app, STYLE_WARNING, "%s", error.text);
			return;
		}
	}
	tell(app, STYLE_WARNING, "not saved: there are too many tprof-screen files here");
}

/* Leaving. */

static bool lately(uint64_t when, uint64_t time)
{
	return when && clock_now() - when < time;
}

static void suspend(struct app *app)
{
	bool runs = session_program_runs(app->session);

	/* It would wait for us at its full terminal otherwise, or worse, not. */
	if (runs)
		session_signal(app->session, SIGSTOP);
	app->term->suspend();
	if (runs)
		session_signal(app->session, SIGCONT);
	app->stale = true;
}

static void interrupt(struct app *app)
{
	if (!session_program_runs(app->session) || lately(app->interrupted_at, patience)) {
		app->done = true;
		return;
	}
	session_signal(app->session, SIGINT);
	app->interrupted_at = clock_now();
	tell(app, STYLE_NOTICE, "interrupted the program; once more within 2 s ends tprof too");
}

static void quit(struct app *app)
{
	if (app->current == HELP) {
		show_view(app, app->before_help);
		return;
	}
	if (view_takes(app, COMMAND_QUIT))
		return;
	if (session_program_runs(app->session) && !lately(app->quit_asked_at, message_time)) {
		tell(app, STYLE_WARNING, "the program still runs: q again ends it and tprof");
		app->quit_asked_at = clock_now();
		return;
	}
	app->done = true;
}

/* Commands. */

static void run_command(struct app *app, enum command command)
{
	switch (command) {
	case COMMAND_NONE:
	case COMMAND_COUNT:
		return;
	case COMMAND_VIEW_NEXT:
		return step_view(app, 1);
	case COMMAND_VIEW_PREV:
		return step_view(app, TAB_COUNT - 1);
	case COMMAND_VIEW_1: case COMMAND_VIEW_2: case COMMAND_VIEW_3:
	case COMMAND_VIEW_4: case COMMAND_VIEW_5: case COMMAND_VIEW_6:
	case COMMAND_VIEW_7: case COMMAND_VIEW_8: case COMMAND_VIEW_9:
		if (tab_of(command) < TAB_COUNT)
			show_view(app, tab_of(command));
		return;
	case COMMAND_HELP:
		return show_view(app, app->current == HELP ? app->before_help : HELP);
	case COMMAND_BACK:
		return go_back(app);
	case COMMAND_INVERT:
		return invert(app);
	case COMMAND_MEASURE:
		return measure_next(app);
	case COMMAND_SEARCH:
		return start_search(app);
	case COMMAND_SEARCH_THIS:
		return search_this(app);
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		return find(app, command);
	case COMMAND_FILTER:
		return start_filter(app);
	case COMMAND_KERNEL:
		return toggle_kernel(app);
	case COMMAND_PAUSE:
		return pause_display(app);
	case COMMAND_COLLECT:
		return toggle_collection(app);
	case COMMAND_ZERO:
		return start_afresh(app);
	case COMMAND_SAVE:
		return start_save(app);
	case COMMAND_SAVE_SCREEN:
		return save_screen(app);
	case COMMAND_REDRAW:
		return app->term->redraw();
	case COMMAND_SUSPEND:
		return suspend(app);
	case COMMAND_INTERRUPT:
		return interrupt(app);
	case COMMAND_QUIT:
		return quit(app);
	case COMMAND_QUIT_NOW:
		app->done = true;
		return;
	default:
		view_takes(app, command);
	}
}

/* Keys. */

static void end_prompt(struct app *app)
{
	enum purpose purpose = app->purpose;

	app->purpose = TYPING_NOTHING;
	forget_message(app);
	if (purpose == TYPING_SEARCH)
		end_search(app);
	else if (purpose == TYPING_FILTER)
		set_filter(app, app->prompt.text.len ? app->prompt.text.text : NULL);
	else if (purpose == TYPING_FILE)
		save_as_typed(app);
	else if (purpose == ASKING_OVERWRITE)
		save(app, true);
}

static void cancel_prompt(struct app *app)
{
	if (app->purpose == TYPING_SEARCH)
		cancel_search(app);
	else if (app->purpose != TYPING_FILTER)
		tell(app, STYLE_NOTICE, "not saved");
	app->purpose = TYPING_NOTHING;
}

static void prompt_takes(struct app *app, int key)
{
	switch (prompt_key(&app->prompt, key)) {
	case PROMPT_CHANGED:
		if (app->purpose == TYPING_SEARCH)
			search_on(app);
		break;
	case PROMPT_DONE:
		end_prompt(app);
		break;
	case PROMPT_CANCELLED:
		cancel_prompt(app);
		break;
	case PROMPT_IGNORED:
		/* These can't be typed, and must work always. */
		if (keymap_find(key) == COMMAND_SUSPEND || keymap_find(key) == COMMAND_REDRAW)
			run_command(app, keymap_find(key));
		break;
	case PROMPT_TAKEN:
		break;
	}
}

/* False when nothing came. */
static bool take_input(struct app *app, int key)
{
	switch (key) {
	case INPUT_NONE:
		return false;
	case INPUT_WAKE:
		/* It stays readable. */
		app->wake_fd = -1;
		app->stale = true;
		break;
	case INPUT_INTERRUPT:
		interrupt(app);
		break;
	case INPUT_TERMINATE:
	case INPUT_GONE:
		app->done = true;
		break;
	case INPUT_RESIZED:
	case INPUT_CONTINUED:
	case INPUT_UNKNOWN:
		break;
	default:
		if (app->purpose != TYPING_NOTHING)
			prompt_takes(app, key);
		else
			run_command(app, keymap_find(key));
	}
	return true;
}

/* The loop. */

static int until_next(const struct app *app)
{
	uint64_t now = clock_now(), until = app->next_update;

	if (app->message_until && app->message_until < until)
		until = app->message_until;
	return until > now ? (int)((until - now + millisecond - 1) / millisecond) : 0;
}

static void step(struct app *app)
{
	int key = app->term->read_key(until_next(app), app->wake_fd);
	uint64_t now;

	for (int i = 1; take_input(app, key) && !app->done && i < KEYS_AT_ONCE; i++)
		key = app->term->read_key(0, app->wake_fd);
	if (app->done)
		return;
	now = clock_now();
	if (app->message_until && now >= app->message_until)
		forget_message(app);
	if (now >= app->next_update) {
		/* The first samples show as soon as they are there. */
		app->next_update = now + (now - app->started < second ? 40 * millisecond :
									app->options->delay);
		app->stale = true;
	}
	refresh(app);
}

static void app_init(struct app *app)
{
	scene_init(&app->scene);
	app->scene.describe_keys = keymap_describe;
	for (size_t i = 0; i < TAB_COUNT; i++)
		app->view[i] = view_open(tabs[i].ops);
	app->view[HELP] = view_open(&help_view);
	app->wake_fd = session_event_fd(app->session);
	app->started = clock_now();
	app->stale = true;
	if (app->term->notice)
		tell(app, STYLE_WARNING, "%s", app->term->notice);
}

static void app_release(struct app *app)
{
	for (size_t i = 0; i < VIEW_COUNT; i++)
		view_close(app->view[i]);
	scene_release(&app->scene);
	status_release(&app->latest);
	grid_release(&app->grid);
	prompt_release(&app->prompt);
	xfree(app->search_before);
	array_release(&app->selected_before);
	strbuf_release(&app->path);
	strbuf_release(&app->message);
}

bool app_run(struct session *session, const struct options *options,
	     const struct term_ops *term, struct error *error)
{
	struct app app = {
		.session = session,
		.options = options,
		.term = term,
		.prompt = PROMPT_INIT,
		.path = STRBUF_INIT,
		.message = STRBUF_INIT,
	};

	(void)error;
	app_init(&app);
	refresh(&app);
	while (!app.done)
		step(&app);
	app_release(&app);
	return true;
}
