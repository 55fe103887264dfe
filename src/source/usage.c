#include "source/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "source/process_scan.h"

enum {
	STAT_MAX = 4096,
	STATUS_MAX = 16384,
	SYSTEM_MAX = 1 << 20,
	LOOK_NS = 2000000,	/* of CPU time at threads, each time; */
	WAIT_NS = 20000000,	/* when others keep the CPUs busy, not longer than that */
};

/* What /proc/PID/stat counts for a process, and for the children it waited for. */
enum part { MINOR, MAJOR, USER, SYSTEM, PARTS };

struct stat_values {
	pid_t parent;
	uint64_t start, threads, pages;
	uint64_t own[PARTS], children[PARTS];
};

struct switches {
	uint64_t voluntary, involuntary;
};

struct known_thread {
	pid_t tid;
	bool seen;
	struct switches before, now;
};

struct known_process {
	pid_t pid, parent;
	uint64_t start;
	bool seen;
	bool joined;		/* was there before us: what it had used does not count */
	bool looked;		/* its threads were looked at */
	size_t next;		/* the thread to look at first the next time */
	uint64_t task_before, task_now;
	uint64_t own_before[PARTS], own[PARTS];
	/* What it was told of the children it waited for. */
	uint64_t children[PARTS], children_now[PARTS];
	uint64_t of_children[PARTS];	/* of those that were not given */
	/* Children that were given and ended: what they had used will show in children. */
	uint64_t expected[PARTS];
	uint64_t pages, peak, thread_count;
	struct switches ended;	/* of threads that ended */
	array(struct known_thread) thread;
};

struct usage {
	bool no_children;
	uint64_t ticks;		/* when we began */
	bool begun;		/* those of the first look were there before */
	uint64_t rss_peak;
	struct usage_values ended;	/* of processes that ended */
	array(struct known_process) process;
	array(pid_t) order;
	struct pid_list threads;
	bool all;		/* look at all threads, whatever it takes */
	uint64_t left;		/* CPU time for looking at threads */
	uint64_t until;		/* and when that is over in any case */
	struct strbuf text;
};

static uint64_t ns_of_ticks(uint64_t ticks)
{
	return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t usage_ticks_now(void)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * hz + (uint64_t)t.tv_nsec * hz / 1000000000u;
}

struct usage *usage_new(bool no_children)
{
	struct usage *usage = xcalloc(1, sizeof *usage);

	usage->no_children = no_children;
	usage->ticks = usage_ticks_now();
	usage->text = (struct strbuf)STRBUF_INIT;
	return usage;
}

void usage_free(struct usage *usage)
{
	if (!usage)
		return;
	for (size_t i = 0; i < usage->process.len; i++)
		array_release(&usage->process.at[i].thread);
	array_release(&usage->process);
	array_release(&usage->order);
	array_release(&usage->threads);
	strbuf_release(&usage->text);
	xfree(usage);
}

/* The fields behind the name, which may hold anything; the first is number 3. */
static bool parse_stat(const char *text, struct stat_values *values)
{
	enum { FIRST = 3, LAST = 24 };
	uint64_t field[LAST + 1] = { 0 };
	const char *at = strrchr(text, ')');
	char *end;

	if (!at || at[1] != ' ' || !at[2])
		return false;
	at += 3;
	for (int i = FIRST + 1; i <= LAST; i++) {
		field[i] = (uint64_t)strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	*values = (struct stat_values){
		.parent = (pid_t)field[4],
		.own = { [MINOR] = field[10], [MAJOR] = field[12], [USER] = field[14],
			 [SYSTEM] = field[15] },
		.children = { [MINOR] = field[11], [MAJOR] = field[13], [USER] = field[16],
			      [SYSTEM] = field[17] },
		.threads = field[20],
		.start = field[22],
		.pages = field[24],
	};
	return true;
}

static bool read_stat(struct usage *usage, pid_t pid, struct stat_values *values)
{
	struct error ignored;
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return file_read(path, STAT_MAX, &usage->text, &ignored) &&
	       parse_stat(usage->text.text, values);
}

/* The CPU time of all its threads, also of those that ended, to the nanosecond. */
static uint64_t read_task_clock(pid_t pid, uint64_t otherwise)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return otherwise;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The number behind a name at the beginning of a line. */
static bool find_number(const char *text, const char *name, uint64_t *value)
{
	const char *at = text;
	size_t len = strlen(name);
	char *end;

	while (strncmp(at, name, len) != 0) {
		at = strchr(at, '\n');
		if (!at)
			return false;
		at++;
	}
	*value = strtoull(at + len, &end, 10);
	return end != at + len;
}

static bool read_switches(struct usage *usage, pid_t pid, pid_t tid, struct switches *switches,
			  uint64_t *peak)
{
	struct error ignored;
	uint64_t kilobytes;
	char path[60];

	snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
	if (!file_read(path, STATUS_MAX, &usage->text, &ignored))
		return false;
	if (find_number(usage->text.text, "VmHWM:", &kilobytes))
		*peak = kilobytes << 10;
	return find_number(usage->text.text, "voluntary_ctxt_switches:", &switches->voluntary) &&
	       find_number(usage->text.text, "nonvoluntary_ctxt_switches:", &switches->involuntary);
}

/* Threads are told in the same order each time, so most are where they were. */
static struct known_thread *find_thread(struct known_process *process, pid_t tid, size_t likely)
{
	struct known_thread thread = { .tid = tid };

	if (likely < process->thread.len && process->thread.at[likely].tid == tid)
		return &process->thread.at[likely];
	for (size_t i = 0; i < process->thread.len; i++)
		if (process->thread.at[i].tid == tid)
			return &process->thread.at[i];
	array_push(&process->thread, thread);
	return &process->thread.at[process->thread.len - 1];
}

static void look_at_thread(struct usage *usage, struct known_process *process,
			   struct known_thread *thread)
{
	struct switches now;

	if (!read_switches(usage, process->pid, thread->tid, &now, &process->peak))
		return;
	/* A number that fell is another thread's. */
	if (now.voluntary < thread->now.voluntary) {
		process->ended.voluntary += thread->now.voluntary - thread->before.voluntary;
		process->ended.involuntary += thread->now.involuntary - thread->before.involuntary;
		thread->before = (struct switches){ 0 };
	}
	thread->now = now;
	if (process->joined && !process->looked)
		thread->before = now;
}

static void end_threads(struct known_process *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < process->thread.len; i++) {
		struct known_thread *thread = &process->thread.at[i];

		if (thread->seen) {
			thread->seen = false;
			process->thread.at[kept++] = *thread;
			continue;
		}
		process->ended.voluntary += thread->now.voluntary - thread->before.voluntary;
		process->ended.involuntary += thread->now.involuntary - thread->before.involuntary;
	}
	process->thread.len = kept;
}

