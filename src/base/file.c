#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"

/*
 * Whose rights hold for the files we write.  Under sudo they are those of
 * the user who called it: user and group of the file system calls change,
 * for this thread only, and root's other groups are put aside.  The user's
 * own other groups do not help either: looking them up would load network
 * libraries as root.
 */
struct writer {
	bool changed;
	uid_t uid;
	gid_t gid;
	gid_t *group;		/* of root, to come back to */
	int group_count;
};

static bool id_from_environment(const char *name, unsigned *id)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value >= UINT32_MAX)
		return false;
	*id = (unsigned)value;
	return true;
}

static bool is_sudo_user(struct writer *writer)
{
	return !geteuid() && id_from_environment("SUDO_UID", &writer->uid) &&
	       id_from_environment("SUDO_GID", &writer->gid) && writer->uid;
}

/* The C library's setgroups() would change all threads. */
static bool set_thread_groups(int count, const gid_t *group)
{
	return !syscall(SYS_setgroups, (long)count, group);
}

static bool drop_groups(struct writer *writer)
{
	writer->group_count = getgroups(0, NULL);
	if (writer->group_count <= 0)
		return !writer->group_count;
	writer->group = xcalloc((size_t)writer->group_count, sizeof *writer->group);
	return getgroups(writer->group_count, writer->group) == writer->group_count &&
	       set_thread_groups(0, NULL);
}

static void writer_end(struct writer *writer)
{
	int kept = errno;

	if (writer->changed) {
		setfsuid(geteuid());
		setfsgid(getegid());
		if (writer->group_count > 0)
			set_thread_groups(writer->group_count, writer->group);
	}
	xfree(writer->group);
	errno = kept;
}

static bool writer_begin(struct writer *writer, struct error *error)
{
	*writer = (struct writer){ 0 };
	if (!is_sudo_user(writer))
		return true;
	writer->changed = drop_groups(writer);
	if (writer->changed) {
		setfsgid(writer->gid);
		setfsuid(writer->uid);
		/* They tell failure only by what they find the next time. */
		if ((uid_t)setfsuid((uid_t)-1) == writer->uid &&
		    (gid_t)setfsgid((gid_t)-1) == writer->gid)
			return true;
	}
	writer_end(writer);
	return error_set(error, EPERM, "can't write files as user %u, who called sudo",
			 writer->uid);
}

static const char *name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int open_directory_of(const char *path)
{
	const char *name = name_in(path);
	char *directory = name == path ? xstrdup(".") : xstrndup(path, (size_t)(name - path));
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* A directory may be written to and not read. */
	if (fd < 0 && errno == EACCES)
		fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	xfree(directory);
	return fd;
}

/* In a directory where anyone may rename, another could put a file of theirs in our place. */
static bool is_shared(int directory, uid_t uid)
{
	struct stat st;

	return !fstat(directory, &st) && st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX) &&
	       (!uid || st.st_uid != uid);
}

