#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "unwind/table.h"

enum {
	FIRST_PAGE = 5, PAGES = 3, ROWS = 6, RULES = 3,
	ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

/* As it travels. */
struct image {
	struct unwind_file file;
	struct unwind_page page[PAGES];
	uint32_t row[ROWS];
	struct unwind_rule rule[RULES];
};

static struct image good(void)
{
	return (struct image){
		.file = { UNWIND_FILE_MAGIC, FIRST_PAGE, PAGES, ROWS, RULES, 7 },
		/* The second page has nothing but what the first ends with. */
		.page = { { 0, 3 }, { 3, 1 }, { 4, 2 } },
		.row = { unwind_row(0, 0), unwind_row(0x10, 1), unwind_row(0xfff, 2),
			 unwind_row(0, 2), unwind_row(0, 1), unwind_row(0x800, 0) },
		.rule = { { 0 }, { .cfa = UNWIND_CFA_RSP, .offset = 8 },
			  { .cfa = UNWIND_CFA_RBP, .offset = 16 } },
	};
}

static int file_of(const void *bytes, size_t len, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static struct unwind_table *open_image(const struct image *image, struct error *error)
{
	return unwind_table_open(file_of(image, sizeof *image, ALL_SEALS), error);
}

static void test_find(void **state)
{
	static const struct { uint64_t offset; unsigned char cfa; } expected[] = {
		{ 0, UNWIND_NONE }, { 0x4fff, UNWIND_NONE },
		{ 0x5000, UNWIND_NONE }, { 0x500f, UNWIND_NONE },
		{ 0x5010, UNWIND_CFA_RSP }, { 0x5ffe, UNWIND_CFA_RSP },
		{ 0x5fff, UNWIND_CFA_RBP }, { 0x6000, UNWIND_CFA_RBP },
		{ 0x6abc, UNWIND_CFA_RBP }, { 0x7000, UNWIND_CFA_RSP },
		{ 0x77ff, UNWIND_CFA_RSP }, { 0x7800, UNWIND_NONE },
		{ 0x8000, UNWIND_NONE }, { UINT64_MAX, UNWIND_NONE },
		{ (UINT64_C(1) << 44) + 0x5010, UNWIND_NONE },
	};
	struct image image = good();
	struct error error;
	struct unwind_table *table = open_image(&image, &error);

	(void)state;
	assert_non_null(table);
	assert_int_equal(table->unsupported, 7);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		assert_int_equal(unwind_table_find(table, expected[i].offset).cfa,
				 expected[i].cfa);
	unwind_table_unref(table);
}

static void test_many_rows(void **state)
{
	enum { COUNT = 1365 };
	static struct {
		struct unwind_file file;
		struct unwind_page page[1];
		uint32_t row[COUNT];
		struct unwind_rule rule[COUNT];
	} image = { .file = { UNWIND_FILE_MAGIC, 0, 1, COUNT, COUNT, 0 },
		    .page = { { 0, COUNT } } };
	struct unwind_table *table;
	struct error error;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		image.row[i] = unwind_row(i * 3, i);
		image.rule[i].offset = (int)i;
	}
	table = unwind_table_open(file_of(&image, sizeof image, ALL_SEALS), &error);
	assert_non_null(table);
	for (uint64_t at = 0; at < COUNT * 3; at++)
		assert_int_equal(unwind_table_find(table, at).offset, at / 3);
	unwind_table_unref(table);
}

static void test_references(void **state)
{
	struct image image = good();
	struct error error;
	struct unwind_table *one = open_image(&image, &error), *two = open_image(&image, &error);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	assert_int_not_equal(one->id, two->id);
	assert_int_not_equal(one->id, 0);
	assert_ptr_equal(unwind_table_ref(one), one);
	unwind_table_unref(one);
	assert_int_equal(unwind_table_find(one, 0x5010).cfa, UNWIND_CFA_RSP);
	unwind_table_unref(one);
	unwind_table_unref(two);
	unwind_table_unref(NULL);
}

static void test_empty(void **state)
{
	struct unwind_file file = { .magic = UNWIND_FILE_MAGIC };
	struct error error;
	struct unwind_table *table =
		unwind_table_open(file_of(&file, sizeof file, ALL_SEALS), &error);

	(void)state;
	assert_non_null(table);
	assert_int_equal(unwind_table_find(table, 0).cfa, UNWIND_NONE);
	unwind_table_unref(table);
}

/* What a symbolizer may send that was taken over. */
static void test_refused(void **state)
{
	const struct { size_t at; uint32_t value; } broken[] = {
#define FIELD(member) offsetof(struct image, member)
		{ FIELD(file.magic), 1 },
		{ FIELD(file.first_page), UINT32_MAX },
		{ FIELD(file.page_count), 0 }, { FIELD(file.page_count), 4 },
		{ FIELD(file.page_count), UINT32_MAX },
		{ FIELD(file.row_count), 5 }, { FIELD(file.row_count), 7 },
		{ FIELD(file.row_count), UINT32_MAX },
		{ FIELD(file.rule_count), 2 }, { FIELD(file.rule_count), 0x20000003 },
		{ FIELD(page[0].first), 1 },		/* has no row for its first byte */
		{ FIELD(page[1].first), ROWS }, { FIELD(page[1].first), UINT32_MAX },
		{ FIELD(page[0].count), 0 },
		{ FIELD(page[2].count), 3 }, { FIELD(page[2].count), UINT32_MAX },
		{ FIELD(row[0]), unwind_row(1, 0) },
		{ FIELD(row[1]), unwind_row(0, 1) },	/* the same address twice */
		{ FIELD(row[1]), unwind_row(0xfff, 1) },
		{ FIELD(row[2]), unwind_row(0x0f, 1) },	/* back */
		{ FIELD(row[5]), unwind_row(0x800, RULES) },
		{ FIELD(row[3]), unwind_row(0, (1 << UNWIND_RULE_BITS) - 1) },
	};
	struct image image;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		image = good();
		memcpy((char *)&image + broken[i].at, &broken[i].value, sizeof broken[i].value);
		assert_null(open_image(&image, &error));
		assert_true(*error.text);
	}
	image = good();
	for (size_t len = 0; len < sizeof image; len += 4)
		assert_null(unwind_table_open(file_of(&image, len, ALL_SEALS), &error));
	assert_null(unwind_table_open(open("/dev/null", O_RDONLY | O_CLOEXEC), &error));
	assert_null(unwind_table_open(-1, &error));
}

