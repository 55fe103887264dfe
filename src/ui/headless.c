/*
 * A terminal that exists only in memory, for tests.  Its keys come from a
 * script, one step a line; empty lines and those that begin with # say
 * nothing.
 *
 *	size 80 24	the screen gets this size (80x24 at first)
 *	key NAME	a key as keymap_key_named() knows it: x, Enter, ctrl-l
 *	type TEXT	each character of the rest of the line
 *	click X Y	of the left button, the upper left cell is 0 0; also
 *			"double X Y", "menu X Y" (the right button),
 *			"wheel-up X Y" and "wheel-down X Y"
 *	wait		until the source has ended and all of it is on the screen
 *	screen		print the screen as text to standard output
 *	styles		the same, each row followed by the letters of its styles
 *
 * At the end of the script the terminal goes away, which ends tprof.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "ui/keymap.h"
#include "ui/term.h"

enum { SIDE_MAX = 1000, LINE_LENGTH_MAX = 4096, NAP_MS = 100 };

enum step_kind { STEP_SIZE, STEP_KEY, STEP_MOUSE, STEP_WAIT, STEP_SCREEN, STEP_STYLES };

struct step {
	enum step_kind kind;
	int key, width, height;
	struct mouse_event mouse;
};

/* There is one terminal, so its state is a variable of this file, as in curses.c. */
static struct {
	array(struct step) step;
	size_t at;
	struct grid shown;
	struct mouse_event mouse;
	int width, height;
	bool ended;		/* the source: waiting is over for good */
	bool drawn;		/* the program had a turn to draw before it is looked at */
} headless;

static void headless_size(int *width, int *height)
{
	*width = headless.width;
	*height = headless.height;
}

static void headless_show(const struct grid *grid)
{
	size_t count = (size_t)grid->width * (size_t)grid->height;

	grid_resize(&headless.shown, grid->width, grid->height);
	memcpy(headless.shown.cell, grid->cell, count * sizeof *grid->cell);
}

static void print_screen(bool styles)
{
	struct strbuf text = STRBUF_INIT;

	grid_dump(&headless.shown, styles, &text);
	fwrite(text.text, 1, text.len, stdout);
	fflush(stdout);
	strbuf_release(&text);
}

static int wait_for(int timeout_ms, int wake_fd)
{
	struct pollfd fd = { .fd = wake_fd, .events = POLLIN };

	if (timeout_ms < 0 || timeout_ms > NAP_MS)
		timeout_ms = NAP_MS;
	/* Once told, and once without a key, so that the program draws it. */
	if (headless.ended) {
		headless.at++;
		return INPUT_NONE;
	}
	if (wake_fd >= 0 && poll(&fd, 1, timeout_ms) <= 0)
		return INPUT_NONE;
	headless.ended = true;
	return INPUT_WAKE;
}

static int headless_read_key(int timeout_ms, int wake_fd)
{
	while (headless.at < headless.step.len) {
		const struct step *step = &headless.step.at[headless.at];

		switch (step->kind) {
		case STEP_SIZE:
			headless.width = step->width;
			headless.height = step->height;
			headless.at++;
			return INPUT_RESIZED;
		case STEP_KEY:
			headless.at++;
			return step->key;
		case STEP_MOUSE:
			headless.mouse = step->mouse;
			headless.at++;
			return INPUT_MOUSE;
		case STEP_WAIT:
			return wait_for(timeout_ms, wake_fd);
		case STEP_SCREEN:
		case STEP_STYLES:
			headless.drawn = !headless.drawn;
			if (headless.drawn)
				return INPUT_NONE;
			print_screen(step->kind == STEP_STYLES);
			headless.at++;
			break;
		}
	}
	return INPUT_GONE;
}

static void headless_redraw(void)
{
}

static struct mouse_event headless_mouse(void)
{
	return headless.mouse;
}

static bool headless_capture(bool on)
{
	(void)on;
	return true;
}

