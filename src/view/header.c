#include "base/text.h"
#include "view/view.h"

enum { WIDTH_MIN = 20, HEIGHT_MIN = 5, HEIGHT_FULL = 10 };
enum { ITEMS_MAX = 16, ITEM_GAP = 2 };

/* A value and what it is; dropped whole when there is no room, the highest rank first. */
struct item {
	char value[64], label[64];
	enum style style;
	int rank;
};

struct items {
	struct item item[ITEMS_MAX];
	size_t count;
};

static struct item *add_item(struct items *items, int rank, enum style style)
{
	struct item *item = &items->item[items->count < ITEMS_MAX ? items->count++ : ITEMS_MAX - 1];

	*item = (struct item){ .style = style, .rank = rank };
	return item;
}

__attribute__((format(printf, 4, 5)))
static struct item *add_value(struct items *items, int rank, enum style style, const char *format,
			      ...)
{
	struct item *item = add_item(items, rank, style);
	va_list args;

	va_start(args, format);
	vsnprintf(item->value, sizeof item->value, format, args);
	va_end(args);
	return item;
}

__attribute__((format(printf, 2, 3)))
static void set_label(struct item *item, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(item->label, sizeof item->label, format, args);
	va_end(args);
}

static int item_width(const struct item *item)
{
	int label = text_width(item->label);

	return text_width(item->value) + (label ? label + 1 : 0);
}

static int items_width(const struct items *items)
{
	int width = 0;

	for (size_t i = 0; i < items->count; i++)
		width += item_width(&items->item[i]) + (i ? ITEM_GAP : 0);
	return width;
}

static void drop_item(struct items *items)
{
	size_t worst = 0;

	for (size_t i = 1; i < items->count; i++)
		if (items->item[i].rank >= items->item[worst].rank)
			worst = i;
	items->count--;
	for (size_t i = worst; i < items->count; i++)
		items->item[i] = items->item[i + 1];
}

static void fit_items(struct items *items, int width)
{
	while (items->count && items_width(items) > width)
		drop_item(items);
}

static int draw_items(const struct items *items, struct canvas c, int x, int y)
{
	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->item[i];

		x += i ? ITEM_GAP : 0;
		x += canvas_text(c, x, y, item->style, item->value);
		if (*item->label)
			x += 1 + canvas_text(c, x + 1, y, STYLE_LABEL, item->label);
	}
	return x;
}

