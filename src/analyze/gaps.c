#include "analyze/gaps.h"

static void remove_gap(struct gaps *gaps, size_t i)
{
	memmove(gaps->gap.at + i, gaps->gap.at + i + 1,
		(--gaps->gap.len - i) * sizeof *gaps->gap.at);
}

/* Take those out that touch one of their kind, and make it cover them. */
static struct gap unite(struct gaps *gaps, struct gap gap)
{
	for (size_t i = gaps->gap.len; i-- > 0;) {
		const struct gap *other = &gaps->gap.at[i];

		if (other->kind != gap.kind || other->from > gap.until || other->until < gap.from)
			continue;
		if (other->from < gap.from)
			gap.from = other->from;
		if (other->until > gap.until)
			gap.until = other->until;
		remove_gap(gaps, i);
	}
	return gap;
}

void gaps_add(struct gaps *gaps, struct gap gap)
{
	size_t i;

	if (gap.until <= gap.from)
		return;
	gap = unite(gaps, gap);
	if (gaps->gap.len == GAPS_MAX)
		remove_gap(gaps, 0);
	array_push(&gaps->gap, gap);
	for (i = gaps->gap.len - 1; i && gaps->gap.at[i - 1].from > gap.from; i--)
		gaps->gap.at[i] = gaps->gap.at[i - 1];
	gaps->gap.at[i] = gap;
}

void gaps_copy(struct gaps *to, const struct gaps *from)
{
	to->gap.len = 0;
	for (size_t i = 0; i < from->gap.len; i++)
		array_push(&to->gap, from->gap.at[i]);
}

uint64_t gaps_within(const struct gaps *gaps, uint64_t from, uint64_t until, unsigned kinds)
{
	uint64_t sum = 0;

	/* What one has covered does not count for the next. */
	for (size_t i = 0; i < gaps->gap.len && gaps->gap.at[i].from < until; i++) {
		const struct gap *gap = &gaps->gap.at[i];
		uint64_t begin = gap->from > from ? gap->from : from;
		uint64_t end = gap->until < until ? gap->until : until;

		if (!(gap->kind & kinds) || end <= begin)
			continue;
		sum += end - begin;
		from = end;
	}
	return sum;
}

uint64_t gaps_end(const struct gaps *gaps)
{
	uint64_t end = 0;

	for (size_t i = 0; i < gaps->gap.len; i++)
		if (gaps->gap.at[i].until > end)
			end = gaps->gap.at[i].until;
	return end;
}

void gaps_release(struct gaps *gaps)
{
	array_release(&gaps->gap);
}
