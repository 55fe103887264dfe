/*
 * The whole screen as a person has it: keys, the mouse, prompts, menus and
 * questions in any order, on a terminal of any size, while a session that is
 * made up here measures anything.  The list of processes comes before it
 * and whenever one goes back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "growth.h"
#include "session.h"
#include "ui/app.h"
#include "ui/choosing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PROCESSES = 40, EVENTS = 16 };

struct session {
	struct input input;
	struct profile *profile;
	struct thread_states states;
	struct tail output;
	struct mouse_event mouse;
	struct picker_rows processes;
	int width, height;
	int locked;
	uint64_t started, now;
	bool launched, runs, live, file, collecting, wants_input, mouse_taken, saves;
	unsigned notices;
};

/* There is one terminal. */
static struct session *world;

/* The session: what the screen asks of it, and nothing else of it is linked. */

struct profile *session_lock(struct session *session)
{
	assert(!session->locked++);
	return session->profile;
}

void session_unlock(struct session *session)
{
	assert(!--session->locked);
}

void session_status(struct session *session, struct status *status)
{
	assert(session->locked);
	profile_seal(session->profile, session->now);
	snprintf(status->target, sizeof status->target, "%s",
		 growth_names[session->notices % NAMES]);
	snprintf(status->state, sizeof status->state, "%s", session->live ? "running" : "exited");
	snprintf(status->event, sizeof status->event, "cpu-clock");
	status->frequency = 999;
	status->unit = UNIT_NANOSECONDS;
	status->live = session->live;
	status->is_file = session->file;
	snprintf(status->work, sizeof status->work, "%s", session->saves ? "saving: 34%" :
		 session->notices % 5 ? "" : "reading: 12.3 MiB, 2.50 MiB/s");
	status->collecting = session->collecting;
	status->wants_input = session->wants_input;
	status->threads = session->profile->thread.len - 1;
	status->started = session->started;
	status->now = session->now;
	status->duration = session->now - status->started;
	for (size_t i = status->notice.len; i < session->notices % 4; i++)
		array_push(&status->notice, xstrdup(growth_names[i + 4]));
}

void session_thread_states(struct session *session, struct thread_states *states)
{
	assert(!session->locked);
	states->thread.len = 0;
	array_extend(&states->thread, session->states.thread.len);
	for (size_t i = 0; i < states->thread.len; i++)
		states->thread.at[i] = session->states.thread.at[i];
}

int session_event_fd(const struct session *session)
{
	(void)session;
	return -1;
}

void session_collect(struct session *session, bool on)
{
	session->collecting = on;
}

bool session_program_runs(struct session *session)
{
	return session->runs;
}

int session_program_fd(const struct session *session)
{
	(void)session;
	return -1;
}

void session_signal(struct session *session, int signal)
{
	(void)session;
	(void)signal;
}

void session_resize(struct session *session, int width, int height)
{
	assert(width == session->width && height == session->height);
}

void session_kill_program(struct session *session)
{
	session->runs = false;
}

void session_detach(struct session *session)
{
	session->runs = false;
}

void session_skip(struct session *session, uint64_t duration)
{
	(void)session;
	(void)duration;
}

uint64_t session_continued(struct session *session)
{
	return take(&session->input) * 1000000000u;
}

const struct tail *session_output(const struct session *session)
{
	return session->launched ? &session->output : NULL;
}

int session_borrow_terminal(struct session *session)
{
	(void)session;
	return -1;
}

void session_take_output(struct session *session, const char *bytes, size_t len)
{
	(void)session;
	(void)bytes;
	(void)len;
}

void session_return_terminal(struct session *session)
{
	(void)session;
}

void session_redraw_program(struct session *session)
{
	(void)session;
}

