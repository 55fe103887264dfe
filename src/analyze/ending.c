#include "analyze/ending.h"

static const struct function *outermost_function(const struct profile *profile,
						 const struct location *location)
{
	/* Innermost first. */
	size_t last = location->first_frame + location->frame_count - 1u;

	return &profile->function.at[profile->frame.at[last].function];
}

static struct ending truncated(enum truncation reason)
{
	return (struct ending){ .end = STACK_TRUNCATED, .reason = reason };
}

bool ending_is_nowhere(const struct profile *profile, const struct location *location)
{
	const struct binary *binary = &profile->binary.at[location->binary];

	return binary->kind == BINARY_ANONYMOUS && location->binary && !location->address &&
	       !strcmp(profile_string(profile, binary->path), "[unknown]");
}

static struct ending ending_by_name(const struct profile *profile,
				    const struct location *location)
{
	const struct function *function = outermost_function(profile, location);

	if (ending_is_nowhere(profile, location))
		return truncated(TRUNCATED_NO_MAPPING);
	if (function->flags & (FUNCTION_PLACEHOLDER | FUNCTION_OTHER))
		return truncated(TRUNCATED_NOT_NAMED);
	/* A file of names says where its stacks end. */
	if (location->named && !location->binary && !location->outermost)
		return (struct ending){ .end = STACK_COMPLETE };
	if (function->flags & FUNCTION_BOTTOM)
		return (struct ending){ .end = function->flags & FUNCTION_KERNEL ?
						STACK_COMPLETE : STACK_FRAME_POINTER };
	return truncated(function->flags & FUNCTION_KERNEL ? TRUNCATED_NO_USER_STACK :
							     TRUNCATED_NO_FRAME_POINTER);
}

static enum truncation reason_in(const struct profile *profile, const struct function *function)
{
	enum truncation reason = truncation_find(profile_string(profile, function->name));

	return reason < TRUNCATIONS ? reason : TRUNCATED_NOT_NAMED;
}

struct ending ending_of(const struct profile *profile, location_id id, enum stack_end end)
{
	const struct location *location = &profile->location.at[id];
	const struct function *function;

	/* No frames: a sample without a stack. */
	if (!location->frame_count)
		return truncated(TRUNCATED_NO_USER_STACK);
	function = outermost_function(profile, location);
	if (function->flags & FUNCTION_TRUNCATED)
		return truncated(reason_in(profile, function));
	if (end == STACK_TRUNCATED)
		return truncated(TRUNCATED_NOT_NAMED);
	if (end == STACK_BY_NAME)
		return ending_by_name(profile, location);
	return (struct ending){ .end = end };
}

function_id ending_missing_above(const struct profile *profile, location_id id)
{
	const struct location *location = &profile->location.at[id];
	struct ending ending;

	if (!location->outermost)
		return 0;
	ending = ending_of(profile, id, STACK_BY_NAME);
	if (ending.end != STACK_TRUNCATED)
		return 0;
	/* Without a name it may still turn out to be whole, while one may come. */
	if (ending.reason == TRUNCATED_NOT_NAMED && !location->symbolized &&
	    profile->binary.at[location->binary].kind != BINARY_ANONYMOUS)
		return 0;
	return profile_truncation_function(profile, ending.reason);
}
