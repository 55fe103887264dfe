#ifndef TPROF_BASE_HASH_INDEX_H
#define TPROF_BASE_HASH_INDEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Finds the entries of an array by their contents.  Holds ids only (never
 * 0): the keys stay where they are, in the array.  All zeroes is empty.
 *
 *	uint32_t *slot = hash_index_slot(&ix, hash);
 *	for (; *slot; slot = hash_index_next(&ix, slot))
 *		if (same(entry[*slot], wanted))
 *			return *slot;
 *	*slot = new_id;
 *	hash_index_added(&ix, hash_of_id, array);
 */
struct hash_index {
	uint32_t *slot;
	size_t mask, used;
};

/* The hash of the entry with that id, as given to hash_index_slot(). */
typedef uint64_t hash_of_id_fn(const void *array, uint32_t id);

/* Makes room when there is none, so the slot can always be filled. */
uint32_t *hash_index_slot(struct hash_index *ix, uint64_t hash);

static inline uint32_t *hash_index_next(const struct hash_index *ix, uint32_t *slot)
{
	return slot == ix->slot + ix->mask ? ix->slot : slot + 1;
}

/* Call after filling a slot; may grow the table. */
void hash_index_added(struct hash_index *ix, hash_of_id_fn *hash_of_id, const void *array);
/* Room for so many entries at once; only while it is empty. */
void hash_index_reserve(struct hash_index *ix, size_t count);
void hash_index_clear(struct hash_index *ix);
void hash_index_release(struct hash_index *ix);
size_t hash_index_bytes(const struct hash_index *ix);

/* Keys are often two ids side by side: all bits of both must reach the low ones. */
static inline uint64_t hash_u64(uint64_t key)
{
	key = (key ^ key >> 32) * 0x9e3779b97f4a7c15u;
	return key ^ key >> 32;
}

uint64_t hash_bytes(const void *bytes, size_t len);

#endif
