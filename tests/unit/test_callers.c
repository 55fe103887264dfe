#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/callers.h"

/* Functions a, b, c, ...; capitals are inlined into the function before them. */

static function_id function(struct profile *profile, char letter)
{
	char name[2] = { letter, '\0' };
	struct function f = { .name = profile_add_string(profile, name) };

	return profile_add_function(profile, &f);
}

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* A location with all that is inlined there: "mAB" is m, in it a, in that b. */
static location_id location(struct profile *profile, const char *path, size_t len)
{
	static uint64_t address = 16;
	struct frame frames[16];
	location_id id = profile_add_location(profile, 0, address += 16);

	for (size_t i = 0; i < len; i++)
		frames[len - 1 - i] = (struct frame){
			.function = function(profile, lower(path[i])) };
	profile_set_frames(profile, id, frames, len);
	return id;
}

/* "abc": a calls b calls c. */
static void sample(struct profile *profile, const char *path, uint64_t weight)
{
	stack_id id = 0;

	while (*path) {
		size_t len = 1;

		while (path[len] >= 'A' && path[len] <= 'Z')
			len++;
		id = profile_add_stack(profile, id, location(profile, path, len));
		path += len;
	}
	profile_add_sample(profile, &(struct sample){
		.weight = weight, .samples = 1, .stack = id });
}

/* "a:10 b:3i": i for inlined, p for inlined in part; "-" is where stacks begin. */
static void describe(const struct profile *profile, const struct call_edge *edge, size_t count,
		     char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s:%llu%s", i ? " " : "",
			edge[i].outermost ? "-" :
			profile_function_name(profile, edge[i].function),
			(unsigned long long)edge[i].amount.weight,
			edge[i].entry == ENTRY_INLINED ? "i" :
			edge[i].entry == ENTRY_CALLED ? "" : "p");
}

static const struct {
	struct { const char *path; uint64_t weight; } sample[6];
	char centre;
	uint64_t self, total;
	const char *callers, *callees;
} cases[] = {
	/* A chain, its ends. */
	{ { { "abc", 5 } }, 'a', 0, 5, "-:5", "b:5" },
	{ { { "abc", 5 } }, 'b', 0, 5, "a:5", "c:5" },
	{ { { "abc", 5 } }, 'c', 5, 5, "b:5", "" },
	/* Several callers and callees, heaviest first; self is not a callee. */
	{ { { "axc", 1 }, { "bxc", 2 }, { "bxd", 30 }, { "bx", 7 } }, 'x', 7, 40,
	  "b:39 a:1", "d:30 c:3" },
	/* The same edge on different paths is one. */
	{ { { "abxc", 1 }, { "dbxc", 2 } }, 'x', 0, 3, "b:3", "c:3" },
	/* Direct recursion counts once for each edge. */
	{ { { "axxxc", 5 } }, 'x', 0, 5, "a:5 x:5", "x:5 c:5" },
	{ { { "axxx", 5 }, { "axx", 2 }, { "ax", 1 } }, 'x', 8, 8, "a:8 x:7", "x:7" },
	/* Mutual recursion: both ways, once. */
	{ { { "axyxyxyc", 5 } }, 'x', 0, 5, "a:5 y:5", "y:5" },
	{ { { "axyxyxyc", 5 } }, 'y', 0, 5, "x:5", "x:5 c:5" },
	/* Through different callers and callees on the way. */
	{ { { "axbxcxd", 4 }, { "axb", 2 } }, 'x', 0, 6, "a:6 b:4 c:4", "b:6 c:4 d:4" },
	{ { { "axbxbxb", 4 } }, 'x', 0, 4, "a:4 b:4", "b:4" },
	/* The caller further out is not the one in between. */
	{ { { "xaxbxax", 4 } }, 'x', 4, 4, "-:4 a:4 b:4", "a:4 b:4" },
	/* What is inlined is known on both sides. */
	{ { { "axB", 5 } }, 'x', 0, 5, "a:5", "b:5i" },
	{ { { "axB", 5 } }, 'b', 5, 5, "x:5i", "" },
	{ { { "aXb", 5 } }, 'x', 0, 5, "a:5i", "b:5" },
	{ { { "axB", 5 }, { "axb", 3 } }, 'b', 8, 8, "x:8p", "" },
	/* Not there. */
	{ { { "ab", 5 } }, 'z', 0, 0, "", "" },
};

