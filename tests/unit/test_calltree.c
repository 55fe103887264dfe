#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/calltree.h"

/* Profiles with functions a, b, c, ... and kernel functions A, B, C, ... */

static function_id function(struct profile *profile, char letter)
{
	char name[2] = { letter, '\0' };
	struct function f = { .name = profile_add_string(profile, name) };

	if (letter >= 'A' && letter <= 'Z')
		f.flags = FUNCTION_KERNEL;
	return profile_add_function(profile, &f);
}

static location_id named(struct profile *profile, char letter)
{
	return profile_add_named_location(profile,
					  (struct frame){ .function = function(profile, letter) });
}

/* "abc": a calls b calls c. */
static stack_id stack(struct profile *profile, const char *path)
{
	stack_id id = 0;

	for (; *path; path++)
		id = profile_add_stack(profile, id, named(profile, *path));
	return id;
}

static void sample(struct profile *profile, const char *path, uint64_t weight)
{
	profile_add_sample(profile, &(struct sample){
		.weight = weight, .samples = 1, .stack = stack(profile, path) });
}

static uint32_t node(const struct calltree *tree, struct profile *profile, const char *path)
{
	function_id functions[16];
	size_t depth = 0;

	for (; path[depth]; depth++)
		functions[depth] = function(profile, path[depth]);
	return calltree_find(tree, functions, depth);
}

static const struct query everything;

static void test_empty(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();

	(void)state;
	assert_int_equal(tree->count, 1);
	assert_int_equal(calltree_find(tree, NULL, 0), 0);
	assert_int_equal(calltree_heaviest_child(tree, 0), 0);
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->count, 1);
	assert_int_equal(tree->total[0].samples, 0);
	assert_int_equal(calltree_path(tree, 0), 0);
	/* A sample without a stack is the root's own. */
	profile_add_sample(profile, &(struct sample){ .weight = 3, .samples = 1 });
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->self[0].weight, 3);
	assert_int_equal(tree->total[0].weight, 3);
	assert_int_equal(tree->all.weight, 3);
	calltree_free(tree);
	calltree_free(NULL);
	profile_free(profile);
}

static void test_totals(void **state)
{
	static const struct { const char *path; uint64_t self, total; } rows[] = {
		{ "",		0,	111 },
		{ "m",		0,	111 },
		{ "ma",		1,	11 },
		{ "mab",	10,	10 },
		{ "mb",		0,	100 },
		{ "mba",	0,	100 },
		{ "mbab",	100,	100 },
	};
	static const struct { char name; uint64_t self, total; } functions[] = {
		{ 'm', 0, 111 }, { 'a', 1, 111 }, { 'b', 110, 110 },
	};
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();

	(void)state;
	sample(profile, "ma", 1);
	sample(profile, "mab", 10);
	sample(profile, "mbab", 100);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t n = node(tree, profile, rows[i].path);

		assert_true(!n == !*rows[i].path);
		assert_int_equal(tree->self[n].weight, rows[i].self);
		assert_int_equal(tree->total[n].weight, rows[i].total);
		assert_int_equal(calltree_depth(tree, n), strlen(rows[i].path));
	}
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		function_id f = function(profile, functions[i].name);

		assert_int_equal(tree->function_self[f].weight, functions[i].self);
		assert_int_equal(tree->function_total[f].weight, functions[i].total);
	}
	assert_int_equal(calltree_heaviest_child(tree, node(tree, profile, "m")),
			 node(tree, profile, "mb"));
	assert_int_equal(node(tree, profile, "mx"), 0);
	calltree_free(tree);
	profile_free(profile);
}

static void test_path_numbers(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new(), *other = calltree_new();
	struct query query = { .hide_kernel = true };
	uint64_t path;

	(void)state;
	sample(profile, "xX", 1);
	sample(profile, "abc", 1);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	calltree_update(other, profile, &query);
	path = calltree_path_below(calltree_path(tree, node(tree, profile, "ab")),
				   function(profile, 'c'));
	assert_true(path != 0);
	assert_int_equal(calltree_path(tree, node(tree, profile, "abc")), path);
	assert_int_not_equal(node(tree, profile, "abc"), node(other, profile, "abc"));
	assert_int_equal(calltree_path(other, node(other, profile, "abc")), path);
	calltree_free(tree);
	calltree_free(other);
	profile_free(profile);
}

