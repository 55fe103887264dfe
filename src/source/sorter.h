#ifndef TPROF_SOURCE_SORTER_H
#define TPROF_SOURCE_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include "resolve/event.h"

/*
 * Each CPU has its own ring of events.  This keeps copies until no ring
 * can still deliver an earlier one, then passes them on in order of time;
 * those of the same time in the order they came.  The caller knows up to
 * which time that is so.
 *
 * What it keeps is bounded: when events pile up all the same, the older
 * half is passed on without waiting.
 */
enum { SORTER_BYTES_MAX = 32 << 20 };

struct sorter;

struct sorter *sorter_new(struct sink *to);
void sorter_free(struct sorter *sorter);	/* what it still keeps is dropped */
void sorter_push(struct sorter *sorter, const struct event *event);
/* Pass on all events up to and with that time; UINT64_MAX at the end. */
void sorter_flush(struct sorter *sorter, uint64_t until);
/* Events kept. */
size_t sorter_waiting(const struct sorter *sorter);

#endif
