#ifndef TPROF_UI_KEYMAP_H
#define TPROF_UI_KEYMAP_H

#include "base/strbuf.h"
#include "view/command.h"

/* Which key gives which command.  The help view is made from this. */
enum command keymap_find(int key);
/* The keys of a command as people write them: "k, Up". */
void keymap_describe(enum command command, struct strbuf *out);
/* "Up", "ctrl-l", "Tab", "x": for scripts; 0 if there is no such key. */
int keymap_key_named(const char *name);

#endif
