#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <config.h>

#include "ui/config.h"

struct setting {
	char directory[64], path[96];
	struct config config;
	struct options options;
};

static void set_up(struct setting *s)
{
	*s = (struct setting){ 0 };
	snprintf(s->directory, sizeof s->directory, "/tmp/tprof-test-config-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	snprintf(s->path, sizeof s->path, "%s/config", s->directory);
	options_init(&s->options);
}

static void tear_down(struct setting *s)
{
	unlink(s->path);
	rmdir(s->directory);
	config_release(&s->config);
	options_release(&s->options);
}

static void write_file(const struct setting *s, const char *text, mode_t mode)
{
	FILE *file = fopen(s->path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(s->path, mode), 0);
}

static void read_file(struct setting *s)
{
	config_read_file(&s->config, &s->options, s->path);
}

/* The problem begins with the path. */
static void assert_problem(const struct setting *s, size_t i, const char *expected)
{
	const char *problem;

	if (i >= s->config.problem.len)
		fail_msg("no problem \"%s\"", expected);
	problem = s->config.problem.at[i];
	assert_memory_equal(problem, s->path, strlen(s->path));
	assert_string_equal(problem + strlen(s->path), expected);
}

/* Without the library there is nothing to understand a file with. */
static void need_inih(void)
{
#ifndef HAVE_INIH
	skip();
#endif
}

static void settings(void **state)
{
	struct setting s;

	(void)state;
	need_inih();
	set_up(&s);
	write_file(&s,
		   "# mine\n"
		   "[keys]\n"
		   "  down = n, Down\n"
		   "search-this = #\n"
		   "; a comment\n"
		   "[view]\n"
		   "view = icicle\n"
		   "measure=time\n"
		   "[colors]\n"
		   "hot = 208 bold\n"
		   "[options]\n"
		   "freq = 99\n"
		   "backend = perf\n"
		   "call-graph = fp\n"
		   "delay = 1s\n"
		   "memory = 64M\n"
		   "ascii = yes\n"
		   "color = never", 0644);
	read_file(&s);
	assert_int_equal(s.config.problem.len, 0);
	assert_int_equal(keymap_find(&s.config.keymap, 'n'), COMMAND_DOWN);
	assert_int_equal(keymap_find(&s.config.keymap, 'j'), COMMAND_NONE);
	assert_int_equal(keymap_find(&s.config.keymap, '#'), COMMAND_SEARCH_THIS);
	assert_string_equal(s.config.view, "icicle");
	assert_int_equal(s.config.measure, MEASURE_TIME);
	assert_true(s.config.theme.changed[STYLE_HOT]);
	assert_int_equal(s.config.theme.look[STYLE_HOT].foreground, 208);
	assert_int_equal(s.options.target.frequency, 99);
	assert_int_equal(s.options.target.backend, BACKEND_PERF);
	assert_int_equal(s.options.target.call_graph, CALL_GRAPH_FP);
	assert_int_equal(s.options.delay, 1000000000u);
	assert_int_equal(s.options.memory, 64u << 20);
	assert_true(s.options.ascii);
	assert_int_equal(s.options.color, COLOR_NEVER);
	tear_down(&s);
}

/* What is wrong is told with its line; the rest counts. */
static void mistakes(void **state)
{
	struct setting s;

	(void)state;
	need_inih();
	set_up(&s);
	write_file(&s,
		   "freq = 5\n"
		   "[keys]\n"
		   "fly = x\n"
		   "up = Hyper\n"
		   "\n"
		   "[view]\n"
		   "view = \x1b[2J\n"
		   "measure = weight\n"
		   "size = 3\n"
		   "[colors]\n"
		   "hot = pink\n"
		   "cold = blue\n"
		   "[options]\n"
		   "freq = 0\n"
		   "ascii = maybe\n"
		   "memory = 1K\n"
		   "output = /etc/passwd\n"
		   "delay = 2s\n"
		   "[colours]\n"
		   "hot = red\n", 0600);
	read_file(&s);
	assert_problem(&s, 0, ":1: no section is called \"\"");
	assert_problem(&s, 1, ":3: no command is called fly");
	assert_problem(&s, 2, ":4: no key is called Hyper");
	assert_problem(&s, 3, ":7: no view is called \xef\xbf\xbd[2J");
	assert_problem(&s, 4, ":8: measure is percent, time or samples, not weight");
	assert_problem(&s, 5, ":9: [view] has view and measure, not size");
	assert_problem(&s, 6, ":11: pink is no colour and no attribute");
	assert_problem(&s, 7, ":12: nothing with a colour is called cold");
	assert_problem(&s, 8, ":14: freq takes a number from 1 to 100000, not '0'");
	assert_problem(&s, 9, ":15: ascii takes one of no, yes, not 'maybe'");
	assert_problem(&s, 10, ":16: memory takes a size of at least 32M, not '1K'");
	assert_problem(&s, 11, ":17: no option output can be set here");
	assert_problem(&s, 12, ":20: no section is called \"colours\"");
	assert_int_equal(s.config.problem.len, 13);
	assert_int_equal(s.options.delay, 2000000000u);
	assert_int_equal(s.options.target.frequency, 999);
	assert_int_equal(keymap_find(&s.config.keymap, 'k'), COMMAND_UP);
	tear_down(&s);
}

static void nonsense(void **state)
{
	struct strbuf text = STRBUF_INIT;
	struct setting s;

	(void)state;
	need_inih();
	set_up(&s);
	strbuf_adds(&text, "[options]\nup\n");
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&text, "xxxxxxxxxx");
	strbuf_adds(&text, "\n[options\nfreq = 7\n");
	write_file(&s, text.text, 0600);
	read_file(&s);
	assert_problem(&s, 0, ":3: too long");
	assert_problem(&s, 1, ":2: neither a [section] nor name = value");
	assert_int_equal(s.options.target.frequency, 7);
	/* As many complaints as anyone may want to read. */
	strbuf_clear(&text);
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&text, "[keys]\nfly = x\n");
	write_file(&s, text.text, 0600);
	read_file(&s);
	assert_int_equal(s.config.problem.len, 20);
	strbuf_release(&text);
	tear_down(&s);
}

