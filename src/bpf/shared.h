#ifndef TPROF_BPF_SHARED_H
#define TPROF_BPF_SHARED_H

#include "unwind/row.h"
#include "unwind/step.h"

/*
 * What the program in the kernel and tprof say to each other.  Numbers of
 * processes and threads are those of tprof's own pid namespace.
 */

/*
 * Code of processes lies in shards: words of 32 bits, shard after shard,
 * numbered through.  What lies in one never goes on in the next; word 0 is
 * nobody's.  There is a little more behind the last word, so that reading
 * any struct from below never leaves the shard.
 */
enum {
	CODE_SHARD_BITS = 17,
	CODE_SHARD_WORDS = 1 << CODE_SHARD_BITS,
	CODE_SHARD_SLACK = 16,
	CODE_SHARDS_MAX = 1024,
	CODE_RANGES_MAX = 8192,		/* of a process */
};

struct code_shard {
	unsigned word[CODE_SHARD_WORDS + CODE_SHARD_SLACK];
};

/* A process has this at an even word, then the entries, sorted by address. */
struct code_head {
	unsigned serial;	/* another one for each that ever was; never 0 */
	unsigned count;
};

enum code_kind {
	CODE_BARE,		/* no unwind information */
	CODE_ROWS,
	CODE_PENDING,		/* its unwind information is still being made */
};

struct code_entry {
	unsigned long long start, end;
	unsigned long long shift;	/* what takes an address to an offset in the file */
	unsigned pages;			/* the word where the first struct unwind_page is */
	unsigned first_page, page_count;
	unsigned kind;
};

/* Which code a process has.  Set by tprof, given on by a fork. */
struct code_ref {
	unsigned first;		/* word */
	unsigned count;		/* of entries */
	unsigned serial;
	unsigned pad;
	/* What happened up to then is in it; of no use after a later exec. */
	unsigned long long as_of;
};

enum target_state {
	TARGET_WAITING,		/* counts from its next exec on */
	TARGET_COUNTING,
};

/* A process to be sampled; set by the hooks but for the first ones. */
struct target_entry {
	unsigned state;
	unsigned leaving;		/* its last thread is ending */
	unsigned long long exec_time;	/* of its last exec that was seen, 0: none */
};

enum {
	TARGETS_MAX = 1 << 15,
	LEAVING_MAX = 1 << 10,		/* that are remembered after their end */
	SAMPLE_KERNEL_MAX = 127,
	SAMPLE_USER_MAX = 512,
	TALLIES = 256,			/* CPUs share them where there are more */
};

/* A sample, as it comes through the ring; then its addresses. */
struct sample_record {
	unsigned long long time, weight;
	int pid, tid;
	unsigned short cpu;
	unsigned char end;		/* enum unwind_end */
	unsigned char pad;
	unsigned short kernel_count, count;	/* count: all, the kernel's first */
};

/* Of a CPU; counted by whoever runs there. */
struct tally {
	unsigned long long lost;	/* samples that found no room in the ring */
	unsigned long long dumps;
	unsigned long long dumps_read;	/* tprof has those of perf's ring */
	unsigned long long pad[5];
};

/* What tprof decides before the program is loaded. */
struct sample_settings {
	unsigned char everything;	/* no target set: all processes count */
	unsigned char follow;		/* children of targets are targets */
	unsigned char hold;		/* who waits for its exec is stopped (SIGSTOP) there */
	unsigned char dumps;		/* the event is made for dumps of the stack */
	unsigned dump_ends;		/* a bit for each enum unwind_end that is worth one */
	unsigned dumps_at_once;		/* the first ones */
	unsigned wake_bytes;		/* in the ring: somebody should read it */
};

#endif
