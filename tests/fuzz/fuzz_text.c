/*
 * Whatever comes in, what is shown is valid UTF-8 without control
 * characters, no wider than asked for, and stays as it is when it is
 * cleaned once more.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_shown(const struct strbuf *shown)
{
	struct strbuf again = STRBUF_INIT;

	for (size_t i = 0; i < shown->len; i++)
		assert((unsigned char)shown->text[i] >= 0x20 && shown->text[i] != 0x7f);
	text_sanitize(&again, shown->text, shown->len);
	assert(again.len == shown->len && !memcmp(again.text, shown->text, again.len));
	strbuf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf shown = STRBUF_INIT;
	int width = size ? data[0] % 100 : 0;
	char *text;

	text_sanitize(&shown, (const char *)data, size);
	check_shown(&shown);
	strbuf_clear(&shown);

	text = xstrndup((const char *)data, size);
	text_shorten(&shown, text, width);
	check_shown(&shown);
	assert(text_width(shown.text) <= width);
	if (text_width(text) <= width)
		assert(text_width(shown.text) == text_width(text));
	xfree(text);
	strbuf_release(&shown);
	return 0;
}
