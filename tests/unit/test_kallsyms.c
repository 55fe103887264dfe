#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "symbols/kallsyms.h"

static const char text[] =
	"0000000000000000 A fixed_percpu_data\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T startup_64\n"
	"ffffffff81000100 t __do_work\n"
	"ffffffff81000100 T do_work\n"
	"ffffffff81000200 D jiffies\n"
	"ffffffffc0002000 t ext4_free\t[ext4]\n"
	"ffffffffc0001000 t ext4_alloc\t[ext4]\n"
	"ffffffffc0003000 T bpf_prog_1234_count\t[bpf]\n"
	"not a line\n"
	"ffffffff81000300\n"
	"ffffffff81000300 t\n"
	"ffffffff81000300 t \n"
	"ffffffffc0009000 W the_last";

static int file_of(const char *content)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

static void test_names(void **state)
{
	static const struct { uint64_t address; const char *name, *module; } cases[] = {
		{ 0, NULL, NULL },
		{ 0xffffffff80ffffff, NULL, NULL },
		{ 0xffffffff81000000, "startup_64", NULL },
		{ 0xffffffff810000ff, "startup_64", NULL },
		{ 0xffffffff81000100, "do_work", NULL },
		/* Data ends no function. */
		{ 0xffffffff81000208, "do_work", NULL },
		/* So far away it can't be the same function. */
		{ 0xffffffff91000000, NULL, NULL },
		{ 0xffffffffc0001000, "ext4_alloc", "ext4" },
		{ 0xffffffffc0001fff, "ext4_alloc", "ext4" },
		{ 0xffffffffc0002000, "ext4_free", "ext4" },
		{ 0xffffffffc0003010, "bpf_prog_1234_count", "bpf" },
	};
	int fd = file_of(text);
	struct kallsyms kallsyms = { 0 };

	(void)state;
	kallsyms_load(&kallsyms, fd, 1000);
	assert_false(kallsyms.hidden);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *name = NULL, *module = NULL;
		bool found = kallsyms_find(&kallsyms, fd, 1000, cases[i].address, &name, &module);

		assert_int_equal(found, cases[i].name != NULL);
		if (!found)
			continue;
		assert_string_equal(name, cases[i].name);
		assert_int_equal(!module, !cases[i].module);
		if (module)
			assert_string_equal(module, cases[i].module);
	}
	kallsyms_release(&kallsyms);
	close(fd);
}

static void test_hidden(void **state)
{
	int fd = file_of("0000000000000000 T _text\n0000000000000000 T do_work\n");
	struct kallsyms kallsyms = { 0 };
	const char *name, *module;

	(void)state;
	kallsyms_load(&kallsyms, fd, 1);
	assert_true(kallsyms.hidden);
	assert_false(kallsyms_find(&kallsyms, fd, 2, 0xffffffff81000000, &name, &module));
	kallsyms_release(&kallsyms);
	close(fd);
}

/* A module that came later is found, but the file is not read all the time for it. */
static void test_read_again(void **state)
{
	static const char more[] = "ffffffffd0000000 t late\t[late]\n";
	int fd = file_of("ffffffff81000000 T _text\n");
	struct kallsyms kallsyms = { 0 };
	const char *name, *module;

	(void)state;
	kallsyms_load(&kallsyms, fd, 0);
	assert_int_equal(write(fd, more, strlen(more)), strlen(more));
	assert_false(kallsyms_find(&kallsyms, fd, KALLSYMS_AGAIN - 1, 0xffffffffd0000004,
				   &name, &module));
	assert_true(kallsyms_find(&kallsyms, fd, KALLSYMS_AGAIN, 0xffffffffd0000004,
				  &name, &module));
	assert_string_equal(name, "late");
	assert_string_equal(module, "late");
	kallsyms_release(&kallsyms);
	close(fd);
}

/* Lines across the borders of reads, and one that never ends. */
static void test_many_lines(void **state)
{
	struct strbuf content = STRBUF_INIT;
	struct kallsyms kallsyms = { 0 };
	const char *name, *module;
	int fd;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		strbuf_addf(&content, "%016llx t function_%u\n", 0xffffffff81000000 + i * 16ull, i);
	strbuf_pad(&content, 'x', 200000);
	fd = file_of(content.text);
	kallsyms_load(&kallsyms, fd, 0);
	assert_int_equal(kallsyms.symbol.len, 20000);
	assert_true(kallsyms_find(&kallsyms, fd, 0, 0xffffffff81000000 + 12345 * 16 + 3,
				  &name, &module));
	assert_string_equal(name, "function_12345");
	kallsyms_release(&kallsyms);
	close(fd);
	strbuf_release(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_read_again),
		cmocka_unit_test(test_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
