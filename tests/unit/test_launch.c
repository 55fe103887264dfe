#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "source/launch.h"

/* A terminal of the test's own, standing in for that of a person, at standard input. */
struct fixture {
	int master, slave, saved;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	struct winsize size = { .ws_row = 33, .ws_col = 77 };
	struct termios raw;

	if (openpty(&fixture.master, &fixture.slave, NULL, NULL, &size))
		return -1;
	fcntl(fixture.master, F_SETFD, FD_CLOEXEC);
	fcntl(fixture.slave, F_SETFD, FD_CLOEXEC);
	/* As our own screen leaves it. */
	tcgetattr(fixture.slave, &raw);
	cfmakeraw(&raw);
	raw.c_cc[VINTR] = 'x';
	tcsetattr(fixture.slave, TCSANOW, &raw);
	fixture.saved = fcntl(0, F_DUPFD_CLOEXEC, 3);
	dup2(fixture.slave, 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	unsetenv("SUDO_COMMAND");
	unsetenv("MAIL");
	/* A directory there that may not be searched would answer EACCES. */
	setenv("PATH", "/usr/bin:/bin", 1);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	dup2(fixture->saved, 0);
	close(fixture->saved);
	close(fixture->slave);
	close(fixture->master);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	unsetenv("SUDO_COMMAND");
	unsetenv("MAIL");
	return 0;
}

static void prepare(struct launch *launch, const struct fixture *fixture, char **command)
{
	struct launch_options options = {
		.command = command,
		.pty = fixture != NULL,
		.terminal = fixture ? fixture->slave : -1,
	};
	struct error error = { 0 };

	if (!launch_prepare(launch, &options, &error))
		fail_msg("%s", error.text);
}

static void go(struct launch *launch)
{
	struct error error = { 0 };

	if (!launch_go(launch, &error))
		fail_msg("%s", error.text);
}

/* The next change of the child's state: what a poll sees after SIGCHLD. */
static void wait_for_change(struct launch *launch)
{
	siginfo_t info;

	waitid(P_PID, (id_t)launch->pid, &info, WEXITED | WSTOPPED | WCONTINUED | WNOWAIT);
	launch_poll(launch);
}

static void wait_for_end(struct launch *launch)
{
	while (!launch->exited)
		wait_for_change(launch);
}

/* All that the program wrote to its terminal, until it closed it. */
static void read_pty(const struct launch *launch, struct strbuf *out)
{
	struct pollfd fd = { .fd = launch->pty, .events = POLLIN };
	char part[1000];
	ssize_t got;

	while (poll(&fd, 1, 10000) > 0) {
		got = read(launch->pty, part, sizeof part);
		if (got <= 0)
			return;
		strbuf_add(out, part, (size_t)got);
	}
	fail_msg("the program does not end: \"%s\"", out->text);
}

/* Run a shell script with its terminal at descriptors 0 and 9; what it writes there. */
static void run_on_pty(const struct fixture *fixture, const char *script, struct strbuf *out)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
			    (char[]){ "exec 9>&0; eval \"$0\"" }, strdup(script), NULL };
	struct launch launch;

	prepare(&launch, fixture, command);
	assert_true(launch.pty >= 0);
	go(&launch);
	read_pty(&launch, out);
	wait_for_end(&launch);
	launch_close(&launch);
	free(command[3]);
}