static void test_query(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct query query = { 0 };
	uint32_t hidden;
	struct error error;
	thread_id t1 = profile_add_thread(profile, 1, 1, "one");
	thread_id t2 = profile_add_thread(profile, 1, 2, "two");
	uint32_t ab;

	(void)state;
	profile_add_metric(profile, "time", UNIT_NANOSECONDS);
	profile_add_metric(profile, "bytes", UNIT_BYTES);
	profile_add_sample(profile, &(struct sample){ .time = 5, .weight = 1, .samples = 1,
		.stack = stack(profile, "abX"), .thread = t1, .metric = 1 });
	profile_seal(profile, 10);
	profile_add_sample(profile, &(struct sample){ .time = 15, .weight = 10, .samples = 1,
		.stack = stack(profile, "abY"), .thread = t2, .metric = 1 });
	profile_seal(profile, 20);
	profile_add_sample(profile, &(struct sample){ .time = 25, .weight = 100, .samples = 1,
		.stack = stack(profile, "ac"), .thread = t2, .metric = 1 });
	profile_add_sample(profile, &(struct sample){ .time = 25, .weight = 1000, .samples = 1,
		.stack = stack(profile, "ac"), .thread = t2, .metric = 2 });
	profile_seal(profile, 30);

	calltree_update(tree, profile, &query);
	ab = node(tree, profile, "ab");
	assert_int_equal(tree->total[0].weight, 111);
	assert_int_equal(tree->all.weight, 111);

	query.threads = (struct thread_choice){ .by = THREADS_ONE,
		.pid = profile->thread.at[t2].pid, .tid = profile->thread.at[t2].tid };
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 110);
	assert_int_equal(tree->all.weight, 111);
	assert_int_equal(node(tree, profile, "ab"), ab);

	query.until = 20;
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 10);
	query.threads.by = THREADS_ALL;
	query.until = 0;
	query.from = 12;
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 110);

	query.from = 0;
	assert_true(query_set_keep(&query, "^X$", &error));
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 1);
	assert_true(query_set_keep(&query, "b", &error));
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 11);
	/* New stacks are judged, too. */
	profile_add_sample(profile, &(struct sample){ .time = 35, .weight = 5, .samples = 1,
		.stack = stack(profile, "zb"), .thread = t2 });
	profile_add_sample(profile, &(struct sample){ .time = 35, .weight = 7, .samples = 1,
		.stack = stack(profile, "zc"), .thread = t2 });
	profile_seal(profile, 40);
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 16);
	assert_int_equal(tree->all.weight, 123);

	query.metric = 2;
	query_set_keep(&query, NULL, &error);
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 1000);
	assert_int_equal(tree->all.weight, 1000);

	query.metric = 1;
	query.hide_kernel = true;
	hidden = node(tree, profile, "abX");
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[hidden].samples, 0);
	assert_int_equal(tree->self[node(tree, profile, "ab")].weight, 11);
	/* Not followed as a name would be: one looks at it again later. */
	assert_int_equal(calltree_moved(tree, hidden), hidden);
	query.hide_kernel = false;
	calltree_update(tree, profile, &query);
	assert_int_equal(node(tree, profile, "abX"), hidden);
	assert_true(tree->total[hidden].samples > 0);
	query_release(&query);
	calltree_free(tree);
	profile_free(profile);
}

static void set_name(struct profile *profile, location_id location, const char *names)
{
	struct frame frames[8];
	size_t count = strlen(names);

	for (size_t i = 0; i < count; i++)
		frames[i] = (struct frame){ .function = function(profile, names[i]), .line = 1 };
	profile_set_frames(profile, location, frames, count);
}

