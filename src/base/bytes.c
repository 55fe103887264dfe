#include "base/bytes.h"

#include <string.h>

static bool take(struct bytes *in, void *to, size_t len)
{
	if (in->len < len)
		return false;
	memcpy(to, in->at, len);
	in->at += len;
	in->len -= len;
	return true;
}

bool take_u16(struct bytes *in, uint16_t *value)
{
	return take(in, value, sizeof *value);
}

bool take_u32(struct bytes *in, uint32_t *value)
{
	return take(in, value, sizeof *value);
}

bool take_u64(struct bytes *in, uint64_t *value)
{
	return take(in, value, sizeof *value);
}

bool take_bytes(struct bytes *in, size_t len, struct bytes *part)
{
	if (in->len < len)
		return false;
	*part = (struct bytes){ in->at, len };
	in->at += len;
	in->len -= len;
	return true;
}

bool take_text(struct bytes *in, const char **text)
{
	const unsigned char *end = in->len ? memchr(in->at, 0, in->len) : NULL;

	if (!end)
		return false;
	*text = (const char *)in->at;
	in->len -= (size_t)(end + 1 - in->at);
	in->at = end + 1;
	return true;
}
