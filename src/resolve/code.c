#include "resolve/code.h"

#include "base/clock.h"
#include "resolve/resolver_private.h"

/* From being told of changed code to acting on it. */
#define TELLING_TIME	UINT64_C(20000000)

static struct mapped *mapped_of(struct resolver *r, const struct mapping *mapping)
{
	return &r->mapped.at.at[mapping->mapped];
}

struct binary_place code_place(const struct resolver *r, const struct owner *owner,
			       const struct mapping *mapping)
{
	const struct mapped *mapped = &r->mapped.at.at[mapping->mapped];
	pid_t first = !r->everything && r->processes.oldest ? r->processes.oldest->pid : 0;

	return (struct binary_place){ .pid = owner->pid, .tid = owner->tid, .start = mapping->start,
				      .end = mapping->end, .inode = mapped->inode,
				      .path = mapped->path, .kin = { owner->parent, first } };
}

/* Ask for the rows of what is mapped there, if nobody did. */
static void want(struct resolver *r, const struct process *process, const struct mapping *mapping)
{
	const struct mapped *mapped = mapped_of(r, mapping);
	struct owner owner = { .pid = process->pid, .parent = process->parent };
	struct binary_place place;

	if (mapped->code != UNWIND_CODE_NONE || process->pid <= 0 ||
	    process->watch == WATCH_FROM_EXEC)
		return;
	if (mapped->kind == BINARY_FILE) {
		owner.tid = process->task.len ? process->task.at[0].tid : process->pid;
		place = code_place(r, &owner, mapping);
		rows_want(r->rows, mapping->mapped, &place);
	} else if (mapping->start >= END_OF_32_BITS) {
		rows_want(r->rows, mapping->mapped, NULL);
	}
}

void code_want(struct resolver *r, const struct process *process, uint64_t address)
{
	const struct mapping *mapping;

	if (!r->wants_rows)
		return;
	mapping = process_find_mapping(process, address);
	if (mapping)
		want(r, process, mapping);
}

void resolver_want_rows(struct resolver *r)
{
	if (r->wants_rows)
		return;
	r->wants_rows = true;
	for (struct process *p = r->processes.oldest; p; p = p->newer)
		for (size_t i = 0; i < p->mappings->at.len; i++)
			want(r, p, &p->mappings->at.at[i]);
}

/* Where an address of memory is in the rows of what is mapped there. */
static uint64_t offset_of(const struct mapped *mapped, const struct mapping *mapping)
{
	return mapped->kind == BINARY_VDSO ? 0 : mapping->offset;
}

static enum unwind_code code_at(const struct mapped *mapped, const struct mapping *mapping)
{
	if (mapped->kind == BINARY_VDSO && mapping->start < END_OF_32_BITS)
		return UNWIND_CODE_BARE;
	return mapped->code == UNWIND_CODE_NONE ? UNWIND_CODE_BARE : mapped->code;
}

enum unwind_code code_find(struct resolver *r, const struct mapping *mapping, uint64_t address,
			   struct unwind_rule *rule)
{
	struct mapped *mapped = mapped_of(r, mapping);
	enum unwind_code code = code_at(mapped, mapping);

	if (code == UNWIND_CODE_ROWS)
		*rule = unwind_table_find(mapped->table, address - mapping->start +
					  offset_of(mapped, mapping));
	else if (code == UNWIND_CODE_PENDING)
		mapped->hits++;
	return code;
}

void code_note_missing(struct resolver *r, const struct process *process, uint64_t address)
{
	const struct mapping *mapping = process_find_mapping(process, address);
	struct unwind_rule rule;

	if (mapping)
		code_find(r, mapping, address, &rule);
}

/* What sources that walk elsewhere have to know. */

void code_note_known(void *context, uint32_t id)
{
	struct resolver *r = context;

	r->known_count++;
	if (!r->processes.noting || r->mapped.at.at[id].news)
		return;
	mapped_ref(&r->mapped, id);
	r->mapped.at.at[id].news = true;
	array_push(&r->known, id);
}

