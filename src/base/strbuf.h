#ifndef TPROF_BASE_STRBUF_H
#define TPROF_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

/* A string that grows.  text is always NUL terminated, never NULL. */
struct strbuf {
	char *text;
	size_t len, cap;
};

extern char strbuf_empty[];
#define STRBUF_INIT { .text = strbuf_empty }

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len);
void strbuf_adds(struct strbuf *sb, const char *text);
void strbuf_addf(struct strbuf *sb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
void strbuf_pad(struct strbuf *sb, char c, size_t count);
void strbuf_cut(struct strbuf *sb, size_t len);	/* shorten to len bytes */
void strbuf_clear(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);
/* The text, now the caller's to xfree(); the buffer is empty again. */
char *strbuf_take(struct strbuf *sb);

#endif
