#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_symbolizer.h"
#include "made_rows.h"
#include "resolve/rows.h"

static const uint64_t second = 1000000000u;

struct fixture {
	struct mapped_table *mapped;
	struct rows *rows;
	array(uint32_t) known;
};

static void note_known(void *context, uint32_t id)
{
	struct fixture *f = context;

	array_push(&f->known, id);
}

static struct fixture *start(void)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->mapped = xcalloc(1, sizeof *f->mapped);
	f->rows = rows_new(f->mapped, note_known, f);
	return f;
}

static void end(struct fixture *f)
{
	rows_free(f->rows);
	mapped_table_release(f->mapped);
	xfree(f->mapped);
	array_release(&f->known);
	xfree(f);
}

static const struct mapped *entry(const struct fixture *f, uint32_t id)
{
	return &f->mapped->at.at[id];
}

/* Each number is another library; their files are there unless the path says so. */
static uint32_t add(struct fixture *f, unsigned number, const char *path)
{
	char name[64];
	struct mapped what = { .inode = number, .path = name };

	snprintf(name, sizeof name, "%s%u", path, number);
	return mapped_add(f->mapped, &what);
}

static void want_in(struct fixture *f, uint32_t id, const char *path, pid_t pid)
{
	char copy[64];
	struct binary_place place = { .pid = pid, .tid = pid, .path = copy };

	snprintf(copy, sizeof copy, "%s", path);
	rows_want(f->rows, id, &place);
}

static void want(struct fixture *f, uint32_t id)
{
	want_in(f, id, "/etc/passwd", getpid());
}

static int make_one(int image, enum rows_result *result)
{
	static const struct made_row row[] = {
		{ 0x1000, { .cfa = UNWIND_CFA_RSP, .offset = 8 } },
		{ 0x1800, { .cfa = UNWIND_END } },
	};

	(void)image, (void)result;
	return make_rows_of(row, 2);
}

static int make_nonsense(int image, enum rows_result *result)
{
	static const struct made_row row[] = { { 0x1001, { .cfa = UNWIND_END } } };

	(void)image, (void)result;
	return make_rows_of(row, 1);
}

static int make_none(int image, enum rows_result *result)
{
	(void)image;
	*result = ROWS_NOT_ELF;
	return -1;
}

static void test_made(void **state)
{
	struct fixture *f = start();
	uint32_t id = add(f, 1, "/lib/a");
	struct code_facts facts;

	(void)state;
	fake.make_rows = make_one;
	rows_work(f->rows, second);
	assert_int_equal(fake.starts, 0);
	assert_int_equal(rows_fd(f->rows), -1);
	want(f, id);
	want(f, id);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_PENDING);
	assert_int_equal(rows_waiting(f->rows), 1);
	assert_int_equal(f->known.len, 0);
	rows_work(f->rows, second);
	assert_int_equal(fake.starts, 1);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_ROWS);
	assert_int_equal(unwind_table_find(entry(f, id)->table, 0x1900).cfa, UNWIND_END);
	assert_int_equal(f->known.len, 1);
	assert_int_equal(f->known.at[0], id);
	assert_int_equal(fake.rows_asked, 1);
	assert_int_equal(fake.dropped, 1);
	rows_facts(f->rows, &facts);
	assert_int_equal(facts.binaries, 1);
	assert_int_equal(facts.rows, 2);
	assert_int_equal(facts.waiting + facts.failed, 0);
	assert_true(facts.bytes > 2 * sizeof(uint32_t) && facts.bytes < 4096);
	/* Whoever maps it next has it at once. */
	mapped_unref(f->mapped, id);
	assert_int_equal(add(f, 1, "/lib/a"), id);
	want(f, id);
	assert_int_equal(rows_waiting(f->rows), 0);
	assert_null(rows_trouble(f->rows));
	end(f);
}

/* With nothing to do it goes, and comes back. */
static void test_idle(void **state)
{
	struct fixture *f = start();

	(void)state;
	fake.make_rows = make_one;
	for (unsigned i = 1; i <= 3; i++) {
		want(f, add(f, i, "/lib/a"));
		rows_work(f->rows, 10 * i * second);
		rows_work(f->rows, 10 * i * second + second);
		assert_int_equal(rows_fd(f->rows), 99);
		rows_work(f->rows, 10 * i * second + 6 * second);
		assert_int_equal(rows_fd(f->rows), -1);
		assert_int_equal(fake.starts, i);
		assert_int_equal(f->known.len, i);
	}
	assert_null(rows_trouble(f->rows));
	end(f);
}

