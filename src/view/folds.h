#ifndef TPROF_VIEW_FOLDS_H
#define TPROF_VIEW_FOLDS_H

#include "base/array.h"
#include "base/hash_index.h"

#include <stdbool.h>

/*
 * Which call paths are open, by their numbers (calltree_path_below()), so
 * that it holds while the tree below is made anew.  All zeroes: every path
 * is closed.
 */
struct fold {
	uint64_t path;
	bool open;
};

struct folds {
	array(struct fold) fold;
	struct hash_index index;
	bool open;		/* what holds for paths that are not listed */
};

bool folds_open(const struct folds *folds, uint64_t path);
void folds_set(struct folds *folds, uint64_t path, bool open);
void folds_set_all(struct folds *folds, bool open);
void folds_release(struct folds *folds);

#endif