/* Is the name free, or that of a file which may be replaced? */
static bool check_target(const struct file_save *save, struct error *error)
{
	struct stat st;

	if (fstatat(save->directory, name_in(save->path), &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ||
		       error_set(error, errno, "can't write %s: %s", save->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(error, EISDIR, "can't write %s: it is a directory", save->path);
	if (S_ISLNK(st.st_mode))
		return error_set(error, ELOOP, "can't write %s: it is a symbolic link, "
				 "which is not followed; give the name it points to", save->path);
	if (!S_ISREG(st.st_mode))
		return error_set(error, EINVAL, "can't write %s: it is not a regular file",
				 save->path);
	if (!(st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)))
		return error_set(error, EACCES, "can't write %s: it is read-only", save->path);
	if (!save->replace)
		return error_set(error, EEXIST, "%s exists already", save->path);
	return true;
}

static int create_temporary(struct file_save *save)
{
	for (int tries = 0; tries < 100; tries++) {
		uint64_t number = 0;
		char name[40];
		int fd;

		if (getrandom(&number, sizeof number, 0) != sizeof number)
			return -1;
		snprintf(name, sizeof name, ".tprof-%016llx", (unsigned long long)number);
		fd = openat(save->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
			    O_CLOEXEC, 0600);
		if (fd >= 0) {
			save->temporary = xstrdup(name);
			return fd;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static bool open_as_writer(struct file_save *save, uid_t uid, struct error *error)
{
	int fd;

	save->directory = open_directory_of(save->path);
	if (save->directory < 0)
		return error_set(error, errno, "can't open the directory of %s: %s", save->path,
				 strerror(errno));
	if (!check_target(save, error))
		return false;
	if (is_shared(save->directory, uid))
		return error_set(error, EPERM, "can't write %s safely: everyone may replace files "
				 "in its directory (chmod +t would prevent it)", save->path);
	fd = create_temporary(save);
	if (fd < 0)
		return error_set(error, errno, "can't write %s: %s", save->path, strerror(errno));
	save->stream = fdopen(fd, "w");
	if (!save->stream) {
		error_set(error, errno, "can't write %s: %s", save->path, strerror(errno));
		close(fd);
		return false;
	}
	return true;
}

static void release(struct file_save *save)
{
	if (save->directory >= 0)
		close(save->directory);
	xfree(save->path);
	xfree(save->temporary);
	*save = (struct file_save){ .directory = -1 };
}

/* Close and take away what was written so far, with the rights of the writer. */
static void discard(struct file_save *save)
{
	if (save->stream)
		fclose(save->stream);
	if (save->temporary)
		unlinkat(save->directory, save->temporary, 0);
	release(save);
}

bool file_save_open(struct file_save *save, const char *path, bool replace, struct error *error)
{
	struct writer writer;
	bool ok;

	*save = (struct file_save){ .directory = -1, .replace = replace };
	if (!*name_in(path))
		return error_set(error, EINVAL, "can't write \"%s\": no file name", path);
	if (!writer_begin(&writer, error))
		return false;
	save->path = xstrdup(path);
	ok = open_as_writer(save, writer.changed ? writer.uid : geteuid(), error);
	if (!ok)
		discard(save);
	writer_end(&writer);
	return ok;
}

/* Some file systems can't sync, which is not a failure to write. */
static bool sync_file(int fd)
{
	return !fsync(fd) || errno == EINVAL || errno == ENOTSUP;
}

static bool failed(const struct file_save *save, int code, struct error *error)
{
	return error_set(error, code, "can't write %s: %s; nothing was saved there", save->path,
			 strerror(code));
}

bool file_save_sync(struct file_save *save, struct error *error)
{
	if (!fflush(save->stream) && sync_file(fileno(save->stream)))
		return true;
	return failed(save, errno, error);
}

static bool finish_stream(struct file_save *save, struct error *error)
{
	FILE *stream = save->stream;
	bool ok = !ferror(stream);
	int code;

	/* Of a write that failed before, the reason is gone; another one tells it again. */
	errno = ok ? 0 : EIO;
	ok = !fflush(stream) && ok;
	ok = ok && sync_file(fileno(stream));
	code = errno;
	save->stream = NULL;
	if (fclose(stream) && ok) {
		code = errno;
		ok = false;
	}
	return ok || failed(save, code, error);
}

/* Never over a file that appeared meanwhile. */
static int rename_to_free_name(const struct file_save *save)
{
	const char *name = name_in(save->path);

	if (!renameat2(save->directory, save->temporary, save->directory, name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(save->directory, save->temporary, save->directory, name, 0))
		return -1;
	unlinkat(save->directory, save->temporary, 0);
	return 0;
}

static bool put_in_place(struct file_save *save, struct error *error)
{
	int failed;

	if (!check_target(save, error))
		return false;
	if (save->replace)
		failed = renameat(save->directory, save->temporary, save->directory,
				  name_in(save->path));
	else
		failed = rename_to_free_name(save);
	if (failed && errno == EEXIST)
		return error_set(error, EEXIST, "%s exists already", save->path);
	if (failed)
		return error_set(error, errno, "can't write %s: %s", save->path, strerror(errno));
	xfree(save->temporary);
	save->temporary = NULL;
	/* The name is there; that it outlives a power cut is worth a try. */
	fsync(save->directory);
	return true;
}

bool file_save_commit(struct file_save *save, struct error *error)
{
	struct writer writer;
	bool ok;

	if (!writer_begin(&writer, error)) {
		file_save_abandon(save);
		return false;
	}
	ok = finish_stream(save, error) && put_in_place(save, error);
	if (ok)
		release(save);
	else
		discard(save);
	writer_end(&writer);
	return ok;
}

void file_save_abandon(struct file_save *save)
{
	struct writer writer;
	struct error ignored;
	bool begun = writer_begin(&writer, &ignored);

	discard(save);
	if (begun)
		writer_end(&writer);
}

bool file_save_check(const char *path, struct error *error)
{
	struct file_save save;

	if (!strcmp(path, "-"))
		return true;
	if (!file_save_open(&save, path, true, error))
		return false;
	file_save_abandon(&save);
	return true;
}

bool file_save_text(const char *path, bool replace, const char *text, size_t len,
		    struct error *error)
{
	struct file_save save;

	if (!strcmp(path, "-")) {
		if (fwrite(text, 1, len, stdout) == len && !fflush(stdout))
			return true;
		return error_set(error, errno, "can't write to standard output: %s",
				 strerror(errno));
	}
	if (!file_save_open(&save, path, replace, error))
		return false;
	/* A short write shows in the stream's error, which commit looks at. */
	fwrite(text, 1, len, save.stream);
	return file_save_commit(&save, error);
}

bool file_read(const char *path, size_t max, struct strbuf *out, struct error *error)
{
	/* Never waits for the other end of a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char part[4096];
	ssize_t got = -1;

	strbuf_clear(out);
	if (fd < 0)
		return error_set(error, errno, "can't open %s: %s", path, strerror(errno));
	do {
		size_t want = max - out->len < sizeof part ? max - out->len : sizeof part;

		got = read(fd, part, want);
		if (got > 0)
			strbuf_add(out, part, (size_t)got);
	} while ((got > 0 && out->len < max) || (got < 0 && errno == EINTR));
	if (got < 0)
		error_set(error, errno, "can't read %s: %s", path, strerror(errno));
	close(fd);
	return got >= 0;
}

bool file_read_number(const char *path, long long *value)
{
	struct strbuf text = STRBUF_INIT;
	struct error ignored;
	long long number = 0;
	char *end = NULL;
	bool ok = file_read(path, 100, &text, &ignored);

	if (ok) {
		errno = 0;
		number = strtoll(text.text, &end, 10);
		ok = end != text.text && !errno && end[strspn(end, " \t\n")] == '\0';
	}
	if (ok)
		*value = number;
	strbuf_release(&text);
	return ok;
}