static void not_trusted(void **state)
{
	static const struct {
		mode_t mode;
		const char *problem;
	} rows[] = {
		{ 0620, " is not used: others can write it (chmod go-w)" },
		{ 0602, " is not used: others can write it (chmod go-w)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct setting s;

		set_up(&s);
		write_file(&s, "[options]\nfreq = 5\n", rows[i].mode);
		read_file(&s);
		assert_problem(&s, 0, rows[i].problem);
		assert_int_equal(s.options.target.frequency, 999);
		tear_down(&s);
	}
}

static void not_a_file(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	read_file(&s);
	assert_int_equal(s.config.problem.len, 0);
	/* Nobody will ever write to it. */
	assert_int_equal(mkfifo(s.path, 0600), 0);
	read_file(&s);
	assert_problem(&s, 0, " is not used: not a regular file");
	unlink(s.path);
	config_read_file(&s.config, &s.options, s.directory);
	assert_non_null(strstr(s.config.problem.at[1], "not a regular file"));
	/* Only root can give files away. */
	write_file(&s, "[options]\nfreq = 5\n", 0600);
	if (!chown(s.path, 12345, 12345)) {
		read_file(&s);
		assert_problem(&s, 2, " is not used: it belongs to another user");
	}
	assert_int_equal(s.options.target.frequency, 999);
	tear_down(&s);
}

/* After sudo it is root's, whatever the environment says. */
static void whose_it_is(void **state)
{
	struct setting s;
	char directory[80];

	(void)state;
	need_inih();
	set_up(&s);
	snprintf(directory, sizeof directory, "%s/tprof", s.directory);
	assert_int_equal(mkdir(directory, 0700), 0);
	snprintf(s.path, sizeof s.path, "%s/config", directory);
	write_file(&s, "[options]\nfreq = 5\n", 0600);
	assert_int_equal(setenv("XDG_CONFIG_HOME", s.directory, 1), 0);
	unsetenv("SUDO_UID");
	config_read(&s.config, &s.options);
	assert_int_equal(s.options.target.frequency, 5);
	if (!geteuid()) {
		options_init(&s.options);
		assert_int_equal(setenv("SUDO_UID", "1000", 1), 0);
		config_read(&s.config, &s.options);
		assert_int_not_equal(s.options.target.frequency, 5);
		unsetenv("SUDO_UID");
	}
	unlink(s.path);
	rmdir(directory);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(not_trusted),
		cmocka_unit_test(not_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
