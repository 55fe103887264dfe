#include "ui/app.h"

#include <stdarg.h>

#include "base/clock.h"
#include "ui/state.h"
#include "view/column.h"

/* Keys that come in one go are done before the screen is drawn once. */
enum { KEYS_AT_ONCE = 64 };

static const uint64_t millisecond = 1000000u, second = 1000000000u;
static const uint64_t often = 100000000u;	/* to see how far something is */
static const uint64_t message_time = 5000000000u;
/* For notices: by themselves, and until a key takes them away. */
static const uint64_t notice_time = 10000000000u, brief_time = 2000000000u;

void app_tell(struct app *app, enum style style, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_clear(&app->message);
	strbuf_vaddf(&app->message, format, args);
	va_end(args);
	/* There is one line: what follows the first is advice. */
	strbuf_cut(&app->message, strcspn(app->message.text, "\n"));
	app->message_style = style;
	app->message_until = clock_now() + message_time;
}

void app_forget_message(struct app *app)
{
	strbuf_clear(&app->message);
	app->message_until = 0;
}

struct view *app_view(const struct app *app)
{
	return app->view[app->current];
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
	view_enter(app_view(app), &app->scene);
	/* The next key may come before the next frame. */
	view_update(app_view(app), &app->scene, app->width, app->body);
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

/* The lock is held. */
static void follow_reaction(struct app *app, enum reaction reaction)
{
	if (reaction & REACT_UPDATE)
		app->requery = true;
	if (reaction & REACT_SHOW_TREE)
		enter_view(app, tab_of(COMMAND_VIEW_2));
	if (reaction & REACT_SHOW_CALLERS)
		enter_view(app, tab_of(COMMAND_VIEW_4));
}

/* What the view makes of a command; false if it knows it not. */
bool app_view_takes(struct app *app, enum command command)
{
	enum reaction reaction;

	session_lock(app->session);
	reaction = view_command(app_view(app), &app->scene, command);
	follow_reaction(app, reaction);
	session_unlock(app->session);
	return reaction != REACT_IGNORED;
}

enum reaction app_view_points(struct app *app, int x, int y)
{
	enum reaction reaction;