/* "12.3 s", "4:05", "1:02:03". */
static void format_elapsed(char out[32], uint64_t ns)
{
	uint64_t tenths = ns / 100000000u, s = tenths / 10;

	if (s < 100)
		snprintf(out, 32, "%u.%u s", (unsigned)s, (unsigned)(tenths % 10));
	else if (s < 3600)
		snprintf(out, 32, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
	else
		snprintf(out, 32, "%llu:%02u:%02u", (unsigned long long)(s / 3600),
			 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

/* How long it was measured; not how long a file was read. */
static uint64_t elapsed_of(const struct status *status)
{
	if (status->is_file)
		return 0;
	if (status->duration)
		return status->duration;
	return status->now > status->started ? status->now - status->started : 0;
}

static bool has_activity(const struct scene *scene)
{
	const struct query *query = &scene->query;

	return scene->paused || query->keep || query->hide_kernel ||
	       scene->window.kind != WINDOW_ALL || query->threads.by != THREADS_ALL ||
	       scene->match.pattern || (scene->status.live && !scene->status.collecting);
}

/* What is wrong is told for a while; help has it all the time. */
static bool has_news(const struct scene *scene)
{
	return scene->status.notice.len && !scene->notices_told;
}

static bool is_too_small(int width, int height)
{
	return width < WIDTH_MIN || height < HEIGHT_MIN;
}

int header_height(const struct scene *scene, int width, int height)
{
	int rows = 3;

	if (is_too_small(width, height))
		return height;
	if (height < HEIGHT_FULL)
		return 1;
	if (has_activity(scene))
		rows++;
	if (has_news(scene) && (height >= 16 || !has_activity(scene)))
		rows++;
	return rows;
}

static void add_state(struct items *items, const struct status *status)
{
	enum style style = STYLE_PLAIN;

	if (!*status->state)
		return;
	if (!strncmp(status->state, "stopped", 7))
		style = STYLE_WARNING;
	add_value(items, 2, style, "%s", status->state);
}

static void add_elapsed(struct items *items, const struct status *status)
{
	char text[32];

	if (!elapsed_of(status))
		return;
	format_elapsed(text, elapsed_of(status));
	add_value(items, 1, STYLE_PLAIN, "%s", text);
}

static void add_event(struct items *items, const struct status *status)
{
	struct item *item;

	if (!*status->event)
		return;
	item = add_value(items, 3, STYLE_PLAIN, "%s", status->event);
	if (status->frequency)
		set_label(item, "%u Hz", status->frequency);
	else if (!status->is_file)
		set_label(item, "each one");
	if (*status->backend)
		set_label(add_value(items, 8, STYLE_LABEL, "%s", status->backend), "%s",
			  status->call_graph);
}

/* The target takes what the items leave, and is shortened in the middle. */
static void draw_target(const struct scene *scene, struct canvas c, int y, struct items *items)
{
	int target = text_width(scene->status.target), room;
	int least = c.width / (c.width < 40 ? 4 : 3);

	fit_items(items, c.width - (target < least ? target : least) - ITEM_GAP);
	room = c.width - items_width(items) - (items->count ? ITEM_GAP : 0);
	canvas_name(c, 0, y, room, STYLE_TITLE, scene->status.target);
	draw_items(items, c, c.width - items_width(items), y);
}

static void add_samples(struct items *items, const struct scene *scene, int width)
{
	char text[QUANTITY_MAX + 8];
	uint64_t samples = scene->calls->all.samples;

	/* In 20 columns five digits are too many. */
	if (width < 40 && samples >= 10000)
		quantity_format(text, samples, UNIT_COUNT);
	else
		quantity_exact(text, samples);
	set_label(add_value(items, 0, STYLE_PLAIN, "%s", text), "%s%s",
		  samples == 1 ? "sample" : "samples",
		  samples && samples < FEW_SAMPLES && width >= 40 ? " (few)" : "");
}

/* That nothing was lost is known of what we measured ourselves. */
static void add_lost(struct items *items, const struct scene *scene)
{
	const struct profile *profile = scene->profile;
	char text[QUANTITY_MAX + 8];

	quantity_exact(text, profile->lost);
	if (profile->lost || !scene->status.is_file)
		set_label(add_value(items, profile->lost ? 1 : 4,
				    profile->lost ? STYLE_WARNING : STYLE_PLAIN, "%s", text),
			  "lost");
	if (profile->throttled) {
		quantity_exact(text, profile->throttled);
		set_label(add_value(items, 2, STYLE_WARNING, "%s", text), "throttled");
	}
	if (profile->lost_names)
		add_value(items, 4, STYLE_WARNING, "names may be missing");
}

/* "99.98%", or "87%" where the digits tell nothing; all is all. */
static void format_share(char out[QUANTITY_MAX], uint64_t part, uint64_t whole)
{
	unsigned share = (unsigned)((unsigned __int128)part * 100 / whole);

	if (part == whole || share < 99)
		snprintf(out, QUANTITY_MAX, "%u%%", share);
	else
		quantity_percent(out, part, whole);
}

/* The reason of most, but for one. */
static enum truncation worst_but(const struct quality *quality, enum truncation but)
{
	enum truncation worst = TRUNCATIONS;

	for (int i = 0; i < TRUNCATIONS; i++)
		if (i != (int)but && quality->reason[i] &&
		    (worst == TRUNCATIONS || quality->reason[i] > quality->reason[worst]))
			worst = (enum truncation)i;
	return worst;
}

/* Shares of less than one in so many are not told. */
enum { MATTERS = 100 };

/* Why stacks are truncated: the two most frequent reasons, where that is more than a few. */
static void add_reasons(struct items *items, const struct quality *quality, uint64_t whole)
{
	enum truncation reason = TRUNCATIONS;
	char text[QUANTITY_MAX];

	for (int i = 0; i < 2; i++) {
		reason = worst_but(quality, reason);
		if (reason == TRUNCATIONS || quality->reason[reason] < whole / MATTERS)
			return;
		quantity_percent(text, quality->reason[reason], whole);
		set_label(add_value(items, i ? 7 : 4, STYLE_PLAIN, "%s", text), "%s",
			  truncation_text(reason));
	}
}

static void add_quality(struct items *items, const struct scene *scene)
{
	const struct quality *quality = scene->quality;
	uint64_t whole = quality->complete + quality->frame_pointer + quality->truncated;
	bool by_name = !quality->complete && quality->frame_pointer;
	char text[QUANTITY_MAX];
	struct item *item;

	if (!whole)
		return;
	if (!strcmp(scene->status.call_graph, "no stacks")) {
		set_label(add_value(items, 3, STYLE_LABEL, "no"), "stacks");
		return;
	}
	item = add_value(items, 3, quality->truncated > whole / 20 ? STYLE_WARNING : STYLE_LABEL,
			 "stacks");
	format_share(text, by_name ? quality->frame_pointer : quality->complete, whole);
	set_label(item, "%s %s", text, by_name ? "by frame pointer" : "complete");
	add_reasons(items, quality, whole);
	if (quality->guessed > whole / 20) {
		format_share(text, quality->guessed, whole);
		set_label(add_value(items, 5, STYLE_PLAIN, "%s", text), "with a guessed frame");
	}
	if (by_name || !quality->frame_pointer || quality->frame_pointer < whole / MATTERS)
		return;
	format_share(text, quality->frame_pointer, whole);
	set_label(add_value(items, 6, STYLE_PLAIN, "%s", text), "by frame pointer");
}

static void add_counts(struct items *items, const struct status *status)
{
	if (status->threads)
		set_label(add_value(items, 5, STYLE_PLAIN, "%zu", status->threads),
			  status->threads == 1 ? "thread" : "threads");
	if (status->processes > 1)
		set_label(add_value(items, 6, STYLE_PLAIN, "%zu", status->processes), "processes");
	if (status->naming)
		set_label(add_value(items, 7, STYLE_PLAIN, "%zu", status->naming), "to be named");
}

/* What measuring costs. */
static void add_own(struct items *items, const struct status *status)
{
	if (!status->is_file)
		set_label(add_value(items, 4, STYLE_LABEL, "tprof"), "%u.%u%% CPU",
			  (unsigned)(status->own_cpu / 100),
			  (unsigned)(status->own_cpu % 100 / 10));
}

/* Of what is not told any more. */
static void add_notes(struct items *items, const struct scene *scene)
{
	size_t count = scene->status.notice.len;

	if (count && !has_news(scene))
		set_label(add_value(items, 6, STYLE_NOTICE, "%zu note%s:", count,
				    count == 1 ? "" : "s"), "see help");
}

static void add_own_memory(struct items *items, const struct status *status)
{
	char rss[QUANTITY_MAX];

	if (!status->own_rss || status->is_file)
		return;
	quantity_format(rss, status->own_rss, UNIT_BYTES);
	set_label(add_value(items, 8, STYLE_LABEL, "tprof"), "%s", rss);
}

/* A pattern may be long: enough of it is shown to be known again. */
static void add_pattern(struct items *items, int rank, const char *what, const char *pattern)
{
	struct strbuf text = STRBUF_INIT;
	struct item *item = add_value(items, rank, STYLE_LABEL, "%s", what);

	text_shorten(&text, pattern, 15);
	set_label(item, "/%s/", text.text);
	strbuf_release(&text);
}

/* Names come from the measured program. */
static void add_threads(struct items *items, const struct scene *scene)
{
	struct strbuf choice = STRBUF_INIT, text = STRBUF_INIT;

	thread_choice_describe(&choice, scene->profile, &scene->query.threads);
	text_shorten(&text, choice.text, 40);
	add_value(items, 1, STYLE_NOTICE, "%s", text.text);
	strbuf_release(&choice);
	strbuf_release(&text);
}

static void add_window(struct items *items, const struct scene *scene)
{
	struct strbuf text = STRBUF_INIT;

	window_describe(scene, &text);
	add_value(items, 1, STYLE_NOTICE, "%s", text.text);
	strbuf_release(&text);
}

static void add_filter(struct items *items, const struct scene *scene)
{
	const struct query *query = &scene->query;
	const struct calltree *calls = scene->calls;

	if (query->threads.by != THREADS_ALL)
		add_threads(items, scene);
	if (query->keep)
		add_pattern(items, 2, "filter", query->keep);
	if (scene->window.kind != WINDOW_ALL)
		add_window(items, scene);
	if (query->keep || query->threads.by != THREADS_ALL ||
	    scene->window.kind != WINDOW_ALL) {
		char percent[QUANTITY_MAX];
		struct amount kept = calls->count ? calls->total[0] : (struct amount){ 0 };

		quantity_percent(percent, kept.samples, calls->all.samples);
		set_label(add_value(items, 2, STYLE_PLAIN, "%s", percent), "of all samples");
	}
	if (query->hide_kernel)
		add_value(items, 3, STYLE_NOTICE, "kernel frames hidden");
}

static void add_activity(struct items *items, const struct scene *scene)
{
	char behind[QUANTITY_MAX + 8];

	if (scene->paused) {
		quantity_exact(behind, scene->behind);
		add_value(items, 0, STYLE_WARNING, "paused, %s samples behind", behind);
	}
	if (scene->status.live && !scene->status.collecting)
		add_value(items, 1, STYLE_WARNING, "sampling stopped");
	add_filter(items, scene);
	if (scene->match.pattern) {
		add_pattern(items, 4, "search", scene->match.pattern);
		set_label(add_value(items, 4, STYLE_PLAIN, "%zu", scene->match.count),
			  scene->match.count == 1 ? "function" : "functions");
	}
}

/* CPUs in use, in thousandths: from time where it was measured, else from the rate of samples. */
static uint64_t cpus_of(const struct status *status, uint64_t weight, uint64_t samples, uint64_t ns)
{
	if (!ns)
		return 0;
	if (status->unit == UNIT_NANOSECONDS)
		return (uint64_t)((double)weight * 1000 / (double)ns + 0.5);
	if (!status->frequency)
		return 0;
	return (uint64_t)((double)samples / status->frequency * 1e12 / (double)ns + 0.5);
}

/* Buckets that will not change any more: up to where samples have come in. */
static size_t full_buckets(const struct scene *scene)
{
	const struct timeline *timeline = &scene->timeline;
	const struct profile *profile = scene->profile;
	uint64_t until = scene->status.now;

	if (profile->slice.len && profile->slice.at[profile->slice.len - 1].until < until) {
		uint64_t gap = gaps_end(&scene->status.gaps);

		/* In a gap nothing comes in, and that is known. */
		gap = gap < until ? gap : until;
		until = profile->slice.at[profile->slice.len - 1].until;
		until = gap > until ? gap : until;
	}
	if (!timeline->width || until <= timeline->from)
		return 0;
	until = (until - timeline->from) / timeline->width;
	return until < timeline->bucket.len ? (size_t)until : timeline->bucket.len;
}

static uint64_t bucket_cpus(const struct scene *scene, size_t i)
{
	struct bucket bucket = scene->timeline.bucket.at[i];

	return cpus_of(&scene->status, bucket.weight, bucket.samples, bucket.sampled);
}

/* Is there little to tell of it but that?  Its rate, too, would be of too short a time. */
static bool is_gap(const struct scene *scene, size_t i)
{
	const struct bucket *bucket = &scene->timeline.bucket.at[i];

	return bucket->gap && (bucket->gap >= scene->timeline.width / 2 || !bucket->samples);
}

/* The counter of CPU time; NULL if there is none. */
static const struct series *task_clock(const struct scene *scene)
{
	const struct profile *profile = scene->profile;

	for (size_t i = 0; i < profile->series.len; i++) {
		const struct series *series = &profile->series.at[i];

		if (series->supported && series->point.len &&
		    !strcmp(profile_string(profile, series->name), "task-clock"))
			return series;
	}
	return NULL;
}

/* From its readings: of the last second while it runs, of the whole time afterwards. */
static bool counted_cpus(const struct scene *scene, uint64_t *cpus)
{
	const struct status *status = &scene->status;
	const struct series *clock = task_clock(scene);
	size_t last, first;
	uint64_t ns;

	if (!clock || !status->counted)
		return false;
	if (!status->live) {
		*cpus = cpus_of(&(struct status){ .unit = UNIT_NANOSECONDS }, clock->value, 0,
				status->counted);
		return true;
	}
	last = clock->point.len - 1;
	while (last && clock->point.at[last].time > status->now)
		last--;
	for (first = last; first; first--)
		if (status_active(status, clock->point.at[first].time,
				  clock->point.at[last].time) >= 900000000u)
			break;
	ns = status_active(status, clock->point.at[first].time, clock->point.at[last].time);
	*cpus = cpus_of(&(struct status){ .unit = UNIT_NANOSECONDS },
			clock->point.at[last].value - clock->point.at[first].value, 0, ns);
	return ns;
}

/*
 * Of the last second while it runs, of the whole time afterwards.  Samples
 * tell it only where none are lost, and sampling was never stopped.
 */
static uint64_t current_cpus(const struct scene *scene)
{
	const struct status *status = &scene->status;
	size_t full = full_buckets(scene);
	struct bucket sum = { 0 };
	uint64_t counted, elapsed = elapsed_of(status);

	if (counted_cpus(scene, &counted))
		return counted;
	if (!status->live || full < 2)
		return cpus_of(status, scene->calls->all.weight, scene->calls->all.samples,
			       elapsed > status->stopped ? elapsed - status->stopped : elapsed);
	for (size_t i = full - 2; i < full; i++) {
		sum.sampled += scene->timeline.bucket.at[i].sampled;
		sum.weight += scene->timeline.bucket.at[i].weight;
		sum.samples += scene->timeline.bucket.at[i].samples;
	}
	return cpus_of(status, sum.weight, sum.samples, sum.sampled);
}

/* Is most of the bucket that starts then in the time that the views show? */
static bool is_looked_at(const struct scene *scene, uint64_t start)
{
	uint64_t middle = start + scene->timeline.width / 2;

	return middle >= scene->query.from &&
	       (!scene->query.until || middle < scene->query.until);
}

static void draw_blocks(const struct scene *scene, struct canvas c)
{
	size_t full = full_buckets(scene), count = (size_t)c.width < full ? (size_t)c.width : full;
	uint64_t peak = 1000;

	for (size_t i = full - count; i < full; i++)
		if (!is_gap(scene, i) && bucket_cpus(scene, i) > peak)
			peak = bucket_cpus(scene, i);
	for (size_t i = 0; i < count; i++) {
		struct canvas cell = canvas_part(c, c.width - (int)count + (int)i, 0, 1, 1);
		uint64_t start = scene->timeline.from + (full - count + i) * scene->timeline.width;
		uint64_t eighths = (bucket_cpus(scene, full - count + i) * 8 + peak / 2) / peak;

		/* From before we looked there is nothing to tell. */
		if (start + scene->timeline.width <= scene->status.started)
			continue;
		if (is_gap(scene, full - count + i)) {
			canvas_fill(cell, 's', STYLE_NOTICE);
			continue;
		}
		/* What the views leave out stands back. */
		canvas_fill(cell, eighths ? 0x2580 + (uint32_t)eighths : 0x2581,
			    eighths && is_looked_at(scene, start) ? STYLE_BAR : STYLE_DIM);
	}
}

static void draw_strip(const struct scene *scene, struct canvas c, int y)
{
	uint64_t cpus = current_cpus(scene);
	int x = 0;

	if (scene->status.is_file) {
		canvas_text(c, 0, y, STYLE_LABEL, "a file without times");
		return;
	}
	x += canvas_printf(c, x, y, STYLE_PLAIN, "%u.%02u", (unsigned)(cpus / 1000),
			   (unsigned)(cpus % 1000 / 10));
	x += canvas_printf(c, x, y, STYLE_LABEL, " CPUs%s",
			   scene->status.live ? "" : " on average");
	draw_blocks(scene, canvas_part(c, x + 2, y, c.width - x - 2, 1));
}

static void draw_notice(const struct scene *scene, struct canvas c, int y)
{
	size_t count = scene->status.notice.len;
	char more[48] = "";

	if (!has_news(scene))
		return;
	if (count > 1)
		snprintf(more, sizeof more, " (%zu more: help)", count - 1);
	canvas_text(c, c.width - (int)strlen(more), y, STYLE_LABEL, more);
	canvas_name(c, 0, y, c.width - (int)strlen(more), STYLE_NOTICE,
		    scene->status.notice.at[scene->notice < count ? scene->notice : 0]);
}

static void draw_one_line(const struct scene *scene, struct canvas c)
{
	struct items items = { 0 };

	if (scene->paused)
		add_value(&items, 0, STYLE_WARNING, "paused");
	if (scene->query.keep)
		add_value(&items, 1, STYLE_NOTICE, "filter");
	if (scene->window.kind != WINDOW_ALL)
		add_window(&items, scene);
	if (scene->profile->lost)
		add_lost(&items, scene);
	add_samples(&items, scene, c.width);
	add_elapsed(&items, &scene->status);
	draw_target(scene, c, 0, &items);
}

static void draw_full(const struct scene *scene, struct canvas c)
{
	struct items first = { 0 }, second = { 0 }, active = { 0 };
	int y = 3;

	add_state(&first, &scene->status);
	add_event(&first, &scene->status);
	add_own(&first, &scene->status);
	add_elapsed(&first, &scene->status);
	draw_target(scene, c, 0, &first);

	add_samples(&second, scene, c.width);
	add_lost(&second, scene);
	/* A file of names does not tell how its stacks were found. */
	if (!scene->status.is_file)
		add_quality(&second, scene);
	add_counts(&second, &scene->status);
	add_notes(&second, scene);
	add_own_memory(&second, &scene->status);
	fit_items(&second, c.width);
	draw_items(&second, c, 0, 1);

	draw_strip(scene, c, 2);
	if (has_activity(scene)) {
		add_activity(&active, scene);
		fit_items(&active, c.width);
		draw_items(&active, c, 0, y++);
	}
	if (y < c.height)
		draw_notice(scene, c, y);
}

static void draw_too_small(struct canvas c)
{
	bool words = c.width >= 9;

	canvas_text(c, 0, 0, STYLE_WARNING, c.width >= 24 ? "too small: 20x5 at least" :
		    c.width >= 15 ? "too small: 20x5" : words ? "too small" : "20x5");
	if (words && c.width < 15 && c.height > 1)
		canvas_text(c, 0, 1, STYLE_WARNING, "20x5");
}

void header_draw(const struct scene *scene, struct canvas c)
{
	canvas_fill(c, ' ', STYLE_PLAIN);
	if (is_too_small(c.grid->width, c.grid->height))
		draw_too_small(c);
	else if (c.height < 3)
		draw_one_line(scene, c);
	else
		draw_full(scene, c);
}
