/*
 * A ring whose bytes are all hostile, read to its end: no access outside of
 * a record, and every event that comes out makes sense.  The first two
 * bytes choose the fields of the samples, the third where the ring starts.
 */
#include <assert.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "source/perf_record.h"
#include "source/perf_ring.h"
#include "source/sorter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RING = 1 << 12 };

static void check_event(struct sink *sink, const struct event *event)
{
	size_t len = 0;

	(void)sink;
	if (event->type == EVENT_SAMPLE) {
		assert(event->sample.kernel_count <= event->sample.ip_count);
		assert(event->sample.ip_count <= PERF_CHAIN_MAX);
		for (size_t i = 0; i < event->sample.ip_count; i++)
			len += event->sample.ip[i] >= (uint64_t)PERF_CONTEXT_MAX;
		assert(len <= 1);
		/* All that it points to can be read. */
		len += event->sample.registers && event->sample.registers->r[15] == 1;
		for (size_t i = 0; i < event->sample.stack.len; i++)
			len += event->sample.stack.at[i] >> 7;
	}
	if (event->type == EVENT_MAP)
		len = strlen(event->map.path);
	if (event->type == EVENT_NAME || event->type == EVENT_EXEC)
		len = strlen(event->name.text);
	assert(len < 1 << 16);
}

/* Each record in a block of its own size, so that reading past it shows. */
static void decode(struct bytes record, const struct perf_layout *layout, struct sorter *sorter)
{
	static struct perf_scratch scratch;
	unsigned char *copy = malloc(record.len);
	struct event event;

	assert(copy);
	memcpy(copy, record.at, record.len);
	if (perf_record_decode((struct bytes){ copy, record.len }, layout, &scratch, &event))
		sorter_push(sorter, &event);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char ring_data[RING], bounce[1 << 16];
	struct perf_event_mmap_page page = { 0 };
	struct perf_ring ring = {
		.page = &page,
		.data = ring_data,
		.size = RING,
		.bounce = bounce,
	};
	struct perf_layout layout = { .id_everywhere = true, .max_chain = 127 };
	struct sink sink = { .event = check_event };
	struct sorter *sorter;
	struct bytes record;

	if (size < 3 || size - 3 > RING)
		return 0;
	layout.sample_type = (uint64_t)(data[0] | data[1] << 8) |
			     (data[1] & 1 ? PERF_SAMPLE_IDENTIFIER : 0);
	ring.at = (uint64_t)data[2] * 16;
	for (size_t i = 3; i < size; i++)
		ring_data[(ring.at + i - 3) % RING] = data[i];
	page.data_head = ring.at + size - 3;
	sorter = sorter_new(&sink);
	if (perf_ring_begin(&ring))
		while (perf_ring_next(&ring, &record))
			decode(record, &layout, sorter);
	perf_ring_done(&ring);
	sorter_flush(sorter, UINT64_MAX);
	sorter_free(sorter);
	return 0;
}
