#include "analyze/quality.h"

/* How stacks with a certain root end; the reasons of truncated ones come last. */
enum ending { COMPLETE, FRAME_POINTER, REASONS, ENDINGS = REASONS + TRUNCATIONS };

struct quality_private {
	unsigned generation;
	array(location_id) root;	/* by stack: its outermost location */
	array(uint8_t) ending;		/* by location: enum ending */
	array(uint64_t) samples;	/* by location: of stacks with that root */
	uint64_t count[ENDINGS];
	size_t sums_seen, named_seen;
};

const char *truncation_name(enum truncation reason)
{
	static const char *const names[TRUNCATIONS] = {
		[TRUNCATED_NO_FRAME_POINTER] = "no-frame-pointer",
		[TRUNCATED_FRAME_LIMIT] = "frame-limit",
		[TRUNCATED_NO_USER_STACK] = "no-user-stack",
		[TRUNCATED_NOT_NAMED] = "not-named",
	};

	return reason < TRUNCATIONS ? names[reason] : "";
}

static enum ending ending_of(const struct profile *profile, location_id id)
{
	const struct location *location = &profile->location.at[id];
	const struct function *function;

	/* No frames: a sample without a stack. */
	if (!location->frame_count)
		return REASONS + TRUNCATED_NO_USER_STACK;
	/* Innermost first, so the last frame is the outermost function. */
	function = &profile->function.at[profile->frame.at[location->first_frame +
				location->frame_count - 1].function];
	if (function->flags & (FUNCTION_PLACEHOLDER | FUNCTION_OTHER))
		return REASONS + TRUNCATED_NOT_NAMED;
	/* A file of names says where its stacks end. */
	if (location->named && !location->binary)
		return COMPLETE;
	if (function->flags & FUNCTION_BOTTOM)
		return function->flags & FUNCTION_KERNEL ? COMPLETE : FRAME_POINTER;
	if (function->flags & FUNCTION_KERNEL)
		return REASONS + TRUNCATED_NO_USER_STACK;
	return REASONS + TRUNCATED_NO_FRAME_POINTER;
}

static void start_over(struct quality *quality, const struct profile *profile)
{
	struct quality_private *p = quality->private;

	array_release(&p->root);
	array_release(&p->ending);
	array_release(&p->samples);
	memset(p->count, 0, sizeof p->count);
	p->sums_seen = p->named_seen = 0;
	p->generation = profile->generation;
}

static void take_names(struct quality_private *p, const struct profile *profile)
{
	for (; p->named_seen < profile->named.len; p->named_seen++) {
		location_id id = profile->named.at[p->named_seen];
		enum ending ending;

		if (id >= p->ending.len)
			continue;
		ending = ending_of(profile, id);
		p->count[p->ending.at[id]] -= p->samples.at[id];
		p->count[ending] += p->samples.at[id];
		p->ending.at[id] = (uint8_t)ending;
	}
}

static void take_entries(struct quality_private *p, const struct profile *profile)
{
	size_t locations = p->ending.len, stacks = p->root.len;

	array_extend(&p->samples, profile->location.len);
	array_extend(&p->ending, profile->location.len);
	for (; locations < profile->location.len; locations++)
		p->ending.at[locations] = (uint8_t)ending_of(profile, (location_id)locations);

	array_extend(&p->root, profile->stack.len);
	for (stacks = stacks ? stacks : 1; stacks < profile->stack.len; stacks++) {
		const struct stack *stack = &profile->stack.at[stacks];

		p->root.at[stacks] = stack->caller ? p->root.at[stack->caller] : stack->location;
	}
}

static void take_sums(struct quality_private *p, const struct profile *profile)
{
	for (; p->sums_seen < profile->sum.len; p->sums_seen++) {
		const struct sum *sum = &profile->sum.at[p->sums_seen];
		location_id root = p->root.at[sum->stack];

		if (sum->metric != 1)
			continue;
		if (sum->cut) {
			p->count[REASONS + TRUNCATED_FRAME_LIMIT] += sum->samples;
			continue;
		}
		p->samples.at[root] += sum->samples;
		p->count[p->ending.at[root]] += sum->samples;
	}
}

struct quality *quality_new(void)
{
	struct quality *quality = xcalloc(1, sizeof *quality);

	quality->private = xcalloc(1, sizeof *quality->private);
	return quality;
}

void quality_free(struct quality *quality)
{
	if (!quality)
		return;
	array_release(&quality->private->root);
	array_release(&quality->private->ending);
	array_release(&quality->private->samples);
	xfree(quality->private);
	xfree(quality);
}

void quality_update(struct quality *quality, const struct profile *profile)
{
	struct quality_private *p = quality->private;

	if (p->generation != profile->generation)
		start_over(quality, profile);
	take_names(p, profile);
	take_entries(p, profile);
	take_sums(p, profile);
	quality->complete = p->count[COMPLETE];
	quality->frame_pointer = p->count[FRAME_POINTER];
	quality->truncated = 0;
	for (int i = 0; i < TRUNCATIONS; i++) {
		quality->reason[i] = p->count[REASONS + i];
		quality->truncated += quality->reason[i];
	}
}
