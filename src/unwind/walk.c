#include "unwind/walk.h"

#include <string.h>

/* A copy that ends up to so much too early was too short; beyond is another stack. */
enum { STACK_BYTES_MAX = 8 << 20 };

struct reader {
	const struct unwind_dump *dump;
	bool too_short;		/* what was wanted last lies behind the copy */
};

static int read_word(void *context, unsigned long long address, unsigned long long *value)
{
	struct reader *reader = context;
	const struct unwind_dump *dump = reader->dump;
	uint64_t offset = address - dump->address;

	if (dump->size < sizeof *value || offset > dump->size - sizeof *value) {
		reader->too_short = !dump->whole && offset < STACK_BYTES_MAX;
		return -1;
	}
	memcpy(value, dump->stack + offset, sizeof *value);
	offset += sizeof *value;
	if (dump->deepest && *dump->deepest < offset)
		*dump->deepest = offset;
	return 0;
}

static bool is_code(const struct unwind_dump *dump, const struct unwind_state *state)
{
	struct unwind_rule rule;

	return dump->find(dump->context, unwind_pc(state), &rule) != UNWIND_CODE_NONE;
}

/*
 * What was interrupted may have pushed nothing yet: it is at the first
 * instruction, or there is no code at all where somebody called it.
 */
static enum unwind_end step_leaf(struct unwind_state *state, struct reader *reader)
{
	static const struct unwind_rule pushed_nothing = { .cfa = UNWIND_CFA_RSP, .offset = 8 };
	enum unwind_end end = unwind_step(state, pushed_nothing, read_word, reader);

	if (end == UNWIND_COMPLETE)
		return UNWIND_NO_ROWS;
	if (!end && !is_code(reader->dump, state))
		return UNWIND_NO_ROWS;
	state->guessed = UNWIND_GUESS_LEAF;
	return end;
}

/* Without unwind information: what leads to no code is not believed. */
static enum unwind_end step_bare(struct unwind_state *state, struct reader *reader)
{
	static const struct unwind_rule none = { .cfa = UNWIND_NONE };
	struct unwind_state before = *state;
	enum unwind_end end = unwind_step(state, none, read_word, reader);

	if (end == UNWIND_BY_FRAME_POINTER || (!end && is_code(reader->dump, state)))
		return end;
	*state = before;
	if (before.leaf)
		return step_leaf(state, reader);
	return end ? end : UNWIND_NO_ROWS;
}

static enum unwind_end step(struct unwind_state *state, struct reader *reader)
{
	const struct unwind_dump *dump = reader->dump;
	struct unwind_rule rule = { .cfa = UNWIND_NONE };

	switch (dump->find(dump->context, unwind_pc(state), &rule)) {
	case UNWIND_CODE_PENDING:
		return UNWIND_NOT_READY;
	case UNWIND_CODE_NONE:
		/* Somebody jumped to nowhere. */
		if (state->leaf && step_leaf(state, reader) == UNWIND_MORE)
			return UNWIND_MORE;
		return UNWIND_NO_MAPPING;
	case UNWIND_CODE_ROWS:
		if (rule.cfa != UNWIND_NONE)
			return unwind_step(state, rule, read_word, reader);
		break;
	case UNWIND_CODE_BARE:
		break;
	}
	return step_bare(state, reader);
}

static uint64_t mark(const struct unwind_state *state)
{
	return (state->at.ip & UNWIND_ADDRESS) | (state->guessed ? UNWIND_GUESSED : 0) |
	       (state->leaf ? UNWIND_EXACT : 0);
}

size_t unwind_walk(const struct unwind_dump *dump, uint64_t *ip, size_t max,
		   enum unwind_end *end)
{
	struct reader reader = { .dump = dump };
	struct unwind_state state = { .at = dump->registers, .leaf = 1 };
	size_t count = 0;

	/* That the innermost is exact needs no mark. */
	ip[count++] = state.at.ip & UNWIND_ADDRESS;
	for (;;) {
		*end = step(&state, &reader);
		if (*end)
			break;
		if (count == max) {
			*end = UNWIND_LIMIT;
			break;
		}
		ip[count++] = mark(&state);
	}
	if (*end == UNWIND_UNREADABLE && reader.too_short)
		*end = UNWIND_DUMP_TOO_SHORT;
	return count;
}
