#include "base/text.h"
#include "view/view.h"

enum { WIDE = 110, KEYS_WIDTH = 16, GAP = 2 };

/* A line of help: a title, a notice, or keys and what they do. */
struct line {
	char *keys, *text;
	enum style style;	/* of the text */
};

struct help {
	struct view view;
	array(struct line) line;
	size_t top;		/* rows scrolled */
	int width, height;
};

/* Groups start at these commands, in the order of COMMANDS. */
static const struct {
	enum command first;
	const char *title;
} groups[] = {
	{ COMMAND_UP, "Moving" },
	{ COMMAND_OPEN, "Views" },
	{ COMMAND_TOGGLE, "Tree and icicle" },
	{ COMMAND_SORT_NEXT, "Tables" },
	{ COMMAND_SEARCH, "Searching and filtering" },
	{ COMMAND_PAUSE, "Sampling" },
	{ COMMAND_SAVE, "Saving, screen, leaving" },
};

static const struct {
	const char *term, *meaning;
} legend[] = {
	{ "self", "in the function itself" },
	{ "total", "self and all it called; recursion counts once" },
	{ "\u00b1", "in 95 of 100 cases the true percentage is no farther away" },
	{ "\u2191 \u2193", "grew or shrank in the last 5 s, more than chance explains" },
	{ "lost", "samples the kernel could not deliver: shares may be off" },
	{ "throttled", "times the kernel sampled less often to spare the CPU" },
	{ "complete", "stacks that go up to where programs and threads begin" },
	{ "frame pointer", "the same, but some callers on the way may be missing" },
	{ "[truncated]", "above stacks whose outer callers are missing, and why" },
	{ "?name", "a caller found without unwind information: it may be another" },
	{ "CPUs", "CPUs in use: 1.97 is nearly two of them all the time" },
	{ "s", "in a strip: tprof, sampling or the target was stopped" },
	{ "to be named", "addresses that wait for the names of their functions" },
	{ "tprof", "what measuring costs: our own CPU time and memory" },
	{ "(inlined)", "put into its caller by the compiler: no call took place" },
	{ "[k]", "a function of the kernel" },
	{ "[name]", "code of that binary that has no names, or not yet" },
	{ "[other]", "paths too light to keep apart in the memory allowed" },
	{ "(est.)", "counted part of the time, and scaled up" },
};

static struct help *help_of(struct view *view)
{
	return (struct help *)view;
}

static struct view *help_open(void)
{
	return xcalloc(1, sizeof(struct help));
}

static void clear_lines(struct help *help)
{
	for (size_t i = 0; i < help->line.len; i++) {
		xfree(help->line.at[i].keys);
		xfree(help->line.at[i].text);
	}
	help->line.len = 0;
}

static void help_close(struct view *view)
{
	struct help *help = help_of(view);

	clear_lines(help);
	array_release(&help->line);
	xfree(help);
}

static void add_line(struct help *help, const char *keys, const char *text, enum style style)
{
	array_push(&help->line, ((struct line){
		.keys = *keys ? xstrdup(keys) : NULL,
		.text = xstrdup(text),
		.style = style,
	}));
}

static void add_title(struct help *help, const char *title)
{
	if (help->line.len)
		add_line(help, "", "", STYLE_PLAIN);
	add_line(help, "", title, STYLE_TITLE);
}

static void add_command(struct help *help, const struct scene *scene, enum command command)
{
	struct strbuf keys = STRBUF_INIT;

	if (scene->describe_keys)
		scene->describe_keys(scene->keymap, command, &keys);
	else
		strbuf_adds(&keys, command_name(command));
	/* What can't be asked for, or isn't there, needs no help. */
	if (keys.len && *command_help(command))
		add_line(help, keys.text, command_help(command), STYLE_PLAIN);
	strbuf_release(&keys);
}

static void add_notices(struct help *help, const struct status *status)
{
	if (!status->notice.len)
		return;
	add_title(help, "Of this run");
	for (size_t i = 0; i < status->notice.len; i++)
		add_line(help, "", status->notice.at[i], STYLE_NOTICE);
}

static void make_lines(struct help *help, const struct scene *scene)
{
	size_t group = 0;

	clear_lines(help);
	add_notices(help, &scene->status);
	for (int i = COMMAND_NONE + 1; i < COMMAND_COUNT; i++) {
		enum command command = (enum command)i;

		if (group < sizeof groups / sizeof *groups && groups[group].first == command)
			add_title(help, groups[group++].title);
		add_command(help, scene, command);
	}
	add_title(help, "What the words mean");
	for (size_t i = 0; i < sizeof legend / sizeof *legend; i++)
		add_line(help, legend[i].term, legend[i].meaning, STYLE_PLAIN);
}

/*
 * Where the text of a line goes on when it does not fit: after the last
 * blank that leaves it at most width columns, or 0 when all of it fits.
 */
