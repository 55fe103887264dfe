#include "source/perf_ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xalloc.h"

enum { RECORD_MAX = 1 << 16 };	/* sizes have 16 bits */

bool perf_ring_map(struct perf_ring *ring, int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at = MAP_FAILED;

	for (; bytes >= page && bytes >= PERF_RING_BYTES_MIN; bytes /= 2) {
		at = mmap(NULL, page + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at != MAP_FAILED || (errno != EPERM && errno != ENOMEM))
			break;
	}
	if (at == MAP_FAILED)
		return false;
	*ring = (struct perf_ring){
		.page = at,
		.data = (const unsigned char *)at + page,
		.size = bytes,
		.bounce = xcalloc(1, RECORD_MAX),
	};
	return true;
}

void perf_ring_unmap(struct perf_ring *ring)
{
	if (ring->page)
		munmap(ring->page, ring->size + (size_t)sysconf(_SC_PAGESIZE));
	xfree(ring->bounce);
	*ring = (struct perf_ring){ 0 };
}

bool perf_ring_begin(struct perf_ring *ring)
{
	const struct perf_event_mmap_page *page = ring->page;

	if (ring->broken)
		return false;
	/* Pairs with the kernel's barrier between writing records and the head. */
	ring->end = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	if (ring->end - ring->at > ring->size)
		ring->broken = true;
	return !ring->broken;
}

static void copy_out(const struct perf_ring *ring, uint64_t from, void *to, size_t len)
{
	size_t start = from & (ring->size - 1);
	size_t first = len < ring->size - start ? len : ring->size - start;

	memcpy(to, ring->data + start, first);
	memcpy((unsigned char *)to + first, ring->data, len - first);
}

bool perf_ring_next(struct perf_ring *ring, struct bytes *record)
{
	struct perf_event_header header;
	size_t start = ring->at & (ring->size - 1);

	if (ring->broken || ring->at == ring->end)
		return false;
	if (ring->end - ring->at < sizeof header) {
		ring->broken = true;
		return false;
	}
	copy_out(ring, ring->at, &header, sizeof header);
	if (header.size < sizeof header || header.size % 8 || header.size > ring->end - ring->at) {
		ring->broken = true;
		return false;
	}
	if (start + header.size > ring->size) {
		copy_out(ring, ring->at, ring->bounce, header.size);
		*record = (struct bytes){ ring->bounce, header.size };
	} else {
		*record = (struct bytes){ ring->data + start, header.size };
	}
	ring->at += header.size;
	return true;
}

void perf_ring_done(struct perf_ring *ring)
{
	struct perf_event_mmap_page *page = ring->page;

	/* Our reads come before the kernel writes there again. */
	__atomic_store_n(&page->data_tail, ring->at, __ATOMIC_RELEASE);
}
