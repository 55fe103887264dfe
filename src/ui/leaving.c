#include <signal.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "ui/relay.h"
#include "ui/state.h"

static const uint64_t patience = 2000000000u;

void leaving_suspend(struct app *app)
{
	bool runs = session_program_runs(app->session);
	uint64_t since = clock_now(), gap;
	char time[QUANTITY_MAX];

	/* It would wait for us at its full terminal otherwise, or worse, not. */
	if (runs)
		session_signal(app->session, SIGSTOP);
	app->term->suspend();
	if (runs)
		session_signal(app->session, SIGCONT);
	gap = clock_now() - since;
	/* What is attached to has run on; what was launched has not. */
	if (runs)
		session_skip(app->session, gap);
	else
		session_continued(app->session);
	quantity_format(time, gap, UNIT_NANOSECONDS);
	if (app->scene.status.live)
		app_tell(app, STYLE_NOTICE, runs ? "stopped for %s, with the program" :
			 "stopped for %s; samples of that time may be lost", time);
	app->stale = true;
}

void leaving_continued(struct app *app)
{
	uint64_t gap = session_continued(app->session);
	char time[QUANTITY_MAX];

	quantity_format(time, gap, UNIT_NANOSECONDS);
	if (gap && app->scene.status.live)
		app_tell(app, STYLE_NOTICE,
			 "tprof was stopped for %s; samples of that time may be lost", time);
	app->stale = true;
}

static void ask(struct app *app)
{
	app_forget_message(app);
	prompt_ask(&app->prompt, "The program still runs: k kill it, d detach, w keep watching");
	app->purpose = ASKING_PROGRAM;
}

void leaving_interrupt(struct app *app)
{
	bool again = app->interrupted_at && clock_now() - app->interrupted_at < patience;

	if (!session_program_runs(app->session)) {
		app->done = true;
		return;
	}
	if (again && app->purpose == TYPING_NOTHING)
		return ask(app);
	session_signal(app->session, SIGINT);
	app->interrupted_at = clock_now();
	app_tell(app, STYLE_NOTICE,
		 "interrupted the program; once more within 2 s asks what to do");
}

void leaving_quit(struct app *app)
{
	if (saving_goes_on(app))
		return;
	if (session_program_runs(app->session))
		ask(app);
	else
		app->done = true;
}

void leaving_answer(struct app *app, int key)
{
	app->purpose = TYPING_NOTHING;
	switch (key) {
	case 'k': case 'K':
	/* Who asks again wants out. */
	case 'q': case 'Q':
		session_kill_program(app->session);
		app->done = true;
		break;
	case 'd': case 'D':
		session_detach(app->session);
		app->done = true;
		break;
	case 'w': case 'W': case 'n': case 27:
		app_tell(app, STYLE_NOTICE, "the program goes on");
		break;
	case 3:
		/* Always the program's. */
		session_signal(app->session, SIGINT);
		app->purpose = ASKING_PROGRAM;
		break;
	default:
		app->purpose = ASKING_PROGRAM;
	}
}

void leaving_check(struct app *app)
{
	if (app->purpose != ASKING_PROGRAM || session_program_runs(app->session))
		return;
	app->purpose = TYPING_NOTHING;
	app_tell(app, STYLE_NOTICE, "the program has ended; q ends tprof");
}

void leaving_hand_over(struct app *app)
{
	enum relay_end end = relay_run(app->session, app->term);

	switch (end) {
	case RELAY_IMPOSSIBLE:
		app_tell(app, STYLE_NOTICE, session_program_runs(app->session) ?
			 "the program has no terminal of ours" :
			 "no program runs that was launched here");
		return;
	case RELAY_BACK:
		break;
	case RELAY_PROGRAM_ENDED:
		app_tell(app, STYLE_NOTICE, session_program_runs(app->session) ?
			 "the program has closed its terminal" : "the program has ended");
		break;
	case RELAY_SUSPEND:
		leaving_suspend(app);
		break;
	case RELAY_QUIT:
		app->done = true;
		break;
	}
	/* Seen there is seen. */
	session_lock(app->session);
	app->scene.output_seen = app->scene.output ? app->scene.output->total : 0;
	session_unlock(app->session);
	app->stale = true;
}
