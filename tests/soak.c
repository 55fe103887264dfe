/*
 * tests/soak [SAMPLES [LIMIT]]: samples on ever new stacks, with names that
 * arrive, threads that come and go and a call tree that is watched.  The
 * totals must be exact and the memory must stay within the limit and
 * BESIDES, however many samples there are.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/calltree.h"
#include "analyze/inverted.h"
#include "analyze/quality.h"
#include "base/clock.h"

enum {
	/* The program itself, its stack, and what the C library keeps. */
	BESIDES = 8 << 20,
	TOPS = 4,		/* functions at the top, whose totals are known */
	PLACES = 200 * 1000,	/* addresses */
	NAMES = 5000,
	NEW_FRAMES = 4,		/* on each stack, below the shared ones */
	SEAL_EVERY = 1000, LIMIT_EVERY = 1000, WATCH_EVERY = 20 * 1000, THREAD_EVERY = 500,
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#elif defined(__has_feature)
static const bool sanitized = __has_feature(address_sanitizer) ||
			      __has_feature(thread_sanitizer);
#else
static const bool sanitized = false;
#endif

struct soak {
	struct profile *profile;
	struct calltree *tree;
	struct inverted *inverted;
	struct quality *quality;
	uint64_t limit, seed, time;
	binary_id binary;
	function_id top[TOPS];
	thread_id thread;
	uint64_t weight[TOPS], samples[TOPS];
};

static uint64_t random_number(struct soak *soak)
{
	soak->seed = soak->seed * 6364136223846793005u + 1442695040888963407u;
	return soak->seed >> 33;
}

static function_id function(struct profile *profile, const char *what, unsigned number)
{
	char name[40];
	struct function f = { 0 };

	snprintf(name, sizeof name, "%s_%u", what, number);
	f.name = profile_add_string(profile, name);
	return profile_add_function(profile, &f);
}

static void name_place(struct soak *soak, location_id place)
{
	struct frame frames[2];
	size_t count = 1 + random_number(soak) % 2;

	for (size_t i = 0; i < count; i++)
		frames[i] = (struct frame){
			.function = function(soak->profile, "name",
					     (unsigned)(random_number(soak) % NAMES)),
			.line = (uint32_t)(random_number(soak) % 100),
		};
	profile_set_frames(soak->profile, place, frames, count);
}

static stack_id new_stack(struct soak *soak, unsigned top)
{
	struct profile *profile = soak->profile;
	stack_id stack = profile_add_stack(profile, 0, profile_add_named_location(profile,
				(struct frame){ .function = soak->top[top] }));

	for (int i = 0; i < NEW_FRAMES; i++) {
		/* Most of them often, all of them sometimes. */
		uint64_t range = i < 2 ? 30 : PLACES;
		location_id place = profile_add_location(profile, soak->binary,
							 random_number(soak) % range);

		if (!profile->location.at[place].symbolized && random_number(soak) % 4 == 0)
			name_place(soak, place);
		stack = profile_add_stack(profile, stack, place);
	}
	return stack;
}

static void add_sample(struct soak *soak)
{
	unsigned top = (unsigned)(random_number(soak) % TOPS);
	uint64_t weight = 1 + random_number(soak) % 1000;

	soak->time += 1000;
	soak->weight[top] += weight;
	soak->samples[top]++;
	profile_add_sample(soak->profile, &(struct sample){
		.time = soak->time, .weight = weight, .samples = 1,
		.stack = new_stack(soak, top), .thread = soak->thread });
}

static void work(struct soak *soak, uint64_t i)
{
	static const struct query everything;

	if (i % THREAD_EVERY == 0) {
		profile_end_thread(soak->profile, soak->thread);
		soak->thread = profile_add_thread(soak->profile, 1, (pid_t)(i % 30000), "worker");
	}
	if (i % SEAL_EVERY == 0)
		profile_seal(soak->profile, soak->time);
	if (i % LIMIT_EVERY == 0)
		profile_limit(soak->profile, soak->limit);
	if (i % WATCH_EVERY == 0) {
		calltree_update(soak->tree, soak->profile, &everything);
		inverted_update(soak->inverted, soak->tree, NULL);
		quality_update(soak->quality, soak->profile);
	}
}

static uint64_t peak_memory(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[200];
	uint64_t kib = 0;

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

static bool same(const char *what, uint64_t is, uint64_t should)
{
	if (is != should)
		printf("FAILED: %s is %" PRIu64 ", not %" PRIu64 "\n", what, is, should);
	return is == should;
}

static bool check_totals(struct soak *soak)
{
	const struct calltree *tree = soak->tree;
	const struct quality *quality = soak->quality;
	uint64_t weight = 0, samples = 0;
	bool ok = true;

	for (int i = 0; i < TOPS; i++) {
		const struct amount *total = &tree->function_total[soak->top[i]];

		ok &= same("the weight below a top function", total->weight, soak->weight[i]);
		ok &= same("its samples", total->samples, soak->samples[i]);
		weight += soak->weight[i];
		samples += soak->samples[i];
	}
	ok &= same("the weight", soak->profile->weight, weight);
	ok &= same("the number of samples", soak->profile->samples, samples);
	ok &= same("the weight in the tree", tree->total[0].weight, weight);
	ok &= same("the samples in the tree", tree->total[0].samples, samples);
	ok &= same("the weight turned around", soak->inverted->node.at[0].total.weight, weight);
	ok &= same("the ends of stacks",
		   quality->complete + quality->frame_pointer + quality->truncated, samples);
	return ok;
}

int main(int argc, char **argv)
{
	uint64_t samples = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
	struct soak soak = {
		.profile = profile_new(), .tree = calltree_new(),
		.inverted = inverted_new(), .quality = quality_new(), .seed = 1,
		.limit = 64 << 20,
	};
	uint64_t start = clock_now(), peak;
	bool ok;

	/* As in main(): big tables go back to the system when they shrink. */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	if (argc > 2 && !quantity_parse_size(argv[2], &soak.limit))
		return 2;
	soak.binary = profile_add_binary(soak.profile, "/bin/soak", "", BINARY_FILE);
	for (unsigned i = 0; i < TOPS; i++)
		soak.top[i] = function(soak.profile, "top", i);
	for (uint64_t i = 0; i < samples; i++) {
		work(&soak, i);
		add_sample(&soak);
	}
	profile_seal(soak.profile, soak.time);
	work(&soak, 0);
	ok = check_totals(&soak);
	peak = peak_memory();
	printf("%" PRIu64 " samples in %.1f s, made smaller %" PRIu64 " times, "
	       "%zu stacks, %zu sums, %zu slices, %zu threads\n", samples,
	       (double)(clock_now() - start) / 1e9, soak.profile->merged,
	       soak.profile->stack.len, soak.profile->sum.len, soak.profile->slice.len,
	       soak.profile->thread.len);
	printf("peak memory %" PRIu64 " KiB, limit %" PRIu64 " KiB, estimate now %" PRIu64 " KiB\n",
	       peak / 1024, soak.limit / 1024, profile_bytes(soak.profile) / 1024);
	if (!sanitized && peak > soak.limit + BESIDES) {
		printf("FAILED: more than the limit and %d KiB\n", BESIDES / 1024);
		ok = false;
	}
	quality_free(soak.quality);
	inverted_free(soak.inverted);
	calltree_free(soak.tree);
	profile_free(soak.profile);
	return !ok;
}
