#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "chooser.h"
#include "doctor.h"
#include "options.h"
#include "session.h"
#include "ui/app.h"
#include "ui/attaching.h"
#include "ui/choosing.h"
#include "ui/report.h"

enum { PROGRAM_PATIENCE_MS = 3000 };

/* As env(1) and timeout(1) have it: 127 and 126 are about the command. */
enum { EXIT_OWN_FAILURE = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

static int fail(const struct error *error)
{
	struct strbuf safe = STRBUF_INIT;

	text_sanitize_lines(&safe, error->text);
	fprintf(stderr, "tprof: %s\n", safe.text);
	strbuf_release(&safe);
	return EXIT_OWN_FAILURE;
}

/* Why a session did not start, as an exit status. */
static int fail_start(const struct options *options, const struct session_problem *problem)
{
	struct stat info;

	fail(&problem->error);
	if (options->input && !stat(options->input, &info) && S_ISREG(info.st_mode) &&
	    (info.st_mode & 0111))
		fprintf(stderr, "to run the command: tprof %s-- %s\n",
			options->action == ACTION_REPORT ? "report " : "", options->input);
	if (!options->target.command || !problem->command)
		return EXIT_OWN_FAILURE;
	return problem->error.code == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/* The command's own end becomes ours, its death by a signal included. */
static int exit_as(int status)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct rlimit none = { 0, 0 };
	sigset_t set;

	if (status >= 0)
		return status;
	/* The command dumped core if it wanted to; ours would only mislead. */
	setrlimit(RLIMIT_CORE, &none);
	fflush(NULL);
	sigaction(-status, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, -status);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(-status);
	return 128 - status;
}

/* A write that fails tells by its error; these would kill us instead. */
static void ignore_write_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static bool wants_screen(const struct options *options)
{
	if (options->action != ACTION_LIVE)
		return false;
	if (options->target.command)
		return isatty(0) || isatty(1) || isatty(2);
	return isatty(1);
}

/* What went to a terminal goes to one again, never into a file that something was redirected to. */
static void replay_output(struct session *session)
{
	int terminal = -1;

	for (int fd = 1; fd < 3; fd++)
		if (isatty(fd)) {
			session_replay_output(session, fd);
			return;
		}
	terminal = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	session_replay_output(session, terminal);
	if (terminal >= 0)
		close(terminal);
}

/* file: of one that is open already, or NULL. */
static int run_screen(const struct options *options, const struct config *config,
		      const struct term_ops *term, struct session *file)
{
	struct session_terminal terminal = { .pty = !options->script, .fd = term->fd };
	struct session_problem problem = { 0 };
	struct session *session = file;
	struct attaching attaching;
	int status;

	if (!session) {
		attaching_begin(&attaching, options, config, term);
		session = session_start(options, terminal, &attaching.progress, &problem);
	}
	if (!session) {
		term->close();
		/* Who gave up knows. */
		return problem.error.code == ECANCELED ? 0 : fail_start(options, &problem);
	}
	app_run(session, options, config, term);
	term->close();
	session_end_program(session);
	replay_output(session);
	if (session_detached(session))
		fprintf(stderr, "tprof: the program goes on as PID %d; nothing reads or shows its "
			"terminal any more\n", (int)session_detached(session));
	status = session_exit_status(session);
	session_free(session);
	return exit_as(status);
}

/* Choosing what to measure. */

/* True when another choice is wanted. */
static bool profile_chosen(const struct options *options, const struct config *config,
			   const struct term_ops *term, struct strbuf *message)
{
	struct session_terminal terminal = { .fd = term->fd };
	struct session_problem problem = { 0 };
	struct attaching attaching;
	struct session *session;
	bool back;

	attaching_begin(&attaching, options, config, term);
	session = session_start(options, terminal, &attaching.progress, &problem);
	if (!session && attaching.leave)
		return false;
	if (!session) {
		/* There is one line: what follows the first is advice. */
		strbuf_add(message, problem.error.text, strcspn(problem.error.text, "\n"));
		return true;
	}
	back = app_run(session, options, config, term);
	session_free(session);
	return back;
}

static const struct picker_rows *look_at_processes(void *state)
{
	return chooser_look(state);
}

static int run_chooser(struct options *options, const struct config *config,
		       const struct term_ops *term)
{
	struct chooser chooser = { 0 };
	struct choosing choosing = {
		.look = look_at_processes, .state = &chooser, .config = config, .term = term,
		.filter = STRBUF_INIT, .message = STRBUF_INIT,
	};
	size_t others = options->target.pid.len;
	bool again = true;

	if (options->choose_filter)
		strbuf_adds(&choosing.filter, options->choose_filter);
	while (again) {
		pid_t pid = choosing_run(&choosing);

		options->target.pid.len = others;
		if (pid)
			options_add_pid(options, pid);
		again = pid && profile_chosen(options, config, term, &choosing.message);
	}
	term->close();
	choosing_release(&choosing);
	chooser_release(&chooser);
	return 0;
}

static bool too_many(const char *name, const struct pid_list *found, struct error *error)
{
	struct strbuf pids = STRBUF_INIT;

	for (size_t i = 0; i < found->len && i < 20; i++)
		strbuf_addf(&pids, "%s%d", i ? ", " : "", (int)found->at[i]);
	error_set(error, 0, "%zu processes are called %s: %s%s; say which with -p %d", found->len,
		  name, pids.text, found->len > 20 ? ", ..." : "", (int)found->at[0]);
	strbuf_release(&pids);
	return false;
}

/* Where several fit, a person at a screen can choose. */
static bool take_found(struct options *options, const char *name, const struct pid_list *found,
		       struct error *error)
{
	if (!found->len)
		return error_set(error, ESRCH, "no process is called %s", name);
	if (found->len == 1) {
		options_add_pid(options, found->at[0]);
		return true;
	}
	if (options->choose || !(options->script || wants_screen(options)))
		return too_many(name, found, error);
	options->choose = true;
	options->choose_filter = name;
	return true;
}

static bool find_named(struct options *options, struct error *error)
{
	bool ok = true;

	for (size_t i = 0; i < options->process_name.len && ok; i++) {
		struct pid_list found = { 0 };

		chooser_find(options->process_name.at[i], &found);
		ok = take_found(options, options->process_name.at[i], &found, error);
		array_release(&found);
	}
	return ok;
}

/*
 * Signals that end a run without a screen, as a descriptor to poll.  What
 * was ignored before us (nohup, a shell's background) stays so.  Reading a
 * file has no result to save, and may wait for a pipe: it just ends.
 */
static int catch_signals(const struct options *options)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; !options->input && i < sizeof ends / sizeof *ends; i++)
		if (!sigaction(ends[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Work that takes long, without a screen: a signal ends it. */
struct errand {
	struct progress progress;
	int signals;		/* a descriptor of catch_signals() */
	int signal;		/* the one that came, 0: none */
};

static void look_for_signal(struct progress *progress)
{
	struct errand *errand = progress->state;
	struct signalfd_siginfo info;

	if (read(errand->signals, &info, sizeof info) <= 0)
		return;
	errand->signal = (int)info.ssi_signo;
	progress_cancel(progress);
}

static void errand_begin(struct errand *errand, int signals)
{
	*errand = (struct errand){ .signals = signals };
	errand->progress.look = look_for_signal;
	errand->progress.state = errand;
}

/* True when a signal came, false when the descriptor became readable. */
static bool wait_for(int signals, int fd, struct signalfd_siginfo *info)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = fd, .events = POLLIN } };

	*info = (struct signalfd_siginfo){ 0 };
	while (!fds[0].revents && !fds[1].revents)
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return true;
	return fds[0].revents && read(signals, info, sizeof *info) > 0;
}

