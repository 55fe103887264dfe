#ifndef TPROF_UI_REPORT_H
#define TPROF_UI_REPORT_H

#include <stdio.h>

#include "options.h"
#include "view/scene.h"

/* The functions or the tree as text, JSON or CSV, with the columns of the views. */
bool report_print(const struct scene *scene, const struct options *options, FILE *out,
		  struct error *error);

#endif
