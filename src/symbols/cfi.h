#ifndef TPROF_SYMBOLS_CFI_H
#define TPROF_SYMBOLS_CFI_H

#include "symbols/symbol.h"

/*
 * Compiles the unwind information of an ELF file (.eh_frame, .debug_frame)
 * into rows, in a sealed memory file as unwind/row.h has it.  The file is
 * read with pread() only and believed in nothing: what is broken in it has
 * no rows, or rows that say so.
 */

/* The descriptor is lent.  *rows is a new one with ROWS_MADE, else -1. */
enum rows_result cfi_compile(int fd, int *rows);

#endif
