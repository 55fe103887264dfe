#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/strbuf.h"

static const char *const leftovers[] = { "out", "link", "victim", "directory" };

/* Each test runs in an empty directory. */
static int enter_directory(void **state)
{
	static char path[64];

	snprintf(path, sizeof path, "/tmp/test_file.XXXXXX");
	*state = mkdtemp(path);
	return !*state || chdir(path);
}

static int leave_directory(void **state)
{
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
		if (unlink(leftovers[i]))
			rmdir(leftovers[i]);
	return chdir("/") || rmdir(*state);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *path, const char *text)
{
	struct strbuf content = STRBUF_INIT;
	struct error error;

	assert_true(file_read(path, 1000, &content, &error));
	assert_string_equal(content.text, text);
	strbuf_release(&content);
}

static size_t count_entries(void)
{
	DIR *directory = opendir(".");
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

static bool save_text(const char *path, bool replace, const char *text, struct error *error)
{
	struct file_save save;

	if (!file_save_open(&save, path, replace, error))
		return false;
	fputs(text, save.stream);
	return file_save_commit(&save, error);
}

static void test_new_file(void **state)
{
	struct error error;
	struct stat st;

	(void)state;
	assert_true(save_text("out", false, "new", &error));
	assert_content("out", "new");
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_entries(), 1);
}

static void test_replace(void **state)
{
	struct error error;

	(void)state;
	put("out", "old");
	assert_false(save_text("out", false, "new", &error));
	assert_int_equal(error.code, EEXIST);
	assert_content("out", "old");
	assert_true(save_text("./out", true, "new", &error));
	assert_content("out", "new");
	assert_int_equal(count_entries(), 1);
}

static void test_not_visible_before_commit(void **state)
{
	struct file_save save;
	struct error error;

	(void)state;
	assert_true(file_save_open(&save, "out", false, &error));
	assert_int_not_equal(access("out", F_OK), 0);
	put("out", "someone else");
	assert_false(file_save_commit(&save, &error));
	assert_int_equal(error.code, EEXIST);
	assert_content("out", "someone else");
	assert_int_equal(count_entries(), 1);
}

static void test_abandon(void **state)
{
	struct file_save save;
	struct error error;

	(void)state;
	put("out", "old");
	assert_true(file_save_open(&save, "out", true, &error));
	fputs("new", save.stream);
	file_save_abandon(&save);
	assert_content("out", "old");
	assert_int_equal(count_entries(), 1);
}

static void test_never_through_links(void **state)
{
	struct file_save save;
	struct error error;

	(void)state;
	put("victim", "precious");
	assert_int_equal(symlink("victim", "link"), 0);
	assert_false(save_text("link", true, "new", &error));
	assert_int_equal(error.code, ELOOP);
	/* planted while we write */
	assert_true(file_save_open(&save, "out", true, &error));
	fputs("new", save.stream);
	assert_int_equal(symlink("victim", "out"), 0);
	assert_false(file_save_commit(&save, &error));
	assert_content("victim", "precious");
	/* a hard link is let go of, not written through */
	assert_int_equal(unlink("out"), 0);
	assert_int_equal(link("victim", "out"), 0);
	assert_true(save_text("out", true, "new", &error));
	assert_content("victim", "precious");
	assert_content("out", "new");
	assert_int_equal(count_entries(), 3);
}

static void test_refused(void **state)
{
	static const struct { const char *path; int code; } rows[] = {
		{ "directory", EISDIR },
		{ "", EINVAL },
		{ "directory/", EINVAL },
		{ "link", EINVAL },
		{ "missing/out", ENOENT },
		{ "/proc/out", ENOENT },
	};
	struct error error;

	(void)state;
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("link", 0600), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(save_text(rows[i].path, true, "new", &error));
		assert_int_equal(error.code, rows[i].code);
	}
}

static void test_shared_directory(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(chmod("directory", 0777), 0);
	if (geteuid())
		skip();
	assert_false(save_text("directory/out", true, "new", &error));
	assert_int_equal(chmod("directory", 01777), 0);
	assert_true(save_text("directory/out", true, "new", &error));
	unlink("directory/out");
}

