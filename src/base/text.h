#ifndef TPROF_BASE_TEXT_H
#define TPROF_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/*
 * Text for a terminal.  All that comes from outside (symbols, thread names,
 * paths, command lines, the output of programs) goes through the one
 * sanitizer, text_next(), before it reaches a cell or standard output.
 */

enum { TEXT_REPLACEMENT = 0xfffd };

/*
 * Take one character from UTF-8 text and advance *at (never past end).
 * What comes back is safe to show: control characters (C0, DEL, C1), bidi
 * and zero-width formatting, unassigned and private characters and bytes
 * that are not UTF-8 are TEXT_REPLACEMENT.  *width is 0 for a combining
 * mark, 1 or 2 otherwise; independent of the locale.
 */
uint32_t text_next(const char **at, const char *end, int *width);

/* Columns that the text takes when shown. */
int text_width(const char *text);

/* Append the text as text_next() gives it: valid UTF-8, at most 4 combining marks in a row. */
void text_sanitize(struct strbuf *out, const char *text, size_t len);
/* The same for a text of several lines, which it keeps. */
void text_sanitize_lines(struct strbuf *out, const char *text);

/*
 * Append the sanitized text in at most width columns.  A longer one keeps
 * its beginning and its end around one U+2026 in the middle.
 */
void text_shorten(struct strbuf *out, const char *text, int width);

/*
 * Append the text as valid UTF-8, wrong bytes as TEXT_REPLACEMENT and all
 * else as it is: for files whose format escapes, not for terminals.
 */
void text_repair(struct strbuf *out, const char *text, size_t len);

/* Append one character as UTF-8. */
void text_encode(struct strbuf *out, uint32_t character);

#endif
