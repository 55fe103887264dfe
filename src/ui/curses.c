#include "ui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* The only file that includes it: curses owns many common names. */
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>

#include "base/clock.h"
#include "base/text.h"
#include "ui/nanny.h"
#include "ui/paint.h"
#include "ui/pointer.h"
#include "ui/theme.h"

enum { KEY_ESCAPE = 27, KEY_CTRL_Z = 26, KEY_RETURN = 13, RUN_MAX = 128, SEQUENCE_MS = 25 };

static const int caught[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT };
static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * Presses and the wheel, in the form without a last column; what does not
 * know that form sends the older one, and both are understood.  Curses's
 * own reading of the mouse waits for second clicks and knows only the form
 * that the description of the terminal has.
 */
static const char mouse_on[] = "\033[?1000h\033[?1006h";
static const char mouse_off[] = "\033[?1006l\033[?1000l";

/* There is one terminal, and signal handlers must find it. */
static struct {
	int fd, signals;
	SCREEN *screen;
	FILE *in, *out;
	WINDOW *keys;		/* a pad: reading from a window would draw it */
	struct grid shown;
	bool stale;		/* what is on the screen is not what shown says */
	bool paints;		/* frames are sent by ourselves: curses's screen stays empty */
	struct painter painter;
	bool gone, ascii;
	struct {
		attr_t attributes;
		int pair;
	} look[STYLE_COUNT];
	bool has_mouse, captured;
	struct pointer pointer;
	struct mouse_event event;
	unsigned char partial[4];	/* of a character in UTF-8 */
	size_t partial_len;
	uint64_t resized_at;
	char notice[160];

	sigset_t mask;			/* as it was before */
	struct sigaction action[COUNT(caught)], stop_action, fatal_action[COUNT(fatal)];
	char *alternate_stack;

	/* For the handler of crashes, which can't ask curses. */
	volatile sig_atomic_t up;
	struct nanny nanny;
	pid_t owner;
	struct termios saved;
	char restore[256];
	size_t restore_len;
} tty = { .fd = -1, .signals = -1, .nanny = { .pipe = -1 }, .painter = PAINTER_INIT };

/* Crashes. */

static void crash(int number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	/* A child between fork and exec shares this, and not the screen. */
	if (tty.up && getpid() == tty.owner) {
		struct sigaction ignore = { .sa_handler = SIG_IGN };

		tty.up = 0;
		sigaction(SIGTTOU, &ignore, NULL);
		if (write(tty.fd, tty.restore, tty.restore_len) < 0)
			tty.restore_len = 0;
		tcsetattr(tty.fd, TCSANOW, &tty.saved);
		nanny_tell(&tty.nanny, false);
	}
	sigaction(number, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}

static void catch_crashes(void)
{
	struct sigaction action = { .sa_handler = crash, .sa_flags = SA_ONSTACK | SA_RESETHAND };
	size_t size = 64 << 10;
	stack_t stack;

	/* An overrun stack is one of the ways to crash. */
	tty.alternate_stack = xcalloc(size, 1);
	stack = (stack_t){ .ss_sp = tty.alternate_stack, .ss_size = size };
	sigaltstack(&stack, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < COUNT(fatal); i++)
		sigaction(fatal[i], &action, &tty.fatal_action[i]);
}

/* Without the pauses, "$<5>", that only terminals of old need. */
static void add_restore(const char *text)
{
	const char *end;

	while (text && *text && tty.restore_len < sizeof tty.restore) {
		if (text[0] == '$' && text[1] == '<' && (end = strchr(text, '>')))
			text = end + 1;
		else
			tty.restore[tty.restore_len++] = *text++;
	}
}

static const char *capability(const char *name)
{
	const char *text = tigetstr(name);

	return text == (const char *)-1 ? NULL : text;
}

static void prepare_restore(void)
{
	tty.restore_len = 0;
	if (capability("kmous"))
		add_restore(mouse_off);
	add_restore(capability("rmkx"));
	add_restore(capability("sgr0"));
	add_restore(capability("op"));
	add_restore(capability("cnorm"));
	add_restore(capability("rmcup"));
	if (capability("rmcup"))
		return;
	add_restore(tiparm(capability("cup"), LINES - 1, 0));
	add_restore(capability("el"));
}

/*
 * Where there is no other screen to come back from, what was drawn stays:
 * only the prompt of the shell needs a line of its own.
 */
static void leave_screen(void)
{
	if (!capability("rmcup") && !isendwin()) {
		if (tty.paints)
			dprintf(tty.fd, "\033[%d;1H\033[K", LINES);
		wmove(stdscr, LINES - 1, 0);
		wclrtoeol(stdscr);
		refresh();
		tty.stale = true;
	}
	endwin();
}

/* Signals. */

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(caught); i++) {
		sigaddset(&set, caught[i]);
		sigaction(caught[i], NULL, &tty.action[i]);
	}
	pthread_sigmask(SIG_BLOCK, &set, &tty.mask);
	tty.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* In the background a change of the terminal must stop us, not go through. */
	sigaction(SIGTTOU, &action, &tty.stop_action);
}

