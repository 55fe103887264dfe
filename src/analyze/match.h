#ifndef TPROF_ANALYZE_MATCH_H
#define TPROF_ANALYZE_MATCH_H

#include "base/error.h"
#include "profile/profile.h"

/* The functions whose name fits a search, worked out once for all views. */
struct match {
	char *pattern;			/* NULL: no search */
	array(uint8_t) function;	/* by function_id */
	size_t count;
	struct match_private *private;
};

/* NULL or "" ends the search.  Fails on what is no regular expression, and keeps the old one. */
bool match_set(struct match *match, const char *pattern, struct error *error);
/* Take in functions that were added since. */
void match_update(struct match *match, const struct profile *profile);
void match_release(struct match *match);

static inline bool match_has(const struct match *match, function_id function)
{
	return match->pattern && function < match->function.len && match->function.at[function];
}

#endif
