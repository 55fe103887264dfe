#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_symbolizer.h"
#include "made_rows.h"
#include "resolve/resolver_private.h"

/* Samples whose stacks are still to be walked, and what is told of code. */

/* Processes of events, far above what pid_max allows. */
enum { PARENT = 5000001, CHILD, THREAD, OTHER };

/* Where files are mapped to; their rows begin a page later. */
enum { TEXT = 0x10000, LIBRARY = 0x40000, ANON = 0x80000, SIZE = 0x10000, STACK = 0x7f0000 };

struct fixture {
	struct profile *profile;
	struct resolver *resolver;
	struct strbuf text;
	uint64_t time;
	uint32_t seen[26];		/* serials */
};

/* A function with one word on the stack; one above all; and what is not known. */
static int make_rows(int image, enum rows_result *result)
{
	static const struct made_row row[] = {
		{ 0x1000, { .cfa = UNWIND_CFA_RSP, .offset = 16 } },
		{ 0x1800, { .cfa = UNWIND_END } },
		{ 0x1c00, { .cfa = UNWIND_UNSUPPORTED } },
	};

	(void)image, (void)result;
	return make_rows_of(row, 3);
}

static struct fixture start(void)
{
	struct fixture f = { .profile = profile_new(), .text = STRBUF_INIT };

	fake.make_rows = make_rows;
	f.resolver = resolver_new(f.profile, 0);
	profile_add_metric(f.profile, "cycles", UNIT_COUNT);
	return f;
}

static void end(struct fixture *f)
{
	resolver_free(f->resolver);
	profile_free(f->profile);
	strbuf_release(&f->text);
}

static void deliver(struct fixture *f, struct event event)
{
	struct sink *sink = resolver_sink(f->resolver);

	event.time = UINT64_MAX / 2 + ++f->time * 1000;
	sink->event(sink, &event);
}

static void map(struct fixture *f, pid_t pid, uint64_t at, const char *path)
{
	deliver(f, (struct event){ .type = EVENT_MAP, .pid = pid, .tid = pid,
				   .map = { .start = at, .size = SIZE, .path = path } });
}

static void exec(struct fixture *f, pid_t pid, const char *name)
{
	deliver(f, (struct event){ .type = EVENT_EXEC, .pid = pid, .tid = pid,
				   .name = { name } });
}

static void fork_from(struct fixture *f, pid_t parent, pid_t pid)
{
	deliver(f, (struct event){ .type = EVENT_FORK, .pid = pid, .tid = pid,
				   .fork = { parent, parent } });
}

static void leave(struct fixture *f, pid_t pid)
{
	deliver(f, (struct event){ .type = EVENT_EXIT, .pid = pid, .tid = pid });
}

/* The text is a file that can be opened. */
static void launch(struct fixture *f)
{
	resolver_watch_from_exec(f->resolver, PARENT);
	exec(f, PARENT, "prog");
	map(f, PARENT, TEXT, "/etc/passwd");
}

/* The words lie from the stack pointer on. */
static void sample_in(struct fixture *f, pid_t pid, uint64_t ip, uint64_t fp,
		      const uint64_t *word, size_t words)
{
	static const uint64_t kernel[] = { 0xffffffff81000010 };
	struct unwind_registers registers = { .ip = ip };

	registers.r[UNWIND_RSP] = STACK;
	registers.r[UNWIND_RBP] = fp;
	deliver(f, (struct event){
		.type = EVENT_SAMPLE, .pid = pid, .tid = pid,
		.sample = { .weight = 10, .ip = kernel, .ip_count = 1, .kernel_count = 1,
			    .registers = &registers,
			    .stack = { (const unsigned char *)word, words * sizeof *word } } });
}

static const uint64_t whole[] = { 0, TEXT + 0x1805 };

static void sample(struct fixture *f)
{
	sample_in(f, PARENT, TEXT + 0x1000, 0, whole, 2);
}

