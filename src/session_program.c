#include "session_private.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"

/* The launched program and its terminal, for the thread that is not the reader. */

enum { REPLAYED = 64 << 10 };

static const uint64_t millisecond = 1000000u;

bool session_program_runs(struct session *session)
{
	bool runs;

	session_lock(session);
	runs = session->launched && !session->launch.exited;
	session_unlock(session);
	return runs;
}

void session_signal(struct session *session, int signal)
{
	session_lock(session);
	if (session->launched && !session->launch.exited)
		launch_signal(&session->launch, signal);
	session_unlock(session);
}

void session_resize(struct session *session, int width, int height)
{
	session_lock(session);
	if (session->launched)
		launch_resize(&session->launch, width, height);
	session_unlock(session);
}

void session_end_program(struct session *session)
{
	struct pollfd fd = { .fd = session->program_fd, .events = POLLIN };

	if (!session_program_runs(session) || session->detached)
		return;
	session_signal(session, SIGTERM);
	session_signal(session, SIGHUP);
	/* Stopped, it would not know. */
	session_signal(session, SIGCONT);
	if (poll(&fd, 1, 1000) <= 0 && session->killing)
		session_signal(session, SIGKILL);
}

void session_kill_program(struct session *session)
{
	session->killing = true;
}

pid_t session_detached(struct session *session)
{
	return session->detached && session_program_runs(session) ? session->launch.pid : 0;
}

void session_detach(struct session *session)
{
	session_lock(session);
	session->detached = true;
	session_unlock(session);
}

const struct tail *session_output(const struct session *session)
{
	return session->launched && session->launch.pty >= 0 ? &session->output.tail : NULL;
}

static void lend(struct session *session, bool on)
{
	session_lock(session);
	session->lent = on;
	session_say(session->wake);
	while (session->borrowed != on)
		pthread_cond_wait(&session->seen, &session->lock);
	session_unlock(session);
}

int session_borrow_terminal(struct session *session)
{
	if (!session_output(session) || !session->reading)
		return -1;
	lend(session, true);
	return session->launch.pty;
}

void session_take_output(struct session *session, const char *bytes, size_t len)
{
	output_add(&session->output, bytes, len);
	session_lock(session);
	output_keep(&session->output);
	session_unlock(session);
}

void session_return_terminal(struct session *session)
{
	lend(session, false);
}

void session_redraw_program(struct session *session)
{
	launch_redraw(&session->launch);
}

void session_replay_output(struct session *session, int fd)
{
	uint64_t until = clock_now() + 200 * millisecond;

	if (!session->launched || session->launch.pty < 0)
		return;
	session_stop_reading(session);
	/* A grandchild may hold the terminal open for ever: the end is not waited for. */
	while (!session->output.ended && clock_now() < until) {
		struct pollfd pty = { .fd = session->launch.pty, .events = POLLIN };

		if (poll(&pty, 1, 20) <= 0 && session->launch.exited)
			break;
		output_drain(&session->output, session->launch.pty, 4 * millisecond);
		output_keep(&session->output);
	}
	output_keep(&session->output);
	output_replay(&session->output, fd, REPLAYED);
}

int session_exit_status(struct session *session)
{
	const struct launch *launch = &session->launch;
	int status = 0;

	session_lock(session);
	if (session->launched && launch->exited && !session->cut_short)
		status = WIFSIGNALED(launch->status) ? -WTERMSIG(launch->status) :
			WEXITSTATUS(launch->status);
	session_unlock(session);
	return status;
}
