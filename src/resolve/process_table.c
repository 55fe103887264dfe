#include "resolve/process_table.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"

#define SETTLING_TIME	UINT64_C(1000000000)

static struct mappings *new_mappings(struct process_table *table)
{
	struct mappings *mappings = xcalloc(1, sizeof *mappings);

	mappings->refs = 1;
	mappings->serial = ++table->serial;
	return mappings;
}

struct mappings *mappings_ref(struct mappings *mappings)
{
	mappings->refs++;
	return mappings;
}

void mappings_unref(struct process_table *table, struct mappings *mappings)
{
	if (--mappings->refs)
		return;
	for (size_t i = 0; i < mappings->at.len; i++)
		mapped_unref(table->mapped, mappings->at.at[i].mapped);
	table->mapping_count -= mappings->at.len;
	array_release(&mappings->at);
	xfree(mappings);
}

void process_table_init(struct process_table *table, struct mapped_table *mapped)
{
	*table = (struct process_table){ .mapped = mapped };
}

void process_table_release(struct process_table *table)
{
	while (table->oldest)
		process_drop(table, table->oldest);
	array_release(&table->changed);
	array_release(&table->gone);
}

static size_t bucket_of(pid_t pid)
{
	return (unsigned)pid % PROCESS_BUCKETS;
}

struct process *process_find(const struct process_table *table, pid_t pid)
{
	struct process *process = table->bucket[bucket_of(pid)];

	while (process && process->pid != pid)
		process = process->next;
	return process;
}

struct process *process_add(struct process_table *table, pid_t pid, uint64_t since)
{
	struct process **bucket = &table->bucket[bucket_of(pid)], *process;

	if (table->count >= PROCESSES_MAX)
		process_drop(table, table->oldest);
	process = xcalloc(1, sizeof *process);
	process->pid = pid;
	process->since = since;
	process->mappings = new_mappings(table);
	process->next = *bucket;
	*bucket = process;
	process->older = table->newest;
	if (table->newest)
		table->newest->newer = process;
	else
		table->oldest = process;
	table->newest = process;
	table->count++;
	return process;
}

static void set_settled(struct process_table *table, struct process *process, uint64_t time)
{
	table->unsettled += !!time;
	table->unsettled -= !!process->settled;
	process->settled = time;
}

void process_drop(struct process_table *table, struct process *process)
{
	struct process **link = &table->bucket[bucket_of(process->pid)];

	process_set_watch(table, process, WATCH_NOT);
	set_settled(table, process, 0);
	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	if (process->older)
		process->older->newer = process->newer;
	else
		table->oldest = process->newer;
	if (process->newer)
		process->newer->older = process->older;
	else
		table->newest = process->older;
	table->count--;
	if (process->told)
		array_push(&table->gone, process->pid);
	mappings_unref(table, process->mappings);
	array_release(&process->task);
	array_release(&process->replaced);
	xfree(process);
}

void process_set_watch(struct process_table *table, struct process *process, enum watch watch)
{
	if (process->watch == WATCH_NOW) {
		table->watched--;
		table->watched_tasks -= process->task.len;
	}
	process->watch = watch;
	if (watch == WATCH_NOW) {
		table->watched++;
		table->watched_tasks += process->task.len;
	}
}

static void set_comm(char comm[COMM_MAX], const char *name)
{
	size_t len = strnlen(name, COMM_MAX - 1);

	memmove(comm, name, len);
	memset(comm + len, 0, COMM_MAX - len);
}

void process_set_name(struct process *process, const char *name)
{
	set_comm(process->name, name);
}

void task_set_name(struct task *task, const char *name)
{
	set_comm(task->name, name);
}

