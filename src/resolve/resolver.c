#include "resolve/resolver.h"

#include <errno.h>

#include "base/clock.h"
#include "resolve/proc.h"
#include "resolve/resolver_private.h"

/* Events, in the order in which they happen. */

enum { PID_EXITING = -1 };	/* of what belongs to no process any more */

static struct process *followed(struct resolver *r, const struct event *event)
{
	struct process *process = process_find(&r->processes, event->pid);
	pid_t pid = event->pid;

	if (process || !r->everything)
		return process;
	if (event->type == EVENT_SAMPLE && tasks_find_ended(r, pid, event->tid))
		pid = PID_EXITING;
	process = process_find(&r->processes, pid);
	if (process)
		return process;
	process = process_add(&r->processes, pid, event->time);
	process_set_watch(&r->processes, process, WATCH_NOW);
	return process;
}

static void forget_ids_after_rebuild(struct resolver *r)
{
	if (r->generation == r->profile->generation)
		return;
	r->generation = r->profile->generation;
	memset(r->memo, 0, sizeof r->memo);
	memset(r->ended, 0, sizeof r->ended);
}

/*
 * Walked elsewhere, with code in mind that is not there any more: what
 * follows from that is left out.
 */
static void distrust(const struct process *process, struct walked *walked, uint64_t time)
{
	if (walked->end == UNWIND_MORE || !process->replaced.len)
		return;
	for (size_t i = walked->kernel_count; i < walked->count; i++) {
		uint64_t ip = walked->ip[i];
		bool returns = i > walked->kernel_count && !(ip & UNWIND_EXACT);

		if (!process_was_replaced(process, (ip & UNWIND_ADDRESS) - returns, time))
			continue;
		walked->count = i + 1;
		walked->end = UNWIND_NOT_READY;
		return;
	}
}

static void add_sample(struct resolver *r, struct process *process, const struct event *event,
		       struct sample *sample)
{
	struct owner owner = { .pid = process->pid, .tid = event->tid, .parent = process->parent,
			       .process = process, .time = event->time };
	struct walked walked = { event->sample.ip, event->sample.ip_count,
				 event->sample.kernel_count, event->sample.end };
	struct unwalked unwalked = { owner, event->sample.registers, event->sample.stack,
				     event->sample.whole_stack, event->sample.ip,
				     event->sample.kernel_count };

	if (event->sample.registers) {
		walks_take(r, &unwalked, sample);
		return;
	}
	distrust(process, &walked, event->time);
	if (walked.end == UNWIND_NOT_READY && walked.count > walked.kernel_count)
		code_note_missing(r, process, walked.ip[walked.count - 1] & UNWIND_ADDRESS);
	sample->stack = stacks_add(r, &owner, &walked, &sample->end);
	profile_add_sample(r->profile, sample);
}

static void take_sample(struct resolver *r, const struct event *event)
{
	struct process *process = followed(r, event);
	struct sample sample = { .time = event->time, .weight = event->sample.weight,
				 .samples = 1, .metric = 1 };

	if (!process || process->watch != WATCH_NOW)
		return;
	forget_ids_after_rebuild(r);
	sample.thread = tasks_find_thread(r, process, process->pid == event->pid ? event->tid :
									     process->pid);
	if (!process->maps_known && process->pid > 0)
		maps_read(r, process);
	add_sample(r, process, event, &sample);
}

static void take_map(struct resolver *r, const struct event *event)
{
	static const char deleted[] = " (deleted)";
	struct process *process = followed(r, event);
	struct mapped what = { .device = event->map.device, .inode = event->map.inode,
			       .generation = event->map.generation };
	struct mapping mapping = { .start = event->map.start, .offset = event->map.offset,
				   .end = event->map.start + event->map.size };
	size_t len = strlen(event->map.path), cut = sizeof deleted - 1;

	if (!process || mapping.end < mapping.start)
		return;
	/* As /proc/PID/maps is read. */
	if (what.inode && len > cut && !strcmp(event->map.path + len - cut, deleted))
		len -= cut;
	what.path = xstrndup(event->map.path, len);
	if (event->map.build_id)
		what.build_id = xstrdup(event->map.build_id);
	maps_add(r, process, &what, mapping);
	xfree(what.path);
	xfree(what.build_id);
}

/* Another program under the same number: a thread of its own from here on. */
static void take_exec(struct resolver *r, const struct event *event)
{
	struct process *process = followed(r, event);

	if (!process)
		return;
	tasks_end_all(r, process);
	process_unmap_all(&r->processes, process);
	process->maps_known = true;
	process->maps_again = process->maps_pause = 0;
	process_set_name(process, event->name.text);
	task_set_name(process_add_task(&r->processes, process, event->pid), event->name.text);
	if (process->watch == WATCH_FROM_EXEC)
		process_set_watch(&r->processes, process, WATCH_NOW);
}

