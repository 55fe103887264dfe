#ifndef TPROF_SYMBOLS_CLIENT_H
#define TPROF_SYMBOLS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "symbols/symbol.h"

/*
 * The other end of the symbolizer: a process that reads the files targets
 * own, gets open descriptors (never paths) and answers with names.  All
 * calls return at once.  Answers are hostile until checked, and this
 * checks them: counts, lengths, that the address was asked for.
 */
struct symbolizer;

struct symbolizer *symbolizer_start(struct error *error);
void symbolizer_stop(struct symbolizer *symbolizer);
pid_t symbolizer_pid(const struct symbolizer *symbolizer);
/* Poll for POLLIN, and for POLLOUT while symbolizer_pending_output(). */
int symbolizer_fd(const struct symbolizer *symbolizer);
bool symbolizer_pending_output(const struct symbolizer *symbolizer);

/* A sentence about names that can't be had, or NULL. */
const char *symbolizer_trouble(const struct symbolizer *symbolizer);

/* Takes the descriptor, and closes it once sent.  image is any number of the caller's. */
void symbolizer_add_image(struct symbolizer *symbolizer, uint32_t image, enum image_kind kind,
			  int fd);
void symbolizer_drop_image(struct symbolizer *symbolizer, uint32_t image);
void symbolizer_ask(struct symbolizer *symbolizer, uint32_t image, uint64_t address);
/* For the rows of its unwind information. */
void symbolizer_ask_rows(struct symbolizer *symbolizer, uint32_t image);

/*
 * The descriptor is the taker's to close, or to give to unwind_table_open()
 * which checks what is in it; -1 but with ROWS_MADE.
 */
typedef void rows_answer_fn(void *context, uint32_t image, enum rows_result result, int fd);
/* Who takes the answers to symbolizer_ask_rows(); nobody does at first. */
void symbolizer_on_rows(struct symbolizer *symbolizer, rows_answer_fn *take, void *context);

typedef void symbol_answer_fn(void *context, const struct symbol_answer *answer);
/*
 * Read what has come and send what waits, without blocking.  Every question
 * gets one answer, in the order they were asked; rows go to who was named by
 * symbolizer_on_rows(), names to answer.  false: the process is
 * gone, or no good.  The texts of an answer are lent until the function
 * that takes it returns; that may not call back into here.
 */
bool symbolizer_work(struct symbolizer *symbolizer, symbol_answer_fn *answer, void *context,
		     struct error *error);

#endif
