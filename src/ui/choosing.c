#include "ui/choosing.h"

#include "base/clock.h"
#include "ui/prompt.h"

static const uint64_t millisecond = 1000000u;

enum { HEAD_ROWS = 2, FIRST_LOOK_MS = 250, LOOK_MS = 1000, KEYS_AT_ONCE = 64 };

/* One showing of the screen. */
struct showing {
	struct choosing *choosing;
	struct picker *picker;
	struct prompt prompt;
	struct grid grid;
	size_t count;			/* processes in all */
	uint64_t next_look, started;
	bool mouse_off, done;
	int pid;			/* chosen */
};

static void look(struct showing *s)
{
	uint64_t now = clock_now();
	const struct picker_rows *rows = s->choosing->look(s->choosing->state);
	bool soon = !s->started;

	s->started = now;
	s->count = rows->len;
	s->next_look = now + (soon ? FIRST_LOOK_MS : LOOK_MS) * millisecond;
	picker_update(s->picker, rows, s->picker->width, (int)s->picker->list.height + 1);
}

/* Drawing. */

static void draw_hints(const struct showing *s, struct canvas c)
{
	const struct {
		const char *key, *text;
	} hints[] = {
		{ "Enter", "profile it" }, { "Esc", s->prompt.text.len ? "all" : "quit" },
		{ "Up, Down", "move" }, { "a-z", "filter, a regular expression" },
	};
	int x = 0;

	if (s->choosing->message.len) {
		canvas_name(c, 0, 0, c.width, STYLE_WARNING, s->choosing->message.text);
		return;
	}
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		x += canvas_text(c, x, 0, STYLE_KEY, hints[i].key) + 1;
		x += canvas_text(c, x, 0, STYLE_LABEL, hints[i].text) + 2;
	}
}

static void draw(struct showing *s)
{
	struct canvas all;
	int width, height, x;

	s->choosing->term->size(&width, &height);
	if (width != s->grid.width || height != s->grid.height)
		grid_resize(&s->grid, width, height);
	all = canvas_of(&s->grid);
	canvas_fill(all, ' ', STYLE_PLAIN);
	x = canvas_text(all, 0, 0, STYLE_TITLE, "What to profile?");
	canvas_printf(all, x + 2, 0, STYLE_LABEL, "%zu of %zu processes", s->picker->shown.len,
		      s->count);
	prompt_draw(&s->prompt, canvas_part(all, 0, 1, width, 1));
	picker_update(s->picker, s->picker->rows, width, height - HEAD_ROWS - 1);
	picker_draw(s->picker, canvas_part(all, 0, HEAD_ROWS, width, height - HEAD_ROWS - 1));
	draw_hints(s, canvas_part(all, 0, height - 1, width, 1));
	s->choosing->term->show(&s->grid);
}

/* Input. */

static void choose(struct showing *s)
{
	const struct picker_row *row = picker_chosen(s->picker);

	s->pid = row ? row->pid : 0;
	s->done = s->pid != 0;
}

static void filter(struct showing *s)
{
	strbuf_clear(&s->choosing->message);
	picker_filter(s->picker, s->prompt.text.text);
}

static void toggle_mouse(struct showing *s)
{
	const struct term_ops *term = s->choosing->term;

	if (term->capture && term->capture(s->mouse_off))
		s->mouse_off = !s->mouse_off;
}

static void run_command(struct showing *s, enum command command)
{
	switch (command) {
	case COMMAND_REDRAW:
		s->choosing->term->redraw();
		break;
	case COMMAND_SUSPEND:
		s->choosing->term->suspend();
		break;
	case COMMAND_MOUSE:
		toggle_mouse(s);
		break;
	case COMMAND_QUIT:
	case COMMAND_QUIT_NOW:
		s->done = true;
		break;
	default:
		picker_command(s->picker, command);
	}
}

/* Esc takes the filter away first; a Backspace too many does nothing. */
static void cancel(struct showing *s, int key)
{
	enum command command = keymap_find(&s->choosing->config->keymap, key);

	if (s->prompt.text.len && command != COMMAND_INTERRUPT) {
		prompt_edit(&s->prompt, "filter: ", "");
		filter(s);
	} else if (key != INPUT_BACKSPACE) {
		s->done = true;
	}
}

static void take_key(struct showing *s, int key)
{
	enum command command = keymap_find(&s->choosing->config->keymap, key);

	/* Letters are typed; as long as there are none, those that leave do that. */
	if (!s->prompt.text.len && (command == COMMAND_QUIT || command == COMMAND_QUIT_NOW)) {
		s->done = true;
		return;
	}
	switch (prompt_key(&s->prompt, key)) {
	case PROMPT_CHANGED:
		filter(s);
		break;
	case PROMPT_DONE:
		choose(s);
		break;
	case PROMPT_CANCELLED:
		cancel(s, key);
		break;
	case PROMPT_IGNORED:
		run_command(s, command);
		break;
	case PROMPT_TAKEN:
		break;
	}
}

static void take_mouse(struct showing *s, struct mouse_event event)
{
	bool on_row;

	if (event.action == MOUSE_WHEEL_UP || event.action == MOUSE_WHEEL_DOWN) {
		picker_command(s->picker, event.action == MOUSE_WHEEL_UP ? COMMAND_SCROLL_UP
									 : COMMAND_SCROLL_DOWN);
		return;
	}
	on_row = picker_point(s->picker, event.x, event.y - HEAD_ROWS);
	if (event.action == MOUSE_DOUBLE && on_row)
		choose(s);
}

/* False when nothing came. */
static bool take_input(struct showing *s, int key)
{
	switch (key) {
	case INPUT_NONE:
	case INPUT_WAKE:
		return false;
	case INPUT_INTERRUPT:
	case INPUT_TERMINATE:
	case INPUT_GONE:
		s->done = true;
		return true;
	case INPUT_RESIZED:
	case INPUT_CONTINUED:
	case INPUT_UNKNOWN:
		return true;
	case INPUT_MOUSE:
		take_mouse(s, s->choosing->term->mouse());
		return true;
	default:
		take_key(s, key);
		return true;
	}
}

static int until_next(const struct showing *s)
{
	uint64_t now = clock_now();

	return s->next_look > now ? (int)((s->next_look - now + millisecond - 1) / millisecond) : 0;
}

static void step(struct showing *s)
{
	const struct term_ops *term = s->choosing->term;
	int key = term->read_key(until_next(s), -1);

	for (int i = 1; take_input(s, key) && !s->done && i < KEYS_AT_ONCE; i++)
		key = term->read_key(0, -1);
	if (s->done)
		return;
	if (clock_now() >= s->next_look)
		look(s);
	draw(s);
}

int choosing_run(struct choosing *choosing)
{
	struct showing s = {
		.choosing = choosing, .picker = &choosing->picker, .prompt = PROMPT_INIT,
	};

	prompt_edit(&s.prompt, "filter: ", choosing->filter.text);
	look(&s);
	picker_filter(s.picker, s.prompt.text.text);
	draw(&s);
	while (!s.done)
		step(&s);
	strbuf_clear(&choosing->filter);
	strbuf_adds(&choosing->filter, s.prompt.text.text);
	strbuf_clear(&choosing->message);
	if (s.mouse_off)
		choosing->term->capture(true);
	prompt_release(&s.prompt);
	grid_release(&s.grid);
	return s.pid;
}

void choosing_release(struct choosing *choosing)
{
	picker_release(&choosing->picker);
	strbuf_release(&choosing->filter);
	strbuf_release(&choosing->message);
}
