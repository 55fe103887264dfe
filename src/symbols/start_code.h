#ifndef TPROF_SYMBOLS_START_CODE_H
#define TPROF_SYMBOLS_START_CODE_H

#include "symbols/elf.h"

/*
 * Distributions strip the C library of the names of the two functions at
 * the bottom of nearly every stack.  They can be told by their code: what
 * comes back to them they hand to exit(), or keep in the thread's control
 * block.  Without this a whole stack would pass for one that was cut.
 *
 * The function that calls at this offset of the file, if it is one of them.
 * x86-64 only.
 */
bool start_code_find(const struct elf *elf, int fd, uint64_t offset, char name[ELF_NAME_MAX]);

#endif