static void release_signals(void)
{
	struct signalfd_siginfo info;
	stack_t none = { .ss_flags = SS_DISABLE };

	/* What came meanwhile is answered by our leaving. */
	while (read(tty.signals, &info, sizeof info) > 0)
		;
	close(tty.signals);
	tty.signals = -1;
	/* newterm() set handlers of its own for some of them. */
	for (size_t i = 0; i < COUNT(caught); i++)
		sigaction(caught[i], &tty.action[i], NULL);
	for (size_t i = 0; i < COUNT(fatal); i++)
		sigaction(fatal[i], &tty.fatal_action[i], NULL);
	sigaction(SIGTTOU, &tty.stop_action, NULL);
	pthread_sigmask(SIG_SETMASK, &tty.mask, NULL);
	sigaltstack(&none, NULL);
	xfree(tty.alternate_stack);
	tty.alternate_stack = NULL;
}

/* The mouse. */

static void send_to_terminal(const char *text)
{
	if (write(tty.fd, text, strlen(text)) < 0)
		tty.stale = true;
}

static void release_mouse(void)
{
	if (tty.captured)
		send_to_terminal(mouse_off);
}

static bool curses_capture(bool on)
{
	if (!tty.has_mouse)
		return false;
	tty.captured = on;
	send_to_terminal(on ? mouse_on : mouse_off);
	return true;
}

static struct mouse_event curses_mouse(void)
{
	return tty.event;
}

/* Whether there is a screen to leave, for those who do it when we can't. */
static void set_up(bool up)
{
	if (tty.up == up)
		return;
	tty.up = up;
	nanny_tell(&tty.nanny, up);
}

/* Opening and closing. */

static void curses_close(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (!tty.screen)
		return;
	/* Leaving the screen must work from the background too. */
	sigaction(SIGTTOU, &ignore, NULL);
	release_mouse();
	tty.captured = false;
	if (tty.up)
		leave_screen();
	set_up(false);
	nanny_dismiss(&tty.nanny);
	release_signals();
	delwin(tty.keys);
	delscreen(tty.screen);
	tty.screen = NULL;
	fclose(tty.in);
	fclose(tty.out);
	close(tty.fd);
	tty.fd = -1;
	grid_release(&tty.shown);
	painter_release(&tty.painter);
}

static bool open_tty(struct error *error)
{
	tty.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty.fd < 0)
		return error_set(error, errno, "there is no terminal to draw on (/dev/tty: %s)",
				 strerror(errno));
	if (tcgetattr(tty.fd, &tty.saved))
		return error_set(error, errno, "/dev/tty is no terminal: %s", strerror(errno));
	tty.in = fdopen(fcntl(tty.fd, F_DUPFD_CLOEXEC, 3), "r");
	tty.out = fdopen(fcntl(tty.fd, F_DUPFD_CLOEXEC, 3), "w");
	if (!tty.in || !tty.out)
		return error_set(error, errno, "can't open the terminal: %s", strerror(errno));
	return true;
}

static void abandon_tty(void)
{
	if (tty.in)
		fclose(tty.in);
	if (tty.out)
		fclose(tty.out);
	if (tty.fd >= 0)
		close(tty.fd);
	tty.in = tty.out = NULL;
	tty.fd = -1;
}

/*
 * The descriptions of terminals are programs for our parser; with more
 * rights than the person at the keyboard we read only the system's.
 */
