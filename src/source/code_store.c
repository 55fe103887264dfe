#include "source/code_store.h"

#include "base/array.h"
#include "base/hash_index.h"
#include "source/pool.h"

enum {
	BUCKETS = 1024,
	HEAD_WORDS = sizeof(struct code_head) / 4,
	ENTRY_WORDS = sizeof(struct code_entry) / 4,
	PAGE_WORDS = sizeof(struct unwind_page) / 4,
	PAGES_AT_ONCE = 1 << 15,
	ROWS_AT_ONCE = 1 << 14,
	/* Rules that are always there: the zeroed one, and one for what finds no room. */
	RULE_UNSUPPORTED = 1,
	RULES_FIXED,
};

/* Addresses of user space have 47 bits; searches rely on there being no others. */
#define ADDRESS_END (UINT64_C(1) << 47)

struct stretch {
	uint32_t first, words;
};

/* Pages of a table that lie together. */
struct page_block {
	uint32_t first_page, page_count, word;
};

/* The rows of a binary. */
struct upload {
	uint32_t id;			/* of the table */
	size_t refs;			/* of code blocks */
	array(struct page_block) page;	/* by first_page */
	array(struct stretch) taken;
	struct upload *next;
};

/* The code of one or more processes. */
struct block {
	uint32_t serial;		/* that of the resolver */
	size_t refs;			/* of processes */
	struct code_ref ref;
	bool pending;			/* of some of it the rows are not there yet */
	struct stretch taken;
	array(struct upload *) upload;
	struct block *next;
};

struct owner {
	pid_t pid;
	struct block *block;
	struct owner *next;
};

struct code_store {
	struct code_memory memory;
	struct pool *pool;
	uint32_t serial;
	unsigned rules;
	struct hash_index rule_index;
	struct upload *upload[BUCKETS];
	struct block *block[BUCKETS];
	struct owner *owner[BUCKETS];
	array(struct code_entry) entry;	/* of the block that is made */
	size_t processes, tables;
	bool full;
};

struct code_store *code_store_new(const struct code_memory *memory)
{
	struct code_store *store = xcalloc(1, sizeof *store);

	store->memory = *memory;
	store->pool = pool_new(CODE_SHARD_BITS, CODE_SHARDS_MAX);
	store->memory.rules[RULE_UNSUPPORTED].cfa = UNWIND_UNSUPPORTED;
	store->rules = RULES_FIXED;
	return store;
}

/* Memory. */

static uint32_t *words_at(const struct code_store *store, uint32_t word)
{
	struct code_shard *shard =
		store->memory.shard(store->memory.context, word >> CODE_SHARD_BITS);

	return shard ? shard->word + (word & (CODE_SHARD_WORDS - 1)) : NULL;
}

/* NULL: there is no room. */
static uint32_t *take(struct code_store *store, uint32_t words, struct stretch *stretch)
{
	uint32_t *at;

	stretch->words = words;
	stretch->first = pool_take(store->pool, words);
	at = stretch->first ? words_at(store, stretch->first) : NULL;
	if (!at && stretch->first)
		pool_give(store->pool, stretch->first, words, 0);
	if (!at)
		store->full = true;
	return at;
}

/* Rules. */

static uint64_t hash_of_rule(const struct unwind_rule *rule)
{
	uint64_t word;

	memcpy(&word, rule, sizeof word);
	return hash_u64(word);
}

static uint64_t hash_of_id(const void *array, uint32_t id)
{
	return hash_of_rule((const struct unwind_rule *)array + id);
}

static uint32_t find_rule(struct code_store *store, struct unwind_rule rule)
{
	uint64_t hash = hash_of_rule(&rule);
	uint32_t *slot = hash_index_slot(&store->rule_index, hash);

	if (rule.cfa == UNWIND_NONE)
		return 0;
	for (; *slot; slot = hash_index_next(&store->rule_index, slot))
		if (!memcmp(&store->memory.rules[*slot], &rule, sizeof rule))
			return *slot;
	if (store->rules == UNWIND_RULES_MAX) {
		store->full = true;
		return RULE_UNSUPPORTED;
	}
	store->memory.rules[store->rules] = rule;
	*slot = store->rules++;
	hash_index_added(&store->rule_index, hash_of_id, store->memory.rules);
	return store->rules - 1;
}

/* Tables. */

static void free_upload(struct code_store *store, struct upload *upload, uint64_t now)
{
	for (size_t i = 0; i < upload->taken.len; i++)
		pool_give(store->pool, upload->taken.at[i].first, upload->taken.at[i].words, now);
	array_release(&upload->taken);
	array_release(&upload->page);
	xfree(upload);
}