/* Two addresses share a placeholder until they are named apart. */
static void test_names_arrive(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	binary_id lib = profile_add_binary(profile, "/lib/libx.so", "1", BINARY_FILE);
	location_id one = profile_add_location(profile, lib, 0x10);
	location_id two = profile_add_location(profile, lib, 0x20);
	stack_id m = stack(profile, "m");
	stack_id s1 = profile_add_stack(profile, m, one);
	stack_id s2 = profile_add_stack(profile, m, two);
	stack_id below = profile_add_stack(profile, s2, named(profile, 'z'));
	uint32_t old, old_z;
	unsigned shape;

	(void)state;
	profile_add_sample(profile, &(struct sample){ .weight = 1, .samples = 1, .stack = s1 });
	profile_add_sample(profile, &(struct sample){ .weight = 10, .samples = 1, .stack = s2 });
	profile_add_sample(profile, &(struct sample){
		.weight = 100, .samples = 1, .stack = below });
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	old = tree->first_child[node(tree, profile, "m")];
	assert_int_equal(tree->total[old].weight, 111);
	old_z = tree->first_child[old];
	assert_int_equal(tree->total[old_z].weight, 100);

	/* Innermost first: j was inlined into i. */
	shape = tree->shape;
	set_name(profile, two, "ji");
	calltree_update(tree, profile, &everything);
	assert_int_not_equal(tree->shape, shape);
	assert_int_equal(tree->total[old].weight, 1);
	assert_int_equal(tree->total[node(tree, profile, "mi")].weight, 110);
	assert_int_equal(tree->self[node(tree, profile, "mij")].weight, 10);
	assert_int_equal(tree->total[node(tree, profile, "mijz")].weight, 100);
	assert_int_equal(tree->function_total[function(profile, 'i')].weight, 110);
	assert_int_equal(tree->function_self[function(profile, 'j')].weight, 10);
	assert_int_equal(tree->entry[node(tree, profile, "mi")], ENTRY_CALLED);
	assert_int_equal(tree->entry[node(tree, profile, "mij")], ENTRY_INLINED);
	assert_int_equal(tree->function_entry[function(profile, 'i')], ENTRY_CALLED);
	assert_int_equal(tree->function_entry[function(profile, 'j')], ENTRY_INLINED);
	assert_int_equal(calltree_moved(tree, old), old);
	assert_int_equal(calltree_moved(tree, old_z), node(tree, profile, "mijz"));

	set_name(profile, one, "k");
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->total[old].samples, 0);
	assert_int_equal(calltree_moved(tree, old), node(tree, profile, "mk"));

	/* Better names, and back again. */
	set_name(profile, one, "l");
	calltree_update(tree, profile, &everything);
	assert_int_equal(calltree_moved(tree, old), node(tree, profile, "ml"));
	set_name(profile, one, "k");
	calltree_update(tree, profile, &everything);
	assert_int_equal(calltree_moved(tree, old), node(tree, profile, "mk"));
	assert_int_equal(calltree_moved(tree, node(tree, profile, "ml")),
			 node(tree, profile, "mk"));
	assert_int_equal(tree->total[0].weight, 111);
	calltree_free(tree);
	profile_free(profile);
}

static void test_keep_follows_names(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	location_id place = profile_add_location(profile, 0, 1);
	stack_id s = profile_add_stack(profile, 0, place);
	stack_id callee = profile_add_stack(profile, s, named(profile, 'c'));
	struct query query = { 0 };
	struct error error;

	(void)state;
	assert_true(query_set_keep(&query, "wanted|q", &error));
	profile_add_sample(profile, &(struct sample){ .weight = 2, .samples = 1, .stack = callee });
	profile_seal(profile, 1);
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 0);
	set_name(profile, place, "q");
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 2);
	set_name(profile, place, "p");
	calltree_update(tree, profile, &query);
	assert_int_equal(tree->total[0].weight, 0);
	assert_int_equal(tree->all.weight, 2);
	query_release(&query);
	calltree_free(tree);
	profile_free(profile);
}

static struct amount total_of(const struct calltree *tree, uint32_t node)
{
	return node ? tree->total[node] : (struct amount){ 0 };
}

