#include "resolve/resolver.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "resolve/naming.h"
#include "resolve/proc.h"
#include "resolve/process_table.h"

enum {
	MEMO_SLOTS = 1 << 12,
	CHECKED_AT_ONCE = 16,
	KERNEL_SERIAL = 0,		/* in place of that of mappings */
};

#define SECOND		UINT64_C(1000000000)
#define MAPS_PAUSE_MAX	(64 * SECOND)
/* The lower half of addresses is for programs of 32 bits, whose vdso is another. */
#define END_OF_32_BITS	(UINT64_C(1) << 32)

/* Where an address was found last, while nothing was mapped anew. */
struct memo {
	uint64_t ip;
	uint32_t serial;
	location_id location;		/* 0: the slot is empty */
};

/* A thread that ended a moment ago. */
struct ended {
	pid_t pid, tid;
	thread_id thread;	/* in the profile, 0: it had no sample */
};

enum { ENDED_REMEMBERED = 64 };

struct resolver {
	struct sink sink;
	struct profile *profile;
	unsigned flags, generation;
	bool everything;
	struct mapped_table mapped;
	struct process_table processes;
	struct naming *naming;
	binary_id kernel, unknown;
	char trouble[160];
	struct ended ended[ENDED_REMEMBERED];
	size_t next_ended;
	size_t to_check;		/* processes, after records were lost */
	pid_t next_checked;
	uint64_t lost_at;
	struct memo memo[MEMO_SLOTS];
};

/* Mappings. */

static void map(struct resolver *r, struct process *process, const struct mapped *what,
		struct mapping mapping)
{
	mapping.mapped = mapped_add(&r->mapped, what);
	process_map(&r->processes, process, mapping);
}

struct reading {
	struct resolver *resolver;
	struct process *process;
};

static void take_map_line(void *context, const struct map_line *line)
{
	struct reading *reading = context;
	struct mapped what = { .device = line->device, .inode = line->inode };
	struct mapping mapping = { .start = line->start, .end = line->end,
				   .offset = line->offset };

	what.path = xstrndup((const char *)line->path.at, line->path.len);
	map(reading->resolver, reading->process, &what, mapping);
	xfree(what.path);
}

/*
 * What is mapped now, over what was known.  Through any thread: that of
 * the leader is empty once it has ended.
 */
static bool read_maps(struct resolver *r, struct process *process)
{
	struct reading reading = { r, process };
	size_t lines = 0;
	bool ok = false;

	for (size_t i = 0; i < process->task.len && i < 4 && !lines; i++)
		if (proc_read_maps(process->task.at[i].tid, take_map_line, &reading, &lines))
			ok = true;
	process->maps_known = true;
	return ok;
}

static void note_unreadable(struct resolver *r, const struct process *process, int code)
{
	if (code == EACCES || code == EPERM)
		snprintf(r->trouble, sizeof r->trouble,
			 "no names for process %d: not allowed to see what it has mapped",
			 (int)process->pid);
}

/*
 * Mapped since, with the event lost.  A stack that leads nowhere looks the
 * same, so the pause grows while reading is in vain.
 */
static const struct mapping *look_again(struct resolver *r, struct process *process,
					uint64_t address, uint64_t now)
{
	const struct mapping *mapping;

	if (now < process->maps_again || !process->pid)
		return NULL;
	read_maps(r, process);
	mapping = process_find_mapping(process, address);
	process->maps_pause = mapping || !process->maps_pause ? SECOND : process->maps_pause * 2;
	if (process->maps_pause > MAPS_PAUSE_MAX)
		process->maps_pause = MAPS_PAUSE_MAX;
	process->maps_again = now + process->maps_pause;
	return mapping;
}

/* Stacks to locations. */

static void clear_memo_after_rebuild(struct resolver *r)
{
	if (r->generation == r->profile->generation)
		return;
	r->generation = r->profile->generation;
	memset(r->memo, 0, sizeof r->memo);
	memset(r->ended, 0, sizeof r->ended);
}

static void add_image(struct resolver *r, const struct process *process, pid_t tid,
		      const struct mapping *mapping, binary_id binary)
{
	const struct mapped *mapped = &r->mapped.at.at[mapping->mapped];
	pid_t first = !r->everything && r->processes.oldest ? r->processes.oldest->pid : 0;
	struct binary_place place = { .pid = process->pid, .tid = tid, .start = mapping->start,
				      .end = mapping->end, .inode = mapped->inode,
				      .path = mapped->path, .kin = { process->parent, first } };

	if (mapped->kind == BINARY_FILE)
		naming_add_image(r->naming, binary, IMAGE_OF_FILE, &place);
	else if (mapped->kind == BINARY_VDSO && mapping->start >= END_OF_32_BITS)
		naming_add_image(r->naming, binary, IMAGE_OF_VDSO, NULL);
}