static bool list_threads(struct usage *usage, struct known_process *process)
{
	usage->threads.len = 0;
	if (process->thread_count <= 1)
		array_push(&usage->threads, process->pid);
	else if (!process_threads(process->pid, &usage->threads))
		return false;
	for (size_t i = 0; i < usage->threads.len; i++)
		find_thread(process, usage->threads.at[i], i)->seen = true;
	end_threads(process);
	return process->thread.len;
}

static uint64_t own_cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * When they are many, a part of them each time; all the first time, to
 * start from there.  Listing them does not count: where it took all the
 * time, hardly any thread would ever be looked at.
 */
static void look_at_threads(struct usage *usage, struct known_process *process)
{
	bool all = usage->all || !process->looked;
	uint64_t begin, used = 0;

	if (!list_threads(usage, process))
		return;
	begin = own_cpu_time();
	for (size_t i = 0; i < process->thread.len; i++) {
		used = own_cpu_time() - begin;
		if (i && !all && (used > usage->left || clock_now() > usage->until))
			break;
		if (process->next >= process->thread.len)
			process->next = 0;
		look_at_thread(usage, process, &process->thread.at[process->next++]);
	}
	usage->left -= used < usage->left ? used : usage->left;
	process->looked = true;
}

static struct known_process *find_process(struct usage *usage, pid_t pid)
{
	for (size_t i = 0; i < usage->process.len; i++)
		if (usage->process.at[i].pid == pid)
			return &usage->process.at[i];
	return NULL;
}

static struct known_process *add_process(struct usage *usage, pid_t pid,
					 const struct stat_values *values)
{
	struct known_process process = {
		.pid = pid,
		.start = values->start,
		.joined = !usage->begun || values->start < usage->ticks,
	};

	if (process.joined) {
		process.task_before = read_task_clock(pid, 0);
		memcpy(process.own_before, values->own, sizeof values->own);
		memcpy(process.children, values->children, sizeof values->children);
		memcpy(process.children_now, values->children, sizeof values->children);
	}
	array_push(&usage->process, process);
	return &usage->process.at[usage->process.len - 1];
}

/* What children that were not given used since the last time. */
static void count_children(struct known_process *process, const uint64_t children[PARTS])
{
	for (int i = 0; i < PARTS; i++) {
		uint64_t before = process->children[i];
		uint64_t more = children[i] > before ? children[i] - before : 0;
		uint64_t known = more < process->expected[i] ? more : process->expected[i];

		process->expected[i] -= known;
		process->of_children[i] += more - known;
		process->children[i] += more;
	}
}

static void add_use(struct usage_values *to, const struct known_process *process)
{
	const uint64_t *children = process->of_children;
	uint64_t used[PARTS];

	for (int i = 0; i < PARTS; i++)
		used[i] = process->own[i] - process->own_before[i] + children[i];
	to->task_ns += process->task_now - process->task_before +
		       ns_of_ticks(children[USER] + children[SYSTEM]);
	to->user_ns += ns_of_ticks(used[USER]);
	to->system_ns += ns_of_ticks(used[SYSTEM]);
	to->minor += used[MINOR];
	to->major += used[MAJOR];
	to->voluntary += process->ended.voluntary;
	to->involuntary += process->ended.involuntary;
	for (size_t i = 0; i < process->thread.len; i++) {
		const struct known_thread *thread = &process->thread.at[i];

		to->voluntary += thread->now.voluntary - thread->before.voluntary;
		to->involuntary += thread->now.involuntary - thread->before.involuntary;
	}
}

