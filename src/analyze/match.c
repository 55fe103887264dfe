#include "analyze/match.h"

#include "base/pattern.h"

struct match_private {
	struct pattern *pattern;
};

bool match_set(struct match *match, const char *pattern, struct error *error)
{
	struct pattern *compiled = NULL;

	if (pattern && *pattern) {
		if (match->pattern && !strcmp(match->pattern, pattern))
			return true;
		compiled = pattern_new(pattern, error);
		if (!compiled)
			return false;
	}
	match_release(match);
	if (!compiled)
		return true;
	match->pattern = xstrdup(pattern);
	match->private = xcalloc(1, sizeof *match->private);
	match->private->pattern = compiled;
	return true;
}

void match_update(struct match *match, const struct profile *profile)
{
	size_t known = match->function.len;

	if (!match->pattern)
		return;
	array_extend(&match->function, profile->function.len);
	/* Function 0 has no name, and shows nowhere. */
	for (size_t i = known ? known : 1; i < profile->function.len; i++) {
		const char *name = profile_function_name(profile, (function_id)i);

		if (pattern_fits(match->private->pattern, name)) {
			match->function.at[i] = 1;
			match->count++;
		}
	}
}

void match_release(struct match *match)
{
	if (match->private)
		pattern_free(match->private->pattern);
	xfree(match->private);
	xfree(match->pattern);
	array_release(&match->function);
	*match = (struct match){ 0 };
}
