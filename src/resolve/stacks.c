#include "resolve/resolver_private.h"

enum { KERNEL_SERIAL = 0 };		/* in place of that of mappings */

const struct mappings *owner_mappings(const struct owner *owner)
{
	return owner->mappings ? owner->mappings : owner->process->mappings;
}

static void add_image(struct resolver *r, const struct owner *owner,
		      const struct mapping *mapping, binary_id binary)
{
	const struct mapped *mapped = &r->mapped.at.at[mapping->mapped];
	struct binary_place place = code_place(r, owner, mapping);

	if (mapped->kind == BINARY_FILE)
		naming_add_image(r->naming, binary, IMAGE_OF_FILE, &place);
	else if (mapped->kind == BINARY_VDSO && mapping->start >= END_OF_32_BITS)
		naming_add_image(r->naming, binary, IMAGE_OF_VDSO, NULL);
}

/* Addresses of files count from their beginning, of other code they stay. */
static location_id add_location(struct resolver *r, const struct owner *owner,
				const struct mapping *mapping, uint64_t ip,
				add_location_fn *add)
{
	const struct mapped *mapped = &r->mapped.at.at[mapping->mapped];
	bool is_new = !mapped->binary;
	binary_id binary = mapped_binary(&r->mapped, mapping->mapped, r->profile);

	mapped = &r->mapped.at.at[mapping->mapped];
	if (is_new || naming_lacks_image(r->naming, binary))
		add_image(r, owner, mapping, binary);
	if (mapped->kind == BINARY_FILE)
		ip = ip - mapping->start + mapping->offset;
	else if (mapped->kind == BINARY_VDSO)
		ip -= mapping->start;
	return add(r->profile, binary, ip);
}

static location_id kernel_location(struct resolver *r, uint64_t ip, add_location_fn *add)
{
	if (!r->kernel) {
		r->kernel = profile_add_binary(r->profile, "[kernel]", "", BINARY_KERNEL);
		naming_add_image(r->naming, r->kernel, IMAGE_OF_KERNEL, NULL);
	}
	return add(r->profile, r->kernel, ip);
}

static location_id unknown_location(struct resolver *r, add_location_fn *add)
{
	if (!r->unknown)
		r->unknown = profile_add_binary(r->profile, "[unknown]", "", BINARY_ANONYMOUS);
	/* One for all: addresses that lead nowhere are endless and mean nothing. */
	return add(r->profile, r->unknown, 0);
}

static location_id find_location(struct resolver *r, const struct owner *owner, uint64_t ip,
				 bool kernel, add_location_fn *add)
{
	uint32_t serial = kernel ? KERNEL_SERIAL : owner_mappings(owner)->serial;
	struct memo *memo = &r->memo[hash_u64(ip ^ (uint64_t)serial << 32) % MEMO_SLOTS];
	const struct mapping *mapping;

	if (memo->location && memo->ip == ip && memo->serial == serial && memo->add == add)
		return memo->location;
	if (kernel) {
		*memo = (struct memo){ ip, add, serial, kernel_location(r, ip, add) };
		return memo->location;
	}
	mapping = mappings_find(owner_mappings(owner), ip);
	if (!mapping && !owner->mappings)
		mapping = maps_look_again(r, owner->process, ip, owner->time);
	if (!mapping)
		return unknown_location(r, add);
	memo->location = add_location(r, owner, mapping, ip, add);
	memo->ip = ip;
	memo->add = add;
	memo->serial = owner_mappings(owner)->serial;
	return memo->location;
}

/* How a walk's end reads in the profile. */
struct verdict {
	enum stack_end end;
	enum truncation reason;
};

