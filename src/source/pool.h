#ifndef TPROF_SOURCE_POOL_H
#define TPROF_SOURCE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Hands out stretches of words.  Words lie in shards of equal size, numbered
 * through; a stretch never goes on from one shard to the next.  Somebody may
 * still read what was given back a moment ago, so that is handed out again
 * only after it has settled.  Keeps numbers, not the words themselves.
 */
struct pool;

struct pool *pool_new(unsigned shard_bits, unsigned shards_max);
void pool_free(struct pool *pool);

/* The first word, always an even number; 0: there is no room. */
uint32_t pool_take(struct pool *pool, uint32_t words);
/* As many words as were taken. */
void pool_give(struct pool *pool, uint32_t first, uint32_t words, uint64_t now);
/* What was given back before that time may be handed out. */
void pool_settle(struct pool *pool, uint64_t time);

/* Shards that were ever needed: the first so many. */
unsigned pool_shards(const struct pool *pool);
/* Handed out, or not settled yet. */
uint64_t pool_words(const struct pool *pool);

#endif