static void add_stack(const struct profile *p, stack_id id, struct strbuf *out)
{
	const struct stack *stack = &p->stack.at[id];
	const struct location *l = &p->location.at[stack->location];

	if (stack->caller) {
		add_stack(p, stack->caller, out);
		strbuf_adds(out, " ");
	}
	if (!l->binary)
		strbuf_adds(out, profile_function_name(p, p->frame.at[l->first_frame].function));
	else if (p->binary.at[l->binary].kind == BINARY_KERNEL)
		strbuf_adds(out, "K");
	else
		strbuf_addf(out, "%s%s+%llx", l->guessed ? "?" : "",
			    profile_string(p, p->binary.at[l->binary].name),
			    (unsigned long long)l->address);
}

/* "samples end: stack", a line each, outermost first. */
static const char *sums(struct fixture *f)
{
	static const char *const ends[] = { "by name", "complete", "frame pointer", "truncated" };
	const struct profile *p = f->profile;

	profile_seal(f->profile, UINT64_MAX / 2 + ++f->time * 1000);
	strbuf_clear(&f->text);
	for (size_t i = 0; i < p->sum.len; i++) {
		const struct sum *sum = &p->sum.at[i];

		strbuf_addf(&f->text, "%llu %s: ", (unsigned long long)sum->samples,
			    ends[sum->end]);
		add_stack(p, sum->stack, &f->text);
		strbuf_adds(&f->text, "\n");
	}
	return f->text.text;
}

static void test_ready(void **state)
{
	static const uint64_t dumb[] = { 0, TEXT + 0x1c05 };
	struct fixture f = start();
	struct dump_facts facts;

	(void)state;
	resolver_want_rows(f.resolver);
	launch(&f);
	resolver_work(f.resolver);
	sample(&f);
	/* Its names. */
	assert_int_equal(resolver_waiting(f.resolver), 3);
	sample_in(&f, PARENT, TEXT + 0x1000, 0, whole, 1);
	sample_in(&f, PARENT, TEXT + 0x1000, 0, dumb, 2);
	assert_string_equal(sums(&f),
		"1 complete: passwd+1804 passwd+1000 K\n"
		"1 truncated: [truncated: copy of the stack too short] passwd+1000 K\n"
		"1 truncated: [truncated: unsupported unwind information] "
		"passwd+1c04 passwd+1000 K\n");
	resolver_take_dump_facts(f.resolver, &facts);
	assert_int_equal(facts.walked, 3);
	assert_int_equal(facts.too_short, 1);
	assert_int_equal(facts.deepest, 16);
	resolver_take_dump_facts(f.resolver, &facts);
	assert_int_equal(facts.walked + facts.too_short + facts.deepest, 0);
	end(&f);
}

static void test_no_stack(void **state)
{
	static const uint64_t kernel[] = { 0xffffffff81000010 };
	struct unwind_registers registers = { 0 };
	struct fixture f = start();

	(void)state;
	launch(&f);
	deliver(&f, (struct event){ .type = EVENT_SAMPLE, .pid = PARENT, .tid = PARENT,
				    .sample = { .ip = kernel, .ip_count = 1, .kernel_count = 1,
						.registers = &registers } });
	/* Of the program that it ran before. */
	sample_in(&f, PARENT, LIBRARY, 0, NULL, 0);
	assert_string_equal(sums(&f), "2 complete: K\n");
	end(&f);
}

/* Without rows by frame pointers; and what was reached so is marked. */
static void test_guessed(void **state)
{
	static const uint64_t chain[] = { 0, STACK + 24, ANON + 0x205, 0, TEXT + 0x1805 };
	static const uint64_t nowhere[] = { 0, 0x666000 };
	struct fixture f = start();

	(void)state;
	launch(&f);
	map(&f, PARENT, ANON, "//anon");
	resolver_want_rows(f.resolver);
	resolver_work(f.resolver);
	sample_in(&f, PARENT, ANON + 0x100, STACK + 8, chain, 5);
	sample_in(&f, PARENT, TEXT + 0x1000, 0, nowhere, 2);
	assert_string_equal(sums(&f),
		"1 complete: ?passwd+1804 ?[anon]+80204 [anon]+80100 K\n"
		"1 truncated: [truncated: no mapping] [unknown]+0 passwd+1000 K\n");
	end(&f);
}

