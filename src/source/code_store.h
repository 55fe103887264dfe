#ifndef TPROF_SOURCE_CODE_STORE_H
#define TPROF_SOURCE_CODE_STORE_H

#include "bpf/shared.h"
#include "resolve/code.h"

/*
 * The code of processes and the rows of its binaries, laid out in shards as
 * the program in the kernel reads them.  Rows of a binary are there once,
 * as long as a process needs them, and so is the code of processes that
 * have the same.
 */
struct code_store;

struct code_memory {
	/* The words of a shard, made when it is asked for first; NULL: there is no more. */
	struct code_shard *(*shard)(void *context, unsigned number);
	void *context;
	struct unwind_rule *rules;	/* UNWIND_RULES_MAX of them, all zeroes */
};

struct code_store_facts {
	size_t processes, tables;
	uint64_t bytes;			/* of the shards, in use */
	unsigned rules;
	bool full;			/* something did not find room */
};

struct code_store *code_store_new(const struct code_memory *memory);
void code_store_free(struct code_store *store);

/*
 * Takes in a process's code.  *ref says where it is; as_of is left to the
 * caller.  What does not find room is as if its rows were not there yet;
 * false: there is no room at all.
 */
bool code_store_put(struct code_store *store, const struct code_change *change,
		    struct code_ref *ref, uint64_t now);
/* The process is gone, or has other code than can be put. */
void code_store_drop(struct code_store *store, pid_t pid, uint64_t now);
/* The process's code was put, and nothing in it is waited for. */
bool code_store_is_whole(const struct code_store *store, pid_t pid);
/* Nobody reads any more what was given up before that time. */
void code_store_settle(struct code_store *store, uint64_t time);

void code_store_facts(const struct code_store *store, struct code_store_facts *facts);

#endif
