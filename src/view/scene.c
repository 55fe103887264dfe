#include "view/scene.h"

#include "base/xalloc.h"

/* As wide as a strip can be, at the finest it is shown. */
enum { BUCKETS = 400 };
static const uint64_t bucket_width = 500000000u;

/* Lengths of the window, in seconds. */
static const unsigned window_lengths[] = {
	1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600,
};
enum { WINDOW_LENGTHS = sizeof window_lengths / sizeof *window_lengths };
static const uint64_t second = 1000000000u;

struct scene_seen {
	struct query query;
	const struct profile *profile;
	uint64_t samples, weight;
	size_t named, functions;
	unsigned generation, shape, limit;
	uint64_t search;
};

void status_release(struct status *status)
{
	for (size_t i = 0; i < status->notice.len; i++)
		xfree(status->notice.at[i]);
	array_release(&status->notice);
	gaps_release(&status->gaps);
	*status = (struct status){ 0 };
}

bool status_has_gap(const struct status *status, uint64_t from, uint64_t until, unsigned kinds)
{
	return until > from && gaps_within(&status->gaps, from, until, kinds) >= (until - from) / 2;
}

uint64_t status_active(const struct status *status, uint64_t from, uint64_t until)
{
	/* Stopped it uses nothing, and that is to be seen while it lasts. */
	if (status->halted)
		return until - from;
	return until - from - gaps_within(&status->gaps, from, until, GAP_STOPPED);
}

void scene_init(struct scene *scene)
{
	*scene = (struct scene){
		.window = { .last = 10 * second },
		.calls = calltree_new(),
		.quality = quality_new(),
		.seen = xcalloc(1, sizeof *scene->seen),
	};
}

void scene_release(struct scene *scene)
{
	query_release(&scene->query);
	calltree_free(scene->calls);
	quality_free(scene->quality);
	match_release(&scene->match);
	timeline_release(&scene->timeline);
	array_release(&scene->selected);
	status_release(&scene->status);
	if (scene->seen)
		query_release(&scene->seen->query);
	xfree(scene->seen);
	*scene = (struct scene){ 0 };
}

void window_next(struct window *window)
{
	switch (window->kind) {
	case WINDOW_ALL:
		window->kind = WINDOW_LAST;
		break;
	case WINDOW_LAST:
		window->kind = window->since ? WINDOW_SINCE : WINDOW_ALL;
		break;
	case WINDOW_SINCE:
		window->kind = WINDOW_ALL;
		break;
	}
}

void window_resize(struct window *window, bool longer)
{
	size_t i = 0;

	while (i + 1 < WINDOW_LENGTHS && window_lengths[i] * second < window->last)
		i++;
	if (longer && i + 1 < WINDOW_LENGTHS)
		i++;
	else if (!longer && i)
		i--;
	window->kind = WINDOW_LAST;
	window->last = window_lengths[i] * second;
}

static void add_time(struct strbuf *out, uint64_t seconds)
{
	if (seconds >= 3600 && seconds % 3600 == 0)
		strbuf_addf(out, "%llu h", (unsigned long long)(seconds / 3600));
	else if (seconds >= 120 && seconds % 60 == 0)
		strbuf_addf(out, "%llu min", (unsigned long long)(seconds / 60));
	else if (seconds >= 120)
		strbuf_addf(out, "%llu:%02llu min", (unsigned long long)(seconds / 60),
			    (unsigned long long)(seconds % 60));
	else
		strbuf_addf(out, "%llu s", (unsigned long long)seconds);
}

void window_describe(const struct scene *scene, struct strbuf *out)
{
	const struct window *window = &scene->window;
	uint64_t now = scene->status.now;

	switch (window->kind) {
	case WINDOW_ALL:
		break;
	case WINDOW_LAST:
		strbuf_adds(out, "last ");
		add_time(out, window->last / second);
		break;
	case WINDOW_SINCE:
		strbuf_adds(out, "since ");
		add_time(out, now > window->since ? (now - window->since) / second : 0);
		strbuf_adds(out, " ago");
		break;
	}
}

void scene_limit_next(struct scene *scene)
{
	static const unsigned limits[] = { 0, 1, 5, 10, 50 };
	size_t i = 0;

	while (i < sizeof limits / sizeof *limits && limits[i] != scene->limit)
		i++;
	scene->limit = limits[(i + 1) % (sizeof limits / sizeof *limits)];
}

void scene_describe_others(const struct scene *scene, size_t count, struct strbuf *out)
{
	strbuf_addf(out, "%zu other%s below %u", count, count == 1 ? "" : "s",
		    scene->limit / 10);
	if (scene->limit % 10)
		strbuf_addf(out, ".%u", scene->limit % 10);
	strbuf_adds(out, "%");
}

static void place_window(struct scene *scene)
{
	const struct window *window = &scene->window;
	uint64_t now = scene->status.now;

	if (window->kind == WINDOW_LAST)
		scene->query.from = now > window->last ? now - window->last : 0;
	else
		scene->query.from = window->kind == WINDOW_SINCE ? window->since : 0;
}

/* With a limit, rows that the search finds stay: they depend on it then. */
static uint64_t search_number(const struct scene *scene)
{
	const char *pattern = scene->match.pattern;

	return scene->limit && pattern ? hash_bytes(pattern, strlen(pattern)) +
					 scene->match.count : 0;
}

/* Cheap facts that change whenever anything a view keeps rows of does. */
static bool has_changed(const struct scene *scene)
{
	const struct scene_seen *seen = scene->seen;
	const struct profile *profile = scene->profile;

	return seen->profile != profile || seen->samples != profile->samples ||
	       seen->weight != profile->weight || seen->named != profile->named.len ||
	       seen->functions != profile->function.len ||
	       seen->generation != profile->generation ||
	       seen->shape != scene->calls->shape || seen->limit != scene->limit ||
	       seen->search != search_number(scene) ||
	       !query_equal(&seen->query, &scene->query);
}

static void remember(struct scene *scene)
{
	struct scene_seen *seen = scene->seen;
	const struct profile *profile = scene->profile;

	if (!query_equal(&seen->query, &scene->query))
		query_copy(&seen->query, &scene->query);
	seen->profile = profile;
	seen->samples = profile->samples;
	seen->weight = profile->weight;
	seen->named = profile->named.len;
	seen->functions = profile->function.len;
	seen->generation = profile->generation;
	seen->shape = scene->calls->shape;
	seen->limit = scene->limit;
	seen->search = search_number(scene);
}

void scene_update(struct scene *scene, const struct profile *profile)
{
	scene->profile = profile;
	place_window(scene);
	calltree_update(scene->calls, profile, &scene->query);
	quality_update(scene->quality, profile);
	match_update(&scene->match, profile);
	timeline_update(&scene->timeline, profile, &scene->status.gaps, scene->status.now,
			bucket_width, BUCKETS);
	if (has_changed(scene)) {
		remember(scene);
		scene->changed++;
	}
}
