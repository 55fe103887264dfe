#include "session_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/text.h"
#include "resolve/code.h"
#include "source/perf_live.h"
#include "source/process_scan.h"

enum { IDLE_THREADS_MAX = 4096, PIDS_LOOKED_AT = 256, READERS_LOOKED_AT = 8 };

static const uint64_t millisecond = 1000000u, second = 1000000000u;

/* So long a program may wait at its exec for what is known of it. */
static const uint64_t held_at_most = 300000000u;

/* What we take beside the profile: rings, the screen, libraries.  Below the least --memory. */
static const uint64_t fixed_memory = 12u << 20;

/* The reader thread. */

void session_say(int eventfd_descriptor)
{
	uint64_t one = 1;

	/* Can only fail when the counter is full, and then it is readable. */
	if (write(eventfd_descriptor, &one, sizeof one) < 0)
		return;
}

static void reader_lock(struct session *session)
{
	static const struct timespec moment = { 0, 50000 };

	/* A mutex is not fair: without this a busy reader keeps the screen waiting. */
	while (atomic_load(&session->waiting))
		nanosleep(&moment, NULL);
	pthread_mutex_lock(&session->lock);
}

/* How long to wait for news, in milliseconds.  With the lock held. */
static int reader_pause(const struct session *session, bool more)
{
	bool early = clock_now() - session->started < second;

	if (more)
		return 0;
	if (session->launch.held)
		return 2;
	if (session->resolver && resolver_waiting(session->resolver))
		return 10;
	if (session->phase != PHASE_SAMPLING)
		return session->launched && !session->launch.exited ? 50 : 500;
	return early ? 10 : 100;
}

/* Only the reader changes what this asks. */
static bool reads_pty(const struct session *session)
{
	return session->launched && !session->output.ended && !session->borrowed;
}

/* One that has nothing more to give must not keep us busy: a CPU may have gone offline. */
static void rest_if_broken(const struct pollfd *fd, size_t count)
{
	static const struct timespec moment = { 0, 10000000 };

	for (size_t i = 0; i < count; i++)
		if (fd[i].revents && !(fd[i].revents & POLLIN)) {
			nanosleep(&moment, NULL);
			return;
		}
}

static void wait_for_work(struct session *session)
{
	static const int pty_at = 2, source_at = 5;
	struct pollfd fd[SOURCE_FDS_MAX + 5] = {
		{ .fd = session->wake, .events = POLLIN },
		{ .fd = session->resolver ? resolver_fd(session->resolver) : -1, .events = POLLIN },
		{ .fd = reads_pty(session) ? session->launch.pty : -1, .events = POLLIN },
		{ .fd = session->launched && !session->launch.exited ? session->launch.pidfd : -1,
		  .events = POLLIN },
		{ .fd = session->resolver ? resolver_rows_fd(session->resolver) : -1,
		  .events = POLLIN },
	};
	size_t count = source_at;
	uint64_t counter;

	if (session->source && session->source->ops->fds && session->phase == PHASE_SAMPLING)
		count += session->source->ops->fds(session->source, fd + count, SOURCE_FDS_MAX);
	if (poll(fd, count, session->pause) <= 0)
		return;
	rest_if_broken(fd + source_at, count - source_at);
	if (fd[0].revents && read(session->wake, &counter, sizeof counter) < 0)
		return;
	if (fd[pty_at].revents)
		output_drain(&session->output, session->launch.pty, 4 * millisecond);
}

static uint64_t cpu_of_process(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * second + (uint64_t)t.tv_nsec;
}

