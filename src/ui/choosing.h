#ifndef TPROF_UI_CHOOSING_H
#define TPROF_UI_CHOOSING_H

#include "ui/config.h"
#include "ui/term.h"
#include "view/picker.h"

/*
 * The screen on which a person chooses a process.  It can be shown again
 * after a profile: what was typed and where the cursor stood is kept.
 */
struct choosing {
	const struct picker_rows *(*look)(void *state);	/* at all processes, again */
	void *state;
	const struct config *config;
	const struct term_ops *term;
	struct picker picker;
	struct strbuf filter;		/* typed before */
	struct strbuf message;		/* why the last choice came to nothing, or empty */
};

/* The number of the chosen process, or 0: none is wanted. */
int choosing_run(struct choosing *choosing);
void choosing_release(struct choosing *choosing);

#endif
