#ifndef TPROF_SESSION_PRIVATE_H
#define TPROF_SESSION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "analyze/gaps.h"
#include "base/file.h"
#include "resolve/resolver.h"
#include "session.h"
#include "source/counters.h"
#include "source/launch.h"
#include "source/output.h"

/* For session.c, which has the threads, and the other session_*.c only. */

/* Sampling; waiting for the last names; everything is there. */
enum phase { PHASE_SAMPLING, PHASE_NAMING, PHASE_ENDED };

/* What we cost ourselves, over the last second or so; in the end, over all of it. */
struct overhead {
	uint64_t at, cpu;	/* clock_now() and CPU nanoseconds of the last look */
	uint64_t first_at, first_cpu;
	uint64_t share;		/* of one CPU, in hundredths of a percent */
	uint64_t rss;
};

struct session {
	const struct options *options;
	struct profile *profile;
	struct resolver *resolver;	/* NULL for a file */
	struct source *source;
	struct source_facts facts;
	struct counters *counters;
	struct launch launch;
	bool launched;
	uint64_t held_until;		/* the latest, if the program is held at its exec */
	struct output output;

	pthread_mutex_t lock;
	atomic_int waiting;		/* threads that want the lock and are not the reader */
	pthread_t reader;
	bool reading;
	atomic_bool quit, stop;
	bool lent, borrowed;	/* the pty: as asked for, and as the reader knows */
	pthread_cond_t seen;	/* the reader knows */
	bool detached, killing;	/* what becomes of the program at our end */
	int wake, ended_fd, program_fd;

	enum phase phase;
	uint64_t started, ended;	/* clock_now(); ended 0 while sampling */
	uint64_t paused_at, paused;	/* collection stopped: since when, and how long in all */
	uint64_t skipped;	/* of it, time in which we were stopped ourselves */
	struct gaps gaps;
	/* The target is stopped by others: since and until when we saw it so; 0: it is not. */
	uint64_t stopped_from, stopped_seen;
	uint64_t stopped;	/* how long it was, before */
	uint64_t beat;		/* when the reader was last at work */
	struct gap absent;	/* the last time it was not when it should have been, */
	bool absent_told;	/* and somebody said that we were stopped */
	bool catching_up;	/* with what came meanwhile */
	uint64_t naming_until, looked_at, counted_at;
	int pause;			/* of the reader until it looks again, ms */
	bool collecting, cut_short;	/* cut_short: by --for */
	bool counted;			/* for the last time */
	char target[256];		/* what is measured, for the header */
	char program[64];		/* what an only process ran when it was found */
	char state[128];		/* of the target, in words */
	bool wants_input;		/* the launched program waits for someone to type */
	char failure[256];		/* why the source ended early, or "" */
	bool partial;			/* a file, and whoever looks at it had it stopped */
	struct saving *saving;		/* NULL: none; the caller's thread starts and ends it */
	struct overhead overhead;
};

/* A file being written: what was measured until then, and how. */
struct saving {
	struct profile *profile;	/* a copy, so that the other goes on */
	struct query query;
	enum save_weight weight;
	const struct format *format;
	struct file_save file;
	struct progress progress;
	uint64_t since;			/* clock_now() */
	pthread_t thread;
	bool ok;			/* when that has ended */
	struct error error;
};

/* Make an eventfd readable. */
void session_say(int eventfd_descriptor);
/* Of session_gaps.c, with the lock held: is the target stopped; the reader is at work. */
void session_note_stop(struct session *session, bool stopped, uint64_t now);
void session_note_beat(struct session *session, uint64_t now);
void session_note_caught_up(struct session *session, uint64_t now);
void session_tell_gaps(const struct session *session, struct status *status, uint64_t now);
/* One that leaves the signals of the person to the caller's; 0 or an errno. */
int session_start_thread(pthread_t *thread, void *(*run)(void *), void *argument);
/* Of session_work.c, with the lock held: what takes a while just now. */
void session_describe_work(const struct session *session, uint64_t now, struct status *status);
void session_add_partial_notice(const struct session *session, struct status *status);
/* What is not saved yet will not be. */
void session_stop_saving(struct session *session);
/* The reader is no more: what only it touches is the caller's now. */
void session_stop_reading(struct session *session);

#endif
