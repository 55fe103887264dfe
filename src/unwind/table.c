#include "unwind/table.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* The file can't change or shrink any more, whoever else has it open. */
static bool is_sealed(int fd)
{
	enum { WANTED = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & WANTED) == WANTED;
}

/* No product can overflow: the counts have 32 bits and the entries few bytes. */
static uint64_t size_told(const struct unwind_file *file)
{
	return sizeof *file + (uint64_t)file->page_count * sizeof(struct unwind_page) +
	       (uint64_t)file->row_count * sizeof(uint32_t) +
	       (uint64_t)file->rule_count * sizeof(struct unwind_rule);
}

static bool has_plausible_counts(const struct unwind_file *file)
{
	return file->magic == UNWIND_FILE_MAGIC && file->page_count <= UNWIND_PAGES_MAX &&
	       file->first_page <= UINT32_MAX - file->page_count &&
	       file->row_count <= UNWIND_ROWS_MAX && file->rule_count <= UNWIND_RULES_MAX;
}

/* From the page's first byte on, each row above the one before. */
static bool is_page_in_order(const struct unwind_table *table, const struct unwind_page *page)
{
	const uint32_t *row = table->row + page->first;

	if (row[0] >> UNWIND_RULE_BITS)
		return false;
	for (uint32_t i = 0; i < page->count; i++)
		if (unwind_row_rule(row[i]) >= table->rule_count ||
		    (i && row[i] >> UNWIND_RULE_BITS <= row[i - 1] >> UNWIND_RULE_BITS))
			return false;
	return true;
}

/* Pages may share rows, but not so that looking at them takes for ever. */
static bool are_pages_in_order(const struct unwind_table *table)
{
	uint64_t rows = 0;

	for (uint32_t i = 0; i < table->page_count; i++) {
		const struct unwind_page *page = &table->page[i];

		rows += page->count;
		if (!page->count || page->first >= table->row_count ||
		    page->count > table->row_count - page->first || rows > UNWIND_ROWS_MAX ||
		    !is_page_in_order(table, page))
			return false;
	}
	return true;
}

static bool map_file(struct unwind_table *table, int fd, struct error *error)
{
	struct unwind_file file;
	struct stat status;

	if (!is_sealed(fd))
		return error_set(error, EPERM, "the unwind information is not sealed");
	if (fstat(fd, &status) || pread(fd, &file, sizeof file, 0) != sizeof file ||
	    !has_plausible_counts(&file) || (uint64_t)status.st_size != size_told(&file))
		return error_set(error, EPROTO, "the unwind information is malformed");
	table->size = (size_t)status.st_size;
	table->memory = mmap(NULL, table->size, PROT_READ, MAP_SHARED, fd, 0);
	if (table->memory == MAP_FAILED)
		return error_set(error, errno, "can't map unwind information: %s", strerror(errno));
	table->first_page = file.first_page;
	table->page_count = file.page_count;
	table->row_count = file.row_count;
	table->rule_count = file.rule_count;
	table->unsupported = file.unsupported;
	table->page = (const void *)((const char *)table->memory + sizeof file);
	table->row = (const void *)(table->page + table->page_count);
	table->rule = (const void *)(table->row + table->row_count);
	return true;
}

/* Never 0; several threads may open tables. */
static uint32_t next_id(void)
{
	static _Atomic uint32_t last;

	return ++last;
}

struct unwind_table *unwind_table_open(int fd, struct error *error)
{
	struct unwind_table *table = xcalloc(1, sizeof *table);
	bool mapped = map_file(table, fd, error);

	close(fd);
	if (mapped && are_pages_in_order(table)) {
		table->id = next_id();
		table->refs = 1;
		return table;
	}
	if (mapped) {
		munmap(table->memory, table->size);
		error_set(error, EPROTO, "the unwind information is out of order");
	}
	xfree(table);
	return NULL;
}

struct unwind_table *unwind_table_ref(struct unwind_table *table)
{
	table->refs++;
	return table;
}

void unwind_table_unref(struct unwind_table *table)
{
	if (!table || --table->refs)
		return;
	munmap(table->memory, table->size);
	xfree(table);
}

struct unwind_rule unwind_table_find(const struct unwind_table *table, uint64_t offset)
{
	uint64_t page = (offset >> UNWIND_PAGE_SHIFT) - table->first_page;
	const struct unwind_page *in;
	uint32_t key, low = 0, high;

	if (offset >> UNWIND_PAGE_SHIFT < table->first_page || page >= table->page_count)
		return (struct unwind_rule){ .cfa = UNWIND_NONE };
	in = &table->page[page];
	key = unwind_row_key(offset);
	/* The row at low is not above the address, the one at high is. */
	high = in->count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (table->row[in->first + middle] <= key)
			low = middle;
		else
			high = middle;
	}
	return table->rule[unwind_row_rule(table->row[in->first + low])];
}