/* "[truncated: ...]" stands above stacks whose outermost function is called by others. */
static void test_truncated(void **state)
{
	static const struct query keep = { .keep = (char *)(uintptr_t)"truncated" };
	static const struct query no_kernel = { .hide_kernel = true };
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	location_id root = profile_add_outermost_location(profile, 0, 0x10);
	location_id kernel = profile_add_outermost_location(profile, 0, 0x20);
	location_id limit = profile_truncation(profile, TRUNCATED_FRAME_LIMIT);
	function_id missing[] = {
		profile_truncation_function(profile, TRUNCATED_NO_FRAME_POINTER), 0 };
	function_id user[] = { profile_truncation_function(profile, TRUNCATED_NO_USER_STACK), 0 };
	function_id deep[] = { profile_truncation_function(profile, TRUNCATED_FRAME_LIMIT), 0 };
	struct function start = { .name = profile_add_string(profile, "_start"),
				  .flags = FUNCTION_BOTTOM };
	struct frame frame = { .function = profile_add_function(profile, &start) };
	stack_id stacks[] = {
		profile_add_stack(profile, 0, root),
		profile_add_stack(profile, 0, kernel),
		profile_add_stack(profile, 0, limit),
		profile_add_stack(profile, 0, named(profile, 'x')),
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		profile_add_sample(profile, &(struct sample){ .weight = 1 << i, .samples = 1,
			.stack = profile_add_stack(profile, stacks[i], named(profile, 'a')) });
	profile_seal(profile, 1);
	/* Not while it may still get another name. */
	calltree_update(tree, profile, &everything);
	assert_int_equal(total_of(tree, calltree_find(tree, missing, 1)).weight, 0);
	assert_int_equal(total_of(tree, calltree_find(tree, deep, 1)).weight, 4);
	assert_int_equal(total_of(tree, node(tree, profile, "xa")).weight, 8);

	set_name(profile, root, "b");
	set_name(profile, kernel, "K");
	calltree_update(tree, profile, &everything);
	missing[1] = function(profile, 'b');
	user[1] = function(profile, 'K');
	deep[1] = function(profile, 'a');
	assert_int_equal(total_of(tree, calltree_find(tree, missing, 2)).weight, 1);
	assert_int_equal(total_of(tree, calltree_find(tree, user, 2)).weight, 2);
	assert_int_equal(total_of(tree, calltree_find(tree, deep, 2)).weight, 4);
	assert_int_equal(total_of(tree, node(tree, profile, "b")).weight, 0);
	/* It is no function. */
	assert_int_equal(tree->function_total[missing[0]].weight, 0);
	assert_int_equal(tree->function_total[deep[0]].weight, 0);
	assert_int_equal(tree->function_total[function(profile, 'a')].weight, 15);
	assert_int_equal(tree->entry[calltree_find(tree, missing, 1)], ENTRY_TRUNCATED);
	assert_int_equal(tree->entry[calltree_find(tree, deep, 1)], ENTRY_TRUNCATED);

	calltree_update(tree, profile, &keep);
	assert_int_equal(tree->total[0].weight, 7);
	/* What only the kernel did stays above. */
	calltree_update(tree, profile, &no_kernel);
	assert_int_equal(total_of(tree, calltree_find(tree, user, 1)).weight, 2);
	assert_int_equal(total_of(tree, calltree_find(tree, user, 2)).weight, 0);
	assert_int_equal(tree->function_total[user[0]].samples, 0);

	/* After all it was whole. */
	profile_set_frames(profile, root, &frame, 1);
	calltree_update(tree, profile, &everything);
	assert_int_equal(total_of(tree, calltree_find(tree, missing, 1)).weight, 0);
	missing[0] = frame.function;
	missing[1] = function(profile, 'a');
	assert_int_equal(total_of(tree, calltree_find(tree, missing, 2)).weight, 1);
	calltree_free(tree);
	profile_free(profile);
}

/* Nobody will know any more how these ended. */
static void test_never_named(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	binary_id x = profile_add_binary(profile, "/bin/x", "1", BINARY_FILE);
	binary_id anonymous = profile_add_binary(profile, "[anon]", "", BINARY_ANONYMOUS);
	binary_id unknown = profile_add_binary(profile, "[unknown]", "", BINARY_ANONYMOUS);
	location_id place[] = {
		profile_add_outermost_location(profile, x, 0x10),
		profile_add_outermost_location(profile, anonymous, 0x10),
		profile_add_outermost_location(profile, unknown, 0),
	};
	function_id not_named = profile_truncation_function(profile, TRUNCATED_NOT_NAMED);
	function_id no_mapping = profile_truncation_function(profile, TRUNCATED_NO_MAPPING);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		profile_add_sample(profile, &(struct sample){ .weight = 1 << i, .samples = 1,
			.stack = profile_add_stack(profile, 0, place[i]) });
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	assert_int_equal(total_of(tree, calltree_find(tree, &not_named, 1)).weight, 2);
	assert_int_equal(total_of(tree, calltree_find(tree, &no_mapping, 1)).weight, 4);
	profile_set_frames(profile, place[0], NULL, 0);
	calltree_update(tree, profile, &everything);
	assert_int_equal(total_of(tree, calltree_find(tree, &not_named, 1)).weight, 3);
	calltree_free(tree);
	profile_free(profile);
}

static void test_guessed(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	location_id guess = profile_add_guessed_location(profile, 0, 0x10);
	stack_id m = stack(profile, "m");

	(void)state;
	set_name(profile, guess, "cb");	/* c inlined into b */
	profile_add_sample(profile, &(struct sample){ .weight = 1, .samples = 1,
		.stack = profile_add_stack(profile, m, guess) });
	sample(profile, "ma", 1);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->entry[node(tree, profile, "m")], ENTRY_CALLED);
	assert_int_equal(tree->entry[node(tree, profile, "mb")], ENTRY_GUESSED);
	assert_int_equal(tree->entry[node(tree, profile, "mbc")], ENTRY_INLINED);
	sample(profile, "mb", 1);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->entry[node(tree, profile, "mb")], ENTRY_GUESSED | ENTRY_CALLED);
	calltree_free(tree);
	profile_free(profile);
}