static uint64_t rss_of_process(pid_t pid)
{
	unsigned long long size, resident = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu %llu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Ourselves and the symbolizers. */
static size_t own_processes(const struct session *session, pid_t pid[3])
{
	size_t count = 0;

	pid[count++] = getpid();
	if (!session->resolver)
		return count;
	pid[count] = resolver_symbolizer_pid(session->resolver);
	count += pid[count] > 0;
	pid[count] = resolver_rows_pid(session->resolver);
	count += pid[count] > 0;
	return count;
}

static uint64_t own_cpu(const struct session *session)
{
	uint64_t cpu = 0;
	pid_t pid[3];

	for (size_t i = own_processes(session, pid); i-- > 0;)
		cpu += cpu_of_process(pid[i]);
	return cpu;
}

static uint64_t own_rss(const struct session *session)
{
	uint64_t rss = 0;
	pid_t pid[3];

	for (size_t i = own_processes(session, pid); i-- > 0;)
		rss += rss_of_process(pid[i]);
	return rss;
}

static void begin_overhead(struct session *session)
{
	struct overhead *o = &session->overhead;

	o->at = o->first_at = clock_now();
	o->cpu = o->first_cpu = own_cpu(session);
}

/* over: sampling is. */
static void look_at_ourselves(struct session *session, uint64_t now, bool over)
{
	struct overhead *o = &session->overhead;
	uint64_t cpu = own_cpu(session);
	uint64_t since = over ? o->first_at : o->at, before = over ? o->first_cpu : o->cpu;

	/* A symbolizer that was restarted counts from 0 again. */
	if (cpu >= before && now > since)
		o->share = (cpu - before) * 10000 / (now - since);
	o->at = now;
	o->cpu = cpu;
	o->rss = own_rss(session);
}

static void count_watched(struct session *session, uint64_t now)
{
	pid_t pid[PIDS_LOOKED_AT];
	size_t pids;

	if (!session->counters)
		return;
	session->counted_at = now;
	pids = resolver_watched(session->resolver, pid, PIDS_LOOKED_AT);
	counters_read(session->counters, pid, pids < PIDS_LOOKED_AT ? pids : PIDS_LOOKED_AT, now);
}

static void count(struct session *session, uint64_t now)
{
	if (session->phase == PHASE_SAMPLING && now - session->counted_at >= second / 2)
		count_watched(session, now);
}

/* What ended by itself is counted to its very end once it was waited for. */
static bool waits_for_end(const struct session *session)
{
	return session->launched && !session->launch.exited && !session->cut_short &&
	       !session->failure[0] && !atomic_load(&session->stop);
}

/* Sampling is over: the last reading, of what was counted until then. */
static void count_at_end(struct session *session, uint64_t now)
{
	pid_t pid[PIDS_LOOKED_AT];
	size_t pids;

	if (!session->counters || session->counted || session->phase == PHASE_SAMPLING ||
	    (waits_for_end(session) && now < session->naming_until))
		return;
	pids = resolver_watched(session->resolver, pid, PIDS_LOOKED_AT);
	counters_finish(session->counters, pid, pids < PIDS_LOOKED_AT ? pids : PIDS_LOOKED_AT,
			session->ended);
	session->counted_at = session->ended;
	session->counted = true;
}

static void begin_naming(struct session *session, uint64_t now)
{
	if (session->paused_at) {
		session->paused += now - session->paused_at;
		session->paused_at = 0;
	}
	session->phase = PHASE_NAMING;
	session->ended = now;
	session->naming_until = now + 3 * second;
	look_at_ourselves(session, now, true);
}

static bool read_source(struct session *session, uint64_t now)
{
	struct error error = { 0 };

	switch (source_read(session->source, &error)) {
	case SOURCE_MORE:
		return true;
	case SOURCE_WAIT:
		return false;
	case SOURCE_FAILED:
		snprintf(session->failure, sizeof session->failure, "%s", error.text);
		break;
	case SOURCE_END:
		break;
	}
	begin_naming(session, now);
	return false;
}

static void finish_when_asked(struct session *session, uint64_t now)
{
	uint64_t duration = session->options->duration;
	bool over = duration && now - session->started >= duration + session->skipped;

	if (session->phase != PHASE_SAMPLING || (!over && !atomic_load(&session->stop)))
		return;
	if (session->source->ops->finish)
		session->source->ops->finish(session->source);
	else
		begin_naming(session, now);
	session->partial = session->options->input != NULL;
	if (over && !session->cut_short) {
		session->cut_short = true;
		if (session->launched)
			launch_signal(&session->launch, SIGTERM);
	}
}

/* Held at its exec until its stacks can be walked, but not for long. */
static void let_go(struct session *session, uint64_t now)
{
	if (session->launch.held &&
	    (now >= session->held_until || session->phase != PHASE_SAMPLING ||
	     !session->source->ops->holds(session->source)))
		launch_release(&session->launch);
}

static void watch_program(struct session *session, uint64_t now)
{
	bool known = session->launch.exited;

	/* Letting go may be when its end is seen. */
	let_go(session, now);
	if (session->launched)
		launch_poll(&session->launch);
	if (session->launch.exited && !known)
		session_say(session->program_fd);
}

static void describe_status(char *out, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(out, size, "exited (status %d)", WEXITSTATUS(status));
}

/*
 * The one that does most says what all of them do; "ended" when there is
 * none.  *stopped: every one of them is.
 */
static size_t look_at_processes(const pid_t *pid, size_t count, char *state, bool *stopped)
{
	static const char by_activity[] = "XxZIStTDR";
	uint64_t until = clock_now() + 3 * millisecond;
	size_t running = 0, halted = 0;

	*state = 'X';
	for (size_t i = 0; i < count && (!i || clock_now() < until); i++) {
		struct process process;
		const char *rank;

		if (!process_read_activity(pid[i], &process))
			continue;
		rank = strchr(by_activity, process.state);
		if (rank && *rank && rank > strchr(by_activity, *state))
			*state = process.state;
		running += process.state == 'R';
		halted += process.state == 'T' || process.state == 't';
	}
	*stopped = count && halted == count;
	return running;
}

/* The words in the header for what the target does. */
static void look_at_target(struct session *session)
{
	pid_t pid[PIDS_LOOKED_AT] = { 0 };
	size_t count, running;
	bool stopped;
	char state;

	if (!session->resolver || session->options->target.everything)
		return;
	if (session->launch.held) {
		snprintf(session->state, sizeof session->state, "starting");
		return;
	}
	count = resolver_watched(session->resolver, pid, PIDS_LOOKED_AT);
	if (session->launched && session->launch.exited) {
		session_note_stop(session, false, clock_now());
		describe_status(session->state, sizeof session->state, session->launch.status);
		if (count && session->phase == PHASE_SAMPLING)
			strncat(session->state, ", its children go on",
				sizeof session->state - strlen(session->state) - 1);
		return;
	}
	if (!count && session->launched)
		pid[count++] = session->launch.pid;
	running = look_at_processes(pid, count < PIDS_LOOKED_AT ? count : PIDS_LOOKED_AT, &state,
				    &stopped);
	session_note_stop(session, stopped && session->phase == PHASE_SAMPLING, clock_now());
	if (running && count > 1)
		snprintf(session->state, sizeof session->state, "%zu of %zu running", running,
			 count);
	else
		snprintf(session->state, sizeof session->state, "%s",
			 strchr("XxZ", state) ? "exited" : process_state_word(state));
}

static void end_when_named(struct session *session, uint64_t now)
{
	bool waiting = (session->resolver && resolver_waiting(session->resolver)) ||
		       (session->counters && !session->counted);

	if (session->phase != PHASE_NAMING || (waiting && now < session->naming_until))
		return;
	look_at_target(session);
	session->phase = PHASE_ENDED;
	session_say(session->ended_fd);
}

/* Whether the launched program or one of its children reads its terminal. */
static void look_for_readers(struct session *session)
{
	pid_t pid[READERS_LOOKED_AT] = { 0 };
	size_t count;

	session->wants_input = false;
	if (!session->launched || session->launch.pty < 0 || session->launch.exited)
		return;
	count = resolver_watched(session->resolver, pid, READERS_LOOKED_AT);
	if (!count)
		pid[count++] = session->launch.pid;
	for (size_t i = 0; i < count && i < READERS_LOOKED_AT; i++)
		session->wants_input |= launch_waits_for_input(&session->launch, pid[i]);
}

/* An exec is seen by the name. */
static void look_at_program(struct session *session)
{
	const struct target *target = &session->options->target;
	struct process process;

	if (target->pid.len != 1 || !process_read(target->pid.at[0], &process) ||
	    process_is_gone(&process) || !strcmp(process.name, session->program))
		return;
	snprintf(session->target, sizeof session->target, "PID %d %s, before %s", process.pid,
		 process.name, session->program);
}

static void look_around(struct session *session, uint64_t now)
{
	bool over = session->launched && session->launch.exited;

	if (now - session->looked_at < (over ? 50 * millisecond : second / 2))
		return;
	session->looked_at = now;
	look_at_target(session);
	look_at_program(session);
	look_for_readers(session);
	if (session->phase == PHASE_SAMPLING)
		look_at_ourselves(session, now, false);
}

/* What was read is there for all to see before the pty is lent. */
static void look_at_output(struct session *session)
{
	if (!session->borrowed)
		output_keep(&session->output);
	if (session->borrowed == session->lent)
		return;
	session->borrowed = session->lent;
	pthread_cond_broadcast(&session->seen);
}

static void work(struct session *session)
{
	uint64_t now = clock_now(), until = now + 4 * millisecond;
	bool more = false;

	session_note_beat(session, now);
	look_at_output(session);
	finish_when_asked(session, now);
	do
		more = session->phase == PHASE_SAMPLING && read_source(session, now);
	while (more && clock_now() < until && !atomic_load(&session->waiting));
	if (!more)
		session_note_caught_up(session, clock_now());
	if (session->resolver)
		resolver_work(session->resolver);
	profile_limit(session->profile, session->options->memory - fixed_memory);
	count(session, now);
	watch_program(session, now);
	count_at_end(session, now);
	look_around(session, now);
	end_when_named(session, now);
	session->pause = reader_pause(session, more);
}

static void *read_all(void *argument)
{
	struct session *session = argument;

	while (!atomic_load(&session->quit)) {
		wait_for_work(session);
		reader_lock(session);
		work(session);
		pthread_mutex_unlock(&session->lock);
	}
	return NULL;
}

/* Starting and ending. */

static bool start_program(struct session *session, struct session_terminal terminal,
			  struct error *error)
{
	const struct options *options = session->options;
	bool to_stdout = !options->output || !strcmp(options->output, "-");
	struct launch_options launch = {
		.command = options->target.command,
		.pty = terminal.pty,
		.stdout_to_stderr = options->action != ACTION_LIVE && to_stdout,
		.terminal = terminal.fd,
	};

	if (options->program_output &&
	    !output_save(&session->output, options->program_output, error))
		return false;
	if (!launch_prepare(&session->launch, &launch, error))
		return false;
	session->launched = true;
	return true;
}

/* One moment for samples, counters and the clock: opening them took a while. */
static void begin_measuring(struct session *session)
{
	session->started = clock_now();
	session->source->ops->begin(session->source, session->started);
	/* A launched program waits for its start: there is nothing to be left out. */
	if (session->launched)
		return;
	count_watched(session, session->started);
	counters_zero(session->counters);
}

static bool start_live(struct session *session, struct session_terminal terminal,
		       struct progress *progress, struct session_problem *problem)
{
	const struct target *target = &session->options->target;
	struct error *error = &problem->error;

	session->resolver = resolver_new(session->profile,
					 target->no_follow ? RESOLVER_NO_FOLLOW : 0);
	if (target->command && !start_program(session, terminal, error))
		return false;
	session->source = perf_live_open(target, session->launch.pid, session->resolver,
					 session->profile, &session->facts, progress, error);
	if (!session->source)
		return false;
	if (session->options->action == ACTION_RECORD && session->options->weight == SAVE_TIME &&
	    session->facts.unit != UNIT_NANOSECONDS)
		return error_set(error, EINVAL, "can't save time: sampling by %s does not measure "
				 "it; -e cpu-clock does", session->facts.event);
	session->counters = counters_open(target, session->launch.pid, session->profile);
	if (session->launched && session->source->ops->holds &&
	    session->source->ops->holds(session->source)) {
		if (!launch_hold(&session->launch, error))
			return false;
		session->held_until = clock_now() + held_at_most;
	}
	begin_measuring(session);
	if (session->launched && !launch_go(&session->launch, error)) {
		problem->command = true;
		return false;
	}
	return true;
}

static bool start_file(struct session *session, struct error *error)
{
	session->source = format_open(session->options->input, session->profile, error);
	session->started = clock_now();
	if (!session->source)
		return false;
	session->facts.unit = session->profile->metric.at[1].unit;
	return true;
}

static void describe_target(struct session *session, char *out, size_t size)
{
	const struct target *target = &session->options->target;
	struct process process;
	size_t used = 0;

	if (session->options->input) {
		snprintf(out, size, "%s", session->options->input);
	} else if (target->everything) {
		snprintf(out, size, "whole system");
	} else if (target->command) {
		out[0] = '\0';
		for (char **word = target->command; *word && used < size - 1; word++)
			used += (size_t)snprintf(out + used, size - used, "%s%s",
						 used ? " " : "", *word);
	} else if (target->pid.len == 1 && process_read(target->pid.at[0], &process)) {
		snprintf(out, size, "PID %d %s", process.pid, process.name);
		snprintf(session->program, sizeof session->program, "%s", process.name);
	} else if (target->pid.len == 1) {
		snprintf(out, size, "PID %d", target->pid.at[0]);
	} else {
		snprintf(out, size, "%zu processes", target->pid.len);
	}
}

int session_start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
	static const int for_the_caller[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH,
	};
	sigset_t set, before;
	int code;

	/* A file's reader starts before a terminal that reads these from a descriptor. */
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof for_the_caller / sizeof *for_the_caller; i++)
		sigaddset(&set, for_the_caller[i]);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	code = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

