#include "base/hash_index.h"

#include <string.h>

#include "base/xalloc.h"

enum { SLOTS_AT_FIRST = 64 };

uint32_t *hash_index_slot(struct hash_index *ix, uint64_t hash)
{
	if (!ix->slot) {
		ix->slot = xcalloc(SLOTS_AT_FIRST, sizeof *ix->slot);
		ix->mask = SLOTS_AT_FIRST - 1;
	}
	return &ix->slot[hash & ix->mask];
}

void hash_index_added(struct hash_index *ix, hash_of_id_fn *hash_of_id, const void *array)
{
	uint32_t *old = ix->slot;
	size_t count = ix->mask + 1;

	/* At most two thirds full, so that chains stay short. */
	if (++ix->used * 3 < count * 2)
		return;
	ix->slot = xcalloc(count * 2, sizeof *ix->slot);
	ix->mask = count * 2 - 1;
	for (size_t i = 0; i < count; i++) {
		uint32_t *slot;

		if (!old[i])
			continue;
		slot = hash_index_slot(ix, hash_of_id(array, old[i]));
		while (*slot)
			slot = hash_index_next(ix, slot);
		*slot = old[i];
	}
	xfree(old);
}

void hash_index_reserve(struct hash_index *ix, size_t count)
{
	size_t slots = SLOTS_AT_FIRST;

	while (count * 3 >= slots * 2)
		slots *= 2;
	if (ix->used || (ix->slot && ix->mask + 1 >= slots))
		return;
	xfree(ix->slot);
	ix->slot = xcalloc(slots, sizeof *ix->slot);
	ix->mask = slots - 1;
}

void hash_index_clear(struct hash_index *ix)
{
	if (ix->slot)
		memset(ix->slot, 0, hash_index_bytes(ix));
	ix->used = 0;
}

void hash_index_release(struct hash_index *ix)
{
	xfree(ix->slot);
	*ix = (struct hash_index){ 0 };
}

size_t hash_index_bytes(const struct hash_index *ix)
{
	return ix->slot ? (ix->mask + 1) * sizeof *ix->slot : 0;
}

/* FNV-1a, then mixed since the low bits choose the slot. */
uint64_t hash_bytes(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash_u64(hash);
}
