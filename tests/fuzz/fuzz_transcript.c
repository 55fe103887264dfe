/*
 * What a program writes to its terminal: every token advances, every row is
 * as wide as allowed, no wide character is cut, and it makes no difference
 * in which portions the bytes come.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "view/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct transcript *transcript, const char *bytes, size_t len)
{
	memcpy(transcript_room(transcript, len + 1), bytes, len);
	transcript_take(transcript, len);
}

static void check_tokens(const char *at, const char *end)
{
	struct ansi_token token = { 0 };
	struct ansi_look look = { 0 };
	unsigned modes = 0;

	for (const char *before = at; ansi_next(&at, end, &token); before = at) {
		assert(at > before && at <= end && token.params <= ANSI_PARAMS_MAX);
		ansi_restyle(&look, &token);
		ansi_note_mode(&modes, &token);
		ansi_may_replay(&token);
		assert(look.ink <= 16 && look.paper <= 16 && modes >> ANSI_MODES == 0);
	}
}

static void check_row(const struct transcript *transcript, size_t row)
{
	struct transcript_cell cell[TRANSCRIPT_WIDTH_MAX];
	int used = transcript_cells(transcript, row, cell);

	assert(used >= 0 && used <= transcript->width);
	for (int x = 0; x < used; x++) {
		uint32_t c = cell[x].character;

		assert(!c || (c >= ' ' && c != 0x7f && (c < 0x80 || c > 0x9f)));
		if (!c)
			assert(x && cell[x - 1].character > 0x7f);
	}
}

static void check_same(const struct transcript *a, const struct transcript *b)
{
	assert(a->row.len == b->row.len);
	for (size_t i = 0; i < a->row.len; i++) {
		struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

		assert(a->row.at[i].at == b->row.at[i].at);
		transcript_text(a, i, &left);
		transcript_text(b, i, &right);
		assert(left.len == right.len && !memcmp(left.text, right.text, left.len));
		strbuf_release(&left);
		strbuf_release(&right);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct transcript whole = { 0 }, parts = { 0 };
	int width = size ? data[0] % 100 : 0;
	size_t step = size > 1 ? 1 + data[1] % 16 : 1;

	if (size > 4096)
		return 0;
	check_tokens(bytes, bytes + size);
	transcript_resize(&whole, width);
	add(&whole, bytes, size);
	for (size_t i = 0; i < whole.row.len; i++)
		check_row(&whole, i);
	transcript_resize(&parts, width);
	add(&parts, bytes, 0);
	for (size_t i = 0; i < size; i += step)
		add(&parts, bytes + i, size - i < step ? size - i : step);
	check_same(&whole, &parts);
	transcript_release(&whole);
	transcript_release(&parts);
	return 0;
}
