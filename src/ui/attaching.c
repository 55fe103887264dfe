#include "ui/attaching.h"

static void describe(const struct attaching *attaching, struct strbuf *out)
{
	const struct target *target = &attaching->options->target;
	unsigned long long done = atomic_load(&attaching->progress.done);
	unsigned long long total = atomic_load(&attaching->progress.total);

	if (!target->pid.len)
		return;
	strbuf_adds(out, "attaching to ");
	if (total)
		strbuf_addf(out, "%llu of %llu threads of ", done, total);
	if (target->pid.len == 1)
		strbuf_addf(out, "process %d", (int)target->pid.at[0]);
	else
		strbuf_addf(out, "%zu processes", target->pid.len);
}

static void draw(const struct attaching *attaching, struct canvas c)
{
	struct strbuf text = STRBUF_INIT, key = STRBUF_INIT;
	int x;

	describe(attaching, &text);
	keymap_describe(&attaching->config->keymap, COMMAND_CANCEL, &key);
	strbuf_adds(&text, text.len ? " ..." : "");
	canvas_text(c, 0, 0, STYLE_PLAIN, text.text);
	/* What is over in a moment needs no hint. */
	if (atomic_load(&attaching->progress.total) && key.len) {
		x = canvas_text(c, 0, 1, STYLE_KEY, key.text);
		canvas_text(c, x + 1, 1, STYLE_LABEL, "gives up");
	}
	strbuf_release(&text);
	strbuf_release(&key);
}

static void show(const struct attaching *attaching)
{
	struct grid grid = { 0 };
	int width, height;

	attaching->term->size(&width, &height);
	grid_resize(&grid, width, height);
	draw(attaching, canvas_of(&grid));
	attaching->term->show(&grid);
	grid_release(&grid);
}

static void take_key(struct attaching *attaching, int key)
{
	const struct keymap *keymap = &attaching->config->keymap;
	enum command command = keymap_find(keymap, key);

	if (key == INPUT_INTERRUPT || key == INPUT_TERMINATE || key == INPUT_GONE ||
	    command == COMMAND_INTERRUPT || command == COMMAND_QUIT || command == COMMAND_QUIT_NOW)
		attaching->leave = true;
	else if (!keymap_cancels(keymap, key))
		return;
	progress_cancel(&attaching->progress);
}

static void look(struct progress *progress)
{
	struct attaching *attaching = progress->state;
	int key;

	show(attaching);
	do {
		key = attaching->term->read_key(0, -1);
		take_key(attaching, key);
	} while (key != INPUT_NONE && !progress_is_cancelled(progress));
}

void attaching_begin(struct attaching *attaching, const struct options *options,
		     const struct config *config, const struct term_ops *term)
{
	*attaching = (struct attaching){ .options = options, .config = config, .term = term };
	/* The keys of a script are for the session. */
	if (!options->script)
		attaching->progress.look = look;
	attaching->progress.state = attaching;
	show(attaching);
}
