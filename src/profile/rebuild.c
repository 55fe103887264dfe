#include "profile/index.h"

/* What the old stacks and locations become. */
struct rebuild {
	struct profile *profile;
	float *rank;			/* by old stack: its share of all, with its callees */
	uint32_t lightest;		/* of the ranks with these bits ... */
	size_t allowance;		/* ... only so many are kept */
	stack_id *stack;		/* the new one, by old */
	location_id *place;		/* the new one, by old; 0: not needed yet */
	struct location *location;	/* the old tables */
	struct frame *frame;
	size_t locations;
	location_id other;
};

/* What all sums of a metric come to. */
struct whole {
	double weight[METRICS_LIMIT], samples[METRICS_LIMIT];
};

static void add_whole(struct whole *whole, const struct sum *sum, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		whole->weight[sum[i].metric] += (double)sum[i].weight;
		whole->samples[sum[i].metric] += (double)sum[i].samples;
	}
}

static void add_ranks(float *rank, const struct whole *whole, const struct sum *sum, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double part = 0;

		if (sum[i].weight)
			part += (double)sum[i].weight / whole->weight[sum[i].metric];
		if (sum[i].samples)
			part += (double)sum[i].samples / whole->samples[sum[i].metric];
		rank[sum[i].stack] += (float)part;
	}
}

/*
 * Weights of different units compare by their part of the total.  A
 * caller's rank is at least that of each callee, rounded or not.
 */
static float *rank_stacks(const struct profile *profile)
{
	const struct profile_index *ix = profile->index;
	struct whole whole = { 0 };
	float *rank = xcalloc(profile->stack.len, sizeof *rank);

	add_whole(&whole, profile->sum.at, profile->sum.len);
	add_whole(&whole, ix->open.at + 1, ix->open.len - 1);
	add_ranks(rank, &whole, profile->sum.at, profile->sum.len);
	add_ranks(rank, &whole, ix->open.at + 1, ix->open.len - 1);
	for (size_t i = profile->stack.len; i-- > 1;)
		rank[profile->stack.at[i].caller] += rank[i];
	return rank;
}

/* Of floats that are not negative, the upper bits order as the floats do. */
static uint32_t rank_bits(float rank)
{
	uint32_t bits;

	memcpy(&bits, &rank, sizeof bits);
	return bits >> 16;
}

static void choose_lightest(struct rebuild *rebuild, size_t keep)
{
	enum { RANKS = 1 << 16 };
	size_t stacks = rebuild->profile->stack.len;
	uint32_t *number = xcalloc(RANKS, sizeof *number);
	uint32_t bits = RANKS - 1;

	for (size_t i = 1; i < stacks; i++)
		number[rank_bits(rebuild->rank[i])]++;
	for (; bits > 0 && number[bits] <= keep; bits--)
		keep -= number[bits];
	rebuild->lightest = bits;
	rebuild->allowance = keep;
	xfree(number);
}

/* Of equal ones the older are kept: so a caller of a kept stack always is, too. */
static bool is_kept(struct rebuild *rebuild, stack_id old)
{
	uint32_t bits = rank_bits(rebuild->rank[old]);

	if (bits != rebuild->lightest)
		return bits > rebuild->lightest;
	if (!rebuild->allowance)
		return false;
	rebuild->allowance--;
	return true;
}

/* Addresses become functions, but those not asked for yet must keep theirs. */
static location_id new_place(struct rebuild *rebuild, location_id old)
{
	const struct location *location = &rebuild->location[old];
	struct frame *frame = rebuild->frame + location->first_frame;

	if (!old || rebuild->place[old])
		return rebuild->place[old];
	if (!location->symbolized) {
		rebuild->place[old] = profile_add_place(rebuild->profile, location);
		return rebuild->place[old];
	}
	/* Placeholders may be shared, but have no line to lose. */
	for (size_t i = 0; i < location->frame_count; i++)
		frame[i].line = 0;
	rebuild->place[old] = profile_add_frames(rebuild->profile, location, frame,
						 location->frame_count);
	return rebuild->place[old];
}

/* There are few, and why the stacks are truncated must not get lost. */
static bool is_truncation(const struct rebuild *rebuild, location_id old)
{
	const struct location *location = &rebuild->location[old];
	function_id function = rebuild->frame[location->first_frame].function;

	return rebuild->profile->function.at[function].flags & FUNCTION_TRUNCATED;
}

static stack_id new_stack(struct rebuild *rebuild, stack_id old, struct stack stack)
{
	struct profile *profile = rebuild->profile;
	stack_id caller = rebuild->stack[stack.caller];

	/* Nothing was sampled there: no sum refers to it. */
	if (rebuild->rank[old] <= 0)
		return 0;
	if (is_truncation(rebuild, stack.location) || is_kept(rebuild, old))
		return profile_add_stack(profile, caller, new_place(rebuild, stack.location));
	if (profile->stack.at[caller].location == rebuild->other)
		return caller;
	return profile_add_stack(profile, caller, rebuild->other);
}

static location_id other_location(struct profile *profile)
{
	struct function function = {
		.name = profile_add_string(profile, "[other]"),
		.flags = FUNCTION_OTHER,
	};
	struct frame frame = { .function = profile_add_function(profile, &function) };

	return profile_add_named_location(profile, frame);
}

static void empty_tables(struct rebuild *rebuild)
{
	struct profile *profile = rebuild->profile;
	struct profile_index *ix = profile->index;

	rebuild->location = profile->location.at;
	rebuild->locations = profile->location.len;
	rebuild->frame = profile->frame.at;
	memset(&profile->location, 0, sizeof profile->location);
	memset(&profile->frame, 0, sizeof profile->frame);
	array_extend(&profile->location, 1);
	array_extend(&profile->frame, 1);
	hash_index_release(&ix->locations);
	hash_index_release(&ix->stacks);
	for (size_t i = 0; i < ix->placeholder.len; i++)
		ix->placeholder.at[i].frame = 0;
	array_release(&profile->named);
}

/* A new stack is never behind the old one, so the table is its own replacement. */
static void replace_stacks(struct rebuild *rebuild)
{
	struct profile *profile = rebuild->profile;
	size_t count = profile->stack.len;

	rebuild->stack = xcalloc(count, sizeof *rebuild->stack);
	rebuild->place = xcalloc(rebuild->locations, sizeof *rebuild->place);
	profile->stack.len = 1;
	for (stack_id old = 1; old < count; old++)
		rebuild->stack[old] = new_stack(rebuild, old, profile->stack.at[old]);
	array_trim(&profile->stack);
}

static void replace_in_sums(const struct rebuild *rebuild, struct sum *sum, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum[i].stack = rebuild->stack[sum[i].stack];
}

void profile_rebuild_stacks(struct profile *profile, size_t keep)
{
	struct profile_index *ix = profile->index;
	struct rebuild rebuild = { .profile = profile, .rank = rank_stacks(profile) };

	choose_lightest(&rebuild, keep);
	empty_tables(&rebuild);
	rebuild.other = other_location(profile);
	replace_stacks(&rebuild);
	replace_in_sums(&rebuild, profile->sum.at, profile->sum.len);
	replace_in_sums(&rebuild, ix->open.at + 1, ix->open.len - 1);
	xfree(rebuild.rank);
	xfree(rebuild.stack);
	xfree(rebuild.place);
	xfree(rebuild.location);
	xfree(rebuild.frame);
	profile->generation++;
}