/* How many pages from the first on have their rows together, and how many rows. */
static uint32_t count_together(const struct unwind_table *table, uint32_t first, uint32_t *rows)
{
	uint32_t page = first;

	*rows = 0;
	do
		*rows += table->page[page++].count;
	while (page < table->page_count && *rows + table->page[page].count <= ROWS_AT_ONCE);
	return page - first;
}

/* Rows of pages first to first + count, with our numbers of rules. */
static bool put_rows(struct code_store *store, struct upload *upload,
		     const struct unwind_table *table, const uint32_t *number,
		     struct unwind_page *page)
{
	uint32_t at = 0;

	while (at < table->page_count) {
		uint32_t rows, count = count_together(table, at, &rows), done = 0;
		struct stretch stretch;
		uint32_t *word = take(store, rows, &stretch);

		if (!word)
			return false;
		array_push(&upload->taken, stretch);
		for (uint32_t end = at + count; at < end; at++) {
			const uint32_t *row = table->row + table->page[at].first;

			page[at] = (struct unwind_page){ stretch.first + done,
							 table->page[at].count };
			for (uint32_t i = 0; i < table->page[at].count; i++)
				word[done++] = (row[i] & ~((1u << UNWIND_RULE_BITS) - 1)) |
					       number[unwind_row_rule(row[i])];
		}
	}
	return true;
}

static bool put_pages(struct code_store *store, struct upload *upload,
		      const struct unwind_table *table, const struct unwind_page *page)
{
	for (uint32_t at = 0; at < table->page_count; at += PAGES_AT_ONCE) {
		uint32_t left = table->page_count - at;
		struct page_block block = { .first_page = table->first_page + at,
					    .page_count = left < PAGES_AT_ONCE ? left :
										 PAGES_AT_ONCE };
		struct stretch stretch;
		uint32_t *word = take(store, block.page_count * PAGE_WORDS, &stretch);

		if (!word)
			return false;
		array_push(&upload->taken, stretch);
		block.word = stretch.first;
		memcpy(word, page + at, block.page_count * sizeof *page);
		array_push(&upload->page, block);
	}
	return true;
}

static bool put_table(struct code_store *store, struct upload *upload,
		      const struct unwind_table *table)
{
	uint32_t *number = xcalloc(table->rule_count + 1, sizeof *number);
	struct unwind_page *page = xcalloc(table->page_count + 1, sizeof *page);
	bool ok;

	for (uint32_t i = 0; i < table->rule_count; i++)
		number[i] = find_rule(store, table->rule[i]);
	ok = put_rows(store, upload, table, number, page) &&
	     put_pages(store, upload, table, page);
	xfree(number);
	xfree(page);
	return ok;
}

/* NULL: it finds no room. */
static struct upload *find_upload(struct code_store *store, const struct unwind_table *table,
				  uint64_t now)
{
	struct upload **bucket = &store->upload[table->id % BUCKETS], *upload;

	for (upload = *bucket; upload; upload = upload->next)
		if (upload->id == table->id)
			return upload;
	upload = xcalloc(1, sizeof *upload);
	upload->id = table->id;
	if (!put_table(store, upload, table)) {
		free_upload(store, upload, now);
		return NULL;
	}
	upload->next = *bucket;
	*bucket = upload;
	store->tables++;
	return upload;
}

static void unref_upload(struct code_store *store, struct upload *upload, uint64_t now)
{
	struct upload **link = &store->upload[upload->id % BUCKETS];

	if (--upload->refs)
		return;
	while (*link != upload)
		link = &(*link)->next;
	*link = upload->next;
	store->tables--;
	free_upload(store, upload, now);
}

/* Blocks. */

static void add_entry(struct code_store *store, struct code_entry entry)
{
	if (entry.start >= entry.end)
		return;
	if (store->entry.len < CODE_RANGES_MAX)
		array_push(&store->entry, entry);
	else
		store->full = true;
}

/* An entry for each part whose pages lie together. */
static void add_rows(struct code_store *store, struct block *block,
		     const struct code_range *range, struct upload *upload)
{
	for (size_t i = 0; i < upload->page.len; i++) {
		const struct page_block *page = &upload->page.at[i];
		struct code_entry entry = {
			.start = range->start,
			.end = range->end,
			.shift = range->offset - range->start,
			.pages = page->word,
			.first_page = page->first_page,
			.page_count = page->page_count,
			.kind = CODE_ROWS,
		};
		uint64_t first = (uint64_t)page->first_page << UNWIND_PAGE_SHIFT;
		uint64_t end = first + ((uint64_t)page->page_count << UNWIND_PAGE_SHIFT);
		uint64_t range_end = range->offset + (range->end - range->start);

		/* What lies before the first and behind the last has no rule anyway. */
		if (i && first > range->offset)
			entry.start = first < range_end ? first - entry.shift : range->end;
		if (i + 1 < upload->page.len && end < range_end)
			entry.end = end > range->offset ? end - entry.shift : range->start;
		add_entry(store, entry);
	}
	upload->refs++;
	array_push(&block->upload, upload);
}

