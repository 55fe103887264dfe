#ifndef TPROF_BASE_ERROR_H
#define TPROF_BASE_ERROR_H

#include <stdbool.h>

/*
 * Why an operation failed: a sentence for the person at the terminal, and
 * lines of advice after it where there is any.  The function that fails
 * writes it; only src/ui and main.c show it.
 */
struct error {
	int code;		/* errno value, or 0 when none applies */
	char text[1500];
};

/* Both return false, so that a caller can fail in one line. */
bool error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Put "what: " in front of the text. */
bool error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
