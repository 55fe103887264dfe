#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "resolve/proc.h"
#include "resolve/process_table.h"

struct fixture {
	struct mapped_table mapped;
	struct process_table table;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	process_table_init(&f->table, &f->mapped);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	process_table_release(&f->table);
	/* All references are gone, and no entry was sampled. */
	for (size_t i = 1; i < f->mapped.at.len; i++)
		assert_null(f->mapped.at.at[i].path);
	mapped_table_release(&f->mapped);
	xfree(f);
	return 0;
}

static void map(struct fixture *f, struct process *process, uint64_t start, uint64_t end,
		const char *path)
{
	char copy[64];
	struct mapped what = { .path = copy, .inode = (uint64_t)path[0] };

	snprintf(copy, sizeof copy, "%s", path);
	process_map(&f->table, process, (struct mapping){
		.start = start, .end = end, .offset = start,
		.mapped = mapped_add(&f->mapped, &what) });
}

/* "10-20 a@10" */
static void describe(const struct fixture *f, const struct process *process, struct strbuf *out)
{
	strbuf_clear(out);
	for (size_t i = 0; i < process->mappings->at.len; i++) {
		const struct mapping *m = &process->mappings->at.at[i];

		strbuf_addf(out, "%s%d-%d %s@%d", i ? ", " : "", (int)m->start, (int)m->end,
			    f->mapped.at.at[m->mapped].path, (int)m->offset);
	}
}

static void test_overlaps(void **state)
{
	static const struct { int start, end; const char *path, *result; } steps[] = {
		{ 100, 200, "a", "100-200 a@100" },
		{ 300, 400, "b", "100-200 a@100, 300-400 b@300" },
		{ 200, 300, "c", "100-200 a@100, 200-300 c@200, 300-400 b@300" },
		/* in the middle, at the ends, across, the very same, over all */
		{ 140, 150, "d", "100-140 a@100, 140-150 d@140, 150-200 a@150, 200-300 c@200, "
				 "300-400 b@300" },
		{ 100, 120, "e", "100-120 e@100, 120-140 a@120, 140-150 d@140, 150-200 a@150, "
				 "200-300 c@200, 300-400 b@300" },
		{ 130, 250, "f", "100-120 e@100, 120-130 a@120, 130-250 f@130, 250-300 c@250, "
				 "300-400 b@300" },
		{ 130, 250, "g", "100-120 e@100, 120-130 a@120, 130-250 g@130, 250-300 c@250, "
				 "300-400 b@300" },
		{ 250, 250, "h", "100-120 e@100, 120-130 a@120, 130-250 g@130, 250-300 c@250, "
				 "300-400 b@300" },
		{ 0, 350, "i", "0-350 i@0, 350-400 b@350" },
		{ 0, 1000, "j", "0-1000 j@0" },
	};
	struct fixture *f = *state;
	struct process *process = process_add(&f->table, 1, 0);
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		map(f, process, (uint64_t)steps[i].start, (uint64_t)steps[i].end, steps[i].path);
		describe(f, process, &text);
		assert_string_equal(text.text, steps[i].result);
	}
	assert_int_equal(f->table.mapping_count, 1);
	strbuf_release(&text);
}

static void test_find_mapping(void **state)
{
	static const struct { uint64_t address; int found; } cases[] = {
		{ 0, 0 }, { 99, 0 }, { 100, 1 }, { 199, 1 }, { 200, 0 }, { 299, 0 }, { 300, 2 },
		{ 399, 2 }, { 400, 0 }, { UINT64_MAX, 0 },
	};
	struct fixture *f = *state;
	struct process *process = process_add(&f->table, 1, 0);

	assert_null(process_find_mapping(process, 100));
	map(f, process, 100, 200, "a");
	map(f, process, 300, 400, "b");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct mapping *m = process_find_mapping(process, cases[i].address);
		const struct mapping *first = process->mappings->at.at;

		assert_int_equal(m ? m - first + 1 : 0, cases[i].found);
	}
}

/* A child has what its parent has, until one of them changes it. */
static void test_copy_on_write(void **state)
{
	struct fixture *f = *state;
	struct process *parent = process_add(&f->table, 1, 0);
	struct process *child = process_add(&f->table, 2, 0);
	struct strbuf text = STRBUF_INIT;
	uint32_t serial;

	map(f, parent, 100, 200, "a");
	process_copy_mappings(&f->table, child, parent);
	assert_ptr_equal(child->mappings, parent->mappings);
	serial = parent->mappings->serial;
	map(f, child, 150, 200, "b");
	assert_int_not_equal(child->mappings->serial, serial);
	assert_int_equal(parent->mappings->serial, serial);
	describe(f, parent, &text);
	assert_string_equal(text.text, "100-200 a@100");
	describe(f, child, &text);
	assert_string_equal(text.text, "100-150 a@100, 150-200 b@150");
	assert_int_equal(f->table.mapping_count, 3);
	process_drop(&f->table, parent);
	process_unmap_all(&f->table, child);
	assert_int_equal(f->table.mapping_count, 0);
	strbuf_release(&text);
}

