#ifndef TPROF_BASE_QUANTITY_H
#define TPROF_BASE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit { UNIT_COUNT, UNIT_NANOSECONDS, UNIT_BYTES, UNIT_HERTZ, UNIT_RATIO };

enum { QUANTITY_MAX = 24 };

/*
 * A value as people read it, at most QUANTITY_MAX - 1 bytes of ASCII and
 * never more than 8 columns: "812", "12.3k", "1.25 ms", "3.40 GiB".
 * UNIT_RATIO takes thousandths and writes "1.25".
 */
void quantity_format(char out[QUANTITY_MAX], uint64_t value, enum unit unit);
/* "12.34%"; "100.0%" for the whole; "-" when whole is 0. */
void quantity_percent(char out[QUANTITY_MAX], uint64_t part, uint64_t whole);
/* All digits, grouped: "1,234,567". */
void quantity_exact(char out[QUANTITY_MAX + 8], uint64_t value);
/* The name of a unit in JSON: "count", "ns", "bytes", "hertz", "ratio". */
const char *unit_name(enum unit unit);

/* "5s", "500ms", "2m", "1.5h"; a bare number is seconds. */
bool quantity_parse_duration(const char *text, uint64_t *ns);
/* "512M", "1.5GiB", "4096"; powers of 1024. */
bool quantity_parse_size(const char *text, uint64_t *bytes);

#endif
