#include "view/picker.h"

#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/strbuf.h"

struct picker_column {
	const char *title;
	int width;		/* 0: takes what is left */
	int least;		/* of the screen for it to be shown */
	bool left;
	void (*format)(struct strbuf *out, const struct picker_row *row);
	/* <0: a comes first. */
	int (*compare)(const struct picker_row *a, const struct picker_row *b);
};

static void format_pid(struct strbuf *out, const struct picker_row *row)
{
	strbuf_addf(out, "%d", row->pid);
}

static int compare_pid(const struct picker_row *a, const struct picker_row *b)
{
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static void format_owner(struct strbuf *out, const struct picker_row *row)
{
	strbuf_adds(out, row->owner);
}

static int compare_owner(const struct picker_row *a, const struct picker_row *b)
{
	return strcmp(a->owner, b->owner);
}

static void format_cpu(struct strbuf *out, const struct picker_row *row)
{
	if (row->cpu == PICKER_CPU_UNKNOWN)
		strbuf_adds(out, "-");
	else
		strbuf_addf(out, "%u.%u%%", (unsigned)(row->cpu / 100),
			    (unsigned)(row->cpu % 100 / 10));
}

static int compare_cpu(const struct picker_row *a, const struct picker_row *b)
{
	uint64_t left = a->cpu == PICKER_CPU_UNKNOWN ? 0 : a->cpu;
	uint64_t right = b->cpu == PICKER_CPU_UNKNOWN ? 0 : b->cpu;

	if (left != right)
		return left > right ? -1 : 1;
	return (a->used < b->used) - (a->used > b->used);
}

static void format_threads(struct strbuf *out, const struct picker_row *row)
{
	strbuf_addf(out, "%u", row->threads);
}

static int compare_threads(const struct picker_row *a, const struct picker_row *b)
{
	return (a->threads < b->threads) - (a->threads > b->threads);
}

static void format_access(struct strbuf *out, const struct picker_row *row)
{
	strbuf_adds(out, row->access);
}

static int compare_access(const struct picker_row *a, const struct picker_row *b)
{
	return strcmp(a->access, b->access);
}

static void format_command(struct strbuf *out, const struct picker_row *row)
{
	strbuf_adds(out, *row->command ? row->command : row->name);
}

static int compare_command(const struct picker_row *a, const struct picker_row *b)
{
	return strcmp(a->command, b->command);
}

/* Of those that are shown only where there is room, the command is the last to go. */
static const struct picker_column columns[] = {
	{ "PID", 8, 20, false, format_pid, compare_pid },
	{ "Owner", 11, 50, true, format_owner, compare_owner },
	{ "CPU", 8, 0, false, format_cpu, compare_cpu },
	{ "Threads", 8, 60, false, format_threads, compare_threads },
	{ "Access", 11, 40, true, format_access, compare_access },
	{ "Command", 0, 0, true, format_command, compare_command },
};

enum { COLUMNS = sizeof columns / sizeof *columns, BY_CPU = 2 };

static const struct picker_column *sorted_by(const struct picker *picker)
{
	return picker->sort ? picker->sort : &columns[BY_CPU];
}

static bool fits(const struct picker *picker, const struct picker_row *row)
{
	struct strbuf all = STRBUF_INIT;
	bool ok;

	if (!picker->text)
		return true;
	/* The name apart: a command may have changed its own line. */
	strbuf_addf(&all, "%d %s %s %s", row->pid, row->owner, row->name, row->command);
	ok = picker->filter ? pattern_fits(picker->filter, all.text) :
			      strcasestr(all.text, picker->text) != NULL;
	strbuf_release(&all);
	return ok;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct picker *picker = context;
	const struct picker_row *a = &picker->rows->at[*(const size_t *)left];
	const struct picker_row *b = &picker->rows->at[*(const size_t *)right];
	int order = sorted_by(picker)->compare(a, b);

	if (order)
		return picker->reversed ? -order : order;
	/* Most are idle: those that can be chosen first. */
	if (a->allowed != b->allowed)
		return a->allowed ? -1 : 1;
	return compare_pid(a, b);
}

static void follow_process(struct picker *picker)
{
	size_t row = 0;

	if (picker->moved)
		for (size_t i = 0; i < picker->shown.len; i++)
			if (picker->rows->at[picker->shown.at[i]].pid == picker->pid)
				row = i;
	list_follow(&picker->list, row);
}

static void note_process(struct picker *picker)
{
	const struct picker_row *row = picker_chosen(picker);

	picker->pid = row ? row->pid : 0;
}

static void make_rows(struct picker *picker)
{
	picker->shown.len = 0;
	for (size_t i = 0; picker->rows && i < picker->rows->len; i++)
		if (fits(picker, &picker->rows->at[i]))
			array_push(&picker->shown, i);
	if (picker->shown.len)
		qsort_r(picker->shown.at, picker->shown.len, sizeof *picker->shown.at,
			compare_rows, picker);
	list_resize(&picker->list, picker->shown.len, picker->list.height);
	follow_process(picker);
	note_process(picker);
}

void picker_update(struct picker *picker, const struct picker_rows *rows, int width, int height)
{
	picker->rows = rows;
	picker->width = width;
	picker->list.height = height > 1 ? (size_t)height - 1 : 0;
	make_rows(picker);
}

void picker_filter(struct picker *picker, const char *text)
{
	struct error error;

	pattern_free(picker->filter);
	xfree(picker->text);
	picker->filter = *text ? pattern_new(text, &error) : NULL;
	picker->text = *text ? xstrdup(text) : NULL;
	/* What is being looked for is new: its first is as good as any. */
	picker->moved = false;
	make_rows(picker);
}

static int left_of(int width, size_t column)
{
	int x = 0;

	for (size_t i = 0; i < column; i++)
		if (width >= columns[i].least)
			x += columns[i].width + 1;
	return x;
}

/* Without the directory of its program, where all of it has no room. */
static const char *shorten_command(const char *command, int width)
{
	const char *end = command + strcspn(command, " ");

	if (*command != '/' || (int)strlen(command) <= width)
		return command;
	while (end > command && end[-1] != '/')
		end--;
	return *end && *end != ' ' ? end : command;
}

static void draw_cell(struct canvas c, size_t i, enum style style, const char *text)
{
	const struct picker_column *column = &columns[i];
	int x = left_of(c.width, i);
	int width = column->width ? column->width : c.width - x;
	int len = (int)strlen(text);

	if (c.width < column->least || width <= 0)
		return;
	if (!column->left && len < width)
		x += width - len;
	/* How a command begins tells more than its end. */
	if (column->width)
		canvas_name(c, x, 0, width, style, text);
	else
		canvas_text(c, x, 0, style, shorten_command(text, width));
}

static void draw_headings(const struct picker *picker, struct canvas c)
{
	canvas_fill(c, ' ', STYLE_COLUMN);
	for (size_t i = 0; i < COLUMNS; i++)
		draw_cell(c, i, sorted_by(picker) == &columns[i] ? STYLE_COLUMN_SORTED
								 : STYLE_COLUMN,
			  columns[i].title);
}

static void draw_row(const struct picker_row *row, struct canvas c)
{
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < COLUMNS; i++) {
		strbuf_clear(&text);
		columns[i].format(&text, row);
		draw_cell(c, i, row->allowed ? STYLE_PLAIN : STYLE_DIM, text.text);
	}
	strbuf_release(&text);
}