/* What is no program, and what the checks refuse, has none for ever. */
static void test_bare(void **state)
{
	static int (*const make[])(int, enum rows_result *) = { NULL, make_none, make_nonsense };
	struct fixture *f = start();
	struct code_facts facts;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint32_t id = add(f, i, "/lib/a");

		fake.make_rows = make[i];
		want(f, id);
		rows_work(f->rows, second);
		assert_int_equal(entry(f, id)->code, UNWIND_CODE_BARE);
		assert_null(entry(f, id)->table);
		want(f, id);
		assert_int_equal(rows_waiting(f->rows), 0);
	}
	rows_facts(f->rows, &facts);
	assert_int_equal(facts.failed, 3);
	assert_int_equal(f->known.len, 3);
	end(f);
}

static void test_code_of_no_file(void **state)
{
	struct fixture *f = start();
	struct mapped anonymous = { .path = (char []){ "//anon" } };
	struct mapped vdso = { .path = (char []){ "[vdso]" } };
	uint32_t id = mapped_add(f->mapped, &anonymous);

	(void)state;
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_BARE);
	want(f, id);
	assert_int_equal(rows_waiting(f->rows), 0);
	fake.make_rows = make_one;
	id = mapped_add(f->mapped, &vdso);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_NONE);
	rows_want(f->rows, id, NULL);
	rows_work(f->rows, second);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_ROWS);
	end(f);
}

/* In order of mapping, but first what samples fell into; one question at a time. */
static void test_order(void **state)
{
	static const unsigned hits[] = { 0, 3, 0, 7, 3 }, order[] = { 3, 1, 4, 0, 2 };
	struct fixture *f = start();
	uint32_t id[5];

	(void)state;
	fake.make_rows = make_one;
	fake.rows_silent = true;
	for (unsigned i = 0; i < 5; i++) {
		id[i] = add(f, i, "/lib/a");
		want(f, id[i]);
		f->mapped->at.at[id[i]].hits = hits[i];
	}
	rows_work(f->rows, second);
	rows_work(f->rows, second);
	assert_int_equal(fake.rows_asked, 1);
	fake.rows_silent = false;
	for (int i = 0; i < 5; i++)
		rows_work(f->rows, second);
	assert_int_equal(fake.rows_asked, 5);
	assert_int_equal(f->known.len, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(f->known.at[i], id[order[i]]);
	end(f);
}

/* It breaks once: it may have been for another reason.  Twice: it is the file. */
static void test_deaths(void **state)
{
	struct fixture *f = start();
	uint32_t first = add(f, 1, "/lib/a"), other = add(f, 2, "/lib/a");
	uint64_t now = second;

	(void)state;
	fake.make_rows = make_one;
	fake.rows_deadly = 1;
	want(f, first);
	rows_work(f->rows, now);
	assert_int_equal(rows_fd(f->rows), -1);
	assert_int_equal(entry(f, first)->code, UNWIND_CODE_PENDING);
	/* Not again at once. */
	rows_work(f->rows, now + second / 100);
	assert_int_equal(fake.starts, 1);
	now += second;
	rows_work(f->rows, now);
	assert_int_equal(entry(f, first)->code, UNWIND_CODE_ROWS);
	assert_null(rows_trouble(f->rows));

	fake.rows_deadly = 2;
	want(f, other);
	for (int i = 0; i < 3; i++)
		rows_work(f->rows, now += 10 * second);
	assert_int_equal(entry(f, other)->code, UNWIND_CODE_BARE);
	assert_string_equal(rows_trouble(f->rows), "no unwind information of /lib/a2: "
			    "the symbolizer broke when it read it");
	assert_int_equal(rows_waiting(f->rows), 0);
	end(f);
}

static void test_breaks_for_ever(void **state)
{
	struct fixture *f = start();
	uint64_t now = second;

	(void)state;
	fake.rows_deadly = 1000;
	for (unsigned i = 0; i < 40; i++)
		want(f, add(f, i, "/lib/a"));
	for (int i = 0; i < 100; i++)
		rows_work(f->rows, now += 10 * second);
	assert_true(fake.starts < 30);
	assert_int_equal(rows_waiting(f->rows), 0);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(entry(f, i + 1)->code, UNWIND_CODE_BARE);
	assert_non_null(strstr(rows_trouble(f->rows), "again and again"));
	/* Nothing more is taken in. */
	want(f, add(f, 100, "/lib/a"));
	assert_int_equal(rows_waiting(f->rows), 0);
	end(f);
}

static void test_no_symbolizer(void **state)
{
	struct fixture *f = start();
	uint32_t id = add(f, 1, "/lib/a");

	(void)state;
	fake.missing = true;
	want(f, id);
	rows_work(f->rows, second);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_BARE);
	assert_int_equal(rows_waiting(f->rows), 0);
	assert_string_equal(rows_trouble(f->rows),
			    "no unwind information: there is no symbolizer");
	end(f);
}