/* What was walked elsewhere carries marks; a walk by frame pointers has none. */
static void test_marks(void **state)
{
	static const uint64_t ip[] = { 0xffffffff81000010, TEXT + 0x100,
				       TEXT + 0x200, (TEXT + 0x300) | UNWIND_EXACT,
				       (TEXT + 0x400) | UNWIND_GUESSED };
	static const uint64_t vsyscall[] = { 0xffffffffff600007 & UNWIND_ADDRESS, TEXT + 0x200 };
	struct fixture f = start();
	struct event event = { .type = EVENT_SAMPLE, .pid = PARENT, .tid = PARENT,
			       .sample = { .ip = ip, .ip_count = 5, .kernel_count = 1 } };

	(void)state;
	launch(&f);
	event.sample.end = UNWIND_COMPLETE;
	deliver(&f, event);
	deliver(&f, (struct event){ .type = EVENT_MAP, .pid = PARENT, .tid = PARENT,
				    .map = { .start = 0xffffffffff600000, .size = 0x1000,
					     .path = "[vsyscall]" } });
	event.sample.ip = vsyscall;
	event.sample.kernel_count = 0;
	event.sample.ip_count = 2;
	deliver(&f, event);
	event.sample.ip = ip;
	event.sample.kernel_count = 1;
	event.sample.end = UNWIND_32_BIT;
	event.sample.ip_count = 2;
	deliver(&f, event);
	event.sample.end = UNWIND_MORE;
	event.sample.ip_count = 4;
	deliver(&f, event);
	assert_string_equal(sums(&f),
		"1 complete: ?passwd+3ff passwd+300 passwd+1ff passwd+100 K\n"
		"1 complete: passwd+1ff [vsyscall]+ffffffffff600007\n"
		"1 truncated: [truncated: 32-bit program] passwd+100 K\n"
		"1 by name: [unknown]+0 passwd+1ff passwd+100 K\n");
	end(&f);
}

static void test_waits(void **state)
{
	struct fixture f = start();

	(void)state;
	launch(&f);
	fake.rows_silent = true;
	fake.silent = true;
	sample(&f);
	sample(&f);
	map(&f, PARENT, ANON, "//anon");
	sample_in(&f, PARENT, ANON, 0, whole, 1);
	/* They will be of this moment, so nothing is sealed now. */
	assert_string_equal(sums(&f), "");
	resolver_work(f.resolver);
	assert_int_equal(f.resolver->waiting.at.len, 2);
	fake.rows_silent = false;
	resolver_work(f.resolver);
	assert_int_equal(f.resolver->waiting.at.len, 0);
	assert_int_equal(f.resolver->waiting.bytes, 0);
	assert_string_equal(sums(&f), "1 truncated: [truncated: no unwind information] "
				      "[anon]+80000 K\n"
				      "2 complete: passwd+1804 passwd+1000 K\n");
	end(&f);
}

/* What was mapped then counts, even when its process has ended. */
static void test_waits_for_what_was(void **state)
{
	struct fixture f = start();

	(void)state;
	launch(&f);
	sample(&f);
	map(&f, PARENT, TEXT, "/etc/group");
	sample(&f);
	leave(&f, PARENT);
	resolver_work(f.resolver);
	resolver_work(f.resolver);
	assert_string_equal(sums(&f), "1 complete: passwd+1804 passwd+1000 K\n"
				      "1 complete: group+1804 group+1000 K\n");
	assert_int_equal(f.resolver->processes.mapping_count, 0);
	end(&f);
}

static void test_too_late(void **state)
{
	static const uint64_t into_library[] = { 0, LIBRARY + 0x1805 };
	struct fixture f = start();

	(void)state;
	fake.silent = true;
	launch(&f);
	resolver_want_rows(f.resolver);
	resolver_work(f.resolver);
	fake.rows_silent = true;
	map(&f, PARENT, LIBRARY, "/etc/group");
	sample_in(&f, PARENT, TEXT + 0x1000, 0, into_library, 2);
	assert_int_equal(f.resolver->waiting.at.len, 1);
	walks_finish(f.resolver, clock_now() + 1000000);
	assert_int_equal(f.resolver->waiting.at.len, 1);
	walks_finish(f.resolver, clock_now() + WAITING_TIME_MAX);
	assert_string_equal(sums(&f),
		"1 truncated: [truncated: unwind information not ready] "
		"group+1804 passwd+1000 K\n");
	end(&f);
}

