#include "analyze/share.h"
#include "analyze/threads.h"
#include "base/text.h"
#include "view/column.h"
#include "view/label.h"
#include "view/list.h"
#include "view/view.h"

enum { NOW_WIDTH = 7, ID_WIDTH = 7, STATES_MAX = 256 };

struct thread_column;

struct threads_view {
	struct view view;
	struct list list;
	struct threads *threads;
	struct trend trend;		/* of threads */
	array(uint32_t) order;		/* rows as they stand */
	/* What is below the limit is one row, the last on the screen. */
	size_t others;
	struct thread_row others_row;
	bool several;			/* processes */
	enum threads_by by;
	bool by_chosen;			/* else by process as soon as there are several */
	const struct thread_column *sort;
	bool reversed;
	/* Who the cursor was put on; until then it stays on the first row. */
	bool moved;
	struct thread_choice wanted;
	const struct profile *profile;	/* what the rows were made from */
	unsigned changed;
	int width;
};

/* What rows are put in order by: <0: a comes first. */
struct thread_column {
	const char *title;
	bool left;
	int (*compare)(const struct threads_view *v, const struct scene *scene,
		       const struct thread_row *a, const struct thread_row *b);
};

static struct threads_view *threads_of(struct view *view)
{
	return (struct threads_view *)view;
}

static int compare_amounts(struct amount a, struct amount b)
{
	if (a.weight != b.weight)
		return a.weight > b.weight ? -1 : 1;
	return a.samples > b.samples ? -1 : a.samples < b.samples;
}

static int compare_all(const struct threads_view *v, const struct scene *scene,
		       const struct thread_row *a, const struct thread_row *b)
{
	(void)v;
	(void)scene;
	return compare_amounts(a->all, b->all);
}

static int compare_now(const struct threads_view *v, const struct scene *scene,
		       const struct thread_row *a, const struct thread_row *b)
{
	(void)v;
	(void)scene;
	return compare_amounts(a->lately, b->lately);
}

static char state_of(const struct scene *scene, const struct thread_row *row)
{
	const struct thread_states *states = scene->states;
	pid_t tid = row->choice.by == THREADS_OF_PROCESS ? 0 : row->tid;

	if (row->exited == row->threads)
		return '-';
	for (size_t i = 0; states && i < states->thread.len; i++)
		if (states->thread.at[i].pid == row->pid && states->thread.at[i].tid == tid)
			return states->thread.at[i].state ? states->thread.at[i].state : ' ';
	return ' ';
}

static int compare_state(const struct threads_view *v, const struct scene *scene,
			 const struct thread_row *a, const struct thread_row *b)
{
	(void)v;
	return state_of(scene, a) - state_of(scene, b);
}