static const char *const doubtful[] = { "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "TERMPATH",
					"HOME" };

static SCREEN *open_screen(const char *name)
{
	bool privileged = getauxval(AT_SECURE) || (!geteuid() && getenv("SUDO_UID"));
	char *kept[COUNT(doubtful)] = { NULL };
	SCREEN *screen;

	for (size_t i = 0; privileged && i < COUNT(doubtful); i++)
		if (getenv(doubtful[i])) {
			kept[i] = xstrdup(getenv(doubtful[i]));
			unsetenv(doubtful[i]);
		}
	screen = newterm(name, tty.out, tty.in);
	/* The program we launch gets the environment that we got. */
	for (size_t i = 0; i < COUNT(doubtful); i++)
		if (kept[i]) {
			setenv(doubtful[i], kept[i], 1);
			xfree(kept[i]);
		}
	return screen;
}

/* Terminals that others imitate, for a name that is not known here. */
static bool open_some_screen(struct error *error)
{
	static const char *const common[] = { "xterm-256color", "xterm", "vt100" };
	const char *name = getenv("TERM");

	tty.screen = open_screen(NULL);
	for (size_t i = 0; i < COUNT(common) && !tty.screen; i++) {
		tty.screen = open_screen(common[i]);
		if (tty.screen)
			snprintf(tty.notice, sizeof tty.notice,
				 "terminal \"%.60s\" is not known here; drawn as for %s",
				 name ? name : "", common[i]);
	}
	if (!tty.screen)
		return error_set(error, 0, "no description of the terminal \"%.60s\" was found "
				 "(TERM; the package ncurses-base has the common ones)",
				 name ? name : "");
	if (capability("cup"))
		return true;
	endwin();
	delscreen(tty.screen);
	tty.screen = NULL;
	return error_set(error, 0, "the terminal \"%.60s\" can't place its cursor",
			 name ? name : "");
}

static int usable_colors(const struct term_style *style)
{
	/* COLORS is not known before start_color(), which is only called when they are wanted. */
	int available = has_colors() ? tigetnum("colors") : 0;

	/* Terminals of direct colour take numbers from 8 on for red, green and blue. */
	if (available > 256)
		available = tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || capability("RGB") ?
			8 : 256;
	return theme_colors(style->color, available, getenv("NO_COLOR"));
}

static void prepare_looks(const struct term_style *style)
{
	static const struct {
		unsigned look;
		attr_t attribute;
	} attributes[] = {
		{ LOOK_BOLD, A_BOLD },
		{ LOOK_DIM, A_DIM },
		{ LOOK_UNDERLINE, A_UNDERLINE },
		{ LOOK_REVERSE, A_REVERSE },
	};
	int colors = usable_colors(style);
	bool defaults;

	if (colors >= 8)
		start_color();
	defaults = colors >= 8 && use_default_colors() == OK;
	for (int i = 0; i < STYLE_COUNT; i++) {
		struct look look = theme_look(style->changes, colors, (enum style)i);
		int front = look.foreground, back = look.background;

		tty.look[i].attributes = A_NORMAL;
		for (size_t k = 0; k < COUNT(attributes); k++)
			if (look.attributes & attributes[k].look)
				tty.look[i].attributes |= attributes[k].attribute;
		tty.look[i].pair = 0;
		if (front == LOOK_DEFAULT && back == LOOK_DEFAULT)
			continue;
		if (!defaults) {
			front = front == LOOK_DEFAULT ? COLOR_WHITE : front;
			back = back == LOOK_DEFAULT ? COLOR_BLACK : back;
		}
		if (init_extended_pair(i + 1, front, back) == OK)
			tty.look[i].pair = i + 1;
	}
}

static uint32_t glyph(const struct cell *cell, bool wide)
{
	uint32_t character = cell->character ? cell->character : ' ';

	if (character < 0x7f)
		return character;
	if (tty.ascii)
		return (unsigned char)theme_ascii(character);
	/* Where the C library's idea of widths is another, the row would shift. */
	return wcwidth((wchar_t)character) == (wide ? 2 : 1) ? character : '?';
}

static bool add_color(struct paint_look *look, const char *name, int color)
{
	const char *text = color == LOOK_DEFAULT ? "" : capability(name);

	return text && (!*text || paint_add_color(look, tiparm(text, color)));
}

