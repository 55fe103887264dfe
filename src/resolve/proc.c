#include "resolve/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"

enum {
	TASKS_MAX = 1 << 20,
	READ_MAX = 64 << 20,		/* bytes; the kernel allows some 65,000 lines by default */
	BUFFER_BYTES = 32 << 10,	/* longer than any line */
};

static int digit_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A number, and the one character that must follow it, unless the line ends. */
static bool take_number(struct bytes *in, unsigned base, char after, uint64_t *value)
{
	size_t i = 0;

	for (*value = 0; i < in->len; i++) {
		int digit = digit_value(in->at[i]);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit, value))
			return false;
	}
	if (!i || (i < in->len && in->at[i] != (unsigned char)after))
		return false;
	i += i < in->len;
	in->at += i;
	in->len -= i;
	return true;
}

/* "7f12-7f15 r-xp 00026000 fe:01 1234                /usr/lib/libc.so.6" */
static bool parse(struct bytes in, struct map_line *line)
{
	static const char deleted[] = " (deleted)";
	struct bytes rights;
	uint64_t major, minor;

	if (!take_number(&in, 16, '-', &line->start) || !take_number(&in, 16, ' ', &line->end) ||
	    line->end <= line->start || !take_bytes(&in, 5, &rights) ||
	    !take_number(&in, 16, ' ', &line->offset) || !take_number(&in, 16, ':', &major) ||
	    !take_number(&in, 16, ' ', &minor) || !take_number(&in, 10, ' ', &line->inode))
		return false;
	line->executable = rights.at[2] == 'x';
	line->device = makedev((unsigned)major, (unsigned)minor);
	while (in.len && *in.at == ' ')
		in.at++, in.len--;
	/* The file is known by its inode; whether it still has a name may change. */
	if (line->inode && in.len > sizeof deleted &&
	    !memcmp(in.at + in.len - (sizeof deleted - 1), deleted, sizeof deleted - 1))
		in.len -= sizeof deleted - 1;
	line->path = in;
	return true;
}

bool map_line_take(struct bytes *in, struct map_line *line)
{
	while (in->len) {
		const unsigned char *end = memchr(in->at, '\n', in->len);
		struct bytes text = { in->at, end ? (size_t)(end - in->at) : in->len };
		size_t whole = text.len + (end ? 1 : 0);

		in->at += whole;
		in->len -= whole;
		if (parse(text, line))
			return true;
	}
	return false;
}

/* Hand on the whole lines of a buffer; says how many bytes are left over. */
static size_t take_lines(char *buffer, size_t len, map_line_fn *take, void *context, size_t *lines)
{
	const char *end = memrchr(buffer, '\n', len);
	size_t whole = end ? (size_t)(end + 1 - buffer) : 0;
	struct bytes in = { (const unsigned char *)buffer, whole };
	struct map_line line;

	while (map_line_take(&in, &line)) {
		++*lines;
		if (line.executable)
			take(context, &line);
	}
	memmove(buffer, buffer + whole, len - whole);
	return len - whole;
}

bool proc_read_maps(pid_t tid, map_line_fn *take, void *context, size_t *lines)
{
	char path[64], buffer[BUFFER_BYTES];
	size_t kept = 0, total = 0;
	ssize_t got;
	int fd, code;

	*lines = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((got = read(fd, buffer + kept, sizeof buffer - kept)) > 0) {
		kept = take_lines(buffer, kept + (size_t)got, take, context, lines);
		total += (size_t)got;
		if (kept == sizeof buffer || total > READ_MAX)
			break;
	}
	code = errno;
	close(fd);
	errno = code;
	return got >= 0;
}

void proc_read_comm(pid_t tid, char *comm, size_t size)
{
	struct strbuf text = STRBUF_INIT;
	struct error ignored;
	char path[64];
	size_t len = 0;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)tid);
	if (tid > 0 && file_read(path, 256, &text, &ignored))
		len = strcspn(text.text, "\n");
	if (len >= size)
		len = size - 1;
	memcpy(comm, text.text, len);
	memset(comm + len, 0, size - len);
	strbuf_release(&text);
}

pid_t proc_read_owner(pid_t tid)
{
	struct strbuf text = STRBUF_INIT;
	struct error ignored;
	const char *line = NULL;
	char path[64];
	pid_t pid = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	if (file_read(path, 1 << 16, &text, &ignored))
		line = strstr(text.text, "\nTgid:");
	if (line)
		pid = (pid_t)strtol(line + 6, NULL, 10);
	strbuf_release(&text);
	return pid;
}

bool proc_read_tasks(pid_t pid, task_fn *take, void *context)
{
	const struct dirent *entry;
	DIR *directory;
	char path[64];
	int count = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	directory = opendir(path);
	if (!directory)
		return false;
	while ((entry = readdir(directory)) && count < TASKS_MAX) {
		long tid = strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		take(context, (pid_t)tid);
		count++;
	}
	closedir(directory);
	return count > 0;
}
