#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "source/code_store.h"

/* Looks things up as the program in the kernel does, with plain searches. */

enum { SHARDS = 40 };

struct fixture {
	struct code_shard *shard[SHARDS];
	unsigned allowed;
	struct unwind_rule rules[UNWIND_RULES_MAX];
	struct code_store *store;
};

static struct code_shard *give_shard(void *context, unsigned number)
{
	struct fixture *f = context;

	if (number >= f->allowed)
		return NULL;
	if (!f->shard[number])
		f->shard[number] = xcalloc(1, sizeof *f->shard[number]);
	return f->shard[number];
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->allowed = SHARDS;
	f->store = code_store_new(&(struct code_memory){
		.shard = give_shard, .context = f, .rules = f->rules });
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	code_store_free(f->store);
	for (unsigned i = 0; i < SHARDS; i++)
		xfree(f->shard[i]);
	xfree(f);
	return 0;
}

static const unsigned *words(const struct fixture *f, unsigned word)
{
	return f->shard[word >> CODE_SHARD_BITS]->word + (word & (CODE_SHARD_WORDS - 1));
}

static bool find_entry(const struct fixture *f, const struct code_ref *ref, uint64_t address,
		       struct code_entry *entry)
{
	const unsigned *at = words(f, ref->first);
	struct code_head head;

	memcpy(&head, at, sizeof head);
	assert_int_equal(head.serial, ref->serial);
	assert_int_equal(head.count, ref->count);
	for (unsigned i = 0; i < head.count; i++) {
		memcpy(entry, at + 2 + i * sizeof *entry / 4, sizeof *entry);
		if (address >= entry->start && address < entry->end)
			return true;
	}
	return false;
}

static struct unwind_rule find_rule(const struct fixture *f, const struct code_entry *entry,
				    uint64_t address)
{
	uint64_t offset = address + entry->shift;
	uint32_t page = (uint32_t)(offset >> UNWIND_PAGE_SHIFT) - entry->first_page;
	struct unwind_page at;
	const unsigned *row;
	unsigned i = 0;

	if (page >= entry->page_count)
		return f->rules[0];
	memcpy(&at, words(f, entry->pages + 2 * page), sizeof at);
	row = words(f, at.first);
	while (i + 1 < at.count && row[i + 1] <= unwind_row_key(offset))
		i++;
	return f->rules[unwind_row_rule(row[i])];
}

/* A table whose rule at each row is known from where the row is. */
static struct unwind_table *make_table(uint32_t id, uint32_t first_page, uint32_t pages,
				       uint32_t rows_in_page)
{
	struct unwind_table *table = xcalloc(1, sizeof *table);
	struct unwind_page *page = xcalloc(pages, sizeof *page);
	uint32_t *row = xcalloc((size_t)pages * rows_in_page, sizeof *row);
	struct unwind_rule *rule = xcalloc(100, sizeof *rule);

	for (uint32_t i = 0; i < 100; i++)
		rule[i] = (struct unwind_rule){ .cfa = UNWIND_CFA_RSP,
						.offset = (int)(8 * i + 8 * (id & 1)) };
	for (uint32_t i = 0; i < pages; i++) {
		page[i] = (struct unwind_page){ i * rows_in_page, rows_in_page };
		for (uint32_t j = 0; j < rows_in_page; j++)
			row[i * rows_in_page + j] =
				unwind_row(j * (4096 / rows_in_page), (i + j) % 100);
	}
	*table = (struct unwind_table){ .id = id, .refs = 1, .first_page = first_page,
					.page_count = pages, .row_count = pages * rows_in_page,
					.rule_count = 100, .page = page, .row = row, .rule = rule };
	return table;
}

static void free_table(struct unwind_table *table)
{
	free((void *)(uintptr_t)table->page);
	free((void *)(uintptr_t)table->row);
	free((void *)(uintptr_t)table->rule);
	xfree(table);
}

static void check_rules(const struct fixture *f, const struct code_ref *ref,
			const struct unwind_table *table, const struct code_range *range,
			uint64_t step)
{
	for (uint64_t address = range->start; address < range->end; address += step) {
		struct unwind_rule wanted, got;
		struct code_entry entry;

		uint64_t offset = address - range->start + range->offset;
		uint64_t page = (offset >> UNWIND_PAGE_SHIFT) - table->first_page;

		assert_true(find_entry(f, ref, address, &entry));
		assert_int_equal(entry.kind, CODE_ROWS);
		got = find_rule(f, &entry, address);
		if (page >= table->page_count) {
			assert_int_equal(got.cfa, UNWIND_NONE);
			continue;
		}
		page += (offset & 4095) / (4096 / table->page[0].count);
		wanted = table->rule[page % 100];
		assert_memory_equal(&got, &wanted, sizeof got);
	}
}

