#ifndef TPROF_SOURCE_SOURCE_H
#define TPROF_SOURCE_SOURCE_H

#include <stdbool.h>
#include <poll.h>

#include "base/error.h"
#include "profile/profile.h"
#include "resolve/resolver.h"

/*
 * Where samples come from.  A live process is a source that waits; a file
 * is a source that ends.  Nothing after this point tells them apart.
 */
enum source_state { SOURCE_MORE, SOURCE_WAIT, SOURCE_END, SOURCE_FAILED };

struct source {
	const struct source_ops *ops;
};

enum { SOURCE_FDS_MAX = 1024 };

struct source_ops {
	const char *name;
	/* Descriptors to poll while waiting, at most max; none for a file. */
	size_t (*fds)(const struct source *source, struct pollfd *fd, size_t max);
	/* Work for at most a few milliseconds.  Called with the session locked. */
	enum source_state (*read)(struct source *source, struct error *error);
	/*
	 * All is open and the clock starts: samples of the time before do not
	 * count.  NULL for a file, which has no time.
	 */
	void (*begin)(struct source *source, uint64_t now);
	/* Stop and start sampling; what else is recorded goes on.  NULL for a file. */
	void (*collect)(struct source *source, bool on);
	/* Sampling is over: read() gives what is left, then SOURCE_END.  NULL for a file. */
	void (*finish)(struct source *source);
	/*
	 * It stops the launched program at its exec, where that should stay for
	 * now.  NULL: it never does.
	 */
	bool (*holds)(const struct source *source);
	/* How much of a file was read, in bytes, and of how much (0: not known).  NULL: no file. */
	void (*progress)(const struct source *source, uint64_t *done, uint64_t *total);
	/* What is wrong, so far, with what goes on all the same; or NULL.  May itself be NULL. */
	const char *(*trouble)(const struct source *source);
	void (*close)(struct source *source);
};

/* What takes the samples: perf events alone, or with a BPF program that walks stacks. */
enum backend { BACKEND_AUTO, BACKEND_BPF, BACKEND_PERF };
/* How stacks are walked: by unwind information, by frame pointers, or not at all. */
enum call_graph { CALL_GRAPH_AUTO, CALL_GRAPH_FP, CALL_GRAPH_NONE };

/* What to measure, from the command line. */
struct target {
	array(pid_t) pid;
	char **command;		/* to start and measure, or NULL */
	bool everything;	/* the whole system */
	bool no_follow;
	const char *event;	/* "auto", "cycles", "cpu-clock", ... */
	unsigned frequency;	/* samples per second and CPU */
	enum backend backend;
	enum call_graph call_graph;
};

/* What a live source turned out to be, for the header and reports. */
struct source_facts {
	char event[32];		/* "cpu-clock", "cycles:u" */
	char backend[32];	/* "perf, per CPU", "perf, per thread", "BPF" */
	char call_graph[48];	/* "unwind information", "frame pointers", "no stacks" */
	char why[160];		/* why not a better backend or call graph, a sentence; or "" */
	enum unit unit;
	unsigned frequency;	/* 0: each one is a sample */
	unsigned cpus;		/* that are sampled */
	bool kernel;		/* kernel frames are recorded */
	array(char *) notice;	/* what it gave up, a sentence each */
};

enum source_state source_read(struct source *source, struct error *error);
void source_close(struct source *source);

#endif
