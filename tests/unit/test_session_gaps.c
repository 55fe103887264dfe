#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "session_private.h"

#define SECOND 1000000000ull

static const struct options options;

static void set_up(struct session *s)
{
	*s = (struct session){ .options = &options, .profile = profile_new(),
			       .collecting = true, .pause = 100 };
	pthread_mutex_init(&s->lock, NULL);
}

static void tear_down(struct session *s)
{
	gaps_release(&s->gaps);
	profile_free(s->profile);
	pthread_mutex_destroy(&s->lock);
}

static uint64_t within(const struct session *s, unsigned kinds)
{
	return gaps_within(&s->gaps, 0, UINT64_MAX, kinds);
}

/* Only what was seen: from the first look at it to the last one. */
static void test_stopped_by_others(void **state)
{
	static const bool looks[] = { false, true, true, true, false, false, true, false };
	struct status status = { .counted = 100 * SECOND };
	struct session s;

	(void)state;
	set_up(&s);
	for (uint64_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		session_note_stop(&s, looks[i], (10 + i) * SECOND);
		if (i != 2)
			continue;
		session_tell_gaps(&s, &status, 15 * SECOND);
		assert_true(status.halted);
		assert_int_equal(status.stopped, SECOND);
		assert_int_equal(status.counted, 99 * SECOND);
		assert_int_equal(gaps_within(&status.gaps, 0, UINT64_MAX, GAP_ANY), SECOND);
	}
	assert_int_equal(within(&s, GAP_ANY), 2 * SECOND);
	assert_int_equal(s.gaps.gap.at[0].from, 11 * SECOND);
	session_tell_gaps(&s, &status, 30 * SECOND);
	assert_false(status.halted);
	assert_int_equal(status.stopped, 2 * SECOND);
	status_release(&status);
	tear_down(&s);
}

/* Sampling that is off is one until now. */
static void test_not_sampled(void **state)
{
	struct status status = { 0 };
	struct session s;

	(void)state;
	set_up(&s);
	s.paused_at = 10 * SECOND;
	for (uint64_t now = 11; now < 14; now++) {
		session_tell_gaps(&s, &status, now * SECOND);
		assert_int_equal(gaps_within(&status.gaps, 0, UINT64_MAX, GAP_UNSAMPLED),
				 (now - 10) * SECOND);
	}
	assert_int_equal(status.stopped, 0);
	status_release(&status);
	tear_down(&s);
}

/* Late work may have many reasons; a gap it is when somebody says so. */
static void test_absent(void **state)
{
	struct session s;
	uint64_t now = clock_now();

	(void)state;
	set_up(&s);
	session_note_beat(&s, now - 20 * SECOND);
	session_note_beat(&s, now - 20 * SECOND + 590000000);
	assert_false(s.catching_up);
	session_note_beat(&s, now - 10 * SECOND);
	assert_true(s.catching_up);
	session_note_caught_up(&s, now - 10 * SECOND);
	assert_false(s.catching_up);
	assert_int_equal(within(&s, GAP_ANY), 0);
	/* Long ago: that can't be meant. */
	s.beat = clock_now();
	assert_int_equal(session_continued(&s), 0);
	assert_int_equal(within(&s, GAP_ANY), 0);

	/* The reader comes first, or the one who was told. */
	for (int reader_first = 0; reader_first < 2; reader_first++) {
		uint64_t before = within(&s, GAP_ABSENT);

		s.absent = (struct gap){ 0 };
		s.beat = clock_now() - (uint64_t)(8 - 4 * reader_first) * SECOND;
		if (reader_first)
			session_note_beat(&s, clock_now());
		assert_true(session_continued(&s) >= 3 * SECOND);
		session_note_beat(&s, clock_now());
		assert_true(s.catching_up);
		now = clock_now();
		session_note_caught_up(&s, now);
		assert_int_equal(s.absent.until, now);
		assert_true(within(&s, GAP_ABSENT) > before || reader_first);
		assert_int_equal(s.gaps.gap.len, 1);
		/* What came meanwhile is in it. */
		assert_int_equal(gaps_end(&s.gaps), s.absent.until);
	}
	assert_int_equal(within(&s, GAP_EMPTY), 0);
	tear_down(&s);
}

/* With the program: no time of the measurement, and no two gaps for it. */
static void test_skipped(void **state)
{
	struct session s;
	uint64_t now = clock_now();

	(void)state;
	set_up(&s);
	s.beat = now - 5 * SECOND;
	session_note_stop(&s, true, now - 5 * SECOND);
	session_skip(&s, 4 * SECOND);
	assert_int_equal(s.paused, 4 * SECOND);
	assert_int_equal(s.skipped, 4 * SECOND);
	assert_int_equal(s.stopped, 0);
	assert_int_equal(s.stopped_from, 0);
	assert_int_equal(within(&s, GAP_STOPPED), 4 * SECOND);
	session_note_beat(&s, clock_now());
	assert_int_equal(session_continued(&s), 0);
	assert_int_equal(within(&s, GAP_ANY), 4 * SECOND);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped_by_others),
		cmocka_unit_test(test_not_sampled),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
