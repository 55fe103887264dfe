#include "ui/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/ansi.h"
#include "base/clock.h"
#include "base/strbuf.h"

enum { PORTION = 16 << 10, TYPED_MAX = 64 << 10, PARTIAL_MAX = 4096 };

struct relay {
	struct session *session;
	const struct term_ops *term;
	int pty;
	unsigned modes;		/* of the terminal, as the program has set them */
	struct strbuf partial;	/* the beginning of a sequence, its end to come */
	struct strbuf typed;	/* what the program has not taken yet */
	bool over;
	enum relay_end end;
};

size_t relay_find_key(const char *typed, size_t len, size_t *keylen)
{
	/* As a byte; in the form of kitty; in that of xterm's modifyOtherKeys. */
	static const char *const forms[] = { "\035", "\033[93;5u", "\033[27;5;93~" };

	for (size_t at = 0; at < len; at++)
		for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
			*keylen = strlen(forms[i]);
			if (*keylen <= len - at && !memcmp(typed + at, forms[i], *keylen))
				return at;
		}
	*keylen = 0;
	return len;
}

static void finish(struct relay *relay, enum relay_end end)
{
	if (!relay->over)
		relay->end = end;
	relay->over = true;
}

static void show(struct relay *relay, const char *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(relay->term->fd, bytes, len);

		if (put > 0) {
			bytes += put;
			len -= (size_t)put;
		} else if (put < 0 && errno == EAGAIN) {
			struct pollfd fd = { .fd = relay->term->fd, .events = POLLOUT };

			poll(&fd, 1, 1000);
		} else if (!put || errno != EINTR) {
			return finish(relay, RELAY_QUIT);
		}
	}
}

static void show_text(struct relay *relay, const char *text)
{
	show(relay, text, strlen(text));
}

/* Modes are to be set back when the terminal is ours again. */
static void note_modes(struct relay *relay, const char *bytes, size_t len)
{
	struct ansi_token token = { 0 };
	const char *at, *end;

	strbuf_add(&relay->partial, bytes, len);
	at = relay->partial.text;
	end = at + relay->partial.len;
	while (ansi_next(&at, end, &token))
		ansi_note_mode(&relay->modes, &token);
	len = (size_t)(end - at);
	if (len > PARTIAL_MAX)
		len = 0;
	memmove(relay->partial.text, at, len);
	strbuf_cut(&relay->partial, len);
}

/* Setting up and leaving. */

/* What is kept of the output, to see where the program is: its last screenful, and its modes. */
static void replay(struct relay *relay, int height)
{
	const struct tail *tail = session_output(relay->session);
	struct strbuf text = STRBUF_INIT;
	size_t len, lines = 0;
	char *kept, *from;

	session_lock(relay->session);
	len = (size_t)(tail->total - tail_begin(tail));
	kept = xcalloc(len + 1, 1);
	tail_copy(tail, tail_begin(tail), tail->total, kept);
	session_unlock(relay->session);
	ansi_replay(kept, len, 0, &relay->modes, &text);
	xfree(kept);
	from = text.text + text.len;
	while (from > text.text && (from[-1] != '\n' || (int)lines++ < height))
		from--;
	if (!(relay->modes >> ANSI_ALTERNATE & 1))
		show(relay, from, (size_t)(text.text + text.len - from));
	strbuf_release(&text);
}

static void set_modes(struct relay *relay, bool on)
{
	for (int mode = 0; mode < ANSI_MODES; mode++)
		if (relay->modes >> mode & 1)
			show_text(relay, ansi_mode_text((enum ansi_mode)mode, on));
}

static void take_screen(struct relay *relay)
{
	int width, height;

	relay->term->lend();
	relay->term->size(&width, &height);
	show_text(relay, "\r\n\033[7m The program has the terminal; Ctrl-] comes back to tprof. "
		  "\033[m\r\n");
	relay->modes = 0;
	strbuf_clear(&relay->partial);
	replay(relay, height > 4 ? height - 4 : 1);
	set_modes(relay, true);
	if (relay->modes >> ANSI_ALTERNATE & 1)
		session_redraw_program(relay->session);
}

static void give_screen_back(struct relay *relay)
{
	set_modes(relay, false);
	show_text(relay, "\033[m\r\n");
	relay->term->take_back();
}

