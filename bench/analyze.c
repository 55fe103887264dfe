/*
 * bench/analyze: what the analyses cost alone, without a screen, on a
 * made-up profile: 20,000 paths, 30 deep, 200,000 nodes, 5,000 functions
 * with recursion, every tenth path ending in the kernel.  Milliseconds,
 * the median and the worst of several runs.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/callers.h"
#include "analyze/calltree.h"
#include "analyze/inverted.h"
#include "analyze/match.h"
#include "analyze/quality.h"
#include "analyze/threads.h"
#include "analyze/timeline.h"
#include "analyze/trend.h"
#include "base/clock.h"

enum { PATHS = 20000, NEW_FRAMES = 10, FUNCTIONS = 5000, SLICE = 250, RUNS = 9 };

struct bench {
	struct profile *profile;
	struct calltree *tree;
	struct inverted *inverted;
	struct callers *callers;
	struct threads *threads;
	struct trend trend, node_trend;
	struct query query;
	uint64_t seed, time;
	size_t samples;
	location_id place[FUNCTIONS];
	thread_id thread[8];
	stack_id path[PATHS];
};

static uint64_t random_number(struct bench *bench)
{
	bench->seed = bench->seed * 6364136223846793005u + 1442695040888963407u;
	return bench->seed >> 33;
}

static void add_functions(struct bench *bench)
{
	struct profile *profile = bench->profile;
	binary_id binary = profile_add_binary(profile, "/bin/bench", "", BINARY_FILE);

	for (unsigned i = 0; i < FUNCTIONS; i++) {
		struct function f = { .binary = binary };
		struct frame frame;
		char name[80];

		snprintf(name, sizeof name, "module_%u::Class::function_%u(int, char const*)",
			 i % 50, i);
		f.name = profile_add_string(profile, name);
		f.flags = i >= FUNCTIONS - 500 ? FUNCTION_KERNEL : 0;
		frame.function = profile_add_function(profile, &f);
		frame.line = i;
		bench->place[i] = profile_add_location(profile, binary, i);
		profile_set_frames(profile, bench->place[i], &frame, 1);
	}
}

/* A path leaves an older one somewhere below and goes on by itself. */
static void add_paths(struct bench *bench)
{
	struct profile *profile = bench->profile;

	for (size_t i = 0; i < PATHS; i++) {
		stack_id stack = i ? bench->path[random_number(bench) % i] : 0;
		bool kernel = random_number(bench) % 10 == 0;
		size_t depth = 0;

		for (stack_id s = stack; s; s = profile->stack.at[s].caller)
			depth++;
		for (; depth > 20; depth--)
			stack = profile->stack.at[stack].caller;
		for (int k = 0; k < NEW_FRAMES; k++) {
			uint64_t f = random_number(bench) % (FUNCTIONS - 500);

			if (kernel && k > 5)
				f = FUNCTIONS - 500 + random_number(bench) % 500;
			stack = profile_add_stack(profile, stack, bench->place[f]);
		}
		bench->path[i] = stack;
	}
}

/* Some paths are far more frequent than others. */
static void add_samples(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t r = random_number(bench) % PATHS;

		bench->time += 1000000;
		profile_add_sample(bench->profile, &(struct sample){
			.time = bench->time, .weight = 1000000, .samples = 1,
			.stack = bench->path[r * (random_number(bench) % PATHS) / PATHS],
			.thread = bench->thread[random_number(bench) % 8] });
		if (++bench->samples % SLICE == 0)
			profile_seal(bench->profile, bench->time);
	}
	profile_seal(bench->profile, bench->time);
}

static void update(struct bench *bench)
{
	calltree_update(bench->tree, bench->profile, &bench->query);
}

static void build(struct bench *bench)
{
	calltree_free(bench->tree);
	bench->tree = calltree_new();
	update(bench);
}

static void hide_kernel(struct bench *bench)
{
	bench->query.hide_kernel = !bench->query.hide_kernel;
	update(bench);
}

static void keep(struct bench *bench)
{
	struct error error;

	query_set_keep(&bench->query, bench->query.keep ? NULL : "function_1.3\\(", &error);
	update(bench);
}

static void one_thread(struct bench *bench)
{
	const struct thread *thread = &bench->profile->thread.at[bench->thread[0]];

	bench->query.threads = (struct thread_choice){
		.by = bench->query.threads.by ? THREADS_ALL : THREADS_ONE,
		.pid = thread->pid, .tid = thread->tid,
	};
	update(bench);
}

static void tenth_of_time(struct bench *bench)
{
	bench->query.until = bench->query.until ? 0 : bench->time / 10;
	update(bench);
}

/* A quarter of a second comes in, and as much goes. */
static void last_ten_seconds(struct bench *bench)
{
	bench->query.from = bench->time > 10000000000u ? bench->time - 10000000000u : 0;
	update(bench);
}

static void slide(struct bench *bench)
{
	add_samples(bench, SLICE);
	last_ten_seconds(bench);
}

static void show_all(struct bench *bench)
{
	bench->query.from = 0;
	update(bench);
}

static void invert(struct bench *bench)
{
	inverted_update(bench->inverted, bench->tree, NULL);
}

static void open_sixty(struct bench *bench)
{
	uint32_t next = bench->inverted->node.at[0].first_child;

	inverted_update(bench->inverted, bench->tree, NULL);
	for (int i = 0; i < 60 && next; i++) {
		inverted_open(bench->inverted, bench->tree, next);
		next = bench->inverted->node.at[next].next_sibling;
	}
}

