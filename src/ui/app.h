#ifndef TPROF_UI_APP_H
#define TPROF_UI_APP_H

#include "session.h"
#include "ui/config.h"
#include "ui/term.h"

/*
 * Say what is being attached to.  A target with hundreds of busy threads
 * takes seconds, in which there is no session to show.
 */
void app_show_attaching(const struct options *options, const struct term_ops *term);

/*
 * Show the session until the person leaves.  True when that was by going
 * back from the first view, to choose something else; only where
 * options->choose.
 */
bool app_run(struct session *session, const struct options *options,
	     const struct config *config, const struct term_ops *term);

#endif
