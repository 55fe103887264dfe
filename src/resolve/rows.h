#ifndef TPROF_RESOLVE_ROWS_H
#define TPROF_RESOLVE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resolve/binary.h"
#include "resolve/code.h"

/*
 * Gets the unwind information of what is mapped, for struct mapped: asks a
 * symbolizer of its own, so that names don't wait for it, one question
 * after the other, so that it is plain which binary broke it.  One that
 * breaks it twice has none.  First comes what most samples fell into.
 *
 * The symbolizer is started with the first question.  What was got stays
 * while something has it mapped, and after that while there is room.
 */
struct rows;

enum {
	ROWS_BYTES_MAX = 512 << 20,
	ROWS_TABLES_MAX = 1 << 14,	/* each is a mapping of our own */
};

/* The code of an entry is known now, or another: until then and from now on it differs. */
typedef void rows_known_fn(void *context, uint32_t mapped);

struct rows *rows_new(struct mapped_table *mapped, rows_known_fn *known, void *context);
void rows_free(struct rows *rows);

/*
 * Asks for that of an entry with UNWIND_CODE_NONE, which makes it
 * UNWIND_CODE_PENDING.  The file is opened soon, at best at once; when it
 * can't be, the entry has UNWIND_CODE_NONE again, and may be wanted through
 * another process.  The place is copied; NULL for the vdso.
 */
void rows_want(struct rows *rows, uint32_t mapped, const struct binary_place *place);

/* Ask, and take in answers, at a time (on the clock of clock_now()). */
void rows_work(struct rows *rows, uint64_t now);
/* As for the resolver. */
int rows_fd(const struct rows *rows);
size_t rows_waiting(const struct rows *rows);
const char *rows_trouble(const struct rows *rows);
pid_t rows_symbolizer_pid(const struct rows *rows);
void rows_facts(const struct rows *rows, struct code_facts *facts);

#endif