static int compare_id(const struct threads_view *v, const struct scene *scene,
		      const struct thread_row *a, const struct thread_row *b)
{
	(void)scene;
	if (v->by == THREADS_OF_NAME)
		return a->threads > b->threads ? -1 : a->threads < b->threads;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static int compare_name(const struct threads_view *v, const struct scene *scene,
			const struct thread_row *a, const struct thread_row *b)
{
	const struct profile *profile = scene->profile;
	int order = 0;

	/* As rows read: "process: thread". */
	if (v->by == THREADS_ONE)
		order = strcmp(profile_string(profile, a->process),
			       profile_string(profile, b->process));
	return order ? order : strcmp(profile_string(profile, a->name),
				      profile_string(profile, b->name));
}

static int compare_hottest(const struct threads_view *v, const struct scene *scene,
			   const struct thread_row *a, const struct thread_row *b)
{
	(void)v;
	return strcmp(function_shown_name(scene->profile, a->hottest),
		      function_shown_name(scene->profile, b->hottest));
}

enum { SORT_ALL, SORT_NOW, SORT_STATE, SORT_ID, SORT_NAME, SORT_HOTTEST, SORTS };
static const struct thread_column thread_columns[SORTS] = {
	{ "Total", false, compare_all },
	{ "Now", false, compare_now },
	{ "S", true, compare_state },
	{ "TID", false, compare_id },
	{ "Thread", true, compare_name },
	{ "Heaviest function", true, compare_hottest },
};

static struct view *threads_open(void)
{
	struct threads_view *v = xcalloc(1, sizeof *v);

	v->threads = threads_new();
	v->trend.of = TREND_OF_THREADS;
	v->by = THREADS_ONE;
	v->sort = &thread_columns[SORT_ALL];
	return &v->view;
}

static void threads_close(struct view *view)
{
	struct threads_view *v = threads_of(view);

	threads_free(v->threads);
	trend_release(&v->trend);
	array_release(&v->order);
	xfree(v);
}

/* Rows. */

static const struct thread_row *row_at(const struct threads_view *v, size_t i)
{
	return &v->threads->row.at[v->order.at[i]];
}

struct order {
	const struct threads_view *view;
	const struct scene *scene;
};

/* Equal rows in the order in which they came: nothing jumps. */
static int compare_rows(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	const struct threads_view *v = order->view;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int result = v->sort->compare(v, order->scene, &v->threads->row.at[i],
				      &v->threads->row.at[k]);

	if (result)
		return v->reversed ? -result : result;
	return i < k ? -1 : i > k;
}

static bool has_processes(const struct profile *profile)
{
	pid_t first = 0;

	for (size_t i = 1; i < profile->thread.len; i++) {
		pid_t pid = profile->thread.at[i].pid;

		if (pid && first && pid != first)
			return true;
		if (pid)
			first = pid;
	}
	return false;
}

static void place_cursor(struct threads_view *v)
{
	size_t row = 0;

	list_resize(&v->list, v->order.len, v->list.height);
	if (v->moved) {
		while (row < v->order.len &&
		       !thread_choice_equal(&row_at(v, row)->choice, &v->wanted))
			row++;
		/* Gone, or grouped with others: near where it was. */
		if (row == v->order.len)
			row = v->list.cursor;
	}
	if (row < v->order.len)
		list_follow(&v->list, row);
}

static void put_in_order(struct threads_view *v, const struct scene *scene)
{
	struct order order = { v, scene };

	if (v->order.len)
		qsort_r(v->order.at, v->order.len, sizeof *v->order.at, compare_rows, &order);
	place_cursor(v);
}

/* The one that all is narrowed to stays. */
static bool is_folded(const struct threads_view *v, const struct scene *scene,
		      const struct thread_row *row)
{
	return share_is_below(&row->all, &v->threads->whole, scene->limit) &&
	       !thread_choice_equal(&row->choice, &scene->query.threads);
}

static void fold_row(struct threads_view *v, const struct thread_row *row)
{
	v->others++;
	v->others_row.all.weight += row->all.weight;
	v->others_row.all.samples += row->all.samples;
	v->others_row.lately.weight += row->lately.weight;
	v->others_row.lately.samples += row->lately.samples;
}

static void list_rows(struct threads_view *v, const struct scene *scene)
{
	v->order.len = v->others = 0;
	v->others_row = (struct thread_row){ 0 };
	/* A file may know nothing of threads: then there is nothing to tell apart. */
	for (size_t i = 0; i < v->threads->row.len && scene->profile->thread.len > 1; i++) {
		if (is_folded(v, scene, &v->threads->row.at[i]))
			fold_row(v, &v->threads->row.at[i]);
		else
			array_push(&v->order, (uint32_t)i);
	}
	put_in_order(v, scene);
}

static void make_rows(struct threads_view *v, const struct scene *scene)
{
	v->several = has_processes(scene->profile);
	if (!v->by_chosen && v->by == THREADS_ONE && v->several)
		v->by = THREADS_OF_PROCESS;
	trend_update(&v->trend, scene->profile, scene->calls, scene->status.now);
	threads_update(v->threads, scene->profile, scene->calls, &scene->query, &v->trend, v->by,
		       scene->status.now);
	list_rows(v, scene);
}

/* Whose states are worth a look: those on the screen. */
static void ask_for_states(const struct threads_view *v, const struct scene *scene)
{
	struct thread_states *states = scene->states;
	size_t end = v->list.top + v->list.height;
	struct thread_states asked = { 0 };

	if (!states)
		return;
	for (size_t i = v->list.top; i < end && i < v->order.len && asked.thread.len < STATES_MAX;
	     i++) {
		const struct thread_row *row = row_at(v, i);
		char state = state_of(scene, row);

		if (row->pid <= 0 || v->by == THREADS_OF_NAME || row->exited == row->threads)
			continue;
		array_push(&asked.thread, ((struct thread_state){
			.pid = row->pid, .tid = v->by == THREADS_OF_PROCESS ? 0 : row->tid,
			.state = (char)(state == ' ' ? 0 : state) }));
	}
	array_release(&states->thread);
	*states = asked;
}

static void threads_view_update(struct view *view, const struct scene *scene, int width,
				int height)
{
	struct threads_view *v = threads_of(view);

	v->width = width;
	if (v->profile != scene->profile || v->changed != scene->changed ||
	    (scene->status.live && !scene->paused)) {
		v->profile = scene->profile;
		v->changed = scene->changed;
		make_rows(v, scene);
	}
	height -= 1 + (v->others > 0);
	v->list.height = height > 0 ? (size_t)height : 0;
	list_resize(&v->list, v->order.len, v->list.height);
	ask_for_states(v, scene);
}

/* Drawing. */

/* Where columns start; -1: left out for want of room. */
struct layout {
	int now, state, id, name, name_width, history, history_width, hottest;
};

static struct layout layout_of(const struct threads_view *v, const struct scene *scene, int width)
{
	struct layout at = { -1, -1, -1, -1, 0, -1, 0, -1 };
	bool timed = !scene->status.is_file;
	int x = amount_width(scene) + 1;

	if (width >= 36 && timed) {
		at.now = x;
		x += NOW_WIDTH + 1;
	}
	if (width >= 36 && timed && v->by != THREADS_OF_NAME) {
		at.state = x;
		x += 2;
	}
	if (width >= 50) {
		at.id = x;
		x += ID_WIDTH + 1;
	}
	at.name = x;
	at.name_width = width - x;
	if (width < 60)
		return at;
	at.name_width = width >= 120 ? 32 : 18;
	x += at.name_width + 1;
	if (width >= 75 && timed) {
		at.history = x;
		at.history_width = width >= 120 ? THREAD_BUCKETS : 10;
		x += at.history_width + 1;
	}
	at.hottest = x;
	return at;
}

static void draw_heading(const struct threads_view *v, struct canvas c, int x, int width,
			 int sort, const char *title)
{
	bool sorted = v->sort == &thread_columns[sort], left = thread_columns[sort].left;
	enum style style = sorted ? STYLE_COLUMN_SORTED : STYLE_COLUMN;
	const char *arrow = left != v->reversed ? "▲" : "▼";

	if (x < 0)
		return;
	if (!left)
		x += width - (int)strlen(title);
	canvas_text(c, x, 0, style, title);
	if (sorted)
		canvas_text(c, left ? x + (int)strlen(title) + 1 : x - 2, 0, style, arrow);
}

static void draw_headings(const struct threads_view *v, const struct scene *scene,
			  struct canvas c, const struct layout *at)
{
	canvas_fill(c, ' ', STYLE_COLUMN);
	draw_heading(v, c, 0, amount_width(scene), SORT_ALL, "Total");
	draw_heading(v, c, at->now, NOW_WIDTH, SORT_NOW, "Now");
	if (at->state >= 0)
		canvas_text(c, at->state, 0, v->sort == &thread_columns[SORT_STATE] ?
			    STYLE_COLUMN_SORTED : STYLE_COLUMN, "S");
	draw_heading(v, c, at->id, ID_WIDTH, SORT_ID, v->by == THREADS_OF_NAME ? "Count" :
		     v->by == THREADS_OF_PROCESS ? "PID" : "TID");
	draw_heading(v, c, at->name, 0, SORT_NAME, v->by == THREADS_OF_NAME ? "Name" :
		     v->by == THREADS_OF_PROCESS ? "Process" : "Thread");
	if (at->history >= 0)
		canvas_text(c, at->history, 0, STYLE_COLUMN, "Recent");
	draw_heading(v, c, at->hottest, 0, SORT_HOTTEST, "Heaviest function");
}

/* Of one CPU, in tenths of a percent: from time, or from how often there were samples. */
static uint64_t cpu_now(const struct threads_view *v, const struct scene *scene,
			struct amount lately)
{
	double ns = (double)v->threads->lately, used = (double)lately.weight;

	if (scene->status.unit != UNIT_NANOSECONDS)
		used = scene->status.frequency ?
			(double)lately.samples * 1e9 / scene->status.frequency : 0;
	return ns > 0 ? (uint64_t)(used / ns * 1000 + 0.5) : 0;
}

static void draw_now(const struct threads_view *v, const struct scene *scene, struct canvas c,
		     const struct thread_row *row)
{
	uint64_t now = cpu_now(v, scene, row->lately);
	char text[32];

	if (!scene->status.live)
		return;
	snprintf(text, sizeof text, "%llu.%llu%%", (unsigned long long)(now / 10),
		 (unsigned long long)(now % 10));
	canvas_text(c, NOW_WIDTH - (int)strlen(text), 0,
		    now >= 100 ? STYLE_HOT : now ? STYLE_PLAIN : STYLE_DIM, text);
}

static double peak_of(const struct threads_view *v)
{
	/* A tenth of a CPU at least, so that what does little looks little. */
	double peak = v->threads->weighed ? (double)v->threads->width / 10 : 1;

	for (size_t i = 0; i < v->threads->history.len; i++)
		if (v->threads->history.at[i] > peak)
			peak = v->threads->history.at[i];
	return peak;
}

static void draw_history(const struct threads_view *v, const struct status *status, struct canvas c,
			 size_t row)
{
	const double *bucket = &v->threads->history.at[row * THREAD_BUCKETS];
	size_t full = v->threads->full, count = (size_t)c.width < full ? (size_t)c.width : full;
	double peak = peak_of(v);

	for (size_t i = 0; i < count; i++) {
		struct canvas cell = canvas_part(c, c.width - (int)count + (int)i, 0, 1, 1);
		uint64_t from = v->threads->from + (full - count + i) * v->threads->width;
		int eighths = (int)(bucket[full - count + i] / peak * 8 + 0.5);

		if (eighths > 8)
			eighths = 8;
		if (status_has_gap(status, from, from + v->threads->width, GAP_ANY))
			canvas_fill(cell, 's', STYLE_NOTICE);
		else
			canvas_fill(cell, 0x2580 + (uint32_t)(eighths > 0 ? eighths : 1),
				    eighths > 0 ? STYLE_BAR : STYLE_DIM);
	}
}

static void draw_id(const struct threads_view *v, struct canvas c, const struct thread_row *row,
		    enum style style)
{
	char text[32] = "";

	if (v->by == THREADS_OF_NAME)
		snprintf(text, sizeof text, "%zu", row->threads);
	else if (row->tid > 0)
		snprintf(text, sizeof text, "%d", (int)row->tid);
	canvas_text(c, ID_WIDTH - (int)strlen(text), 0, style, text);
}

static void add_label(const struct threads_view *v, const struct scene *scene,
		      const struct thread_row *row, struct strbuf *label)
{
	const char *name = profile_string(scene->profile, row->name);

	if (thread_choice_equal(&row->choice, &scene->query.threads))
		strbuf_adds(label, "▶ ");
	if (v->by == THREADS_ONE && row->process && row->process != row->name &&
	    row->pid != row->tid && v->several)
		strbuf_addf(label, "%s: ", profile_string(scene->profile, row->process));
	strbuf_adds(label, *name ? name : "[unknown]");
	if (v->by == THREADS_OF_PROCESS && row->threads > 1)
		strbuf_addf(label, " (%zu)", row->threads);
}

static void draw_row(const struct threads_view *v, const struct scene *scene, struct canvas c,
		     const struct layout *at, size_t i)
{
	const struct thread_row *row = row_at(v, i);
	bool cursor = i == v->list.cursor, over = row->exited == row->threads;
	bool chosen = thread_choice_equal(&row->choice, &scene->query.threads);
	enum style style = chosen ? STYLE_NOTICE : over ? STYLE_DIM : STYLE_PLAIN;
	struct strbuf text = STRBUF_INIT;

	amount_draw(c, 0, scene, &row->all, &v->threads->whole);
	/* Among those that all is narrowed to, shares would be of something else. */
	if (scene->query.threads.by == THREADS_ALL)
		trend_draw(c, amount_width(scene), trend_moved(&v->trend, row->change));
	if (at->now >= 0)
		draw_now(v, scene, canvas_part(c, at->now, 0, NOW_WIDTH, 1), row);
	if (at->state >= 0)
		canvas_printf(c, at->state, 0, STYLE_LABEL, "%c", state_of(scene, row));
	if (at->id >= 0)
		draw_id(v, canvas_part(c, at->id, 0, ID_WIDTH, 1), row, style);
	add_label(v, scene, row, &text);
	canvas_name(c, at->name, 0, at->name_width, style, text.text);
	if (at->history >= 0)
		draw_history(v, &scene->status,
			     canvas_part(c, at->history, 0, at->history_width, 1), v->order.at[i]);
	if (cursor)
		canvas_restyle(c, STYLE_CURSOR);
	if (at->hottest >= 0 && (row->hottest_self.samples || row->hottest_self.weight)) {
		strbuf_clear(&text);
		function_label(&text, scene->profile, row->hottest);
		label_draw(c, at->hottest, 0, c.width - at->hottest,
			   view_name_style(scene, row->hottest, cursor), text.text);
	}
	strbuf_release(&text);
}

static void draw_others(const struct threads_view *v, const struct scene *scene, struct canvas c,
			const struct layout *at)
{
	struct strbuf text = STRBUF_INIT;

	amount_draw(c, 0, scene, &v->others_row.all, &v->threads->whole);
	if (at->now >= 0)
		draw_now(v, scene, canvas_part(c, at->now, 0, NOW_WIDTH, 1), &v->others_row);
	scene_describe_others(scene, v->others, &text);
	canvas_name(c, at->name, 0, c.width - at->name, STYLE_DIM, text.text);
	strbuf_release(&text);
}

static void threads_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct threads_view *v = (const struct threads_view *)view;
	struct layout at = layout_of(v, scene, c.width);

	draw_headings(v, scene, canvas_part(c, 0, 0, c.width, 1), &at);
	if (!v->order.len && !v->others && scene->status.is_file)
		canvas_name(c, 1, c.height / 2, c.width - 2, STYLE_DIM,
			    "this file does not tell threads apart");
	else if (!v->order.len && !v->others)
		view_draw_empty(scene, canvas_part(c, 0, 1, c.width, c.height - 1));
	for (int y = 1; y < c.height; y++) {
		struct canvas row = canvas_part(c, 0, y, c.width, 1);
		size_t i = v->list.top + (size_t)y - 1;

		if (v->others && (i == v->order.len || y == c.height - 1)) {
			draw_others(v, scene, row, &at);
			break;
		}
		if (i < v->order.len)
			draw_row(v, scene, row, &at, i);
	}
}

