#ifndef TPROF_SESSION_H
#define TPROF_SESSION_H

#include "base/error.h"
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

struct session *session_start(const struct options *options, struct session_terminal terminal,
			      struct error *error);
void session_stop(struct session *session);	/* sampling ends, what was measured stays */
void session_free(struct session *session);

struct profile *session_lock(struct session *session);
void session_unlock(struct session *session);

/* Seal the profile and fill in what the header tells.  With the lock held. */
void session_status(struct session *session, struct status *status);
/* All samples are in and named as far as they can be. */
bool session_ended(struct session *session);
/* Wait for the end, or until a time (clock_now()), or a signal to stop. */
void session_wait(struct session *session, uint64_t until);

void session_collect(struct session *session, bool on);
void session_zero(struct session *session);
void session_resize(struct session *session, int width, int height);
void session_signal(struct session *session, int signal);	/* to the launched program */
/* Descriptor that becomes readable when the source ended; for poll(). */
int session_event_fd(const struct session *session);

/* Write what a query selects.  Takes the lock only to copy. */
bool session_save(struct session *session, const char *path, bool replace, enum save_weight weight,
		  const struct query *query, struct error *error);
/* The exit status of tprof: the command's own, or 0; negative: died by that signal. */
int session_exit_status(const struct session *session);
/* Print the tail of the program's output to the real terminal. */
void session_replay_output(struct session *session, int fd);

#endif