static struct verdict verdict_of(enum unwind_end end)
{
	static const struct verdict verdicts[UNWIND_ENDS] = {
		[UNWIND_MORE] = { STACK_BY_NAME, 0 },
		/* Nothing is missing: there is no other stack, no more or not yet. */
		[UNWIND_NO_USER] = { STACK_COMPLETE, 0 },
		[UNWIND_COMPLETE] = { STACK_COMPLETE, 0 },
		[UNWIND_BY_FRAME_POINTER] = { STACK_FRAME_POINTER, 0 },
		[UNWIND_NO_MAPPING] = { STACK_TRUNCATED, TRUNCATED_NO_MAPPING },
		[UNWIND_NO_ROWS] = { STACK_TRUNCATED, TRUNCATED_NO_ROWS },
		[UNWIND_NOT_READY] = { STACK_TRUNCATED, TRUNCATED_NOT_READY },
		[UNWIND_UNREADABLE] = { STACK_TRUNCATED, TRUNCATED_UNREADABLE },
		[UNWIND_LIMIT] = { STACK_TRUNCATED, TRUNCATED_FRAME_LIMIT },
		[UNWIND_IMPLAUSIBLE] = { STACK_TRUNCATED, TRUNCATED_IMPLAUSIBLE },
		[UNWIND_NOT_SUPPORTED] = { STACK_TRUNCATED, TRUNCATED_UNSUPPORTED },
		[UNWIND_DUMP_TOO_SHORT] = { STACK_TRUNCATED, TRUNCATED_DUMP_TOO_SHORT },
		[UNWIND_32_BIT] = { STACK_TRUNCATED, TRUNCATED_32_BIT },
	};

	return verdicts[end < UNWIND_ENDS ? end : UNWIND_MORE];
}

/*
 * All but the innermost address of the kernel and of the program, and what
 * was interrupted by signals, are where calls return to: the call is just
 * before, and may be the last instruction of its line, or of its function.
 * What frame pointers led to may be anything, so it has no marks.
 */
static location_id location_of(struct resolver *r, const struct owner *owner,
			       const struct walked *walked, size_t i, add_location_fn *add)
{
	bool kernel = i < walked->kernel_count, returns = i != 0 && i != walked->kernel_count;
	uint64_t ip = walked->ip[i];

	if (!kernel && walked->end != UNWIND_MORE) {
		if (ip & UNWIND_EXACT)
			returns = false;
		if (ip & UNWIND_GUESSED)
			add = profile_add_guessed_location;
		ip &= UNWIND_ADDRESS;
		/* All that is in the upper half of addresses is [vsyscall]. */
		if (ip > UNWIND_ADDRESS / 2)
			ip |= ~UNWIND_ADDRESS;
	}
	return find_location(r, owner, returns && ip ? ip - 1 : ip, kernel, add);
}

/*
 * The kernel was called from there, and it is not mapped any more: the
 * process is about to run another program.  Of those outside of our pid
 * namespace nothing ever is known to be mapped.
 */
static bool has_left_program(const struct owner *owner, const struct walked *walked)
{
	if (owner->pid <= 0 || !walked->kernel_count || walked->count != walked->kernel_count + 1)
		return false;
	return walked->end == UNWIND_NO_MAPPING ||
	       (walked->end == UNWIND_UNREADABLE &&
		!mappings_find(owner_mappings(owner),
			       walked->ip[walked->kernel_count] & UNWIND_ADDRESS));
}

/* Outermost first. */
stack_id stacks_add(struct resolver *r, const struct owner *owner, const struct walked *walked,
		    enum stack_end *end)
{
	struct verdict verdict = verdict_of(walked->end);
	size_t count = walked->count;
	stack_id stack = 0;

	if (has_left_program(owner, walked)) {
		verdict = verdict_of(UNWIND_NO_USER);
		count = walked->kernel_count;
	}

	*end = verdict.end;
	if (verdict.end == STACK_TRUNCATED)
		stack = profile_add_stack(r->profile, 0,
					  profile_truncation(r->profile, verdict.reason));
	for (size_t i = count; i-- > 0;) {
		bool judged = !stack && verdict.end == STACK_BY_NAME;
		add_location_fn *add = judged ? profile_add_outermost_location :
						profile_add_location;

		stack = profile_add_stack(r->profile, stack,
					  location_of(r, owner, walked, i, add));
	}
	if (!stack)
		stack = profile_add_stack(r->profile, 0,
					  unknown_location(r, profile_add_location));
	return stack;
}
