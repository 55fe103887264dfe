#include "base/text.h"
#include "view/list.h"
#include "view/view.h"

enum { NAME_WIDTH = 21, NUMBER_WIDTH = 9, NOTE_WIDTH = 21, HISTORY_MIN = 6, HISTORY_MAX = 60 };

struct counters_view {
	struct view view;
	struct list list;
};

static struct counters_view *counters_of(struct view *view)
{
	return (struct counters_view *)view;
}

static struct view *counters_open(void)
{
	return xcalloc(1, sizeof(struct counters_view));
}

static void counters_close(struct view *view)
{
	xfree(counters_of(view));
}

/* The last line tells of the row under the cursor what has no room in it. */
static int rows_of(int height)
{
	return height > 8 ? height - 2 : height - 1;
}

static void counters_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct counters_view *counters = counters_of(view);
	int rows = rows_of(height);

	(void)width;
	list_resize(&counters->list, scene->profile->series.len, rows > 0 ? (size_t)rows : 0);
}

/* Up to the moment that is shown: readings go on while the display is paused. */
static size_t points_shown(const struct scene *scene, const struct series *series)
{
	size_t count = series->point.len;

	while (scene->paused && count && series->point.at[count - 1].time > scene->status.now)
		count--;
	return count;
}

static uint64_t value_shown(const struct scene *scene, const struct series *series)
{
	size_t count = points_shown(scene, series);

	return scene->paused && count ? series->point.at[count - 1].value : series->value;
}

static const struct series *series_named(const struct scene *scene, const char *name)
{
	const struct profile *profile = scene->profile;

	for (size_t i = 0; i < profile->series.len; i++) {
		const struct series *series = &profile->series.at[i];

		if (series->supported && !strcmp(profile_string(profile, series->name), name))
			return series;
	}
	return NULL;
}

/* The time of the last reading: a mean over more would be too low. */
static uint64_t elapsed_of(const struct scene *scene)
{
	const struct status *status = &scene->status;

	if (status->counted)
		return status->counted;
	if (status->duration)
		return status->duration;
	return status->now > status->started ? status->now - status->started : 0;
}

static uint64_t per_second(uint64_t value, uint64_t ns)
{
	return ns ? (uint64_t)((double)value * 1e9 / (double)ns + 0.5) : 0;
}

/* Over the last second or so: a single reading interval shakes. */
static bool rate_now(const struct scene *scene, const struct series *series, uint64_t *rate)
{
	size_t last = points_shown(scene, series), first;
	uint64_t ns;

	if (last < 2)
		return false;
	first = --last;
	do
		first--;
	while (first && status_active(&scene->status, series->point.at[first].time,
				      series->point.at[last].time) < 900000000u);
	ns = status_active(&scene->status, series->point.at[first].time,
			   series->point.at[last].time);
	if (!ns || series->point.at[last].value < series->point.at[first].value)
		return false;
	*rate = per_second(series->point.at[last].value - series->point.at[first].value, ns);
	return true;
}

/*
 * "2.41 insn per cycle": what a count means in proportion to another, or a
 * part to what it makes up with another.
 */
static const struct relation {
	const char *name, *base, *text;
	enum { PER_BASE, PERCENT_OF_BASE, PERCENT_OF_BOTH, PER_TIME } kind;
} relations[] = {
	{ "task-clock", NULL, "CPUs used", PER_TIME },
	{ "cycles", "task-clock", "GHz", PER_BASE },
	{ "instructions", "cycles", "per cycle", PER_BASE },
	{ "branch-misses", "branches", "missed", PERCENT_OF_BASE },
	{ "cache-misses", "cache-references", "missed", PERCENT_OF_BASE },
	/* Not of the task-clock: the kernel counts these by other means, and more coarsely. */
	{ "user-time", "system-time", "of CPU time", PERCENT_OF_BOTH },
	{ "system-time", "user-time", "of CPU time", PERCENT_OF_BOTH },
	{ "stalled-cycles-frontend", "cycles", "of cycles", PERCENT_OF_BASE },
	{ "stalled-cycles-backend", "cycles", "of cycles", PERCENT_OF_BASE },
};

static void describe(const struct relation *relation, uint64_t value, uint64_t base,
		     struct strbuf *out)
{
	char number[QUANTITY_MAX];

	if (relation->kind == PERCENT_OF_BOTH)
		base += value;
	if (!base)
		return;
	if (relation->kind == PERCENT_OF_BASE || relation->kind == PERCENT_OF_BOTH)
		quantity_percent(number, value, base);
	else
		quantity_format(number, (uint64_t)((double)value * 1000 / (double)base + 0.5),
				UNIT_RATIO);
	strbuf_addf(out, "%s %s", number, relation->text);
}