static void take_thread_start(struct resolver *r, const struct event *event)
{
	struct process *process = followed(r, event);
	const struct task *parent;
	char name[COMM_MAX] = "";

	if (!process)
		return;
	tasks_forget_ended(r, event->pid, event->tid);
	parent = process_find_task(process, event->fork.parent_tid);
	if (parent)
		memcpy(name, parent->name, sizeof name);
	task_set_name(process_add_task(&r->processes, process, event->tid), name);
}

/* One that has had no sample: its child has the same mapped, and may be gone soon. */
static struct process *meet_parent(struct resolver *r, const struct event *event)
{
	struct process *parent = process_find(&r->processes, event->fork.parent_pid);

	if (parent || !r->everything || event->pid == event->fork.parent_pid ||
	    event->fork.parent_pid <= 0)
		return parent;
	parent = process_add(&r->processes, event->fork.parent_pid, event->time);
	process_set_watch(&r->processes, parent, WATCH_NOW);
	process_add_task(&r->processes, parent, event->fork.parent_tid);
	maps_read(r, parent);
	return parent;
}

static void take_fork(struct resolver *r, const struct event *event)
{
	struct process *parent = meet_parent(r, event);
	struct process *child = process_find(&r->processes, event->pid);
	bool wanted = r->everything || (parent && parent->watch == WATCH_NOW &&
					!(r->flags & RESOLVER_NO_FOLLOW));
	const struct task *forker;

	if (event->pid == event->fork.parent_pid) {
		take_thread_start(r, event);
		return;
	}
	/* Known from /proc already, or of an earlier process whose end was lost. */
	if (child && event->time <= child->since)
		return;
	if (child)
		tasks_drop_process(r, child);
	if (!wanted)
		return;
	tasks_forget_ended(r, event->pid, event->tid);
	child = process_add(&r->processes, event->pid, event->time);
	child->parent = event->fork.parent_pid;
	process_set_watch(&r->processes, child, WATCH_NOW);
	/* Adding may have made room for the child by dropping the parent. */
	parent = process_find(&r->processes, event->fork.parent_pid);
	process_add_task(&r->processes, child, event->tid);
	if (!parent)
		return;
	process_copy_mappings(&r->processes, child, parent);
	forker = process_find_task(parent, event->fork.parent_tid);
	if (forker && forker->name[0]) {
		process_set_name(child, forker->name);
		task_set_name(child->task.at, forker->name);
	}
}

static void take_name(struct resolver *r, const struct event *event)
{
	struct process *process = followed(r, event);
	struct task *task;

	if (!process)
		return;
	task = process_add_task(&r->processes, process, event->tid);
	task_set_name(task, event->name.text);
	if (event->tid != event->pid) {
		if (task->thread)
			profile_name_thread(r->profile, task->thread, task->name, process->name);
		return;
	}
	process_set_name(process, event->name.text);
	for (size_t i = 0; i < process->task.len; i++)
		if (process->task.at[i].thread)
			profile_name_thread(r->profile, process->task.at[i].thread,
					    process->task.at[i].name, process->name);
}

static void take_exit(struct resolver *r, const struct event *event)
{
	struct process *process = process_find(&r->processes, event->pid);
	const struct task *task = process ? process_find_task(process, event->tid) : NULL;

	if (!process)
		return;
	if (event->exit.process) {
		tasks_drop_process(r, process);
		return;
	}
	if (task && task->thread)
		profile_end_thread(r->profile, task->thread);
	tasks_remember_ended(r, event->pid, event->tid, task ? task->thread : 0);
	process_drop_task(&r->processes, process, event->tid);
	if (!process->task.len)
		process_drop(&r->processes, process);
}

static void take_lost(struct resolver *r, const struct event *event)
{
	profile_add_losses(r->profile, event->cpu,
			   (struct cpu_losses){ .lost = event->lost.samples });
	r->profile->lost_names += event->lost.records;
	if (!event->lost.records)
		return;
	r->to_check = r->processes.count;
	r->lost_at = event->time;
}

static void take_throttle(struct resolver *r, const struct event *event)
{
	profile_add_losses(r->profile, event->cpu, (struct cpu_losses){ .throttled = 1 });
}

static void take_event(struct sink *sink, const struct event *event)
{
	static void (*const take[])(struct resolver *, const struct event *) = {
		[EVENT_SAMPLE] = take_sample, [EVENT_MAP] = take_map, [EVENT_EXEC] = take_exec,
		[EVENT_FORK] = take_fork, [EVENT_NAME] = take_name, [EVENT_EXIT] = take_exit,
		[EVENT_LOST] = take_lost, [EVENT_THROTTLE] = take_throttle,
	};
	struct resolver *r = (struct resolver *)(void *)sink;

	r->processes.time = event->time;
	take[event->type](r, event);
}