/* A process that is gone says nothing of the next one that has it mapped. */
static void test_not_there(void **state)
{
	enum { NOBODY = 5000001 };
	struct fixture *f = start();
	uint32_t id = add(f, 1, "/lib/a");

	(void)state;
	fake.make_rows = make_one;
	want_in(f, id, "/no/such/file", NOBODY);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_NONE);
	assert_int_equal(rows_waiting(f->rows), 0);
	want_in(f, id, "/etc/passwd", NOBODY);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_NONE);
	assert_int_equal(f->known.len, 0);
	want_in(f, id, "/etc/passwd", getpid());
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_PENDING);
	/* It passed for bare until now. */
	assert_int_equal(f->known.len, 1);
	rows_work(f->rows, second);
	assert_int_equal(entry(f, id)->code, UNWIND_CODE_ROWS);
	for (int i = 0; i < 100; i++)
		want_in(f, id, "/no/such/file", NOBODY + i);
	id = add(f, 2, "/lib/a");
	for (int i = 0; i < 100; i++)
		want_in(f, id, "/no/such/file", NOBODY + i);
	assert_int_equal(entry(f, id)->failures, 16);
	end(f);
}

/* A crowd of short-lived programs: what is not mapped any more is not read. */
static void test_dropped(void **state)
{
	struct fixture *f = start();
	uint32_t keep;

	(void)state;
	fake.make_rows = make_one;
	fake.rows_silent = true;
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t id = add(f, i, "/lib/a");

		want(f, id);
		if (i != 500)
			mapped_unref(f->mapped, id);
	}
	keep = add(f, 500, "/lib/a");
	fake.rows_silent = false;
	for (int i = 0; i < 4; i++)
		rows_work(f->rows, second);
	assert_int_equal(fake.rows_asked, 1);
	assert_int_equal(entry(f, keep)->code, UNWIND_CODE_ROWS);
	assert_int_equal(rows_waiting(f->rows), 0);
	end(f);
}

/* More tables than there may be: those that nothing has mapped make room. */
static void test_room(void **state)
{
	struct fixture *f = start();
	uint32_t used = add(f, 0, "/lib/a"), id;
	struct code_facts facts;

	(void)state;
	fake.make_rows = make_one;
	want(f, used);
	rows_work(f->rows, second);
	for (unsigned i = 1; i <= ROWS_TABLES_MAX + 10; i++) {
		id = add(f, i, "/lib/a");
		want(f, id);
		rows_work(f->rows, second);
		assert_int_equal(entry(f, id)->code, UNWIND_CODE_ROWS);
		mapped_unref(f->mapped, id);
	}
	rows_facts(f->rows, &facts);
	assert_true(facts.binaries < 20);
	assert_int_equal(facts.rows, 2 * facts.binaries);
	assert_int_equal(entry(f, used)->code, UNWIND_CODE_ROWS);
	assert_null(rows_trouble(f->rows));
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_made, reset_fake),
		cmocka_unit_test_setup(test_idle, reset_fake),
		cmocka_unit_test_setup(test_bare, reset_fake),
		cmocka_unit_test_setup(test_code_of_no_file, reset_fake),
		cmocka_unit_test_setup(test_order, reset_fake),
		cmocka_unit_test_setup(test_deaths, reset_fake),
		cmocka_unit_test_setup(test_breaks_for_ever, reset_fake),
		cmocka_unit_test_setup(test_no_symbolizer, reset_fake),
		cmocka_unit_test_setup(test_not_there, reset_fake),
		cmocka_unit_test_setup(test_dropped, reset_fake),
		cmocka_unit_test_setup(test_room, reset_fake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