static void note_of(const struct scene *scene, const struct series *series, struct strbuf *out)
{
	const char *name = profile_string(scene->profile, series->name);

	for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
		const struct relation *relation = &relations[i];
		const struct series *base;

		if (strcmp(relation->name, name) != 0)
			continue;
		base = relation->base ? series_named(scene, relation->base) : NULL;
		if (relation->kind == PER_TIME)
			describe(relation, value_shown(scene, series), elapsed_of(scene), out);
		else if (base)
			describe(relation, value_shown(scene, series),
				 value_shown(scene, base), out);
	}
	/* Else where the value comes from, when there is something to say: in short. */
	if (!out->len && !series->scaled) {
		const char *reason = profile_string(scene->profile, series->reason);

		strbuf_add(out, reason, strcspn(reason, ";:,"));
	}
	if (series->scaled)
		strbuf_adds(out, out->len ? " (est.)" : "(est.)");
}

/* Where columns start; -1: left out for want of room. */
struct layout {
	int name_width, value, now, mean, note, history;
};

static struct layout layout_of(int width)
{
	struct layout at = { .now = -1, .mean = -1, .note = -1, .history = -1 };
	int x;

	at.name_width = width < NAME_WIDTH + NUMBER_WIDTH ? width - NUMBER_WIDTH : NAME_WIDTH;
	at.value = at.name_width;
	x = at.value + NUMBER_WIDTH;
	if (x + NUMBER_WIDTH <= width) {
		at.now = x;
		x += NUMBER_WIDTH;
	}
	if (at.now >= 0 && x + NUMBER_WIDTH <= width) {
		at.mean = x;
		x += NUMBER_WIDTH;
	}
	if (at.mean >= 0 && x + 2 + NOTE_WIDTH <= width) {
		at.note = x + 2;
		x += 2 + NOTE_WIDTH;
	}
	if (at.note >= 0 && x + HISTORY_MIN <= width)
		at.history = x + 1;
	return at;
}

static void draw_right(struct canvas c, int x, int y, enum style style, const char *text)
{
	if (x >= 0)
		canvas_text(c, x + NUMBER_WIDTH - (int)strlen(text), y, style, text);
}

static void draw_headings(struct canvas c, const struct layout *at)
{
	canvas_fill(canvas_part(c, 0, 0, c.width, 1), ' ', STYLE_COLUMN);
	canvas_text(c, 0, 0, STYLE_COLUMN, "Counter");
	draw_right(c, at->value, 0, STYLE_COLUMN, "Value");
	draw_right(c, at->now, 0, STYLE_COLUMN, "now /s");
	draw_right(c, at->mean, 0, STYLE_COLUMN, "mean /s");
	if (at->history >= 0)
		canvas_text(c, at->history, 0, STYLE_COLUMN, "Recent");
}

/* In the way of one step: nothing could grow. */
static bool is_gap(const struct status *status, const struct series *series, size_t i)
{
	const struct point *point = &series->point.at[i];

	return series->kind == SERIES_TOTAL && i &&
	       status_has_gap(status, point[-1].time, point->time, GAP_STOPPED);
}

/* One step of the history: how much it grew, or how high it was. */
static double step_of(const struct status *status, const struct series *series, size_t i)
{
	const struct point *point = &series->point.at[i];
	double growth, ns;

	if (series->kind == SERIES_LEVEL)
		return (double)point->value;
	growth = (double)point->value - (double)point[-1].value;
	if (is_gap(status, series, i))
		return 0;
	ns = (double)point->time - (double)point[-1].time;
	return ns > 0 && growth > 0 ? growth / ns : 0;
}

static void draw_history(const struct status *status, const struct series *series, size_t len,
			 struct canvas c)
{
	size_t least = series->kind == SERIES_TOTAL, first;
	double peak = 0;

	if (len <= least)
		return;
	first = len - least > (size_t)c.width ? len - (size_t)c.width : least;
	for (size_t i = first; i < len; i++)
		if (step_of(status, series, i) > peak)
			peak = step_of(status, series, i);
	for (size_t i = first; i < len; i++) {
		int x = c.width - (int)(len - i);
		double step = step_of(status, series, i);
		int eighths = peak > 0 ? (int)(step / peak * 8 + 0.5) : 0;

		if (is_gap(status, series, i))
			canvas_fill(canvas_part(c, x, 0, 1, 1), 's', STYLE_NOTICE);
		else
			canvas_fill(canvas_part(c, x, 0, 1, 1),
				    0x2580 + (uint32_t)(eighths ? eighths : 1),
				    eighths ? STYLE_BAR : STYLE_DIM);
	}
}

