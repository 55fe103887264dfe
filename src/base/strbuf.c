#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

char strbuf_empty[1];

static void reserve(struct strbuf *sb, size_t extra)
{
	char *old = sb->cap ? sb->text : NULL;

	sb->text = xgrow(old, sb->len + extra + 1, &sb->cap, 1);
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len)
{
	reserve(sb, len);
	if (len)
		memcpy(sb->text + sb->len, bytes, len);
	sb->len += len;
	sb->text[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_vaddf(struct strbuf *sb, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len > 0) {
		reserve(sb, (size_t)len);
		vsnprintf(sb->text + sb->len, (size_t)len + 1, format, again);
		sb->len += (size_t)len;
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *sb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(sb, format, args);
	va_end(args);
}

void strbuf_pad(struct strbuf *sb, char c, size_t count)
{
	reserve(sb, count);
	memset(sb->text + sb->len, c, count);
	sb->len += count;
	sb->text[sb->len] = '\0';
}

void strbuf_cut(struct strbuf *sb, size_t len)
{
	if (len >= sb->len)
		return;
	sb->len = len;
	sb->text[len] = '\0';
}

void strbuf_clear(struct strbuf *sb)
{
	strbuf_cut(sb, 0);
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->cap)
		xfree(sb->text);
	*sb = (struct strbuf)STRBUF_INIT;
}

char *strbuf_take(struct strbuf *sb)
{
	char *text = sb->cap ? sb->text : xstrdup("");

	*sb = (struct strbuf)STRBUF_INIT;
	return text;
}