void picker_draw(const struct picker *picker, struct canvas c)
{
	draw_headings(picker, canvas_part(c, 0, 0, c.width, 1));
	if (!picker->shown.len)
		canvas_text(c, 1, 1, STYLE_DIM, picker->text ? "no process fits" : "no processes");
	for (int y = 1; y < c.height; y++) {
		size_t i = picker->list.top + (size_t)y - 1;
		struct canvas row = canvas_part(c, 0, y, c.width, 1);

		if (i >= picker->shown.len)
			break;
		draw_row(&picker->rows->at[picker->shown.at[i]], row);
		if (i == picker->list.cursor)
			canvas_restyle(row, STYLE_CURSOR);
	}
}

static void choose(struct picker *picker)
{
	picker->moved = true;
	note_process(picker);
}

static void sort_by(struct picker *picker, const struct picker_column *column)
{
	picker->reversed = column == sorted_by(picker) && !picker->reversed;
	picker->sort = column;
	make_rows(picker);
}

bool picker_command(struct picker *picker, enum command command)
{
	if (!list_command(&picker->list, command))
		return false;
	choose(picker);
	return true;
}

bool picker_point(struct picker *picker, int x, int y)
{
	size_t row = picker->list.top + (size_t)(y > 0 ? y - 1 : 0), column = 0;

	if (y == 0) {
		for (size_t i = 0; i < COLUMNS; i++)
			if (picker->width >= columns[i].least && x >= left_of(picker->width, i))
				column = i;
		sort_by(picker, &columns[column]);
		return false;
	}
	if (y < 0 || (size_t)y > picker->list.height || row >= picker->list.count)
		return false;
	list_go(&picker->list, row);
	choose(picker);
	return true;
}

const struct picker_row *picker_chosen(const struct picker *picker)
{
	size_t i = picker->list.cursor;

	return i < picker->shown.len ? &picker->rows->at[picker->shown.at[i]] : NULL;
}

void picker_release(struct picker *picker)
{
	array_release(&picker->shown);
	pattern_free(picker->filter);
	xfree(picker->text);
}
