#include "view/scene.h"

#include "base/xalloc.h"

/* As wide as a strip can be, at the finest it is shown. */
enum { BUCKETS = 400 };
static const uint64_t bucket_width = 500000000u;

struct scene_seen {
	struct query query;
	const struct profile *profile;
	uint64_t samples, weight;
	size_t named, functions;
	unsigned generation, shape;
};

void status_release(struct status *status)
{
	for (size_t i = 0; i < status->notice.len; i++)
		xfree(status->notice.at[i]);
	array_release(&status->notice);
	*status = (struct status){ 0 };
}

void scene_init(struct scene *scene)
{
	*scene = (struct scene){
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

/* Cheap facts that change whenever anything a view keeps rows of does. */
static bool has_changed(const struct scene *scene)
{
	const struct scene_seen *seen = scene->seen;
	const struct profile *profile = scene->profile;

	return seen->profile != profile || seen->samples != profile->samples ||
	       seen->weight != profile->weight || seen->named != profile->named.len ||
	       seen->functions != profile->function.len ||
	       seen->generation != profile->generation ||
	       seen->shape != scene->calls->shape ||
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
}

void scene_update(struct scene *scene, const struct profile *profile)
{
	scene->profile = profile;
	calltree_update(scene->calls, profile, &scene->query);
	quality_update(scene->quality, profile);
	match_update(&scene->match, profile);
	timeline_update(&scene->timeline, profile, scene->status.now, bucket_width, BUCKETS);
	if (has_changed(scene)) {
		remember(scene);
		scene->changed++;
	}
}
