#ifndef TPROF_SOURCE_OUTPUT_H
#define TPROF_SOURCE_OUTPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/tail.h"

/*
 * What the launched program wrote to its terminal: the last megabyte, and
 * all of it in a file if asked for.  Reading never lets the program wait
 * for us longer than it must, and never takes more than a few milliseconds
 * a call.  What was read waits in a buffer until output_keep(), so that
 * only that has to be kept from those who look at the tail.
 */
enum { OUTPUT_KEPT = 1 << 20 };

struct output {
	struct tail tail;
	char *buffer;		/* read, not kept yet */
	size_t len;
	bool ended;
	int file;		/* -1: none */
	char path[256];		/* of the file, to tell of */
	char trouble[256];	/* why the file is not complete, or "" */
	int failure;		/* errno of writing it, not told yet */
};

void output_init(struct output *output);
void output_release(struct output *output);
/* From now on all goes into a file as well; one that exists is replaced. */
bool output_save(struct output *output, const char *path, struct error *error);

/* Read from the pty for at most budget_ns, or until the buffer is full.  Notices its end. */
void output_drain(struct output *output, int pty, uint64_t budget_ns);
/* What someone else has read from the pty, up to 64 KiB; only with an empty buffer. */
void output_add(struct output *output, const char *bytes, size_t len);
/* Move what was read to the tail. */
void output_keep(struct output *output);

/*
 * Write what is kept (its last max bytes, from a line's beginning) to a
 * terminal: text, colours and moves, nothing that asks the terminal or
 * changes how it works, nothing of its other screen.
 */
void output_replay(const struct output *output, int fd, size_t max);

#endif
