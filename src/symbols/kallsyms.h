#ifndef TPROF_SYMBOLS_KALLSYMS_H
#define TPROF_SYMBOLS_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

/*
 * The kernel's functions as /proc/kallsyms lists them.  Read once, and
 * again (not more often than every KALLSYMS_AGAIN) when an address may be
 * of a module or BPF program that came later.
 */
struct kernel_symbol {
	uint64_t address;
	uint32_t name;		/* offset in text */
	uint32_t module;	/* the same; 0: the kernel itself */
};

struct kallsyms {
	array(struct kernel_symbol) symbol;	/* by address */
	array(char) text;
	uint64_t read_at;
	bool hidden;		/* there were symbols, but no addresses */
};

#define KALLSYMS_AGAIN UINT64_C(10000000000)	/* ns */

/* The descriptor is lent.  now: nanoseconds on any clock. */
void kallsyms_load(struct kallsyms *kallsyms, int fd, uint64_t now);
void kallsyms_release(struct kallsyms *kallsyms);
size_t kallsyms_bytes(const struct kallsyms *kallsyms);

/* Both texts are lent until the next call; the module may be NULL. */
bool kallsyms_find(struct kallsyms *kallsyms, int fd, uint64_t now, uint64_t address,
		   const char **name, const char **module);

#endif