static size_t break_at(const char *text, int width)
{
	const char *at = text, *end = text + strlen(text);
	size_t blank = 0, last = 0;
	int used = 0;

	while (at < end) {
		int columns;

		if (*at == ' ')
			blank = (size_t)(at - text);
		last = (size_t)(at - text);
		text_next(&at, end, &columns);
		used += columns;
		if (used > width)
			return blank ? blank : last ? last : (size_t)(at - text);
	}
	return 0;
}

static int text_column(const struct line *line, int width)
{
	int keys = KEYS_WIDTH + GAP < width / 2 ? KEYS_WIDTH + GAP : width / 2;

	return line->keys ? keys : line->style == STYLE_TITLE ? 0 : 1;
}

/* Draw a line from row y on, when there is a canvas; returns its rows. */
static int put_line(const struct line *line, const struct canvas *c, int width, int y)
{
	int x = text_column(line, width), rows = 0;
	const char *text = line->text;

	if (c && line->keys)
		canvas_name(*c, 1, y, x - 2, STYLE_KEY, line->keys);
	for (;;) {
		size_t len = break_at(text, width - x > 1 ? width - x : 1);
		char *part = xstrndup(text, len ? len : strlen(text));

		if (c)
			canvas_text(*c, x, y + rows, line->style, part);
		xfree(part);
		rows++;
		if (!len)
			return rows;
		text += len;
		text += *text == ' ';
	}
}

static int column_count(int width)
{
	return width >= WIDE ? 2 : 1;
}

static int column_width(int width)
{
	return width / column_count(width) - (column_count(width) - 1);
}

static int rows_of(const struct help *help, size_t first, size_t end)
{
	int rows = 0;

	for (size_t i = first; i < end; i++)
		rows += put_line(&help->line.at[i], NULL, column_width(help->width), 0);
	return rows;
}

/* In two columns the second begins with the title nearest to the middle. */
static size_t second_column(const struct help *help)
{
	int all = rows_of(help, 0, help->line.len), rows = 0;
	size_t best = help->line.len;

	if (column_count(help->width) < 2)
		return best;
	for (size_t i = 0; i < help->line.len; i++) {
		if (help->line.at[i].style == STYLE_TITLE && rows * 2 >= all) {
			best = i;
			break;
		}
		rows += put_line(&help->line.at[i], NULL, column_width(help->width), 0);
	}
	return best;
}

static size_t top_max(const struct help *help)
{
	size_t second = second_column(help);
	int left = rows_of(help, 0, second), right = rows_of(help, second, help->line.len);
	int rows = left > right ? left : right;

	return rows > help->height ? (size_t)(rows - help->height) : 0;
}

static void help_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct help *help = help_of(view);

	help->width = width;
	help->height = height;
	make_lines(help, scene);
	if (help->top > top_max(help))
		help->top = top_max(help);
}

static void draw_lines(const struct help *help, struct canvas c, size_t first, size_t end)
{
	int y = -(int)help->top;

	for (size_t i = first; i < end && y < c.height; i++)
		y += put_line(&help->line.at[i], &c, c.width, y);
}

static void help_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct help *help = (const struct help *)view;
	size_t second = second_column(help);
	int width = column_width(help->width);

	(void)scene;
	draw_lines(help, canvas_part(c, 0, 0, width, c.height), 0, second);
	draw_lines(help, canvas_part(c, width + 2, 0, width, c.height), second, help->line.len);
}

static void scroll(struct help *help, size_t rows, bool down)
{
	size_t max = top_max(help);

	if (down)
		help->top = max - help->top < rows ? max : help->top + rows;
	else
		help->top -= rows < help->top ? rows : help->top;
}

static enum reaction help_command(struct view *view, struct scene *scene, enum command command)
{
	struct help *help = help_of(view);
	size_t page = help->height > 1 ? (size_t)help->height - 1 : 1;

	(void)scene;
	switch (command) {
	case COMMAND_UP:
	case COMMAND_DOWN:
		scroll(help, 1, command == COMMAND_DOWN);
		return REACT_REDRAW;
	case COMMAND_SCROLL_UP:
	case COMMAND_SCROLL_DOWN:
		scroll(help, 3, command == COMMAND_SCROLL_DOWN);
		return REACT_REDRAW;
	case COMMAND_HALF_UP:
	case COMMAND_HALF_DOWN:
		scroll(help, page / 2 + 1, command == COMMAND_HALF_DOWN);
		return REACT_REDRAW;
	case COMMAND_PAGE_UP:
	case COMMAND_PAGE_DOWN:
		scroll(help, page, command == COMMAND_PAGE_DOWN);
		return REACT_REDRAW;
	case COMMAND_FIRST:
	case COMMAND_LAST:
		help->top = command == COMMAND_LAST ? top_max(help) : 0;
		return REACT_REDRAW;
	default:
		return REACT_IGNORED;
	}
}

const struct view_ops help_view = {
	.name = "help",
	.title = "Help",
	.open = help_open,
	.close = help_close,
	.update = help_update,
	.draw = help_draw,
	.command = help_command,
};
