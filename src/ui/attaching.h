#ifndef TPROF_UI_ATTACHING_H
#define TPROF_UI_ATTACHING_H

#include "base/progress.h"
#include "ui/config.h"
#include "ui/term.h"

/*
 * What is on the screen while there is no session to show.  A target with
 * hundreds of busy threads takes seconds to attach to; keys can end that.
 */
struct attaching {
	const struct options *options;
	const struct config *config;
	const struct term_ops *term;
	struct progress progress;	/* for session_start() */
	bool leave;			/* it ended by what ends tprof as a whole */
};

/* Say what is being attached to, and go on saying it.  All given must outlive the attaching. */
void attaching_begin(struct attaching *attaching, const struct options *options,
		     const struct config *config, const struct term_ops *term);

#endif
