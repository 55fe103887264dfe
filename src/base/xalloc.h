#ifndef TPROF_BASE_XALLOC_H
#define TPROF_BASE_XALLOC_H

#include <stddef.h>

/* Allocate or stop the program: callers never see NULL. */
void *xcalloc(size_t count, size_t size);
/* Memory for at least need elements; doubles, and stores the new capacity. */
void *xgrow(void *old, size_t need, size_t *cap, size_t size);
/* Exactly count elements: for arrays that shrink. */
void *xresize(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
void xfree(void *p);

#endif