static void finds_rules_and_kinds(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = make_table(1, 1, 20, 64);
	struct code_range range[] = {
		{ 0x10000, 0x30000, 0, UNWIND_CODE_ROWS, table },
		{ 0x30000, 0x31000, 0x1000, UNWIND_CODE_BARE, NULL },
		{ 0x40000, 0x41000, 0, UNWIND_CODE_PENDING, NULL },
		{ 0x50000, 0x52000, 0x3000, UNWIND_CODE_ROWS, table },
	};
	struct code_change change = { .pid = 7, .serial = 1, .range = range, .count = 4 };
	struct code_store_facts facts;
	struct code_entry entry;
	struct code_ref ref;

	assert_true(code_store_put(f->store, &change, &ref, 1));
	check_rules(f, &ref, table, &range[0], 61);
	check_rules(f, &ref, table, &range[3], 61);
	assert_true(find_entry(f, &ref, 0x30fff, &entry));
	assert_int_equal(entry.kind, CODE_BARE);
	assert_true(find_entry(f, &ref, 0x40000, &entry));
	assert_int_equal(entry.kind, CODE_PENDING);
	assert_false(find_entry(f, &ref, 0x41000, &entry));
	code_store_facts(f->store, &facts);
	assert_int_equal(facts.tables, 1);
	assert_int_equal(facts.processes, 1);
	assert_false(facts.full);
	free_table(table);
}

/* More pages than lie in one shard: entries are split where the pages are. */
static void splits_large_binaries(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = make_table(2, 5, 70000, 2);
	struct code_range range[] = {
		{ 0x7f0000000000, 0x7f0000000000 + (UINT64_C(70010) << 12), 0, UNWIND_CODE_ROWS,
		  table },
		{ 0x7f8000000000, 0x7f8000002000, UINT64_C(32772) << 12, UNWIND_CODE_ROWS, table },
	};
	struct code_change change = { .pid = 7, .serial = 1, .range = range, .count = 2 };
	struct code_ref ref;

	assert_true(code_store_put(f->store, &change, &ref, 1));
	assert_true(ref.count > 2);
	check_rules(f, &ref, table, &range[0], 40961);
	check_rules(f, &ref, table, &range[1], 61);
	free_table(table);
}

static void shares_and_gives_back(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = make_table(3, 0, 8, 16);
	struct code_range range[] = { { 0x10000, 0x18000, 0, UNWIND_CODE_ROWS, table } };
	struct code_change change = { .pid = 7, .serial = 1, .range = range, .count = 1 };
	struct code_ref one, same, other;
	struct code_store_facts facts;
	uint64_t bytes;

	assert_true(code_store_put(f->store, &change, &one, 1));
	change.pid = 8;
	assert_true(code_store_put(f->store, &change, &same, 1));
	assert_int_equal(one.first, same.first);
	assert_int_equal(one.serial, same.serial);
	code_store_facts(f->store, &facts);
	bytes = facts.bytes;
	change.serial = 2;
	assert_true(code_store_put(f->store, &change, &other, 2));
	assert_int_not_equal(one.first, other.first);
	assert_int_not_equal(one.serial, other.serial);
	code_store_facts(f->store, &facts);
	assert_int_equal(facts.tables, 1);
	assert_true(facts.bytes > bytes && facts.bytes < 2 * bytes);
	code_store_drop(f->store, 7, 3);
	code_store_drop(f->store, 8, 3);
	code_store_drop(f->store, 9, 3);
	code_store_settle(f->store, 4);
	code_store_facts(f->store, &facts);
	assert_int_equal(facts.bytes, 0);
	assert_int_equal(facts.tables, 0);
	assert_int_equal(facts.processes, 0);
	free_table(table);
}

static void takes_what_finds_no_room_for_pending(void **state)
{
	struct fixture *f = *state;
	struct unwind_table *table = make_table(4, 0, 200, 1024);
	struct code_range range[] = { { 0x10000, 0x18000, 0, UNWIND_CODE_ROWS, table } };
	struct code_change change = { .pid = 7, .serial = 1, .range = range, .count = 1 };
	struct code_store_facts facts;
	struct code_entry entry;
	struct code_ref ref;

	f->allowed = 1;
	assert_true(code_store_put(f->store, &change, &ref, 1));
	assert_true(find_entry(f, &ref, 0x10000, &entry));
	assert_int_equal(entry.kind, CODE_PENDING);
	code_store_facts(f->store, &facts);
	assert_true(facts.full);

	/* Later there is memory again, and all that is given back is to be had. */
	f->allowed = SHARDS;
	code_store_settle(f->store, 2);
	change.serial = 2;
	assert_true(code_store_put(f->store, &change, &ref, 3));
	assert_true(find_entry(f, &ref, 0x10000, &entry));
	assert_int_equal(entry.kind, CODE_ROWS);
	code_store_drop(f->store, 7, 4);
	code_store_settle(f->store, 5);
	code_store_facts(f->store, &facts);
	assert_int_equal(facts.bytes, 0);
	free_table(table);
}

static void bounds_ranges(void **state)
{
	struct fixture *f = *state;
	struct code_range *range = xcalloc(CODE_RANGES_MAX + 10, sizeof *range);
	struct code_change change = { .pid = 7, .serial = 1, .range = range,
				      .count = CODE_RANGES_MAX + 10 };
	struct code_store_facts facts;
	struct code_ref ref;

	for (size_t i = 0; i < change.count; i++)
		range[i] = (struct code_range){ i * 8192, i * 8192 + 4096, 0, UNWIND_CODE_BARE,
						NULL };
	range[5].end = UINT64_MAX;
	range[6].end = range[6].start;
	assert_true(code_store_put(f->store, &change, &ref, 1));
	assert_int_equal(ref.count, CODE_RANGES_MAX);
	code_store_facts(f->store, &facts);
	assert_true(facts.full);
	xfree(range);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_rules_and_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(splits_large_binaries, setup, teardown),
		cmocka_unit_test_setup_teardown(shares_and_gives_back, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_what_finds_no_room_for_pending, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bounds_ranges, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
