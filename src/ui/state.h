#ifndef TPROF_UI_STATE_H
#define TPROF_UI_STATE_H

#include "session.h"
#include "ui/bars.h"
#include "ui/config.h"
#include "ui/menu.h"
#include "ui/prompt.h"
#include "ui/term.h"

/*
 * What the loop (app.c), the frames that it shows (frame.c) and the longer
 * conversations with the person (search.c, saving.c) share.
 */

/* Views that have a tab come first, as many as there are tabs. */
enum { HELP = TAB_COUNT, VIEW_COUNT };

enum purpose { TYPING_NOTHING, TYPING_SEARCH, TYPING_FILTER, TYPING_FILE, ASKING_OVERWRITE,
	       ASKING_PROGRAM };

struct app {
	struct session *session;
	const struct options *options;
	const struct term_ops *term;
	const struct keymap *keymap;
	struct scene scene;
	struct status latest;		/* while the display is paused, the scene keeps its own */
	struct thread_states states;
	struct view *view[VIEW_COUNT];
	size_t current, before_help;
	struct grid grid;

	struct menu menu;
	struct prompt prompt;
	enum purpose purpose;
	char *search_before;		/* the pattern, NULL for none */
	array(function_id) selected_before;
	struct strbuf path;		/* to be saved to, while asking and saving */
	bool saving;

	struct strbuf message;
	enum style message_style;
	uint64_t message_until;

	uint64_t started, next_update;
	uint64_t drawing;		/* how long the last frame with news took */
	array(char *) told;		/* notices that were shown long enough */
	uint64_t noticed_at;		/* since when the one on the screen is, 0: there is none */
	uint64_t shown_samples;
	unsigned shown_generation;
	uint64_t interrupted_at;	/* 0: not yet */
	bool undrawn;			/* keys were taken since the last frame */
	bool stale;			/* new samples are to be taken in */
	bool requery;			/* also when paused: the query changed */
	bool done;
	bool went_back;			/* to choose something else */
	int wake_fd;
	int width, height;		/* of the screen */
	int body;			/* rows of the view, as last drawn */
	int body_top, tab_row, hint_row;	/* where things are; -1: not shown */
	bool mouse_off;			/* left to the terminal */
};

/* Tell something at the bottom for a few seconds. */
void app_tell(struct app *app, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void app_forget_message(struct app *app);
struct view *app_view(const struct app *app);
/* Give the view a command; false if it knows it not.  Takes the lock. */
bool app_view_takes(struct app *app, enum command command);

/* Do what a key, a hint or the menu asks for. */
void app_run_command(struct app *app, enum command command);
/* Tells the view what a pointing did, as app_view_takes() with a command. */
enum reaction app_view_points(struct app *app, int x, int y);

/* Show the menu beside a cell. */
void app_open_menu(struct app *app, int x, int y);

/* Take in what is new, draw, and show it: one moment, one frame.  Takes the lock. */
void frame_refresh(struct app *app);
/* Notices that have been on the screen for so many ns make room. */
void frame_forget_notices(struct app *app, uint64_t time);

void search_start(struct app *app);
/* The pattern being typed changed. */
void search_type(struct app *app);
/* False, with the reason told, if it is no pattern. */
bool search_end(struct app *app);
void search_cancel(struct app *app);
bool search_set(struct app *app, const char *pattern);
/* For the function under the cursor. */
void search_this(struct app *app);
void search_step(struct app *app, enum command command);

void mouse_act(struct app *app, const struct mouse_event *event);
/* Take the mouse, or leave it to the terminal. */
void mouse_toggle(struct app *app);

/* Ctrl-Z, Ctrl-C, q: with a launched program, what becomes of it is asked. */
void leaving_suspend(struct app *app);
/* Others stopped us, and let us go on. */
void leaving_continued(struct app *app);
void leaving_interrupt(struct app *app);
void leaving_quit(struct app *app);
void leaving_answer(struct app *app, int key);
/* What is asked about may have ended by itself. */
void leaving_check(struct app *app);
/* Give the launched program the terminal, and take it back. */
void leaving_hand_over(struct app *app);

void saving_start(struct app *app);
/* The file name was typed; the overwriting was agreed to. */
void saving_end(struct app *app);
void saving_replace(struct app *app);
/* Tell its end, after waiting for that at most so long. */
void saving_check(struct app *app, unsigned wait_ms);
/* True, and told, if one is not over yet: who would end it can still think again. */
bool saving_goes_on(struct app *app);
void saving_screen(struct app *app);

#endif