void thread_choice_describe(struct strbuf *out, const struct profile *profile,
			    const struct thread_choice *choice)
{
	const char *name = profile_string(profile, choice->name);

	/* Numbers alone say little: the name that it has now, which is that of the last. */
	for (size_t i = profile->thread.len; !*name && i-- > 1;) {
		const struct thread *thread = &profile->thread.at[i];

		if (thread_is_chosen(choice, thread))
			name = profile_string(profile, choice->by == THREADS_OF_PROCESS &&
					      thread->process ? thread->process : thread->name);
	}
	switch (choice->by) {
	case THREADS_ALL:
		break;
	case THREADS_ONE:
		strbuf_addf(out, choice->tid ? "only thread %s %d" : "only thread %s", name,
			    (int)choice->tid);
		break;
	case THREADS_OF_NAME:
		strbuf_addf(out, "only threads named %s", name);
		break;
	case THREADS_OF_PROCESS:
		strbuf_addf(out, "only process %s %d", name, (int)choice->pid);
		break;
	}
}

/* Commands. */

static void choose_row(struct threads_view *v)
{
	if (v->list.cursor >= v->order.len)
		return;
	v->moved = true;
	v->wanted = row_at(v, v->list.cursor)->choice;
}

/* All views show this one only; once more, and they show all. */
static enum reaction narrow(struct threads_view *v, struct scene *scene)
{
	struct thread_choice choice;

