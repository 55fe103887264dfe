/* Any file as an ELF file: its unwind information becomes rows that are in order. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/cfi.h"
#include "unwind/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC), rows;
	struct unwind_table *table;
	struct error error;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size && cfi_compile(fd, &rows) == ROWS_MADE) {
		table = unwind_table_open(rows, &error);
		/* What we write ourselves we have to accept. */
		if (!table)
			abort();
		for (uint64_t offset = 0; offset < size; offset += 61)
			unwind_table_find(table, offset);
		unwind_table_unref(table);
	}
	close(fd);
	return 0;
}
