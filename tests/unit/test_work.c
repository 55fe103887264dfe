/* What takes a while: how it is told, how it ends, and what is left then. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "session_private.h"
#include "ui/bars.h"
#include "ui/keymap.h"

static const struct session_terminal no_terminal = { .fd = -1 };
static const uint64_t second = 1000000000u;

/* A file of which so much was read. */
struct half_read {
	struct source source;
	uint64_t done, total;
};

static void tell_progress(const struct source *source, uint64_t *done, uint64_t *total)
{
	const struct half_read *file = (const struct half_read *)source;

	*done = file->done;
	*total = file->total;
}

static const struct source_ops half_read_ops = { .progress = tell_progress };

static void test_words(void **state)
{
	static const struct {
		uint64_t done, total, time;	/* in bytes and ms */
		bool reads, partial;
		const char *state, *work, *notice;
	} rows[] = {
		/* What is over in a moment is not told. */
		{ 500, 1000, 100, true, false, "", "", NULL },
		{ 3u << 20, 8u << 20, 1000, true, false,
		  "reading 37%", "reading: 37% of 8.00 MiB, 3.00 MiB/s", NULL },
		{ 3u << 20, 0, 2000, true, false,
		  "reading", "reading: 3.00 MiB, 1.50 MiB/s", NULL },
		{ 0, 0, 5000, true, false, "reading", "reading: 0 B, 0 B/s", NULL },
		{ 8u << 20, 8u << 20, 2000, false, false, "", "", NULL },
		{ 3u << 20, 8u << 20, 2000, false, true, "stopped at 37%", "",
		  "reading was stopped: all that is shown is of the first 37% of 8.00 MiB" },
		{ 3u << 20, 0, 2000, false, true, "stopped", "",
		  "reading was stopped: all that is shown is of the first 3.00 MiB" },
	};
	struct options options = { .input = "x.folded" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct half_read file = {
			.source.ops = &half_read_ops,
			.done = rows[i].done, .total = rows[i].total,
		};
		struct session session = {
			.options = &options, .source = &file.source, .started = second,
			.phase = rows[i].reads ? PHASE_SAMPLING : PHASE_ENDED,
			.partial = rows[i].partial,
		};
		struct status status = { 0 };

		session_describe_work(&session, second + rows[i].time * 1000000u, &status);
		assert_string_equal(status.state, rows[i].state);
		assert_string_equal(status.work, rows[i].work);
		if (rows[i].notice) {
			session_add_partial_notice(&session, &status);
			assert_string_equal(status.notice.at[0], rows[i].notice);
		}
		status_release(&status);
	}
}

static void test_words_for_saving(void **state)
{
	struct options options = { 0 };
	struct saving saving = { .since = second };
	struct session session = { .options = &options, .saving = &saving };
	struct status status = { 0 };

	(void)state;
	session_describe_work(&session, second + 1000, &status);
	assert_string_equal(status.work, "");
	session_describe_work(&session, 2 * second, &status);
	assert_string_equal(status.work, "saving");
	progress_step(&saving.progress, 1, 3);
	session_describe_work(&session, 2 * second, &status);
	assert_string_equal(status.work, "saving: 33%");
	progress_cancel(&saving.progress);
	session_describe_work(&session, 2 * second, &status);
	assert_string_equal(status.work, "saving: being cancelled");
	/* Of a live one the words for its state are others'. */
	assert_string_equal(status.state, "");
}

static void test_bottom_line(void **state)
{
	static const struct {
		int width, used;
		const char *text;
	} rows[] = {
		{ 50, 30, "reading: 3.00 MiB  Esc stops it\n" },
		{ 20, 20, "reading: 3.00 MiB  E\n" },
		{ 0, 0, "\n" },
	};
	struct keymap keymap = { 0 };
	struct scene scene = { .describe_keys = keymap_describe, .keymap = &keymap };

	(void)state;
	snprintf(scene.status.work, sizeof scene.status.work, "reading: 3.00 MiB");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct strbuf shown = STRBUF_INIT;
		struct grid grid = { 0 };
		int used;

		grid_resize(&grid, rows[i].width, 1);
		used = bars_draw_work(&scene, canvas_of(&grid));
		grid_dump(&grid, false, &shown);
		assert_string_equal(shown.text, rows[i].text);
		assert_in_range(used, rows[i].used, rows[i].width);
		grid_release(&grid);
		strbuf_release(&shown);
	}
}

/* A directory with a pipe in it that nobody has finished writing, and a place to save to. */
struct place {
	char directory[40], pipe[64], out[64];
	int writer;
	struct options options;
	struct session *session;
};

static bool ends(struct session *session)
{
	struct pollfd fd = { .fd = session_event_fd(session), .events = POLLIN };

	return poll(&fd, 1, 10000) == 1;
}

