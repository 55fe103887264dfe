/*
 * A session as main.c uses it: a file read to its end, and programs run to
 * theirs, while another thread looks on.  Runs under TSan as well.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "session.h"

static const struct session_terminal no_terminal = { .fd = -1 };

static struct options options_for_command(char **command)
{
	return (struct options){
		.target = { .command = command, .event = "auto", .frequency = 999 },
		.action = ACTION_RECORD,
		.output = "x.folded",
		.memory = 64u << 20,
	};
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static char *temporary_file(const char *text)
{
	char *path = strdup("/tmp/tprof-test-session-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void test_file_is_read_to_its_end(void **state)
{
	char *path = temporary_file("main;parse;read 30\nmain;render 70\n");
	struct options options = { .input = path, .memory = 64u << 20 };
	struct session_problem problem = { 0 };
	struct session *session = session_start(&options, no_terminal, NULL, &problem);
	struct status status = { 0 };

	(void)state;
	assert_non_null(session);
	assert_true(readable(session_event_fd(session), 10000));
	session_lock(session);
	session_status(session, &status);
	session_unlock(session);
	assert_true(status.is_file);
	assert_false(status.live);
	assert_int_equal(status.duration, 0);
	assert_int_equal(session_lock(session)->samples, 100);
	session_unlock(session);
	assert_int_equal(session_exit_status(session), 0);
	status_release(&status);
	session_free(session);
	unlink(path);
	free(path);
}

static void assert_first_notice(struct session *session, uint64_t lost, const char *notice)
{
	struct profile *profile = session_lock(session);
	struct status status = { 0 };

	profile->lost = lost;
	session_status(session, &status);
	session_unlock(session);
	assert_int_equal(status.notice.len, notice != NULL);
	if (notice)
		assert_string_equal(status.notice.at[0], notice);
	status_release(&status);
}

static void test_much_lost_is_told(void **state)
{
	char *path = temporary_file("main;parse 9900\n");
	struct options options = { .input = path, .memory = 64u << 20 };
	struct session_problem problem = { 0 };
	struct session *session = session_start(&options, no_terminal, NULL, &problem);

	(void)state;
	assert_non_null(session);
	assert_true(readable(session_event_fd(session), 10000));
	assert_first_notice(session, 0, NULL);
	assert_first_notice(session, 90, NULL);
	assert_first_notice(session, 1100, "10.00% of all samples were lost: "
			    "there are too many samples to sample each");
	session_free(session);
	unlink(path);
	free(path);
}

static void test_saved_file_holds_every_sample(void **state)
{
	char *in = temporary_file("main;parse;read 30\nmain;render 70\n"), out[64];
	struct options options = { .input = in, .memory = 64u << 20 };
	struct session_problem problem = { 0 };
	struct session *session = session_start(&options, no_terminal, NULL, &problem);
	struct query everything = { 0 };
	struct strbuf text = STRBUF_INIT;

	(void)state;
	snprintf(out, sizeof out, "/tmp/tprof-test-session-%d.folded", getpid());
	assert_true(readable(session_event_fd(session), 10000));
	assert_true(session_save(session, out, false, SAVE_SAMPLES, &everything, NULL,
				&problem.error));
	assert_true(file_read(out, 4096, &text, &problem.error));
	assert_string_equal(text.text, "main;parse;read 30\nmain;render 70\n");
	/* An existing file is not replaced unless that was said. */
	assert_false(session_save(session, out, false, SAVE_SAMPLES, &everything, NULL,
				&problem.error));
	assert_true(session_save(session, out, true, SAVE_SAMPLES, &everything, NULL,
				&problem.error));
	strbuf_release(&text);
	session_free(session);
	unlink(out);
	unlink(in);
	free(in);
}

static void test_missing_file_is_told(void **state)
{
	struct options options = { .input = "/nonexistent/profile.folded", .memory = 64u << 20 };
	struct session_problem problem = { 0 };

	(void)state;
	assert_null(session_start(&options, no_terminal, NULL, &problem));
	assert_false(problem.command);
	assert_non_null(strstr(problem.error.text, "/nonexistent/profile.folded"));
}

/* Live sampling may be forbidden where the tests run; then there is nothing to test. */
static struct session *start_or_skip(struct options *options)
{
	struct session_problem problem = { 0 };
	struct session *session = session_start(options, no_terminal, NULL, &problem);

	if (!session && !problem.command) {
		print_message("no sampling here: %s\n", problem.error.text);
		skip();
	}
	return session;
}

static void test_exit_status_is_the_commands(void **state)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = {
		{ "exit 0", 0 }, { "exit 3", 3 }, { "exit 125", 125 },
		{ "kill -TERM $$", -SIGTERM }, { "kill -KILL $$", -SIGKILL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char script[64];
		char *command[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, NULL };
		struct options options = options_for_command(command);
		struct session *session;

		snprintf(script, sizeof script, "%s", rows[i].script);
		session = start_or_skip(&options);
		assert_non_null(session);
		assert_true(readable(session_event_fd(session), 20000));
		assert_true(readable(session_program_fd(session), 20000));
		assert_int_equal(session_exit_status(session), rows[i].status);
		session_free(session);
	}
}