/* From outside. */

struct resolver *resolver_new(struct profile *profile, unsigned flags)
{
	struct resolver *r = xcalloc(1, sizeof *r);

	r->sink.event = take_event;
	r->profile = profile;
	r->flags = flags;
	r->generation = profile->generation;
	process_table_init(&r->processes, &r->mapped);
	r->naming = naming_new(profile);
	r->rows = rows_new(&r->mapped, code_note_known, r);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	naming_free(r->naming);
	rows_free(r->rows);
	waiting_release(&r->waiting, &r->processes);
	array_release(&r->known);
	array_release(&r->range);
	process_table_release(&r->processes);
	mapped_table_release(&r->mapped);
	xfree(r);
}

struct sink *resolver_sink(struct resolver *r)
{
	return &r->sink;
}

void resolver_watch_everything(struct resolver *r)
{
	r->everything = true;
}

struct reading {
	struct resolver *resolver;
	struct process *process;
};

static void take_task(void *context, pid_t tid)
{
	struct reading *reading = context;

	process_add_task(&reading->resolver->processes, reading->process, tid);
}

bool resolver_watch_process(struct resolver *r, pid_t pid, struct error *error)
{
	pid_t owner = proc_read_owner(pid);
	struct reading reading = { .resolver = r };
	struct process *process;

	if (!owner)
		return error_set(error, ESRCH, "there is no process %d", (int)pid);
	if (owner != pid)
		return error_set(error, ESRCH, "%d is a thread of process %d: use -p %d",
				 (int)pid, (int)owner, (int)owner);
	process = process_find(&r->processes, pid);
	if (!process)
		process = process_add(&r->processes, pid, clock_now());
	process_set_watch(&r->processes, process, WATCH_NOW);
	reading.process = process;
	if (!proc_read_tasks(pid, take_task, &reading)) {
		tasks_drop_process(r, process);
		return error_set(error, ESRCH, "process %d ended just now", (int)pid);
	}
	proc_read_comm(pid, process->name, sizeof process->name);
	if (!maps_read(r, process))
		maps_note_unreadable(r, process, errno);
	return true;
}

void resolver_watch_from_exec(struct resolver *r, pid_t pid)
{
	struct process *process = process_find(&r->processes, pid);

	if (!process)
		process = process_add(&r->processes, pid, clock_now());
	process_add_task(&r->processes, process, pid);
	process_set_watch(&r->processes, process, WATCH_FROM_EXEC);
}

size_t resolver_watched(const struct resolver *r, pid_t *pid, size_t max)
{
	size_t count = 0;

	for (const struct process *p = r->processes.oldest; p && count < max; p = p->newer)
		if (p->watch == WATCH_NOW)
			pid[count++] = p->pid;
	return r->processes.watched;
}

size_t resolver_watched_threads(const struct resolver *r)
{
	return r->processes.watched_tasks;
}

void resolver_add_idle_threads(struct resolver *r, size_t max)
{
	for (struct process *p = r->processes.oldest; p; p = p->newer)
		for (size_t i = 0; p->watch == WATCH_NOW && i < p->task.len; i++)
			if (!p->task.at[i].thread && r->profile->thread.len < max)
				tasks_find_thread(r, p, p->task.at[i].tid);
}

int resolver_fd(const struct resolver *r)
{
	return naming_fd(r->naming);
}

void resolver_work(struct resolver *r)
{
	tasks_check(r);
	naming_work(r->naming, clock_now());
	rows_work(r->rows, clock_now());
	forget_ids_after_rebuild(r);
	walks_finish(r, clock_now());
}

size_t resolver_waiting(const struct resolver *r)
{
	return naming_waiting(r->naming) + r->waiting.at.len;
}

const char *resolver_trouble(const struct resolver *r)
{
	const char *trouble = naming_trouble(r->naming);

	if (!trouble)
		trouble = rows_trouble(r->rows);
	if (trouble)
		return trouble;
	if (mapped_table_is_full(&r->mapped))
		return "no names of code in files that are mapped now: too many are mapped already";
	return r->trouble[0] ? r->trouble : NULL;
}

int resolver_rows_fd(const struct resolver *r)
{
	return rows_fd(r->rows);
}

pid_t resolver_rows_pid(const struct resolver *r)
{
	return rows_symbolizer_pid(r->rows);
}

pid_t resolver_symbolizer_pid(const struct resolver *r)
{
	return naming_symbolizer_pid(r->naming);
}
