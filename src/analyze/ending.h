#ifndef TPROF_ANALYZE_ENDING_H
#define TPROF_ANALYZE_ENDING_H

#include "profile/profile.h"

/* How a stack ended, judged. */
struct ending {
	enum stack_end end;	/* never STACK_BY_NAME */
	enum truncation reason;	/* of STACK_TRUNCATED */
};

/*
 * Of a stack with that outermost location, as its samples tell.  By name a
 * stack is whole where the outermost function is one that nobody calls;
 * by frame pointers it may have missed frames.  May change when the
 * location is named.
 */
struct ending ending_of(const struct profile *profile, location_id outermost, enum stack_end end);

/* Does it stand for addresses where nothing is mapped? */
bool ending_is_nowhere(const struct profile *profile, const struct location *location);

/*
 * The function of "[truncated: ...]" that belongs above a stack of which
 * that is the outermost location: of a walk by frame pointers that came to
 * an end elsewhere.  0: none.  May change when the location is named.
 */
function_id ending_missing_above(const struct profile *profile, location_id outermost);

#endif