/* Until sampling ends, by itself or since someone wants it to. */
static void wait_for_end(struct session *session, int signals)
{
	struct signalfd_siginfo info;

	if (!wait_for(signals, session_event_fd(session), &info))
		return;
	/* The terminal sends a Ctrl-C to the program as well, others only to us. */
	if (info.ssi_code != SI_KERNEL)
		session_signal(session, (int)info.ssi_signo);
	/* What was measured is told now: the program may need a while for its end. */
	session_stop(session);
	wait_for(signals, session_event_fd(session), &info);
}

/* In memory first: nobody holds the lock while writing. */
static char *print_report(struct session *session, const struct options *options, size_t *len,
			  struct error *error)
{
	struct profile *profile;
	struct scene scene;
	char *text = NULL;
	FILE *stream = open_memstream(&text, len);
	bool ok;

	if (!stream) {
		error_set(error, errno, "can't make the report: %s", strerror(errno));
		return NULL;
	}
	profile = session_lock(session);
	scene_init(&scene);
	session_status(session, &scene.status);
	scene_update(&scene, profile);
	ok = report_print(&scene, options, stream, error);
	session_unlock(session);
	scene_release(&scene);
	if (fclose(stream) && ok)
		ok = error_set(error, errno, "can't make the report: %s", strerror(errno));
	if (ok)
		return text;
	free(text);
	return NULL;
}

static bool write_report(struct session *session, const struct options *options,
			 struct error *error)
{
	const char *path = options->output ? options->output : "-";
	size_t len = 0;
	char *text;
	bool ok;

	if (session_file_is_broken(session, error))
		return false;
	text = print_report(session, options, &len, error);
	ok = text && file_save_text(path, true, text, len, error);
	free(text);
	return ok;
}

static bool write_result(struct session *session, const struct options *options,
			 struct progress *progress, struct error *error)
{
	struct query everything = { 0 };

	if (options->action != ACTION_RECORD)
		return write_report(session, options, error);
	if (!session_save(session, options->output, true, options->weight, &everything,
			  progress, error))
		return false;
	if (strcmp(options->output, "-"))
		session_print_summary(session, options->output, stderr);
	return true;
}

/* Before the work is done whose result could not be saved. */
static bool check_output(const struct options *options, struct error *error)
{
	if (!options->output || options->action == ACTION_LIVE)
		return true;
	if (options->action == ACTION_RECORD && !format_for_path(options->output, error))
		return false;
	return file_save_check(options->output, error);
}