static void test_room(void **state)
{
	enum { WORDS = 8000, SAMPLES = 1000 };
	uint64_t *word = xcalloc(WORDS, sizeof *word);
	struct fixture f = start();
	size_t waiting;

	(void)state;
	memcpy(word, whole, sizeof whole);
	launch(&f);
	for (int i = 0; i < SAMPLES; i++)
		sample_in(&f, PARENT, TEXT + 0x1000, 0, word, WORDS);
	waiting = f.resolver->waiting.at.len;
	assert_true(f.resolver->waiting.bytes <= WAITING_BYTES_MAX);
	assert_in_range(waiting, 300, 600);
	resolver_work(f.resolver);
	sums(&f);
	assert_int_equal(f.profile->samples, SAMPLES);
	assert_int_equal(f.profile->sum.len, 2);
	/* Those that wait at the end are no leak. */
	map(&f, PARENT, TEXT, "/etc/group");
	sample_in(&f, PARENT, TEXT + 0x1000, 0, word, WORDS);
	end(&f);
	xfree(word);
}

/* Ids of threads that ended are void in another generation. */
static void test_generation(void **state)
{
	struct fixture f = start();

	(void)state;
	launch(&f);
	fork_from(&f, PARENT, CHILD);
	sample_in(&f, PARENT, TEXT + 0x1000, 0, whole, 2);
	sample_in(&f, CHILD, TEXT + 0x1000, 0, whole, 2);
	leave(&f, CHILD);
	profile_zero(f.profile);
	resolver_work(f.resolver);
	sums(&f);
	assert_int_equal(f.profile->sum.len, 2);
	assert_int_equal(f.profile->thread.at[f.profile->sum.at[0].thread].pid, PARENT);
	assert_false(f.profile->thread.at[f.profile->sum.at[0].thread].exited);
	assert_int_equal(f.profile->thread.at[f.profile->sum.at[1].thread].pid, CHILD);
	assert_true(f.profile->thread.at[f.profile->sum.at[1].thread].exited);
	end(&f);
}

static void test_vdso(void **state)
{
	static const uint64_t vdso = UINT64_C(0x7ffff7fc1000);
	static const uint64_t word[] = { 0, 0x7ffff7fc2805 };
	struct fixture f = start();

	(void)state;
	launch(&f);
	resolver_want_rows(f.resolver);
	deliver(&f, (struct event){ .type = EVENT_MAP, .pid = PARENT, .tid = PARENT,
				    .map = { .start = vdso, .size = 0x2000, .offset = vdso,
					     .path = "[vdso]" } });
	resolver_work(f.resolver);
	resolver_work(f.resolver);
	sample_in(&f, PARENT, vdso + 0x1000, 0, word, 2);
	assert_string_equal(sums(&f), "1 complete: [vdso]+1804 [vdso]+1000 K\n");
	end(&f);
}

/* Changes of code. */

/* All that is to be told: "pid gone" or "pid serial-letter start:kind ..." */
static const char *changes(struct fixture *f)
{
	static const char kind[] = "-rbp";
	struct code_change change;

	strbuf_clear(&f->text);
	while (resolver_take_code_change(f->resolver, &change)) {
		size_t letter = 0;

		strbuf_addf(&f->text, "%d", (int)change.pid - PARENT);
		if (change.gone) {
			strbuf_adds(&f->text, " gone\n");
			continue;
		}
		while (letter < 26 && f->seen[letter] && f->seen[letter] != change.serial)
			letter++;
		assert_true(letter < 26);
		f->seen[letter] = change.serial;
		strbuf_addf(&f->text, " %c", (int)('A' + letter));
		for (size_t i = 0; i < change.count; i++) {
			const struct code_range *range = &change.range[i];

			strbuf_addf(&f->text, " %llx%c", (unsigned long long)range->start,
				    kind[range->kind]);
			assert_true((range->kind == UNWIND_CODE_ROWS) == !!range->table);
			assert_true(range->end > range->start);
		}
		strbuf_adds(&f->text, "\n");
	}
	return f->text.text ? f->text.text : "";
}