bool session_save_start(struct session *session, const char *path, bool replace,
			enum save_weight weight, const struct query *query, struct error *error)
{
	(void)weight;
	(void)query;
	assert(!session->locked && !session->saves && *path);
	switch (take(&session->input) % 3) {
	case 0:
		session->saves = true;
		return true;
	case 1:
		return error_set(error, replace ? EACCES : EEXIST, "%s exists", path);
	default:
		return error_set(error, ENOSPC, "can't write %s: it is full", path);
	}
}

enum session_saving session_save_poll(struct session *session, unsigned wait_ms,
				      struct error *error)
{
	unsigned choice = take(&session->input) % 8;

	(void)wait_ms;
	assert(!session->locked);
	if (!session->saves)
		return SESSION_SAVES_NOTHING;
	session->saves = choice > 2;
	if (choice < 2)
		error_set(error, choice ? ECANCELED : ENOSPC, "not saved");
	return session->saves ? SESSION_SAVES : choice < 2 ? SESSION_SAVE_FAILED : SESSION_SAVED;
}

enum session_work session_cancel(struct session *session)
{
	assert(!session->locked);
	if (session->saves)
		return SESSION_SAVING;
	return session->file && session->live ? SESSION_READING : SESSION_IDLE;
}

/* What happens by itself. */

static void go_on(struct session *s)
{
	switch (take(&s->input) % 12) {
	case 0: case 1: case 2:
		growth_samples(s->profile, &s->input, s->now);
		break;
	case 3:
		growth_naming(s->profile, &s->input);
		break;
	case 4:
		growth_thread(s->profile, &s->input, &s->states);
		break;
	case 5:
		growth_point(s->profile, &s->input, s->now);
		break;
	case 6:
		growth_output(&s->output, &s->input);
		break;
	case 7:
		profile_limit(s->profile, (take(&s->input) + 1u) << 12);
		break;
	case 8:
		s->now += (uint64_t)take(&s->input) * 1000000000u;
		break;
	case 9:
		s->wants_input = !s->wants_input;
		s->notices++;
		break;
	case 10:
		s->runs = s->launched && take(&s->input) % 4;
		break;
	case 11:
		s->live = !s->file && take(&s->input) % 4;
		break;
	}
	s->now += 1000000;
	assert(!s->locked);
}

static const struct picker_rows *look_at_processes(void *state)
{
	struct session *s = state;
	unsigned count = take(&s->input) % PROCESSES;

	s->processes.len = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned choice = take(&s->input);

		array_push(&s->processes, ((struct picker_row){
			.pid = 1 + (int)(choice % 64) * (choice % 5 ? 1 : 30000000),
			.threads = choice % 7 * 111, .used = choice,
			.cpu = choice % 9 ? choice * 997u : PICKER_CPU_UNKNOWN,
			.name = growth_names[choice % NAMES],
			.owner = growth_names[choice / 3 % NAMES],
			.access = growth_names[choice / 5 % NAMES],
			.command = growth_names[choice / 7 % NAMES], .allowed = choice % 2,
		}));
	}
	return &s->processes;
}

/* The terminal. */

static void size(int *width, int *height)
{
	*width = world->width;
	*height = world->height;
}

static void show(const struct grid *grid)
{
	assert(!world->locked);
	check_cells(grid);
}

/* The screen, a little around it, or far out. */
static int coordinate(struct input *input, int most)
{
	static const int far[] = { -9999, -1, 0, 1000, 9999, 1 << 20 };
	unsigned choice = take(input);

	return choice < 250 ? (int)choice % (most + 3) - 1 : far[choice - 250];
}

static int point(struct session *s)
{
	s->mouse.action = (enum mouse_action)(take(&s->input) % (MOUSE_WHEEL_DOWN + 1));
	s->mouse.x = coordinate(&s->input, s->width);
	s->mouse.y = coordinate(&s->input, s->height);
	return INPUT_MOUSE;
}