	session_lock(app->session);
	reaction = view_point(app_view(app), &app->scene, x, y);
	follow_reaction(app, reaction);
	session_unlock(app->session);
	return reaction;
}

/* The query. */

static void start_filter(struct app *app)
{
	const char *keep = app->scene.query.keep;

	app_forget_message(app);
	prompt_edit(&app->prompt, "only stacks with: ", keep ? keep : "");
	app->purpose = TYPING_FILTER;
}

static bool set_filter(struct app *app, const char *pattern)
{
	struct error error = { 0 };
	bool ok = query_set_keep(&app->scene.query, pattern, &error);

	if (ok)
		app->requery = true;
	else
		app_tell(app, STYLE_WARNING, "%s", error.text);
	return ok;
}

static void toggle_kernel(struct app *app)
{
	app->scene.query.hide_kernel = !app->scene.query.hide_kernel;
	app->requery = true;
	app_tell(app, STYLE_NOTICE, "%s", app->scene.query.hide_kernel ?
		 "kernel frames are hidden, their time stays with the caller" :
		 "kernel frames are shown");
}

static void invert(struct app *app)
{
	if (app_view_takes(app, COMMAND_INVERT))
		return;
	app->scene.query.inverted = !app->scene.query.inverted;
	app->requery = true;
	app_tell(app, STYLE_NOTICE, "%s in Tree and Icicle", app->scene.query.inverted ?
		 "callers below callees" : "callees below callers");
}

static void measure_next(struct app *app)
{
	session_lock(app->session);
	app->scene.measure = measure_after(&app->scene);
	app_tell(app, STYLE_NOTICE, "in %s", measure_title(&app->scene));
	session_unlock(app->session);
}

static void toggle_errors(struct app *app)
{
	struct scene *scene = &app->scene;

	scene->show_errors = !scene->show_errors || scene->measure != MEASURE_PERCENT;
	scene->measure = MEASURE_PERCENT;
	app_tell(app, STYLE_NOTICE, "%s", scene->show_errors ?
		 "with the sampling error: in 95 of 100 cases the truth lies within it" :
		 "without the sampling error");
}

static void change_limit(struct app *app)
{
	unsigned limit;

	scene_limit_next(&app->scene);
	limit = app->scene.limit;
	app->requery = true;
	if (limit % 10)
		app_tell(app, STYLE_NOTICE, "what is below 0.%u%% is one", limit);
	else if (limit)
		app_tell(app, STYLE_NOTICE, "what is below %u%% is one", limit / 10);
	else
		app_tell(app, STYLE_NOTICE, "every row by itself");
}

static void widen(struct app *app)
{
	app->scene.query.threads = (struct thread_choice){ 0 };
	app->requery = true;
	app_tell(app, STYLE_NOTICE, "all threads again");
}

/* In the view of threads it is that one; from elsewhere one goes there to choose. */
static void choose_thread(struct app *app)
{
	if (!app_view_takes(app, COMMAND_THREAD))
		show_view(app, tab_of(COMMAND_VIEW_6));
}

static void go_back(struct app *app)
{
	app_forget_message(app);
	if (app->current == HELP)
		show_view(app, app->before_help);
	else if (app_view_takes(app, COMMAND_BACK))
		return;
	else if (app->scene.query.threads.by != THREADS_ALL)
		widen(app);
	else if (app->scene.match.pattern)
		search_set(app, NULL);
	else if (app->scene.query.keep)
		set_filter(app, NULL);
	else if (app->options->choose && !saving_goes_on(app))
		app->went_back = app->done = true;
}

/* What the bottom line says can be ended. */
static void cancel(struct app *app)
{
	app_forget_message(app);
	if (session_cancel(app->session) == SESSION_READING)
		app_tell(app, STYLE_NOTICE, "stopped reading: what was read is shown");
}

/* Sampling. */

static void pause_display(struct app *app)
{
	app->scene.paused = !app->scene.paused;
	app->stale = true;
}

static void toggle_collection(struct app *app)
{
	struct status *status = &app->scene.status;

	if (!status->live || status->is_file) {
		app_tell(app, STYLE_NOTICE, "nothing is being sampled any more");
		return;
	}
	status->collecting = !status->collecting;
	session_collect(app->session, status->collecting);
	app_tell(app, STYLE_NOTICE, "%s", status->collecting ?
		 "sampling goes on" : "sampling stopped");
	app->stale = true;
}

/* Samples are told apart by when they came in, so the border is drawn at once. */
static void count_from_now(struct app *app)
{
	const struct status *status = &app->scene.status;
	uint64_t now = clock_now();

	if (!status->live || status->is_file) {
		app_tell(app, STYLE_NOTICE, "nothing new would come: all is still shown");
		return;
	}
	profile_seal(session_lock(app->session), now);
	session_unlock(app->session);
	app->scene.window.kind = WINDOW_SINCE;
	app->scene.window.since = now;
	app->requery = true;
	app_tell(app, STYLE_NOTICE, "from now on; all is kept");
}

static void change_window(struct app *app, enum command command)
{
	struct strbuf text = STRBUF_INIT;

	if (app->scene.status.is_file) {
		app_tell(app, STYLE_NOTICE, "a file has no times");
		return;
	}
	if (command == COMMAND_WINDOW)
		window_next(&app->scene.window);
	else
		window_resize(&app->scene.window, command == COMMAND_WINDOW_LONGER);
	app->requery = true;
	window_describe(&app->scene, &text);
	app_tell(app, STYLE_NOTICE, "%s", text.len ? text.text : "the whole time");
	strbuf_release(&text);
}

/* The menu. */

void app_open_menu(struct app *app, int x, int y)
{
	session_lock(app->session);
	/* Makes the view tell where it is. */
	view_command(app_view(app), &app->scene, COMMAND_SEARCH_THIS);
	menu_open(&app->menu, &app->scene, app_view(app)->ops, x, y);
	session_unlock(app->session);
}

/* Where the cursor of the view is on the screen. */
static void find_cursor(const struct app *app, int *x, int *y)
{
	for (*y = app->body_top; *y < app->body_top + app->body && *y < app->grid.height; ++*y)
		for (*x = 0; *x < app->grid.width; ++*x) {
			const struct cell *cell = &app->grid.cell[*y * app->grid.width + *x];

			if (cell->style == STYLE_CURSOR || cell->style == STYLE_MATCH_CURSOR ||
			    cell->style == STYLE_BOX_CURSOR)
				return;
		}
	*x = 0;
	*y = app->body_top;
}

static void open_menu_at_cursor(struct app *app)
{
	int x, y;

	if (app->undrawn)
		frame_refresh(app);
	find_cursor(app, &x, &y);
	app_open_menu(app, x + 4, y);
}

/* Leaving. */

static void quit(struct app *app)
{
	if (app->current == HELP) {
		show_view(app, app->before_help);
		return;
	}
	if (app_view_takes(app, COMMAND_QUIT))
		return;
	leaving_quit(app);
}

/* Commands. */

void app_run_command(struct app *app, enum command command)
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
	case COMMAND_CANCEL:
		return cancel(app);
	case COMMAND_INVERT:
		return invert(app);
	case COMMAND_MEASURE:
		return measure_next(app);
	case COMMAND_ERRORS:
		return toggle_errors(app);
	case COMMAND_LIMIT:
		return change_limit(app);
	case COMMAND_SEARCH:
		return search_start(app);
	case COMMAND_SEARCH_THIS:
		return search_this(app);
	case COMMAND_FIND_NEXT:
	case COMMAND_FIND_PREV:
		return search_step(app, command);
	case COMMAND_FILTER:
		return start_filter(app);
	case COMMAND_THREAD:
		return choose_thread(app);
	case COMMAND_KERNEL:
		return toggle_kernel(app);
	case COMMAND_PAUSE:
		return pause_display(app);
	case COMMAND_COLLECT:
		return toggle_collection(app);
	case COMMAND_ZERO:
		return count_from_now(app);
	case COMMAND_WINDOW:
	case COMMAND_WINDOW_SHORTER:
	case COMMAND_WINDOW_LONGER:
		return change_window(app, command);
	case COMMAND_SAVE:
		return saving_start(app);
	case COMMAND_SAVE_SCREEN:
		return saving_screen(app);
	case COMMAND_MENU:
		return open_menu_at_cursor(app);
	case COMMAND_REDRAW:
		return app->term->redraw();
	case COMMAND_MOUSE:
		return mouse_toggle(app);
	case COMMAND_HAND_OVER:
		return leaving_hand_over(app);
	case COMMAND_SUSPEND:
		return leaving_suspend(app);
	case COMMAND_INTERRUPT:
		return leaving_interrupt(app);
	case COMMAND_QUIT:
		return quit(app);
	case COMMAND_QUIT_NOW:
		app->done = true;
		return;
	default:
		app_view_takes(app, command);
	}
}

