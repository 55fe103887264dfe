#ifndef TPROF_RESOLVE_BINARY_H
#define TPROF_RESOLVE_BINARY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "profile/profile.h"
#include "unwind/table.h"
#include "unwind/walk.h"

/*
 * What processes have mapped: files, mostly.  An entry lives while a
 * mapping refers to it, and for ever once a sample fell into it; only then
 * does it become a binary of the profile.  Id 0 is none.
 */
struct mapped {
	char *path;		/* as mapped: "/usr/lib/libc.so.6", "[vdso]", "//anon" */
	char *build_id;		/* hexadecimal, or NULL */
	uint64_t device, inode;	/* 0 when not a file */
	/*
	 * The number of a file that was deleted is soon that of another one;
	 * this tells them apart.  0: not known, as /proc doesn't tell it.
	 */
	uint64_t generation;
	unsigned edition;	/* others of that number were before it */
	enum binary_kind kind;
	binary_id binary;	/* in the profile, 0: no sample yet */
	uint32_t refs, next;	/* next: in its bucket, or among the free ones */

	/* Its unwind information, that rows.h gets. */
	enum unwind_code code;		/* UNWIND_CODE_NONE: not asked for yet */
	struct unwind_table *table;	/* of UNWIND_CODE_ROWS */
	unsigned hits;			/* samples that it was missing for */
	unsigned failures;		/* to open the file */
	pid_t tried;			/* the process where that failed last */
	bool news;			/* to be told: in the resolver's list of those known */
	uint64_t content;		/* binary_content() of the file, 0: not known */
	uint64_t looked_at;		/* when that was last */
	bool retired;			/* has been written to since: nobody finds it */
};

enum {
	MAPPED_BUCKETS = 4096,
	/* Of entries with their texts: a target chooses its paths. */
	MAPPED_BYTES_MAX = 32 << 20,
};

struct mapped_table {
	array(struct mapped) at;
	uint32_t bucket[MAPPED_BUCKETS], free;
	size_t bytes;
	bool was_full;			/* when the last entry was added */
};

/* Find or add it, with one more reference.  The texts are copied. */
uint32_t mapped_add(struct mapped_table *table, const struct mapped *wanted);
/* What is mapped from now on is another file, though all that is known of it is the same. */
void mapped_retire(struct mapped_table *table, uint32_t id);
void mapped_ref(struct mapped_table *table, uint32_t id);
void mapped_unref(struct mapped_table *table, uint32_t id);
/* At MAPPED_BYTES_MAX: nothing new should be mapped. */
bool mapped_table_is_full(const struct mapped_table *table);
void mapped_table_release(struct mapped_table *table);
/* The profile's binary for it. */
binary_id mapped_binary(struct mapped_table *table, uint32_t id, struct profile *profile);

/* Where a file is, or was, mapped. */
struct binary_place {
	pid_t pid, tid;
	pid_t kin[2];		/* see the same files, as a rule, and may live longer; or 0 */
	uint64_t start, end;	/* of the mapping */
	uint64_t inode;		/* 0: not known */
	char *path;
};

/*
 * The one way in which tprof opens a file that a target owns: that very
 * file and no other of its name, within the root directory of the target,
 * regular, and without effects on it or on us.  -1 with errno.
 */
int binary_open(const struct binary_place *place);
/* Another number once somebody has written to the file; 0: can't be told. */
uint64_t binary_content(int fd);
/* A copy of our own vdso; that of all processes alike. */
int binary_open_vdso(void);

#endif
