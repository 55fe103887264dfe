#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "resolve/binary.h"
#include "resolve/proc.h"

static const char *const leftovers[] = { "file", "other", "pipe", "link" };

static int enter_directory(void **state)
{
	static char path[64];

	snprintf(path, sizeof path, "/tmp/test_binary.XXXXXX");
	*state = mkdtemp(path);
	return !*state || chdir(path);
}

static int leave_directory(void **state)
{
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
		unlink(leftovers[i]);
	return chdir("/") || rmdir(*state);
}

static uint64_t put(const char *path, const char *text)
{
	struct stat status;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

/* Open it as if it had been mapped where nothing is. */
static int open_by_path(const char *directory, const char *name, uint64_t inode)
{
	char path[128];
	struct binary_place place = { .pid = getpid(), .tid = getpid(), .start = 0x1000,
				      .end = 0x2000, .inode = inode, .path = path };

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return binary_open(&place);
}

static void assert_opens(int fd, const char *text)
{
	char content[16] = "";

	assert_true(fd >= 0);
	assert_true(pread(fd, content, sizeof content - 1, 0) >= 0);
	assert_string_equal(content, text);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
}

static void test_by_path(void **state)
{
	const char *directory = *state;
	uint64_t inode = put("file", "content"), other = put("other", "other");

	assert_opens(open_by_path(directory, "file", inode), "content");
	assert_opens(open_by_path(directory, "file", 0), "content");
	/* Replaced since. */
	assert_int_equal(open_by_path(directory, "file", other), -1);
	assert_int_equal(open_by_path(directory, "missing", 0), -1);
	assert_int_equal(symlink("file", "link"), 0);
	assert_opens(open_by_path(directory, "link", inode), "content");
}

/* Nothing that blocks, or acts when it is opened. */
static void test_not_a_file(void **state)
{
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(open_by_path(*state, "pipe", 0), -1);
	assert_int_equal(open_by_path("/dev", "null", 0), -1);
	assert_int_equal(open_by_path("/tmp", ".", 0), -1);
	assert_int_equal(open_by_path("/proc/self/fd", "0", 0), -1);
}

static void test_process_is_gone(void **state)
{
	uint64_t inode = put("file", "content");
	char path[128];
	struct binary_place place = { .pid = 5000001, .tid = 5000002, .start = 0x1000,
				      .end = 0x2000, .inode = inode, .path = path };

	snprintf(path, sizeof path, "%s/file", (const char *)*state);
	assert_opens(binary_open(&place), "content");
}

/* In another root directory, until it is killed; 0: not allowed here. */
static pid_t start_elsewhere(const char *directory)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if ((geteuid() && unshare(CLONE_NEWUSER)) || chroot(directory) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = 0;
	}
	close(ready[0]);
	return pid;
}

/* As a short process of a container whose parent is still there. */
static void test_parent_knows(void **state)
{
	uint64_t inode = put("file", "content"), other = put("other", "other");
	pid_t parent = start_elsewhere(*state);
	char path[] = "/file";
	struct binary_place place = { .pid = 5000001, .tid = 5000001, .start = 0x1000,
				      .end = 0x2000, .inode = inode, .path = path,
				      .kin = { 5000003, parent } };
	int refused, unknown;

	if (!parent)
		skip();
	assert_opens(binary_open(&place), "content");
	place.inode = other;
	refused = binary_open(&place);
	place.inode = 0;
	unknown = binary_open(&place);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	assert_int_equal(refused, -1);
	assert_int_equal(unknown, -1);
}

/* A file that has no name any more, where we may look through the mapping. */
static void test_deleted(void **state)
{
	uint64_t inode = put("file", "content");
	char path[128];
	struct binary_place place = { .pid = getpid(), .tid = getpid(), .inode = inode,
				      .path = path };
	int fd = open("file", O_RDONLY | O_CLOEXEC), again;
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	assert_true(at != MAP_FAILED);
	close(fd);
	unlink("file");
	put("file", "newcomer");
	place.start = (uint64_t)(uintptr_t)at;
	place.end = place.start + 4096;
	snprintf(path, sizeof path, "%s/file", (const char *)*state);
	again = binary_open(&place);
	if (again >= 0)
		assert_opens(again, "content");
	munmap(at, 4096);
}