static void draw_numbers(const struct scene *scene, const struct series *series, struct canvas c,
			 const struct layout *at)
{
	char text[QUANTITY_MAX];
	uint64_t rate;

	quantity_format(text, value_shown(scene, series), series->unit);
	draw_right(c, at->value, 0, STYLE_PLAIN, text);
	if (series->kind != SERIES_TOTAL)
		return;
	if (scene->status.live && rate_now(scene, series, &rate)) {
		quantity_format(text, rate, series->unit);
		draw_right(c, at->now, 0, STYLE_PLAIN, text);
	}
	if (elapsed_of(scene)) {
		quantity_format(text, per_second(value_shown(scene, series),
						 elapsed_of(scene)), series->unit);
		draw_right(c, at->mean, 0, STYLE_PLAIN, text);
	}
}

/* What matters stands first: the end is what is left out. */
static void draw_sentence(struct canvas c, enum style style, const char *text)
{
	canvas_text(c, 0, 0, style, text);
	if (text_width(text) > c.width)
		canvas_text(c, c.width - 1, 0, style, "…");
}

/* Never a false 0: what could not be counted says why. */
static void draw_reason(const struct scene *scene, const struct series *series, struct canvas c,
			const struct layout *at)
{
	const char *reason = profile_string(scene->profile, series->reason);
	int x = at->name_width + 1;

	canvas_restyle(c, STYLE_DIM);
	draw_sentence(canvas_part(c, x, 0, c.width - x, 1), STYLE_DIM,
		      *reason ? reason : "not supported here");
}

static void draw_row(const struct scene *scene, struct canvas c, const struct layout *at, size_t i)
{
	const struct series *series = &scene->profile->series.at[i];
	struct strbuf note = STRBUF_INIT;

	canvas_name(c, 0, 0, at->name_width - 1, STYLE_PLAIN,
		    profile_string(scene->profile, series->name));
	if (!series->supported) {
		draw_reason(scene, series, c, at);
		return;
	}
	draw_numbers(scene, series, c, at);
	note_of(scene, series, &note);
	if (at->note >= 0)
		draw_sentence(canvas_part(c, at->note, 0, NOTE_WIDTH, 1), STYLE_LABEL, note.text);
	if (at->history >= 0)
		draw_history(&scene->status, series, points_shown(scene, series),
			     canvas_part(c, at->history, 0, HISTORY_MAX, 1));
	strbuf_release(&note);
}

static void draw_detail(const struct scene *scene, const struct series *series, struct canvas c)
{
	const char *name = profile_string(scene->profile, series->name);
	const char *reason = profile_string(scene->profile, series->reason);
	int used = 0;

	if (!*reason)
		return;
	if (text_width(name) + 2 + text_width(reason) <= c.width)
		used = canvas_printf(c, 0, 0, STYLE_LABEL, "%s: ", name);
	draw_sentence(canvas_part(c, used, 0, c.width - used, 1), STYLE_PLAIN, reason);
}

static void counters_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct counters_view *counters = (const struct counters_view *)view;
	struct layout at = layout_of(c.width);

	draw_headings(c, &at);
	if (!scene->profile->series.len)
		canvas_name(c, 1, 1, c.width - 2, STYLE_DIM, scene->status.is_file ?
			    "a file has no counters" : "nothing counted yet");
	for (int y = 1; y <= rows_of(c.height); y++) {
		size_t i = counters->list.top + (size_t)y - 1;
		struct canvas row = canvas_part(c, 0, y, c.width, 1);

		if (i >= scene->profile->series.len)
			break;
		draw_row(scene, row, &at, i);
		if (i != counters->list.cursor)
			continue;
		canvas_restyle(row, STYLE_CURSOR);
		if (rows_of(c.height) < c.height - 1)
			draw_detail(scene, &scene->profile->series.at[i],
				    canvas_part(c, 0, c.height - 1, c.width, 1));
	}
}

static enum reaction counters_command(struct view *view, struct scene *scene, enum command command)
{
	(void)scene;
	return list_command(&counters_of(view)->list, command) ? REACT_REDRAW : REACT_IGNORED;
}

static enum reaction counters_point(struct view *view, struct scene *scene, int x, int y)
{
	struct list *list = &counters_of(view)->list;
	size_t row = list->top + (size_t)(y > 0 ? y - 1 : 0);

	(void)scene;
	(void)x;
	if (y < 1 || (size_t)y > list->height || row >= list->count)
		return REACT_IGNORED;
	list_go(list, row);
	return REACT_REDRAW;
}

const struct view_ops counters_view = {
	.name = "counters",
	.title = "Counters",
	.open = counters_open,
	.close = counters_close,
	.update = counters_update,
	.draw = counters_draw,
	.command = counters_command,
	.point = counters_point,
};
