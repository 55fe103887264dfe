#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/perf_threads.h"

/*
 * Threads 10 and 11 were there; all was attached at 100.  Thread 12 started
 * meanwhile, inherited the events of 10 and got its own at 90; thread 13
 * at 150, after the attach.  Each thread t has the events 10 t and 10 t + 1.
 */
static void attach(struct perf_threads *threads)
{
	static const struct {
		pid_t tid;
		uint64_t opened;
	} row[] = { { 10, 50 }, { 11, 60 }, { 12, 90 }, { 13, 150 } };

	perf_threads_init(threads);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct perf_member member[] = {
			{ .id = (uint64_t)row[i].tid * 10 },
			{ .id = (uint64_t)row[i].tid * 10 + 1 },
		};

		perf_threads_add(threads, row[i].tid, row[i].opened, member, 2);
	}
	threads->since = 100;
}

static const struct {
	enum event_type type;
	pid_t tid;
	uint64_t id, time;
	bool accepted;
} rows[] = {
	/* own events, from when all are attached */
	{ EVENT_SAMPLE, 10, 100, 99, false },
	{ EVENT_SAMPLE, 10, 101, 100, true },
	{ EVENT_SAMPLE, 12, 120, 120, true },
	/* the same again by inherited ones */
	{ EVENT_SAMPLE, 12, 100, 120, false },
	{ EVENT_SAMPLE, 11, 100, 120, false },
	/* before it had its own, the inherited ones count */
	{ EVENT_SAMPLE, 13, 100, 140, true },
	{ EVENT_SAMPLE, 13, 100, 160, false },
	{ EVENT_SAMPLE, 13, 130, 160, true },
	/* started later: has only inherited ones */
	{ EVENT_SAMPLE, 14, 110, 120, true },
	/* all else counts always */
	{ EVENT_MAP, 12, 0, 10, true },
	{ EVENT_FORK, 14, 0, 10, true },
	/* the number of an ended thread comes again */
	{ EVENT_EXIT, 11, 0, 200, true },
	{ EVENT_SAMPLE, 11, 100, 300, true },
	/* another thread takes over the number of the leader by an exec */
	{ EVENT_EXIT, 10, 0, 400, true },
	{ EVENT_SAMPLE, 10, 120, 410, true },
	/* of one never seen */
	{ EVENT_EXIT, 99, 0, 500, true },
	{ EVENT_SAMPLE, 99, 100, 510, true },
};

static void test_accept(void **state)
{
	struct perf_threads threads;

	(void)state;
	attach(&threads);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event event = { .type = rows[i].type, .time = rows[i].time,
				       .pid = 10, .tid = rows[i].tid };

		if (event.type == EVENT_SAMPLE)
			event.sample.id = rows[i].id;
		assert_int_equal(perf_threads_accept(&threads, &event), rows[i].accepted);
	}
	perf_threads_release(&threads);
}

/*
 * At 1000 other events take over, opened from 900 on: those of thread t are
 * 10 t + 5 now.  Thread 15 started since the first were opened, thread 16
 * inherited from 10 while the others were, thread 17 after that.
 */
static const struct {
	enum event_type type;
	pid_t tid;
	uint64_t id, time;
	bool accepted;
} replaced_rows[] = {
	{ EVENT_SAMPLE, 10, 100, 950, true },
	{ EVENT_SAMPLE, 10, 105, 950, false },
	{ EVENT_SAMPLE, 15, 100, 950, true },
	{ EVENT_SAMPLE, 16, 100, 950, true },
	{ EVENT_SAMPLE, 16, 105, 950, false },
	{ EVENT_EXIT, 11, 0, 960, true },
	/* the first event of then, whatever it is */
	{ EVENT_MAP, 10, 0, 1000, true },
	{ EVENT_SAMPLE, 10, 100, 1001, false },
	{ EVENT_SAMPLE, 10, 105, 1001, true },
	{ EVENT_SAMPLE, 15, 100, 1001, false },
	{ EVENT_SAMPLE, 15, 155, 1001, true },
	{ EVENT_SAMPLE, 15, 105, 1001, false },
	{ EVENT_SAMPLE, 16, 100, 1001, false },
	{ EVENT_SAMPLE, 16, 105, 1001, true },
	{ EVENT_SAMPLE, 17, 100, 1001, false },
	{ EVENT_SAMPLE, 17, 105, 1001, true },
	/* the number of a thread that ended meanwhile comes again */
	{ EVENT_SAMPLE, 11, 105, 1100, true },
};

static void accept_replaced(struct perf_threads *threads)
{
	struct perf_threads *next = xcalloc(1, sizeof *next);

	perf_threads_init(next);
	next->replacing = true;
	for (pid_t tid = 10; tid <= 15; tid++) {
		struct perf_member member = { .id = (uint64_t)tid * 10 + 5 };

		perf_threads_add(next, tid, 900, &member, 1);
	}
	next->since = 1000;
	threads->next = next;
	for (size_t i = 0; i < sizeof replaced_rows / sizeof *replaced_rows; i++) {
		struct event event = { .type = replaced_rows[i].type,
				       .time = replaced_rows[i].time,
				       .pid = 10, .tid = replaced_rows[i].tid };

		if (event.type == EVENT_SAMPLE)
			event.sample.id = replaced_rows[i].id;
		if (perf_threads_accept(threads, &event) != replaced_rows[i].accepted)
			fail_msg("row %zu", i);
	}
	assert_null(threads->next);
	perf_threads_release(threads);
}

static void test_replaced(void **state)
{
	struct perf_threads threads;

	(void)state;
	attach(&threads);
	accept_replaced(&threads);
}

/* A launched program has only what it inherited. */
static void test_launched_replaced(void **state)
{
	struct perf_threads threads;

	(void)state;
	perf_threads_init(&threads);
	accept_replaced(&threads);
}

static void test_replaced_never(void **state)
{
	struct perf_threads threads;

	(void)state;
	attach(&threads);
	threads.next = xcalloc(1, sizeof *threads.next);
	perf_threads_init(threads.next);
	perf_threads_release(&threads);
}

/* Where nothing was attached by thread there is nothing to sort out. */
static void test_unused(void **state)
{
	struct perf_threads threads;

	(void)state;
	perf_threads_init(&threads);
	assert_true(perf_threads_accept(&threads, &(struct event){ .type = EVENT_SAMPLE }));
	assert_true(perf_threads_accept(&threads, &(struct event){ .type = EVENT_EXIT }));
	perf_threads_release(&threads);
}

static void test_many(void **state)
{
	struct perf_threads threads;

	(void)state;
	perf_threads_init(&threads);
	for (pid_t tid = 1; tid <= 5000; tid++) {
		struct perf_member member = { .id = (uint64_t)tid + 100000 };

		perf_threads_add(&threads, tid, 0, &member, 1);
	}
	for (pid_t tid = 1; tid <= 5000; tid++) {
		struct event event = { .type = EVENT_SAMPLE, .time = 1, .tid = tid };

		event.sample.id = (uint64_t)tid + 100000;
		assert_true(perf_threads_accept(&threads, &event));
		event.sample.id = (uint64_t)tid % 5000 + 1 + 100000;
		assert_false(perf_threads_accept(&threads, &event));
	}
	perf_threads_release(&threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_launched_replaced),
		cmocka_unit_test(test_replaced_never),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