/* Any key that says something, now and then one that does not. */
static int press(struct session *s)
{
	static const int often[] = { 13, 27, INPUT_DOWN, INPUT_UP, 'y', '.', INPUT_BACKSPACE, 'm' };
	static const int seldom[] = { 0x202e, 0x6f22, 0x301, 0x10ffff, 0xd800, 0x7f, 0x9b };
	unsigned choice = take(&s->input);

	if (choice < 32)
		return (int)choice;
	if (choice < 127)
		return (int)choice;
	if (choice < 127 + 7)
		return seldom[choice - 127];
	if (choice < 200)
		return often[choice % 8];
	return INPUT_UP + (int)choice % (INPUT_F12 - INPUT_UP + 1);
}

/* What ends tprof comes late, so that there is something before it. */
static int leave(struct session *s)
{
	static const int ends[] = { INPUT_INTERRUPT, INPUT_TERMINATE, INPUT_GONE };

	return take(&s->input) % 8 ? INPUT_NONE : ends[take(&s->input) % 3];
}

static int read_key(int timeout_ms, int wake_fd)
{
	struct session *s = world;
	unsigned what;

	(void)timeout_ms;
	(void)wake_fd;
	assert(!s->locked);
	while (s->input.at < s->input.end) {
		what = take(&s->input) % EVENTS;
		if (what < 6)
			return press(s);
		if (what < 8)
			return point(s);
		if (what == 8) {
			growth_size(&s->input, &s->width, &s->height);
			return INPUT_RESIZED;
		}
		if (what == 9)
			return take(&s->input) % 2 ? INPUT_UNKNOWN : INPUT_CONTINUED;
		if (what == 10)
			return leave(s);
		if (what < 13)
			return INPUT_NONE;
		go_on(s);
	}
	return INPUT_GONE;
}

static struct mouse_event mouse(void)
{
	return world->mouse;
}

static bool capture(bool on)
{
	assert(on != world->mouse_taken);
	world->mouse_taken = on;
	return true;
}

static void nothing(void)
{
	assert(!world->locked);
}

static const struct term_ops term = {
	.size = size, .show = show, .read_key = read_key, .mouse = mouse, .capture = capture,
	.redraw = nothing, .suspend = nothing, .close = nothing, .fd = -1,
};

static void begin(struct session *s, struct options *options, struct config *config)
{
	static const char *const views[] = { "", "tree", "icicle", "callers", "counters",
					     "threads", "output", "quality" };
	unsigned choice = take(&s->input);

	options->choose = choice % 2;
	s->launched = s->runs = choice / 2 % 2;
	s->file = !s->launched && choice / 4 % 4 == 0;
	s->live = !s->file;
	s->collecting = s->live;
	snprintf(config->view, sizeof config->view, "%s", views[choice / 16 % 8]);
	config->measure = (enum measure)(choice / 128 % 3);
	growth_size(&s->input, &s->width, &s->height);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_of_data)
{
	struct session s = {
		.input = { data, data + (size_of_data < INPUT_MAX ? size_of_data : INPUT_MAX) },
		.profile = growth_profile(), .now = clock_now() - 3600 * 1000000000ull,
		.mouse_taken = true,
	};
	struct options options = { 0 };
	struct config config = { 0 };
	struct choosing choosing = {
		.look = look_at_processes, .state = &s, .config = &config, .term = &term,
		.filter = STRBUF_INIT, .message = STRBUF_INIT,
	};
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	s.started = s.now;
	world = &s;
	/* Where no file can be made. */
	if (here < 0 || chdir("/proc"))
		abort();
	tail_init(&s.output, 5000);
	begin(&s, &options, &config);
	while (s.input.at < s.input.end) {
		bool chosen = !options.choose || choosing_run(&choosing);
		bool again = chosen && app_run(&s, &options, &config, &term);

		assert(!again || options.choose);
		/* The terminal is given back, and the next one begins. */
		if (!again)
			s.mouse_taken = true;
	}
	choosing_release(&choosing);
	array_release(&s.processes);
	array_release(&s.states.thread);
	tail_release(&s.output);
	profile_free(s.profile);
	if (fchdir(here))
		abort();
	close(here);
	return 0;
}
