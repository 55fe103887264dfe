#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash_index.h"

enum { COUNT = 22000 };

static uint64_t hash_of_id(const void *array, uint32_t id)
{
	const uint64_t *hash = array;

	return hash[id];
}

static uint32_t find(struct hash_index *ix, const uint64_t *hash, uint64_t wanted)
{
	uint32_t *slot = hash_index_slot(ix, wanted);

	while (*slot && hash[*slot] != wanted)
		slot = hash_index_next(ix, slot);
	return *slot;
}

static void fill(struct hash_index *ix, const uint64_t *hash)
{
	for (uint32_t i = 1; i < COUNT; i++) {
		uint32_t *slot = hash_index_slot(ix, hash[i]);

		while (*slot)
			slot = hash_index_next(ix, slot);
		*slot = i;
		hash_index_added(ix, hash_of_id, hash);
	}
}

static void check(uint64_t (*make)(uint64_t i))
{
	static uint64_t hash[COUNT];
	struct hash_index ix = { 0 };

	assert_int_equal(hash_index_bytes(&ix), 0);
	for (uint32_t i = 1; i < COUNT; i++)
		hash[i] = make(i);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(find(&ix, hash, hash[COUNT / 2]), 0);
		fill(&ix, hash);
		for (uint32_t i = 1; i < COUNT; i += 7)
			assert_int_equal(find(&ix, hash, hash[i]), i);
		assert_int_equal(find(&ix, hash, make(COUNT)), 0);
		/* At most two thirds full, and not absurdly large. */
		assert_true(hash_index_bytes(&ix) >= COUNT * 3 / 2 * sizeof(uint32_t));
		assert_true(hash_index_bytes(&ix) <= COUNT * 4 * sizeof(uint32_t));
		hash_index_clear(&ix);
		assert_int_equal(ix.used, 0);
	}
	hash_index_release(&ix);
	assert_null(ix.slot);
	hash_index_clear(&ix);
}

static uint64_t mixed(uint64_t i)
{
	return hash_u64(i);
}

static uint64_t in_order(uint64_t i)
{
	return i;
}

static void test_mixed(void **state)
{
	(void)state;
	check(mixed);
}

static void test_in_order(void **state)
{
	(void)state;
	check(in_order);
}

/* All in one chain: slow, but right. */
static void test_same_hash(void **state)
{
	enum { FEW = 500 };
	struct hash_index ix = { 0 };
	uint64_t hash[FEW] = { 0 };
	uint32_t *slot, seen = 0;

	(void)state;
	for (uint32_t i = 1; i < FEW; i++) {
		hash[i] = 42;
		for (slot = hash_index_slot(&ix, 42); *slot; slot = hash_index_next(&ix, slot))
			;
		*slot = i;
		hash_index_added(&ix, hash_of_id, hash);
	}
	for (slot = hash_index_slot(&ix, 42); *slot; slot = hash_index_next(&ix, slot))
		seen++;
	assert_int_equal(seen, FEW - 1);
	hash_index_release(&ix);
}

static void test_reserve(void **state)
{
	struct hash_index ix = { 0 };
	size_t bytes;

	(void)state;
	hash_index_reserve(&ix, COUNT);
	bytes = hash_index_bytes(&ix);
	assert_true(bytes >= COUNT * 3 / 2 * sizeof(uint32_t));
	hash_index_reserve(&ix, 10);
	assert_int_equal(hash_index_bytes(&ix), bytes);
	/* No growth before, and no loss when it is in use. */
	*hash_index_slot(&ix, 7) = 1;
	hash_index_added(&ix, hash_of_id, &(uint64_t[]){ 0, 7 });
	hash_index_reserve(&ix, COUNT * 10);
	assert_int_equal(*hash_index_slot(&ix, 7), 1);
	hash_index_release(&ix);
}

static void test_bytes(void **state)
{
	(void)state;
	assert_int_equal(hash_bytes("abc", 3), hash_bytes("abcd", 3));
	assert_int_not_equal(hash_bytes("abc", 3), hash_bytes("abd", 3));
	assert_int_not_equal(hash_bytes("", 0), hash_bytes("\0", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_same_hash),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
