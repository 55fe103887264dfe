/*
 * Whatever is read, what is written of it reads again with as many
 * samples, and from then on gives the same text.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum source_state read_bytes(struct profile *profile, struct bytes in)
{
	enum source_state state = SOURCE_FAILED;
	struct error error;
	struct source *source = format_named("folded")->open(-1, in, "input", profile, &error);

	if (!source)
		return state;
	do {
		state = source->ops->read(source, &error);
	} while (state == SOURCE_MORE);
	source->ops->close(source);
	profile_seal(profile, 0);
	return state;
}

static char *write_again(const struct profile *profile, size_t *len)
{
	struct query everything = { 0 };
	struct error error;
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	assert(out);
	assert(format_named("folded")->write(profile, &everything, SAVE_SAMPLES, out, NULL,
					     &error));
	fclose(out);
	return text;
}

/* Read what was written, which must succeed, and write that. */
static char *once_more(char *text, size_t *len, uint64_t samples)
{
	struct profile *profile = profile_new();
	struct bytes in = { (const unsigned char *)text, *len };
	enum source_state state = read_bytes(profile, in);

	assert(state == SOURCE_END || !*len);
	assert(profile->samples == samples);
	free(text);
	text = write_again(profile, len);
	profile_free(profile);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct profile *profile = profile_new();
	size_t len, same_len;
	char *text, *same;

	format_named("folded")->probe(in);
	read_bytes(profile, in);
	text = write_again(profile, &len);
	/* Names are changed where they must be the first time only. */
	text = once_more(text, &len, profile->samples);
	same_len = len;
	same = xstrndup(text, len);
	text = once_more(text, &len, profile->samples);
	assert(len == same_len && !memcmp(text, same, len));
	xfree(same);
	free(text);
	profile_free(profile);
	return 0;
}
