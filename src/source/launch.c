#include "source/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "source/runner.h"

/* All that the child needs, made before the fork: it may not allocate. */
struct start {
	char **command;
	struct runner runner;
	int slave;		/* -1: no pty */
	bool terminal[3];	/* these descriptors become the pty */
	bool stdout_to_stderr;
	int go, failed;
};

static bool take_descriptors(const struct start *start)
{
	if (start->slave >= 0) {
		if (setsid() < 0 || ioctl(start->slave, TIOCSCTTY, 0))
			return false;
		for (int fd = 0; fd < 3; fd++)
			if (start->terminal[fd] && dup2(start->slave, fd) < 0)
				return false;
	}
	if (start->stdout_to_stderr && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return false;
	return true;
}

/* A signal that tprof itself ignores; the others were ignored before us, as by nohup. */
static bool is_ignored_by_us(int signal)
{
	return signal == SIGPIPE || signal == SIGXFSZ || signal == SIGTTOU;
}

static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL }, old;
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (is_ignored_by_us(i) || sigaction(i, NULL, &old) || old.sa_handler != SIG_IGN)
			sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool told_to_go(int fd)
{
	char byte;
	ssize_t got;

	do
		got = read(fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

static void child_run(const struct start *start)
{
	int code;

	reset_signals();
	if (take_descriptors(start) && runner_become(&start->runner)) {
		/* Held here until the events that count it are open. */
		if (!told_to_go(start->go))
			_exit(125);
		execvpe(start->command[0], start->command, start->runner.environment.at);
	}
	code = errno;
	if (write(start->failed, &code, sizeof code) < 0)
		_exit(125);
	_exit(code == ENOENT ? 127 : 126);
}

/*
 * Modes for a new terminal with the other's control characters.  The other
 * may have been put in raw mode for our screen.
 */
static bool cooked_modes(int terminal, struct termios *modes)
{
	if (terminal < 0 || tcgetattr(terminal, modes))
		return false;
	modes->c_iflag &= IUTF8;
	modes->c_iflag |= ICRNL | IXON | BRKINT;
	modes->c_oflag = OPOST | ONLCR;
	modes->c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
	modes->c_cflag |= CREAD | CS8;
	modes->c_cc[VMIN] = 1;
	modes->c_cc[VTIME] = 0;
	return true;
}

static bool open_pty(struct launch *launch, const struct launch_options *options,
		     struct start *start, struct error *error)
{
	const struct runner *runner = &start->runner;
	struct termios modes;
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	if (options->terminal >= 0)
		ioctl(options->terminal, TIOCGWINSZ, &size);
	if (openpty(&launch->pty, &start->slave, NULL,
		    cooked_modes(options->terminal, &modes) ? &modes : NULL, &size)) {
		launch->pty = start->slave = -1;
		return error_set(error, errno, "can't make a terminal for the command: %s",
				 strerror(errno));
	}
	fcntl(launch->pty, F_SETFD, FD_CLOEXEC);
	fcntl(start->slave, F_SETFD, FD_CLOEXEC);
	fcntl(launch->pty, F_SETFL, O_NONBLOCK);
	/* Its owner must be able to open it again as /dev/tty's name. */
	if (runner->change &&
	    (fchown(start->slave, runner->uid, (gid_t)-1) || fchmod(start->slave, 0620)))
		return error_set(error, errno, "can't give the command its terminal: %s",
				 strerror(errno));
	return true;
}

static bool open_pipes(int go[2], int failed[2], struct error *error)
{
	if (pipe2(go, O_CLOEXEC))
		return error_set(error, errno, "can't make a pipe: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC)) {
		error_set(error, errno, "can't make a pipe: %s", strerror(errno));
		close(go[0]);
		close(go[1]);
		return false;
	}
	return true;
}

static bool start_child(struct launch *launch, struct start *start, struct error *error)
{
	int go[2], failed[2];

	if (!open_pipes(go, failed, error))
		return false;
	start->go = go[0];
	start->failed = failed[1];
	launch->go = go[1];
	launch->failed = failed[0];
	launch->pid = fork();
	if (!launch->pid) {
		/* Else the end of tprof would not be seen here. */
		close(launch->go);
		child_run(start);
	}
	close(go[0]);
	close(failed[1]);
	if (launch->pid < 0) {
		launch->pid = 0;
		return error_set(error, errno, "can't start a process: %s", strerror(errno));
	}
#ifdef SYS_pidfd_open
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0u);
#endif
	return true;
}

bool launch_prepare(struct launch *launch, const struct launch_options *options,
		    struct error *error)
{
	struct start start = {
		.command = options->command,
		.slave = -1,
		.stdout_to_stderr = options->stdout_to_stderr,
	};
	bool any = false, ok = false;

	*launch = (struct launch){ .pidfd = -1, .pty = -1, .go = -1, .failed = -1,
				   .program = options->command[0] };
	for (int fd = 0; fd < 3; fd++) {
		start.terminal[fd] = options->pty && isatty(fd);
		any |= start.terminal[fd];
	}
	/* Ignored by whoever started us, it would take away the exit status. */
	signal(SIGCHLD, SIG_DFL);
	if (!runner_init(&start.runner, error))
		goto out;
	if (any && !open_pty(launch, options, &start, error))
		goto out;
	ok = start_child(launch, &start, error);
out:
	if (start.slave >= 0)
		close(start.slave);
	runner_release(&start.runner);
	if (!ok)
		launch_close(launch);
	return ok;
}

static void close_once(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Waits for the end; only for a child that is about to end. */
static void reap(struct launch *launch)
{
	pid_t got;

	do
		got = waitpid(launch->pid, &launch->status, 0);
	while (got < 0 && errno == EINTR);
	launch->exited = true;
}

static void wait_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/*
 * The stop may be on its way still when tprof ends: a signal to go on that
 * comes before it would be none.
 */
static void guard_run(int pipe, pid_t pid)
{
	static const long pauses[] = { 0, 5, 50, 500 };
	struct pollfd fd = { .fd = 3, .events = POLLIN };

	/* The pipe that holds the program before its exec, among others, must end with us. */
	dup2(pipe, 3);
	for (int i = 0; i < 3; i++)
		close(i);
#ifdef SYS_close_range
	syscall(SYS_close_range, 4u, UINT32_MAX, 0u);
#endif
	for (int i = 4; i < 1024; i++)
		close(i);
	setsid();
	prctl(PR_SET_NAME, "tprof-guard");
	while (poll(&fd, 1, -1) <= 0)
		continue;
	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
		wait_ms(pauses[i]);
		kill(pid, SIGCONT);
	}
	_exit(0);
}

bool launch_hold(struct launch *launch, struct error *error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return error_set(error, errno, "can't make a pipe: %s", strerror(errno));
	launch->guard = fork();
	if (!launch->guard)
		guard_run(ends[0], launch->pid);
	close(ends[0]);
	if (launch->guard < 0) {
		launch->guard = 0;
		close(ends[1]);
		return error_set(error, errno, "can't start a process: %s", strerror(errno));
	}
	launch->guard_pipe = ends[1];
	launch->held = true;
	return true;
}

/* Nothing to watch over any more. */
static void dismiss_guard(struct launch *launch)
{
	launch->held = false;
	if (!launch->guard)
		return;
	kill(launch->guard, SIGKILL);
	while (waitpid(launch->guard, NULL, 0) < 0 && errno == EINTR)
		continue;
	launch->guard = 0;
	close_once(&launch->guard_pipe);
}

void launch_release(struct launch *launch)
{
	if (!launch->held)
		return;
	launch_poll(launch);
	if (!launch->exited && !launch->stopped)
		return;
	if (!launch->exited)
		kill(launch->pid, SIGCONT);
	launch->stopped = false;
	dismiss_guard(launch);
}

/* A child that is gone must not cost us our life by SIGPIPE. */
static void tell_to_go(int fd)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	ssize_t put;

	sigaction(SIGPIPE, &ignore, &old);
	do
		put = write(fd, "", 1);
	while (put < 0 && errno == EINTR);
	sigaction(SIGPIPE, &old, NULL);
}