static uint64_t random_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Both trees must hold the same, wherever their nodes are. */
static void assert_same(const struct calltree *a, const struct calltree *b,
			uint32_t in_a, uint32_t in_b)
{
	assert_int_equal(a->self[in_a].weight, b->self[in_b].weight);
	assert_int_equal(a->total[in_a].weight, b->total[in_b].weight);
	assert_int_equal(a->total[in_a].samples, b->total[in_b].samples);
	assert_int_equal(a->outermost[in_a], b->outermost[in_b]);
	for (uint32_t i = a->first_child[in_a]; i; i = a->next_sibling[i]) {
		uint32_t k = b->first_child[in_b];

		assert_int_equal(a->parent[i], in_a);
		while (k && b->function[k] != a->function[i])
			k = b->next_sibling[k];
		if (k)
			assert_same(a, b, i, k);
		else
			assert_int_equal(a->total[i].samples, 0);
	}
}

/* Some are judged by the name of their outermost function. */
static stack_id random_stack(struct profile *profile, const location_id *place, uint64_t *seed)
{
	size_t depth = random_number(seed) % 12;
	stack_id id = profile_add_stack(profile, 0, place[random_number(seed) % 50]);

	while (depth--)
		id = profile_add_stack(profile, id, place[random_number(seed) % 40]);
	return id;
}

/* The window slides, leaps, opens and closes; threads are chosen, renamed and added. */
static void change_time(struct query *query, uint64_t round, uint64_t *seed)
{
	switch (random_number(seed) % 12) {
	case 0:
		query->from = 0;
		break;
	case 1:
		query->from = random_number(seed) % (round + 3);
		break;
	case 2:
		query->until = random_number(seed) % 2 ? random_number(seed) % (round + 3) : 0;
		break;
	default:
		if (query->from)
			query->from = round > 6 ? round - 6 : 1;
		break;
	}
}

static void change_threads(struct query *query, struct profile *profile, uint64_t *seed)
{
	static const char *const names[] = { "one", "two", "three" };
	const char *name = names[random_number(seed) % 3];

	switch (random_number(seed) % 12) {
	case 0:
		query->threads = (struct thread_choice){ 0 };
		break;
	case 1:
		query->threads = (struct thread_choice){ .by = THREADS_OF_NAME,
			.name = profile_add_string(profile, name) };
		break;
	case 2:
		query->threads = (struct thread_choice){ .by = THREADS_OF_PROCESS, .pid = 2 };
		break;
	case 3:
		profile_name_thread(profile, (thread_id)(random_number(seed) %
				    profile->thread.len), name, name);
		break;
	case 4:
		profile_add_thread(profile, 1 + (pid_t)(random_number(seed) % 3), (pid_t)
				   profile->thread.len, name);
		break;
	default:
		break;
	}
}

