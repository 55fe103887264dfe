#ifndef TPROF_CHOOSER_H
#define TPROF_CHOOSER_H

#include "source/process_scan.h"
#include "view/picker.h"

/*
 * The processes of this machine to choose a target from, with what each
 * used of the CPUs between the last two looks, and whether we may measure
 * it.  All zeroes is one that has not looked yet.
 */
struct chooser {
	array(struct candidate) known;		/* sorted by pid */
	struct picker_rows rows;
	uint64_t looked_at;
};

/* Look again.  The rows are good until the next look. */
const struct picker_rows *chooser_look(struct chooser *chooser);
void chooser_release(struct chooser *chooser);

/*
 * Append the processes of that name, or whose program's file is called so;
 * not ourselves and our children.
 */
void chooser_find(const char *name, struct pid_list *found);

#endif
