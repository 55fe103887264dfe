#include "source/perf_threads.h"

#include <errno.h>

#include "base/clock.h"
#include "source/privilege.h"

enum { ROUNDS_MAX = 16 };

void perf_threads_init(struct perf_threads *threads)
{
	*threads = (struct perf_threads){ 0 };
	array_extend(&threads->thread, 1);
	array_extend(&threads->event, 1);
}

void perf_threads_release(struct perf_threads *threads)
{
	if (threads->next)
		perf_threads_release(threads->next);
	xfree(threads->next);
	array_release(&threads->thread);
	array_release(&threads->event);
	hash_index_release(&threads->thread_index);
	hash_index_release(&threads->event_index);
}

static uint64_t thread_hash(const void *array, uint32_t id)
{
	const struct perf_thread *thread = array;

	return hash_u64((uint64_t)thread[id].tid);
}

static uint64_t event_hash(const void *array, uint32_t id)
{
	const struct perf_event_owner *event = array;

	return hash_u64(event[id].id);
}

/* The slot of the thread with that number: its id, or 0. */
static uint32_t *find_thread(struct perf_threads *threads, pid_t tid)
{
	uint32_t *slot = hash_index_slot(&threads->thread_index, hash_u64((uint64_t)tid));

	while (*slot && threads->thread.at[*slot].tid != tid)
		slot = hash_index_next(&threads->thread_index, slot);
	return slot;
}

static uint32_t owner_of(struct perf_threads *threads, uint64_t id)
{
	uint32_t *slot = hash_index_slot(&threads->event_index, hash_u64(id));

	while (*slot && threads->event.at[*slot].id != id)
		slot = hash_index_next(&threads->event_index, slot);
	return *slot ? threads->event.at[*slot].thread : 0;
}

static bool has_own(struct perf_threads *threads, pid_t tid)
{
	uint32_t id = *find_thread(threads, tid);

	return id && !threads->thread.at[id].ended;
}

static void add_event(struct perf_threads *threads, uint64_t id, uint32_t thread)
{
	uint32_t *slot = hash_index_slot(&threads->event_index, hash_u64(id));

	while (*slot)
		slot = hash_index_next(&threads->event_index, slot);
	*slot = (uint32_t)threads->event.len;
	array_push(&threads->event, ((struct perf_event_owner){ id, thread }));
	hash_index_added(&threads->event_index, event_hash, threads->event.at);
}

static uint32_t add_thread(struct perf_threads *threads, pid_t tid, uint64_t opened)
{
	uint32_t *slot = find_thread(threads, tid), id = *slot;

	if (id) {
		threads->thread.at[id].opened = opened;
		threads->thread.at[id].ended = false;
		return id;
	}
	*slot = id = (uint32_t)threads->thread.len;
	array_push(&threads->thread, ((struct perf_thread){ .tid = tid, .opened = opened }));
	hash_index_added(&threads->thread_index, thread_hash, threads->thread.at);
	return id;
}

void perf_threads_add(struct perf_threads *threads, pid_t tid, uint64_t opened,
		      const struct perf_member *member, size_t count)
{
	uint32_t id = add_thread(threads, tid, opened);

	for (size_t i = 0; i < count; i++)
		add_event(threads, member[i].id, id);
}

/* 0, also for a thread that ended meanwhile; or errno. */
static int open_thread(struct perf_threads *threads, struct perf_set *set, pid_t tid)
{
	size_t first = set->member.len;
	int code = perf_set_add(set, tid, PERF_START_NOW);

	if (code)
		return code == ESRCH ? 0 : code;
	perf_threads_add(threads, tid, clock_now(), set->member.at + first,
			 set->member.len - first);
	return 0;
}

static void list_threads(const struct target *target, struct pid_list *thread)
{
	struct pid_list process = { 0 };

	for (size_t i = 0; i < target->pid.len; i++)
		array_push(&process, target->pid.at[i]);
	if (!target->no_follow)
		process_descendants(&process);
	for (size_t i = 0; i < process.len; i++)
		process_threads(process.at[i], thread);
	array_release(&process);
}