static void test_status(void **state)
{
	static const struct {
		const char *script;
		int code, signal;
	} rows[] = {
		{ "exit 0", 0, 0 },
		{ "exit 42", 42, 0 },
		{ "kill -KILL $$", 0, SIGKILL },
		{ "kill -TERM $$", 0, SIGTERM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *command[] = { (char[]){ "sh" }, (char[]){ "-c" }, strdup(rows[i].script),
				    NULL };
		struct launch launch;

		prepare(&launch, NULL, command);
		assert_int_equal(launch.pty, -1);
		go(&launch);
		wait_for_end(&launch);
		if (rows[i].signal)
			assert_int_equal(WTERMSIG(launch.status), rows[i].signal);
		else
			assert_int_equal(WEXITSTATUS(launch.status), rows[i].code);
		launch_close(&launch);
		free(command[2]);
	}
}

static void test_cannot_run(void **state)
{
	static const struct {
		const char *program;
		int code;
	} rows[] = {
		{ "/no/such/program", ENOENT },
		{ "no-such-program-anywhere", ENOENT },
		{ "/etc/passwd", EACCES },
		{ "/etc", EACCES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *command[] = { strdup(rows[i].program), NULL };
		struct error error = { 0 };
		struct launch launch;

		prepare(&launch, NULL, command);
		assert_false(launch_go(&launch, &error));
		assert_int_equal(error.code, rows[i].code);
		assert_non_null(strstr(error.text, rows[i].program));
		assert_true(launch.exited);
		launch_close(&launch);
		free(command[0]);
	}
}

static void test_held_until_go(void **state)
{
	char *command[] = { (char[]){ "true" }, NULL };
	char ours[64], link[64], theirs[64];
	struct launch launch;
	ssize_t len;

	(void)state;
	prepare(&launch, NULL, command);
	snprintf(link, sizeof link, "/proc/%d/exe", launch.pid);
	len = readlink("/proc/self/exe", ours, sizeof ours);
	assert_int_equal(readlink(link, theirs, sizeof theirs), len);
	assert_memory_equal(ours, theirs, (size_t)len);
	/* Never let go, it ends and is not left behind. */
	launch_close(&launch);
	assert_int_equal(kill(launch.pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void test_terminal(void **state)
{
	static const struct {
		const char *script, *output;
	} rows[] = {
		{ "test -t 0 && test ! -t 1 && echo yes >&9", "yes\r\n" },
		{ "stty size >&9", "33 77\r\n" },
		{ "cut -d ' ' -f 5,6,8 /proc/$$/stat | tr ' ' '\\n' | sort -u | grep -c . >&9",
		  "1\r\n" },
		{ "echo to its name > $(tty)", "to its name\r\n" },
		{ "for mode in icanon isig echo opost onlcr icrnl; do "
		  "stty -a | tr -s ' ;' '\\n' | grep -qx $mode || echo no $mode >&9; done; "
		  "stty -a | grep -o 'intr = x' >&9", "intr = x\r\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct strbuf out = STRBUF_INIT;

		run_on_pty(*state, rows[i].script, &out);
		assert_string_equal(out.text, rows[i].output);
		strbuf_release(&out);
	}
}

/* As make hands its jobs a pipe, and nohup an ignored signal. */
static void test_signals_and_descriptors_pass_through(void **state)
{
	struct strbuf out = STRBUF_INIT;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old, old_hup;
	sigset_t set, saved;
	int given = fcntl(2, F_DUPFD, 50);
	unsigned long long ignored;
	char name[16];

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, &saved);
	sigaction(SIGPIPE, &ignore, &old);
	sigaction(SIGHUP, &ignore, &old_hup);
	run_on_pty(*state, "grep -hE 'Sig(Blk|Ign)' /proc/self/status >&9; ls -1 /proc/$$/fd >&9",
		   &out);
	sigaction(SIGPIPE, &old, NULL);
	sigaction(SIGHUP, &old_hup, NULL);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	close(given);
	/* A shell may keep copies of its own from 10 on, never ours. */
	assert_non_null(strstr(out.text, "SigBlk:\t0000000000000000"));
	/* More may be ignored where the tests run. */
	ignored = strtoull(strstr(out.text, "SigIgn:") + 7, NULL, 16);
	assert_true(ignored & 1u << (SIGHUP - 1));
	assert_false(ignored & 1u << (SIGPIPE - 1));
	snprintf(name, sizeof name, "\n%d\r", given);
	assert_non_null(strstr(out.text, name));
	for (int fd = 3; fd < 9; fd++) {
		snprintf(name, sizeof name, "\n%d\r", fd);
		if (strstr(out.text, name))
			fail_msg("descriptor %d is open in the program: %s", fd, out.text);
	}
	strbuf_release(&out);
}

static void test_stop_and_continue(void **state)
{
	char *command[] = { (char[]){ "cat" }, NULL };
	struct launch launch;

	prepare(&launch, *state, command);
	go(&launch);
	launch_signal(&launch, SIGSTOP);
	wait_for_change(&launch);
	assert_true(launch.stopped);
	assert_false(launch.exited);
	launch_signal(&launch, SIGCONT);
	wait_for_change(&launch);
	assert_false(launch.stopped);
	launch_signal(&launch, SIGINT);
	wait_for_end(&launch);
	assert_int_equal(WTERMSIG(launch.status), SIGINT);
	/* To nobody. */
	launch_signal(&launch, SIGKILL);
	launch_close(&launch);
}

/* A program that is stopped still ends when told to. */
static void test_stopped_can_be_ended(void **state)
{
	char *command[] = { (char[]){ "cat" }, NULL };
	struct launch launch;

	prepare(&launch, *state, command);
	go(&launch);
	launch_signal(&launch, SIGSTOP);
	while (!launch.stopped)
		wait_for_change(&launch);
	launch_signal(&launch, SIGTERM);
	wait_for_end(&launch);
	assert_int_equal(WTERMSIG(launch.status), SIGTERM);
	launch_close(&launch);
}

static bool is_sleep(pid_t pid)
{
	struct strbuf name = STRBUF_INIT;
	struct error ignored;
	char path[64];
	bool is;

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	is = pid > 0 && file_read(path, 64, &name, &ignored) && !strcmp(name.text, "sleep\n");
	strbuf_release(&name);
	return is;
}

/* The job in front is in a group of its own, and not all there is to end. */
static void test_end_reaches_shell_and_job(void **state)
{
	char *command[] = { (char[]){ "bash" }, (char[]){ "--norc" }, (char[]){ "-ic" },
			    (char[]){ "exec >/dev/null 2>&1; sleep 100; sleep 100" }, NULL };
	struct fixture *fixture = *state;
	struct launch launch;

	prepare(&launch, fixture, command);
	go(&launch);
	while (!is_sleep(tcgetpgrp(launch.pty)))
		usleep(1000);
	launch_signal(&launch, SIGHUP);
	wait_for_end(&launch);
	launch_close(&launch);
}

/* One that reads its terminal may see the end of that first. */
static void test_hang_up(void **state)
{
	char *command[] = { (char[]){ "sleep" }, (char[]){ "100" }, NULL };
	struct launch launch;

	/* Whoever runs the tests by nohup has it ignored, and so has the program. */
	signal(SIGHUP, SIG_DFL);
	prepare(&launch, *state, command);
	go(&launch);
	launch_close(&launch);
	wait_for_end(&launch);
	assert_true(WIFSIGNALED(launch.status));
	assert_int_equal(WTERMSIG(launch.status), SIGHUP);
}

static void test_resize(void **state)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "stty size >&0" }, NULL };
	struct strbuf out = STRBUF_INIT;
	struct launch launch;

	prepare(&launch, *state, command);
	launch_resize(&launch, 0, 0);
	launch_resize(&launch, 101, 31);
	launch_resize(&launch, -1, 12);
	go(&launch);
	read_pty(&launch, &out);
	assert_string_equal(out.text, "31 101\r\n");
	wait_for_end(&launch);
	launch_close(&launch);
	strbuf_release(&out);
}

static void test_stdout_to_stderr(void **state)
{
	char *command[] = { (char[]){ "echo" }, (char[]){ "aside" }, NULL };
	struct launch_options options = { .command = command, .stdout_to_stderr = true,
					  .terminal = -1 };
	struct error error = { 0 };
	struct launch launch;
	char text[10];
	int fd[2], saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
	bool ok;

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	dup2(fd[1], 2);
	ok = launch_prepare(&launch, &options, &error) && launch_go(&launch, &error);
	dup2(saved, 2);
	close(saved);
	close(fd[1]);
	assert_true(ok);
	assert_int_equal(read(fd[0], text, sizeof text), 6);
	assert_memory_equal(text, "aside\n", 6);
	close(fd[0]);
	wait_for_end(&launch);
	launch_close(&launch);
}

/* Never more than the rights of the person who typed sudo. */
static void test_sudo(void **state)
{
	struct strbuf out = STRBUF_INIT;

	if (geteuid())
		skip();
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	setenv("SUDO_COMMAND", "tprof -- sh", 1);
	setenv("MAIL", "/var/mail/root", 1);
	run_on_pty(*state,
		   "id -u >&9; id -ru >&9; id -g >&9; id -G >&9; echo $HOME $USER $LOGNAME >&9;"
		   "grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status | tr -s '\\t\\n' '  ' >&9;"
		   "env | grep -E '^(SUDO_|MAIL=)' >&9; echo mine > $(tty)", &out);
	assert_string_equal(out.text, "65534\r\n65534\r\n65534\r\n65534\r\n"
			    "/nonexistent nobody nobody\r\n"
			    "CapInh: 0000000000000000 CapPrm: 0000000000000000 "
			    "CapEff: 0000000000000000 CapAmb: 0000000000000000 mine\r\n");
	strbuf_release(&out);
}

static void test_sudo_variables_must_be_numbers(void **state)
{
	static const char *const rows[] = { "", "nobody", "-1", "1x", "4294967295",
					    "99999999999999999999" };
	char *command[] = { (char[]){ "true" }, NULL };
	struct launch_options options = { .command = command, .terminal = -1 };

	(void)state;
	if (geteuid())
		skip();
	setenv("SUDO_GID", "65534", 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = { 0 };
		struct launch launch;

		setenv("SUDO_UID", rows[i], 1);
		assert_false(launch_prepare(&launch, &options, &error));
		assert_non_null(strstr(error.text, "SUDO_UID"));
	}
}

/* A reader, a line editor and one that does neither. */
static void test_waits_for_input(void **state)
{
	static const struct {
		const char *script;
		bool waits;
	} rows[] = {
		{ "exec cat", true },
		{ "exec cat <&9", true },
		{ "exec sleep 1000", false },
		{ "exec cat /dev/zero >/dev/null", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
				    (char[]){ "exec 9>&0; eval \"$0\"" }, strdup(rows[i].script),
				    NULL };
		struct launch launch;
		int tries = 0;

		prepare(&launch, *state, command);
		go(&launch);
		/* It takes a moment to get there; what never waits is looked at for as long. */
		while (!launch_waits_for_input(&launch, launch.pid) && tries++ < 200)
			poll(NULL, 0, rows[i].waits ? 50 : 1);
		assert_int_equal(tries < 200, rows[i].waits);
		kill(launch.pid, SIGKILL);
		wait_for_end(&launch);
		assert_false(launch_waits_for_input(&launch, launch.pid));
		launch_close(&launch);
		free(command[3]);
	}
}

static void test_redraw(void **state)
{
	struct strbuf out = STRBUF_INIT;
	struct launch launch;
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "trap 'stty size; test \"$(stty size)\" = \"33 77\" && exit' WINCH;"
			  "exec 2>&0 >&0; echo ready; while :; do sleep 0.01; done" }, NULL };
	char byte;

	prepare(&launch, *state, command);
	go(&launch);
	do {
		struct pollfd fd = { .fd = launch.pty, .events = POLLIN };

		assert_int_equal(poll(&fd, 1, 10000), 1);
		assert_int_equal(read(launch.pty, &byte, 1), 1);
	} while (byte != '\n');
	launch_redraw(&launch);
	read_pty(&launch, &out);
	wait_for_end(&launch);
	/* As large as before, and it was told. */
	assert_non_null(strstr(out.text, "33 77"));
	strbuf_release(&out);
	launch_close(&launch);
}

