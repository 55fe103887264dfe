#ifndef TPROF_UNWIND_WALK_H
#define TPROF_UNWIND_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/step.h"

/* Walks a stack of which the registers and a copy are there. */

/* What is known of the code at an address. */
enum unwind_code {
	UNWIND_CODE_NONE,	/* nothing is mapped there */
	UNWIND_CODE_ROWS,	/* *rule says */
	UNWIND_CODE_BARE,	/* code without rows: made at run time, or no unwind information */
	UNWIND_CODE_PENDING,	/* its rows are still being made */
};

struct unwind_dump {
	struct unwind_registers registers;
	uint64_t address;		/* of the copy's first byte */
	const unsigned char *stack;
	size_t size;			/* of the copy */
	bool whole;			/* the stack itself ends there */
	size_t *deepest;		/* raised to as much of it as was read, if not NULL */
	/* Looks up code; address is of an instruction, not of where a call returns. */
	enum unwind_code (*find)(void *context, uint64_t address, struct unwind_rule *rule);
	void *context;
};

enum { UNWIND_FRAMES_MAX = 1024, UNWIND_FRAMES_DEFAULT = 512 };

/*
 * Addresses of user space need 47 bits.  With the first of these a frame is
 * guessed; with the second it was interrupted there (by a signal), and its
 * address is not one that a call returns to.
 */
#define UNWIND_GUESSED	(UINT64_C(1) << 62)
#define UNWIND_EXACT	(UINT64_C(1) << 61)
#define UNWIND_ADDRESS	((UINT64_C(1) << 61) - 1)

/*
 * The addresses innermost first, as callchains have them: where calls return
 * to, but for the first and those marked UNWIND_EXACT.  Returns how many;
 * *end says how it ended, never UNWIND_MORE.  A guess that led to no code is
 * taken back: its frame is not among them.  max is at least 1.
 */
size_t unwind_walk(const struct unwind_dump *dump, uint64_t *ip, size_t max,
		   enum unwind_end *end);

#endif
