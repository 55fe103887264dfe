#include "ui/nanny.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody else's descriptor must stay open because of us. */
static void close_all_but(int a, int b)
{
	for (int fd = 0; fd < 1024; fd++)
		if (fd != a && fd != b)
			close(fd);
}

/* What was told last before all who could have told more were gone. */
static bool wait_for_end(int pipe)
{
	char last = 0, byte;
	ssize_t got;

	for (;;) {
		got = read(pipe, &byte, 1);
		if (got == 1)
			last = byte;
		else if (!got || errno != EINTR)
			return last != 0;
	}
}

/*
 * Signals of the keyboard do not count on our screen.  Where they do, the
 * shell has set the modes already; what the screen looks like it leaves.
 */
static bool is_ours(int terminal, const struct termios *before)
{
	struct termios now;

	return !tcgetattr(terminal, &now) && !(now.c_lflag & ISIG) && (before->c_lflag & ISIG);
}

static void watch(int pipe, int terminal, const struct termios *before, const char *text,
		  size_t len)
{
	/* A session of its own: no signal of the job reaches it. */
	setsid();
	prctl(PR_SET_NAME, "tprof-nanny");
	close_all_but(pipe, terminal);
	if (!wait_for_end(pipe))
		_exit(0);
	if (is_ours(terminal, before))
		tcsetattr(terminal, TCSANOW, before);
	_exit(write(terminal, text, len) < 0);
}

struct nanny nanny_start(int terminal, const struct termios *before, const char *text, size_t len)
{
	struct nanny nanny = { .pipe = -1 };
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC))
		return nanny;
	nanny.pid = fork();
	if (!nanny.pid)
		watch(pipes[0], terminal, before, text, len);
	close(pipes[0]);
	if (nanny.pid < 0)
		close(pipes[1]);
	else
		nanny.pipe = pipes[1];
	return nanny;
}

void nanny_tell(const struct nanny *nanny, bool needed)
{
	char byte = needed;

	if (nanny->pipe >= 0 && write(nanny->pipe, &byte, 1) < 0)
		return;
}

void nanny_dismiss(struct nanny *nanny)
{
	if (nanny->pipe < 0)
		return;
	nanny_tell(nanny, false);
	close(nanny->pipe);
	nanny->pipe = -1;
	/* Ends at once, unless a child of ours still holds the pipe: it may outlive us. */
	for (int i = 0; i < 20 && !waitpid(nanny->pid, NULL, WNOHANG); i++)
		poll(NULL, 0, 1);
}