bool launch_go(struct launch *launch, struct error *error)
{
	int code = 0;
	ssize_t got;

	/* Fails when the child did before it got here; why is read below. */
	tell_to_go(launch->go);
	close_once(&launch->go);
	do
		got = read(launch->failed, &code, sizeof code);
	while (got < 0 && errno == EINTR);
	close_once(&launch->failed);
	/* The exec closed the pipe: nothing to read. */
	if (got != sizeof code)
		return true;
	dismiss_guard(launch);
	reap(launch);
	return error_set(error, code, "can't run %s: %s",
			 *launch->program ? launch->program : "\"\"", strerror(code));
}

void launch_poll(struct launch *launch)
{
	int status;
	pid_t got;

	if (!launch->pid || launch->exited)
		return;
	while ((got = waitpid(launch->pid, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
		launch->stopped = WIFSTOPPED(status);
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			launch->exited = true;
			launch->status = status;
			return;
		}
	}
	/* Someone else reaped it: it is gone, and nobody knows how. */
	if (got < 0 && errno == ECHILD)
		launch->exited = true;
}

/* What is stopped can't end before it goes on. */
static void send_signal(pid_t to, int signal)
{
	kill(to, signal);
	if (signal == SIGTERM || signal == SIGHUP)
		kill(to, SIGCONT);
}

void launch_signal(struct launch *launch, int signal)
{
	pid_t group;

	if (!launch->pid || launch->exited)
		return;
	group = launch->pty >= 0 ? tcgetpgrp(launch->pty) : 0;
	/*
	 * Not reaped, so the number is still its own.  A shell is not in the
	 * group of its job, and would start the next one if that ended first.
	 */
	if (group <= 1 || (group != launch->pid && (signal == SIGTERM || signal == SIGHUP)))
		send_signal(launch->pid, signal);
	if (group > 1)
		send_signal(-group, signal);
}

void launch_resize(struct launch *launch, int width, int height)
{
	struct winsize size = { 0 };

	if (launch->pty < 0 || width <= 0 || height <= 0)
		return;
	size.ws_col = width < UINT16_MAX ? (unsigned short)width : UINT16_MAX;
	size.ws_row = height < UINT16_MAX ? (unsigned short)height : UINT16_MAX;
	ioctl(launch->pty, TIOCSWINSZ, &size);
}

void launch_redraw(struct launch *launch)
{
	static const struct timespec moment = { 0, 30000000 };
	struct winsize size, smaller;

	if (launch->pty < 0 || ioctl(launch->pty, TIOCGWINSZ, &size) || size.ws_row < 2)
		return;
	smaller = size;
	smaller.ws_row--;
	ioctl(launch->pty, TIOCSWINSZ, &smaller);
	/* Time to see the one size before the other comes. */
	nanosleep(&moment, NULL);
	ioctl(launch->pty, TIOCSWINSZ, &size);
}

static bool is_its_terminal(const struct launch *launch, pid_t pid, int fd)
{
	char path[64], name[64], target[64];
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
	len = readlink(path, target, sizeof target - 1);
	if (len < 0 || ptsname_r(launch->pty, name, sizeof name))
		return false;
	target[len] = '\0';
	return !strcmp(target, name) || !strcmp(target, "/dev/tty");
}

bool launch_waits_for_input(const struct launch *launch, pid_t pid)
{
	unsigned long number, first;
	char path[64], text[128];
	ssize_t len;
	int fd;

	if (launch->pty < 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof text - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	if (sscanf(text, "%lu %lx", &number, &first) != 2)
		return false;
	if (number == SYS_read)
		return first < 1024 && is_its_terminal(launch, pid, (int)first);
	/* Line editors wait for descriptor 0 alone. */
#ifdef SYS_select
	if (number == SYS_select && first == 1)
		return is_its_terminal(launch, pid, 0);
#endif
	return number == SYS_pselect6 && first == 1 && is_its_terminal(launch, pid, 0);
}

/* Nothing of tprof but the terminal and the file; false if that can't be had. */
static bool become_keeper(const struct launch *launch, int file)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ, SIGTSTP };
	struct runner runner;
	struct error error;
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pty = fcntl(launch->pty, F_DUPFD_CLOEXEC, 16);
	int log = fcntl(file >= 0 ? file : nowhere, F_DUPFD_CLOEXEC, 17);

	if (nowhere < 0 || pty < 0 || log < 0)
		return false;
	reset_signals();
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		dup2(nowhere, fd);
	dup2(pty, 3);
	dup2(log, 4);
	for (int fd = 5; fd < 1024; fd++)
		close(fd);
	setsid();
	prctl(PR_SET_NAME, "tprof-keeper");
	return !chdir("/") && runner_init(&runner, &error) && runner_become(&runner);
}

/* A file that can't be written any more ends the writing, not the reading. */
static void keep_terminal(int pty, int file)
{
	struct pollfd fd = { .fd = pty, .events = POLLIN };
	char part[16384];

	for (;;) {
		ssize_t got = read(pty, part, sizeof part);

		if (got > 0 && file >= 0 && write(file, part, (size_t)got) < 0)
			file = -1;
		if (got > 0 || (got < 0 && errno == EINTR))
			continue;
		if (!got || errno != EAGAIN)
			return;
		poll(&fd, 1, -1);
	}
}

void launch_leave(struct launch *launch, int file)
{
	if (launch->pid && !launch->exited && launch->pty >= 0 && !fork()) {
		if (become_keeper(launch, file))
			keep_terminal(3, 4);
		_exit(0);
	}
	launch_close(launch);
}

void launch_close(struct launch *launch)
{
	bool held = launch->go >= 0;

	close_once(&launch->go);
	if (held && launch->pid && !launch->exited)
		reap(launch);
	close_once(&launch->failed);
	close_once(&launch->pty);
	close_once(&launch->pidfd);
	/* The guard sees the end of its pipe, and lets the program go on. */
	if (launch->guard)
		close_once(&launch->guard_pipe);
}
