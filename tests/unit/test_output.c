#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
		output_keep(output);
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
		/* The program's own bytes, and its colours are over at the end. */
		{ "a\x1b[1mb\xff\r\n", 100, "a\x1b[1mb\xff\r\n\x1b[m" },
		{ "a\x1b[1mb\x1b[mc", 100, "a\x1b[1mb\x1b[mc" },
		{ "\x1b[31mone\ntwo", 4, "two\x1b[m" },
		/* No questions to the terminal, no modes, nothing of the other screen. */
		{ "a\x1b[6nb\x1b[>cc\x1b]11;?\ad\x1b[?2004he", 100, "abcde" },
		{ "a\x1b[?1049h\x1b[2Jscreen\x1b[?1049lb", 100, "ab" },
		{ "\x1b[?1049hscreen\nmore\n", 6, "" },
		{ "one\x1b[1", 100, "one" },
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
	assert_int_equal(output.tail.total, all.len);
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
	output_keep(&output);
	assert_int_equal(output.tail.total, 1);
	close(fd[0]);
	output_release(&output);
}

/* A budget that is used up lets one read happen, not all. */
static void test_budget(void **state)
{
	struct output output;
	int fd[2];
	char zeroes[40000] = { 0 };

	(void)state;
	output_init(&output);
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(write(fd[1], zeroes, sizeof zeroes), sizeof zeroes);
	output_drain(&output, fd[0], 0);
	output_keep(&output);
	assert_in_range(output.tail.total, 1, sizeof zeroes - 1);
	output_drain(&output, fd[0], long_time);
	output_keep(&output);
	assert_int_equal(output.tail.total, sizeof zeroes);
	close(fd[0]);
	close(fd[1]);
	output_release(&output);
}

/* What is never kept does not make the buffer grow. */
static void test_buffer_is_bounded(void **state)
{
	struct output output;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)state;
	output_init(&output);
	output_drain(&output, zero, long_time);
	output_drain(&output, zero, long_time);
	assert_in_range(output.len, 1, OUTPUT_KEPT);
	output_keep(&output);
	assert_int_equal(output.len, 0);
	close(zero);
	output_release(&output);
}

static void test_file(void **state)
{
	char directory[] = "/tmp/tprof-test-XXXXXX", path[64], text[64] = "";
	struct output output;
	struct error error = { 0 };
	struct stat stat_of;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/out", directory);
	output_init(&output);
	assert_true(output_save(&output, path, &error));
	feed(&output, "\033[1mone\n", 8);
	output_add(&output, "two\n", 4);
	output_keep(&output);
	assert_int_equal(output.tail.total, 12);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof text), 12);
	assert_string_equal(text, "\033[1mone\ntwo\n");
	assert_int_equal(fstat(fd, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	close(fd);
	output_release(&output);
	unlink(path);
	output_init(&output);
	assert_false(output_save(&output, "/no/such/directory/file", &error));
	assert_non_null(strstr(error.text, "/no/such"));
	output_release(&output);
	rmdir(directory);
}

/* A full disk is told, and the tail goes on. */
static void test_file_fails(void **state)
{
	struct output output;

	(void)state;
	output_init(&output);
	output.file = open("/dev/full", O_WRONLY | O_CLOEXEC);
	snprintf(output.path, sizeof output.path, "x.log");
	feed(&output, "one", 3);
	assert_int_equal(output.file, -1);
	assert_non_null(strstr(output.trouble, "x.log"));
	feed(&output, "two", 3);
	assert_int_equal(output.tail.total, 6);
	output_release(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay_begins_a_line),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_buffer_is_bounded),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