static void neighbours(struct bench *bench)
{
	function_id function = 1 + (function_id)(random_number(bench) % FUNCTIONS);

	callers_update(bench->callers, bench->tree, &bench->node_trend, function);
}

static void show_threads(struct bench *bench)
{
	add_samples(bench, SLICE);
	update(bench);
	threads_update(bench->threads, bench->profile, bench->tree, &bench->query, NULL,
		       THREADS_ONE, bench->time);
}

static void find_trends(struct bench *bench)
{
	add_samples(bench, SLICE);
	update(bench);
	trend_update(&bench->trend, bench->profile, bench->tree, bench->time);
}

static void find_node_trends(struct bench *bench)
{
	add_samples(bench, SLICE);
	update(bench);
	trend_update(&bench->node_trend, bench->profile, bench->tree, bench->time);
}

/* As when names arrive: all of the last thirty seconds. */
static void find_node_trends_anew(struct bench *bench)
{
	trend_release(&bench->node_trend);
	bench->node_trend = (struct trend){ .of = TREND_OF_NODES };
	trend_update(&bench->node_trend, bench->profile, bench->tree, bench->time);
}

static void search(struct bench *bench)
{
	struct match match = { 0 };
	struct error error;

	match_set(&match, "function_1.3", &error);
	match_update(&match, bench->profile);
	match_release(&match);
}

static void judge(struct bench *bench)
{
	struct quality *quality = quality_new();

	quality_update(quality, bench->profile);
	quality_free(quality);
}

static void strip(struct bench *bench)
{
	struct timeline timeline = { 0 };

	timeline_update(&timeline, bench->profile, &(struct gaps){ 0 }, bench->time, 1000000000,
			200);
	timeline_release(&timeline);
}

static void name_a_place(struct bench *bench)
{
	location_id place = bench->place[random_number(bench) % FUNCTIONS];
	struct frame frame = {
		.function = 1 + (function_id)(random_number(bench) % FUNCTIONS),
		.line = (uint32_t)random_number(bench),
	};

	profile_set_frames(bench->profile, place, &frame, 1);
	update(bench);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void show(const char *what, uint64_t ns[RUNS])
{
	qsort(ns, RUNS, sizeof *ns, compare);
	printf("%-44s %10.3f %10.3f\n", what, (double)ns[RUNS / 2] / 1e6,
	       (double)ns[RUNS - 1] / 1e6);
}

static void measure(struct bench *bench, const char *what, void (*run)(struct bench *bench))
{
	uint64_t ns[RUNS];

	for (int i = 0; i < RUNS; i++) {
		uint64_t start = clock_now();

		run(bench);
		ns[i] = clock_now() - start;
	}
	show(what, ns);
}

static void measure_updates(struct bench *bench, size_t samples)
{
	uint64_t ns[RUNS];
	char what[60];

	if (samples > bench->samples)
		add_samples(bench, samples - bench->samples);
	update(bench);
	for (int i = 0; i < RUNS; i++) {
		uint64_t start;

		add_samples(bench, 1000);
		start = clock_now();
		update(bench);
		ns[i] = clock_now() - start;
	}
	snprintf(what, sizeof what, "1,000 new samples after %zu", samples);
	show(what, ns);
}

static const struct {
	const char *what;
	void (*run)(struct bench *bench);
} runs[] = {
	{ "call tree and functions from nothing", build },
	{ "kernel frames hidden or shown", hide_kernel },
	{ "filter by function on or off", keep },
	{ "one thread of eight, or all", one_thread },
	{ "a tenth of the time, or all", tenth_of_time },
	{ "to the last 10 s", last_ten_seconds },
	{ "last 10 s, 250 new samples", slide },
	{ "back to all", show_all },
	{ "inverted, first level", invert },
	{ "inverted, 60 functions opened", open_sixty },
	{ "callers and callees of a function", neighbours },
	{ "threads, 250 new samples", show_threads },
	{ "what has moved, 250 new samples", find_trends },
	{ "which paths have moved, 250 new samples", find_node_trends },
	{ "which paths have moved, all anew", find_node_trends_anew },
	{ "search in 5,000 names", search },
	{ "ends of all stacks", judge },
	{ "strip of 200 s", strip },
	{ "one address named", name_a_place },
};

int main(void)
{
	static struct bench bench = { .seed = 1 };

	bench.profile = profile_new();
	bench.tree = calltree_new();
	bench.inverted = inverted_new();
	bench.callers = callers_new();
	bench.threads = threads_new();
	bench.node_trend.of = TREND_OF_NODES;
	for (size_t i = 0; i < 8; i++)
		bench.thread[i] = profile_add_thread(bench.profile, 1, (pid_t)i + 1, "thread");
	add_functions(&bench);
	add_paths(&bench);
	printf("%-44s %10s %10s\n", "ms", "median", "worst");
	measure_updates(&bench, 100000);
	measure_updates(&bench, 1000000);
	printf("-- %zu samples, %zu sums, %zu stacks, %zu nodes\n", bench.samples,
	       bench.profile->sum.len, bench.profile->stack.len, bench.tree->count);
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		measure(&bench, runs[i].what, runs[i].run);
	query_release(&bench.query);
	measure_updates(&bench, 10000000);
	inverted_free(bench.inverted);
	callers_free(bench.callers);
	threads_free(bench.threads);
	trend_release(&bench.trend);
	trend_release(&bench.node_trend);
	calltree_free(bench.tree);
	profile_free(bench.profile);
	return 0;
}