/* The program can go on writing to its terminal, and what it writes gets to the file. */
static void test_leave(void **state)
{
	char directory[] = "/tmp/tprof-test-XXXXXX", path[64], text[16] = "";
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "exec 9>&0; read x <$0/go; echo $x >&9 && echo written >$0/end" },
		directory, NULL };
	struct launch launch;
	int log, fifo;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/go", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof path, "%s/log", directory);
	log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	prepare(&launch, *state, command);
	go(&launch);
	launch_leave(&launch, log);
	assert_int_equal(launch.pty, -1);
	snprintf(path, sizeof path, "%s/go", directory);
	fifo = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fifo, "hello\n", 6), 6);
	close(fifo);
	wait_for_end(&launch);
	assert_true(WIFEXITED(launch.status) && !WEXITSTATUS(launch.status));
	for (int i = 0; i < 200 && pread(log, text, sizeof text - 1, 0) < 7; i++)
		poll(NULL, 0, 50);
	assert_string_equal(text, "hello\r\n");
	close(log);
	unlink(path);
	snprintf(path, sizeof path, "%s/end", directory);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof path, "%s/log", directory);
	unlink(path);
	rmdir(directory);
}

static char state_of(pid_t pid)
{
	char path[32], text[256] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strrchr(text, ')') ? strrchr(text, ')')[2] : '-';
}

