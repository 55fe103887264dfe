#ifndef TPROF_BASE_TAIL_H
#define TPROF_BASE_TAIL_H

#include <stddef.h>
#include <stdint.h>

/* The last bytes of a stream.  Places in it are counted from its beginning. */
struct tail {
	char *ring;
	size_t size;
	uint64_t total;		/* bytes ever added */
};

void tail_init(struct tail *tail, size_t size);
void tail_release(struct tail *tail);
void tail_add(struct tail *tail, const char *bytes, size_t len);
/* The place of the first byte that is still kept. */
uint64_t tail_begin(const struct tail *tail);
/* Copy what lies from one place up to another; both must be kept. */
void tail_copy(const struct tail *tail, uint64_t from, uint64_t until, char *out);

#endif
