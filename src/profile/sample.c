#include <assert.h>

#include "profile/index.h"

enum { POINTS_MAX = 512 };

#define HOLD_MAX	UINT64_C(1000000000)

static uint64_t hash_of_sum(const void *array, uint32_t id)
{
	const struct sum *sum = array;

	return sum_hash(&sum[id]);
}

void profile_add_open(struct profile *profile, const struct sum *sum)
{
	struct profile_index *ix = profile->index;
	uint32_t *slot = hash_index_slot(&ix->open_sums, sum_hash(sum));

	for (; *slot; slot = hash_index_next(&ix->open_sums, slot)) {
		struct sum *old = &ix->open.at[*slot];

		if (sum_is_alike(old, sum)) {
			old->weight += sum->weight;
			old->samples += sum->samples;
			return;
		}
	}
	*slot = (uint32_t)ix->open.len;
	array_push(&ix->open, *sum);
	hash_index_added(&ix->open_sums, hash_of_sum, ix->open.at);
}

/* Take from what is left until sums overflow. */
static uint64_t take_at_most(uint64_t *left, uint64_t wanted)
{
	uint64_t taken = wanted < *left ? wanted : *left;

	*left -= taken;
	return taken;
}

void profile_add_sample(struct profile *profile, const struct sample *sample)
{
	struct profile_index *ix = profile->index;
	struct sum sum = {
		.stack = sample->stack,
		.thread = sample->thread & (THREADS_LIMIT - 1),
		.metric = sample->metric ? sample->metric & (METRICS_LIMIT - 1) : 1,
		.end = sample->end & 3,
	};

	assert(sample->stack < profile->stack.len && sample->thread < profile->thread.len);
	sum.weight = take_at_most(&ix->weight_left, sample->weight);
	sum.samples = take_at_most(&ix->samples_left, sample->samples);
	if (sample->time && (!ix->open_from || sample->time < ix->open_from))
		ix->open_from = sample->time;
	if (sample->time > ix->open_until)
		ix->open_until = sample->time;
	profile_add_open(profile, &sum);
}

/* Starts where the slice before it ended: what is empty has no slice. */
static struct slice open_slice(const struct profile *profile, uint64_t until)
{
	const struct profile_index *ix = profile->index;
	struct slice slice = {
		.from = ix->sealed_until ? ix->sealed_until : ix->open_from,
		.until = until,
		.first_sum = profile->sum.len,
	};

	if (slice.until < slice.from)
		slice.until = ix->open_until > slice.from ? ix->open_until : slice.from;
	return slice;
}

void profile_hold(struct profile *profile, bool hold)
{
	profile->index->held = hold;
}

static bool is_held(const struct profile_index *ix, uint64_t until)
{
	uint64_t since = ix->sealed_until ? ix->sealed_until : ix->open_from;

	return ix->held && (!since || until < since + HOLD_MAX);
}

void profile_seal(struct profile *profile, uint64_t until)
{
	struct profile_index *ix = profile->index;
	struct slice slice = open_slice(profile, until);
	size_t count = ix->open.len - 1;

	if (is_held(ix, until))
		return;
	if (until > ix->sealed_until)
		ix->sealed_until = until;
	if (!count)
		return;
	ix->sealed_until = slice.until;
	array_reserve(&profile->sum, count);
	for (size_t i = 1; i <= count; i++) {
		const struct sum *sum = &ix->open.at[i];

		profile->sum.at[profile->sum.len++] = *sum;
		if (sum->metric == 1) {
			slice.weight += sum->weight;
			slice.samples += sum->samples;
		}
	}
	array_push(&profile->slice, slice);
	profile->weight += slice.weight;
	profile->samples += slice.samples;
	ix->open.len = 1;
	hash_index_clear(&ix->open_sums);
	ix->open_from = ix->open_until = 0;
}

void profile_add_losses(struct profile *profile, uint16_t cpu, struct cpu_losses losses)
{
	profile->lost += losses.lost;
	profile->throttled += losses.throttled;
	if (!losses.lost && !losses.throttled)
		return;
	array_extend(&profile->cpu, cpu + 1u);
	profile->cpu.at[cpu].lost += losses.lost;
	profile->cpu.at[cpu].throttled += losses.throttled;
}

void profile_zero(struct profile *profile)
{
	struct profile_index *ix = profile->index;

	array_release(&profile->sum);
	array_release(&profile->slice);
	ix->open.len = 1;
	hash_index_clear(&ix->open_sums);
	ix->open_from = ix->open_until = 0;
	ix->weight_left = ix->samples_left = UINT64_MAX / 2;
	profile->samples = profile->weight = 0;
	array_release(&profile->cpu);
	profile->lost = profile->throttled = profile->lost_names = 0;
	profile->generation++;
}

/* Series. */

size_t profile_add_series(struct profile *profile, const char *name, enum unit unit,
			  enum series_kind kind)
{
	struct series series = {
		.name = profile_add_string(profile, name), .unit = unit, .kind = kind,
	};

	for (size_t i = 0; i < profile->series.len; i++)
		if (profile->series.at[i].name == series.name)
			return i;
	array_push(&profile->series, series);
	return profile->series.len - 1;
}

/* Forget every second point, counted so that the newest stays. */
static void thin_out(struct series *series)
{
	size_t kept = 0;

	for (size_t i = (series->point.len + 1) % 2; i < series->point.len; i += 2)
		series->point.at[kept++] = series->point.at[i];
	series->point.len = kept;
}

void profile_add_point(struct profile *profile, size_t id, uint64_t time, uint64_t value)
{
	struct series *series = &profile->series.at[id];

	assert(id < profile->series.len);
	if (series->point.len >= POINTS_MAX)
		thin_out(series);
	array_push(&series->point, ((struct point){ .time = time, .value = value }));
	series->value = value;
	series->supported = true;
}
