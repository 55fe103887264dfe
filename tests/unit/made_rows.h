#ifndef TPROF_TESTS_MADE_ROWS_H
#define TPROF_TESTS_MADE_ROWS_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/row.h"

/* Unwind information of one page of code, as the symbolizer hands it over. */
struct made_row {
	uint64_t offset;		/* in the file; the first is where the page begins */
	struct unwind_rule rule;
};

enum { MADE_ROWS_MAX = 16 };

static int make_rows_of(const struct made_row *row, unsigned count)
{
	struct {
		struct unwind_file file;
		struct unwind_page page;
		uint32_t row[MADE_ROWS_MAX];
	} head = {
		.file = { .magic = UNWIND_FILE_MAGIC, .page_count = 1, .row_count = count,
			  .rule_count = count,
			  .first_page = (unsigned)(row[0].offset >> UNWIND_PAGE_SHIFT) },
		.page = { 0, count },
	};
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = memfd_create("rows", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t size = (ssize_t)(sizeof head.file + sizeof head.page + count * sizeof *head.row);

	assert_true(fd >= 0 && count <= MADE_ROWS_MAX);
	for (unsigned i = 0; i < count; i++)
		head.row[i] = unwind_row(row[i].offset, i);
	assert_int_equal(write(fd, &head, (size_t)size), size);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(write(fd, &row[i].rule, sizeof row[i].rule), sizeof row[i].rule);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

#endif
