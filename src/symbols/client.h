#ifndef TPROF_SYMBOLS_CLIENT_H
#define TPROF_SYMBOLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The other end of the symbolizer: a process that reads the files targets
 * own, gets open descriptors (never paths) and answers with names.  All
 * calls return at once.  Answers are hostile until checked, and this
 * checks them: counts, lengths, that the address was asked for.
 */
struct symbolizer;

enum image_kind {
	IMAGE_ELF,		/* addresses are offsets in the file */
	IMAGE_KALLSYMS,		/* /proc/kallsyms, addresses are the kernel's */
};

enum { SYMBOL_FRAMES_MAX = 64 };

struct symbol_frame {
	const char *function;	/* demangled */
	const char *file;	/* or NULL */
	const char *module;	/* of kernel functions: "ext4", or NULL */
	uint32_t line;		/* being executed, 0 unknown */
	uint32_t function_line;	/* where the function starts, 0 unknown */
};

/* One address answered; frame_count 0: nothing is known of it. */
struct symbol_answer {
	uint32_t image;		/* as given to symbolizer_add_image() */
	uint64_t address;
	const struct symbol_frame *frame;	/* innermost inlined function first */
	size_t frame_count;
};

struct symbolizer *symbolizer_start(struct error *error);
void symbolizer_stop(struct symbolizer *symbolizer);
pid_t symbolizer_pid(const struct symbolizer *symbolizer);
/* Poll for POLLIN, and for POLLOUT while symbolizer_pending_output(). */
int symbolizer_fd(const struct symbolizer *symbolizer);
bool symbolizer_pending_output(const struct symbolizer *symbolizer);

/* Takes the descriptor, and closes it once sent.  image is any number of the caller's. */
void symbolizer_add_image(struct symbolizer *symbolizer, uint32_t image, enum image_kind kind, int fd);
void symbolizer_drop_image(struct symbolizer *symbolizer, uint32_t image);
void symbolizer_ask(struct symbolizer *symbolizer, uint32_t image, uint64_t address);

typedef void symbol_answer_fn(void *context, const struct symbol_answer *answer);
/* Send what waits and read what has come, without blocking.  false: the process is gone. */
bool symbolizer_work(struct symbolizer *symbolizer, symbol_answer_fn *answer, void *context,
		     struct error *error);

#endif