/* By the book: each slice and each sum. */
static uint64_t weight_selected(const struct profile *profile, const struct query *query)
{
	uint64_t weight = 0;

	for (size_t i = 0; i < profile->slice.len; i++) {
		size_t end = i + 1 < profile->slice.len ? profile->slice.at[i + 1].first_sum :
							  profile->sum.len;

		if (query_has_slice(query, &profile->slice.at[i]))
			for (size_t k = profile->slice.at[i].first_sum; k < end; k++)
				if (query_selects(query, profile, &profile->sum.at[k]))
					weight += profile->sum.at[k].weight;
	}
	return weight;
}

/* Whatever came in between, the result is that of a tree made at once. */
static void run_random(uint64_t seed, size_t per_round)
{
	static const char *const keeps[] = { NULL, NULL, "b", "[c-f]", "^[A-C]$", "user" };
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct query query = { 0 };
	location_id place[50];
	struct error error;

	for (uint64_t round = 1; round < 60; round++) {
		struct calltree *fresh = calltree_new();

		/* Their ids may be others since the profile was made smaller. */
		for (uint64_t i = 0; i < 40; i++)
			place[i] = profile_add_location(profile, 0, i + 1);
		for (uint64_t i = 40; i < 50; i++)
			place[i] = profile_add_outermost_location(profile, 0, i + 1);
		for (size_t i = 0; i < per_round; i++)
			profile_add_sample(profile, &(struct sample){ .samples = 1,
				.weight = random_number(&seed) % 100, .time = round,
				.thread = (thread_id)(random_number(&seed) %
						      profile->thread.len),
				.stack = random_stack(profile, place, &seed) });
		for (size_t i = random_number(&seed) % 4; i-- > 0;) {
			char names[5] = { 0 };

			for (size_t k = 0; k < 1 + i; k++)
				names[k] = "abcdefghABCDEFGH"[random_number(&seed) % 16];
			set_name(profile, place[random_number(&seed) % 50], names);
		}
		profile_seal(profile, round);
		if (random_number(&seed) % 8 == 0)
			query.hide_kernel = !query.hide_kernel;
		if (random_number(&seed) % 8 == 0)
			assert_true(query_set_keep(&query, keeps[random_number(&seed) % 6],
						   &error));
		change_time(&query, round, &seed);
		change_threads(&query, profile, &seed);
		if (random_number(&seed) % 32 == 0)
			profile_limit(profile, profile_bytes(profile) * 3 / 4);
		calltree_update(tree, profile, &query);
		calltree_update(fresh, profile, &query);
		if (!query.keep)
			assert_int_equal(tree->total[0].weight,
					 weight_selected(profile, &query));
		assert_same(tree, fresh, 0, 0);
		assert_same(fresh, tree, 0, 0);
		assert_memory_equal(tree->function_total, fresh->function_total,
				    tree->function_count * sizeof *tree->function_total);
		assert_memory_equal(tree->function_self, fresh->function_self,
				    tree->function_count * sizeof *tree->function_self);
		assert_int_equal(tree->all.weight, profile->weight);
		for (uint32_t i = 0; i < tree->count; i++)
			assert_true(calltree_moved(tree, i) < tree->count);
		calltree_free(fresh);
	}
	query_release(&query);
	calltree_free(tree);
	profile_free(profile);
}

static void test_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 6; seed++) {
		run_random(seed, 3);
		run_random(seed, 100);
	}
}

static void test_start_over(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();

	(void)state;
	sample(profile, "ab", 1);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	profile_zero(profile);
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->total[0].samples, 0);
	assert_int_equal(tree->all.samples, 0);
	sample(profile, "ac", 4);
	profile_seal(profile, 2);
	calltree_update(tree, profile, &everything);
	assert_int_equal(tree->total[0].weight, 4);
	calltree_free(tree);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_path_numbers),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_names_arrive),
		cmocka_unit_test(test_keep_follows_names),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_never_named),
		cmocka_unit_test(test_guessed),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_start_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
