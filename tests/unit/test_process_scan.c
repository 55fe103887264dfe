#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/process_scan.h"

#define REST \
	" 7 7 7 0 -1 4194304 100 0 0 0 30 12 0 0 20 0 5 0 98765 1000 200 " \
	"18446744073709551615\n"

static const struct {
	const char *text;
	bool ok;
	const char *name;
	char state;
} stats[] = {
	{ "42 (cat) S" REST, true, "cat", 'S' },
	{ "42 (a b) R" REST, true, "a b", 'R' },
	{ "42 () R 1) Z" REST, true, ") R 1", 'Z' },
	{ "42 (((\n) T" REST, true, "((\n", 'T' },
	{ "42 () I" REST, true, "", 'I' },
	{ "42 (cat) S 7 7 7", false, NULL, 0 },
	{ "42 (cat)", false, NULL, 0 },
	{ "42 (cat) ", false, NULL, 0 },
	{ "42 cat S" REST, false, NULL, 0 },
	{ "42 )cat( S" REST, false, NULL, 0 },
	{ "x (cat) S" REST, false, NULL, 0 },
	{ "99999999999 (cat) S" REST, false, NULL, 0 },
	{ "", false, NULL, 0 },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof stats / sizeof *stats; i++) {
		struct process process = { 0 };

		assert_int_equal(process_parse(stats[i].text, &process), stats[i].ok);
		if (!stats[i].ok)
			continue;
		assert_int_equal(process.pid, 42);
		assert_int_equal(process.parent, 7);
		assert_int_equal(process.state, stats[i].state);
		assert_int_equal(process.threads, 5);
		assert_int_equal(process.ticks, 42);
		assert_int_equal(process.start, 98765);
		assert_string_equal(process.name, stats[i].name);
	}
}

/* Some kernel threads have names longer than those of programs. */
static void test_long_name(void **state)
{
	char text[512] = "42 (";
	struct process process;

	(void)state;
	memset(text + 4, 'x', 200);
	memcpy(text + 204, ") S" REST, sizeof ") S" REST);
	assert_true(process_parse(text, &process));
	assert_int_equal(strlen(process.name), sizeof process.name - 1);
}

static void test_descendants(void **state)
{
	static const struct process all[] = {
		{ .pid = 1, .parent = 0 },   { .pid = 50, .parent = 1 },
		{ .pid = 60, .parent = 50 }, { .pid = 55, .parent = 60 },
		{ .pid = 70, .parent = 1 },  { .pid = 71, .parent = 70 },
		{ .pid = 80, .parent = 55 }, { .pid = 90, .parent = 90 },
		{ .pid = 61, .parent = 50 },
	};
	static const struct {
		pid_t root[3];
		size_t roots;
		pid_t found[8];
		size_t count;
	} row[] = {
		{ { 50 }, 1, { 50, 60, 61, 55, 80 }, 5 },
		{ { 70 }, 1, { 70, 71 }, 2 },
		{ { 71 }, 1, { 71 }, 1 },
		{ { 12 }, 1, { 12 }, 1 },
		/* one below the other, and a loop */
		{ { 55, 50 }, 2, { 55, 50, 80, 60, 61 }, 5 },
		{ { 90 }, 1, { 90 }, 1 },
		{ { 0 }, 0, { 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct pid_list list = { 0 };

		for (size_t r = 0; r < row[i].roots; r++)
			array_push(&list, row[i].root[r]);
		process_add_descendants(&list, all, sizeof all / sizeof *all);
		assert_int_equal(list.len, row[i].count);
		for (size_t f = 0; f < row[i].count; f++)
			assert_true(pid_list_has(&list, row[i].found[f]));
		array_release(&list);
	}
}

static void test_states(void **state)
{
	(void)state;
	assert_string_equal(process_state_word('T'), "stopped");
	assert_string_equal(process_state_word('S'), "sleeping");
	assert_string_equal(process_state_word('?'), "unknown");
	assert_true(process_is_gone(&(struct process){ .state = 'Z', .threads = 1 }));
	assert_false(process_is_gone(&(struct process){ .state = 'Z', .threads = 3 }));
	assert_false(process_is_gone(&(struct process){ .state = 'T', .threads = 1 }));
}

/* Against this very machine: ourselves, a child, and that child once it ended. */
static void test_real(void **state)
{
	struct strbuf command = STRBUF_INIT;
	struct pid_list list = { 0 };
	struct process process;
	uid_t uid;
	pid_t child;

	(void)state;
	assert_true(process_read(getpid(), &process));
	assert_int_equal(process.parent, getppid());
	assert_true(process_owner(getpid(), &uid));
	assert_int_equal(uid, geteuid());
	assert_int_equal(process_of_thread(getpid()), getpid());
	assert_true(process_threads(getpid(), &list));
	assert_true(pid_list_has(&list, getpid()));
	process_command_line(getpid(), &command);
	assert_non_null(strstr(command.text, "test_process_scan"));
	strbuf_release(&command);

	child = fork();
	if (!child)
		for (;;)
			pause();
	list.len = 0;
	array_push(&list, getpid());
	process_descendants(&list);
	assert_true(pid_list_has(&list, child));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(process_read(child, &process));
	assert_false(process_threads(child, &list));
	assert_int_equal(process_of_thread(child), 0);
	array_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_descendants),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
