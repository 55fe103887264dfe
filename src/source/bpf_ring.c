#include "source/bpf_ring.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel's layout: a word of length and flags, one of its own, the record. */
enum { HEADER = 8 };

#define BUSY	(UINT32_C(1) << 31)
#define DISCARD	(UINT32_C(1) << 30)

bool bpf_ring_map(struct bpf_ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*ring = (struct bpf_ring){ .size = size };
	ring->own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->own == MAP_FAILED) {
		ring->own = NULL;
		return false;
	}
	ring->theirs = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (ring->theirs == MAP_FAILED) {
		ring->theirs = NULL;
		bpf_ring_unmap(ring);
		return false;
	}
	ring->data = (const unsigned char *)ring->theirs + page;
	ring->at = ring->end = atomic_load((_Atomic uint64_t *)ring->own);
	return true;
}

void bpf_ring_unmap(struct bpf_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->own)
		munmap(ring->own, page);
	if (ring->theirs)
		munmap(ring->theirs, page + 2 * ring->size);
	*ring = (struct bpf_ring){ 0 };
}

void bpf_ring_begin(struct bpf_ring *ring)
{
	ring->busy = false;
	ring->end = atomic_load_explicit((_Atomic uint64_t *)ring->theirs, memory_order_acquire);
}

bool bpf_ring_next(struct bpf_ring *ring, struct bytes *record)
{
	while (ring->at < ring->end) {
		const unsigned char *at = ring->data + (ring->at & (ring->size - 1));
		uint32_t length = atomic_load_explicit((const _Atomic uint32_t *)(const void *)at,
						       memory_order_acquire);
		uint32_t size = length & ~(BUSY | DISCARD);

		if (length & BUSY || size > ring->size) {
			ring->busy = true;
			return false;
		}
		ring->at += ((uint64_t)size + HEADER + 7) & ~UINT64_C(7);
		if (length & DISCARD)
			continue;
		*record = (struct bytes){ at + HEADER, size };
		return true;
	}
	return false;
}

void bpf_ring_done(struct bpf_ring *ring)
{
	atomic_store_explicit((_Atomic uint64_t *)ring->own, ring->at, memory_order_release);
}
