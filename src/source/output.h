#ifndef TPROF_SOURCE_OUTPUT_H
#define TPROF_SOURCE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the launched program wrote to its terminal: the last megabyte.
 * Reading never lets the program wait for us longer than it must, and
 * never takes more than a few milliseconds a call.
 */
enum { OUTPUT_KEPT = 1 << 20 };

struct output {
	char *ring;
	uint64_t total;		/* bytes ever written */
	bool ended;
};

void output_init(struct output *output);
void output_release(struct output *output);
/* Read from the pty for at most budget_ns.  Notices its end. */
void output_drain(struct output *output, int pty, uint64_t budget_ns);
/* Write what is kept (its last max bytes, from a line's beginning) to a descriptor. */
void output_replay(const struct output *output, int fd, size_t max);

#endif
