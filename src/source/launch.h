#ifndef TPROF_SOURCE_LAUNCH_H
#define TPROF_SOURCE_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/error.h"

/*
 * Starts a program, held just before its exec until launch_go().  The
 * descriptors 0-2 that are terminals become a pty when the screen is ours;
 * others pass through, those from 3 on included.  The program has its own
 * session then, an empty signal mask and default signals but for those that
 * were ignored before us, and runs as the user who called sudo.
 */
struct launch {
	pid_t pid;
	int pidfd;
	int pty;		/* our end, non-blocking; -1 if there is none */
	int go, failed;		/* pipes of the start, -1 once used */
	bool held;		/* stopped at its exec, or on its way there */
	pid_t guard;		/* lets it go on should we end; 0: none */
	int guard_pipe;		/* whose end tells that we have */
	const char *program;	/* of the command, lent */
	bool stopped;		/* by a signal, as of the last poll */
	bool exited;
	int status;		/* of waitpid(), once exited */
};

struct launch_options {
	char **command;
	bool pty;		/* the screen is ours: give it one of its own */
	bool stdout_to_stderr;	/* our standard output is for the report */
	/*
	 * Whose size, control characters and modes the pty takes, -1:
	 * defaults.  It may be in raw mode by now, the pty never is.
	 */
	int terminal;
};

bool launch_prepare(struct launch *launch, const struct launch_options *options,
		    struct error *error);
/*
 * To be called before launch_go() when somebody is going to stop the
 * program (SIGSTOP) at its exec: it stays held until launch_release().
 * Should we end before that, however that may be, it goes on.
 */
bool launch_hold(struct launch *launch, struct error *error);
/* Let it go on as soon as it was seen stopped.  To be called until it is not held any more. */
void launch_release(struct launch *launch);
/* Let it exec.  error.code is ENOENT, EACCES, ... when that failed: 127 or 126. */
bool launch_go(struct launch *launch, struct error *error);
/* Looks whether it ended, without waiting. */
void launch_poll(struct launch *launch);
/*
 * To the foreground group of its pty; without a pty to the program alone.
 * SIGTERM and SIGHUP go to both, and let what is stopped go on to its end.
 */
void launch_signal(struct launch *launch, int signal);
void launch_resize(struct launch *launch, int width, int height);
/* Let its foreground group draw anew: as if its terminal had shrunk for a moment. */
void launch_redraw(struct launch *launch);
/* Does this process wait in a read() or a readline for what is typed at its terminal? */
bool launch_waits_for_input(const struct launch *launch, pid_t pid);
/*
 * The program goes on without us: a small process keeps its terminal open,
 * as the user it runs as, and reads what it writes until all have closed
 * it.  That goes into the file, if there is one, else nowhere.  To be
 * called with one thread and little memory, in place of launch_close().
 */
void launch_leave(struct launch *launch, int file);
/*
 * Gives back the descriptors.  A program that never got to exec ends; one
 * that runs goes on, but loses its pty, which hangs up on it (SIGHUP).
 */
void launch_close(struct launch *launch);

#endif