/* Addresses of files count from their beginning, of other code they stay. */
static location_id add_location(struct resolver *r, const struct process *process, pid_t tid,
				const struct mapping *mapping, uint64_t ip)
{
	const struct mapped *mapped = &r->mapped.at.at[mapping->mapped];
	bool is_new = !mapped->binary;
	binary_id binary = mapped_binary(&r->mapped, mapping->mapped, r->profile);

	mapped = &r->mapped.at.at[mapping->mapped];
	if (is_new || naming_lacks_image(r->naming, binary))
		add_image(r, process, tid, mapping, binary);
	if (mapped->kind == BINARY_FILE)
		ip = ip - mapping->start + mapping->offset;
	else if (mapped->kind == BINARY_VDSO)
		ip -= mapping->start;
	return profile_add_location(r->profile, binary, ip);
}

static location_id kernel_location(struct resolver *r, uint64_t ip)
{
	if (!r->kernel) {
		r->kernel = profile_add_binary(r->profile, "[kernel]", "", BINARY_KERNEL);
		naming_add_image(r->naming, r->kernel, IMAGE_OF_KERNEL, NULL);
	}
	return profile_add_location(r->profile, r->kernel, ip);
}

static location_id unknown_location(struct resolver *r)
{
	if (!r->unknown)
		r->unknown = profile_add_binary(r->profile, "[unknown]", "", BINARY_ANONYMOUS);
	/* One for all: addresses that lead nowhere are endless and mean nothing. */
	return profile_add_location(r->profile, r->unknown, 0);
}

static location_id find_location(struct resolver *r, struct process *process,
				 const struct event *event, uint64_t ip, bool kernel)
{
	uint32_t serial = kernel ? KERNEL_SERIAL : process->mappings->serial;
	struct memo *memo = &r->memo[hash_u64(ip ^ (uint64_t)serial << 32) % MEMO_SLOTS];
	const struct mapping *mapping;

	if (memo->location && memo->ip == ip && memo->serial == serial)
		return memo->location;
	if (kernel) {
		*memo = (struct memo){ ip, serial, kernel_location(r, ip) };
		return memo->location;
	}
	mapping = process_find_mapping(process, ip);
	if (!mapping)
		mapping = look_again(r, process, ip, event->time);
	if (!mapping)
		return unknown_location(r);
	memo->location = add_location(r, process, event->tid, mapping, ip);
	memo->ip = ip;
	memo->serial = process->mappings->serial;
	return memo->location;
}

/*
 * Outermost first.  All but the innermost address of the kernel and of the
 * program are where calls return to: the call is just before, and may be
 * the last instruction of its line, or of its function.
 */
static stack_id add_stack(struct resolver *r, struct process *process, const struct event *event)
{
	stack_id stack = 0;

	for (size_t i = event->sample.ip_count; i-- > 0;) {
		bool kernel = i < event->sample.kernel_count;
		bool returns = i != 0 && i != event->sample.kernel_count;
		uint64_t ip = event->sample.ip[i];

		stack = profile_add_stack(r->profile, stack,
					  find_location(r, process, event,
							returns && ip ? ip - 1 : ip, kernel));
	}
	return stack ? stack : profile_add_stack(r->profile, 0, unknown_location(r));
}

/* Names. */

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

static struct ended *find_ended(struct resolver *r, pid_t pid, pid_t tid)
{
	for (size_t i = 0; pid > 0 && i < ENDED_REMEMBERED; i++)
		if (r->ended[i].pid == pid && r->ended[i].tid == tid)
			return &r->ended[i];
	return NULL;
}

static void remember_ended(struct resolver *r, pid_t pid, pid_t tid, thread_id thread)
{
	r->ended[r->next_ended] = (struct ended){ pid, tid, thread };
	r->next_ended = (r->next_ended + 1) % ENDED_REMEMBERED;
}

/* The number is of another thread now. */
static void forget_ended(struct resolver *r, pid_t pid, pid_t tid)
{
	struct ended *ended = find_ended(r, pid, tid);

	if (ended)
		*ended = (struct ended){ 0 };
}

/* Samples go on for a little after the end was told: that must not bring a thread back. */
static thread_id find_ended_thread(struct resolver *r, const struct process *process, pid_t tid)
{
	struct ended *ended = find_ended(r, process->pid, tid);

	if (ended && !ended->thread) {
		ended->thread = profile_add_thread(r->profile, process->pid, tid, process->name);
		profile_name_thread(r->profile, ended->thread, process->name, process->name);
	}
	return ended ? ended->thread : 0;
}

static thread_id find_thread(struct resolver *r, struct process *process, pid_t tid)
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

/* Events, in the order in which they happen. */

enum { PID_EXITING = -1 };	/* of what belongs to no process any more */

static struct process *followed(struct resolver *r, const struct event *event)
{
	struct process *process = process_find(&r->processes, event->pid);
	pid_t pid = event->pid;

	if (process || !r->everything)
		return process;
	if (event->type == EVENT_SAMPLE && find_ended(r, pid, event->tid))
		pid = PID_EXITING;
	process = process_find(&r->processes, pid);
	if (process)
		return process;
	process = process_add(&r->processes, pid, event->time);
	process_set_watch(&r->processes, process, WATCH_NOW);
	return process;
}