static void headless_close(void)
{
	array_release(&headless.step);
	grid_release(&headless.shown);
	headless.at = 0;
}

static const struct term_ops headless_ops = {
	.size = headless_size,
	.show = headless_show,
	.read_key = headless_read_key,
	.mouse = headless_mouse,
	.capture = headless_capture,
	.redraw = headless_redraw,
	.suspend = headless_redraw,
	.close = headless_close,
	.fd = -1,
};

static void add_step(struct step step)
{
	array_push(&headless.step, step);
}

static bool add_size(const char *rest)
{
	struct step step = { .kind = STEP_SIZE };
	char *end;
	long width = strtol(rest, &end, 10), height = strtol(end, &end, 10);

	if (*end || width < 0 || height < 0 || width > SIDE_MAX || height > SIDE_MAX)
		return false;
	step.width = (int)width;
	step.height = (int)height;
	add_step(step);
	return true;
}

static bool add_key(const char *rest)
{
	int key = keymap_key_named(rest);

	if (key)
		add_step((struct step){ .kind = STEP_KEY, .key = key });
	return key != 0;
}

static bool add_text(const char *rest)
{
	const char *end = rest + strlen(rest);

	while (rest < end) {
		int width;
		uint32_t character = text_next(&rest, end, &width);

		add_step((struct step){ .kind = STEP_KEY, .key = (int)character });
	}
	return true;
}

/* "WORD X Y"; a double click is a click first, as from a real mouse. */
static bool add_mouse(const char *line)
{
	static const struct {
		const char *word;
		enum mouse_action action;
	} words[] = {
		{ "click ", MOUSE_CLICK }, { "double ", MOUSE_DOUBLE }, { "menu ", MOUSE_MENU },
		{ "wheel-up ", MOUSE_WHEEL_UP }, { "wheel-down ", MOUSE_WHEEL_DOWN },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct step step = { .kind = STEP_MOUSE };
		size_t len = strlen(words[i].word);
		char *end;

		if (strncmp(line, words[i].word, len) != 0)
			continue;
		step.mouse.x = (int)strtol(line + len, &end, 10);
		step.mouse.y = (int)strtol(end, &end, 10);
		if (words[i].action == MOUSE_DOUBLE)
			add_step(step);
		step.mouse.action = words[i].action;
		add_step(step);
		return !*end;
	}
	return false;
}

static bool add_line(const char *line)
{
	static const struct {
		const char *word;
		enum step_kind kind;
	} plain[] = {
		{ "wait", STEP_WAIT }, { "screen", STEP_SCREEN }, { "styles", STEP_STYLES },
	};

	if (!*line || *line == '#')
		return true;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (!strcmp(line, plain[i].word)) {
			add_step((struct step){ .kind = plain[i].kind });
			return true;
		}
	if (!strncmp(line, "size ", 5))
		return add_size(line + 5);
	if (!strncmp(line, "key ", 4))
		return add_key(line + 4);
	if (!strncmp(line, "type ", 5))
		return add_text(line + 5);
	return add_mouse(line);
}

static bool read_steps(FILE *file, const char *path, struct error *error)
{
	char line[LINE_LENGTH_MAX];

	for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
		line[strcspn(line, "\n")] = '\0';
		if (!add_line(line))
			return error_set(error, 0, "%s:%u: not a step of a script: \"%s\"", path,
					 number, line);
	}
	if (ferror(file))
		return error_set(error, errno, "can't read %s: %s", path, strerror(errno));
	return true;
}

const struct term_ops *headless_open(const char *script, struct error *error)
{
	FILE *file = fopen(script, "re");
	bool ok;

	if (!file) {
		error_set(error, errno, "can't open %s: %s", script, strerror(errno));
		return NULL;
	}
	headless_close();
	headless.width = 80;
	headless.height = 24;
	headless.ended = headless.drawn = false;
	ok = read_steps(file, script, error);
	fclose(file);
	if (!ok)
		headless_close();
	return ok ? &headless_ops : NULL;
}
