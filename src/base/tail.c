#include "base/tail.h"

#include <assert.h>
#include <string.h>

#include "base/xalloc.h"

void tail_init(struct tail *tail, size_t size)
{
	*tail = (struct tail){ .ring = xcalloc(size, 1), .size = size };
}

void tail_release(struct tail *tail)
{
	xfree(tail->ring);
	*tail = (struct tail){ 0 };
}

void tail_add(struct tail *tail, const char *bytes, size_t len)
{
	size_t at, first;

	/* What would be overwritten at once only counts. */
	if (len > tail->size) {
		tail->total += len - tail->size;
		bytes += len - tail->size;
		len = tail->size;
	}
	at = tail->total % tail->size;
	first = len < tail->size - at ? len : tail->size - at;
	memcpy(tail->ring + at, bytes, first);
	memcpy(tail->ring, bytes + first, len - first);
	tail->total += len;
}

uint64_t tail_begin(const struct tail *tail)
{
	return tail->total > tail->size ? tail->total - tail->size : 0;
}

void tail_copy(const struct tail *tail, uint64_t from, uint64_t until, char *out)
{
	size_t at, len, first;

	assert(tail_begin(tail) <= from && from <= until && until <= tail->total);
	if (from == until)
		return;
	at = from % tail->size;
	len = (size_t)(until - from);
	first = len < tail->size - at ? len : tail->size - at;
	memcpy(out, tail->ring + at, first);
	memcpy(out + first, tail->ring, len - first);
}
