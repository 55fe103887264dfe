#include "base/xalloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("tprof: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xresize(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count ? count : 1, size, &bytes))
		checked(NULL);
	return checked(realloc(old, bytes));
}

void *xgrow(void *old, size_t need, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap : 8;

	if (need <= *cap)
		return old;
	while (want < need)
		if (__builtin_mul_overflow(want, (size_t)2, &want))
			checked(NULL);
	old = xresize(old, want, size);
	*cap = want;
	return old;
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t len)
{
	return checked(strndup(s, len));
}

void xfree(void *p)
{
	free(p);
}