static void prepare_painter(const struct term_style *style)
{
	int colors = usable_colors(style);

	tty.painter.glyph = glyph;
	/* Also a last column that does not scroll, and colours and attributes together. */
	tty.paints = painter_knows(capability) && tigetnum("ncv") <= 0 &&
		     (tigetflag("am") <= 0 || tigetflag("xenl") > 0) &&
		     (!has_colors() || capability("op"));
	for (int i = 0; i < STYLE_COUNT && tty.paints; i++) {
		struct look look = theme_look(style->changes, colors, (enum style)i);
		struct paint_look *paint = &tty.painter.look[i];

		*paint = (struct paint_look){ .attributes = look.attributes };
		tty.paints = add_color(paint, "setaf", look.foreground) &&
			     add_color(paint, "setab", look.background);
	}
}

static void prepare_screen(const struct term_style *style)
{
	raw();
	noecho();
	nonl();
	curs_set(0);
	set_escdelay(25);
	leaveok(stdscr, TRUE);
	tty.keys = newpad(1, 1);
	keypad(tty.keys, TRUE);
	nodelay(tty.keys, TRUE);
	/* Else curses would swallow what the mouse sends. */
	tty.has_mouse = capability("kmous") != NULL;
	define_key(NULL, KEY_MOUSE);
	prepare_looks(style);
	prepare_painter(style);
	prepare_restore();
	tty.ascii = style->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	tty.stale = true;
	tty.gone = false;
	tty.partial_len = 0;
	tty.owner = getpid();
	tty.nanny = nanny_start(tty.fd, &tty.saved, tty.restore, tty.restore_len);
	set_up(true);
	curses_capture(true);
}

/* Drawing. */

static void curses_size(int *width, int *height)
{
	*width = COLS > 0 ? COLS : 1;
	*height = LINES > 0 ? LINES : 1;
}

static void make_cell(cchar_t *out, wchar_t character, const struct cell *cell)
{
	static const attr_t own[] = { A_BOLD, A_DIM, A_UNDERLINE, A_REVERSE };
	wchar_t text[2] = { character, L'\0' };
	int pair = cell->style < STYLE_COUNT ? tty.look[cell->style].pair : 0;
	attr_t attributes = A_NORMAL;

	if (cell->style < STYLE_COUNT)
		attributes = tty.look[cell->style].attributes;
	for (size_t i = 0; i < COUNT(own); i++)
		if (cell->attributes >> i & 1)
			attributes = own[i] == A_REVERSE ? attributes ^ own[i] :
							   attributes | own[i];
	/* Only the last argument holds more than 255 pairs. */
	setcchar(out, text, attributes, (short)pair, &pair);
}

/* Cells from up to until, in portions. */
static void draw_run(const struct cell *row, int y, int from, int until, int width)
{
	cchar_t run[RUN_MAX];
	int count = 0, start = from;

	for (int x = from; x < until; x++) {
		bool wide = row[x].character && x + 1 < width && !row[x + 1].character;
		wchar_t character = (wchar_t)glyph(&row[x], wide);

		make_cell(&run[count++], character, &row[x]);
		if (wide && wcwidth(character) == 2)
			x++;
		if (count == RUN_MAX || x + 1 >= until) {
			mvadd_wchnstr(y, start, run, count);
			start = x + 1;
			count = 0;
		}
	}
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
	return !memcmp(a, b, sizeof *a);
}

/* Send what differs; never half of a wide character. */
static void draw_changes(const struct cell *new, const struct cell *old, int y, int width)
{
	for (int x = 0; x < width; x++) {
		int from = x;

		if (same_cell(&new[x], &old[x]))
			continue;
		while (from > 0 && (!new[from].character || !old[from].character))
			from--;
		while (x < width && (!same_cell(&new[x], &old[x]) || !new[x].character))
			x++;
		draw_run(new, y, from, x, width);
	}
}

