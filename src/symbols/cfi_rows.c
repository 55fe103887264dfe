#include "symbols/cfi_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

enum { BIRTH_BYTES_MAX = 64 };	/* before outermost code */

/* A part of a range that counts, since no better layer knows it. */
struct piece {
	uint64_t start, end;
	const struct cfi_range *range;
};

typedef array(struct piece) piece_array;

struct writer {
	struct unwind_file file;
	array(struct unwind_page) page;
	array(uint32_t) row;
	uint32_t rule;			/* of the row before */
	bool too_many;
};

void cfi_rows_init(struct cfi_rows *rows)
{
	*rows = (struct cfi_rows){ 0 };
	array_push(&rows->rule, ((struct unwind_rule){ .cfa = UNWIND_NONE }));
	array_push(&rows->rule, ((struct unwind_rule){ .cfa = UNWIND_UNSUPPORTED }));
}

void cfi_rows_release(struct cfi_rows *rows)
{
	array_release(&rows->segment);
	array_release(&rows->rule);
	hash_index_release(&rows->rule_index);
	array_release(&rows->row);
	for (int i = 0; i < CFI_LAYERS; i++)
		array_release(&rows->range[i]);
}

static uint64_t rule_key(struct unwind_rule rule)
{
	uint64_t key;

	_Static_assert(sizeof key == sizeof rule, "a rule is a word");
	memcpy(&key, &rule, sizeof key);
	return key;
}

static uint64_t hash_of_rule(const void *rules, uint32_t id)
{
	return hash_u64(rule_key(((const struct unwind_rule *)rules)[id]));
}

uint32_t cfi_rule(struct cfi_rows *rows, struct unwind_rule rule)
{
	uint64_t key = rule_key(rule);
	uint32_t *slot = hash_index_slot(&rows->rule_index, hash_u64(key));

	if (rule.cfa == UNWIND_NONE || rule.cfa == UNWIND_UNSUPPORTED)
		return rule.cfa == UNWIND_NONE ? CFI_RULE_NONE : CFI_RULE_UNSUPPORTED;
	for (; *slot; slot = hash_index_next(&rows->rule_index, slot))
		if (rule_key(rows->rule.at[*slot]) == key)
			return *slot;
	if (rows->rule.len == UNWIND_RULES_MAX)
		return CFI_RULE_UNSUPPORTED;
	*slot = (uint32_t)rows->rule.len;
	array_push(&rows->rule, rule);
	hash_index_added(&rows->rule_index, hash_of_rule, rows->rule.at);
	return (uint32_t)rows->rule.len - 1;
}

bool cfi_to_address(const struct cfi_rows *rows, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < rows->segment.len; i++) {
		const struct cfi_segment *s = &rows->segment.at[i];

		if (offset >= s->offset && offset - s->offset < s->size) {
			*address = s->address + (offset - s->offset);
			return true;
		}
	}
	return false;
}

bool cfi_to_offset(const struct cfi_rows *rows, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < rows->segment.len; i++) {
		const struct cfi_segment *s = &rows->segment.at[i];

		if (address >= s->address && address - s->address < s->size) {
			*offset = s->offset + (address - s->address);
			return true;
		}
	}
	return false;
}

bool cfi_begin(struct cfi_rows *rows, enum cfi_layer layer, uint64_t address, uint64_t *size)
{
	for (size_t i = 0; i < rows->segment.len; i++) {
		const struct cfi_segment *s = &rows->segment.at[i];
		uint64_t into = address - s->address;

		if (address < s->address || into >= s->size)
			continue;
		if (*size > s->size - into)
			*size = s->size - into;
		if (*size > UINT32_MAX)
			*size = UINT32_MAX;
		if (!*size || rows->row.len == UNWIND_ROWS_MAX)
			break;
		array_push(&rows->range[layer], ((struct cfi_range){
			.start = s->offset + into, .end = s->offset + into + *size,
			.first = (uint32_t)rows->row.len }));
		return true;
	}
	rows->too_many |= rows->row.len == UNWIND_ROWS_MAX;
	return false;
}

void cfi_add(struct cfi_rows *rows, enum cfi_layer layer, uint32_t at, uint32_t rule)
{
	struct cfi_range *range = &rows->range[layer].at[rows->range[layer].len - 1];

	if (range->count && rows->row.at[rows->row.len - 1].rule == rule)
		return;
	if (rows->row.len == UNWIND_ROWS_MAX) {
		rows->too_many = true;
		return;
	}
	if (rows->row.len == rows->row.cap)
		array_reserve(&rows->row, 1);
	rows->row.at[rows->row.len++] = (struct cfi_row){ at, rule };
	range->count++;
}

