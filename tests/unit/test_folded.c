#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "analyze/quality.h"
#include "format/format.h"
#include "profile/profile.h"

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const unsigned char *)text, strlen(text) };
}

static enum source_state read_all(struct source *source, struct error *error)
{
	enum source_state state;

	do {
		state = source->ops->read(source, error);
	} while (state == SOURCE_MORE);
	return state;
}

/* NULL and a sentence when the text is refused. */
static struct profile *read_text(const char *text, size_t len, struct error *error)
{
	struct profile *profile = profile_new();
	struct bytes head = { (const unsigned char *)text, len };
	struct source *source = format_named("folded")->open(-1, head, "test", profile, error);
	enum source_state state = source ? read_all(source, error) : SOURCE_FAILED;

	if (source)
		source->ops->close(source);
	profile_seal(profile, 0);
	if (state == SOURCE_END)
		return profile;
	profile_free(profile);
	return NULL;
}

static char *write_text(const struct profile *profile, const struct query *query,
			enum save_weight weight)
{
	struct error error = { 0 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_true(format_named("folded")->write(profile, query, weight, out, NULL, &error));
	fclose(out);
	return text;
}

static void assert_written(const struct profile *profile, const struct query *query,
			   enum save_weight weight, const char *expected)
{
	char *text = write_text(profile, query, weight);

	assert_string_equal(text, expected);
	free(text);
}

static void test_read_and_write(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "main;work 3\n", "main;work 3\n" },
		{ "main;work 3", "main;work 3\n" },
		{ "main;b 1\nmain;a 2\nmain 4\nmain;a 5\n", "main 4\nmain;a 7\nmain;b 1\n" },
		{ "\xef\xbb\xbf" "main;work 3\r\n\r\n# remark 7\r\nmain 1\r\n",
		  "main 1\nmain;work 3\n" },
		{ "main;work; 3\n;;main;;work 1\n", "main;work 4\n" },
		{ "a;b 1.4\na;c 1.5\na;d 2.\n", "a;b 1\na;c 2\na;d 2\n" },
		{ "operator new(unsigned long);std::map<int, int>::at 12\n",
		  "operator new(unsigned long);std::map<int, int>::at 12\n" },
		{ "main;read;sys_read_[k] 2\nmain;sys_read 1\n",
		  "main;read;sys_read_[k] 2\nmain;sys_read 1\n" },
		{ "main;inlined_[i];jitted_[j];woken_[w] 2\n", "main;inlined;jitted;woken 2\n" },
		/* before and after a change */
		{ "a;b 1 5\na;c 7 0\na;d 2 2\n", "a;b 5\na;d 2\n" },
		/* a name with a number in it: not all lines have two */
		{ "a;thread 1 5\na;c 7\n", "a;c 7\na;thread_1 5\n" },
		{ "a;b\t3\n", "a;b 3\n" },
		{ "a 1\na;b 0\n", "a 1\n" },
		{ "5 5\n", "5 5\n" },
		{ " 5\n", "[unknown] 5\n" },
		{ "a;\033[31mred;tab\tin 5\n", "a;?[31mred;tab?in 5\n" },
		{ "a;\xff\xfe;\xc3\xa9 5\n", "a;\xff\xfe;\xc3\xa9 5\n" },
	};
	struct query everything = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = { 0 };
		struct profile *profile = read_text(rows[i].in, strlen(rows[i].in), &error);

		assert_string_equal(error.text, "");
		assert_non_null(profile);
		assert_written(profile, &everything, SAVE_SAMPLES, rows[i].out);
		profile_free(profile);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *says;
	} rows[] = {
		{ "main;work\nmain x1\n", 18, "test, line 1: it does not end in a number" },
		{ "\nmain -1\n", 9, "line 2" },
		{ "main 99999999999999999999\n", 26, "line 1" },
		{ "main 1e3\n", 9, "line 1" },
		{ "main 1.5x\n", 10, "line 1" },
		{ "12\n", 3, "line 1" },
		{ "ma\0in 2\n", 8, "not text" },
		{ "# nothing\n\n", 11, "no stacks" },
		{ "\xff\xfem\0a\0i\0n\0", 10, "UTF-16" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = { 0 };
		struct profile *profile = read_text(rows[i].text, rows[i].len, &error);

		assert_null(profile);
		assert_non_null(strstr(error.text, rows[i].says));
	}
}