	if (v->list.cursor >= v->order.len)
		return REACT_REDRAW;
	choose_row(v);
	choice = v->wanted;
	if (thread_choice_equal(&scene->query.threads, &choice))
		choice = (struct thread_choice){ 0 };
	scene->query.threads = choice;
	return REACT_REDRAW | REACT_UPDATE;
}

/* The cursor goes to the group of the row it was on. */
static void group_next(struct threads_view *v, const struct scene *scene)
{
	const struct thread_row *row =
		v->list.cursor < v->order.len ? row_at(v, v->list.cursor) : NULL;
	struct thread_row old = row ? *row : (struct thread_row){ 0 };

	v->by_chosen = true;
	v->by = v->by == THREADS_ONE ? THREADS_OF_NAME :
		v->by == THREADS_OF_NAME ? THREADS_OF_PROCESS : THREADS_ONE;
	/* Also while the display is paused: nothing newer comes in by this. */
	if (!threads_group(v->threads, scene->profile, v->by))
		return;
	list_rows(v, scene);
	for (size_t i = 0; i < v->order.len; i++) {
		const struct thread_row *now = row_at(v, i);

		if (v->by == THREADS_OF_NAME ? now->name == old.name : now->pid == old.pid) {
			list_go(&v->list, i);
			break;
		}
	}
	if (v->moved)
		choose_row(v);
}

