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

/* Differences of running parts: rounding loses nothing of the slice. */
static void add_slice(struct timeline *timeline, const struct slice *slice)
{
	uint64_t length = slice->until - slice->from;
	uint64_t weight = 0, samples = 0, begin = timeline->from;
	size_t i = 0;

	if (slice->from > timeline->from) {
		i = (size_t)((slice->from - timeline->from) / timeline->width);
		begin += i * timeline->width;
	} else {
		weight = part_of(slice->weight, timeline->from - slice->from, length);
		samples = part_of(slice->samples, timeline->from - slice->from, length);
	}
	for (; i < timeline->bucket.len && begin < slice->until; i++) {
		uint64_t end = begin + timeline->width;
		uint64_t weight_now = part_of(slice->weight, end - slice->from, length);
		uint64_t samples_now = part_of(slice->samples, end - slice->from, length);

		timeline->bucket.at[i].weight += weight_now - weight;
		timeline->bucket.at[i].samples += samples_now - samples;
		weight = weight_now;
		samples = samples_now;
		begin = end;
	}
}

void timeline_update(struct timeline *timeline, const struct profile *profile,
		     uint64_t now, uint64_t width, size_t count)
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
	for (size_t i = profile->slice.len; i-- > 0;) {
		const struct slice *slice = &profile->slice.at[i];

		/* Slices are in order of time. */
		if (slice->until < timeline->from || !slice->until)
			break;
		if (slice->until > slice->from)
			add_slice(timeline, slice);
		else
			add_instant(timeline, slice);
	}
}

void timeline_release(struct timeline *timeline)
{
	array_release(&timeline->bucket);
}