static void test_must_be_sealed(void **state)
{
	static const int missing[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE };
	struct image image = good();
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		int fd = file_of(&image, sizeof image, ALL_SEALS & ~missing[i]);

		assert_null(unwind_table_open(fd, &error));
		/* It was closed. */
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
}

/* Pages that share their rows make a small file large. */
static void test_shared_rows(void **state)
{
	enum { EACH = 4096, MANY = UNWIND_ROWS_MAX / EACH + 1 };
	static struct {
		struct unwind_file file;
		struct unwind_page page[MANY];
		uint32_t row[EACH];
		struct unwind_rule rule[1];
	} image = { .file = { UNWIND_FILE_MAGIC, 0, MANY, EACH, 1, 0 } };
	struct unwind_table *table;
	struct error error;

	(void)state;
	for (uint32_t i = 0; i < EACH; i++)
		image.row[i] = unwind_row(i, 0);
	for (size_t i = 0; i < MANY; i++)
		image.page[i] = (struct unwind_page){ 0, EACH };
	assert_null(unwind_table_open(file_of(&image, sizeof image, ALL_SEALS), &error));
	image.page[0].count = 1;
	image.page[1].count = EACH - 1;
	table = unwind_table_open(file_of(&image, sizeof image, ALL_SEALS), &error);
	assert_non_null(table);
	unwind_table_unref(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_must_be_sealed),
		cmocka_unit_test(test_shared_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
