#ifndef TPROF_VIEW_SCENE_H
#define TPROF_VIEW_SCENE_H

#include "analyze/calltree.h"
#include "analyze/gaps.h"
#include "analyze/match.h"
#include "analyze/quality.h"
#include "analyze/timeline.h"
#include "base/strbuf.h"
#include "base/tail.h"
#include "profile/query.h"
#include "view/command.h"

struct keymap;

/* Of unwind information, in the binaries of the target. */
struct unwind_facts {
	size_t binaries, waiting, failed;	/* that have it, are read, have none */
	uint64_t rows, bytes;
};

/* What the header tells: facts about the run, filled in by the session. */
struct status {
	char target[256];	/* "PID 4242 postgres", "./tsrun test.ts", "whole system", a file */
	char state[128];	/* "running", "stopped", "sleeping", "exited (status 1)" */
	char event[32];		/* "cpu-clock" */
	char backend[32];
	char call_graph[48];	/* "unwind information", "frame pointers" */
	char why[160];		/* neither is the best there is: why, a sentence */
	unsigned frequency, cpus;
	enum unit unit;		/* of weights */
	bool live;		/* samples may still come */
	bool collecting;	/* f: stopped or not */
	bool wants_input;	/* the launched program waits for someone to type */
	bool is_file;
	size_t threads, processes;	/* of the target, now */
	uint64_t started, now;	/* clock_now(); now stands still at the end */
	uint64_t duration;	/* ns that were measured, 0 for a file */
	uint64_t counted;	/* ns up to the last reading of the counters */
	bool halted;		/* the target is stopped just now, by others */
	uint64_t stopped;	/* ns that it was; in duration, but not in counted */
	struct gaps gaps;	/* when nothing could be measured */
	/* Of both processes, hundredths of a percent of one CPU: lately; in the end, all in all. */
	uint64_t own_cpu;
	uint64_t own_rss;	/* bytes, both processes */
	size_t naming;		/* addresses that wait for names */
	bool symbolizer;	/* it runs */
	struct unwind_facts unwind;
	char work[96];		/* what takes a while just now and can be cancelled, or "" */
	array(char *) notice;	/* what was given up or is wrong, a sentence each */
};
void status_release(struct status *status);
/* Is it most of a stretch of time that gaps of some kinds take? */
bool status_has_gap(const struct status *status, uint64_t from, uint64_t until, unsigned kinds);
/* How many ns of a stretch of time the target could run, or waits to now. */
uint64_t status_active(const struct status *status, uint64_t from, uint64_t until);

/* What threads do just now: asked for by the view that shows them, answered by the session. */
struct thread_state {
	pid_t pid, tid;		/* tid 0: the process as a whole */
	char state;		/* R, S, D, T, ... as in proc(5); 0: not known (yet) */
};
struct thread_states {
	array(struct thread_state) thread;
};

/* The part of the time that is looked at; scene_update() puts it into the query. */
enum window_kind { WINDOW_ALL, WINDOW_LAST, WINDOW_SINCE };
struct window {
	enum window_kind kind;
	uint64_t last;		/* ns up to now */
	uint64_t since;		/* a time of clock_now(), 0: none was set */
};

enum measure { MEASURE_PERCENT, MEASURE_TIME, MEASURE_SAMPLES };

/*
 * What all views look at, so that switching views keeps one's place.
 * selected is the call path under the cursor: functions from the root of
 * the tree that is shown on, so the innermost first when it is inverted.
 * A view of functions uses only the last of them, and sets only one.
 */
struct scene {
	const struct profile *profile;
	struct query query;
	struct window window;
	struct calltree *calls;		/* up to date with profile and query */
	struct quality *quality;
	struct match match;		/* of the search */
	struct timeline timeline;	/* for the strip of CPU use */
	enum measure measure;
	bool show_errors;		/* of percentages, from sampling */
	unsigned limit;			/* per mille: rows of less are one; 0: each by itself */
	array(function_id) selected;
	struct status status;
	size_t notice;			/* the one of the status's to be told of, unless */
	bool notices_told;		/* all have been, long enough */
	uint64_t behind;		/* samples not shown: the display is paused */
	bool paused;
	unsigned changed;		/* grows when calls or the query did */
	struct thread_states *states;	/* NULL: nobody answers */
	/* What the launched program wrote to its terminal, NULL: it has none of ours. */
	const struct tail *output;
	uint64_t output_seen;		/* how much of it was shown, in bytes */
	struct scene_seen *seen;	/* what changed is told by */
	/* The keys of a command, "k, Up": views know none.  NULL in tests that need none. */
	void (*describe_keys)(const struct keymap *keymap, enum command command,
			      struct strbuf *out);
	const struct keymap *keymap;	/* lent, for that */
};

void scene_init(struct scene *scene);
void scene_release(struct scene *scene);
/* All, the last seconds, since the time that was set, and around. */
void window_next(struct window *window);
/* The last seconds: about half or twice as many, 1 s to 1 h. */
void window_resize(struct window *window, bool longer);
/* No limit, 0.1, 0.5, 1, 5 %, and around. */
void scene_limit_next(struct scene *scene);
/* "12 others below 0.5%" */
void scene_describe_others(const struct scene *scene, size_t count, struct strbuf *out);
/* "last 10 s", "since 12 s ago", nothing for all. */
void window_describe(const struct scene *scene, struct strbuf *out);
/* Bring calls, quality and match up to date with the profile.  With the lock held. */
void scene_update(struct scene *scene, const struct profile *profile);

#endif
