#ifndef TPROF_SYMBOLS_SYMBOL_H
#define TPROF_SYMBOLS_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/* What tprof asks its symbolizer about, and what comes back. */
enum image_kind {
	IMAGE_ELF,		/* addresses are offsets in the file */
	IMAGE_KALLSYMS,		/* /proc/kallsyms, addresses are the kernel's */
};

/* What became of a question for a binary's unwind information. */
enum rows_result {
	ROWS_MADE,		/* they are in the file that came with the answer */
	ROWS_ABSENT,		/* there is none in the binary */
	ROWS_NOT_ELF,		/* not an ELF file of this machine */
	ROWS_FAILED,		/* no memory for them, or too many */
	ROWS_RESULTS
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
	uint32_t image;		/* the number it was given when added */
	uint64_t address;
	const struct symbol_frame *frame;	/* innermost inlined function first */
	size_t frame_count;
};

#endif
