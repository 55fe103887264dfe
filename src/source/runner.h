#ifndef TPROF_SOURCE_RUNNER_H
#define TPROF_SOURCE_RUNNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"

/*
 * Who a launched program runs as: the user who called sudo, with the groups
 * and the home of that user and nothing of root's; else we ourselves.
 */
struct runner {
	bool change;
	uid_t uid;
	gid_t gid;
	array(gid_t) group;
	array(char *) environment;	/* ends with NULL */
};

/* Fails when sudo's variables are no numbers. */
bool runner_init(struct runner *runner, struct error *error);
void runner_release(struct runner *runner);
/* For good, and for this process only; allocates nothing. */
bool runner_become(const struct runner *runner);

#endif
