/*
 * Keeping a profile within a number of bytes.  Work is done only when the
 * bytes are used up and then goes on until about half of them are free, so
 * its cost per sample stays the same however long a profile grows.
 */
#include "profile/index.h"

enum {
	/* A sum, and its place in the hash that finds those alike when slices merge. */
	SUM_BYTES = sizeof(struct sum) + 16,
	/* A stack, its node and its sum in a call tree, its mark in a filter, its end. */
	STACK_BYTES = sizeof(struct stack) + 4 + 16 + 2 + 12,
	/* A node of a call tree, its place in the hash, its entry turned around, its change. */
	NODE_BYTES = 62 + 9 + 16 + 16,
	LOCATION_BYTES = sizeof(struct location) + 8 + 2,

	SLICES_MAX = 16 * 1024,
	THREADS_MAX = 1 << 20,
	/* What is left when there is no room at all. */
	STACKS_MIN = 64, SLICES_MIN = 64, EXITED_MIN = 256,
};

static uint64_t stack_bytes(const struct profile *profile)
{
	const struct profile_index *ix = profile->index;
	uint64_t nodes = profile->stack.len;

	/* Inlined functions give a stack several nodes. */
	if (profile->frame.len > profile->location.len)
		nodes = (uint64_t)((double)nodes * (double)profile->frame.len /
				   (double)profile->location.len);
	return profile->stack.len * STACK_BYTES + nodes * NODE_BYTES +
	       hash_index_bytes(&ix->stacks) + hash_index_bytes(&ix->locations) +
	       profile->location.len * LOCATION_BYTES +
	       profile->frame.len * sizeof(struct frame) +
	       profile->named.len * sizeof(location_id);
}

static uint64_t sum_bytes(const struct profile *profile)
{
	const struct profile_index *ix = profile->index;

	return (profile->sum.len + ix->open.len) * SUM_BYTES +
	       hash_index_bytes(&ix->open_sums) + profile->slice.len * sizeof(struct slice);
}

static uint64_t other_bytes(const struct profile *profile)
{
	const struct profile_index *ix = profile->index;
	uint64_t points = 0;

	for (size_t i = 0; i < profile->series.len; i++)
		points += profile->series.at[i].point.len;
	return profile_name_bytes(profile) + profile->thread.len * sizeof(struct thread) +
	       ix->free_thread.len * sizeof(thread_id) + points * sizeof(struct point) +
	       profile->series.len * sizeof(struct series);
}

uint64_t profile_bytes(const struct profile *profile)
{
	return stack_bytes(profile) + sum_bytes(profile) + other_bytes(profile);
}

/* Sums and slices. */

static uint64_t hash_of_sum(const void *array, uint32_t id)
{
	const struct sum *sum = array;

	return sum_hash(&sum[id - 1]);
}

/*
 * Move the sums from..until down to position to, those that are alike
 * added up.  Returns where they end.
 */
static size_t combine_sums(struct profile *profile, size_t to, size_t from, size_t until)
{
	struct hash_index alike = { 0 };
	struct sum *out = profile->sum.at + to;
	uint32_t count = 0;

	hash_index_reserve(&alike, until - from);
	for (size_t i = from; i < until; i++) {
		struct sum sum = profile->sum.at[i];
		uint32_t *slot = hash_index_slot(&alike, sum_hash(&sum));

		while (*slot && !sum_is_alike(&out[*slot - 1], &sum))
			slot = hash_index_next(&alike, slot);
		if (*slot) {
			out[*slot - 1].weight += sum.weight;
			out[*slot - 1].samples += sum.samples;
			continue;
		}
		out[count++] = sum;
		*slot = count;
		hash_index_added(&alike, hash_of_sum, out);
	}
	hash_index_release(&alike);
	return to + count;
}

