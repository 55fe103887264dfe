#ifndef TPROF_UI_NANNY_H
#define TPROF_UI_NANNY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

/*
 * A small process that puts the terminal in order when we are killed in a
 * way that no handler sees.  It holds the terminal and a pipe and waits for
 * the pipe's end.  To be started early, while there is little memory to
 * share, and before any thread.
 */

struct nanny {
	pid_t pid;
	int pipe;		/* -1: there is no nanny */
};

/* before: the modes to go back to; text: what leaves the screen. */
struct nanny nanny_start(int terminal, const struct termios *before, const char *text, size_t len);
/* Is there something to put in order now?  May be called in a signal handler. */
void nanny_tell(const struct nanny *nanny, bool needed);
/* The terminal is in order: it may go. */
void nanny_dismiss(struct nanny *nanny);

#endif
