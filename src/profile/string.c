#include <assert.h>

#include "profile/index.h"

enum { BLOCK_SIZE = 64 * 1024 };

static uint64_t hash_of_text(const void *array, uint32_t id)
{
	const struct text *text = array;

	return text[id].hash;
}

static char *block_take(struct profile_index *ix, size_t len)
{
	char *at;

	if (ix->block_size - ix->block_used < len) {
		ix->block_size = len > BLOCK_SIZE ? len : BLOCK_SIZE;
		ix->block_used = 0;
		ix->block_bytes += ix->block_size;
		array_push(&ix->block, xcalloc(ix->block_size, 1));
	}
	at = ix->block.at[ix->block.len - 1] + ix->block_used;
	ix->block_used += len;
	return at;
}

static string_id text_push(struct profile *profile, const char *text, size_t len, uint32_t hash)
{
	struct profile_index *ix = profile->index;
	char *copy = block_take(ix, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	array_push(&ix->text, ((struct text){ .at = copy, .len = (uint32_t)len, .hash = hash }));
	return (string_id)(ix->text.len - 1);
}

uint64_t profile_name_bytes(const struct profile *profile)
{
	const struct profile_index *ix = profile->index;
	/* Per function: itself, its two amounts in a call tree, its mark in a search. */
	enum { FUNCTION_BYTES = sizeof(struct function) + 2 * 16 + 1 };

	return ix->block_bytes + ix->text.len * sizeof(struct text) +
	       profile->function.len * FUNCTION_BYTES +
	       profile->binary.len * (sizeof(struct binary) + sizeof(struct placeholder)) +
	       hash_index_bytes(&ix->texts) + hash_index_bytes(&ix->functions) +
	       hash_index_bytes(&ix->binaries);
}

bool profile_names_are_full(const struct profile *profile)
{
	uint64_t max = profile->index->name_bytes_max;

	return max && profile_name_bytes(profile) >= max;
}

static string_id text_add(struct profile *profile, const char *text, size_t len)
{
	struct profile_index *ix = profile->index;
	uint32_t hash = (uint32_t)hash_bytes(text, len);
	uint32_t *slot = hash_index_slot(&ix->texts, hash);

	for (; *slot; slot = hash_index_next(&ix->texts, slot)) {
		const struct text *old = &ix->text.at[*slot];

		if (old->hash == hash && old->len == len && !memcmp(old->at, text, len))
			return *slot;
	}
	if (ix->too_many_names && profile_names_are_full(profile))
		return ix->too_many_names;
	*slot = text_push(profile, text, len, hash);
	hash_index_added(&ix->texts, hash_of_text, ix->text.at);
	return (string_id)(ix->text.len - 1);
}

string_id profile_add_text(struct profile *profile, const char *text, size_t len)
{
	len = text ? strnlen(text, len < UINT32_MAX ? len : UINT32_MAX - 1) : 0;
	return len ? text_add(profile, text, len) : 0;
}

string_id profile_add_string(struct profile *profile, const char *text)
{
	return profile_add_text(profile, text, SIZE_MAX);
}

/* From now on what stands for names that do not fit is among them. */
void profile_limit_names(struct profile *profile, uint64_t bytes)
{
	struct profile_index *ix = profile->index;

	ix->name_bytes_max = bytes;
	if (ix->too_many_names)
		return;
	profile_add_truncation_names(profile);
	ix->too_many_names = profile_add_string(profile, "[too many names]");
}

const char *profile_string(const struct profile *profile, string_id id)
{
	assert(id < profile->index->text.len);
	return profile->index->text.at[id].at;
}

/* String 0 is empty. */
void profile_init_strings(struct profile *profile)
{
	text_push(profile, "", 0, 0);
}