/* Its parent will be told what it used in all, which was counted already. */
static void end_process(struct usage *usage, struct known_process *process)
{
	struct known_process *parent = find_process(usage, process->parent);

	add_use(&usage->ended, process);
	for (int i = 0; parent && i < PARTS; i++)
		parent->expected[i] += process->own[i] + process->children[i];
	array_release(&process->thread);
}

static void look_at_process(struct usage *usage, pid_t pid)
{
	struct known_process *process = find_process(usage, pid);
	struct stat_values values;

	if (!read_stat(usage, pid, &values))
		return;
	if (process && process->start != values.start)
		return;		/* another one of the same number: the next time */
	if (!process)
		process = add_process(usage, pid, &values);
	process->seen = true;
	process->parent = values.parent;
	process->pages = values.pages;
	process->task_now = read_task_clock(pid, process->task_now);
	memcpy(process->own, values.own, sizeof values.own);
	process->thread_count = values.threads;
	look_at_threads(usage, process);
	/* Counted once those that ended are known. */
	if (!usage->no_children)
		memcpy(process->children_now, values.children, sizeof values.children);
}

static void end_processes(struct usage *usage)
{
	size_t kept = 0;

	for (size_t i = 0; i < usage->process.len; i++)
		if (!usage->process.at[i].seen)
			end_process(usage, &usage->process.at[i]);
	for (size_t i = 0; i < usage->process.len; i++)
		if (usage->process.at[i].seen)
			usage->process.at[kept++] = usage->process.at[i];
	usage->process.len = kept;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/*
 * Parents come before children: a child found alive after its parent was
 * looked at was not part of what the parent had been told.
 */
static void look_at_processes(struct usage *usage, const pid_t *pid, size_t count)
{
	usage->left = LOOK_NS;
	usage->until = clock_now() + WAIT_NS;
	usage->order.len = 0;
	for (size_t i = 0; i < count; i++)
		array_push(&usage->order, pid[i]);
	if (count)
		qsort(usage->order.at, count, sizeof *pid, compare_pids);
	for (size_t i = 0; i < usage->process.len; i++)
		usage->process.at[i].seen = false;
	for (size_t i = 0; i < count; i++)
		if (!i || usage->order.at[i] != usage->order.at[i - 1])
			look_at_process(usage, usage->order.at[i]);
	usage->begun = true;
}

void usage_read(struct usage *usage, const pid_t *pid, size_t count, struct usage_values *values)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	look_at_processes(usage, pid, count);
	end_processes(usage);
	*values = usage->ended;
	for (size_t i = 0; i < usage->process.len; i++) {
		struct known_process *process = &usage->process.at[i];

		count_children(process, process->children_now);
		add_use(values, process);
		values->rss += process->pages * page;
		values->threads += process->thread_count;
		if (process->peak > usage->rss_peak)
			usage->rss_peak = process->peak;
	}
	if (values->rss > usage->rss_peak)
		usage->rss_peak = values->rss;
	values->rss_peak = usage->rss_peak;
}

void usage_read_all(struct usage *usage, const pid_t *pid, size_t count,
		    struct usage_values *values)
{
	usage->all = true;
	usage_read(usage, pid, count, values);
	usage->all = false;
}

/* The line "cpu": user, nice, system, idle, iowait, irq, softirq, in ticks. */
static bool parse_cpu_line(const char *text, struct usage_values *values)
{
	uint64_t ticks[7];
	const char *at = text + 3;
	char *end;

	if (strncmp(text, "cpu ", 4) != 0)
		return false;
	for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
		ticks[i] = strtoull(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	values->user_ns = ns_of_ticks(ticks[0] + ticks[1]);
	values->system_ns = ns_of_ticks(ticks[2] + ticks[5] + ticks[6]);
	values->task_ns = values->user_ns + values->system_ns;
	return true;
}

bool usage_read_system(struct usage_values *values)
{
	struct strbuf text = STRBUF_INIT;
	struct error ignored;
	const char *slash;
	bool ok;

	*values = (struct usage_values){ 0 };
	ok = file_read("/proc/stat", SYSTEM_MAX, &text, &ignored) &&
	     parse_cpu_line(text.text, values) &&
	     find_number(text.text, "ctxt ", &values->switches) &&
	     file_read("/proc/vmstat", SYSTEM_MAX, &text, &ignored) &&
	     find_number(text.text, "pgfault ", &values->minor) &&
	     find_number(text.text, "pgmajfault ", &values->major) &&
	     file_read("/proc/loadavg", STAT_MAX, &text, &ignored);
	slash = ok ? strchr(text.text, '/') : NULL;
	if (slash)
		values->threads = strtoull(slash + 1, NULL, 10);
	/* "pgfault" counts both. */
	values->minor -= values->minor < values->major ? values->minor : values->major;
	strbuf_release(&text);
	return ok;
}