static bool start_reader(struct session *session, struct error *error)
{
	int code = session_start_thread(&session->reader, read_all, session);

	if (code)
		return error_set(error, code, "cannot start a thread: %s", strerror(code));
	session->reading = true;
	return true;
}

static struct session *session_new(const struct options *options)
{
	struct session *session = xcalloc(1, sizeof *session);

	session->options = options;
	session->profile = profile_new();
	session->collecting = true;
	session->launch = (struct launch){ .pidfd = -1, .pty = -1, .go = -1, .failed = -1 };
	session->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	session->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	session->program_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&session->lock, NULL);
	pthread_cond_init(&session->seen, NULL);
	output_init(&session->output);
	return session;
}

struct session *session_start(const struct options *options, struct session_terminal terminal,
			      struct progress *progress, struct session_problem *problem)
{
	struct session *session = session_new(options);
	bool ok = options->input ? start_file(session, &problem->error) :
		start_live(session, terminal, progress, problem);

	describe_target(session, session->target, sizeof session->target);
	begin_overhead(session);
	if (ok && start_reader(session, &problem->error))
		return session;
	session_free(session);
	return NULL;
}

void session_stop_reading(struct session *session)
{
	if (!session->reading)
		return;
	atomic_store(&session->quit, true);
	session_say(session->wake);
	pthread_join(session->reader, NULL);
	session->reading = false;
}