static int end_text(bool ok, int status, const struct error *error)
{
	if (ok)
		return exit_as(status);
	/* Who reads us had enough, as head(1) does: no need to complain. */
	if (error->code == EPIPE)
		return exit_as(-SIGPIPE);
	return fail(error);
}

/* Who waits at a terminal wants to know for what.  A command tells for itself. */
static void say_measuring(struct session *session, const struct options *options)
{
	struct strbuf text = STRBUF_INIT;
	char duration[QUANTITY_MAX];
	struct status status = { 0 };

	if (options->input || options->target.command || !isatty(STDERR_FILENO))
		return;
	session_lock(session);
	session_status(session, &status);
	session_unlock(session);
	strbuf_adds(&text, options->target.everything ? "the " : "");
	text_sanitize(&text, status.target, strlen(status.target));
	if (options->duration) {
		quantity_format(duration, options->duration, UNIT_NANOSECONDS);
		strbuf_addf(&text, " for %s", duration);
	}
	fprintf(stderr, "tprof: measuring %s; Ctrl-C ends%s\n", text.text,
		options->duration ? " it sooner" : "");
	status_release(&status);
	strbuf_release(&text);
}

/*
 * Its end gives the exit status, and may take a while.  One that got its
 * SIGTERM from --for and ignores it would keep a script waiting for ever.
 */
static void wait_for_program(struct session *session, const struct options *options, int signals)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = session_program_fd(session), .events = POLLIN } };
	int ready;

	if (!session_program_runs(session))
		return;
	do
		ready = poll(fds, 2, options->duration ? PROGRAM_PATIENCE_MS : -1);
	while (ready < 0 && errno == EINTR);
	if (fds[0].revents)
		session_end_program(session);
	else if (!ready)
		fputs("tprof: SIGTERM did not end the program: it goes on\n", stderr);
}

static int run_text(const struct options *options, struct session *file)
{
	struct session_terminal terminal = { .fd = -1 };
	struct session_problem problem = { 0 };
	struct session *session = file;
	struct errand errand;
	int signals, status;
	bool ok;

	if (!check_output(options, &problem.error))
		return fail(&problem.error);
	signals = catch_signals(options);
	errand_begin(&errand, signals);
	if (!session)
		session = session_start(options, terminal, &errand.progress, &problem);
	if (!session)
		return errand.signal ? exit_as(-errand.signal) : fail_start(options, &problem);
	say_measuring(session, options);
	wait_for_end(session, signals);
	ok = write_result(session, options, &errand.progress, &problem.error);
	session_explain_nothing(session, stderr);
	wait_for_program(session, options, signals);
	status = session_exit_status(session);
	session_free(session);
	close(signals);
	if (ok || !errand.signal)
		return end_text(ok, status, &problem.error);
	fail(&problem.error);
	return exit_as(-errand.signal);
}

static int run_on(struct options *options, const struct config *config,
		  const struct term_ops *term, struct session *file)
{
	return options->choose ? run_chooser(options, config, term)
			       : run_screen(options, config, term, file);
}

/* A person's screen, or a report where that can't be had. */
static int run_for_person(struct options *options, const struct config *config,
			  struct session *file)
{
	struct term_style style = {
		.color = options->color, .ascii = options->ascii, .changes = &config->theme,
	};
	struct error error = { 0 };
	const struct term_ops *term = curses_open(&style, &error);

	if (term)
		return run_on(options, config, term, file);
	if (options->choose)
		return fail(&error);
	fprintf(stderr, "tprof: %s; a text report follows at the end\n", error.text);
	return run_text(options, file);
}

static int run(struct options *options, const struct config *config)
{
	struct session_terminal none = { .fd = -1 };
	struct session_problem problem = { 0 };
	struct session *file = NULL;
	const struct term_ops *term;

	if (options->action == ACTION_DOCTOR)
		return doctor_print(stdout, options->form == REPORT_JSON);
	if (!find_named(options, &problem.error))
		return fail(&problem.error);
	if (options->script) {
		term = headless_open(options->script, &problem.error);
		return term ? run_on(options, config, term, NULL) : fail(&problem.error);
	}
	if (!wants_screen(options))
		return run_text(options, NULL);
	/* A pipe may let us wait for its beginning: while there is no screen Ctrl-C ends that. */
	if (options->input) {
		file = session_start(options, none, NULL, &problem);
		if (!file)
			return fail_start(options, &problem);
	}
	return run_for_person(options, config, file);
}

/* What we open must never pass for standard output where that is closed. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < 3);
	if (fd >= 3)
		close(fd);
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct options options;
	int status;

	fill_standard_descriptors();
	setlocale(LC_ALL, "");
	/* Large tables that are freed go back to the system, or --memory would be a lie. */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	ignore_write_signals();
	options_init(&options);
	config_read(&config, &options);
	options_parse(&options, argc, argv);
	for (size_t i = 0; i < config.problem.len; i++)
		fprintf(stderr, "tprof: %s\n", config.problem.at[i]);
	status = run(&options, &config);
	options_release(&options);
	config_release(&config);
	return status;
}