static void test_changes(void **state)
{
	struct fixture f = start();

	(void)state;
	assert_string_equal(changes(&f), "");
	resolver_watch_from_exec(f.resolver, PARENT);
	map(&f, PARENT, TEXT, "/etc/group");
	assert_string_equal(changes(&f), "");
	assert_false(resolver_has_rows(f.resolver, PARENT));
	exec(&f, PARENT, "prog");
	map(&f, PARENT, TEXT, "/etc/passwd");
	map(&f, PARENT, ANON, "//anon");
	assert_false(resolver_has_rows(f.resolver, PARENT));
	assert_string_equal(changes(&f), "0 A 10000p 80000b\n");
	assert_string_equal(changes(&f), "");
	resolver_work(f.resolver);
	assert_true(resolver_has_rows(f.resolver, PARENT));
	assert_string_equal(changes(&f), "0 B 10000r 80000b\n");
	/* Children have the same until they change it; several changes are one. */
	fork_from(&f, PARENT, CHILD);
	fork_from(&f, CHILD, OTHER);
	assert_string_equal(changes(&f), "1 B 10000r 80000b\n3 B 10000r 80000b\n");
	map(&f, CHILD, LIBRARY, "/etc/group");
	map(&f, CHILD, LIBRARY + SIZE, "/etc/group");
	map(&f, OTHER, LIBRARY, "/etc/passwd");
	assert_string_equal(changes(&f), "1 C 10000r 40000p 50000p 80000b\n"
					 "3 D 10000r 40000r 80000b\n");
	/* Rows matter to those who have it mapped. */
	resolver_work(f.resolver);
	assert_string_equal(changes(&f), "1 E 10000r 40000r 50000r 80000b\n");
	exec(&f, OTHER, "next");
	assert_string_equal(changes(&f), "3 F\n");
	leave(&f, CHILD);
	leave(&f, OTHER);
	fork_from(&f, PARENT, OTHER);
	assert_string_equal(changes(&f), "3 gone\n1 gone\n3 B 10000r 80000b\n");
	assert_true(resolver_has_rows(f.resolver, CHILD));
	end(&f);
}

/* Processes that are there before the first question. */
static void test_changes_from_then_on(void **state)
{
	struct fixture f = start();
	uint64_t ip = TEXT;

	(void)state;
	resolver_watch_everything(f.resolver);
	exec(&f, PARENT, "prog");
	map(&f, PARENT, TEXT, "/etc/passwd");
	deliver(&f, (struct event){ .type = EVENT_SAMPLE, .pid = 0, .tid = 0,
				    .sample = { .ip = &ip, .ip_count = 1, .kernel_count = 1 } });
	resolver_work(f.resolver);
	assert_int_equal(fake.rows_asked, 0);
	assert_int_equal(f.resolver->processes.changed.len, 0);
	assert_string_equal(changes(&f), "0 A 10000p\n");
	leave(&f, PARENT);
	/* Nobody has it mapped any more. */
	resolver_work(f.resolver);
	assert_int_equal(fake.rows_asked, 0);
	end(&f);
}

/* Samples that another walker could not finish for want of rows are a reason to hurry. */
static void test_hurry(void **state)
{
	static const uint64_t ip[] = { LIBRARY + 0x100 };
	struct fixture f = start();
	struct code_change change;
	struct stat asked, group;

	(void)state;
	fake.rows_silent = true;
	launch(&f);
	map(&f, PARENT, LIBRARY, "/etc/group");
	assert_true(resolver_take_code_change(f.resolver, &change));
	deliver(&f, (struct event){ .type = EVENT_SAMPLE, .pid = PARENT, .tid = PARENT,
				    .sample = { .ip = ip, .ip_count = 1,
						.end = UNWIND_NOT_READY } });
	resolver_work(f.resolver);
	assert_int_equal(fstat(fake.process[1].image, &asked), 0);
	assert_int_equal(stat("/etc/group", &group), 0);
	assert_int_equal(asked.st_ino, group.st_ino);
	end(&f);
}

