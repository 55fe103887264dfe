#ifndef TPROF_PROFILE_INDEX_H
#define TPROF_PROFILE_INDEX_H

/*
 * The inside of a profile: what finds entries by their contents, and the
 * open slice.  Only src/profile includes this.
 */

#include "profile/profile.h"

struct text {
	const char *at;		/* in a block that never moves */
	uint32_t len;
	uint32_t hash;
};

/* What stands for the code of a binary that has no names. */
struct placeholder {
	function_id function;
	uint32_t frame;		/* shared by its locations, 0: none yet */
};

struct profile_index {
	array(struct text) text;
	array(char *) block;
	size_t block_used, block_size;	/* of the last block */
	uint64_t block_bytes;		/* of all */
	struct hash_index texts, binaries, functions, locations, stacks;
	array(struct placeholder) placeholder;	/* by binary */
	uint64_t name_bytes_max;	/* 0: no limit */
	string_id too_many_names;	/* stands for those that do not fit */

	/* The open slice; entry 0 is not used, so that positions can be ids. */
	array(struct sum) open;
	struct hash_index open_sums;
	uint64_t open_from, open_until;	/* times of its samples */
	uint64_t sealed_until;
	bool held;			/* see profile_hold() */
	/* Until sums could overflow; counts everything since the last zero. */
	uint64_t weight_left, samples_left;

	function_id truncated[TRUNCATIONS];

	array(thread_id) free_thread;	/* ids of exited threads to use again */
	thread_id exited_threads;	/* the one that took their samples */
};

/* What a sum can hold. */
enum { THREADS_LIMIT = 1 << 24, METRICS_LIMIT = 1 << 6 };

/* Sums of the same stack, thread and metric are alike. */
static inline bool sum_is_alike(const struct sum *a, const struct sum *b)
{
	return a->stack == b->stack && a->thread == b->thread && a->metric == b->metric &&
	       a->end == b->end;
}

static inline uint64_t sum_hash(const struct sum *sum)
{
	return hash_u64((uint64_t)sum->stack << 32 ^ (uint64_t)sum->thread << 8 ^
			(uint64_t)sum->metric << 2 ^ sum->end);
}

/* The location known by its frames alone; like tells which bits it has. */
location_id profile_add_frames(struct profile *profile, const struct location *like,
			       const struct frame *frames, size_t count);
/* The location of an address with these bits. */
location_id profile_add_place(struct profile *profile, const struct location *like);
/* Even when names are full. */
function_id profile_add_function_always(struct profile *profile,
					const struct function *function);
/* Have the names of truncated stacks, before names are full. */
void profile_add_truncation_names(struct profile *profile);
function_id profile_add_truncation_function(struct profile *profile, enum truncation reason);
void profile_init_strings(struct profile *profile);
/* Bytes of names and of the tables keyed by them. */
uint64_t profile_name_bytes(const struct profile *profile);
void profile_limit_names(struct profile *profile, uint64_t bytes);
bool profile_names_are_full(const struct profile *profile);
/* Add a sum to the open slice. */
void profile_add_open(struct profile *profile, const struct sum *sum);
/*
 * Make the stacks fewer: addresses become functions, and of the paths only
 * the heaviest keep stay apart; at most as many "[other]" take the rest.
 * Sums are left uncombined.
 */
void profile_rebuild_stacks(struct profile *profile, size_t keep);

/* Give back memory that an array has in reserve. */
#define array_trim(a) ((a)->at = xresize((a)->at, (a)->len, sizeof *(a)->at), \
		       (a)->cap = (a)->len ? (a)->len : 1)

#endif