/* By curses, for terminals that need it. */
static void draw_frame(const struct grid *grid)
{
	bool all = tty.stale || grid->width != tty.shown.width ||
		grid->height != tty.shown.height;
	int width = grid->width < COLS ? grid->width : COLS;
	int height = grid->height < LINES ? grid->height : LINES;
	size_t row = (size_t)grid->width * sizeof *grid->cell;

	if (all) {
		erase();
		grid_resize(&tty.shown, grid->width, grid->height);
	}
	for (int y = 0; y < height; y++) {
		const struct cell *new = grid->cell + (size_t)y * (size_t)grid->width;
		struct cell *old = tty.shown.cell + (size_t)y * (size_t)grid->width;

		if (all)
			draw_run(new, y, 0, width, grid->width);
		else if (memcmp(new, old, row))
			draw_changes(new, old, y, width);
		memcpy(old, new, row);
	}
	refresh();
}

/* Curses brings the terminal into its state; what it knows of is an empty screen. */
static void begin_painting(const struct grid *grid)
{
	struct termios modes;

	erase();
	clearok(curscr, TRUE);
	refresh();
	painter_begin(&tty.painter, grid->width, grid->height);
	tty.painter.line_feed_goes_down = !tcgetattr(tty.fd, &modes) &&
		!((modes.c_oflag & OPOST) && (modes.c_oflag & ONLCR));
}

static void paint_frame(const struct grid *grid)
{
	if (tty.stale || grid->width != tty.painter.shown.width ||
	    grid->height != tty.painter.shown.height)
		begin_painting(grid);
	painter_show(&tty.painter, grid, tty.fd);
}

static void curses_show(const struct grid *grid)
{
	/* A new size comes with a new frame. */
	if (tty.gone || (tty.paints && (grid->width > COLS || grid->height > LINES)))
		return;
	if (tty.paints)
		paint_frame(grid);
	else
		draw_frame(grid);
	tty.stale = false;
	set_up(true);
}

static void curses_redraw(void)
{
	tty.stale = true;
	clearok(curscr, TRUE);
}

/* Sizes that change. */