static bool has_news(struct resolver *r, struct mappings *mappings)
{
	if (mappings->looked_at == r->round)
		return mappings->stale;
	mappings->looked_at = r->round;
	mappings->stale = false;
	for (size_t i = 0; i < mappings->at.len && !mappings->stale; i++)
		mappings->stale = mapped_of(r, &mappings->at.at[i])->news;
	if (mappings->stale)
		mappings->serial = ++r->processes.serial;
	return mappings->stale;
}

/* Rows came: the same code is another now for whoever has it mapped. */
static void spread_news(struct resolver *r)
{
	if (!r->known.len)
		return;
	r->round++;
	for (struct process *p = r->processes.oldest; p; p = p->newer)
		if (has_news(r, p->mappings))
			process_note_change(&r->processes, p);
	for (size_t i = 0; i < r->known.len; i++) {
		r->mapped.at.at[r->known.at[i]].news = false;
		mapped_unref(&r->mapped, r->known.at[i]);
	}
	r->known.len = 0;
}

static void begin_noting(struct resolver *r)
{
	resolver_want_rows(r);
	r->processes.noting = true;
	for (struct process *p = r->processes.oldest; p; p = p->newer)
		process_note_change(&r->processes, p);
}

static void list_ranges(struct resolver *r, const struct mappings *mappings)
{
	if (r->ranges_of == mappings->serial)
		return;
	r->ranges_of = mappings->serial;
	r->range.len = 0;
	for (size_t i = 0; i < mappings->at.len; i++) {
		const struct mapping *mapping = &mappings->at.at[i];
		const struct mapped *mapped = mapped_of(r, mapping);
		enum unwind_code kind = code_at(mapped, mapping);

		/* Who can't be told in time had better not walk there. */
		if (mapping->unsettled)
			kind = UNWIND_CODE_PENDING;
		array_push(&r->range, ((struct code_range){
			.start = mapping->start, .end = mapping->end,
			.offset = offset_of(mapped, mapping), .kind = kind,
			.table = kind == UNWIND_CODE_ROWS ? mapped->table : NULL }));
	}
}

static struct process *take_changed(struct resolver *r)
{
	struct process_table *table = &r->processes;

	while (r->changes_taken < table->changed.len) {
		struct process *process = process_find(table,
						       table->changed.at[r->changes_taken++]);

		if (!process || !process->changed)
			continue;
		process->changed = false;
		if (process->watch == WATCH_NOW && process->pid > 0)
			return process;
	}
	table->changed.len = r->changes_taken = 0;
	return NULL;
}

bool resolver_take_code_change(struct resolver *r, struct code_change *change)
{
	struct process *process;

	if (!r->processes.noting)
		begin_noting(r);
	*change = (struct code_change){ 0 };
	if (r->processes.gone.len) {
		change->pid = r->processes.gone.at[--r->processes.gone.len];
		change->gone = true;
		return true;
	}
	spread_news(r);
	if (r->processes.unsettled)
		process_table_settle(&r->processes, clock_now());
	process = take_changed(r);
	if (!process)
		return false;
	process_note_told(process, clock_now() + TELLING_TIME);
	list_ranges(r, process->mappings);
	change->pid = process->pid;
	change->serial = process->mappings->serial;
	change->range = r->range.at;
	change->count = r->range.len;
	return true;
}

bool resolver_is_unsettled(const struct resolver *r)
{
	return r->processes.unsettled;
}

bool resolver_has_rows(const struct resolver *r, pid_t pid)
{
	const struct process *process = process_find(&r->processes, pid);

	if (!process)
		return true;
	if (process->watch == WATCH_FROM_EXEC)
		return false;
	for (size_t i = 0; i < process->mappings->at.len; i++)
		if (r->mapped.at.at[process->mappings->at.at[i].mapped].code ==
		    UNWIND_CODE_PENDING)
			return false;
	return true;
}

void resolver_code_facts(const struct resolver *r, struct code_facts *facts)
{
	rows_facts(r->rows, facts);
}
