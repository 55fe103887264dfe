#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/inverted.h"

static const struct query everything;

static function_id function(struct profile *profile, char letter)
{
	char name[2] = { letter, '\0' };
	struct function f = { .name = profile_add_string(profile, name) };

	return profile_add_function(profile, &f);
}

static void sample(struct profile *profile, const char *path, uint64_t weight)
{
	stack_id id = 0;

	for (; *path; path++)
		id = profile_add_stack(profile, id, profile_add_named_location(profile,
				(struct frame){ .function = function(profile, *path) }));
	profile_add_sample(profile, &(struct sample){
		.weight = weight, .samples = 1, .stack = id });
}

/* The node of a path from the callee up, opening on the way; 0: there is none. */
static uint32_t find(struct inverted *inverted, const struct calltree *tree,
		     struct profile *profile, const char *path)
{
	uint32_t node = 0;

	for (; *path; path++) {
		inverted_open(inverted, tree, node);
		node = inverted->node.at[node].first_child;
		while (node && inverted->node.at[node].function != function(profile, *path))
			node = inverted->node.at[node].next_sibling;
		if (!node)
			return 0;
	}
	return node;
}

static void test_levels(void **state)
{
	/* Paths from the callee up. */
	static const struct { const char *path; uint64_t self, total; bool leaf; } rows[] = {
		{ "c",		0,	1110,	false },
		{ "cb",		0,	110,	false },
		{ "cba",	110,	110,	true },
		{ "ca",		1000,	1000,	true },
		{ "a",		20000,	20001,	false },
		{ "ab",		0,	1,	false },
		{ "aba",	1,	1,	true },
	};
	static const char *const none[] = { "b", "cc", "cbaa", "aa", "cb " };
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct inverted *inverted = inverted_new();

	(void)state;
	sample(profile, "abc", 110);
	sample(profile, "ac", 1000);
	sample(profile, "aba", 1);
	sample(profile, "a", 20000);
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	inverted_update(inverted, tree, NULL);
	assert_int_equal(inverted->node.at[0].total.weight, 21111);
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			uint32_t id = find(inverted, tree, profile, rows[i].path);
			const struct inverted_node *node = &inverted->node.at[id];

			assert_int_not_equal(id, 0);
			assert_int_equal(node->self.weight, rows[i].self);
			assert_int_equal(node->total.weight, rows[i].total);
			assert_int_equal(node->leaf, rows[i].leaf);
		}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(find(inverted, tree, profile, none[i]), 0);

	/* Opening again adds nothing. */
	size_t count = inverted->node.len;

	inverted_open(inverted, tree, find(inverted, tree, profile, "c"));
	inverted_open(inverted, tree, (uint32_t)count);
	assert_int_equal(inverted->node.len, count);
	inverted_free(inverted);
	calltree_free(tree);
	profile_free(profile);
}

static void test_empty(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct inverted *inverted = inverted_new();

	(void)state;
	inverted_open(inverted, tree, 0);
	calltree_update(tree, profile, &everything);
	inverted_update(inverted, tree, NULL);
	assert_int_equal(inverted->node.len, 1);
	assert_true(inverted->node.at[0].leaf);
	inverted_free(inverted);
	inverted_free(NULL);
	calltree_free(tree);
	profile_free(profile);
}

/* Children and what ended at a node add up to it, level by level. */
static void test_adds_up(void **state)
{
	struct profile *profile = profile_new();
	struct calltree *tree = calltree_new();
	struct inverted *inverted = inverted_new();
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char path[12] = { 0 };

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		for (unsigned k = 0; k <= (seed >> 60) % 11; k++)
			path[k] = (char)('a' + (seed >> (k * 4 + 8)) % 5);
		sample(profile, path, seed >> 50);
	}
	profile_seal(profile, 1);
	calltree_update(tree, profile, &everything);
	inverted_update(inverted, tree, NULL);
	for (uint32_t i = 0; i < inverted->node.len; i++) {
		uint64_t sum;

		inverted_open(inverted, tree, i);
		sum = inverted->node.at[i].self.weight;
		for (uint32_t k = inverted->node.at[i].first_child; k;
		     k = inverted->node.at[k].next_sibling) {
			assert_int_equal(inverted->node.at[k].parent, i);
			sum += inverted->node.at[k].total.weight;
		}
		assert_int_equal(sum, inverted->node.at[i].total.weight);
		assert_int_equal(!inverted->node.at[i].first_child, inverted->node.at[i].leaf);
	}
	for (uint32_t k = inverted->node.at[0].first_child; k;
	     k = inverted->node.at[k].next_sibling)
		assert_int_equal(inverted->node.at[k].total.weight,
				 tree->function_self[inverted->node.at[k].function].weight);
	inverted_free(inverted);
	calltree_free(tree);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
