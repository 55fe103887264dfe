#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "resolve/proc.h"
#include "resolve/resolver_private.h"

enum { CHECKED_AT_ONCE = 16 };

static void learn_names(struct process *process, struct task *task)
{
	if (!process->name[0] && process->pid <= 0)
		process_set_name(process, process->pid ? "[exiting]" : "[idle]");
	if (!process->name[0])
		proc_read_comm(process->pid, process->name, sizeof process->name);
	if (!task->name[0] && task->tid != process->pid)
		proc_read_comm(task->tid, task->name, sizeof task->name);
	if (!task->name[0])
		task_set_name(task, process->name);
}

struct ended *tasks_find_ended(struct resolver *r, pid_t pid, pid_t tid)
{
	for (size_t i = 0; pid > 0 && i < ENDED_REMEMBERED; i++)
		if (r->ended[i].pid == pid && r->ended[i].tid == tid)
			return &r->ended[i];
	return NULL;
}

void tasks_remember_ended(struct resolver *r, pid_t pid, pid_t tid, thread_id thread)
{
	r->ended[r->next_ended] = (struct ended){ pid, tid, thread };
	r->next_ended = (r->next_ended + 1) % ENDED_REMEMBERED;
}

void tasks_forget_ended(struct resolver *r, pid_t pid, pid_t tid)
{
	struct ended *ended = tasks_find_ended(r, pid, tid);

	if (ended)
		*ended = (struct ended){ 0 };
}

/* Samples go on for a little after the end was told: that must not bring a thread back. */
static thread_id find_ended_thread(struct resolver *r, const struct process *process, pid_t tid)
{
	struct ended *ended = tasks_find_ended(r, process->pid, tid);

	if (ended && !ended->thread) {
		ended->thread = profile_add_thread(r->profile, process->pid, tid, process->name);
		profile_name_thread(r->profile, ended->thread, process->name, process->name);
	}
	return ended ? ended->thread : 0;
}

thread_id tasks_find_thread(struct resolver *r, struct process *process, pid_t tid)
{
	struct task *task = process_find_task(process, tid);
	thread_id ended = task ? 0 : find_ended_thread(r, process, tid);

	if (ended)
		return ended;
	if (!task)
		task = process_add_task(&r->processes, process, tid);
	if (!task->thread) {
		learn_names(process, task);
		task->thread = profile_add_thread(r->profile, process->pid, tid, task->name);
		profile_name_thread(r->profile, task->thread, task->name, process->name);
	}
	return task->thread;
}

thread_id tasks_find_late(struct resolver *r, const struct waiting *waiting)
{
	const struct owner *owner = &waiting->of.owner;
	struct process *process = process_find(&r->processes, owner->pid);
	const struct task *task = process && process->since <= owner->time ?
		process_find_task(process, owner->tid) : NULL;
	thread_id thread;

	if (task && task->thread)
		return task->thread;
	thread = profile_add_thread(r->profile, owner->pid, owner->tid, waiting->name);
	profile_name_thread(r->profile, thread, waiting->name, waiting->process);
	profile_end_thread(r->profile, thread);
	return thread;
}

void tasks_end_all(struct resolver *r, struct process *process)
{
	for (size_t i = process->task.len; i-- > 0;) {
		if (process->task.at[i].thread)
			profile_end_thread(r->profile, process->task.at[i].thread);
		process_drop_task(&r->processes, process, process->task.at[i].tid);
	}
}

void tasks_drop_process(struct resolver *r, struct process *process)
{
	tasks_end_all(r, process);
	process_drop(&r->processes, process);
}

struct pids {
	pid_t *at;
	size_t len, cap;
};

static void note_task(void *context, pid_t tid)
{
	struct pids *pids = context;

	array_push(pids, tid);
}

static int compare_pids(const void *left, const void *right)
{
	const pid_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* What can't be read may only be hidden from us, and samples of the last moments be under way. */
static void check_absent(struct resolver *r, struct process *process)
{
	if (!kill(process->pid, 0) || errno != ESRCH)
		return;
	if (!process->gone)
		process->gone = r->lost_at;
	else if (r->lost_at - process->gone > 2 * SECOND)
		tasks_drop_process(r, process);
}

/* Ends its threads that are there no more, and it itself when none is. */
static void check_process(struct resolver *r, struct process *process)
{
	struct pids alive = { 0 };

	if (process->pid <= 0)
		return;
	if (!proc_read_tasks(process->pid, note_task, &alive)) {
		check_absent(r, process);
		return;
	}
	qsort(alive.at, alive.len, sizeof *alive.at, compare_pids);
	for (size_t i = process->task.len; i-- > 0;) {
		struct task task = process->task.at[i];

		if (bsearch(&task.tid, alive.at, alive.len, sizeof task.tid, compare_pids))
			continue;
		if (task.thread)
			profile_end_thread(r->profile, task.thread);
		tasks_remember_ended(r, process->pid, task.tid, task.thread);
		process_drop_task(&r->processes, process, task.tid);
	}
	array_release(&alive);
}

void tasks_check(struct resolver *r)
{
	for (int i = 0; i < CHECKED_AT_ONCE && r->to_check; i++) {
		struct process *process = process_find(&r->processes, r->next_checked);

		if (!process)
			process = r->processes.oldest;
		if (!process) {
			r->to_check = 0;
			return;
		}
		r->next_checked = process->newer ? process->newer->pid : 0;
		r->to_check--;
		check_process(r, process);
	}
}
