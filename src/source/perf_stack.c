#include "source/perf_stack.h"

#include <linux/capability.h>

#include "source/perf_ring.h"

enum {
	RING_BYTES_MAX = 16 << 20,
	RINGS_BYTES_MAX = 64 << 20,	/* of all CPUs */
	/* So many copies fit in a ring: the time of as many samples to read them. */
	COPIES_IN_RING = 16,
	FEW_COPIES_IN_RING = 4,
	SHORT_OF_MANY = 1000,		/* one of so many may be too short */
	SHORT_OF_SOME = 10,		/* where longer ones don't fit well */
	SHRINK_WALKED = 1000,
};

#define SHRINK_NS	UINT64_C(30000000000)

static bool has_no_limit(const struct privilege *privilege)
{
	return privilege->paranoid == -1 || privilege_has(privilege, CAP_IPC_LOCK);
}

/*
 * The user's share of each CPU, of which other programs want something as
 * well, and what this process may lock.
 */
static uint64_t allowance(const struct privilege *privilege, size_t cpus)
{
	uint64_t share = privilege->mlock_kb > 0 ? (uint64_t)privilege->mlock_kb * 512 : 0;
	uint64_t locked = privilege->locked / cpus;

	return locked > UINT64_MAX / 2 ? locked : share + locked;
}

size_t perf_stack_ring(const struct privilege *privilege, size_t cpus)
{
	static const uint64_t page = 4096;
	size_t bytes = RING_BYTES_MAX;

	while (bytes > PERF_RING_BYTES && bytes * cpus > RINGS_BYTES_MAX)
		bytes /= 2;
	while (!has_no_limit(privilege) && bytes > PERF_RING_BYTES_MIN &&
	       bytes + page > allowance(privilege, cpus))
		bytes /= 2;
	return bytes;
}

static unsigned within_limits(size_t bytes)
{
	if (bytes < PERF_STACK_MIN)
		return PERF_STACK_MIN;
	return bytes < PERF_STACK_MAX ? (unsigned)bytes : PERF_STACK_MAX;
}

unsigned perf_stack_fitting(size_t ring_bytes)
{
	return within_limits(ring_bytes / COPIES_IN_RING);
}

unsigned perf_stack_longest(size_t ring_bytes)
{
	return within_limits(ring_bytes / FEW_COPIES_IN_RING);
}

void perf_stack_note(struct perf_stack *stack, uint64_t walked, uint64_t too_short, size_t deepest)
{
	stack->walked += walked;
	stack->too_short += too_short;
	if (stack->deepest < deepest)
		stack->deepest = deepest;
}

static unsigned wanted(const struct perf_stack *stack, uint64_t now)
{
	unsigned longer = stack->bytes * 2 < stack->most ? stack->bytes * 2 : stack->most;
	unsigned share = longer <= stack->fitting ? SHORT_OF_MANY : SHORT_OF_SOME;

	if (stack->too_short * share > stack->walked)
		return longer;
	/* What is too short even so would not get better. */
	if (stack->too_short || stack->walked < SHRINK_WALKED || now - stack->since < SHRINK_NS)
		return stack->bytes;
	if (stack->deepest > stack->bytes / 4 || stack->bytes / 2 < stack->least)
		return stack->bytes;
	return (stack->bytes / 2 + 7) & ~7u;
}

unsigned perf_stack_adapt(struct perf_stack *stack, uint64_t now)
{
	unsigned bytes = wanted(stack, now);

	if (bytes != stack->bytes || now - stack->since >= 2 * SHRINK_NS)
		*stack = (struct perf_stack){ .bytes = bytes, .least = stack->least,
					      .most = stack->most, .fitting = stack->fitting,
					      .since = now };
	return bytes;
}
