#include "analyze/quality.h"

#include "analyze/ending.h"

/* What is known of a stack from its outermost frames on. */
struct base {
	location_id outermost;
	binary_id binary;	/* of the outermost location that is code, if found */
	bool found;
	bool guessed;		/* it has a guessed frame */
};

struct quality_private {
	unsigned generation;
	array(struct base) base;	/* by stack */
	/* By location, of stacks that are judged by the name of their outermost one, it. */
	array(uint64_t) samples;
	array(uint8_t) judged;		/* see pack() */
	size_t sums_seen, named_seen;
};

static uint8_t pack(struct ending ending)
{
	return (uint8_t)((unsigned)ending.end << 4 | (unsigned)ending.reason);
}

static struct ending unpack(uint8_t packed)
{
	return (struct ending){ .end = packed >> 4, .reason = packed & 15 };
}

_Static_assert(TRUNCATIONS <= 16, "a reason must fit in four bits");

static void start_over(struct quality *quality, const struct profile *profile)
{
	struct quality_private *p = quality->private;

	array_release(&p->base);
	array_release(&p->samples);
	array_release(&p->judged);
	array_release(&quality->stop);
	*quality = (struct quality){ .private = p };
	p->sums_seen = p->named_seen = 0;
	p->generation = profile->generation;
}

static void note_process(struct quality_stop *stop, string_id process)
{
	if (stop->process && stop->process != process)
		stop->several = true;
	stop->process = stop->several ? 0 : process;
}

/* Samples may be taken away by adding what is missing to 2^64. */
static void count(struct quality *quality, struct ending ending, binary_id binary,
		  uint64_t samples)
{
	if (ending.end == STACK_COMPLETE) {
		quality->complete += samples;
	} else if (ending.end == STACK_FRAME_POINTER) {
		quality->frame_pointer += samples;
	} else {
		quality->truncated += samples;
		quality->reason[ending.reason] += samples;
		quality->stop.at[binary].samples += samples;
		quality->stop.at[binary].reason[ending.reason] += samples;
	}
}

static void take_names(struct quality *quality, const struct profile *profile)
{
	struct quality_private *p = quality->private;

	for (; p->named_seen < profile->named.len; p->named_seen++) {
		location_id id = profile->named.at[p->named_seen];
		binary_id binary = profile->location.at[id].binary;
		struct ending ending;

		if (id >= p->judged.len)
			continue;
		ending = ending_of(profile, id, STACK_BY_NAME);
		count(quality, unpack(p->judged.at[id]), binary, -p->samples.at[id]);
		count(quality, ending, binary, p->samples.at[id]);
		p->judged.at[id] = pack(ending);
	}
}

static bool is_truncation(const struct profile *profile, const struct location *location)
{
	function_id function = profile->frame.at[location->first_frame].function;

	return location->frame_count &&
	       profile->function.at[function].flags & FUNCTION_TRUNCATED;
}

static bool is_code(const struct profile *profile, location_id id)
{
	const struct location *location = &profile->location.at[id];

	return !is_truncation(profile, location) && !ending_is_nowhere(profile, location);
}

static struct base base_of(const struct quality_private *p, const struct profile *profile,
			   const struct stack *stack)
{
	const struct location *location = &profile->location.at[stack->location];
	struct base base = p->base.at[stack->caller];

	/* In folded files the process may stand above "[truncated: ...]". */
	if (!stack->caller || is_truncation(profile, location)) {
		base.outermost = stack->location;
		base.found = false;
	}
	if (!base.found && is_code(profile, stack->location)) {
		base.binary = location->binary;
		base.found = true;
	}
	base.guessed |= location->guessed;
	return base;
}

static void take_entries(struct quality *quality, const struct profile *profile)
{
	struct quality_private *p = quality->private;
	size_t locations = p->judged.len, stacks = p->base.len;

	array_extend(&quality->stop, profile->binary.len);
	array_extend(&p->samples, profile->location.len);
	array_extend(&p->judged, profile->location.len);
	for (; locations < profile->location.len; locations++)
		p->judged.at[locations] =
			pack(ending_of(profile, (location_id)locations, STACK_BY_NAME));

	array_extend(&p->base, profile->stack.len);
	for (stacks = stacks ? stacks : 1; stacks < profile->stack.len; stacks++)
		p->base.at[stacks] = base_of(p, profile, &profile->stack.at[stacks]);
}

static void take_sum(struct quality *quality, const struct profile *profile,
		     const struct sum *sum)
{
	struct quality_private *p = quality->private;
	const struct base *base = &p->base.at[sum->stack];
	struct ending ending = unpack(p->judged.at[base->outermost]);

	if (sum->end == STACK_BY_NAME)
		p->samples.at[base->outermost] += sum->samples;
	else
		ending = ending_of(profile, base->outermost, sum->end);
	count(quality, ending, base->binary, sum->samples);
	if (ending.end == STACK_TRUNCATED)
		note_process(&quality->stop.at[base->binary],
			     profile->thread.at[sum->thread].process);
	if (base->guessed)
		quality->guessed += sum->samples;
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
	array_release(&quality->private->base);
	array_release(&quality->private->samples);
	array_release(&quality->private->judged);
	array_release(&quality->stop);
	xfree(quality->private);
	xfree(quality);
}

void quality_update(struct quality *quality, const struct profile *profile)
{
	struct quality_private *p = quality->private;

	if (p->generation != profile->generation)
		start_over(quality, profile);
	take_entries(quality, profile);
	take_names(quality, profile);
	for (; p->sums_seen < profile->sum.len; p->sums_seen++)
		if (profile->sum.at[p->sums_seen].metric == 1)
			take_sum(quality, profile, &profile->sum.at[p->sums_seen]);
}