static bool adopt_size(void)
{
	struct winsize size;

	if (ioctl(tty.fd, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return false;
	if (size.ws_row == LINES && size.ws_col == COLS)
		return false;
	resizeterm(size.ws_row, size.ws_col);
	curses_redraw();
	return true;
}

/* While a window is being dragged, thirty sizes a second are enough. */
static int resized(void)
{
	static const uint64_t pause = 33000000u;
	uint64_t since = clock_now() - tty.resized_at;

	if (since < pause)
		poll(NULL, 0, (int)((pause - since) / 1000000u));
	tty.resized_at = clock_now();
	return adopt_size() ? INPUT_RESIZED : INPUT_NONE;
}

/* Being stopped. */

/*
 * In the background, changing the terminal's modes stops us until we are
 * in the foreground.  Where nobody could ever wake us the call fails, and
 * the terminal is someone else's.
 */
static void wait_for_foreground(void)
{
	struct termios modes;

	if (tcgetattr(tty.fd, &modes) || tcsetattr(tty.fd, TCSANOW, &modes))
		tty.gone = true;
}

static void come_back(void)
{
	static const struct timespec now = { 0, 0 };
	sigset_t set;

	wait_for_foreground();
	if (tty.gone)
		return;
	/* This one is answered by what follows. */
	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
	if (tty.captured)
		send_to_terminal(mouse_on);
	adopt_size();
	curses_redraw();
}

/* Deliver a stop that does its work to the whole job, as the shell expects. */
static void stop_job(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL }, old;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaction(SIGTSTP, &action, &old);
	kill(0, SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTSTP, &old, NULL);
}

static void curses_suspend(void)
{
	release_mouse();
	leave_screen();
	set_up(false);
	stop_job();
	come_back();
}

static void curses_lend(void)
{
	struct termios modes;

	release_mouse();
	leave_screen();
	/* With the modes of a screen, and more that is not as it was: to be left like one. */
	set_up(true);
	if (tcgetattr(tty.fd, &modes))
		return;
	cfmakeraw(&modes);
	tcsetattr(tty.fd, TCSANOW, &modes);
}

static void curses_take_back(void)
{
	if (tty.captured)
		send_to_terminal(mouse_on);
	adopt_size();
	curses_redraw();
}

/* Continued after a stop that we did not see coming: the shell has had the terminal. */
static int continued(void)
{
	wait_for_foreground();
	if (tty.gone)
		return INPUT_GONE;
	endwin();
	come_back();
	return tty.gone ? INPUT_GONE : INPUT_CONTINUED;
}

static int take_signal(void)
{
	struct signalfd_siginfo info;

	if (read(tty.signals, &info, sizeof info) != sizeof info)
		return INPUT_NONE;
	switch (info.ssi_signo) {
	case SIGWINCH:
		return resized();
	case SIGINT:
		return INPUT_INTERRUPT;
	case SIGTSTP:
		return KEY_CTRL_Z;
	case SIGCONT:
		return continued();
	case SIGHUP:
		return INPUT_GONE;
	default:
		return INPUT_TERMINATE;
	}
}

/* Keys. */

static int function_key(int code)
{
	static const struct {
		int code, key;
	} keys[] = {
		{ KEY_UP, INPUT_UP },
		{ KEY_DOWN, INPUT_DOWN },
		{ KEY_LEFT, INPUT_LEFT },
		{ KEY_RIGHT, INPUT_RIGHT },
		{ KEY_HOME, INPUT_HOME },
		{ KEY_END, INPUT_END },
		{ KEY_PPAGE, INPUT_PAGE_UP },
		{ KEY_NPAGE, INPUT_PAGE_DOWN },
		{ KEY_BTAB, INPUT_BACK_TAB },
		{ KEY_BACKSPACE, INPUT_BACKSPACE },
		{ KEY_DC, INPUT_DELETE },
		{ KEY_ENTER, KEY_RETURN },
		/* The console of Linux says that Ctrl-Z is a function key. */
		{ KEY_SUSPEND, KEY_CTRL_Z },
		/* Pushed by resizeterm(); the size is known already. */
		{ KEY_RESIZE, INPUT_NONE },
	};

	if (code >= KEY_F(1) && code <= KEY_F(12))
		return INPUT_F1 + (code - KEY_F(1));
	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return INPUT_UNKNOWN;
}

/* A character once all its bytes are there. */
static int take_byte(unsigned char byte)
{
	const char *at = (const char *)tty.partial;
	uint32_t character;
	size_t need;
	int width;

	if ((byte & 0xc0) != 0x80)
		tty.partial_len = 0;
	if (byte < 0x80)
		return byte == 0x7f || byte == '\b' ? INPUT_BACKSPACE : byte;
	tty.partial[tty.partial_len++] = byte;
	need = tty.partial[0] >= 0xf0 ? 4 : tty.partial[0] >= 0xe0 ? 3 :
		tty.partial[0] >= 0xc2 ? 2 : 1;
	if (tty.partial_len < need)
		return INPUT_NONE;
	character = text_next(&at, at + tty.partial_len, &width);
	tty.partial_len = 0;
	return character == TEXT_REPLACEMENT ? INPUT_UNKNOWN : (int)character;
}

/* The next byte of a sequence: its end may be a moment behind. */
static int next_of_sequence(void)
{
	struct pollfd fd = { .fd = tty.fd, .events = POLLIN };
	int next = wgetch(tty.keys);

	if (next == ERR && poll(&fd, 1, SEQUENCE_MS) > 0)
		next = wgetch(tty.keys);
	return next;
}

static bool ends_sequence(int byte)
{
	return byte == ERR || (byte >= 0x40 && byte <= 0x7e);
}

static int take_sgr_mouse(void)
{
	char text[32];
	size_t len = 0;
	int next;

	do {
		next = next_of_sequence();
		if (next > 0 && next < 0x7f && len < sizeof text - 1)
			text[len++] = (char)next;
	} while (!ends_sequence(next));
	text[len] = '\0';
	return pointer_take_sgr(&tty.pointer, text, clock_now(), &tty.event) ? INPUT_MOUSE :
									      INPUT_UNKNOWN;
}

static int take_x10_mouse(void)
{
	unsigned char bytes[3];

	for (size_t i = 0; i < sizeof bytes; i++) {
		int next = next_of_sequence();

		if (next == ERR)
			return INPUT_UNKNOWN;
		bytes[i] = (unsigned char)next;
	}
	return pointer_take_x10(&tty.pointer, bytes, clock_now(), &tty.event) ? INPUT_MOUSE :
									       INPUT_UNKNOWN;
}

static int take_control_sequence(void)
{
	int next = next_of_sequence();

	if (next == '<')
		return take_sgr_mouse();
	if (next == 'M' && tty.has_mouse)
		return take_x10_mouse();
	while (!ends_sequence(next))
		next = next_of_sequence();
	return INPUT_UNKNOWN;
}

/*
 * After Esc: alone it is the key.  With something right behind it, it is a
 * sequence that the terminal's description does not have; its letters must
 * not pass for keys.
 */
static int take_escape(void)
{
	int next = wgetch(tty.keys);

	if (next == ERR || next == KEY_ESCAPE)
		return KEY_ESCAPE;
	if (next == 'O')
		next_of_sequence();
	return next == '[' ? take_control_sequence() : INPUT_UNKNOWN;
}

static int next_key(void)
{
	int code, key = INPUT_NONE;

	while (key == INPUT_NONE) {
		code = wgetch(tty.keys);
		if (code == ERR)
			return INPUT_NONE;
		if (code > 0xff)
			key = function_key(code);
		else if (code == KEY_ESCAPE)
			key = take_escape();
		else
			key = take_byte((unsigned char)code);
	}
	return key;
}

/* Said to be readable, but nothing to read: the end, also where SIGHUP is ignored. */
static bool is_hung_up(void)
{
	struct pollfd fd = { .fd = tty.fd, .events = POLLIN };
	int waiting = 0;

	if (poll(&fd, 1, 0) <= 0)
		return false;
	if (fd.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return ioctl(tty.fd, FIONREAD, &waiting) || !waiting;
}

/* One look at all descriptors; INPUT_NONE when nothing came of it. */
static int wait_once(int timeout_ms, int wake_fd)
{
	struct pollfd fd[] = {
		{ .fd = tty.fd, .events = POLLIN },
		{ .fd = tty.signals, .events = POLLIN },
		{ .fd = wake_fd, .events = POLLIN },
	};
	int key = INPUT_NONE;

	if (poll(fd, COUNT(fd), timeout_ms) <= 0)
		return INPUT_NONE;
	if (fd[0].revents & POLLIN)
		key = next_key();
	if (key == INPUT_NONE && fd[0].revents && is_hung_up())
		return INPUT_GONE;
	if (key == INPUT_NONE && fd[1].revents)
		key = take_signal();
	if (key == INPUT_NONE && fd[2].revents)
		key = INPUT_WAKE;
	return key;
}

static int remaining_ms(uint64_t until)
{
	uint64_t now = clock_now();

	return now < until ? (int)((until - now + 999999u) / 1000000u) : 0;
}

static int curses_read_key(int timeout_ms, int wake_fd)
{
	uint64_t until = clock_now() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000u;
	/* What curses has read already does not show in poll(). */
	int key = next_key();

	while (key == INPUT_NONE && !tty.gone) {
		key = wait_once(timeout_ms < 0 ? -1 : remaining_ms(until), wake_fd);
		if (timeout_ms >= 0 && clock_now() >= until)
			break;
	}
	if (key == INPUT_GONE)
		tty.gone = true;
	return tty.gone ? INPUT_GONE : key;
}

static struct term_ops curses_ops = {
	.size = curses_size,
	.show = curses_show,
	.read_key = curses_read_key,
	.mouse = curses_mouse,
	.capture = curses_capture,
	.redraw = curses_redraw,
	.suspend = curses_suspend,
	.lend = curses_lend,
	.take_back = curses_take_back,
	.read_signal = take_signal,
	.close = curses_close,
	.fd = -1,
};

const struct term_ops *curses_open(const struct term_style *style, struct error *error)
{
	static bool registered;

	tty.notice[0] = '\0';
	if (!open_tty(error)) {
		abandon_tty();
		return NULL;
	}
	setlocale(LC_CTYPE, "");
	catch_crashes();
	catch_signals();
	if (!open_some_screen(error)) {
		release_signals();
		abandon_tty();
		return NULL;
	}
	prepare_screen(style);
	/* Whoever calls exit() must not leave the terminal behind like this. */
	if (!registered)
		registered = !atexit(curses_close);
	curses_ops.fd = tty.fd;
	curses_ops.signals = tty.signals;
	curses_ops.notice = tty.notice[0] ? tty.notice : NULL;
	return &curses_ops;
}
