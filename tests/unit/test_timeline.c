#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/timeline.h"

static const struct gaps none;

static void add(struct profile *profile, uint64_t time, uint64_t weight, uint64_t until)
{
	profile_add_sample(profile, &(struct sample){
		.time = time, .weight = weight, .samples = 1 });
	profile_seal(profile, until);
}

static void test_spread(void **state)
{
	struct profile *profile = profile_new();
	struct timeline timeline = { 0 };
	/* 110..120: 30; 120..140: 60; 140..170: 70 = 46 + 24; 179..182: 3 = 1 + 2. */
	static const uint64_t expected[] = { 30, 60, 46, 24 + 1, 2, 0 };

	(void)state;
	profile_seal(profile, 110);
	add(profile, 115, 30, 120);
	add(profile, 130, 60, 140);
	profile_seal(profile, 140);
	add(profile, 150, 70, 170);
	profile_seal(profile, 179);
	add(profile, 180, 3, 182);
	timeline_update(&timeline, profile, &none, 205, 20, 6);
	assert_int_equal(timeline.from, 100);
	assert_int_equal(timeline.width, 20);
	assert_int_equal(timeline.bucket.len, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(timeline.bucket.at[i].weight, expected[i]);

	/* Later, with what is older cut off. */
	timeline_update(&timeline, profile, &none, 225, 20, 5);
	assert_int_equal(timeline.from, 140);
	assert_int_equal(timeline.bucket.at[0].weight, 46);
	assert_int_equal(timeline.bucket.at[4].weight, 0);
	/* Within a slice. */
	timeline_update(&timeline, profile, &none, 169, 10, 2);
	assert_int_equal(timeline.from, 150);
	assert_int_equal(timeline.bucket.at[0].weight + timeline.bucket.at[1].weight, 70 - 23);
	timeline_release(&timeline);
	profile_free(profile);
}

static void test_ends(void **state)
{
	struct profile *profile = profile_new();
	struct timeline timeline = { 0 };

	(void)state;
	timeline_update(&timeline, profile, &none, 0, 0, 10);
	assert_int_equal(timeline.bucket.len, 1);
	/* Near the beginning of time there are fewer. */
	timeline_update(&timeline, profile, &none, 25, 10, 10);
	assert_int_equal(timeline.from, 0);
	assert_int_equal(timeline.bucket.len, 3);
	timeline_update(&timeline, profile, &none, 25, 10, 0);
	assert_int_equal(timeline.bucket.len, 0);
	timeline_update(&timeline, profile, &none, UINT64_MAX, 10, 10);
	assert_int_equal(timeline.bucket.len, 10);

	/* Without time, as in folded files. */
	profile_add_sample(profile, &(struct sample){ .weight = 5, .samples = 1 });
	profile_seal(profile, 0);
	timeline_update(&timeline, profile, &none, 25, 10, 10);
	assert_int_equal(timeline.bucket.at[0].weight, 0);
	timeline_release(&timeline);
	profile_free(profile);
}

/* Nothing is lost by rounding, and an instant counts whole. */
static void test_sum(void **state)
{
	struct profile *profile = profile_new();
	struct timeline timeline = { 0 };
	uint64_t sum = 0, samples = 0, time = 1000;

	(void)state;
	add(profile, time, 1, time);
	for (uint64_t i = 0; i < 100; i++) {
		time += i * 13 % 50;
		add(profile, time, i * 1000003 % 999, time);
	}
	timeline_update(&timeline, profile, &none, time, 7, 1000);
	for (size_t i = 0; i < timeline.bucket.len; i++) {
		sum += timeline.bucket.at[i].weight;
		samples += timeline.bucket.at[i].samples;
	}
	assert_int_equal(timeline.from + timeline.bucket.len * 7, time / 7 * 7 + 7);
	assert_int_equal(sum, profile->weight);
	assert_int_equal(samples, profile->samples);
	timeline_release(&timeline);
	profile_free(profile);
}

/* Where nothing could come from, nothing is. */
static void test_gaps(void **state)
{
	static const uint64_t weights[] = { 100, 100, 50, 0, 0, 0, 50, 100, 0 };
	static const uint64_t gap[] = { 0, 5, 5, 10, 10, 10, 5, 0, 0 };
	struct profile *profile = profile_new();
	struct timeline timeline = { 0 };
	struct gaps gaps = { 0 };

	(void)state;
	gaps_add(&gaps, (struct gap){ 125, 165, GAP_STOPPED });
	gaps_add(&gaps, (struct gap){ 115, 120, GAP_ABSENT });
	profile_seal(profile, 100);
	add(profile, 101, 200, 120);
	/* Around the gap: 20..25 and 65..80. */
	add(profile, 121, 200, 180);
	timeline_update(&timeline, profile, &gaps, 185, 10, 9);
	assert_int_equal(timeline.from, 100);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(timeline.bucket.at[i].weight, weights[i]);
		assert_int_equal(timeline.bucket.at[i].gap, gap[i]);
		assert_int_equal(timeline.bucket.at[i].sampled, i == 1 ? 10 : 10 - gap[i]);
	}
	/* The gap is in the middle of what is cut off. */
	timeline_update(&timeline, profile, &gaps, 185, 10, 3);
	assert_int_equal(timeline.from, 160);
	assert_int_equal(timeline.bucket.at[0].weight, 50);
	assert_int_equal(timeline.bucket.at[1].weight, 100);
	timeline_release(&timeline);
	profile_free(profile);

	/* Samples that should not be there are not lost. */
	profile = profile_new();
	profile_seal(profile, 130);
	add(profile, 131, 20, 150);
	timeline_update(&timeline, profile, &gaps, 155, 10, 9);
	assert_int_equal(timeline.bucket.at[6].weight + timeline.bucket.at[7].weight, 20);
	timeline_release(&timeline);
	gaps_release(&gaps);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
