#include "source/perf_adapt.h"

#include <stdio.h>

#include "resolve/code.h"

enum {
	LOOK_NS = 100000000,
	/* For so long there are still copies of the length of before. */
	SETTLE_NS = 200000000,
	/* Of so many threads the events can be opened anew between two updates. */
	REPLACED_THREADS_MAX = 256,
	WATCHED_MAX = 256,
};

static unsigned kib(unsigned bytes)
{
	return (bytes + 1023) >> 10;
}

/* What is told last stands for what was told before. */
static void tell(struct perf_adapt *adapt, const char *text)
{
	if (!adapt->told) {
		array_push(&adapt->facts->notice, NULL);
		adapt->told = adapt->facts->notice.len;
	}
	xfree(adapt->facts->notice.at[adapt->told - 1]);
	adapt->facts->notice.at[adapt->told - 1] = xstrdup(text);
}

static bool replace_threads(struct perf_adapt *adapt)
{
	struct target target = { .no_follow = adapt->no_follow };
	struct error ignored;
	size_t count;
	bool ok;

	if (resolver_watched_threads(adapt->resolver) > REPLACED_THREADS_MAX)
		return false;
	array_extend(&target.pid, WATCHED_MAX);
	count = resolver_watched(adapt->resolver, target.pid.at, WATCHED_MAX);
	target.pid.len = count < WATCHED_MAX ? count : WATCHED_MAX;
	ok = count && count <= WATCHED_MAX &&
	     perf_threads_replace(adapt->threads, adapt->set, &target, &ignored);
	array_release(&target.pid);
	return ok;
}

static void replace(struct perf_adapt *adapt, unsigned before)
{
	char text[80];

	if (adapt->plan->per_cpu ? perf_set_replace(adapt->set) : replace_threads(adapt)) {
		snprintf(text, sizeof text, "copying up to %u KiB of each stack",
			 kib(adapt->plan->stack_bytes));
		tell(adapt, text);
		return;
	}
	adapt->plan->stack_bytes = before;
	adapt->stack.bytes = adapt->stack.least = adapt->stack.most = before;
}

static void tell_cut(struct perf_adapt *adapt)
{
	char text[120];

	snprintf(text, sizeof text,
		 "stacks deeper than %u KiB are cut%s", kib(adapt->plan->stack_bytes),
		 adapt->stack.most < PERF_STACK_MAX ?
			 ": there is no room to copy more (ulimit -l)" : "");
	tell(adapt, text);
}

void perf_adapt_work(struct perf_adapt *adapt, uint64_t now)
{
	unsigned before = adapt->plan->stack_bytes;
	struct dump_facts facts;

	if (now - adapt->last < LOOK_NS)
		return;
	adapt->last = now;
	resolver_take_dump_facts(adapt->resolver, &facts);
	if (adapt->told && now - adapt->stack.since < SETTLE_NS)
		return;
	perf_stack_note(&adapt->stack, facts.walked, facts.too_short, facts.deepest);
	adapt->plan->stack_bytes = perf_stack_adapt(&adapt->stack, now);
	if (adapt->plan->stack_bytes != before)
		replace(adapt, before);
	if (adapt->stack.too_short && before >= adapt->stack.most)
		tell_cut(adapt);
}