/* Move the slices from position from on, and their sums, down behind what was merged. */
static void move_tail(struct profile *profile, size_t slices, size_t from, size_t sums)
{
	size_t first = from < profile->slice.len ? profile->slice.at[from].first_sum :
						   profile->sum.len;

	if (first < profile->sum.len)
		memmove(&profile->sum.at[sums], &profile->sum.at[first],
			(profile->sum.len - first) * sizeof *profile->sum.at);
	profile->sum.len -= first - sums;
	for (; from < profile->slice.len; from++, slices++) {
		profile->slice.at[slices] = profile->slice.at[from];
		profile->slice.at[slices].first_sum -= first - sums;
	}
	profile->slice.len = slices;
}

/* Make one slice of every group among the first count, and combine its sums. */
static void merge_slices(struct profile *profile, size_t count, size_t group)
{
	size_t slices = 0, sums = 0;

	for (size_t i = 0; i < count; i += group) {
		size_t next = i + group < count ? i + group : count;
		struct slice merged = profile->slice.at[i];
		size_t until = next < profile->slice.len ? profile->slice.at[next].first_sum :
							   profile->sum.len;

		for (size_t k = i + 1; k < next; k++) {
			merged.until = profile->slice.at[k].until;
			merged.weight += profile->slice.at[k].weight;
			merged.samples += profile->slice.at[k].samples;
		}
		merged.first_sum = sums;
		sums = combine_sums(profile, sums, profile->slice.at[i].first_sum, until);
		profile->slice.at[slices++] = merged;
	}
	move_tail(profile, slices, count, sums);
	array_trim(&profile->sum);
	profile->generation++;
}

/* One round on the older half; the older a slice the more rounds it saw, the longer it is. */
static void merge_older_half(struct profile *profile, size_t group)
{
	size_t half = profile->slice.len / 2;

	merge_slices(profile, half < 2 ? 2 : half, group);
}

static void merge_until(struct profile *profile, uint64_t goal, size_t slices)
{
	while (sum_bytes(profile) > goal && profile->slice.len > slices)
		merge_older_half(profile, 4);
}

/* As long as samples repeat: where all stacks are new, only time would be lost. */
static void merge_while_it_pays(struct profile *profile, uint64_t goal)
{
	while (sum_bytes(profile) > goal && profile->slice.len > 1) {
		uint64_t before = sum_bytes(profile);

		merge_older_half(profile, 2);
		if (sum_bytes(profile) > before - before / 8)
			return;
	}
}

/* After stacks or threads became others: what is now alike adds up. */
static void combine_all(struct profile *profile)
{
	struct profile_index *ix = profile->index;
	size_t count = ix->open.len;

	merge_slices(profile, profile->slice.len, 1);
	hash_index_release(&ix->open_sums);
	ix->open.len = 1;
	for (size_t i = 1; i < count; i++) {
		struct sum sum = ix->open.at[i];

		profile_add_open(profile, &sum);
	}
	array_trim(&ix->open);
}

/* Threads. */

static void count_thread_samples(uint64_t *samples, const struct sum *sum, size_t count)
{
	for (size_t i = 0; i < count; i++)
		samples[sum[i].thread] += sum[i].samples;
}