static uint64_t samples_of(struct session *session)
{
	struct profile *profile = session_lock(session);
	struct status status = { 0 };
	uint64_t samples;

	session_status(session, &status);
	samples = profile->samples;
	session_unlock(session);
	status_release(&status);
	return samples;
}

static int set_up(void **state)
{
	static const char text[] = "main;parse;read 30\nmain;render 70\n";
	struct place *place = calloc(1, sizeof *place);
	struct session_problem problem = { 0 };

	*state = place;
	snprintf(place->directory, sizeof place->directory, "/tmp/test_work.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->pipe, sizeof place->pipe, "%s/pipe", place->directory);
	snprintf(place->out, sizeof place->out, "%s/out.folded", place->directory);
	assert_int_equal(mkfifo(place->pipe, 0600), 0);
	/* Opened for both, it waits for nobody. */
	place->writer = open(place->pipe, O_RDWR | O_CLOEXEC);
	assert_int_equal(write(place->writer, text, strlen(text)), strlen(text));
	place->options = (struct options){ .input = place->pipe, .memory = 64u << 20 };
	place->session = session_start(&place->options, no_terminal, NULL, &problem);
	assert_non_null(place->session);
	while (samples_of(place->session) < 100)
		poll(NULL, 0, 1);
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	session_free(place->session);
	close(place->writer);
	unlink(place->out);
	unlink(place->pipe);
	/* Nothing else was left there. */
	assert_int_equal(rmdir(place->directory), 0);
	free(place);
	return 0;
}

static void test_stopped_reading_keeps_what_was_read(void **state)
{
	struct place *place = *state;
	struct status status = { 0 };

	assert_int_equal(session_cancel(place->session), SESSION_READING);
	assert_true(ends(place->session));
	assert_int_equal(samples_of(place->session), 100);
	session_lock(place->session);
	session_status(place->session, &status);
	session_unlock(place->session);
	assert_string_equal(status.state, "stopped");
	assert_string_equal(status.work, "");
	assert_string_equal(status.notice.at[0],
			    "reading was stopped: all that is shown is of the first 34 B");
	assert_int_equal(session_cancel(place->session), SESSION_IDLE);
	status_release(&status);
}

static void test_saves_while_it_goes_on(void **state)
{
	struct place *place = *state;
	struct strbuf text = STRBUF_INIT;
	struct query everything = { 0 };
	struct error error = { 0 };

	assert_int_equal(session_save_poll(place->session, 0, &error), SESSION_SAVES_NOTHING);
	assert_true(session_save_start(place->session, place->out, false, SAVE_SAMPLES,
				       &everything, &error));
	assert_int_equal(session_save_poll(place->session, 10000, &error), SESSION_SAVED);
	assert_int_equal(session_save_poll(place->session, 0, &error), SESSION_SAVES_NOTHING);
	assert_true(file_read(place->out, 4096, &text, &error));
	assert_string_equal(text.text, "main;parse;read 30\nmain;render 70\n");
	assert_false(session_save_start(place->session, place->out, false, SAVE_SAMPLES,
					&everything, &error));
	assert_int_equal(error.code, EEXIST);
	assert_false(session_save_start(place->session, place->out, true, SAVE_TIME,
					&everything, &error) &&
		     session_save_poll(place->session, 10000, &error) == SESSION_SAVED);
	strbuf_release(&text);
}

/* Whether it is cancelled in time or saved before, no part of a file is left. */
static void test_cancelled_saving_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct query everything = { 0 };
	struct error error = { 0 };
	struct progress cancelled = { 0 };
	struct stat st;

	progress_cancel(&cancelled);
	assert_false(session_save(place->session, place->out, false, SAVE_SAMPLES, &everything,
				  &cancelled, &error));
	assert_int_equal(error.code, ECANCELED);
	assert_string_equal(error.text, "saving was cancelled: there is no file");
	assert_int_equal(stat(place->out, &st), -1);
	assert_true(session_save_start(place->session, place->out, false, SAVE_SAMPLES,
				       &everything, &error));
	assert_int_equal(session_cancel(place->session), SESSION_SAVING);
	if (session_save_poll(place->session, 10000, &error) == SESSION_SAVE_FAILED)
		assert_int_equal(error.code, ECANCELED);
	/* The end of the session cancels as well. */
	assert_true(session_save_start(place->session, place->out, true, SAVE_SAMPLES,
				       &everything, &error));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_for_saving),
		cmocka_unit_test(test_bottom_line),
		cmocka_unit_test_setup_teardown(test_stopped_reading_keeps_what_was_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_saves_while_it_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled_saving_leaves_nothing,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