void session_stop(struct session *session)
{
	atomic_store(&session->stop, true);
	session_say(session->wake);
}

static void facts_release(struct source_facts *facts)
{
	for (size_t i = 0; i < facts->notice.len; i++)
		xfree(facts->notice.at[i]);
	array_release(&facts->notice);
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session_stop_reading(session);
	session_stop_saving(session);
	if (session->counters)
		counters_close(session->counters);
	source_close(session->source);
	resolver_free(session->resolver);
	profile_free(session->profile);
	/* Late: who keeps the terminal of a program that is left keeps what memory we have. */
	if (session->launched && session->detached)
		launch_leave(&session->launch, session->output.file);
	else if (session->launched)
		launch_close(&session->launch);
	output_release(&session->output);
	gaps_release(&session->gaps);
	facts_release(&session->facts);
	pthread_cond_destroy(&session->seen);
	pthread_mutex_destroy(&session->lock);
	close(session->wake);
	close(session->ended_fd);
	close(session->program_fd);
	xfree(session);
}

/* What the other thread asks. */

struct profile *session_lock(struct session *session)
{
	atomic_fetch_add(&session->waiting, 1);
	pthread_mutex_lock(&session->lock);
	atomic_fetch_sub(&session->waiting, 1);
	return session->profile;
}

