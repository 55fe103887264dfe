#ifndef TPROF_UNWIND_TABLE_H
#define TPROF_UNWIND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "unwind/row.h"

/*
 * The rows of a binary, mapped from the memory file that the symbolizer
 * made and checked: whatever is in it, nothing outside is read.
 */
struct unwind_table {
	uint32_t id;			/* another one for each table ever made */
	uint32_t refs;
	uint32_t first_page, page_count, row_count, rule_count, unsupported;
	const struct unwind_page *page;
	const uint32_t *row;
	const struct unwind_rule *rule;
	void *memory;
	size_t size;			/* bytes mapped */
};

/*
 * Takes the descriptor.  NULL and a sentence when it is not sealed, or when
 * a size, an index or an order in it is wrong.  Starts with one reference.
 */
struct unwind_table *unwind_table_open(int fd, struct error *error);
struct unwind_table *unwind_table_ref(struct unwind_table *table);
void unwind_table_unref(struct unwind_table *table);	/* NULL is fine */

/* The rule at an offset in the file; one of UNWIND_NONE outside. */
struct unwind_rule unwind_table_find(const struct unwind_table *table, uint64_t offset);

#endif