/* What was walked elsewhere before the news of other code got there is not believed. */
static void test_stale_code(void **state)
{
	static const uint64_t ip[] = { ANON + 0x10, TEXT + 0x200, LIBRARY + 0x300 };
	struct fixture f = start();
	struct event event = { .type = EVENT_SAMPLE, .pid = PARENT, .tid = PARENT,
			       .sample = { .ip = ip, .ip_count = 3, .end = UNWIND_COMPLETE } };
	struct code_change change;

	(void)state;
	launch(&f);
	map(&f, PARENT, LIBRARY, "/etc/group");
	map(&f, PARENT, ANON, "//anon");
	deliver(&f, event);
	assert_true(resolver_take_code_change(f.resolver, &change));
	/* The same again is no other code. */
	map(&f, PARENT, TEXT, "/etc/passwd");
	deliver(&f, event);
	map(&f, PARENT, TEXT + 0x100, "/etc/hosts");
	deliver(&f, event);
	event.sample.ip++;
	event.sample.ip_count--;
	deliver(&f, event);
	event.sample.ip++;
	event.sample.ip_count--;
	deliver(&f, event);
	assert_true(resolver_take_code_change(f.resolver, &change));
	event.sample.ip = ip;
	event.sample.ip_count = 3;
	deliver(&f, event);
	assert_string_equal(sums(&f),
		"2 complete: group+2ff passwd+1ff [anon]+80010\n"
		"1 truncated: [truncated: unwind information not ready] hosts+ff [anon]+80010\n"
		"1 truncated: [truncated: unwind information not ready] hosts+100\n"
		"1 complete: group+300\n"
		"1 complete: group+2ff hosts+ff [anon]+80010\n");
	for (uint64_t i = 0; i < 10 * REPLACED_MAX; i++) {
		map(&f, PARENT, TEXT + 0x100 * i, i % 2 ? "/etc/hosts" : "/etc/group");
		process_table_settle(&f.resolver->processes, UINT64_MAX);
	}
	assert_true(process_find(&f.resolver->processes, PARENT)->replaced.len <= REPLACED_MAX);
	assert_true(process_was_replaced(process_find(&f.resolver->processes, PARENT),
					 TEXT + 0x100 * (10 * REPLACED_MAX - 1), UINT64_MAX));
	end(&f);
}

/* Where code comes and goes, others had better leave the walking to us. */
static void test_unsettled(void **state)
{
	struct fixture f = start();

	(void)state;
	launch(&f);
	map(&f, PARENT, LIBRARY, "/etc/group");
	assert_string_equal(changes(&f), "0 A 10000p 40000p\n");
	for (int i = 0; i < 3; i++)
		resolver_work(f.resolver);
	assert_string_equal(changes(&f), "0 B 10000r 40000r\n");
	map(&f, PARENT, LIBRARY + 0x100, "/etc/passwd");
	fork_from(&f, PARENT, CHILD);
	assert_string_equal(changes(&f), "0 C 10000r 40000r 40100p\n"
					 "1 C 10000r 40000r 40100p\n");
	sample_in(&f, PARENT, LIBRARY + 0x1100, 0, whole, 2);
	assert_string_equal(sums(&f), "1 complete: passwd+1804 passwd+1000 K\n");
	process_table_settle(&f.resolver->processes, clock_now());
	assert_string_equal(changes(&f), "");
	process_table_settle(&f.resolver->processes, clock_now() + 1000000000);
	assert_string_equal(changes(&f), "0 D 10000r 40000r 40100r\n1 E 10000r 40000r 40100r\n");
	assert_int_equal(f.resolver->processes.unsettled, 0);
	map(&f, PARENT, LIBRARY, "/etc/passwd");
	leave(&f, PARENT);
	assert_int_equal(f.resolver->processes.unsettled, 0);
	end(&f);
}

/* Nobody asks any more: what is noted stays bounded. */
static void test_changes_not_taken(void **state)
{
	struct fixture f = start();
	struct code_change change;

	(void)state;
	launch(&f);
	assert_true(resolver_take_code_change(f.resolver, &change));
	for (int i = 0; i < 3 * CHANGES_MAX; i++) {
		fork_from(&f, PARENT, CHILD);
		leave(&f, CHILD);
	}
	assert_true(f.resolver->processes.changed.len <= CHANGES_MAX);
	assert_int_equal(f.resolver->processes.gone.len, 0);
	end(&f);
}

static void test_many_processes(void **state)
{
	enum { COUNT = 5000 };
	struct fixture f = start();
	struct code_change change;
	size_t count = 0;

	(void)state;
	launch(&f);
	for (int i = 0; i < COUNT; i++)
		fork_from(&f, PARENT, CHILD + i);
	while (resolver_take_code_change(f.resolver, &change))
		count++;
	assert_int_equal(count, COUNT + 1);
	resolver_work(f.resolver);
	while (resolver_take_code_change(f.resolver, &change)) {
		assert_int_equal(change.range[0].kind, UNWIND_CODE_ROWS);
		count++;
	}
	assert_int_equal(count, 2 * (COUNT + 1));
	end(&f);
}