/* The first task whose tid is not smaller.  New ones mostly come last. */
static size_t task_position(const struct process *process, pid_t tid)
{
	size_t low = 0, high = process->task.len;

	if (high && process->task.at[high - 1].tid < tid)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (process->task.at[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct task *process_find_task(const struct process *process, pid_t tid)
{
	size_t i = task_position(process, tid);

	if (i == process->task.len || process->task.at[i].tid != tid)
		return NULL;
	return &process->task.at[i];
}

struct task *process_add_task(struct process_table *table, struct process *process, pid_t tid)
{
	size_t i = task_position(process, tid);
	struct task *task;

	if (i < process->task.len && process->task.at[i].tid == tid)
		return &process->task.at[i];
	array_reserve(&process->task, 1);
	task = &process->task.at[i];
	memmove(task + 1, task, (process->task.len++ - i) * sizeof *task);
	*task = (struct task){ .tid = tid };
	table->watched_tasks += process->watch == WATCH_NOW;
	return task;
}

void process_drop_task(struct process_table *table, struct process *process, pid_t tid)
{
	struct task *task = process_find_task(process, tid);

	if (!task)
		return;
	memmove(task, task + 1,
		(size_t)(process->task.at + process->task.len - (task + 1)) * sizeof *task);
	process->task.len--;
	table->watched_tasks -= process->watch == WATCH_NOW;
}

/* Nobody takes the changes, and most are of processes that are gone. */
static void compact_changes(struct process_table *table)
{
	table->changed.len = 0;
	for (struct process *p = table->oldest; p; p = p->newer)
		if (p->changed)
			array_push(&table->changed, p->pid);
}

void process_note_change(struct process_table *table, struct process *process)
{
	if (!table->noting || process->changed)
		return;
	if (table->changed.len >= CHANGES_MAX)
		compact_changes(table);
	process->changed = true;
	array_push(&table->changed, process->pid);
}

/* The mappings of a process, to be changed: its own, and with a new serial. */
static struct mappings *own_mappings(struct process_table *table, struct process *process)
{
	struct mappings *shared = process->mappings, *own;

	process_note_change(table, process);
	if (shared->refs == 1) {
		shared->serial = ++table->serial;
		return shared;
	}
	own = new_mappings(table);
	array_reserve(&own->at, shared->at.len + 1);
	for (size_t i = 0; i < shared->at.len; i++) {
		mapped_ref(table->mapped, shared->at.at[i].mapped);
		own->at.at[own->at.len++] = shared->at.at[i];
	}
	table->mapping_count += own->at.len;
	mappings_unref(table, shared);
	process->mappings = own;
	return own;
}

/* The first mapping that ends after an address. */
static size_t mapping_position(const struct mappings *mappings, uint64_t address)
{
	size_t low = 0, high = mappings->at.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mappings->at.at[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void forget_replaced(struct process *process, uint64_t time)
{
	size_t gone = 0, rest;

	while (gone < process->replaced.len && process->replaced.at[gone].until < time)
		gone++;
	rest = process->replaced.len - gone;
	if (gone && rest)
		memmove(process->replaced.at, process->replaced.at + gone,
			rest * sizeof *process->replaced.at);
	process->replaced.len = rest;
}

static void note_replaced(struct process *process, struct replaced replaced)
{
	struct replaced *last;

	forget_replaced(process, replaced.since);
	if (process->replaced.len < REPLACED_MAX) {
		array_push(&process->replaced, replaced);
		return;
	}
	/* Too many to keep apart. */
	last = &process->replaced.at[REPLACED_MAX - 1];
	if (replaced.start < last->start)
		last->start = replaced.start;
	if (replaced.end > last->end)
		last->end = replaced.end;
	last->until = replaced.until;
}

/*
 * Of what was told, that which lies where now other code is.  Returns
 * whether there is some.
 */
static bool note_overlaps(struct process *process, size_t first, struct mapping mapping,
			  uint64_t time)
{
	const struct mappings *mappings = process->mappings;
	bool any = false;

	for (size_t i = first; i < mappings->at.len; i++) {
		const struct mapping *old = &mappings->at.at[i];

		if (old->start >= mapping.end)
			break;
		if (old->mapped == mapping.mapped &&
		    old->start - old->offset == mapping.start - mapping.offset)
			continue;
		any = true;
		/* What is unsettled is not relied on. */
		if (old->unsettled)
			continue;
		note_replaced(process, (struct replaced){
			.start = old->start > mapping.start ? old->start : mapping.start,
			.end = old->end < mapping.end ? old->end : mapping.end,
			.since = time, .until = UINT64_MAX });
	}
	return any;
}

static void settle(struct process_table *table, struct process *process)
{
	struct mappings *mappings = own_mappings(table, process);

	for (size_t i = 0; i < mappings->at.len; i++)
		mappings->at.at[i].unsettled = false;
	set_settled(table, process, 0);
}

void process_table_settle(struct process_table *table, uint64_t now)
{
	for (struct process *p = table->oldest; p && table->unsettled; p = p->newer)
		if (p->settled && p->settled <= now)
			settle(table, p);
}

void process_note_told(struct process *process, uint64_t now)
{
	process->told = true;
	for (size_t i = 0; i < process->replaced.len; i++)
		if (process->replaced.at[i].until == UINT64_MAX)
			process->replaced.at[i].until = now;
}

bool process_was_replaced(const struct process *process, uint64_t address, uint64_t time)
{
	for (size_t i = 0; i < process->replaced.len; i++) {
		const struct replaced *replaced = &process->replaced.at[i];

		if (address >= replaced->start && address < replaced->end &&
		    time >= replaced->since && time <= replaced->until)
			return true;
	}
	return false;
}

/*
 * The mappings from first to until give way to a new one, which overlaps
 * them all; of the outer two a part may stay.
 */
static void replace(struct process_table *table, struct mappings *mappings, size_t first,
		    size_t until, struct mapping mapping)
{
	struct mapping piece[3];
	size_t count = 0, rest = mappings->at.len - until;

	if (first < until && mappings->at.at[first].start < mapping.start) {
		piece[count] = mappings->at.at[first];
		piece[count++].end = mapping.start;
	}
	piece[count++] = mapping;
	if (first < until && mappings->at.at[until - 1].end > mapping.end) {
		const struct mapping *last = &mappings->at.at[until - 1];

		piece[count] = *last;
		piece[count].offset += mapping.end - last->start;
		piece[count++].start = mapping.end;
	}
	for (size_t i = 0; i < count; i++)
		if (piece[i].start != mapping.start)
			mapped_ref(table->mapped, piece[i].mapped);
	for (size_t i = first; i < until; i++)
		mapped_unref(table->mapped, mappings->at.at[i].mapped);
	array_reserve(&mappings->at, count);
	if (count != until - first)
		memmove(mappings->at.at + first + count, mappings->at.at + until,
			rest * sizeof mapping);
	memcpy(mappings->at.at + first, piece, count * sizeof mapping);
	table->mapping_count += first + count + rest - mappings->at.len;
	mappings->at.len = first + count + rest;
}

/* What others have mapped already costs nothing more. */
static bool is_one_too_many(const struct mapped_table *table, uint32_t id)
{
	const struct mapped *mapped = &table->at.at[id];

	return table->was_full && mapped->refs == 1 && !mapped->binary;
}

void process_map(struct process_table *table, struct process *process, struct mapping mapping)
{
	struct mappings *mappings = process->mappings;
	size_t first, until;

	if (mapping.end <= mapping.start || mappings->at.len >= MAPPINGS_MAX ||
	    table->mapping_count + mappings->at.len >= ALL_MAPPINGS_MAX ||
	    is_one_too_many(table->mapped, mapping.mapped)) {
		mapped_unref(table->mapped, mapping.mapped);
		return;
	}
	mappings = own_mappings(table, process);
	first = mapping_position(mappings, mapping.start);
	until = first;
	while (until < mappings->at.len && mappings->at.at[until].start < mapping.end)
		until++;
	if (process->told && note_overlaps(process, first, mapping, table->time)) {
		mapping.unsettled = true;
		set_settled(table, process, clock_now() + SETTLING_TIME);
	}
	replace(table, mappings, first, until, mapping);
}

void process_unmap_all(struct process_table *table, struct process *process)
{
	mappings_unref(table, process->mappings);
	process->mappings = new_mappings(table);
	process->replaced.len = 0;
	set_settled(table, process, 0);
	process_note_change(table, process);
}

void process_copy_mappings(struct process_table *table, struct process *process,
			   const struct process *from)
{
	mappings_ref(from->mappings);
	mappings_unref(table, process->mappings);
	process->mappings = from->mappings;
	process->maps_known = from->maps_known;
	set_settled(table, process, from->settled);
	process_note_change(table, process);
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address)
{
	size_t i = mapping_position(mappings, address);

	return i < mappings->at.len && mappings->at.at[i].start <= address ? &mappings->at.at[i] :
									     NULL;
}

const struct mapping *process_find_mapping(const struct process *process, uint64_t address)
{
	return mappings_find(process->mappings, address);
}
