#ifndef TPROF_UI_APP_H
#define TPROF_UI_APP_H

#include "session.h"
#include "ui/config.h"
#include "ui/term.h"

/*
 * Show the session until the person leaves.  True when that was by going
 * back from the first view, to choose something else; only where
 * options->choose.
 */
bool app_run(struct session *session, const struct options *options,
	     const struct config *config, const struct term_ops *term);

#endif
