#ifndef TPROF_RESOLVE_RESOLVER_H
#define TPROF_RESOLVE_RESOLVER_H

#include "base/error.h"
#include "profile/profile.h"
#include "resolve/event.h"

/*
 * Turns events into profile entries: follows which processes belong to the
 * target and which files each has mapped, and adds locations, stacks and
 * samples.  Names come later, from the symbolizer process: the resolver
 * opens the files and asks, and gives locations their frames as answers
 * come.  No call here waits for an answer.
 */
struct resolver;

enum { RESOLVER_NO_FOLLOW = 1 << 0 };	/* children of the target are not its part */

/* Without a symbolizer (it could not be started) everything works but names. */
struct resolver *resolver_new(struct profile *profile, unsigned flags);
void resolver_free(struct resolver *resolver);

/* Where sources deliver events; to be called in order of time. */
struct sink *resolver_sink(struct resolver *resolver);

/* What to measure.  Everything else is ignored, but its mappings are remembered. */
void resolver_watch_everything(struct resolver *resolver);
/* A running process: reads its threads, names and mappings from /proc. */
bool resolver_watch_process(struct resolver *resolver, pid_t pid, struct error *error);
/* A process that counts from its next exec on. */
void resolver_watch_from_exec(struct resolver *resolver, pid_t pid);

/* The processes measured now: for /proc values, waiting, and the header. */
size_t resolver_watched(const struct resolver *resolver, pid_t *pid, size_t max);
/* The threads that are alive in them. */
size_t resolver_watched_threads(const struct resolver *resolver);
/* Put threads into the profile that had no sample yet, as long as it has fewer than max. */
void resolver_add_idle_threads(struct resolver *resolver, size_t max);

/* Poll these for POLLIN; -1 without a symbolizer, of names and of unwind information. */
int resolver_fd(const struct resolver *resolver);
int resolver_rows_fd(const struct resolver *resolver);
/* Take in answers, send what waits.  Restarts a symbolizer that died, with back-off. */
void resolver_work(struct resolver *resolver);
/* Addresses asked for and not answered yet. */
size_t resolver_waiting(const struct resolver *resolver);
/* Why there are no names, or NULL: for the notices on the screen. */
const char *resolver_trouble(const struct resolver *resolver);
/* The symbolizer's own process, 0 if none: for the overhead shown. */
pid_t resolver_symbolizer_pid(const struct resolver *resolver);
/* The same of that for unwind information. */
pid_t resolver_rows_pid(const struct resolver *resolver);

#endif
