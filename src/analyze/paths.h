#ifndef TPROF_ANALYZE_PATHS_H
#define TPROF_ANALYZE_PATHS_H

#include "analyze/calltree.h"
#include "base/progress.h"
#include "profile/query.h"

/*
 * The samples that a query selects by process and by the names of the
 * functions they were in, for what is written to files.  Unlike in a
 * calltree, functions of the same name are the same.
 *
 * Node 0 is not used, node 1 is the root.  Below it are processes by name
 * (not for profiles that know of none), then functions from the outermost
 * on; a parent's number is smaller than its children's.
 */
struct path_node {
	uint32_t parent, first_child, next_sibling;	/* 0: none; siblings by name */
	string_id name;		/* 0: samples without a known function */
	bool kernel;
	struct amount self;	/* of the stacks that end here */
};

struct paths {
	array(struct path_node) node;
};

/*
 * The profile must be sealed.  Fails if query->keep is no pattern, or with
 * ECANCELED; progress, which may be NULL, is the first half of the writing.
 */
bool paths_init(struct paths *paths, const struct profile *profile, const struct query *query,
		struct progress *progress, struct error *error);
void paths_release(struct paths *paths);

#endif
