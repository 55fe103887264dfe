#ifndef TPROF_SYMBOLS_CFI_PRIVATE_H
#define TPROF_SYMBOLS_CFI_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/hash_index.h"
#include "symbols/symbol.h"
#include "unwind/row.h"

/*
 * The inside of cfi.h.  cfi.c finds the tables in a file, cfi_frames.c
 * reads them, cfi_code.c knows code that comes without tables, and
 * cfi_rows.c makes the result of what they found.
 */

enum {
	CFI_RULE_NONE,		/* ids of rules that are always there */
	CFI_RULE_UNSUPPORTED,
	CFI_RULE_FIRST,
};

/* Who knows better about an address, best first. */
enum cfi_layer { CFI_KNOWN, CFI_EH_FRAME, CFI_DEBUG_FRAME, CFI_CODE, CFI_LAYERS };

/* An executable segment. */
struct cfi_segment {
	uint64_t offset, address, size;
};

struct cfi_row {
	uint32_t at;		/* from the start of its range */
	uint32_t rule;
};

/* A function as its table has it. */
struct cfi_range {
	uint64_t start, end;	/* offsets in the file */
	uint32_t first, count;	/* of its rows, the first one at 0 */
};

struct cfi_rows {
	array(struct cfi_segment) segment;
	array(struct unwind_rule) rule;
	struct hash_index rule_index;
	array(struct cfi_row) row;
	array(struct cfi_range) range[CFI_LAYERS];
	bool too_many;
};

void cfi_rows_init(struct cfi_rows *rows);
void cfi_rows_release(struct cfi_rows *rows);

/* The id of a rule; that of CFI_RULE_UNSUPPORTED when there are too many. */
uint32_t cfi_rule(struct cfi_rows *rows, struct unwind_rule rule);

/*
 * A function begins.  False, and nothing to do, if it is not in executable
 * code of the file.  *size is cut to what is.
 */
bool cfi_begin(struct cfi_rows *rows, enum cfi_layer layer, uint64_t address, uint64_t *size);
/* One more row of it, above those before; a rule like the one before is left out. */
void cfi_add(struct cfi_rows *rows, enum cfi_layer layer, uint32_t at, uint32_t rule);
/* All of it with one rule. */
void cfi_fill(struct cfi_rows *rows, enum cfi_layer layer, uint64_t address, uint64_t size,
	      struct unwind_rule rule);
bool cfi_to_address(const struct cfi_rows *rows, uint64_t offset, uint64_t *address);
bool cfi_to_offset(const struct cfi_rows *rows, uint64_t address, uint64_t *offset);

/* Put the ranges of a layer in order, without overlaps: once, after all are there. */
void cfi_sort(struct cfi_rows *rows, enum cfi_layer layer);
/* The range of a sorted layer that has a byte of the file. */
bool cfi_find(const struct cfi_rows *rows, enum cfi_layer layer, uint64_t offset,
	      struct cfi_range *range);

/* Code that no table has: between ranges of the sorted layers of tables. */
struct cfi_gap {
	uint64_t start, end;
	uint64_t limit;
	size_t next[CFI_LAYERS];
};
/* The gaps of a part of the file: this, then cfi_next_gap() while it is true. */
void cfi_begin_gaps(const struct cfi_rows *rows, struct cfi_gap *gap, uint64_t start,
		    uint64_t end);
bool cfi_next_gap(const struct cfi_rows *rows, struct cfi_gap *gap);

/* The memory file of all layers. */
enum rows_result cfi_write(struct cfi_rows *rows, int *fd);

/* A table of frames, to be read into a layer. */
struct cfi_table {
	struct bytes bytes;
	uint64_t address;	/* of its first byte, for addresses relative to themselves */
	bool debug;		/* .debug_frame */
	bool ends_at_zero;	/* its size is not known: a record of length 0 is its end */
};
/* An address in a field of an encoding, as .eh_frame and its index have them. */
bool cfi_take_address(const struct cfi_table *table, struct bytes *in, unsigned encoding,
		      uint64_t *value);
void cfi_read_frames(struct cfi_rows *rows, enum cfi_layer layer, const struct cfi_table *table);

/* The file, as far as its headers tell. */
struct cfi_section {
	const char *name;	/* lent from names */
	uint64_t offset, address, size;
	uint64_t flags;
	uint32_t type, link;
};

struct cfi_file {
	int fd;
	uint64_t size;
	uint64_t entry;		/* address */
	bool is_program;	/* the entry is where it starts */
	array(struct cfi_segment) loaded;	/* of any kind */
	array(struct cfi_section) section;
	char *names;
	struct cfi_table index;			/* .eh_frame_hdr; only address and size */
};

/* Memory for a part of the file, to be freed; NULL if it is not there, empty or too large. */
unsigned char *cfi_read_part(const struct cfi_file *file, uint64_t offset, uint64_t size);

/* Rows for code that is known without tables: linkage stubs, where programs start. */
void cfi_know_code(struct cfi_rows *rows, const struct cfi_file *file);
/* The same of Go's functions, after their tables were sorted. */
void cfi_know_go(struct cfi_rows *rows, const struct cfi_file *file);

#endif
