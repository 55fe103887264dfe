#ifndef TPROF_UI_KEYMAP_H
#define TPROF_UI_KEYMAP_H

#include "base/array.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "view/command.h"

struct binding {
	int key;
	enum command command;
};

/*
 * Which key gives which command: a table of ours, and what the person
 * changed in it.  All zeroes changes nothing.  The help view is made from
 * this.
 */
struct keymap {
	array(struct binding) own;	/* later ones count */
	bool replaced[COMMAND_COUNT];	/* has only keys of its own */
};

/*
 * Esc has two: COMMAND_CANCEL counts while there is something to cancel,
 * which only the caller knows, and COMMAND_BACK is what keymap_find() tells.
 */
enum command keymap_find(const struct keymap *keymap, int key);
bool keymap_cancels(const struct keymap *keymap, int key);
/* The keys of a command as people write them: "k, Up". */
void keymap_describe(const struct keymap *keymap, enum command command, struct strbuf *out);
/* Give a command these keys, "Up ctrl-p x", instead of those it had; "none": no key. */
bool keymap_set(struct keymap *keymap, enum command command, const char *keys,
		struct error *error);
void keymap_release(struct keymap *keymap);

/* "Up", "ctrl-l", "Tab", "x": for scripts and the configuration; 0 if there is no such key. */
int keymap_key_named(const char *name);

#endif