static void test_tasks_are_sorted(void **state)
{
	static const pid_t tids[] = { 50, 10, 70, 60, 10, 20 };
	static const pid_t sorted[] = { 10, 20, 50, 60, 70 };
	struct fixture *f = *state;
	struct process *process = process_add(&f->table, 10, 0);

	process_set_watch(&f->table, process, WATCH_NOW);
	for (size_t i = 0; i < sizeof tids / sizeof *tids; i++)
		process_add_task(&f->table, process, tids[i]);
	assert_int_equal(process->task.len, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(process->task.at[i].tid, sorted[i]);
	assert_int_equal(f->table.watched_tasks, 5);
	process_drop_task(&f->table, process, 50);
	process_drop_task(&f->table, process, 51);
	assert_null(process_find_task(process, 50));
	assert_int_equal(process_find_task(process, 60)->tid, 60);
	assert_int_equal(f->table.watched_tasks, 4);
	process_set_watch(&f->table, process, WATCH_NOT);
	assert_int_equal(f->table.watched_tasks, 0);
}

static void test_names_are_cut(void **state)
{
	struct fixture *f = *state;
	struct process *process = process_add(&f->table, 10, 0);

	process_set_name(process, "abcdefghijklmnopqrstuvwxyz");
	assert_string_equal(process->name, "abcdefghijklmno");
	process_set_name(process, "x");
	assert_string_equal(process->name, "x");
}

static void test_oldest_makes_room(void **state)
{
	struct fixture *f = *state;

	for (pid_t pid = 1; pid <= PROCESSES_MAX + 10; pid++)
		process_set_watch(&f->table, process_add(&f->table, pid, 0), WATCH_NOW);
	assert_int_equal(f->table.count, PROCESSES_MAX);
	assert_int_equal(f->table.watched, PROCESSES_MAX);
	assert_null(process_find(&f->table, 10));
	assert_int_equal(process_find(&f->table, 11)->pid, 11);
	assert_int_equal(process_find(&f->table, PROCESSES_MAX + 10)->pid, PROCESSES_MAX + 10);
}

static void test_mapping_limit(void **state)
{
	struct fixture *f = *state;
	struct process *process = process_add(&f->table, 1, 0);

	for (uint64_t i = 0; i < MAPPINGS_MAX + 10; i++)
		map(f, process, i * 10, i * 10 + 10, "a");
	assert_int_equal(process->mappings->at.len, MAPPINGS_MAX);
}

static void test_map_lines(void **state)
{
	static const struct {
		const char *line;
		bool good, executable;
		uint64_t start, end, offset, inode;
		const char *path;
	} cases[] = {
		{ "7f10-7f20 r-xp 00026000 fe:01 1234                      /usr/lib/libc.so.6",
		  true, true, 0x7f10, 0x7f20, 0x26000, 1234, "/usr/lib/libc.so.6" },
		{ "7f10-7f20 r--p 00000000 00:00 0 ", true, false, 0x7f10, 0x7f20, 0, 0, "" },
		{ "7f10-7f20 rwxp 00000000 00:00 0", true, true, 0x7f10, 0x7f20, 0, 0, "" },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]",
		  true, true, 0xffffffffff600000, 0xffffffffff601000, 0, 0, "[vsyscall]" },
		{ "1-2 r-xp 0 0:0 5 /a b (deleted)", true, true, 1, 2, 0, 5, "/a b" },
		{ "1-2 r-xp 0 0:0 0 /a b (deleted)", true, true, 1, 2, 0, 0, "/a b (deleted)" },
		{ "2-1 r-xp 0 0:0 5 /a", .good = false },
		{ "1-1ffffffffffffffff r-xp 0 0:0 5 /a", .good = false },
		{ "1-2 r-xp 0 0:0", .good = false },
		{ "1-2 r", .good = false },
		{ "-2 r-xp 0 0:0 5 /a", .good = false },
		{ "", .good = false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes in = { (const unsigned char *)cases[i].line, strlen(cases[i].line) };
		struct map_line line;

		assert_int_equal(map_line_take(&in, &line), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(line.executable, cases[i].executable);
		assert_int_equal(line.start, cases[i].start);
		assert_int_equal(line.end, cases[i].end);
		assert_int_equal(line.offset, cases[i].offset);
		assert_int_equal(line.inode, cases[i].inode);
		assert_int_equal(line.path.len, strlen(cases[i].path));
		assert_memory_equal(line.path.at, cases[i].path, line.path.len);
	}
}

/* Paths are the target's to choose, and may be long and many. */
static void test_paths_are_bounded(void **state)
{
	enum { PATHS = 20000, LEN = 4000 };
	struct fixture *f = *state;
	char *path = xcalloc(LEN + 1, 1);

	memset(path, 'x', LEN);
	for (int i = 0; i < PATHS; i++) {
		struct process *process = process_find(&f->table, i / 1000 + 1);
		struct mapped what = { .path = path, .inode = 1 };

		if (!process)
			process = process_add(&f->table, i / 1000 + 1, 1);
		snprintf(path, 10, "/%08d", i);
		path[9] = 'x';
		process_map(&f->table, process, (struct mapping){
			.start = (uint64_t)i << 12, .end = (uint64_t)(i + 1) << 12,
			.mapped = mapped_add(&f->mapped, &what) });
	}
	assert_true(mapped_table_is_full(&f->mapped));
	assert_in_range(f->mapped.bytes, MAPPED_BYTES_MAX, MAPPED_BYTES_MAX + 2 * LEN);
	/* What ends makes room again. */
	process_drop(&f->table, process_find(&f->table, 1));
	assert_false(mapped_table_is_full(&f->mapped));
	xfree(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_overlaps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_find_mapping, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_copy_on_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tasks_are_sorted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_are_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_oldest_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mapping_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paths_are_bounded, set_up, tear_down),
		cmocka_unit_test(test_map_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