static void test_vdso(void **state)
{
	char magic[5] = "";
	int fd = binary_open_vdso();

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(pread(fd, magic, 4, 0), 4);
	assert_string_equal(magic, "\177ELF");
	close(fd);
}

static void test_mapped_table(void **state)
{
	struct mapped_table table = { 0 };
	char a[] = "/bin/a", b[] = "/bin/b", id[] = "ab12";
	struct profile *profile = profile_new();
	uint32_t first = mapped_add(&table, &(struct mapped){ .path = a, .inode = 1 });
	uint32_t build = mapped_add(&table, &(struct mapped){ .path = a, .inode = 1,
							      .build_id = id });
	uint32_t second = mapped_add(&table, &(struct mapped){ .path = b, .inode = 1 });
	binary_id binary;

	(void)state;
	assert_int_not_equal(first, second);
	assert_int_not_equal(first, build);
	assert_int_equal(mapped_add(&table, &(struct mapped){ .path = a, .inode = 1 }), first);
	mapped_unref(&table, first);
	assert_string_equal(table.at.at[first].path, a);
	/* Sampled: it stays. */
	binary = mapped_binary(&table, first, profile);
	mapped_unref(&table, first);
	assert_int_equal(mapped_add(&table, &(struct mapped){ .path = a, .inode = 1 }), first);
	assert_int_equal(mapped_binary(&table, first, profile), binary);
	/* Never sampled: its place is free. */
	mapped_unref(&table, second);
	assert_int_equal(mapped_add(&table, &(struct mapped){ .path = b, .inode = 9 }), second);
	mapped_table_release(&table);
	profile_free(profile);
}

static uint32_t add_file(struct mapped_table *table, uint64_t generation)
{
	char path[] = "/bin/a";

	return mapped_add(table, &(struct mapped){ .path = path, .inode = 1,
						   .generation = generation });
}

/* A program that is built again mostly has the number of the file that it replaces. */
static void test_number_used_again(void **state)
{
	struct mapped_table table = { 0 };
	uint32_t old = add_file(&table, 5), new;

	(void)state;
	/* Its unwind information is kept, and refers to it. */
	table.at.at[old].code = UNWIND_CODE_ROWS;
	mapped_ref(&table, old);
	mapped_unref(&table, old);
	assert_int_equal(add_file(&table, 5), old);
	mapped_unref(&table, old);

	new = add_file(&table, 6);
	assert_int_not_equal(new, old);
	assert_int_equal(table.at.at[new].code, UNWIND_CODE_NONE);
	mapped_unref(&table, new);
	mapped_table_release(&table);
}

static void test_unknown_generation(void **state)
{
	struct mapped_table table = { 0 };
	uint32_t of_proc = add_file(&table, 0);

	(void)state;
	/* It can't be another file while it is mapped. */
	assert_int_equal(add_file(&table, 5), of_proc);
	assert_int_equal(add_file(&table, 0), of_proc);
	assert_int_not_equal(add_file(&table, 6), of_proc);
	mapped_table_release(&table);

	table = (struct mapped_table){ 0 };
	of_proc = add_file(&table, 0);
	table.at.at[of_proc].code = UNWIND_CODE_ROWS;
	/* Some file systems know none. */
	assert_int_equal(add_file(&table, 0), of_proc);
	mapped_unref(&table, of_proc);
	assert_int_not_equal(add_file(&table, 5), of_proc);
	mapped_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_path, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_not_a_file, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_process_is_gone, enter_directory,
						leave_directory),
		cmocka_unit_test_setup_teardown(test_parent_knows, enter_directory,
						leave_directory),
		cmocka_unit_test_setup_teardown(test_deleted, enter_directory, leave_directory),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_mapped_table),
		cmocka_unit_test(test_number_used_again),
		cmocka_unit_test(test_unknown_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
