#ifndef TPROF_BASE_BYTES_H
#define TPROF_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Input that is not trusted.  Taking advances only when enough is left. */
struct bytes {
	const unsigned char *at;
	size_t len;
};

/* Integers are in the machine's byte order. */
bool take_u16(struct bytes *in, uint16_t *value);
bool take_u32(struct bytes *in, uint32_t *value);
bool take_u64(struct bytes *in, uint64_t *value);
/* The next len bytes, lent from the input. */
bool take_bytes(struct bytes *in, size_t len, struct bytes *part);
/* A text that ends in NUL within the input, lent; steps over the NUL. */
bool take_text(struct bytes *in, const char **text);

#endif
