#ifndef TPROF_SOURCE_PRIVILEGE_H
#define TPROF_SOURCE_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Who we are and what the kernel allows: what decides if perf events can
 * be opened, and what to say when they can't.
 */
enum { PRIVILEGE_UNKNOWN = -1000 };	/* a setting that can't be read */

struct privilege {
	uid_t uid;		/* effective */
	char user[40];
	uint64_t capabilities;	/* effective, a bit each */
	bool seccomp;		/* a filter restricts our system calls */
	bool container;		/* by the look of it */
	long long paranoid;	/* kernel.perf_event_paranoid */
	long long mlock_kb;	/* kernel.perf_event_mlock_kb */
	long long max_rate;	/* kernel.perf_event_max_sample_rate */
	long long max_stack;	/* kernel.perf_event_max_stack */
	long long kptr_restrict;
	uint64_t files, files_max;	/* RLIMIT_NOFILE, soft and hard */
	uint64_t locked;		/* RLIMIT_MEMLOCK, bytes */
};

void privilege_read(struct privilege *privilege);
bool privilege_has(const struct privilege *privilege, int capability);
/* What kernel.perf_event_paranoid means, in a few words. */
const char *privilege_paranoid_meaning(long long paranoid);

/* The user's name, or the number as text. */
void privilege_user_name(uid_t uid, char *name, size_t size);
/* Let this process have as many descriptors as it may. */
void privilege_raise_files(void);

/*
 * Let the calling thread, which never works for long, wait as little as
 * possible where many want to run.  What it starts is as everything else.
 */
void privilege_hurry(void);

/* What could not be measured, for the message. */
struct refusal {
	int code;		/* errno */
	pid_t pid;		/* the target, or 0 */
	bool everything;	/* -a */
	bool ring;		/* it was mmap() of a ring that failed */
	const char *event;
	size_t wanted_files;	/* descriptors that were needed in all, for EMFILE */
};

/*
 * The message for a refused perf_event_open() or mmap(): what failed, who
 * we are, what the kernel says, whose the target is, what helps.  Returns
 * false, for callers that fail with it.
 */
bool privilege_explain(const struct refusal *refusal, struct error *error);

#endif