void session_unlock(struct session *session)
{
	pthread_mutex_unlock(&session->lock);
}

int session_event_fd(const struct session *session)
{
	return session->ended_fd;
}

int session_program_fd(const struct session *session)
{
	return session->program_fd;
}

void session_collect(struct session *session, bool on)
{
	uint64_t now = clock_now();

	session_lock(session);
	if (session->phase == PHASE_SAMPLING && session->source->ops->collect &&
	    on != session->collecting) {
		session->source->ops->collect(session->source, on);
		session->collecting = on;
		if (on) {
			session->paused += now - session->paused_at;
			gaps_add(&session->gaps,
				 (struct gap){ session->paused_at, now, GAP_UNSAMPLED });
		}
		session->paused_at = on ? 0 : now;
	}
	session_unlock(session);
}

/* Status. */

static void add_notice(struct status *status, const char *text)
{
	array_push(&status->notice, xstrdup(text));
}

/* Up to one in a hundred changes no picture. */
static void add_lost_notice(const struct session *session, struct status *status)
{
	uint64_t lost = session->profile->lost, all = lost + session->profile->samples;
	char share[QUANTITY_MAX], text[160];

	if (lost < 100 || lost < all / 100)
		return;
	quantity_percent(share, lost, all);
	if (gaps_within(&session->gaps, 0, UINT64_MAX, GAP_ABSENT))
		snprintf(text, sizeof text, "%s of all samples were lost; tprof was stopped for "
			 "a while", share);
	else if (session->facts.frequency)
		snprintf(text, sizeof text, "%s of all samples were lost: sample less often "
			 "than %u Hz (-F)", share, session->facts.frequency);
	else
		snprintf(text, sizeof text, "%s of all samples were lost: there are too many %s "
			 "to sample each", share,
			 *session->facts.event ? session->facts.event : "samples");
	add_notice(status, text);
}

