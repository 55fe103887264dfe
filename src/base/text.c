#include "base/text.h"

#include <string.h>

#include "base/unicode.h"

enum { MARKS_MAX = 4, ELLIPSIS = 0x2026 };

static bool in_ranges(const struct unicode_range *range, size_t count, uint32_t c)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c > range[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && c >= range[low].first;
}

#define IN(table, c) in_ranges(table, sizeof(table) / sizeof *(table), c)

static bool is_safe(uint32_t c)
{
	if (c < 0x300)
		return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0xad;
	/* Planes 14 to 16: tags, selectors and private use. */
	return c < 0xe0000 && !IN(unicode_unsafe, c);
}

static int width_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (IN(unicode_zero_width, c))
		return 0;
	return IN(unicode_double_width, c) ? 2 : 1;
}

/* How many bytes follow a first byte, and what it contributes; -1: none starts so. */
static int decode_first(unsigned char byte, uint32_t *c)
{
	if (byte < 0x80) {
		*c = byte;
		return 0;
	}
	if (byte >= 0xc2 && byte < 0xe0) {
		*c = byte & 0x1f;
		return 1;
	}
	if (byte >= 0xe0 && byte < 0xf0) {
		*c = byte & 0x0f;
		return 2;
	}
	if (byte >= 0xf0 && byte < 0xf5) {
		*c = byte & 0x07;
		return 3;
	}
	return -1;
}

/* One character of strict UTF-8; wrong bytes are TEXT_REPLACEMENT. */
static uint32_t decode(const char **at, const char *end)
{
	static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t c = 0;
	int more = decode_first((unsigned char)*(*at)++, &c);

	if (more < 0)
		return TEXT_REPLACEMENT;
	for (int i = 0; i < more; i++) {
		if (*at == end || ((unsigned char)**at & 0xc0) != 0x80)
			return TEXT_REPLACEMENT;
		c = c << 6 | ((unsigned char)*(*at)++ & 0x3f);
	}
	return c < smallest[more] || c > 0x10ffff ? TEXT_REPLACEMENT : c;
}

uint32_t text_next(const char **at, const char *end, int *width)
{
	unsigned char byte;
	uint32_t c;

	if (*at >= end) {
		*width = 0;
		return 0;
	}
	*width = 1;
	byte = (unsigned char)**at;
	if (byte >= 0x20 && byte < 0x7f) {
		(*at)++;
		return byte;
	}
	c = decode(at, end);
	if (!is_safe(c))
		return TEXT_REPLACEMENT;
	*width = width_of(c);
	return c;
}

/* A character with the marks on it; marks without one to sit on are dropped. */
struct cluster {
	uint32_t character[1 + MARKS_MAX];
	int count, width;
};

static bool next_cluster(const char **at, const char *end, struct cluster *cluster)
{
	int width = 0;

	cluster->count = 0;
	while (*at < end) {
		const char *next = *at;
		uint32_t c = text_next(&next, end, &width);

		if (width > 0 && cluster->count)
			break;
		*at = next;
		if (width > 0) {
			cluster->character[0] = c;
			cluster->width = width;
			cluster->count = 1;
		} else if (cluster->count && cluster->count <= MARKS_MAX) {
			cluster->character[cluster->count++] = c;
		}
	}
	return cluster->count;
}

static void add_cluster(struct strbuf *out, const struct cluster *cluster)
{
	for (int i = 0; i < cluster->count; i++)
		text_encode(out, cluster->character[i]);
}

/* Most names are ASCII, and need no decoding. */
static size_t plain_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f)
		i++;
	return i;
}

static int width_between(const char *at, const char *end)
{
	struct cluster cluster;
	int total = 0;

	while (next_cluster(&at, end, &cluster))
		if (__builtin_add_overflow(total, cluster.width, &total))
			return INT32_MAX;
	return total;
}

int text_width(const char *text)
{
	size_t len = strlen(text);

	if (len < INT32_MAX && plain_len(text, len) == len)
		return (int)len;
	return width_between(text, text + len);
}

void text_sanitize(struct strbuf *out, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct cluster cluster;

	if (plain_len(text, len) == len) {
		strbuf_add(out, text, len);
		return;
	}
	while (next_cluster(&at, end, &cluster))
		add_cluster(out, &cluster);
}

void text_sanitize_lines(struct strbuf *out, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\n");

		text_sanitize(out, text, len);
		text += len;
		if (!*text)
			return;
		strbuf_add(out, text++, 1);
	}
}

/* As many whole characters as fit; returns the columns used. */
static int add_head(struct strbuf *out, const char *at, const char *end, int width)
{
	struct cluster cluster;
	int used = 0;

	while (next_cluster(&at, end, &cluster) && cluster.width <= width - used) {
		add_cluster(out, &cluster);
		used += cluster.width;
	}
	return used;
}

/* Where the end of the text begins that takes at most width of its total columns. */
static const char *find_tail(const char *at, const char *end, int total, int width)
{
	struct cluster cluster;

	while (total > width && next_cluster(&at, end, &cluster))
		total -= cluster.width;
	return at;
}

/*
 * The end of a name tells more than its beginning: in C++ it is the
 * function, after namespaces and classes.  So it gets three fifths.
 */
static int tail_width(int width)
{
	return (width - 1) - (width - 1) * 2 / 5;
}

static void shorten_plain(struct strbuf *out, const char *text, size_t len, int width)
{
	int tail = tail_width(width);

	strbuf_add(out, text, (size_t)(width - 1 - tail));
	text_encode(out, ELLIPSIS);
	strbuf_add(out, text + len - tail, (size_t)tail);
}

void text_shorten(struct strbuf *out, const char *text, int width)
{
	size_t len = strlen(text);
	const char *end = text + len, *tail;
	int total;

	if (width <= 0)
		return;
	if (plain_len(text, len) == len && len > (size_t)width) {
		shorten_plain(out, text, len, width);
		return;
	}
	total = width_between(text, end);
	if (total <= width) {
		text_sanitize(out, text, len);
		return;
	}
	tail = find_tail(text, end, total, tail_width(width));
	/* A wide character that did not fit in the tail leaves a column to the head. */
	add_head(out, text, tail, width - 1 - width_between(tail, end));
	text_encode(out, ELLIPSIS);
	text_sanitize(out, tail, (size_t)(end - tail));
}

void text_repair(struct strbuf *out, const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	while (at < end)
		text_encode(out, decode(&at, end));
}

void text_encode(struct strbuf *out, uint32_t c)
{
	char byte[4];

	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = TEXT_REPLACEMENT;
	if (c < 0x80) {
		byte[0] = (char)c;
		strbuf_add(out, byte, 1);
		return;
	}
	byte[3] = (char)(0x80 | (c & 0x3f));
	byte[2] = (char)(0x80 | (c >> 6 & 0x3f));
	byte[1] = (char)(0x80 | (c >> 12 & 0x3f));
	if (c < 0x800) {
		byte[2] = (char)(0xc0 | c >> 6);
		strbuf_add(out, byte + 2, 2);
	} else if (c < 0x10000) {
		byte[1] = (char)(0xe0 | c >> 12);
		strbuf_add(out, byte + 1, 3);
	} else {
		byte[0] = (char)(0xf0 | c >> 18);
		strbuf_add(out, byte, 4);
	}
}
