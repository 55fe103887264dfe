#include "chooser.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/privilege.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif

enum { PROCESSES_MAX = 32768, COMMAND_MAX = 400 };

/* What is asked once for a process, and what the last look counted. */
struct candidate {
	struct process process;
	uint64_t cpu;
	uid_t owner;
	char owner_name[32];
	char *command;
};

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return (a->process.pid > b->process.pid) - (a->process.pid < b->process.pid);
}

static const struct candidate *find_known(const struct chooser *chooser,
					  const struct process *process)
{
	const struct candidate key = { .process = { .pid = process->pid } };
	const struct candidate *known;

	if (!chooser->known.len)
		return NULL;
	known = bsearch(&key, chooser->known.at, chooser->known.len, sizeof key,
			compare_candidates);
	return known && known->process.start == process->start ? known : NULL;
}

/*
 * Whose files in /proc they are: of a process that may not be looked into,
 * such as one with set-uid rights, they are root's.
 */
static uid_t owner_of(pid_t pid)
{
	struct stat about;
	char path[32];

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	return stat(path, &about) ? (uid_t)-1 : about.st_uid;
}

static char *command_of(pid_t pid)
{
	struct strbuf command = STRBUF_INIT;
	char *copy;

	process_command_line(pid, &command);
	if (command.len > COMMAND_MAX)
		strbuf_cut(&command, COMMAND_MAX);
	copy = xstrdup(command.text);
	strbuf_release(&command);
	return copy;
}

static struct candidate meet(const struct process *process)
{
	struct candidate new = {
		.process = *process,
		.cpu = PICKER_CPU_UNKNOWN,
		.owner = owner_of(process->pid),
		.command = command_of(process->pid),
	};

	privilege_user_name(new.owner, new.owner_name, sizeof new.owner_name);
	return new;
}

/* The same process again: what it used since. */
static struct candidate meet_again(const struct candidate *known, const struct process *process,
				   uint64_t elapsed)
{
	uint64_t tick = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	struct candidate now = *known;
	uint64_t ticks = process->ticks > known->process.ticks ?
		process->ticks - known->process.ticks : 0;

	now.command = strcmp(known->process.name, process->name) ? command_of(process->pid) :
								   xstrdup(known->command);
	now.process = *process;
	now.cpu = elapsed ? ticks * tick * 10000 / elapsed : PICKER_CPU_UNKNOWN;
	return now;
}

/* Ourselves and our helpers are nobody's target. */
static bool is_left_out(const struct process *process)
{
	return process->pid == getpid() || process->parent == getpid() ||
	       process_is_gone(process);
}

static void forget(struct candidate *candidate, size_t count)
{
	for (size_t i = 0; i < count; i++)
		xfree(candidate[i].command);
}

static void meet_all(struct chooser *chooser, uint64_t elapsed)
{
	array(struct candidate) all = { 0 };
	struct pid_list pids = { 0 };

	process_list(&pids);
	for (size_t i = 0; i < pids.len && all.len < PROCESSES_MAX; i++) {
		const struct candidate *known;
		struct process process;

		if (!process_read(pids.at[i], &process) || is_left_out(&process))
			continue;
		known = find_known(chooser, &process);
		array_push(&all, known ? meet_again(known, &process, elapsed) : meet(&process));
	}
	array_release(&pids);
	if (all.len)
		qsort(all.at, all.len, sizeof *all.at, compare_candidates);
	forget(chooser->known.at, chooser->known.len);
	array_release(&chooser->known);
	chooser->known.at = all.at;
	chooser->known.len = all.len;
	chooser->known.cap = all.cap;
}

/* As the kernel decides it, as far as that can be told without trying. */
static bool may_measure(const struct privilege *privilege, uid_t owner)
{
	if (privilege_has(privilege, CAP_PERFMON) || privilege_has(privilege, CAP_SYS_ADMIN))
		return true;
	return owner == privilege->uid && privilege->paranoid <= 2;
}

const struct picker_rows *chooser_look(struct chooser *chooser)
{
	uint64_t now = clock_now(), elapsed = chooser->looked_at ? now - chooser->looked_at : 0;
	struct privilege privilege;

	privilege_read(&privilege);
	meet_all(chooser, elapsed);
	chooser->looked_at = now;
	chooser->rows.len = 0;
	for (size_t i = 0; i < chooser->known.len; i++) {
		const struct candidate *one = &chooser->known.at[i];
		bool allowed = may_measure(&privilege, one->owner);

		array_push(&chooser->rows, ((struct picker_row){
			.pid = one->process.pid,
			.threads = one->process.threads,
			.cpu = one->cpu,
			.used = one->process.ticks,
			.name = one->process.name,
			.owner = one->owner_name,
			.access = !allowed ? "needs root" :
				  one->owner == privilege.uid ? "yours" : "allowed",
			.command = one->command,
			.allowed = allowed,
		}));
	}
	return &chooser->rows;
}

void chooser_release(struct chooser *chooser)
{
	forget(chooser->known.at, chooser->known.len);
	array_release(&chooser->known);
	array_release(&chooser->rows);
}

/* The file of the first word of a command line. */
static bool is_called(const char *command, const char *name)
{
	size_t len = strcspn(command, " ");
	const char *slash = memrchr(command, '/', len);
	const char *base = slash ? slash + 1 : command;

	return len - (size_t)(base - command) == strlen(name) &&
	       !strncmp(base, name, strlen(name));
}

void chooser_find(const char *name, struct pid_list *found)
{
	struct pid_list pids = { 0 };

	process_list(&pids);
	for (size_t i = 0; i < pids.len; i++) {
		struct process process;
		char *command;

		if (!process_read(pids.at[i], &process) || is_left_out(&process))
			continue;
		command = command_of(pids.at[i]);
		if (!strcmp(process.name, name) || is_called(command, name))
			array_push(found, pids.at[i]);
		xfree(command);
	}
	array_release(&pids);
}