static bool refused(const struct perf_set *set, int code, pid_t pid, size_t threads,
		    struct error *error)
{
	return privilege_explain(&(struct refusal){ .code = code,
						    .pid = pid,
						    .event = set->plan->event,
						    .wanted_files = (threads + 1) * set->cpu.len },
				 error);
}

/* One look at all threads; *found counts those that were new. */
static bool attach_round(struct perf_threads *threads, struct perf_set *set,
			 const struct target *target, size_t *found,
			 struct progress *progress, struct error *error)
{
	struct pid_list list = { 0 };
	bool ok = true;

	*found = 0;
	list_threads(target, &list);
	for (size_t i = 0; ok && i < list.len; i++) {
		size_t before = set->member.len;
		int code;

		if (has_own(threads, list.at[i]))
			continue;
		code = open_thread(threads, set, list.at[i]);
		*found += set->member.len != before;
		if (code)
			ok = refused(set, code, target->pid.at[0], list.len, error);
		else if (!progress_step(progress, i + 1, list.len))
			ok = error_set(error, ECANCELED, "not attached: it was cancelled");
	}
	array_release(&list);
	return ok;
}

bool perf_threads_attach(struct perf_threads *threads, struct perf_set *set,
			 const struct target *target, struct progress *progress,
			 struct error *error)
{
	size_t found;
	int quiet = 0;

	/*
	 * A listing that nothing new is on shows that all threads before it
	 * were attached; a second one, as a listing may skip some while
	 * others end.  In a storm of threads there is always a new one, but
	 * it has inherited events from one of those before.
	 */
	for (int i = 0; i < ROUNDS_MAX && quiet < 2; i++) {
		if (!attach_round(threads, set, target, &found, progress, error))
			return false;
		quiet = found ? 0 : quiet + 1;
	}
	if (!set->member.len)
		return refused(set, ESRCH, target->pid.at[0], 0, error);
	threads->since = clock_now();
	return true;
}

bool perf_threads_replace(struct perf_threads *threads, struct perf_set *set,
			  const struct target *target, struct error *error)
{
	struct perf_threads *next = xcalloc(1, sizeof *next);
	size_t before = set->member.len;

	perf_threads_init(next);
	next->replacing = true;
	if (threads->next || !perf_threads_attach(next, set, target, NULL, error)) {
		perf_set_drop(set, before, set->member.len);
		perf_threads_release(next);
		xfree(next);
		return false;
	}
	perf_set_drop(set, 0, before);
	threads->next = next;
	return true;
}

static void take_over(struct perf_threads *threads)
{
	struct perf_threads *next = threads->next;

	threads->next = NULL;
	perf_threads_release(threads);
	*threads = *next;
	xfree(next);
}

static void note_exit(struct perf_threads *threads, pid_t tid)
{
	uint32_t thread = *find_thread(threads, tid);

	threads->thread.at[thread].ended = true;
	if (threads->next)
		note_exit(threads->next, tid);
}

bool perf_threads_accept(struct perf_threads *threads, const struct event *event)
{
	const struct perf_thread *own;
	uint32_t thread;

	if (threads->next && event->time >= threads->next->since)
		take_over(threads);
	if (threads->thread.len == 1 && !threads->next)
		return true;
	if (event->type == EVENT_EXIT)
		note_exit(threads, event->tid);
	if (event->type != EVENT_SAMPLE)
		return true;
	if (event->time < threads->since)
		return false;
	if (threads->next && owner_of(threads->next, event->sample.id))
		return false;
	if (threads->replacing && !owner_of(threads, event->sample.id))
		return false;
	if (threads->thread.len == 1)
		return true;
	thread = owner_of(threads, event->sample.id);
	own = &threads->thread.at[thread];
	if (thread && own->tid == event->tid && !own->ended)
		return true;
	thread = *find_thread(threads, event->tid);
	own = &threads->thread.at[thread];
	return !thread || own->ended || event->time < own->opened;
}