static void test_too_large(void **state)
{
	struct rlimit before, limit;
	struct file_save save;
	struct error error;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){ 10000, before.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_true(file_save_open(&save, "out", true, &error));
	for (int i = 0; i < 100000; i++)
		fputc('x', save.stream);
	assert_false(file_save_commit(&save, &error));
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(error.code, EFBIG);
	assert_non_null(strstr(error.text, "out: "));
	assert_int_equal(count_entries(), 0);
}

static void test_full_disk(void **state)
{
	struct file_save save;
	struct error error;

	(void)state;
	assert_int_equal(mkdir("directory", 0700), 0);
	if (mount("none", "directory", "tmpfs", 0, "size=64k,mode=700"))
		skip();
	assert_true(file_save_open(&save, "directory/out", true, &error));
	for (int i = 0; i < 200000; i++)
		fputc('x', save.stream);
	assert_false(file_save_commit(&save, &error));
	assert_int_equal(umount2("directory", MNT_DETACH), 0);
	assert_int_equal(error.code, ENOSPC);
}

static void test_belongs_to_sudo_user(void **state)
{
	struct error error;
	struct stat st;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(setenv("SUDO_UID", "65534", 1), 0);
	assert_int_equal(setenv("SUDO_GID", "65533", 1), 0);
	/* root could write here, that user can't */
	assert_false(save_text("directory/out", false, "new", &error));
	assert_int_equal(error.code, EACCES);
	assert_false(save_text("out", false, "new", &error));
	assert_int_equal(chown("directory", 65534, 65534), 0);
	assert_true(save_text("directory/out", false, "new", &error));
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(stat("directory/out", &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65533);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink("directory/out");
	/* root's own rights are back */
	assert_true(save_text("directory/out", false, "new", &error));
	assert_int_equal(stat("directory/out", &st), 0);
	assert_int_equal(st.st_uid, 0);
	unlink("directory/out");
}

static void test_strange_sudo_ids_are_ignored(void **state)
{
	static const char *const ids[] = { "", "-1", "0", "4294967295", "12x", "99999999999" };
	struct error error;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		setenv("SUDO_UID", ids[i], 1);
		setenv("SUDO_GID", "65534", 1);
		assert_true(save_text("out", true, "new", &error));
		assert_int_equal(stat("out", &st), 0);
		assert_int_equal(st.st_uid, geteuid());
	}
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

static void test_read(void **state)
{
	struct strbuf text = STRBUF_INIT;
	struct error error;

	(void)state;
	put("out", "0123456789");
	strbuf_adds(&text, "before");
	assert_true(file_read("out", 4, &text, &error));
	assert_string_equal(text.text, "0123");
	assert_true(file_read("/proc/self/status", 1 << 20, &text, &error));
	assert_non_null(strstr(text.text, "Threads:"));
	assert_false(file_read("missing", 4, &text, &error));
	assert_int_equal(error.code, ENOENT);
	assert_non_null(strstr(error.text, "missing"));
	assert_false(file_read(".", 4, &text, &error));
	assert_int_equal(mkfifo("link", 0600), 0);
	assert_true(file_read("link", 4, &text, &error));
	assert_int_equal(text.len, 0);
	strbuf_release(&text);
}

static void test_read_number(void **state)
{
	static const struct { const char *text; bool ok; long long value; } rows[] = {
		{ "2\n", true, 2 },
		{ "-1\n", true, -1 },
		{ "  17", true, 17 },
		{ "", false, 0 },
		{ "max\n", false, 0 },
		{ "1 2\n", false, 0 },
		{ "99999999999999999999\n", false, 0 },
	};
	long long value;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put("out", rows[i].text);
		assert_int_equal(file_read_number("out", &value), rows[i].ok);
		if (rows[i].ok)
			assert_int_equal(value, rows[i].value);
	}
	assert_false(file_read_number("missing", &value));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(test_new_file),
		IN_DIRECTORY(test_replace),
		IN_DIRECTORY(test_not_visible_before_commit),
		IN_DIRECTORY(test_abandon),
		IN_DIRECTORY(test_never_through_links),
		IN_DIRECTORY(test_refused),
		IN_DIRECTORY(test_shared_directory),
		IN_DIRECTORY(test_too_large),
		IN_DIRECTORY(test_full_disk),
		IN_DIRECTORY(test_belongs_to_sudo_user),
		IN_DIRECTORY(test_strange_sudo_ids_are_ignored),
		IN_DIRECTORY(test_read),
		IN_DIRECTORY(test_read_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
