#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "source/output.h"

static const uint64_t long_time = 1000000000u;

struct reading {
	int fd;
	struct strbuf text;
};

static void *read_all(void *argument)
{
	struct reading *reading = argument;
	char part[4096];
	ssize_t got;

	while ((got = read(reading->fd, part, sizeof part)) > 0)
		strbuf_add(&reading->text, part, (size_t)got);
	return NULL;
}

/* What a replay writes, read at the other end as it comes. */
static char *replayed(const struct output *output, size_t max)
{
	struct reading reading = { .text = STRBUF_INIT };
	pthread_t thread;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	reading.fd = fd[0];
	assert_int_equal(pthread_create(&thread, NULL, read_all, &reading), 0);
	output_replay(output, fd[1], max);
	close(fd[1]);
	pthread_join(thread, NULL);
	close(fd[0]);
	return strbuf_take(&reading.text);
}

/* Let the output read these bytes from a pipe, as from a pty. */
static void feed(struct output *output, const char *bytes, size_t len)
{
	int fd[2];

	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	while (len) {
		size_t part = len < 60000 ? len : 60000;

		assert_int_equal(write(fd[1], bytes, part), part);
		output_drain(output, fd[0], long_time);
		assert_false(output->ended);
		bytes += part;
		len -= part;
	}
	close(fd[0]);
	close(fd[1]);
}

static void test_replay_begins_a_line(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *replayed;
	} rows[] = {
		{ "one\ntwo\nthree\n", 100, "one\ntwo\nthree\n" },
		{ "one\ntwo\nthree\n", 14, "one\ntwo\nthree\n" },
		{ "one\ntwo\nthree\n", 13, "two\nthree\n" },
		{ "one\ntwo\nthree\n", 10, "two\nthree\n" },
		{ "one\ntwo\nthree\n", 9, "three\n" },
		{ "one\ntwo", 5, "two" },
		{ "one\ntwo", 2, "wo" },
		{ "onetwo\n", 4, "two\n" },
		{ "a\x1b[1mb\xff\r\n", 100, "a\x1b[1mb\xff\r\n" },
		{ "one\n", 0, "" },
		{ "", 100, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output output;
		char *text;

		output_init(&output);
		feed(&output, rows[i].text, strlen(rows[i].text));
		text = replayed(&output, rows[i].max);
		assert_string_equal(text, rows[i].replayed);
		xfree(text);
		output_release(&output);
	}
}

/* Three times what is kept: the ring has gone round, at places that are no lines' ends. */
static void test_ring(void **state)
{
	struct strbuf all = STRBUF_INIT;
	struct output output;
	char *text;
	size_t len;

	(void)state;
	output_init(&output);
	for (int i = 0; all.len < 3 * OUTPUT_KEPT; i++)
		strbuf_addf(&all, "line number %d\n", i);
	feed(&output, all.text, all.len);
	assert_int_equal(output.total, all.len);
	text = replayed(&output, SIZE_MAX);
	len = strlen(text);
	assert_in_range(len, OUTPUT_KEPT - 40, OUTPUT_KEPT);
	assert_memory_equal(text, "line number", 11);
	assert_string_equal(text, all.text + all.len - len);
	xfree(text);
	strbuf_release(&all);
	output_release(&output);
}

static void test_end(void **state)
{
	struct output output;
	int fd[2];

	(void)state;
	output_init(&output);
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	output_drain(&output, fd[0], long_time);
	assert_false(output.ended);
	assert_int_equal(write(fd[1], "x", 1), 1);
	close(fd[1]);
	output_drain(&output, fd[0], long_time);
	assert_true(output.ended);
	assert_int_equal(output.total, 1);
	close(fd[0]);
	output_release(&output);
}

/* A budget that is used up lets one read happen, not all. */
static void test_budget(void **state)
{
	struct output output;
	int fd[2];
	char zeroes[8192] = { 0 };

	(void)state;
	output_init(&output);
	/* Next to the end of the ring a read is short. */
	output.total = OUTPUT_KEPT - 10;
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(write(fd[1], zeroes, sizeof zeroes), sizeof zeroes);
	output_drain(&output, fd[0], 0);
	assert_int_equal(output.total, OUTPUT_KEPT);
	output_drain(&output, fd[0], long_time);
	assert_int_equal(output.total, OUTPUT_KEPT - 10 + sizeof zeroes);
	close(fd[0]);
	close(fd[1]);
	output_release(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay_begins_a_line),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