static void add_notices(const struct session *session, struct status *status)
{
	const char *trouble = session->resolver ? resolver_trouble(session->resolver) : NULL;

	for (size_t i = 0; i < status->notice.len; i++)
		xfree(status->notice.at[i]);
	status->notice.len = 0;
	if (session->failure[0])
		add_notice(status, session->failure);
	if (session->partial)
		session_add_partial_notice(session, status);
	add_lost_notice(session, status);
	if (session->source->ops->trouble && session->source->ops->trouble(session->source))
		add_notice(status, session->source->ops->trouble(session->source));
	if (session->output.trouble[0])
		add_notice(status, session->output.trouble);
	if (trouble)
		add_notice(status, trouble);
	for (size_t i = 0; i < session->facts.notice.len; i++)
		add_notice(status, session->facts.notice.at[i]);
}

static void count_threads(const struct session *session, struct status *status)
{
	pid_t pid[PIDS_LOOKED_AT];
	size_t count;

	status->processes = status->threads = 0;
	if (!session->resolver)
		return;
	count = resolver_watched(session->resolver, pid, PIDS_LOOKED_AT);
	status->processes = count;
	status->threads = resolver_watched_threads(session->resolver);
}

void session_thread_states(struct session *session, struct thread_states *states)
{
	bool live;

	session_lock(session);
	live = session->phase == PHASE_SAMPLING && session->resolver;
	if (live)
		resolver_add_idle_threads(session->resolver, IDLE_THREADS_MAX);
	session_unlock(session);
	for (size_t i = 0; i < states->thread.len; i++) {
		struct thread_state *one = &states->thread.at[i];
		struct process process = { 0 };
		bool there = live &&
			(one->tid ? process_read_thread(one->pid, one->tid, &process) :
				    process_read_activity(one->pid, &process));

		one->state = (char)(there ? process.state : 0);
	}
}

static void look_at_resolver(const struct resolver *resolver, struct status *status)
{
	struct code_facts code = { 0 };

	status->naming = resolver ? resolver_waiting(resolver) : 0;
	status->symbolizer = resolver && resolver_symbolizer_pid(resolver) > 0;
	if (resolver)
		resolver_code_facts(resolver, &code);
	status->unwind = (struct unwind_facts){
		.binaries = code.binaries, .waiting = code.waiting, .failed = code.failed,
		.rows = code.rows, .bytes = code.bytes,
	};
}

