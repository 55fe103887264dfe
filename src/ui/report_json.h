#ifndef TPROF_UI_REPORT_JSON_H
#define TPROF_UI_REPORT_JSON_H

#include <stdio.h>

#include "options.h"
#include "view/scene.h"

/* The report as one JSON object; its keys are in the manual page. */
void report_json(const struct scene *scene, const struct options *options, FILE *out);

#endif