static void test_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct profile *profile = profile_new();
		struct calltree *tree = calltree_new();
		struct callers *callers = callers_new();
		char text[256];

		for (size_t k = 0; k < 6 && cases[i].sample[k].path; k++)
			sample(profile, cases[i].sample[k].path, cases[i].sample[k].weight);
		profile_seal(profile, 1);
		function(profile, cases[i].centre);
		calltree_update(tree, profile, &(struct query){ 0 });
		/* A second time: nothing is left of the first. */
		for (int k = 0; k < 2; k++)
			callers_update(callers, tree, NULL, function(profile, cases[i].centre));
		assert_int_equal(callers->self.weight, cases[i].self);
		assert_int_equal(callers->total.weight, cases[i].total);
		describe(profile, callers->caller.at, callers->caller.len, text, sizeof text);
		assert_string_equal(text, cases[i].callers);
		describe(profile, callers->callee.at, callers->callee.len, text, sizeof text);
		assert_string_equal(text, cases[i].callees);
		callers_free(callers);
		calltree_free(tree);
		profile_free(profile);
	}
}

/* Neither an empty tree nor a function it does not know is a reason to fail. */
static void test_nothing(void **state)
{
	struct calltree *tree = calltree_new();
	struct callers *callers = callers_new();

	(void)state;
	callers_update(callers, tree, NULL, 0);
	callers_update(callers, tree, NULL, 1234567);
	assert_int_equal(callers->caller.len + callers->callee.len, 0);
	assert_int_equal(callers->total.weight, 0);
	callers_free(callers);
	callers_free(NULL);
	calltree_free(tree);
}

static void test_fold(void **state)
{
	static const struct {
		unsigned limit;
		const char *callees;
	} rows[] = {
		{ 0, "b:50 c:20 d:10 e:10 f:10" },
		{ 100, "b:50 c:20 d:10 e:10 f:10" },
		{ 101, "b:50 c:20 d:30" },
		{ 300, "b:50 c:50" },
		{ 1000, "b:100" },
	};
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct callers *callers = callers_new();
	char text[256];

	(void)state;
	sample(profile, "ab", 50);
	sample(profile, "ac", 20);
	sample(profile, "ad", 10);
	sample(profile, "ae", 10);
	sample(profile, "af", 10);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &(struct query){ 0 });
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		callers_update(callers, tree, NULL, function(profile, 'a'));
		callers_fold(callers, rows[i].limit);
		describe(profile, callers->callee.at, callers->callee.len, text, sizeof text);
		assert_string_equal(text, rows[i].callees);
		/* One alone stays what it is. */
		assert_int_equal(callers->caller.at[0].others, 0);
	}
	assert_int_equal(callers->callee.at[0].others, 5);
	callers_free(callers);
	calltree_free(tree);
	profile_free(profile);
}

/* Without recursion callers make up the total, and callees too with self. */
static void test_sums(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct callers *callers = callers_new();
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 300; i++) {
		char path[8] = { 0 };

		/* Each level has letters of its own: no function is there twice. */
		for (int k = 0; k < 5; k++) {
			seed = seed * 1103515245u + 12345u;
			path[k] = (char)('a' + k * 4 + (seed >> 16) % 4);
		}
		path[1 + (seed >> 20) % 5] = '\0';
		sample(profile, path, 1 + (seed >> 24));
	}
	profile_seal(profile, 1);
	calltree_update(tree, profile, &(struct query){ 0 });
	for (function_id f = 1; f < profile->function.len; f++) {
		uint64_t above = 0, below = 0;

		callers_update(callers, tree, NULL, f);
		for (size_t i = 0; i < callers->caller.len; i++)
			above += callers->caller.at[i].amount.weight;
		for (size_t i = 0; i < callers->callee.len; i++)
			below += callers->callee.at[i].amount.weight;
		assert_int_equal(above, callers->total.weight);
		assert_int_equal(below + callers->self.weight, callers->total.weight);
	}
	callers_free(callers);
	calltree_free(tree);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
