#ifndef TPROF_SOURCE_BPF_RING_H
#define TPROF_SOURCE_BPF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * The memory that a BPF program writes records to, on all CPUs.  Reading
 * goes in passes as with a perf_ring: bpf_ring_begin() looks how far the
 * writers are, bpf_ring_next() yields what is there up to that point.
 */
struct bpf_ring {
	void *own, *theirs;		/* our position; theirs, then the data twice */
	const unsigned char *data;
	size_t size;			/* of the data, a power of two */
	uint64_t at, end;		/* of this pass */
	bool busy;			/* the pass met a record that is still being written */
};

/* False and errno. */
bool bpf_ring_map(struct bpf_ring *ring, int fd, size_t size);
void bpf_ring_unmap(struct bpf_ring *ring);

void bpf_ring_begin(struct bpf_ring *ring);
/* The record is lent until bpf_ring_done().  False at the end of the pass. */
bool bpf_ring_next(struct bpf_ring *ring, struct bytes *record);
/* May be called early, too: gives back what was read so far. */
void bpf_ring_done(struct bpf_ring *ring);

#endif
