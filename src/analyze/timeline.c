#include "analyze/timeline.h"

/* What of an amount spread evenly over length has come to pass after elapsed. */
static uint64_t part_of(uint64_t amount, uint64_t elapsed, uint64_t length)
{
	if (elapsed >= length)
		return amount;
	return (uint64_t)((unsigned __int128)amount * elapsed / length);
}

static void add_instant(struct timeline *timeline, const struct slice *slice)
{
	size_t i = (size_t)((slice->until - timeline->from) / timeline->width);

	if (i < timeline->bucket.len) {
		timeline->bucket.at[i].weight += slice->weight;
		timeline->bucket.at[i].samples += slice->samples;
	}
}

/* The time of a slice up to some point of which its samples are. */
static uint64_t sampled_until(const struct gaps *gaps, const struct slice *slice, uint64_t end)
{
	if (end > slice->until)
		end = slice->until;
	return end - slice->from - gaps_within(gaps, slice->from, end, GAP_EMPTY);
}

/* Differences of running parts: rounding loses nothing of the slice. */
static void add_slice(struct timeline *timeline, const struct gaps *gaps,
		      const struct slice *slice)
{
	static const struct gaps none;
	uint64_t length = sampled_until(gaps, slice, slice->until);
	uint64_t weight = 0, samples = 0, begin = timeline->from;
	size_t i = 0;

	/* They are there, so they are of some time. */
	if (!length) {
		gaps = &none;
		length = slice->until - slice->from;
	}

	if (slice->from > timeline->from) {
		i = (size_t)((slice->from - timeline->from) / timeline->width);
		begin += i * timeline->width;
	} else {
		uint64_t elapsed = sampled_until(gaps, slice, timeline->from);

		weight = part_of(slice->weight, elapsed, length);
		samples = part_of(slice->samples, elapsed, length);
	}
	for (; i < timeline->bucket.len && begin < slice->until; i++) {
		uint64_t end = begin + timeline->width;
		uint64_t elapsed = sampled_until(gaps, slice, end);
		uint64_t weight_now = part_of(slice->weight, elapsed, length);
		uint64_t samples_now = part_of(slice->samples, elapsed, length);

		timeline->bucket.at[i].weight += weight_now - weight;
		timeline->bucket.at[i].samples += samples_now - samples;
		weight = weight_now;
		samples = samples_now;
		begin = end;
	}
}

static void place_gaps(struct timeline *timeline, const struct gaps *gaps)
{
	for (size_t i = 0; i < timeline->bucket.len; i++) {
		struct bucket *bucket = &timeline->bucket.at[i];
		uint64_t from = timeline->from + i * timeline->width;
		uint64_t until = from + timeline->width;

		bucket->gap = gaps_within(gaps, from, until, GAP_ANY);
		bucket->sampled = timeline->width - gaps_within(gaps, from, until, GAP_EMPTY);
	}
}

void timeline_update(struct timeline *timeline, const struct profile *profile,
		     const struct gaps *gaps, uint64_t now, uint64_t width, size_t count)
{
	uint64_t current;

	width = width ? width : 1;
	current = now / width;
	if (current < count)
		count = (size_t)current + 1;
	timeline->width = width;
	timeline->from = (current + 1 - count) * width;
	timeline->bucket.len = 0;
	array_extend(&timeline->bucket, count);
	place_gaps(timeline, gaps);
	for (size_t i = profile->slice.len; i-- > 0;) {
		const struct slice *slice = &profile->slice.at[i];

		/* Slices are in order of time. */
		if (slice->until < timeline->from || !slice->until)
			break;
		if (slice->until > slice->from)
			add_slice(timeline, gaps, slice);
		else
			add_instant(timeline, slice);
	}
}

void timeline_release(struct timeline *timeline)
{
	array_release(&timeline->bucket);
}
