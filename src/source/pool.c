#include "source/pool.h"

#include "base/array.h"

struct stretch {
	uint32_t first, words;		/* first within its shard */
};

struct shard {
	array(struct stretch) unused;	/* by first, never next to each other */
	uint32_t longest;		/* no unused stretch has more words */
};

struct given {
	uint32_t first, words;
	uint64_t time;
};

struct pool {
	unsigned shard_bits, shards_max;
	uint64_t words;
	array(struct shard) shard;
	array(struct given) given;	/* oldest first, from next_given on */
	size_t next_given;
};

struct pool *pool_new(unsigned shard_bits, unsigned shards_max)
{
	struct pool *pool = xcalloc(1, sizeof *pool);

	pool->shard_bits = shard_bits;
	pool->shards_max = shards_max;
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->shard.len; i++)
		array_release(&pool->shard.at[i].unused);
	array_release(&pool->shard);
	array_release(&pool->given);
	xfree(pool);
}

static uint32_t even(uint32_t words)
{
	return (words + 1) & ~UINT32_C(1);
}

static void remove_stretch(struct shard *shard, size_t i)
{
	memmove(shard->unused.at + i, shard->unused.at + i + 1,
		(--shard->unused.len - i) * sizeof *shard->unused.at);
}

/* The first that is long enough; true and where if there is one. */
static bool take_from(struct shard *shard, uint32_t words, uint32_t *first)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < shard->unused.len; i++) {
		struct stretch *stretch = &shard->unused.at[i];

		if (stretch->words < words) {
			if (stretch->words > longest)
				longest = stretch->words;
			continue;
		}
		*first = stretch->first;
		stretch->first += words;
		stretch->words -= words;
		if (!stretch->words)
			remove_stretch(shard, i);
		return true;
	}
	shard->longest = longest;
	return false;
}

static void add_shard(struct pool *pool)
{
	struct stretch all = { .words = UINT32_C(1) << pool->shard_bits };
	struct shard shard = { .longest = all.words };

	/* Word 0 is nobody's. */
	if (!pool->shard.len) {
		all.first = 2;
		all.words -= 2;
	}
	array_push(&shard.unused, all);
	array_push(&pool->shard, shard);
}

uint32_t pool_take(struct pool *pool, uint32_t words)
{
	uint32_t first, wanted = even(words);

	if (!words || words > (UINT32_C(1) << pool->shard_bits) - 2)
		return 0;
	for (size_t i = 0; i <= pool->shard.len && i < pool->shards_max; i++) {
		if (i == pool->shard.len)
			add_shard(pool);
		if (pool->shard.at[i].longest < wanted ||
		    !take_from(&pool->shard.at[i], wanted, &first))
			continue;
		pool->words += wanted;
		return ((uint32_t)i << pool->shard_bits) + first;
	}
	return 0;
}

void pool_give(struct pool *pool, uint32_t first, uint32_t words, uint64_t now)
{
	struct given given = { first, even(words), now };

	array_push(&pool->given, given);
}

/* Joins it with its neighbours. */
static void give_to(struct shard *shard, struct stretch stretch)
{
	size_t low = 0, high = shard->unused.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (shard->unused.at[middle].first < stretch.first)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < shard->unused.len &&
	    stretch.first + stretch.words == shard->unused.at[low].first) {
		stretch.words += shard->unused.at[low].words;
		remove_stretch(shard, low);
	}
	if (low && shard->unused.at[low - 1].first + shard->unused.at[low - 1].words ==
		   stretch.first) {
		stretch.first = shard->unused.at[low - 1].first;
		stretch.words += shard->unused.at[--low].words;
		remove_stretch(shard, low);
	}
	array_reserve(&shard->unused, 1);
	memmove(shard->unused.at + low + 1, shard->unused.at + low,
		(shard->unused.len++ - low) * sizeof stretch);
	shard->unused.at[low] = stretch;
	if (stretch.words > shard->longest)
		shard->longest = stretch.words;
}

void pool_settle(struct pool *pool, uint64_t time)
{
	uint32_t mask = (UINT32_C(1) << pool->shard_bits) - 1;

	while (pool->next_given < pool->given.len &&
	       pool->given.at[pool->next_given].time < time) {
		struct given given = pool->given.at[pool->next_given++];

		give_to(&pool->shard.at[given.first >> pool->shard_bits],
			(struct stretch){ given.first & mask, given.words });
		pool->words -= given.words;
	}
	if (!pool->next_given ||
	    (pool->next_given < 1024 && pool->next_given < pool->given.len))
		return;
	pool->given.len -= pool->next_given;
	memmove(pool->given.at, pool->given.at + pool->next_given,
		pool->given.len * sizeof *pool->given.at);
	pool->next_given = 0;
}

unsigned pool_shards(const struct pool *pool)
{
	return (unsigned)pool->shard.len;
}

uint64_t pool_words(const struct pool *pool)
{
	return pool->words;
}