/* The way there and the way back. */

static void take_output(struct relay *relay)
{
	char part[PORTION];
	ssize_t got = read(relay->pty, part, sizeof part);

	if (got > 0) {
		session_take_output(relay->session, part, (size_t)got);
		show(relay, part, (size_t)got);
		note_modes(relay, part, (size_t)got);
	} else if (!got || (errno != EAGAIN && errno != EINTR)) {
		/* All have closed it.  The program's end follows at once, or not at all. */
		struct pollfd fd = { .fd = session_program_fd(relay->session), .events = POLLIN };

		poll(&fd, 1, 200);
		finish(relay, RELAY_PROGRAM_ENDED);
	}
}

static void pass_typed(struct relay *relay)
{
	ssize_t put = write(relay->pty, relay->typed.text, relay->typed.len);

	if (put <= 0)
		return;
	memmove(relay->typed.text, relay->typed.text + put, relay->typed.len - (size_t)put);
	strbuf_cut(&relay->typed, relay->typed.len - (size_t)put);
}

static void take_typed(struct relay *relay)
{
	char part[PORTION];
	ssize_t got = read(relay->term->fd, part, sizeof part);
	size_t len, keylen;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		return finish(relay, RELAY_QUIT);
	len = relay_find_key(part, (size_t)got, &keylen);
	if (keylen)
		finish(relay, RELAY_BACK);
	/* A program that reads nothing must not keep the key from us. */
	if (len > TYPED_MAX - relay->typed.len)
		show_text(relay, "\a");
	else
		strbuf_add(&relay->typed, part, len);
	pass_typed(relay);
}

static void take_signal(struct relay *relay)
{
	int width, height;

	switch (relay->term->read_signal()) {
	case INPUT_RESIZED:
		relay->term->size(&width, &height);
		session_resize(relay->session, width, height);
		break;
	case INPUT_CONTINUED:
		session_continued(relay->session);
		/* The shell has had the terminal meanwhile. */
		take_screen(relay);
		break;
	case INPUT_NONE:
		break;
	case INPUT_INTERRUPT:
		finish(relay, RELAY_BACK);
		break;
	case INPUT_TERMINATE:
	case INPUT_GONE:
		finish(relay, RELAY_QUIT);
		break;
	default:
		finish(relay, RELAY_SUSPEND);
	}
}

/* Its last words are there when its end is known. */
static void end_with_program(struct relay *relay)
{
	struct pollfd fd = { .fd = relay->pty, .events = POLLIN };
	uint64_t until = clock_now() + 200000000u;

	while (!relay->over && clock_now() < until && poll(&fd, 1, 0) > 0)
		take_output(relay);
	finish(relay, RELAY_PROGRAM_ENDED);
}

static void wait_once(struct relay *relay)
{
	struct pollfd fd[] = {
		{ .fd = relay->term->fd, .events = POLLIN },
		{ .fd = relay->pty, .events = POLLIN | (relay->typed.len ? POLLOUT : 0) },
		{ .fd = relay->term->signals, .events = POLLIN },
		{ .fd = session_program_fd(relay->session), .events = POLLIN },
	};

	if (poll(fd, sizeof fd / sizeof *fd, -1) <= 0)
		return;
	if (fd[2].revents)
		take_signal(relay);
	if (fd[0].revents)
		take_typed(relay);
	if (fd[1].revents & POLLOUT)
		pass_typed(relay);
	if (fd[1].revents & ~POLLOUT && !relay->over)
		take_output(relay);
	if (fd[3].revents)
		end_with_program(relay);
}

enum relay_end relay_run(struct session *session, const struct term_ops *term)
{
	struct relay relay = {
		.session = session, .term = term, .partial = STRBUF_INIT, .typed = STRBUF_INIT,
	};

	if (!term->lend || !session_program_runs(session))
		return RELAY_IMPOSSIBLE;
	relay.pty = session_borrow_terminal(session);
	if (relay.pty < 0)
		return RELAY_IMPOSSIBLE;
	take_screen(&relay);
	while (!relay.over)
		wait_once(&relay);
	give_screen_back(&relay);
	session_return_terminal(session);
	strbuf_release(&relay.partial);
	strbuf_release(&relay.typed);
	return relay.end;
}
