#ifndef TPROF_SESSION_H
#define TPROF_SESSION_H

#include <stdio.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/tail.h"
#include "format/format.h"
#include "options.h"
#include "profile/profile.h"
#include "view/scene.h"

/*
 * A profile being filled.  The only place with threads: one reads the
 * source and the answers of the symbolizer, the other is the caller's.
 * Whoever touches the profile holds the lock; nobody holds it while
 * writing to the terminal or to files.
 */
struct session;

struct session_terminal {
	bool pty;		/* a launched program gets its own terminal */
	int fd;			/* the real one, or -1 */
};

struct session_problem {
	struct error error;
	bool command;		/* the command could not be run; error.code says why */
};

/*
 * The options must outlive the session.  Attaching to many threads may take
 * a while: that is what progress tells of, which may be NULL.  Where it is
 * cancelled problem->error.code is ECANCELED.
 */
struct session *session_start(const struct options *options, struct session_terminal terminal,
			      struct progress *progress, struct session_problem *problem);
/* Sampling ends soon, what was measured stays; the end is told as any other. */
void session_stop(struct session *session);
/* Stops the thread and gives everything back; a launched program is left to itself. */
void session_free(struct session *session);

struct profile *session_lock(struct session *session);
void session_unlock(struct session *session);

/* Seal the profile and fill in what the header tells.  With the lock held. */
void session_status(struct session *session, struct status *status);
/* What threads do just now; those without samples get into the profile.  Without the lock held. */
void session_thread_states(struct session *session, struct thread_states *states);
/* Becomes readable, and stays so, when sampling is over and all is named; for poll(). */
int session_event_fd(const struct session *session);

void session_collect(struct session *session, bool on);

/* The launched program, if there is one that has not ended. */
bool session_program_runs(struct session *session);
/* Becomes readable when it ended. */
int session_program_fd(const struct session *session);
void session_signal(struct session *session, int signal);
void session_resize(struct session *session, int width, int height);
/* End it (SIGTERM, and the loss of its terminal) and give it a moment to leave. */
void session_end_program(struct session *session);
/* With session_end_program(): what is still there after that moment is killed. */
void session_kill_program(struct session *session);
/* Leave it to itself when the session is freed: it goes on, its terminal is seen by nobody. */
void session_detach(struct session *session);
/* Of the program that is to be left, 0: none is. */
pid_t session_detached(struct session *session);
/* We were stopped for so long, in nanoseconds, the program with us: no time of the measurement. */
void session_skip(struct session *session, uint64_t duration);
/*
 * We go on after having been stopped by others; the program was not.
 * Returns for how long, in nanoseconds, 0 if it was hardly noticed.
 */
uint64_t session_continued(struct session *session);
/* Print the tail of its output to a terminal; it is read no more. */
void session_replay_output(struct session *session, int fd);
/* What the program wrote to its terminal, NULL if it has none of ours.  Look with the lock held. */
const struct tail *session_output(const struct session *session);
/*
 * Borrow the program's terminal: the caller writes what is typed, and hands
 * on what he reads, in portions of at most 64 KiB.  -1 if there is none.
 */
int session_borrow_terminal(struct session *session);
void session_take_output(struct session *session, const char *bytes, size_t len);
void session_return_terminal(struct session *session);
/* Let the program draw its screen anew. */
void session_redraw_program(struct session *session);
/* The exit status of tprof: the program's own, or 0; negative: died by that signal. */
int session_exit_status(struct session *session);

/* A file could not be read to its end. */
bool session_file_is_broken(struct session *session, struct error *error);

/*
 * Write what a query selects, "-" is standard output.  The lock is held
 * only to copy what is there.  ECANCELED when progress, which may be NULL,
 * was cancelled: then no file is left.
 */
bool session_save(struct session *session, const char *path, bool replace, enum save_weight weight,
		  const struct query *query, struct progress *progress, struct error *error);
/*
 * The same by a thread of its own, to a file.  False if it can't even begin.
 * Not while another one runs; the end of the session cancels it.
 */
bool session_save_start(struct session *session, const char *path, bool replace,
			enum save_weight weight, const struct query *query, struct error *error);
/* Wait for its end at most so long.  That is told once. */
enum session_saving { SESSION_SAVES_NOTHING, SESSION_SAVES, SESSION_SAVED, SESSION_SAVE_FAILED };
enum session_saving session_save_poll(struct session *session, unsigned wait_ms,
				      struct error *error);
/*
 * Cancel what status.work tells of: a saving, or the reading of a file, of
 * which what was read stays.  Returns what it was.
 */
enum session_work { SESSION_IDLE, SESSION_READING, SESSION_SAVING };
enum session_work session_cancel(struct session *session);
/* "tprof: 1,234 samples in 5.00 s, 0 lost, saved to x.folded", and what was given up. */
void session_print_summary(struct session *session, const char *path, FILE *out);
/* A live run that saw nothing says so and why; true if it did. */
bool session_explain_nothing(struct session *session, FILE *out);

#endif
