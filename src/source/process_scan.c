#include "source/process_scan.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_LOOKED_AT = 64 };

/* Reads at most size - 1 bytes and ends them in NUL; -1 on failure. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	if (n < 0 && !len)
		return -1;
	text[len] = '\0';
	return (ssize_t)len;
}

static bool parse_number(const char **at, unsigned long long *value)
{
	char *end;

	errno = 0;
	*value = strtoull(*at, &end, 10);
	if (end == *at || errno)
		return false;
	*at = end;
	return true;
}

static void copy_name(char *to, size_t size, const char *from, const char *end)
{
	size_t len = (size_t)(end - from);

	if (len > size - 1)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

bool process_parse(const char *text, struct process *process)
{
	/* Fields 4 to 22 of proc(5): ppid is the first, starttime the last. */
	enum { PARENT = 4, USER_TICKS = 14, SYSTEM_TICKS = 15, THREADS = 20, START = 22 };
	unsigned long long field[START + 1] = { 0 }, pid;
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *at = text;

	/* A name may hold anything, so the last parenthesis ends it. */
	if (!open || !close || close < open || !parse_number(&at, &pid) || pid > INT_MAX)
		return false;
	if (close[1] != ' ' || !isalpha((unsigned char)close[2]))
		return false;
	at = close + 3;
	for (int i = PARENT; i <= START; i++)
		if (!parse_number(&at, &field[i]))
			return false;
	*process = (struct process){
		.pid = (pid_t)pid,
		.parent = (pid_t)field[PARENT],
		.state = close[2],
		.threads = (unsigned)field[THREADS],
		.start = field[START],
		.ticks = field[USER_TICKS] + field[SYSTEM_TICKS],
	};
	copy_name(process->name, sizeof process->name, open + 1, close);
	return true;
}

static bool read_stat(const char *path, struct process *process)
{
	char text[1024];

	return read_text(path, text, sizeof text) > 0 && process_parse(text, process);
}

bool process_read(pid_t pid, struct process *process)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return read_stat(path, process);
}

bool process_read_thread(pid_t pid, pid_t tid, struct process *process)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	return read_stat(path, process);
}

bool process_read_activity(pid_t pid, struct process *process)
{
	struct pid_list thread = { 0 };

	if (!process_read(pid, process))
		return false;
	if (process->state != 'R' && process->threads > 1 && process_threads(pid, &thread)) {
		for (size_t i = 0; i < thread.len && i < THREADS_LOOKED_AT; i++) {
			struct process one;

			if (!process_read_thread(pid, thread.at[i], &one) || one.state == 'Z')
				continue;
			/* A leader that ended says nothing of its threads. */
			if (one.state == 'R' || process->state == 'Z')
				process->state = one.state;
		}
	}
	array_release(&thread);
	return true;
}

pid_t process_living_thread(pid_t pid)
{
	struct pid_list thread = { 0 };
	struct process process;
	pid_t living = pid;

	if (!process_read(pid, &process) || process.state != 'Z' || process.threads < 2)
		return pid;
	process_threads(pid, &thread);
	for (size_t i = 0; i < thread.len && living == pid; i++)
		if (process_read_thread(pid, thread.at[i], &process) && process.state != 'Z')
			living = thread.at[i];
	array_release(&thread);
	return living;
}

const char *process_state_word(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "waiting for a device";
	case 'T':
		return "stopped";
	case 't':
		return "stopped by a debugger";
	case 'Z':
	case 'X':
	case 'x':
		return "ended";
	case 'I':
		return "idle";
	default:
		return "unknown";
	}
}

bool process_is_gone(const struct process *process)
{
	/* A leader may end before its threads: then the process goes on. */
	return process->state == 'X' || process->state == 'x' ||
	       (process->state == 'Z' && process->threads <= 1);
}

/* The number after "key:" in a status file. */
static bool status_number(pid_t pid, const char *key, int skip, unsigned long long *value)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (read_text(path, text, sizeof text) < 0)
		return false;
	at = strstr(text, key);
	if (!at)
		return false;
	at += strlen(key);
	do
		if (!parse_number(&at, value))
			return false;
	while (skip--);
	return true;
}

bool process_owner(pid_t pid, uid_t *effective)
{
	unsigned long long uid;

	if (!status_number(pid, "\nUid:", 1, &uid))
		return false;
	*effective = (uid_t)uid;
	return true;
}

pid_t process_of_thread(pid_t tid)
{
	unsigned long long pid;

	return status_number(tid, "\nTgid:", 0, &pid) ? (pid_t)pid : 0;
}

void process_command_line(pid_t pid, struct strbuf *out)
{
	struct process process;
	char path[64], text[4096];
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	len = read_text(path, text, sizeof text);
	while (len > 0 && !text[len - 1])
		len--;
	for (ssize_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	if (len > 0)
		strbuf_add(out, text, (size_t)len);
	else if (process_read(pid, &process))
		strbuf_addf(out, "[%s]", process.name);
}

/* Append the names of a directory that are numbers. */
static bool list_numbers(const char *path, struct pid_list *list)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory)
		return false;
	while ((entry = readdir(directory))) {
		const char *at = entry->d_name;
		unsigned long long number;

		if (isdigit((unsigned char)*at) && parse_number(&at, &number) && !*at &&
		    number && number <= INT_MAX)
			array_push(list, (pid_t)number);
	}
	closedir(directory);
	return true;
}

bool process_list(struct pid_list *list)
{
	return list_numbers("/proc", list);
}

bool process_threads(pid_t pid, struct pid_list *list)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	return list_numbers(path, list);
}

bool pid_list_has(const struct pid_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->at[i] == pid)
			return true;
	return false;
}

static int compare_parents(const void *left, const void *right)
{
	const struct process *a = left, *b = right;

	return (a->parent > b->parent) - (a->parent < b->parent);
}

/* The first of those sorted by parent that has at least this one. */
static size_t first_child(const struct process *sorted, size_t count, pid_t parent)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void process_add_descendants(struct pid_list *list, const struct process *all, size_t count)
{
	struct process *sorted = xcalloc(count, sizeof *sorted);

	if (count)
		memcpy(sorted, all, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_parents);
	/* The list grows while it is walked: children of children follow. */
	for (size_t i = 0; i < list->len; i++) {
		pid_t parent = list->at[i];

		for (size_t c = first_child(sorted, count, parent);
		     c < count && sorted[c].parent == parent; c++)
			if (!pid_list_has(list, sorted[c].pid))
				array_push(list, sorted[c].pid);
	}
	xfree(sorted);
}

void process_descendants(struct pid_list *list)
{
	array(struct process) all = { 0 };
	struct pid_list number = { 0 };

	process_list(&number);
	for (size_t i = 0; i < number.len; i++) {
		struct process process;

		if (process_read(number.at[i], &process) && !process_is_gone(&process))
			array_push(&all, process);
	}
	process_add_descendants(list, all.at, all.len);
	array_release(&all);
	array_release(&number);
}
