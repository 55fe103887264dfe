#include "base/clock.h"
#include "resolve/resolver_private.h"

struct finder {
	struct resolver *resolver;
	const struct owner *owner;
	const struct mapping *mapping;	/* where the last address was found */
	uint32_t lacks;			/* what is not ready yet, 0: nothing */
};

static enum unwind_code find_rule(void *context, uint64_t address, struct unwind_rule *rule)
{
	struct finder *finder = context;
	struct resolver *r = finder->resolver;
	const struct mapping *mapping = finder->mapping;
	enum unwind_code code;

	if (!mapping || address < mapping->start || address >= mapping->end)
		mapping = finder->mapping = mappings_find(owner_mappings(finder->owner), address);
	if (!mapping)
		return UNWIND_CODE_NONE;
	/* No process could be asked for it so far. */
	if (r->mapped.at.at[mapping->mapped].code == UNWIND_CODE_NONE && finder->owner->process)
		code_want(r, finder->owner->process, address);
	code = code_find(r, mapping, address, rule);
	if (code == UNWIND_CODE_PENDING)
		finder->lacks = mapping->mapped;
	return code;
}

/* The addresses are in the resolver's memory, until the next walk. */
static struct walked walk_once(struct resolver *r, const struct unwalked *of, uint32_t *lacks)
{
	struct finder finder = { .resolver = r, .owner = &of->owner };
	struct unwind_dump dump = {
		.registers = *of->registers, .address = of->registers->r[UNWIND_RSP],
		.stack = of->stack.at, .size = of->stack.len, .whole = of->whole,
		.deepest = &r->dumps.deepest, .find = find_rule, .context = &finder,
	};
	size_t kernel = of->kernel_count < KERNEL_FRAMES_MAX ? of->kernel_count :
							      KERNEL_FRAMES_MAX;
	struct walked walked = { .ip = r->walk, .kernel_count = kernel };

	if (kernel)
		memcpy(r->walk, of->kernel, kernel * sizeof *r->walk);
	walked.count = kernel + unwind_walk(&dump, r->walk + kernel, UNWIND_FRAMES_MAX,
					    &walked.end);
	*lacks = finder.lacks;
	return walked;
}

/* Where nothing was mapped. */
static uint64_t last_address(const struct walked *walked)
{
	uint64_t ip = walked->ip[walked->count - 1];
	bool returns = walked->count > walked->kernel_count + 1 && !(ip & UNWIND_EXACT);

	return (ip & UNWIND_ADDRESS) - returns;
}

/* What was mapped with the event lost is found by looking. */
static struct walked walk(struct resolver *r, const struct unwalked *of, uint32_t *lacks)
{
	const struct owner *owner = &of->owner;
	struct walked walked = walk_once(r, of, lacks);

	if (walked.end == UNWIND_NO_MAPPING && !owner->mappings &&
	    maps_look_again(r, owner->process, last_address(&walked), owner->time))
		walked = walk_once(r, of, lacks);
	return walked;
}

static void add(struct resolver *r, const struct owner *owner, const struct walked *walked,
		struct sample *sample)
{
	r->dumps.walked++;
	r->dumps.too_short += walked->end == UNWIND_DUMP_TOO_SHORT;
	sample->stack = stacks_add(r, owner, walked, &sample->end);
	profile_add_sample(r->profile, sample);
}

static bool let_wait(struct resolver *r, const struct unwalked *of, const struct sample *sample,
		     uint32_t lacks)
{
	const struct process *process = of->owner.process;
	const struct task *task = process_find_task(process, of->owner.tid);
	struct waiting waiting = {
		.of = *of, .sample = *sample, .generation = r->profile->generation,
		.lacks = lacks, .until = clock_now() + WAITING_TIME_MAX,
	};

	memcpy(waiting.process, process->name, sizeof waiting.process);
	memcpy(waiting.name, task ? task->name : process->name, sizeof waiting.name);
	waiting.of.owner.mappings = process->mappings;
	if (!waiting_add(&r->waiting, &waiting))
		return false;
	profile_hold(r->profile, true);
	return true;
}

/* It begins to run its program, or has none any more. */
static bool has_no_stack(const struct unwind_registers *registers)
{
	return !registers->ip && !registers->r[UNWIND_RSP];
}

void walks_take(struct resolver *r, const struct unwalked *of, struct sample *sample)
{
	struct walked walked = { of->kernel, of->kernel_count, of->kernel_count, UNWIND_NO_USER };
	uint32_t lacks;

	if (has_no_stack(of->registers)) {
		sample->stack = stacks_add(r, &of->owner, &walked, &sample->end);
		profile_add_sample(r->profile, sample);
		return;
	}
	resolver_want_rows(r);
	walked = walk(r, of, &lacks);
	if (walked.end == UNWIND_NOT_READY && let_wait(r, of, sample, lacks))
		return;
	add(r, &of->owner, &walked, sample);
}

static bool try_again(void *context, struct waiting *waiting, bool last)
{
	struct resolver *r = context;
	struct walked walked;

	if (!last && r->mapped.at.at[waiting->lacks].code == UNWIND_CODE_PENDING)
		return false;
	walked = walk(r, &waiting->of, &waiting->lacks);
	if (walked.end == UNWIND_NOT_READY && !last)
		return false;
	if (waiting->generation != r->profile->generation)
		waiting->sample.thread = tasks_find_late(r, waiting);
	add(r, &waiting->of.owner, &walked, &waiting->sample);
	return true;
}

void walks_finish(struct resolver *r, uint64_t now)
{
	if (!r->waiting.at.len ||
	    (r->known_last == r->known_count && now < r->waiting.at.at[0]->until))
		return;
	r->known_last = r->known_count;
	waiting_work(&r->waiting, &r->processes, now, try_again, r);
	profile_hold(r->profile, r->waiting.at.len);
}

void resolver_take_dump_facts(struct resolver *r, struct dump_facts *facts)
{
	*facts = r->dumps;
	r->dumps = (struct dump_facts){ 0 };
}