static unsigned bit_length(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

/* So many bits must an exited thread's samples have that at most max such threads stay. */
static unsigned light_thread_bits(const struct profile *profile, const uint64_t *samples,
				  size_t max)
{
	size_t count[65] = { 0 }, kept = 0;
	unsigned bits = 65;

	for (size_t i = 1; i < profile->thread.len; i++)
		if (profile->thread.at[i].exited)
			count[bit_length(samples[i])]++;
	while (bits > 0 && kept + count[bits - 1] <= max)
		kept += count[--bits];
	return bits;
}

static void move_sums(struct sum *sum, size_t count, const uint8_t *folded, thread_id to)
{
	for (size_t i = 0; i < count; i++)
		if (folded[sum[i].thread])
			sum[i].thread = to & (THREADS_LIMIT - 1);
}

/* Free the ids of exited threads but the max heaviest; one thread takes their samples. */
static void fold_threads(struct profile *profile, size_t max)
{
	struct profile_index *ix = profile->index;
	uint64_t *samples;
	uint8_t *folded;
	unsigned bits;

	if (!ix->exited_threads)
		ix->exited_threads = profile_add_thread(profile, 0, 0, "[exited threads]");
	samples = xcalloc(profile->thread.len, sizeof *samples);
	folded = xcalloc(profile->thread.len, 1);
	count_thread_samples(samples, profile->sum.at, profile->sum.len);
	count_thread_samples(samples, ix->open.at + 1, ix->open.len - 1);
	bits = light_thread_bits(profile, samples, max);
	for (thread_id i = 1; i < profile->thread.len; i++) {
		if (!profile->thread.at[i].exited || bit_length(samples[i]) >= bits)
			continue;
		folded[i] = 1;
		profile->thread.at[i] = (struct thread){ 0 };
		array_push(&ix->free_thread, i);
	}
	move_sums(profile->sum.at, profile->sum.len, folded, ix->exited_threads);
	move_sums(ix->open.at + 1, ix->open.len - 1, folded, ix->exited_threads);
	xfree(samples);
	xfree(folded);
	combine_all(profile);
}

static size_t count_exited(const struct profile *profile)
{
	size_t exited = 0;

	for (size_t i = 1; i < profile->thread.len; i++)
		exited += profile->thread.at[i].exited;
	return exited;
}

static void limit_threads(struct profile *profile, uint64_t bytes)
{
	uint64_t max = bytes / 16 / sizeof(struct thread);
	size_t used = profile->thread.len - profile->index->free_thread.len;

	if (max > THREADS_MAX)
		max = THREADS_MAX;
	/* Fewer are not worth the work; the rest is alive. */
	if (used > max && count_exited(profile) > max / 2)
		fold_threads(profile, max / 4);
}

/* The cheapest loss first: times long ago, and which of many short threads it was. */
static void limit_sums(struct profile *profile, uint64_t goal)
{
	merge_while_it_pays(profile, goal);
	if (sum_bytes(profile) > goal && count_exited(profile) > 2 * EXITED_MIN) {
		fold_threads(profile, EXITED_MIN);
		merge_while_it_pays(profile, goal);
	}
}

/* As many "[other]" may come as stacks are kept. */
static size_t keep_fewer(size_t keep, uint64_t goal)
{
	uint64_t fit = goal / (STACK_BYTES + NODE_BYTES + sizeof(struct sum));

	return keep / 2 < fit / 2 ? keep / 2 : (size_t)(fit / 2);
}

/* Sums are the larger part of the work, so they wait until the stacks fit. */
static void limit_stacks(struct profile *profile, uint64_t goal)
{
	size_t keep = profile->stack.len;

	profile_rebuild_stacks(profile, keep);
	for (;;) {
		while (stack_bytes(profile) > goal && keep > STACKS_MIN) {
			keep = keep_fewer(keep, goal);
			profile_rebuild_stacks(profile, keep);
		}
		combine_all(profile);
		merge_until(profile, goal, SLICES_MIN);
		if (sum_bytes(profile) <= goal || keep <= STACKS_MIN)
			break;
		keep = keep_fewer(keep, goal);
		profile_rebuild_stacks(profile, keep);
	}
	/* So few stacks, and still too many sums: many threads. */
	merge_until(profile, goal, 1);
}

void profile_limit(struct profile *profile, uint64_t bytes)
{
	/* The rest is for the memory that the work below takes. */
	uint64_t budget = bytes - bytes / 8, half = budget / 2;
	uint64_t other, goal;
	unsigned generation = profile->generation;

	profile_limit_names(profile, bytes / 4);
	limit_threads(profile, bytes);
	if (profile->slice.len > SLICES_MAX)
		merge_slices(profile, profile->slice.len / 2, 2);
	if (profile_bytes(profile) > budget) {
		/* One half of what the names leave is for stacks, one for sums. */
		other = other_bytes(profile);
		goal = (other < half / 2 ? half - other : half / 2) / 2;
		limit_sums(profile, goal);
		if (stack_bytes(profile) > goal || sum_bytes(profile) > goal)
			limit_stacks(profile, goal);
	}
	profile->merged += profile->generation != generation;
}
