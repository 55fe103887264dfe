#ifndef TPROF_BASE_PATTERN_H
#define TPROF_BASE_PATTERN_H

#include "base/error.h"

/*
 * What people type to search by: an extended regular expression that may
 * fit anywhere in a text.  Case is ignored unless the pattern has a
 * capital.  Back-references and huge repetitions are refused, since the
 * time and memory they take have no bound.
 */
struct pattern;

enum { PATTERN_MAX = 1000 };	/* bytes */

/* NULL and a sentence when the text is no such expression. */
struct pattern *pattern_new(const char *text, struct error *error);
void pattern_free(struct pattern *pattern);
bool pattern_fits(const struct pattern *pattern, const char *text);

#endif