static void test_bad_lines_are_skipped(void **state)
{
	static const struct {
		const char *text, *trouble;
		size_t len, samples;
	} rows[] = {
		{ "a;b 3\na;b 4\n", NULL, 12, 7 },
		{ "a;b 3\noops\na;b 4\n",
		  "1 line skipped: line 2: it does not end in a number of samples", 17, 7 },
		{ "a;b 3\noops\n\na;b\na;c x1\na;b 4",
		  "3 lines skipped; the first: line 2: it does not end in a number of samples",
		  28, 7 },
		{ "a;b 3\na\0;b 4\na;b 5\n", "1 line skipped: line 2: this is not text", 19, 8 },
		{ "a;b 3\na 99999999999999999999\n",
		  "1 line skipped: line 2: it does not end in a number of samples", 29, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes text = { (const unsigned char *)rows[i].text, rows[i].len };
		struct profile *profile = profile_new();
		struct error error = { 0 };
		struct source *source = format_named("folded")->open(-1, text, "test", profile,
								     &error);

		assert_int_equal(read_all(source, &error), SOURCE_END);
		if (rows[i].trouble)
			assert_string_equal(source->ops->trouble(source), rows[i].trouble);
		else
			assert_null(source->ops->trouble(source));
		source->ops->close(source);
		profile_seal(profile, 0);
		assert_int_equal(profile->samples, rows[i].samples);
		profile_free(profile);
	}
}

/* Nanoseconds are not taken for samples, and come back as they were. */
static void test_time(void **state)
{
	static const char text[] = "# unit: ns, 1000 a sample\nmain 2100\nmain;work 400\n";
	struct error error = { 0 };
	struct profile *profile = read_text(text, strlen(text), &error);
	struct query everything = { 0 };

	(void)state;
	assert_non_null(profile);
	assert_int_equal(profile->metric.at[1].unit, UNIT_NANOSECONDS);
	assert_int_equal(profile->weight, 2500);
	assert_int_equal(profile->samples, 3);
	assert_written(profile, &everything, SAVE_TIME,
		       "# unit: ns, 833 a sample\nmain 2100\nmain;work 400\n");
	profile_free(profile);
	/* Only a remark of that form, and before the stacks. */
	profile = read_text("# unit: ns\nmain 7\n# unit: ns, 5 a sample\nmain 5\n", 47, &error);
	assert_non_null(profile);
	assert_int_equal(profile->metric.at[1].unit, UNIT_COUNT);
	assert_int_equal(profile->samples, 12);
	profile_free(profile);
}

static void test_long_lines(void **state)
{
	struct strbuf text = STRBUF_INIT;
	char path[] = "/tmp/test_folded.XXXXXX";
	int fd = mkstemp(path);
	struct profile *profile = profile_new();
	struct error error;
	struct source *source;

	(void)state;
	/* a deep stack, in parts as they are read */
	for (int i = 0; i < 100000; i++)
		strbuf_addf(&text, "f%d;", i % 7);
	strbuf_adds(&text, "leaf 3\n");
	assert_int_equal(write(fd, text.text, text.len), text.len);
	source = format_open(path, profile, &error);
	assert_non_null(source);
	assert_int_equal(read_all(source, &error), SOURCE_END);
	source->ops->close(source);
	profile_seal(profile, 0);
	assert_int_equal(profile->samples, 3);
	assert_int_equal(profile->stack.len, 100002);
	/* a line without an end */
	strbuf_clear(&text);
	strbuf_pad(&text, 'x', 1200000);
	assert_int_equal(write(fd, text.text, text.len), text.len);
	source = format_open(path, profile, &error);
	assert_int_equal(read_all(source, &error), SOURCE_FAILED);
	assert_non_null(strstr(error.text, "line 2: it is longer than a megabyte"));
	source->ops->close(source);
	profile_free(profile);
	strbuf_release(&text);
	close(fd);
	unlink(path);
}

/* A pipe gives what it has, and reading never waits for more. */
static void test_pipe(void **state)
{
	struct profile *profile = profile_new();
	struct source *source;
	struct pollfd waits;
	struct error error;
	int end[2];

	(void)state;
	assert_int_equal(pipe(end), 0);
	source = format_named("folded")->open(end[0], bytes_of("a;b 1\na;"), "pipe", profile,
					      &error);
	assert_int_equal(read_all(source, &error), SOURCE_WAIT);
	assert_int_equal(source->ops->fds(source, &waits, 1), 1);
	assert_int_equal(waits.fd, end[0]);
	assert_int_equal(write(end[1], "c 2\na;b 4", 9), 9);
	assert_int_equal(read_all(source, &error), SOURCE_WAIT);
	profile_seal(profile, 0);
	assert_int_equal(profile->samples, 3);
	close(end[1]);
	assert_int_equal(read_all(source, &error), SOURCE_END);
	profile_seal(profile, 0);
	assert_int_equal(profile->samples, 7);
	source->ops->close(source);
	profile_free(profile);
}

static void test_probe(void **state)
{
	static const struct { const char *head; bool folded; } rows[] = {
		{ "main;work 3\n", true },
		{ "# remark\n\nmain;work 3\nmain 1\n", true },
		{ "main;work 3", true },
		{ "main;a very long line that goes on", true },
		{ "main;work 1 2\r\n", true },
		{ "main 3\nother 4\n", false },
		{ "main;work 3\nno number\n", false },
		{ "main;work three\n", false },
		{ "\033[0m;x 1\n", false },
		{ "int main(void) { return 0; }\n", false },
		{ "PERFILE2;\001\002 1\n", false },
		{ "", false },
		{ "\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(format_named("folded")->probe(bytes_of(rows[i].head)),
				 rows[i].folded);
}

/* Samples as a live run would have them. */
static struct profile *live_profile(void)
{
	struct profile *profile = profile_new();
	metric_id metric = profile_add_metric(profile, "cpu-clock", UNIT_NANOSECONDS);
	metric_id other = profile_add_metric(profile, "cycles", UNIT_COUNT);
	binary_id program = profile_add_binary(profile, "/bin/prog", "", BINARY_FILE);
	binary_id kernel = profile_add_binary(profile, "[kernel]", "", BINARY_KERNEL);
	thread_id thread[3] = { 0 };
	stack_id stack[4] = { 0 };
	static const struct { const char *name; bool kernel; } names[] = {
		{ "main", false }, { "a;b\n", false }, { "sys_read", true }, { "wor 9", false },
	};

	for (size_t i = 0; i < 4; i++) {
		struct function function = {
			.name = profile_add_string(profile, names[i].name),
			.binary = names[i].kernel ? kernel : program,
			.flags = names[i].kernel ? FUNCTION_KERNEL : 0,
		};
		struct frame frame = { profile_add_function(profile, &function), 7 };

		stack[i] = profile_add_stack(profile, i ? stack[i == 3 ? 0 : i - 1] : 0,
					     profile_add_named_location(profile, frame));
	}
	for (int i = 0; i < 3; i++) {
		thread[i] = profile_add_thread(profile, 10 + i / 2, 10 + i, "worker");
		profile_name_thread(profile, thread[i], "worker", i < 2 ? "#one" : "two");
	}
	for (uint64_t i = 0; i < 12; i++)
		profile_add_sample(profile, &(struct sample){
			.time = 100 * (i / 6), .weight = 1000 * i, .samples = 1,
			.stack = i % 5 == 4 ? 0 : stack[i % 5],
			.thread = thread[i % 3], .metric = metric });
	profile_add_sample(profile, &(struct sample){ .weight = 77, .samples = 50,
		.stack = stack[0], .thread = thread[0], .metric = other });
	profile_seal(profile, 200);
	return profile;
}

static void test_live(void **state)
{
	struct profile *profile = live_profile();
	struct query query = { 0 };
	struct error error;

	(void)state;
	assert_written(profile, &query, SAVE_SAMPLES,
		       "_one;[unknown] 2\n"
		       "_one;main 2\n"
		       "_one;main;a:b? 2\n"
		       "_one;main;a:b?;sys_read_[k] 1\n"
		       "_one;main;wor_9 1\n"
		       "two;main 1\n"
		       "two;main;a:b? 1\n"
		       "two;main;a:b?;sys_read_[k] 1\n"
		       "two;main;wor_9 1\n");
	assert_written(profile, &query, SAVE_TIME,
		       "# unit: ns, 5500 a sample\n"
		       "_one;[unknown] 13000\n"
		       "_one;main 10000\n"
		       "_one;main;a:b? 7000\n"
		       "_one;main;a:b?;sys_read_[k] 7000\n"
		       "_one;main;wor_9 3000\n"
		       "two;main 5000\n"
		       "two;main;a:b? 11000\n"
		       "two;main;a:b?;sys_read_[k] 2000\n"
		       "two;main;wor_9 8000\n");
	assert_true(query_set_keep(&query, "^sys_", &error));
	assert_written(profile, &query, SAVE_SAMPLES,
		       "_one;main;a:b?;sys_read_[k] 1\ntwo;main;a:b?;sys_read_[k] 1\n");
	assert_true(query_set_keep(&query, NULL, &error));
	query.hide_kernel = true;
	query.threads = (struct thread_choice){ .by = THREADS_ONE,
		.pid = profile->thread.at[3].pid, .tid = profile->thread.at[3].tid };
	assert_written(profile, &query, SAVE_SAMPLES,
		       "two;main 1\ntwo;main;a:b? 2\ntwo;main;wor_9 1\n");
	query_release(&query);
	query.metric = 2;
	assert_written(profile, &query, SAVE_SAMPLES, "_one;main 50\n");
	profile_free(profile);
}

/* What is truncated stays that in a file. */
static void test_truncated(void **state)
{
	static const char text[] = "prog;[truncated: no frame pointer];b;a 1\n"
				   "prog;[truncated: no mapping];a 2\n"
				   "prog;main 4\n";
	struct profile *profile = profile_new(), *again;
	thread_id thread = profile_add_thread(profile, 1, 1, "prog");
	struct function function = { .name = profile_add_string(profile, "a") };
	struct frame a = { .function = profile_add_function(profile, &function) };
	struct frame b, m;
	location_id root = profile_add_outermost_location(profile, 0, 0x10);
	stack_id stack[3];
	const struct query query = { 0 };
	struct query keep = { .keep = (char *)(uintptr_t)"truncated: no f" };
	struct quality *quality = quality_new();
	struct error error;

	(void)state;
	function.name = profile_add_string(profile, "b");
	b.function = profile_add_function(profile, &function);
	function.name = profile_add_string(profile, "main");
	m.function = profile_add_function(profile, &function);
	b.line = m.line = 0;
	profile_set_frames(profile, root, &b, 1);
	stack[0] = profile_add_stack(profile, 0, root);
	stack[1] = profile_add_stack(profile, 0, profile_truncation(profile,
								TRUNCATED_NO_MAPPING));
	stack[2] = profile_add_stack(profile, 0, profile_add_named_location(profile, m));
	for (int i = 0; i < 2; i++)
		stack[i] = profile_add_stack(profile, stack[i],
					     profile_add_named_location(profile, a));
	for (unsigned i = 0; i < 3; i++)
		profile_add_sample(profile, &(struct sample){ .samples = 1 << i, .weight = 1,
			.stack = stack[i], .thread = thread,
			.end = i == 2 ? STACK_COMPLETE : (enum stack_end)i * STACK_TRUNCATED });
	profile_seal(profile, 1);
	assert_written(profile, &query, SAVE_SAMPLES, text);
	assert_written(profile, &keep, SAVE_SAMPLES, "prog;[truncated: no frame pointer];b;a 1\n");

	again = read_text(text, strlen(text), &error);
	assert_non_null(again);
	assert_written(again, &query, SAVE_SAMPLES, text);
	for (int i = 0; i < 2; i++) {
		quality_update(quality, i ? again : profile);
		assert_int_equal(quality->complete, 4);
		assert_int_equal(quality->truncated, 3);
		assert_int_equal(quality->reason[TRUNCATED_NO_FRAME_POINTER], 1);
		assert_int_equal(quality->reason[TRUNCATED_NO_MAPPING], 2);
		quality_free(quality);
		quality = quality_new();
	}
	quality_free(quality);
	profile_free(again);
	profile_free(profile);
}

static void test_save_errors(void **state)
{
	struct profile *profile = live_profile();
	struct query query = { .metric = 2 };
	FILE *full = fopen("/dev/full", "w");
	struct error error = { 0 };

	(void)state;
	assert_false(format_named("folded")->write(profile, &query, SAVE_TIME, full, NULL, &error));
	assert_non_null(strstr(error.text, "can't save time"));
	setbuf(full, NULL);
	assert_false(format_named("folded")->write(profile, &query, SAVE_SAMPLES, full, NULL,
						   &error));
	assert_int_equal(error.code, ENOSPC);
	fclose(full);
	profile_free(profile);
	profile = profile_new();
	query.metric = 0;
	assert_written(profile, &query, SAVE_SAMPLES, "");
	profile_free(profile);
}

/* Half of the work is to find what to write; either half can be the last. */
static void test_cancelled(void **state)
{
	static const char in[] = "main;a 1\nmain;b 2\n";
	struct error error = { 0 };
	struct profile *profile = read_text(in, strlen(in), &error);
	struct query query = { 0 };
	struct progress progress = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_true(format_named("folded")->write(profile, &query, SAVE_SAMPLES, out, &progress,
						  &error));
	assert_int_equal(progress.done, progress.total);
	assert_true(progress.total > 0);
	progress_cancel(&progress);
	assert_false(format_named("folded")->write(profile, &query, SAVE_SAMPLES, out, &progress,
						   &error));
	assert_int_equal(error.code, ECANCELED);
	fclose(out);
	assert_string_equal(text, in);
	free(text);
	profile_free(profile);
}

static void test_paths(void **state)
{
	static const struct { const char *path; bool known; } rows[] = {
		{ "out", true },
		{ "dir.d/out", true },
		{ ".hidden", true },
		{ "out.folded", true },
		{ "out.TXT", true },
		{ "dir/out.collapsed", true },
		{ "out.json", false },
		{ "out.folded.gz", false },
	};
	struct error error = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(format_for_path(rows[i].path, &error) != NULL, rows[i].known);
	assert_non_null(strstr(error.text, ".folded"));
}

static void test_open(void **state)
{
	static const struct { const char *path, *content, *says; } rows[] = {
		{ "/", NULL, "is a directory" },
		{ "/nonexistent", NULL, "can't open /nonexistent: No such file" },
		{ "x", "", "x is empty" },
		{ "x", "\177ELF\1\2", "x is no profile" },
		{ "x", "one 1\ntwo 2\n", "x is no profile" },
		{ "x", "one;two 1\n", NULL },
		/* the name says what the content may be */
		{ "x.folded", "one 1\ntwo 2\n", NULL },
		{ "x.collapsed", "one 1\ntwo 2\n", NULL },
	};
	char directory[] = "/tmp/test_folded.XXXXXX";
	int back = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct profile *profile = profile_new();
		struct error error = { 0 };
		struct source *source;

		if (rows[i].content) {
			FILE *file = fopen(rows[i].path, "w");

			fputs(rows[i].content, file);
			fclose(file);
		}
		source = format_open(rows[i].path, profile, &error);
		assert_int_equal(source == NULL, rows[i].says != NULL);
		if (rows[i].says)
			assert_non_null(strstr(error.text, rows[i].says));
		if (source)
			assert_int_equal(read_all(source, &error), SOURCE_END);
		if (source)
			source->ops->close(source);
		if (rows[i].content)
			unlink(rows[i].path);
		profile_free(profile);
	}
	assert_int_equal(fchdir(back), 0);
	close(back);
	assert_int_equal(rmdir(directory), 0);
}

/* Files in the manner of several programs, and what is made of them. */
static void test_files(void **state)
{
	static const char *const names[] = { "async", "difference", "perf", "windows" };
	const char *srcdir = getenv("srcdir");
	struct query everything = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct profile *profile = profile_new();
		struct strbuf path = STRBUF_INIT, expected = STRBUF_INIT;
		struct error error = { 0 };
		struct source *source;

		strbuf_addf(&path, "%s/tests/formats/folded/%s", srcdir ? srcdir : ".", names[i]);
		strbuf_adds(&path, ".folded");
		source = format_open(path.text, profile, &error);
		assert_string_equal(error.text, "");
		assert_int_equal(read_all(source, &error), SOURCE_END);
		source->ops->close(source);
		profile_seal(profile, 0);
		strbuf_cut(&path, path.len - strlen("folded"));
		strbuf_adds(&path, "expected");
		assert_true(file_read(path.text, 1 << 20, &expected, &error));
		assert_written(profile, &everything, SAVE_SAMPLES, expected.text);
		strbuf_release(&path);
		strbuf_release(&expected);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_and_write),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_lines_are_skipped),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_save_errors),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
