#ifndef TPROF_SOURCE_PERF_RING_H
#define TPROF_SOURCE_PERF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/*
 * The memory that the kernel writes the records of one CPU to.  Reading
 * goes in passes: perf_ring_begin() looks how far the kernel is now,
 * perf_ring_next() yields the records up to there, and perf_ring_done()
 * gives their space back.
 */
struct perf_ring {
	void *page;			/* struct perf_event_mmap_page, then the data */
	const unsigned char *data;
	size_t size;			/* of the data, a power of two */
	uint64_t at, end;		/* of this pass */
	bool broken;			/* yields nothing any more */
	unsigned char *bounce;		/* a record that wraps around, in one piece */
};

enum { PERF_RING_BYTES = 512 << 10, PERF_RING_BYTES_MIN = 4 << 12 };

/* Halves the wanted size as long as the kernel grants no memory; sets errno. */
bool perf_ring_map(struct perf_ring *ring, int fd, size_t bytes);
void perf_ring_unmap(struct perf_ring *ring);

/* False when the kernel's positions make no sense: the ring is broken then. */
bool perf_ring_begin(struct perf_ring *ring);
/* The record is lent until the next call.  False at the end of the pass, or broken. */
bool perf_ring_next(struct perf_ring *ring, struct bytes *record);
/* May be called early, too: gives back what was read so far. */
void perf_ring_done(struct perf_ring *ring);

#endif