void cfi_fill(struct cfi_rows *rows, enum cfi_layer layer, uint64_t address, uint64_t size,
	      struct unwind_rule rule)
{
	if (cfi_begin(rows, layer, address, &size))
		cfi_add(rows, layer, 0, cfi_rule(rows, rule));
}

static int compare_ranges(const void *a, const void *b)
{
	const struct cfi_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static bool is_sorted(const struct cfi_range *range, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (range[i].start < range[i - 1].start)
			return false;
	return true;
}

/* Where ranges overlap, the one that starts later has it from there on. */
void cfi_sort(struct cfi_rows *rows, enum cfi_layer layer)
{
	struct cfi_range *range = rows->range[layer].at;
	size_t count = rows->range[layer].len, kept = 0;

	if (!is_sorted(range, count))
		qsort(range, count, sizeof *range, compare_ranges);
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count && range[i].end > range[i + 1].start)
			range[i].end = range[i + 1].start;
		if (range[i].start < range[i].end)
			range[kept++] = range[i];
	}
	rows->range[layer].len = kept;
}

/* The first range that ends after this. */
static size_t range_after(const struct cfi_rows *rows, int layer, uint64_t offset)
{
	size_t low = 0, high = rows->range[layer].len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->range[layer].at[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool cfi_find(const struct cfi_rows *rows, enum cfi_layer layer, uint64_t offset,
	      struct cfi_range *range)
{
	size_t i = range_after(rows, layer, offset);

	if (i == rows->range[layer].len || rows->range[layer].at[i].start > offset)
		return false;
	*range = rows->range[layer].at[i];
	return true;
}

void cfi_begin_gaps(const struct cfi_rows *rows, struct cfi_gap *gap, uint64_t start, uint64_t end)
{
	*gap = (struct cfi_gap){ .start = start, .end = start, .limit = end };
	for (int layer = CFI_EH_FRAME; layer <= CFI_DEBUG_FRAME; layer++)
		gap->next[layer] = range_after(rows, layer, start);
}

bool cfi_next_gap(const struct cfi_rows *rows, struct cfi_gap *gap)
{
	uint64_t at = gap->end, end = gap->limit;

	for (int layer = CFI_EH_FRAME; layer <= CFI_DEBUG_FRAME;) {
		size_t *next = &gap->next[layer];
		const struct cfi_range *range = *next < rows->range[layer].len ?
			&rows->range[layer].at[*next] : NULL;

		if (!range) {
			layer++;
		} else if (range->start <= at) {
			/* What a range of one has may end in one of the other. */
			if (range->end > at) {
				at = range->end;
				layer = CFI_EH_FRAME;
				end = gap->limit;
			} else {
				++*next;
			}
		} else {
			end = range->start < end ? range->start : end;
			layer++;
		}
	}
	gap->start = at;
	gap->end = end;
	return at < end;
}

/* To what is there already comes of a layer what fits between. */
static void add_layer(piece_array *pieces, const struct cfi_rows *rows, enum cfi_layer layer)
{
	piece_array all = { 0 };
	size_t i = 0;

	if (!rows->range[layer].len)
		return;
	array_reserve(&all, pieces->len + rows->range[layer].len);
	for (size_t r = 0; r < rows->range[layer].len; r++) {
		const struct cfi_range *range = &rows->range[layer].at[r];
		uint64_t at = range->start;

		while (i < pieces->len && pieces->at[i].end <= at)
			array_push(&all, pieces->at[i++]);
		while (i < pieces->len && pieces->at[i].start < range->end) {
			if (pieces->at[i].start > at)
				array_push(&all, ((struct piece){
					at, pieces->at[i].start, range }));
			at = pieces->at[i].end;
			if (at > range->end)
				break;
			array_push(&all, pieces->at[i++]);
		}
		if (at < range->end)
			array_push(&all, ((struct piece){ at, range->end, range }));
	}
	while (i < pieces->len)
		array_push(&all, pieces->at[i++]);
	array_release(pieces);
	*pieces = all;
}

/* Each page up to this one has a row for its first byte. */
static void open_pages(struct writer *w, uint64_t page)
{
	if (!w->page.len)
		w->file.first_page = (uint32_t)page;
	while (w->file.first_page + w->page.len <= page && !w->too_many) {
		array_push(&w->page, ((struct unwind_page){ (uint32_t)w->row.len, 1 }));
		array_push(&w->row, unwind_row(0, w->rule));
		w->too_many = w->page.len > UNWIND_PAGES_MAX;
	}
}

static void put_row(struct writer *w, uint64_t offset, uint32_t rule)
{
	uint32_t row = unwind_row(offset, rule);

	open_pages(w, offset >> UNWIND_PAGE_SHIFT);
	if (rule == w->rule || w->too_many)
		return;
	w->rule = rule;
	w->too_many = w->row.len >= UNWIND_ROWS_MAX;
	if (row >> UNWIND_RULE_BITS) {
		if (w->row.len == w->row.cap)
			array_reserve(&w->row, 1);
		w->row.at[w->row.len++] = row;
		w->page.at[w->page.len - 1].count++;
	} else {
		w->row.at[w->row.len - 1] = row;
	}
}

/* The row that holds where the piece starts. */
static uint32_t first_row(const struct cfi_row *row, const struct piece *piece)
{
	uint64_t into = piece->start - piece->range->start;
	uint32_t low = 0, high = piece->range->count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (row[middle].at <= into)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void put_piece(struct writer *w, const struct cfi_rows *rows, const struct piece *piece)
{
	const struct cfi_range *range = piece->range;
	const struct cfi_row *row = rows->row.at + range->first;
	uint32_t i = piece->start > range->start ? first_row(row, piece) : 0;

	if (!range->count) {
		put_row(w, piece->start, CFI_RULE_NONE);
		return;
	}
	put_row(w, piece->start, row[i].rule);
	while (++i < range->count && range->start + row[i].at < piece->end)
		put_row(w, range->start + row[i].at, row[i].rule);
}

/*
 * Threads and coroutines begin where they are not called: makecontext() has
 * them return to the first byte of an outermost frame's code, and clone()
 * comes back from the kernel shortly before it.
 */
static void put_gap(struct writer *w, struct cfi_rows *rows, const struct piece *piece)
{
	const struct piece *next = piece + 1;
	const struct cfi_row *first = rows->row.at + next->range->first;
	uint64_t birth = next->start;

	if (next->start == next->range->start && next->range->count &&
	    rows->rule.at[first->rule].cfa == UNWIND_END)
		birth = next->start - piece->end > BIRTH_BYTES_MAX ?
			next->start - BIRTH_BYTES_MAX : piece->end;
	if (birth > piece->end)
		put_row(w, piece->end, CFI_RULE_NONE);
	if (birth < next->start)
		put_row(w, birth, cfi_rule(rows, (struct unwind_rule){ .cfa = UNWIND_BIRTH }));
}

static void put_pieces(struct writer *w, struct cfi_rows *rows, const piece_array *pieces)
{
	for (size_t i = 0; i < pieces->len; i++) {
		const struct piece *piece = &pieces->at[i];

		put_piece(w, rows, piece);
		if (i + 1 < pieces->len) {
			if (piece[1].start > piece->end)
				put_gap(w, rows, piece);
		} else if (piece->end & ((1u << UNWIND_PAGE_SHIFT) - 1)) {
			put_row(w, piece->end, CFI_RULE_NONE);
		}
	}
}

static uint32_t count_unsupported(const struct writer *w)
{
	uint32_t count = 0;

	for (size_t i = 0; i < w->row.len; i++)
		count += unwind_row_rule(w->row.at[i]) == CFI_RULE_UNSUPPORTED;
	return count;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

static int new_memory_file(void)
{
	int fd = memfd_create("tprof-rows", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	/* Kernels before 6.3 don't know the last. */
	return fd < 0 ? memfd_create("tprof-rows", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static bool write_file(struct writer *w, const struct cfi_rows *rows, int *to)
{
	enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
	int fd = new_memory_file();

	w->file.magic = UNWIND_FILE_MAGIC;
	w->file.page_count = (uint32_t)w->page.len;
	w->file.row_count = (uint32_t)w->row.len;
	w->file.rule_count = (uint32_t)rows->rule.len;
	w->file.unsupported = count_unsupported(w);
	if (fd < 0)
		return false;
	if (!write_all(fd, &w->file, sizeof w->file) ||
	    !write_all(fd, w->page.at, w->page.len * sizeof *w->page.at) ||
	    !write_all(fd, w->row.at, w->row.len * sizeof *w->row.at) ||
	    !write_all(fd, rows->rule.at, rows->rule.len * sizeof *rows->rule.at) ||
	    fcntl(fd, F_ADD_SEALS, SEALS)) {
		close(fd);
		return false;
	}
	*to = fd;
	return true;
}

enum rows_result cfi_write(struct cfi_rows *rows, int *fd)
{
	struct writer w = { .rule = CFI_RULE_NONE };
	piece_array pieces = { 0 };
	enum rows_result result = ROWS_FAILED;

	*fd = -1;
	for (int layer = 0; layer < CFI_LAYERS; layer++)
		add_layer(&pieces, rows, (enum cfi_layer)layer);
	/* Most of the time this is enough. */
	array_reserve(&w.row, rows->row.len + rows->row.len / 8);
	put_pieces(&w, rows, &pieces);
	if (!pieces.len)
		result = ROWS_ABSENT;
	else if (!w.too_many && !rows->too_many && write_file(&w, rows, fd))
		result = ROWS_MADE;
	array_release(&pieces);
	array_release(&w.page);
	array_release(&w.row);
	return result;
}