static void sort_by(struct threads_view *v, const struct scene *scene,
		    const struct thread_column *column, bool reversed)
{
	v->sort = column;
	v->reversed = reversed;
	put_in_order(v, scene);
}

static enum reaction threads_command(struct view *view, struct scene *scene,
				     enum command command)
{
	struct threads_view *v = threads_of(view);
	size_t sort = (size_t)(v->sort - thread_columns);

	if (list_command(&v->list, command)) {
		choose_row(v);
		return REACT_REDRAW;
	}
	switch (command) {
	case COMMAND_OPEN:
	case COMMAND_THREAD:
		return narrow(v, scene);
	case COMMAND_GROUP:
		group_next(v, scene);
		return REACT_REDRAW;
	case COMMAND_SORT_NEXT:
		sort_by(v, scene, &thread_columns[(sort + 1) % SORTS], false);
		return REACT_REDRAW;
	case COMMAND_SORT_PREV:
		sort_by(v, scene, &thread_columns[(sort + SORTS - 1) % SORTS], false);
		return REACT_REDRAW;
	case COMMAND_SORT_REVERSE:
		sort_by(v, scene, v->sort, !v->reversed);
		return REACT_REDRAW;
	default:
		return REACT_IGNORED;
	}
}

static const struct thread_column *column_at(const struct layout *at, int x)
{
	if (at->hottest >= 0 && x >= at->hottest)
		return &thread_columns[SORT_HOTTEST];
	if (x >= at->name)
		return &thread_columns[SORT_NAME];
	if (at->id >= 0 && x >= at->id)
		return &thread_columns[SORT_ID];
	if (at->state >= 0 && x >= at->state)
		return &thread_columns[SORT_STATE];
	return &thread_columns[at->now >= 0 && x >= at->now ? SORT_NOW : SORT_ALL];
}

static enum reaction threads_point(struct view *view, struct scene *scene, int x, int y)
{
	struct threads_view *v = threads_of(view);
	struct layout at = layout_of(v, scene, v->width);
	size_t row = v->list.top + (size_t)(y > 0 ? y - 1 : 0);

	if (y == 0) {
		const struct thread_column *column = column_at(&at, x);

		sort_by(v, scene, column, column == v->sort && !v->reversed);
		return REACT_REDRAW | REACT_HEADING;
	}
	if (y < 0 || (size_t)y > v->list.height || row >= v->order.len)
		return REACT_IGNORED;
	list_go(&v->list, row);
	choose_row(v);
	return REACT_REDRAW;
}

const struct view_ops threads_view = {
	.name = "threads",
	.title = "Threads",
	.open = threads_open,
	.close = threads_close,
	.update = threads_view_update,
	.draw = threads_draw,
	.command = threads_command,
	.point = threads_point,
};
