#include "view/folds.h"

/* Paths that came and went stay listed; this many are a few MiB. */
enum { FOLDS_MAX = 1 << 20 };

static uint64_t hash_of_fold(const void *array, uint32_t id)
{
	const struct fold *fold = array;

	return hash_u64(fold[id - 1].path);
}

static uint32_t *slot_of(const struct folds *folds, uint64_t path)
{
	/* Looking up never changes what is in the index. */
	struct hash_index *index = (struct hash_index *)(uintptr_t)&folds->index;
	uint32_t *slot = hash_index_slot(index, hash_u64(path));

	while (*slot && folds->fold.at[*slot - 1].path != path)
		slot = hash_index_next(index, slot);
	return slot;
}

bool folds_open(const struct folds *folds, uint64_t path)
{
	const uint32_t *slot;

	if (!folds->fold.len)
		return folds->open;
	slot = slot_of(folds, path);
	return *slot ? folds->fold.at[*slot - 1].open : folds->open;
}

void folds_set(struct folds *folds, uint64_t path, bool open)
{
	uint32_t *slot = slot_of(folds, path);

	if (*slot) {
		folds->fold.at[*slot - 1].open = open;
		return;
	}
	if (open == folds->open || folds->fold.len == FOLDS_MAX)
		return;
	array_push(&folds->fold, ((struct fold){ .path = path, .open = open }));
	*slot = (uint32_t)folds->fold.len;
	hash_index_added(&folds->index, hash_of_fold, folds->fold.at);
}

void folds_set_all(struct folds *folds, bool open)
{
	folds->fold.len = 0;
	hash_index_clear(&folds->index);
	folds->open = open;
}

void folds_release(struct folds *folds)
{
	array_release(&folds->fold);
	hash_index_release(&folds->index);
}