/* Keys. */

/* What is no pattern stays there to be mended. */
static void end_prompt(struct app *app)
{
	enum purpose purpose = app->purpose;
	bool ok = true;

	app->purpose = TYPING_NOTHING;
	app_forget_message(app);
	if (purpose == TYPING_SEARCH)
		ok = search_end(app);
	else if (purpose == TYPING_FILTER)
		ok = set_filter(app, app->prompt.text.len ? app->prompt.text.text : NULL);
	else if (purpose == TYPING_FILE)
		saving_end(app);
	else if (purpose == ASKING_OVERWRITE)
		saving_replace(app);
	if (!ok)
		app->purpose = purpose;
}

static void cancel_prompt(struct app *app)
{
	app_forget_message(app);
	if (app->purpose == TYPING_SEARCH)
		search_cancel(app);
	else if (app->purpose != TYPING_FILTER)
		app_tell(app, STYLE_NOTICE, "not saved");
	app->purpose = TYPING_NOTHING;
}

static void prompt_takes(struct app *app, int key)
{
	enum command command;

	switch (prompt_key(&app->prompt, key)) {
	case PROMPT_CHANGED:
		/* What was said was about the text before. */
		app_forget_message(app);
		if (app->purpose == TYPING_SEARCH)
			search_type(app);
		break;
	case PROMPT_DONE:
		end_prompt(app);
		break;
	case PROMPT_CANCELLED:
		cancel_prompt(app);
		break;
	case PROMPT_IGNORED:
		/* These can't be typed, and must work always. */
		command = keymap_find(app->keymap, key);
		if (command == COMMAND_SUSPEND || command == COMMAND_REDRAW)
			app_run_command(app, command);
		break;
	case PROMPT_TAKEN:
		break;
	}
}

static void take_key(struct app *app, int key)
{
	enum command command = keymap_find(app->keymap, key);

	if (app->menu.open)
		command = menu_command(&app->menu, command);
	else if (*app->scene.status.work && keymap_cancels(app->keymap, key))
		command = COMMAND_CANCEL;
	app_run_command(app, command);
}

