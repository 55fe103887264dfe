#ifndef TPROF_UI_RELAY_H
#define TPROF_UI_RELAY_H

#include "session.h"
#include "ui/term.h"

/*
 * The launched program gets the real terminal: what is typed goes to it,
 * what it writes is shown, as they are, until Ctrl-].
 */
enum relay_end {
	RELAY_IMPOSSIBLE,	/* the program has no terminal of ours, or has ended */
	RELAY_BACK,		/* Ctrl-] */
	RELAY_PROGRAM_ENDED,
	RELAY_SUSPEND,		/* we are to stop */
	RELAY_QUIT,		/* SIGTERM, or the terminal is gone */
};

enum relay_end relay_run(struct session *session, const struct term_ops *term);

/*
 * Where in what was typed the key is that goes back; len if it is not
 * there.  *keylen: its length.  Programs may have asked the terminal for
 * another form than the one byte.
 */
size_t relay_find_key(const char *typed, size_t len, size_t *keylen);

#endif
