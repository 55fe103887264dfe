#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "chooser.h"

/* What the grandchild is: it waits to be ended, at the latest when we end. */
static void wait_for_end(const char *name, int ready, int hold)
{
	pid_t pid = getpid();
	char byte;

	prctl(PR_SET_NAME, name);
	if (write(ready, &pid, sizeof pid) == sizeof pid && read(hold, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

/* A process under a name of its own.  Not a child: those are left out. */
static pid_t start_other(const char *name)
{
	int ready[2], hold[2];
	pid_t pid, middle;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	middle = fork();
	if (!middle) {
		close(hold[1]);
		if (!fork())
			wait_for_end(name, ready[1], hold[0]);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &pid, sizeof pid), sizeof pid);
	waitpid(middle, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(hold[0]);
	return pid;
}

/* Until it is gone, whoever collects it. */
static void end_other(pid_t pid)
{
	struct process process;

	kill(pid, SIGKILL);
	while (process_read(pid, &process) && !process_is_gone(&process))
		sched_yield();
}

/* False when it is not there. */
static bool find_row(const struct picker_rows *rows, pid_t pid, struct picker_row *row)
{
	for (size_t i = 0; i < rows->len; i++)
		if (rows->at[i].pid == pid) {
			*row = rows->at[i];
			return true;
		}
	return false;
}

static void finds_by_name(void **state)
{
	struct pid_list found = { 0 };
	char name[16];
	pid_t first, second;

	(void)state;
	/* Other runs of this test have other names. */
	snprintf(name, sizeof name, "tp %d)", (int)getpid());
	chooser_find(name, &found);
	assert_int_equal(found.len, 0);
	first = start_other(name);
	second = start_other(name);
	chooser_find(name, &found);
	assert_int_equal(found.len, 2);
	assert_true(pid_list_has(&found, first));
	assert_true(pid_list_has(&found, second));
	/* A part of a name is not the name. */
	found.len = 0;
	name[strlen(name) - 1] = '\0';
	chooser_find(name, &found);
	assert_int_equal(found.len, 0);
	/* By the name of the file: theirs is ours. */
	chooser_find("test_chooser", &found);
	assert_true(pid_list_has(&found, first));
	assert_false(pid_list_has(&found, getpid()));
	end_other(first);
	end_other(second);
	array_release(&found);
}

static void looks(void **state)
{
	struct chooser chooser = { 0 };
	struct picker_row row = { 0 };
	pid_t pid;

	(void)state;
	pid = start_other("tp-looked-at");
	assert_true(find_row(chooser_look(&chooser), pid, &row));
	assert_string_equal(row.name, "tp-looked-at");
	assert_int_equal(row.threads, 1);
	assert_true(row.cpu == PICKER_CPU_UNKNOWN);
	assert_string_equal(row.access, row.allowed ? "yours" : "needs root");
	assert_false(find_row(&chooser.rows, getpid(), &row));
	/* Known now: it used something or nothing. */
	assert_true(find_row(chooser_look(&chooser), pid, &row));
	assert_true(row.cpu != PICKER_CPU_UNKNOWN);
	end_other(pid);
	assert_false(find_row(chooser_look(&chooser), pid, &row));
	chooser_release(&chooser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
