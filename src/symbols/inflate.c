#include "config.h"

#include "symbols/inflate.h"

#include <limits.h>
#include <stdbool.h>

#include "base/xalloc.h"

#ifdef HAVE_ZLIB
#define ZLIB_CONST
#include <zlib.h>

unsigned char *inflate_bytes(struct bytes in, size_t size)
{
	z_stream stream = { .next_in = in.at, .avail_in = (uInt)in.len, .avail_out = (uInt)size };
	unsigned char *out;
	bool whole;

	if (!size || size > INT_MAX || in.len > INT_MAX || inflateInit(&stream) != Z_OK)
		return NULL;
	out = stream.next_out = xcalloc(size, 1);
	whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && !stream.avail_out;
	inflateEnd(&stream);
	if (whole)
		return out;
	xfree(out);
	return NULL;
}

#else

unsigned char *inflate_bytes(struct bytes in, size_t size)
{
	(void)in, (void)size;
	return NULL;
}

#endif