static void act_on_mouse(struct app *app)
{
	struct mouse_event event = app->term->mouse();

	mouse_act(app, &event);
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
		leaving_interrupt(app);
		break;
	case INPUT_TERMINATE:
	case INPUT_GONE:
		app->done = true;
		break;
	case INPUT_CONTINUED:
		leaving_continued(app);
		break;
	case INPUT_RESIZED:
	case INPUT_UNKNOWN:
		break;
	case INPUT_MOUSE:
		act_on_mouse(app);
		break;
	default:
		app->undrawn = true;
		frame_forget_notices(app, brief_time);
		if (app->purpose == ASKING_PROGRAM)
			leaving_answer(app, key);
		else if (app->purpose != TYPING_NOTHING)
			prompt_takes(app, key);
		else
			take_key(app, key);
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

/*
 * The first samples show as soon as they are there, and how far a saving is
 * more often than others wish.  What takes long to draw leaves as long for
 * keys, and for who reads a file meanwhile; not longer, as what was read
 * until then is to be drawn.
 */
static void plan_update(struct app *app, uint64_t now)
{
	uint64_t pause = now - app->started < second ? 40 * millisecond : app->options->delay;
	uint64_t least = app->drawing < second / 2 ? 2 * app->drawing : second;

	if (app->saving && pause > often)
		pause = often;
	if (pause < least)
		pause = least;
	if (now >= app->next_update)
		app->stale = true;
	if (now >= app->next_update || app->next_update > now + pause)
		app->next_update = now + pause;
}

static void refresh(struct app *app)
{
	bool news = app->stale;
	uint64_t begun = clock_now();

	frame_refresh(app);
	if (news)
		app->drawing = clock_now() - begun;
}

static void step(struct app *app)
{
	int key = app->term->read_key(until_next(app), app->wake_fd);
	uint64_t now;

	for (int i = 1; take_input(app, key) && !app->done && i < KEYS_AT_ONCE; i++)
		key = app->term->read_key(0, app->wake_fd);
	if (app->done)
		return;
	leaving_check(app);
	saving_check(app, 0);
	frame_forget_notices(app, notice_time);
	now = clock_now();
	if (app->message_until && now >= app->message_until)
		app_forget_message(app);
	plan_update(app, now);
	refresh(app);
}

/* The tab of that name, or the first. */
static size_t view_named(const char *name)
{
	for (size_t i = 0; i < TAB_COUNT; i++)
		if (!strcmp(tabs[i].ops->name, name))
			return i;
	return 0;
}

static void app_init(struct app *app, const struct config *config)
{
	scene_init(&app->scene);
	app->scene.describe_keys = keymap_describe;
	app->scene.states = &app->states;
	app->scene.keymap = app->keymap;
	app->scene.measure = config->measure;
	for (size_t i = 0; i < TAB_COUNT; i++)
		app->view[i] = view_open(tabs[i].ops);
	app->view[HELP] = view_open(&help_view);
	app->current = view_named(config->view);
	app->scene.output = session_output(app->session);
	app->wake_fd = session_event_fd(app->session);
	app->started = clock_now();
	app->stale = true;
	if (app->term->notice)
		app_tell(app, STYLE_WARNING, "%s", app->term->notice);
	else if (config->problem.len > 1)
		app_tell(app, STYLE_WARNING, "%s (and %zu more)", config->problem.at[0],
			 config->problem.len - 1);
	else if (config->problem.len)
		app_tell(app, STYLE_WARNING, "%s", config->problem.at[0]);
	else if (app->options->choose)
		app_tell(app, STYLE_NOTICE, "Esc goes back to the list of processes");
}

static void app_release(struct app *app)
{
	for (size_t i = 0; i < VIEW_COUNT; i++)
		view_close(app->view[i]);
	scene_release(&app->scene);
	status_release(&app->latest);
	array_release(&app->states.thread);
	for (size_t i = 0; i < app->told.len; i++)
		xfree(app->told.at[i]);
	array_release(&app->told);
	grid_release(&app->grid);
	prompt_release(&app->prompt);
	xfree(app->search_before);
	array_release(&app->selected_before);
	strbuf_release(&app->path);
	strbuf_release(&app->message);
}

bool app_run(struct session *session, const struct options *options,
	     const struct config *config, const struct term_ops *term)
{
	struct app app = {
		.session = session,
		.options = options,
		.term = term,
		.keymap = &config->keymap,
		.prompt = PROMPT_INIT,
		.path = STRBUF_INIT,
		.message = STRBUF_INIT,
	};

	app_init(&app, config);
	frame_refresh(&app);
	while (!app.done)
		step(&app);
	/* Who chooses again has the mouse again. */
	if (app.went_back && app.mouse_off)
		term->capture(true);
	app_release(&app);
	return app.went_back;
}
