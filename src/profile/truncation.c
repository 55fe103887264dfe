#include <assert.h>

#include "profile/index.h"

struct wording {
	const char *name, *text;
};

static const struct wording wordings[TRUNCATIONS] = {
	[TRUNCATED_NO_FRAME_POINTER] = { "no-frame-pointer", "no frame pointer" },
	[TRUNCATED_FRAME_LIMIT] = { "frame-limit", "frame limit" },
	[TRUNCATED_NO_USER_STACK] = { "no-user-stack", "no user stack" },
	[TRUNCATED_NOT_NAMED] = { "not-named", "not named" },
	[TRUNCATED_NO_MAPPING] = { "no-mapping", "no mapping" },
	[TRUNCATED_NO_ROWS] = { "no-rows", "no unwind information" },
	[TRUNCATED_NOT_READY] = { "not-ready", "unwind information not ready" },
	[TRUNCATED_UNREADABLE] = { "unreadable-stack", "unreadable stack" },
	[TRUNCATED_IMPLAUSIBLE] = { "implausible-frame", "implausible frame" },
	[TRUNCATED_UNSUPPORTED] = { "unsupported-rule", "unsupported unwind information" },
	[TRUNCATED_DUMP_TOO_SHORT] = { "dump-too-short", "copy of the stack too short" },
	[TRUNCATED_32_BIT] = { "32-bit", "32-bit program" },
};

static const char prefix[] = "[truncated: ";

const char *truncation_name(enum truncation reason)
{
	return reason < TRUNCATIONS ? wordings[reason].name : "";
}

const char *truncation_text(enum truncation reason)
{
	return reason < TRUNCATIONS ? wordings[reason].text : "";
}

enum truncation truncation_find(const char *function)
{
	size_t len = strlen(function);

	if (len < sizeof prefix || function[len - 1] != ']' ||
	    strncmp(function, prefix, sizeof prefix - 1))
		return TRUNCATIONS;
	function += sizeof prefix - 1;
	len -= sizeof prefix;
	for (int i = 0; i < TRUNCATIONS; i++)
		if (strlen(wordings[i].text) == len && !memcmp(wordings[i].text, function, len))
			return (enum truncation)i;
	return TRUNCATIONS;
}

static string_id add_name(struct profile *profile, enum truncation reason)
{
	char name[80];

	snprintf(name, sizeof name, "%s%s]", prefix, truncation_text(reason));
	return profile_add_string(profile, name);
}

void profile_add_truncation_names(struct profile *profile)
{
	for (int i = 0; i < TRUNCATIONS; i++)
		add_name(profile, (enum truncation)i);
}

function_id profile_add_truncation_function(struct profile *profile, enum truncation reason)
{
	function_id *id = &profile->index->truncated[reason];

	if (!*id)
		*id = profile_add_function_always(profile, &(struct function){
			.name = add_name(profile, reason), .flags = FUNCTION_TRUNCATED });
	return *id;
}

location_id profile_truncation(struct profile *profile, enum truncation reason)
{
	struct frame frame = { 0 };

	assert(reason < TRUNCATIONS);
	frame.function = profile_add_truncation_function(profile, reason);
	return profile_add_named_location(profile, frame);
}

function_id profile_truncation_function(const struct profile *profile, enum truncation reason)
{
	assert(reason < TRUNCATIONS);
	return profile->index->truncated[reason];
}
