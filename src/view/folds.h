#ifndef TPROF_VIEW_FOLDS_H
#define TPROF_VIEW_FOLDS_H

#include "base/array.h"
#include "base/hash_index.h"

#include <stdbool.h>

/*
 * Which call paths are open, by their numbers (calltree_path_below()), so
 * that it holds while the tree below is made anew.  What was said last
 * counts, of one path or of all below another.  All zeroes: every path is
 * closed.
 */
struct fold {
	uint64_t path;
	bool open;
	uint64_t said;		/* when, counted; 0: nothing of the path itself */
	uint64_t below_said;	/* that all below is open */
};

struct folds {
	array(struct fold) fold;
	struct hash_index index;
	bool open;		/* what holds for paths of which nothing was said */
	uint64_t now;
};

/*
 * Is the path open?  *below_said is what folds_open() gave for the path
 * above it, 0 for a first one, and becomes what is to be given below.
 */
bool folds_open(const struct folds *folds, uint64_t path, uint64_t *below_said);
void folds_set(struct folds *folds, uint64_t path, bool open);
/* Open the path and all below it, also what is not there yet. */
void folds_open_below(struct folds *folds, uint64_t path);
void folds_set_all(struct folds *folds, bool open);
/* A path that is open has got another number: what was said of it holds there as well. */
void folds_carry(struct folds *folds, uint64_t from, uint64_t to);
void folds_release(struct folds *folds);

#endif