static void add_range(struct code_store *store, struct block *block,
		      const struct code_range *range, uint64_t now)
{
	struct code_entry entry = { .start = range->start, .end = range->end, .kind = CODE_BARE };
	struct upload *upload = NULL;

	if (range->end > ADDRESS_END || range->start >= range->end)
		return;
	if (range->kind == UNWIND_CODE_ROWS && range->table->page_count) {
		upload = find_upload(store, range->table, now);
		if (upload) {
			add_rows(store, block, range, upload);
			return;
		}
		entry.kind = CODE_PENDING;
	} else if (range->kind == UNWIND_CODE_PENDING) {
		entry.kind = CODE_PENDING;
	}
	block->pending |= entry.kind == CODE_PENDING;
	add_entry(store, entry);
}

static void free_block(struct code_store *store, struct block *block, uint64_t now)
{
	if (block->taken.first)
		pool_give(store->pool, block->taken.first, block->taken.words, now);
	for (size_t i = 0; i < block->upload.len; i++)
		unref_upload(store, block->upload.at[i], now);
	array_release(&block->upload);
	xfree(block);
}

static bool write_block(struct code_store *store, struct block *block)
{
	struct code_head head = { .serial = ++store->serial, .count = (uint32_t)store->entry.len };
	uint32_t words = HEAD_WORDS + head.count * ENTRY_WORDS;
	uint32_t *word = take(store, words, &block->taken);

	if (!word)
		return false;
	if (head.count)
		memcpy(word + HEAD_WORDS, store->entry.at, head.count * sizeof *store->entry.at);
	memcpy(word, &head, sizeof head);
	block->ref = (struct code_ref){ .first = block->taken.first, .count = head.count,
					.serial = head.serial };
	return true;
}

static struct block *find_block(struct code_store *store, const struct code_change *change,
				uint64_t now)
{
	struct block **bucket = &store->block[change->serial % BUCKETS], *block;

	for (block = *bucket; block; block = block->next)
		if (block->serial == change->serial)
			return block;
	block = xcalloc(1, sizeof *block);
	block->serial = change->serial;
	store->entry.len = 0;
	for (size_t i = 0; i < change->count; i++)
		add_range(store, block, &change->range[i], now);
	if (!write_block(store, block)) {
		free_block(store, block, now);
		return NULL;
	}
	block->next = *bucket;
	*bucket = block;
	return block;
}

static void unref_block(struct code_store *store, struct block *block, uint64_t now)
{
	struct block **link = &store->block[block->serial % BUCKETS];

	if (--block->refs)
		return;
	while (*link != block)
		link = &(*link)->next;
	*link = block->next;
	free_block(store, block, now);
}

/* Processes. */

static struct owner **find_owner(struct code_store *store, pid_t pid)
{
	struct owner **link = &store->owner[(unsigned)pid % BUCKETS];

	while (*link && (*link)->pid != pid)
		link = &(*link)->next;
	return link;
}

void code_store_drop(struct code_store *store, pid_t pid, uint64_t now)
{
	struct owner **link = find_owner(store, pid), *owner = *link;

	if (!owner)
		return;
	*link = owner->next;
	unref_block(store, owner->block, now);
	xfree(owner);
	store->processes--;
}

bool code_store_put(struct code_store *store, const struct code_change *change,
		    struct code_ref *ref, uint64_t now)
{
	struct block *block = find_block(store, change, now);
	struct owner **link;

	if (!block) {
		code_store_drop(store, change->pid, now);
		return false;
	}
	block->refs++;
	link = find_owner(store, change->pid);
	if (*link) {
		unref_block(store, (*link)->block, now);
	} else {
		*link = xcalloc(1, sizeof **link);
		(*link)->pid = change->pid;
		store->processes++;
	}
	(*link)->block = block;
	*ref = block->ref;
	return true;
}

bool code_store_is_whole(const struct code_store *store, pid_t pid)
{
	const struct owner *owner = store->owner[(unsigned)pid % BUCKETS];

	while (owner && owner->pid != pid)
		owner = owner->next;
	return owner && !owner->block->pending;
}

void code_store_settle(struct code_store *store, uint64_t time)
{
	pool_settle(store->pool, time);
}

void code_store_facts(const struct code_store *store, struct code_store_facts *facts)
{
	*facts = (struct code_store_facts){
		.processes = store->processes,
		.tables = store->tables,
		.bytes = pool_words(store->pool) * sizeof(uint32_t),
		.rules = store->rules,
		.full = store->full,
	};
}

void code_store_free(struct code_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (store->owner[i])
			code_store_drop(store, store->owner[i]->pid, 0);
	hash_index_release(&store->rule_index);
	array_release(&store->entry);
	pool_free(store->pool);
	xfree(store);
}
