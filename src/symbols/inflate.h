#ifndef TPROF_SYMBOLS_INFLATE_H
#define TPROF_SYMBOLS_INFLATE_H

#include "base/bytes.h"

/*
 * What zlib compressed, of which the size is known beforehand.  Memory to
 * be freed; NULL if it is broken, of another size, or if tprof was built
 * without zlib.
 */
unsigned char *inflate_bytes(struct bytes in, size_t size);

#endif