void session_status(struct session *session, struct status *status)
{
	const struct source_facts *facts = &session->facts;
	uint64_t now = session->ended ? session->ended : clock_now();
	uint64_t paused = session->paused + (session->paused_at ? now - session->paused_at : 0);

	session_note_beat(session, clock_now());
	/* What came while we were away is spread over that time, so it stays together. */
	if (!session->catching_up)
		profile_seal(session->profile, now);
	snprintf(status->target, sizeof status->target, "%s", session->target);
	snprintf(status->state, sizeof status->state, "%s", session->state);
	snprintf(status->event, sizeof status->event, "%s", facts->event);
	snprintf(status->backend, sizeof status->backend, "%s", facts->backend);
	snprintf(status->call_graph, sizeof status->call_graph, "%s", facts->call_graph);
	snprintf(status->why, sizeof status->why, "%s", facts->why);
	status->frequency = facts->frequency;
	status->cpus = facts->cpus;
	status->unit = facts->unit;
	status->live = session->phase == PHASE_SAMPLING;
	status->collecting = session->collecting;
	status->wants_input = session->wants_input;
	status->is_file = session->options->input != NULL;
	status->started = session->started;
	status->now = now;
	status->duration = session->options->input ? 0 : now - session->started - paused;
	/* Counters go on while sampling is stopped. */
	if (session->counted_at > session->started + session->skipped)
		status->counted = session->counted_at - session->started - session->skipped;
	session_tell_gaps(session, status, now);
	status->own_cpu = session->overhead.share;
	status->own_rss = session->overhead.rss;
	look_at_resolver(session->resolver, status);
	count_threads(session, status);
	add_notices(session, status);
	session_describe_work(session, clock_now(), status);
}

bool session_file_is_broken(struct session *session, struct error *error)
{
	bool broken;

	session_lock(session);
	broken = session->options->input && session->failure[0];
	if (broken)
		error_set(error, 0, "%s", session->failure);
	session_unlock(session);
	return broken;
}

/* At the end of a run without a screen. */

/* Notices, paths and names of processes have what they like in them. */
static void say_safely(FILE *out, const char *text)
{
	struct strbuf safe = STRBUF_INIT;

	text_sanitize_lines(&safe, text);
	fprintf(out, "tprof: %s\n", safe.text);
	strbuf_release(&safe);
}

static void say_notices(FILE *out, const struct status *status)
{
	for (size_t i = 0; i < status->notice.len; i++)
		say_safely(out, status->notice.at[i]);
}

void session_print_summary(struct session *session, const char *path, FILE *out)
{
	struct status status = { 0 };
	char samples[QUANTITY_MAX + 8], lost[QUANTITY_MAX + 8], time[QUANTITY_MAX];
	struct strbuf text = STRBUF_INIT;

	session_lock(session);
	session_status(session, &status);
	quantity_exact(samples, session->profile->samples);
	quantity_exact(lost, session->profile->lost);
	session_unlock(session);
	quantity_format(time, status.duration, UNIT_NANOSECONDS);
	strbuf_addf(&text, "%s samples in %s, %s lost, saved to %s", samples, time, lost, path);
	say_safely(out, text.text);
	say_notices(out, &status);
	strbuf_release(&text);
	status_release(&status);
}

bool session_explain_nothing(struct session *session, FILE *out)
{
	struct status status = { 0 };
	struct strbuf text = STRBUF_INIT;
	char time[QUANTITY_MAX];
	bool nothing;

	session_lock(session);
	session_status(session, &status);
	nothing = !status.is_file && !session->profile->samples;
	session_unlock(session);
	quantity_format(time, status.duration, UNIT_NANOSECONDS);
	if (nothing) {
		strbuf_addf(&text, "no samples in %s of %s (%s): ", time, status.target,
			    status.state[0] ? status.state : "idle");
		if (status.frequency)
			strbuf_adds(&text, "only time on a CPU is sampled");
		else
			strbuf_addf(&text, "there were no %s", status.event);
		say_safely(out, text.text);
		say_notices(out, &status);
	}
	strbuf_release(&text);
	status_release(&status);
	return nothing;
}
