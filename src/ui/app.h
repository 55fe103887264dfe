#ifndef TPROF_UI_APP_H
#define TPROF_UI_APP_H

#include "session.h"
#include "ui/config.h"
#include "ui/term.h"

/* Show the session until the person leaves. */
bool app_run(struct session *session, const struct options *options,
	     const struct config *config, const struct term_ops *term, struct error *error);

#endif