static void take_sample(struct resolver *r, const struct event *event)
{
	struct process *process = followed(r, event);
	struct sample sample = { .time = event->time, .weight = event->sample.weight,
				 .samples = 1, .metric = 1,
				 .cut = event->sample.end == UNWIND_LIMIT };

	if (!process || process->watch != WATCH_NOW)
		return;
	clear_memo_after_rebuild(r);
	sample.thread = find_thread(r, process, process->pid == event->pid ? event->tid :
									     process->pid);
	if (!process->maps_known && process->pid > 0)
		read_maps(r, process);
	sample.stack = add_stack(r, process, event);
	profile_add_sample(r->profile, &sample);
}

static void take_map(struct resolver *r, const struct event *event)
{
	static const char deleted[] = " (deleted)";
	struct process *process = followed(r, event);
	struct mapped what = { .device = event->map.device, .inode = event->map.inode };
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
	map(r, process, &what, mapping);
	xfree(what.path);
	xfree(what.build_id);
}

static void end_threads(struct resolver *r, struct process *process)
{
	for (size_t i = process->task.len; i-- > 0;) {
		if (process->task.at[i].thread)
			profile_end_thread(r->profile, process->task.at[i].thread);
		process_drop_task(&r->processes, process, process->task.at[i].tid);
	}
}

/* Another program under the same number: a thread of its own from here on. */
static void take_exec(struct resolver *r, const struct event *event)
{
	struct process *process = followed(r, event);

	if (!process)
		return;
	end_threads(r, process);
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
	forget_ended(r, event->pid, event->tid);
	parent = process_find_task(process, event->fork.parent_tid);
	if (parent)
		memcpy(name, parent->name, sizeof name);
	task_set_name(process_add_task(&r->processes, process, event->tid), name);
}

static void drop_process(struct resolver *r, struct process *process)
{
	end_threads(r, process);
	process_drop(&r->processes, process);
}

static void take_fork(struct resolver *r, const struct event *event)
{
	struct process *parent = process_find(&r->processes, event->fork.parent_pid);
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
		drop_process(r, child);
	if (!wanted)
		return;
	forget_ended(r, event->pid, event->tid);
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
		drop_process(r, process);
		return;
	}
	if (task && task->thread)
		profile_end_thread(r->profile, task->thread);
	remember_ended(r, event->pid, event->tid, task ? task->thread : 0);
	process_drop_task(&r->processes, process, event->tid);
	if (!process->task.len)
		process_drop(&r->processes, process);
}

static void take_lost(struct resolver *r, const struct event *event)
{
	r->profile->lost += event->lost.samples;
	r->profile->lost_names += event->lost.records;
	if (!event->lost.records)
		return;
	r->to_check = r->processes.count;
	r->lost_at = event->time;
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
		drop_process(r, process);
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
		remember_ended(r, process->pid, task.tid, task.thread);
		process_drop_task(&r->processes, process, task.tid);
	}
	array_release(&alive);
}

/* The record of an end may have been among the lost ones.  A few at a time. */
static void check_processes(struct resolver *r)
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

static void take_throttle(struct resolver *r, const struct event *event)
{
	(void)event;
	r->profile->throttled++;
}

static void take_event(struct sink *sink, const struct event *event)
{
	static void (*const take[])(struct resolver *, const struct event *) = {
		[EVENT_SAMPLE] = take_sample, [EVENT_MAP] = take_map, [EVENT_EXEC] = take_exec,
		[EVENT_FORK] = take_fork, [EVENT_NAME] = take_name, [EVENT_EXIT] = take_exit,
		[EVENT_LOST] = take_lost, [EVENT_THROTTLE] = take_throttle,
	};
	struct resolver *r = (struct resolver *)(void *)sink;

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
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	naming_free(r->naming);
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
		drop_process(r, process);
		return error_set(error, ESRCH, "process %d ended just now", (int)pid);
	}
	proc_read_comm(pid, process->name, sizeof process->name);
	if (!read_maps(r, process))
		note_unreadable(r, process, errno);
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
				find_thread(r, p, p->task.at[i].tid);
}

int resolver_fd(const struct resolver *r)
{
	return naming_fd(r->naming);
}

void resolver_work(struct resolver *r)
{
	check_processes(r);
	naming_work(r->naming, clock_now());
}

size_t resolver_waiting(const struct resolver *r)
{
	return naming_waiting(r->naming);
}

const char *resolver_trouble(const struct resolver *r)
{
	const char *trouble = naming_trouble(r->naming);

	if (trouble)
		return trouble;
	if (mapped_table_is_full(&r->mapped))
		return "no names of code in files that are mapped now: too many are mapped already";
	return r->trouble[0] ? r->trouble : NULL;
}

pid_t resolver_symbolizer_pid(const struct resolver *r)
{
	return naming_symbolizer_pid(r->naming);
}
