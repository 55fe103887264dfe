#ifndef TPROF_SYMBOLS_ELF_H
#define TPROF_SYMBOLS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

/*
 * The functions of an ELF file, by address.  The names stay in the file
 * and are read when asked for.  The file is read with pread() only and
 * believed in nothing: a broken one has fewer symbols, or none.
 */
struct elf_symbol {
	uint64_t place;		/* address << 8 | rank: the best one of an address first */
	uint32_t size;
	uint32_t name;		/* offset in its string table; the top bit: of .dynsym */
};

/* A part of the file: a segment, an executable section, a string table. */
struct elf_part {
	uint64_t offset, address, size;
};

struct elf {
	array(struct elf_symbol) symbol;
	array(struct elf_part) segment;		/* what is loaded, the executable ones first */
	array(struct elf_part) section;		/* the executable ones */
	struct elf_part names[2];		/* of .symtab, of .dynsym */
	uint64_t max_size;			/* of any symbol */
};

enum { ELF_NAME_MAX = 16 << 10 };		/* longer ones are cut */

/* The descriptor is lent, here and below.  False: not an ELF file of this machine. */
bool elf_load(struct elf *elf, int fd);
void elf_release(struct elf *elf);
size_t elf_bytes(const struct elf *elf);	/* of memory */

/* The name of the function that has the byte at this offset of the file. */
bool elf_find(const struct elf *elf, int fd, uint64_t offset, char name[ELF_NAME_MAX]);

#endif
