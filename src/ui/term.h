#ifndef TPROF_UI_TERM_H
#define TPROF_UI_TERM_H

#include <stdbool.h>

#include "base/error.h"
#include "options.h"
#include "view/grid.h"

/*
 * What read_key() returns besides characters (Unicode code points; control
 * characters as their codes).  Curses's own numbers stay in curses.c.
 */
enum key {
	KEY_CHARACTER_MAX = 0x10ffff,
	INPUT_UP, INPUT_DOWN, INPUT_LEFT, INPUT_RIGHT, INPUT_HOME, INPUT_END,
	INPUT_PAGE_UP, INPUT_PAGE_DOWN, INPUT_BACK_TAB, INPUT_BACKSPACE, INPUT_DELETE,
	INPUT_F1, INPUT_F2, INPUT_F3, INPUT_F4, INPUT_F5, INPUT_F6, INPUT_F7,
	INPUT_F8, INPUT_F9, INPUT_F10, INPUT_F11, INPUT_F12,
	INPUT_NONE,		/* the time is over */
	INPUT_WAKE,		/* the descriptor given to read_key is readable */
	INPUT_RESIZED,
	INPUT_CONTINUED,	/* was stopped, runs again: the screen was drawn anew */
	INPUT_MOUSE,		/* the mouse: term_ops.mouse() says what */
	INPUT_INTERRUPT,	/* SIGINT from outside */
	INPUT_TERMINATE,	/* SIGTERM, SIGQUIT */
	INPUT_GONE,		/* the terminal is no more */
	INPUT_UNKNOWN,		/* a key that means nothing */
};

enum mouse_action {
	MOUSE_CLICK, MOUSE_DOUBLE,	/* a double click comes after the click of its first */
	MOUSE_MENU,			/* the right button */
	MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN,
};

/* What the mouse did, in the cell x, y; the upper left one is 0, 0. */
struct mouse_event {
	enum mouse_action action;
	int x, y;
};

/*
 * A screen and a keyboard.  curses.c is the one for people; headless.c
 * reads keys from a script and writes each screen to standard output.
 */
struct term_ops {
	void (*size)(int *width, int *height);
	void (*show)(const struct grid *grid);
	/* Wait for a key, for at most so long (-1: for ever), or for a descriptor (-1: none). */
	int (*read_key)(int timeout_ms, int wake_fd);
	/* What INPUT_MOUSE was about. */
	struct mouse_event (*mouse)(void);
	/* Take the mouse or leave it to the terminal; false: it has none.  May be NULL: none. */
	bool (*capture)(bool on);
	void (*redraw)(void);		/* forget what is on the screen */
	/* Stop ourselves as Ctrl-Z does: leave the screen, stop, come back. */
	void (*suspend)(void);
	/*
	 * Someone else gets the terminal: our screen goes, bytes come and go
	 * as they are, until it is taken back.  NULL where there is none to
	 * give.  Meanwhile read_signal() says what a signal means as
	 * read_key() would, INPUT_NONE if nothing; signals is readable then.
	 */
	void (*lend)(void);
	void (*take_back)(void);
	int (*read_signal)(void);
	int signals;
	void (*close)(void);
	int fd;				/* of the terminal, or -1 */
	const char *notice;		/* to be told once, or NULL */
};

struct theme_changes;

struct term_style {
	enum color color;
	bool ascii;
	const struct theme_changes *changes;	/* of the colours */
};

/*
 * Opens /dev/tty and blocks the signals that it reads: to be called before
 * any thread starts, so that all inherit the mask.  SIGTSTP from outside
 * comes as the key Ctrl-Z.  Fails where a screen can't be drawn.
 */
const struct term_ops *curses_open(const struct term_style *style, struct error *error);
const struct term_ops *headless_open(const char *script, struct error *error);

#endif
