#include "view/folds.h"

/* Paths that came and went stay listed; this many are a few tens of MiB. */
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

static const struct fold *find(const struct folds *folds, uint64_t path)
{
	const uint32_t *slot;

	if (!folds->fold.len)
		return NULL;
	slot = slot_of(folds, path);
	return *slot ? &folds->fold.at[*slot - 1] : NULL;
}

/* NULL when there are too many. */
static struct fold *find_or_add(struct folds *folds, uint64_t path)
{
	uint32_t *slot = slot_of(folds, path);

	if (*slot)
		return &folds->fold.at[*slot - 1];
	if (folds->fold.len == FOLDS_MAX)
		return NULL;
	array_push(&folds->fold, ((struct fold){ .path = path }));
	*slot = (uint32_t)folds->fold.len;
	hash_index_added(&folds->index, hash_of_fold, folds->fold.at);
	return &folds->fold.at[folds->fold.len - 1];
}

bool folds_open(const struct folds *folds, uint64_t path, uint64_t *below_said)
{
	const struct fold *fold = find(folds, path);
	bool open = *below_said ? true : folds->open;

	if (!fold)
		return open;
	if (fold->said > *below_said)
		open = fold->open;
	if (fold->below_said > *below_said)
		*below_said = fold->below_said;
	return open;
}

void folds_set(struct folds *folds, uint64_t path, bool open)
{
	struct fold *fold = find_or_add(folds, path);

	if (!fold)
		return;
	fold->open = open;
	fold->said = ++folds->now;
}

void folds_open_below(struct folds *folds, uint64_t path)
{
	struct fold *fold = find_or_add(folds, path);

	if (!fold)
		return;
	fold->open = true;
	fold->said = fold->below_said = ++folds->now;
}

void folds_set_all(struct folds *folds, bool open)
{
	folds->fold.len = 0;
	hash_index_clear(&folds->index);
	folds->open = open;
}

void folds_carry(struct folds *folds, uint64_t from, uint64_t to)
{
	const struct fold *old = find(folds, from);
	uint64_t below_said = old ? old->below_said : 0;
	struct fold *fold;

	folds_set(folds, to, true);
	fold = find_or_add(folds, to);
	if (fold && below_said > fold->below_said)
		fold->below_said = below_said;
}

void folds_release(struct folds *folds)
{
	array_release(&folds->fold);
	hash_index_release(&folds->index);
}