static void wait_for_state(pid_t pid, char state)
{
	for (int i = 0; i < 400 && state_of(pid) != state; i++)
		poll(NULL, 0, 25);
	assert_int_equal(state_of(pid), state);
}

/* What is stopped at its exec goes on when it is let, and is not seen to have stopped. */
static void test_held_at_exec(void **state)
{
	char *command[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
	struct launch launch;
	struct error error = { 0 };

	prepare(&launch, *state, command);
	assert_true(launch_hold(&launch, &error));
	assert_true(launch_go(&launch, &error));
	/* Too early: it has not stopped yet. */
	launch_release(&launch);
	assert_true(launch.held);
	kill(launch.pid, SIGSTOP);
	wait_for_state(launch.pid, 'T');
	for (int i = 0; i < 400 && launch.held; i++) {
		launch_release(&launch);
		poll(NULL, 0, 5);
	}
	assert_false(launch.held);
	assert_false(launch.stopped);
	assert_int_equal(launch.guard, 0);
	wait_for_state(launch.pid, 'S');
	launch_signal(&launch, SIGTERM);
	wait_for_end(&launch);
	launch_close(&launch);
}

static void test_held_fails_to_exec(void **state)
{
	char *command[] = { (char[]){ "/nonexistent" }, NULL };
	struct launch launch;
	struct error error = { 0 };

	prepare(&launch, *state, command);
	assert_true(launch_hold(&launch, &error));
	assert_false(launch_go(&launch, &error));
	assert_int_equal(error.code, ENOENT);
	assert_false(launch.held);
	assert_int_equal(launch.guard, 0);
	launch_close(&launch);
}

/* A tprof that is killed while its program is held. */
static void test_guard(void **state)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 7" }, NULL };
	int told[2], status;
	pid_t tprof, pid;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	tprof = fork();
	if (!tprof) {
		struct launch_options options = { .command = command, .terminal = -1 };
		struct launch launch;
		struct error error;

		if (!launch_prepare(&launch, &options, &error) || !launch_hold(&launch, &error))
			_exit(1);
		/* Stops at once when it is told to go, and its end can be seen by nobody. */
		kill(launch.pid, SIGSTOP);
		if (write(launch.go, "", 1) < 0 ||
		    write(told[1], &launch.pid, sizeof launch.pid) < 0)
			_exit(1);
		poll(NULL, 0, -1);
	}
	assert_int_equal(read(told[0], &pid, sizeof pid), sizeof pid);
	wait_for_state(pid, 'T');
	kill(tprof, SIGKILL);
	assert_int_equal(waitpid(tprof, &status, 0), tprof);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	/* The guard. */
	while (waitpid(-1, &status, 0) > 0)
		continue;
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(told[0]);
	close(told[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_cannot_run),
		TEST(test_held_until_go),
		TEST(test_held_at_exec),
		TEST(test_held_fails_to_exec),
		TEST(test_guard),
		TEST(test_terminal),
		TEST(test_signals_and_descriptors_pass_through),
		TEST(test_stop_and_continue),
		TEST(test_stopped_can_be_ended),
		TEST(test_end_reaches_shell_and_job),
		TEST(test_hang_up),
		TEST(test_resize),
		TEST(test_stdout_to_stderr),
		TEST(test_waits_for_input),
		TEST(test_redraw),
		TEST(test_leave),
		TEST(test_sudo),
		TEST(test_sudo_variables_must_be_numbers),
	};

	/* Ignored in the background of a shell, and so by what we launch. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
