#ifndef TPROF_SOURCE_BPF_SAMPLER_H
#define TPROF_SOURCE_BPF_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "resolve/code.h"
#include "resolve/event.h"

/*
 * The program in the kernel that walks stacks where they are: src/bpf.  It
 * gets the samples of perf events, counts those of a set of processes, and
 * keeps this set by itself.  What it can't finish becomes a sample of the
 * perf event, as without it: each sample comes one way or the other.
 *
 * In a build without it nothing but the opening is ever called, and fails.
 */
struct bpf_sampler;

struct bpf_options {
	bool everything;	/* no set: all processes */
	bool follow;		/* children of processes in the set are in it */
	bool hold;		/* what is to count from its exec is stopped there */
	bool dumps;		/* the events' own samples have copies of the stack */
	unsigned cpus;
};

/* False inside error: what is missing, in a sentence. */
struct bpf_sampler *bpf_sampler_open(const struct bpf_options *options, struct error *error);
void bpf_sampler_close(struct bpf_sampler *sampler);

/* Let the program have the samples of a perf event: 0 or an errno. */
int bpf_sampler_attach(struct bpf_sampler *sampler, int event);
/* Into the set, at once or from its next exec on. */
bool bpf_sampler_add(struct bpf_sampler *sampler, pid_t pid, bool from_exec,
		     struct error *error);

/* Readable when much has come together. */
int bpf_sampler_fd(const struct bpf_sampler *sampler);
/* As with a ring: look how far it is, take what is there, give back its space. */
void bpf_sampler_begin(struct bpf_sampler *sampler);
/* The event points into the ring until bpf_sampler_done(). */
bool bpf_sampler_next(struct bpf_sampler *sampler, struct event *event);
void bpf_sampler_done(struct bpf_sampler *sampler);
/* How many of the events' own samples a ring of theirs holds. */
void bpf_sampler_set_room(struct bpf_sampler *sampler, size_t samples);
/* Those of a CPU that were there when bpf_sampler_begin() was called are read. */
void bpf_sampler_read_dumps(struct bpf_sampler *sampler, unsigned cpu);
/* In this pass something was still being written, so there may be older samples behind it. */
bool bpf_sampler_is_behind(const struct bpf_sampler *sampler);
/* Samples that were lost since they were told last, one CPU at a time. */
bool bpf_sampler_take_lost(struct bpf_sampler *sampler, uint16_t *cpu, uint64_t *samples);

/* The code of a process is known as of what happened until then. */
void bpf_sampler_set_code(struct bpf_sampler *sampler, const struct code_change *change,
			  uint64_t as_of);
/* All changes until then are told. */
void bpf_sampler_settle(struct bpf_sampler *sampler, uint64_t as_of);
/*
 * How often what it can't walk may come as a copy of the stack: many where
 * code is replaced faster than that can be told.
 */
void bpf_sampler_allow_dumps(struct bpf_sampler *sampler, bool many);
/* Is the code of what it runs now known to the program, and all of its rows? */
bool bpf_sampler_has_code(const struct bpf_sampler *sampler, pid_t pid);

/* What goes on all the same, or NULL. */
const char *bpf_sampler_trouble(struct bpf_sampler *sampler);

/* For tprof doctor: what loading took. */
struct bpf_facts {
	unsigned instructions, verified;
	uint64_t load_time;		/* nanoseconds */
};
bool bpf_sampler_try(struct bpf_facts *facts, struct error *error);

#endif
