#include "source/sorter.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Where a copy begins in the arena; the arena moves when it grows. */
struct slot {
	uint64_t time;
	size_t offset;
};

typedef array(unsigned char) arena;

struct sorter {
	struct sink *to;
	arena kept, spare;
	array(struct slot) slot;
	uint64_t oldest;	/* time of a slot, UINT64_MAX: there is none */
	bool sorted;
};

struct sorter *sorter_new(struct sink *to)
{
	struct sorter *sorter = xcalloc(1, sizeof *sorter);

	sorter->to = to;
	sorter->oldest = UINT64_MAX;
	sorter->sorted = true;
	return sorter;
}

void sorter_free(struct sorter *sorter)
{
	if (!sorter)
		return;
	array_release(&sorter->kept);
	array_release(&sorter->spare);
	array_release(&sorter->slot);
	xfree(sorter);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t addresses_size(const struct event *event)
{
	return event->sample.ip_count * sizeof *event->sample.ip;
}

static size_t registers_size(const struct event *event)
{
	return event->sample.registers ? sizeof *event->sample.registers : 0;
}

/* Bytes outside of the event that it points to. */
static size_t tail_size(const struct event *event)
{
	switch (event->type) {
	case EVENT_SAMPLE:
		return addresses_size(event) + registers_size(event) + event->sample.stack.len;
	case EVENT_MAP:
		return text_size(event->map.path) + text_size(event->map.build_id);
	case EVENT_EXEC:
	case EVENT_NAME:
		return text_size(event->name.text);
	default:
		return 0;
	}
}

static void copy(unsigned char **to, const void *from, size_t size)
{
	if (size)
		memcpy(*to, from, size);
	*to += size;
}

static void copy_text(unsigned char **to, const char *text)
{
	copy(to, text, text_size(text));
}

static void copy_tail(unsigned char *to, const struct event *event)
{
	switch (event->type) {
	case EVENT_SAMPLE:
		copy(&to, event->sample.ip, addresses_size(event));
		copy(&to, event->sample.registers, registers_size(event));
		copy(&to, event->sample.stack.at, event->sample.stack.len);
		break;
	case EVENT_MAP:
		copy_text(&to, event->map.path);
		copy_text(&to, event->map.build_id);
		break;
	case EVENT_EXEC:
	case EVENT_NAME:
		copy_text(&to, event->name.text);
		break;
	default:
		break;
	}
}

/* The tail stands right behind the event: make it point there again. */
static void aim_at_tail(struct event *event, const unsigned char *tail)
{
	const char *text = (const char *)tail;

	switch (event->type) {
	case EVENT_SAMPLE:
		event->sample.ip = (const uint64_t *)(const void *)tail;
		tail += addresses_size(event);
		if (event->sample.registers)
			event->sample.registers =
				(const struct unwind_registers *)(const void *)tail;
		event->sample.stack.at = tail + registers_size(event);
		break;
	case EVENT_MAP:
		if (event->map.build_id)
			event->map.build_id = text + text_size(event->map.path ? text : NULL);
		if (event->map.path)
			event->map.path = text;
		break;
	case EVENT_EXEC:
	case EVENT_NAME:
		if (event->name.text)
			event->name.text = text;
		break;
	default:
		break;
	}
}

static size_t whole_size(const struct event *event)
{
	return (sizeof *event + tail_size(event) + 7) & ~(size_t)7;
}

static void deliver(struct sorter *sorter, size_t offset)
{
	const unsigned char *at = sorter->kept.at + offset;
	struct event event;

	memcpy(&event, at, sizeof event);
	aim_at_tail(&event, at + sizeof event);
	sorter->to->event(sorter->to, &event);
}

static int compare_slots(const void *left, const void *right)
{
	const struct slot *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static void sort(struct sorter *sorter)
{
	if (!sorter->sorted)
		qsort(sorter->slot.at, sorter->slot.len, sizeof *sorter->slot.at, compare_slots);
	sorter->sorted = true;
}

/* Move what is still kept to the other arena, so that neither grows for ever. */
static void keep_from(struct sorter *sorter, size_t first)
{
	arena full = sorter->kept;
	size_t left = 0;

	sorter->spare.len = 0;
	for (size_t i = first; i < sorter->slot.len; i++) {
		const unsigned char *at = full.at + sorter->slot.at[i].offset;
		struct event event;
		size_t size;

		memcpy(&event, at, sizeof event);
		aim_at_tail(&event, at + sizeof event);
		size = whole_size(&event);
		array_reserve(&sorter->spare, size);
		memcpy(sorter->spare.at + sorter->spare.len, at, size);
		sorter->slot.at[left++] = (struct slot){ event.time, sorter->spare.len };
		sorter->spare.len += size;
	}
	sorter->slot.len = left;
	sorter->kept = sorter->spare;
	sorter->spare = full;
	sorter->spare.len = 0;
	sorter->oldest = left ? sorter->slot.at[0].time : UINT64_MAX;
}

void sorter_flush(struct sorter *sorter, uint64_t until)
{
	size_t i;

	if (!sorter->slot.len || sorter->oldest > until)
		return;
	sort(sorter);
	for (i = 0; i < sorter->slot.len && sorter->slot.at[i].time <= until; i++)
		deliver(sorter, sorter->slot.at[i].offset);
	keep_from(sorter, i);
}

void sorter_push(struct sorter *sorter, const struct event *event)
{
	size_t size = whole_size(event), offset;

	if (sorter->kept.len + size > SORTER_BYTES_MAX && sorter->slot.len) {
		sort(sorter);
		sorter_flush(sorter, sorter->slot.at[sorter->slot.len / 2].time);
	}
	array_reserve(&sorter->kept, size);
	offset = sorter->kept.len;
	sorter->kept.len += size;
	memcpy(sorter->kept.at + offset, event, sizeof *event);
	copy_tail(sorter->kept.at + offset + sizeof *event, event);
	if (sorter->slot.len && event->time < sorter->slot.at[sorter->slot.len - 1].time)
		sorter->sorted = false;
	if (event->time < sorter->oldest)
		sorter->oldest = event->time;
	array_push(&sorter->slot, ((struct slot){ event->time, offset }));
}

size_t sorter_waiting(const struct sorter *sorter)
{
	return sorter->slot.len;
}