static void test_command_that_cannot_run(void **state)
{
	char *command[] = { (char[]){ "/nonexistent/program" }, NULL };
	struct options options = options_for_command(command);
	struct session_problem problem = { 0 };

	(void)state;
	assert_null(session_start(&options, no_terminal, NULL, &problem));
	if (!problem.command)
		skip();
	assert_int_equal(problem.error.code, 2 /* ENOENT */);
}

static void test_stop_ends_sampling_and_keeps_samples(void **state)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
			    (char[]){ "while :; do :; done" }, NULL };
	struct options options = options_for_command(command);
	struct session *session = start_or_skip(&options);
	struct status status = { 0 };
	uint64_t samples = 0;

	(void)state;
	assert_non_null(session);
	/* Look on, as the screen does, until there is something. */
	for (int i = 0; i < 1000 && samples < 50; i++) {
		struct profile *profile = session_lock(session);

		session_status(session, &status);
		samples = profile->samples;
		session_unlock(session);
		readable(session_event_fd(session), 10);
	}
	assert_true(samples >= 50);
	session_stop(session);
	assert_true(readable(session_event_fd(session), 10000));
	assert_true(session_program_runs(session));
	assert_true(session_lock(session)->samples >= samples);
	session_unlock(session);
	session_end_program(session);
	assert_false(session_program_runs(session));
	status_release(&status);
	session_free(session);
}

static uint64_t cpu_of_children(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000u;
}

/* Far shorter than the time between two readings of the counters. */
static void test_counters_are_read_at_the_end(void **state)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
			    (char[]){ "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done" }, NULL };
	struct options options = options_for_command(command);
	uint64_t before = cpu_of_children(), used, counted = 0;
	struct session *session = start_or_skip(&options);
	struct profile *profile;

	(void)state;
	assert_non_null(session);
	assert_true(readable(session_event_fd(session), 20000));
	used = cpu_of_children() - before;
	profile = session_lock(session);
	for (size_t i = 0; i < profile->series.len; i++)
		if (!strcmp(profile_string(profile, profile->series.at[i].name), "task-clock"))
			counted = profile->series.at[i].value;
	session_unlock(session);
	/* Before its exec it was not counted. */
	assert_true(counted <= used + used / 10 + 10000000u);
	assert_true(counted + 5000000u >= used - used / 10);
	session_free(session);
}

/* A shell that waits for what it started is not all of the target. */
static void test_children_that_run_are_told(void **state)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
			    (char[]){ "sh -c 'i=0; while [ $i -lt 3000000 ]; do i=$((i+1)); "
				      "done' & trap \"kill $!\" TERM HUP; wait" }, NULL };
	struct options options = options_for_command(command);
	struct session *session = start_or_skip(&options);
	struct status status = { 0 };

	(void)state;
	assert_non_null(session);
	for (int i = 0; i < 500 && strcmp(status.state, "1 of 2 running") != 0; i++) {
		readable(session_event_fd(session), 10);
		session_lock(session);
		session_status(session, &status);
		session_unlock(session);
	}
	session_end_program(session);
	assert_string_equal(status.state, "1 of 2 running");
	status_release(&status);
	session_free(session);
}

/* Too short for any look at it on the way. */
static void test_the_end_is_known(void **state)
{
	char *command[] = { (char[]){ "false" }, NULL };
	struct options options = options_for_command(command);
	struct session *session = start_or_skip(&options);
	struct status status = { 0 };
	struct profile *profile;

	(void)state;
	assert_non_null(session);
	assert_true(readable(session_event_fd(session), 20000));
	profile = session_lock(session);
	session_status(session, &status);
	assert_string_equal(status.state, "exited (status 1)");
	assert_in_range(status.counted, 1, status.duration);
	for (size_t i = 0; i < profile->series.len; i++) {
		const struct series *series = &profile->series.at[i];
		const char *name = profile_string(profile, series->name);

		if (!strcmp(name, "task-clock") || !strcmp(name, "minor-faults"))
			assert_true(series->supported && series->value);
		else if (!strcmp(name, "threads") || !strcmp(name, "rss"))
			assert_true(!series->supported || series->value);
	}
	session_unlock(session);
	status_release(&status);
	session_free(session);
}

static void test_duration_ends_command_with_status_0(void **state)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
			    (char[]){ "while :; do :; done" }, NULL };
	struct options options = options_for_command(command);
	struct session *session;

	(void)state;
	options.duration = 200000000u;
	session = start_or_skip(&options);
	assert_non_null(session);
	assert_true(readable(session_event_fd(session), 20000));
	assert_true(readable(session_program_fd(session), 20000));
	assert_int_equal(session_exit_status(session), 0);
	session_free(session);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_is_read_to_its_end),
		cmocka_unit_test(test_much_lost_is_told),
		cmocka_unit_test(test_saved_file_holds_every_sample),
		cmocka_unit_test(test_missing_file_is_told),
		cmocka_unit_test(test_exit_status_is_the_commands),
		cmocka_unit_test(test_command_that_cannot_run),
		cmocka_unit_test(test_stop_ends_sampling_and_keeps_samples),
		cmocka_unit_test(test_counters_are_read_at_the_end),
		cmocka_unit_test(test_children_that_run_are_told),
		cmocka_unit_test(test_the_end_is_known),
		cmocka_unit_test(test_duration_ends_command_with_status_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