static const struct mapped *mapped_at(const struct fixture *f, pid_t pid, uint64_t address)
{
	const struct resolver *r = f->resolver;

	return &r->mapped.at.at[process_find_mapping(process_find(&r->processes, pid),
						     address)->mapped];
}

/* Outside of our pid namespace processes have no number, and what they run is not known. */
static void test_outside(void **state)
{
	static const uint64_t ip[] = { 0xffffffff81000010, TEXT };
	struct fixture f = start();

	(void)state;
	resolver_watch_everything(f.resolver);
	deliver(&f, (struct event){ .type = EVENT_SAMPLE,
				    .sample = { .ip = ip, .ip_count = 2, .kernel_count = 1,
						.end = UNWIND_NO_MAPPING } });
	assert_string_equal(sums(&f), "1 truncated: [truncated: no mapping] [unknown]+0 K\n");
	end(&f);
}

static void map_file(struct fixture *f, pid_t pid, uint64_t at, const char *path, int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	deliver(f, (struct event){ .type = EVENT_MAP, .pid = pid, .tid = pid,
				   .map = { .start = at, .size = SIZE, .path = path,
					    .inode = status.st_ino } });
}

/* Written to in place it has the same number, and other code. */
static void test_rewritten(void **state)
{
	char path[] = "/tmp/test_walks.XXXXXX";
	struct fixture f = start();
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	resolver_want_rows(f.resolver);
	launch(&f);
	map_file(&f, PARENT, LIBRARY, path, fd);
	resolver_work(f.resolver);
	resolver_work(f.resolver);
	assert_int_equal(fake.rows_asked, 2);

	assert_int_equal(write(fd, "code", 4), 4);
	fork_from(&f, PARENT, CHILD);
	exec(&f, CHILD, "prog");
	map(&f, CHILD, TEXT, "/etc/passwd");
	map_file(&f, CHILD, LIBRARY, path, fd);
	resolver_work(f.resolver);
	assert_int_equal(fake.rows_asked, 3);
	assert_ptr_equal(mapped_at(&f, CHILD, TEXT), mapped_at(&f, PARENT, TEXT));
	assert_ptr_not_equal(mapped_at(&f, CHILD, LIBRARY), mapped_at(&f, PARENT, LIBRARY));
	sample_in(&f, PARENT, LIBRARY + 0x1800, 0, NULL, 0);
	sample_in(&f, CHILD, LIBRARY + 0x1800, 0, NULL, 0);
	/* By itself in the profile, too, as it has other names. */
	assert_int_not_equal(mapped_at(&f, CHILD, LIBRARY)->binary,
			     mapped_at(&f, PARENT, LIBRARY)->binary);
	close(fd);
	unlink(path);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ready, reset_fake),
		cmocka_unit_test_setup(test_no_stack, reset_fake),
		cmocka_unit_test_setup(test_guessed, reset_fake),
		cmocka_unit_test_setup(test_marks, reset_fake),
		cmocka_unit_test_setup(test_waits, reset_fake),
		cmocka_unit_test_setup(test_waits_for_what_was, reset_fake),
		cmocka_unit_test_setup(test_too_late, reset_fake),
		cmocka_unit_test_setup(test_room, reset_fake),
		cmocka_unit_test_setup(test_generation, reset_fake),
		cmocka_unit_test_setup(test_vdso, reset_fake),
		cmocka_unit_test_setup(test_changes, reset_fake),
		cmocka_unit_test_setup(test_changes_from_then_on, reset_fake),
		cmocka_unit_test_setup(test_hurry, reset_fake),
		cmocka_unit_test_setup(test_stale_code, reset_fake),
		cmocka_unit_test_setup(test_unsettled, reset_fake),
		cmocka_unit_test_setup(test_changes_not_taken, reset_fake),
		cmocka_unit_test_setup(test_many_processes, reset_fake),
		cmocka_unit_test_setup(test_rewritten, reset_fake),
		cmocka_unit_test_setup(test_outside, reset_fake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
