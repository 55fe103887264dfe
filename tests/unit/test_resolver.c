#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "fake_symbolizer.h"
#include "resolve/resolver.h"

/* Processes of events, far above what pid_max allows. */
enum { PARENT = 5000001, CHILD, THREAD, STRANGER };

struct fixture {
	struct profile *profile;
	struct resolver *resolver;
	struct strbuf text;
	uint64_t time;
};

static struct fixture start(unsigned flags)
{
	struct fixture f = { .profile = profile_new(), .text = STRBUF_INIT };

	f.resolver = resolver_new(f.profile, flags);
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

	/* Later than anything looked up in /proc. */
	event.time = UINT64_MAX / 2 + ++f->time * 1000;
	sink->event(sink, &event);
}

static void map(struct fixture *f, pid_t pid, uint64_t start, uint64_t size, const char *path)
{
	deliver(f, (struct event){ .type = EVENT_MAP, .pid = pid, .tid = pid,
				   .map = { .start = start, .size = size, .offset = 0x100,
					    .inode = path[0] == '/' ? 77 : 0, .path = path } });
}

static void exec(struct fixture *f, pid_t pid, const char *name)
{
	deliver(f, (struct event){ .type = EVENT_EXEC, .pid = pid, .tid = pid,
				   .name = { name } });
}

static void fork_from(struct fixture *f, pid_t parent, pid_t pid, pid_t tid)
{
	deliver(f, (struct event){ .type = EVENT_FORK, .pid = pid, .tid = tid,
				   .fork = { parent, parent } });
}

static void leave(struct fixture *f, pid_t pid, pid_t tid)
{
	deliver(f, (struct event){ .type = EVENT_EXIT, .pid = pid, .tid = tid });
}

static void name(struct fixture *f, pid_t pid, pid_t tid, const char *text)
{
	deliver(f, (struct event){ .type = EVENT_NAME, .pid = pid, .tid = tid, .name = { text } });
}

static void sample(struct fixture *f, pid_t pid, pid_t tid, const uint64_t *ip, size_t count,
		   size_t kernel)
{
	deliver(f, (struct event){ .type = EVENT_SAMPLE, .pid = pid, .tid = tid,
				   .sample = { .weight = 10, .ip = ip, .ip_count = count,
					       .kernel_count = kernel } });
}

static void add_stack(const struct profile *p, stack_id id, struct strbuf *out)
{
	const struct stack *stack = &p->stack.at[id];
	const struct location *l = &p->location.at[stack->location];

	if (stack->caller) {
		add_stack(p, stack->caller, out);
		strbuf_adds(out, " ");
	}
	if (!l->binary) {
		strbuf_adds(out, profile_function_name(p, p->frame.at[l->first_frame].function));
		return;
	}
	strbuf_addf(out, "%s+%llx", profile_string(p, p->binary.at[l->binary].name),
		    (unsigned long long)l->address);
}

/* "process/thread samples: stack", a line each, outermost first. */
static const char *sums(struct fixture *f)
{
	static const char *const ends[] = { "", " complete", " frame pointer", " truncated" };
	const struct profile *p = f->profile;

	profile_seal(f->profile, UINT64_MAX / 2 + ++f->time * 1000);
	strbuf_clear(&f->text);
	for (size_t i = 0; i < p->sum.len; i++) {
		const struct sum *sum = &p->sum.at[i];
		const struct thread *thread = &p->thread.at[sum->thread];

		strbuf_addf(&f->text, "%s/%s %llu%s: ", profile_string(p, thread->process),
			    profile_string(p, thread->name), (unsigned long long)sum->samples,
			    ends[sum->end]);
		add_stack(p, sum->stack, &f->text);
		strbuf_adds(&f->text, "\n");
	}
	return f->text.text;
}

static const uint64_t in_a[] = { 0x10000 };

static void launch(struct fixture *f)
{
	resolver_watch_from_exec(f->resolver, PARENT);
	exec(f, PARENT, "prog");
	map(f, PARENT, 0x10000, 0x1000, "/no/a");
}

static void test_counts_from_exec(void **state)
{
	struct fixture f = start(0);
	pid_t pid[4];

	(void)state;
	resolver_watch_from_exec(f.resolver, PARENT);
	assert_int_equal(resolver_watched(f.resolver, pid, 4), 0);
	map(&f, PARENT, 0x10000, 0x1000, "/no/tprof");
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	exec(&f, PARENT, "prog");
	map(&f, PARENT, 0x10000, 0x1000, "/no/a");
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	assert_string_equal(sums(&f), "prog/prog 1: a+100\n");
	assert_int_equal(resolver_watched(f.resolver, pid, 4), 1);
	assert_int_equal(pid[0], PARENT);
	end(&f);
}

/* Return addresses are looked up one byte before; the innermost of each half is exact. */
static void test_stack(void **state)
{
	static const uint64_t ip[] = { 0xffffffff81000010, 0xffffffff81000020,
				       0x10200, 0x10300, 0x20400, 0x99999, 0 };
	struct fixture f = start(0);

	(void)state;
	launch(&f);
	map(&f, PARENT, 0x20000, 0x1000, "//anon");
	sample(&f, PARENT, PARENT, ip, 7, 2);
	sample(&f, PARENT, PARENT, ip + 1, 2, 1);
	sample(&f, PARENT, PARENT, ip, 0, 0);
	assert_string_equal(sums(&f),
		"prog/prog 1: [unknown]+0 [unknown]+0 [anon]+203ff a+3ff a+300 "
		"[kernel]+ffffffff8100001f [kernel]+ffffffff81000010\n"
		"prog/prog 1: a+300 [kernel]+ffffffff81000020\n"
		"prog/prog 1: [unknown]+0\n");
	end(&f);
}

static void test_ends(void **state)
{
	static const struct { enum unwind_end end; const char *sums; } rows[] = {
		{ UNWIND_MORE, "prog/prog 1: a+100\n" },
		{ UNWIND_NO_USER, "prog/prog 1 complete: a+100\n" },
		{ UNWIND_COMPLETE, "prog/prog 1 complete: a+100\n" },
		{ UNWIND_BY_FRAME_POINTER, "prog/prog 1 frame pointer: a+100\n" },
		{ UNWIND_LIMIT, "prog/prog 1 truncated: [truncated: frame limit] a+100\n" },
		{ UNWIND_32_BIT, "prog/prog 1 truncated: [truncated: 32-bit program] a+100\n" },
		{ UNWIND_ENDS, "prog/prog 1: a+100\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture f = start(0);

		launch(&f);
		deliver(&f, (struct event){ .type = EVENT_SAMPLE, .pid = PARENT, .tid = PARENT,
					    .sample = { .weight = 1, .ip = in_a, .ip_count = 1,
							.end = rows[i].end } });
		assert_string_equal(sums(&f), rows[i].sums);
		assert_int_equal(f.profile->location.at[1].outermost,
				 f.profile->sum.at[0].end == STACK_BY_NAME);
		end(&f);
	}
}

static void test_threads_and_children(void **state)
{
	struct fixture f = start(0);
	pid_t pid[1];

	(void)state;
	launch(&f);
	fork_from(&f, PARENT, PARENT, THREAD);
	name(&f, PARENT, THREAD, "worker");
	fork_from(&f, PARENT, CHILD, CHILD);
	assert_int_equal(resolver_watched(f.resolver, pid, 1), 2);
	assert_int_equal(resolver_watched_threads(f.resolver), 3);
	sample(&f, PARENT, THREAD, in_a, 1, 0);
	sample(&f, CHILD, CHILD, in_a, 1, 0);
	/* The child goes its own way. */
	map(&f, CHILD, 0x10000, 0x1000, "/no/b");
	sample(&f, CHILD, CHILD, in_a, 1, 0);
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	/* A thread whose start was missed. */
	sample(&f, PARENT, THREAD + 100, in_a, 1, 0);
	assert_string_equal(sums(&f),
		"prog/worker 1: a+100\nprog/prog 1: a+100\nprog/prog 1: b+100\n"
		"prog/prog 1: a+100\nprog/prog 1: a+100\n");
	assert_int_equal(resolver_watched_threads(f.resolver), 4);
	leave(&f, CHILD, CHILD);
	assert_int_equal(resolver_watched(f.resolver, pid, 1), 1);
	leave(&f, PARENT, PARENT);
	leave(&f, PARENT, THREAD + 100);
	assert_int_equal(resolver_watched(f.resolver, pid, 1), 1);
	leave(&f, PARENT, THREAD);
	assert_int_equal(resolver_watched(f.resolver, pid, 1), 0);
	assert_int_equal(resolver_watched_threads(f.resolver), 0);
	end(&f);
}

/* Those that never run are there when asked for, once, and no more than wanted. */
static void test_idle_threads(void **state)
{
	struct fixture f = start(0);

	(void)state;
	launch(&f);
	fork_from(&f, PARENT, PARENT, THREAD);
	name(&f, PARENT, THREAD, "worker");
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	fork_from(&f, PARENT, CHILD, CHILD);
	assert_int_equal(f.profile->thread.len, 2);
	resolver_add_idle_threads(f.resolver, 3);
	assert_int_equal(f.profile->thread.len, 3);
	for (int i = 0; i < 2; i++) {
		resolver_add_idle_threads(f.resolver, 100);
		assert_int_equal(f.profile->thread.len, 4);
	}
	/* It is the same thread when it runs at last, and when it ends. */
	sample(&f, PARENT, THREAD, in_a, 1, 0);
	leave(&f, PARENT, THREAD);
	assert_int_equal(f.profile->thread.len, 4);
	for (size_t i = 1; i < f.profile->thread.len; i++)
		assert_int_equal(f.profile->thread.at[i].exited,
				 f.profile->thread.at[i].tid == THREAD);
	end(&f);
}

static void test_no_follow(void **state)
{
	struct fixture f = start(RESOLVER_NO_FOLLOW);
	pid_t pid[1];

	(void)state;
	launch(&f);
	fork_from(&f, PARENT, PARENT, THREAD);
	fork_from(&f, PARENT, CHILD, CHILD);
	sample(&f, PARENT, THREAD, in_a, 1, 0);
	sample(&f, CHILD, CHILD, in_a, 1, 0);
	assert_string_equal(sums(&f), "prog/prog 1: a+100\n");
	assert_int_equal(resolver_watched(f.resolver, pid, 1), 1);
	end(&f);
}

static void test_strangers(void **state)
{
	struct fixture f = start(0);
	size_t strings;

	(void)state;
	launch(&f);
	sums(&f);
	strings = f.profile->binary.len;
	fork_from(&f, STRANGER - 1000, STRANGER, STRANGER);
	exec(&f, STRANGER, "other");
	map(&f, STRANGER, 0x10000, 0x1000, "/no/other");
	name(&f, STRANGER, STRANGER, "renamed");
	sample(&f, STRANGER, STRANGER, in_a, 1, 0);
	leave(&f, STRANGER, STRANGER);
	assert_string_equal(sums(&f), "");
	assert_int_equal(f.profile->binary.len, strings);
	assert_int_equal(f.profile->thread.len, 1);
	end(&f);
}

/* The number of a process that ended unseen belongs to somebody else now. */
static void test_number_used_again(void **state)
{
	struct fixture f = start(0);
	pid_t pid[1];

	(void)state;
	launch(&f);
	fork_from(&f, PARENT, CHILD, CHILD);
	fork_from(&f, STRANGER, CHILD, CHILD);
	sample(&f, CHILD, CHILD, in_a, 1, 0);
	assert_string_equal(sums(&f), "");
	assert_int_equal(resolver_watched(f.resolver, pid, 1), 1);
	end(&f);
}

/* Samples of the shell stay with the shell. */
static void test_exec_again(void **state)
{
	struct fixture f = start(0);

	(void)state;
	launch(&f);
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	exec(&f, PARENT, "next");
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	map(&f, PARENT, 0x10000, 0x1000, "/no/b (deleted)");
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	name(&f, PARENT, PARENT, "renamed");
	assert_string_equal(sums(&f), "prog/prog 1: a+100\nrenamed/renamed 1: [unknown]+0\n"
				      "renamed/renamed 1: b+100\n");
	assert_true(f.profile->thread.at[1].exited);
	end(&f);
}

static void test_everything(void **state)
{
	struct fixture f = start(0);
	pid_t pid[8];

	(void)state;
	resolver_watch_everything(f.resolver);
	exec(&f, STRANGER, "other");
	map(&f, STRANGER, 0x10000, 0x1000, "/no/a");
	sample(&f, STRANGER, STRANGER, in_a, 1, 0);
	fork_from(&f, STRANGER, CHILD, CHILD);
	sample(&f, CHILD, CHILD, in_a, 1, 0);
	sample(&f, 0, 0, in_a, 1, 1);
	sample(&f, -1, -1, in_a, 1, 1);
	/* Never heard of, and gone. */
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	assert_string_equal(sums(&f),
		"other/other 1: a+100\nother/other 1: a+100\n[idle]/[idle] 1: [kernel]+10000\n"
		"[exiting]/[exiting] 1: [kernel]+10000\n/ 1: [unknown]+0\n");
	assert_int_equal(resolver_watched(f.resolver, pid, 8), 5);
	end(&f);
}

/* The process of this test, as -a sees it first: nothing is known but /proc. */
static void test_reads_proc(void **state)
{
	struct fixture f = start(0);
	uint64_t ip[] = { (uint64_t)(uintptr_t)test_reads_proc };
	const char *line;

	(void)state;
	resolver_watch_everything(f.resolver);
	sample(&f, getpid(), getpid(), ip, 1, 0);
	line = sums(&f);
	assert_non_null(strstr(line, "test_resolver"));
	assert_null(strstr(line, "[unknown]"));
	assert_int_equal(resolver_waiting(f.resolver), 1);
	resolver_work(f.resolver);
	assert_int_equal(resolver_waiting(f.resolver), 0);
	assert_int_equal(fake.asked, 1);
	end(&f);
}

/* A child is gone before it can be looked at, but it had what its parent has. */
static void test_fork_of_a_stranger(void **state)
{
	struct fixture f = start(0);
	uint64_t ip[] = { (uint64_t)(uintptr_t)test_fork_of_a_stranger };

	(void)state;
	resolver_watch_everything(f.resolver);
	fork_from(&f, getpid(), CHILD, CHILD);
	sample(&f, CHILD, CHILD, ip, 1, 0);
	leave(&f, CHILD, CHILD);
	assert_non_null(strstr(sums(&f), "test_resolver"));
	assert_null(strstr(sums(&f), "[unknown]"));
	end(&f);
}

static void test_watch_process(void **state)
{
	struct fixture f = start(0);
	uint64_t ip[] = { (uint64_t)(uintptr_t)test_watch_process };
	struct error error;
	pid_t pid[2], gone = fork();

	(void)state;
	if (!gone)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	assert_false(resolver_watch_process(f.resolver, gone, &error));
	assert_non_null(strstr(error.text, "there is no process"));
	assert_true(resolver_watch_process(f.resolver, getpid(), &error));
	assert_int_equal(resolver_watched(f.resolver, pid, 2), 1);
	assert_int_equal(pid[0], getpid());
	assert_true(resolver_watched_threads(f.resolver) >= 1);
	sample(&f, getpid(), getpid(), ip, 1, 0);
	assert_null(strstr(sums(&f), "[unknown]"));
	assert_null(resolver_trouble(f.resolver));
	end(&f);
}

static void test_names_follow_late(void **state)
{
	struct fixture f = start(0);
	uint64_t ip[] = { (uint64_t)(uintptr_t)test_names_follow_late, 0xffffffff81000010 };
	struct error error;
	const struct location *location;

	(void)state;
	assert_true(resolver_watch_process(f.resolver, getpid(), &error));
	sample(&f, getpid(), getpid(), ip, 1, 0);
	location = &f.profile->location.at[1];
	assert_false(location->symbolized);
	resolver_work(f.resolver);
	assert_true(f.profile->location.at[1].symbolized);
	assert_int_equal(f.profile->named.len, 1);
	end(&f);
}

/* Whose end was among the lost records is found to be gone. */
static void test_lost_ends(void **state)
{
	struct fixture f = start(0);
	size_t threads, watched;
	struct error error;
	pid_t pid;

	(void)state;
	assert_true(resolver_watch_process(f.resolver, getpid(), &error));
	threads = resolver_watched_threads(f.resolver);
	for (pid_t tid = 5000001; tid < 5000100; tid++)
		deliver(&f, (struct event){ .type = EVENT_FORK, .pid = getpid(), .tid = tid,
					    .fork = { getpid(), getpid() } });
	for (pid = 6000001; pid < 6000100; pid++)
		deliver(&f, (struct event){ .type = EVENT_FORK, .pid = pid, .tid = pid,
					    .time = UINT64_MAX, .fork = { getpid(), getpid() } });
	resolver_work(f.resolver);
	assert_int_equal(resolver_watched_threads(f.resolver), threads + 99 + 99);
	/* Samples of processes that ended just now may still be under way. */
	for (uint64_t second = 1; second < 5; second++) {
		struct event event = { .type = EVENT_LOST, .lost = { 0, 1 },
				       .time = second * 1000000000u };

		resolver_sink(f.resolver)->event(resolver_sink(f.resolver), &event);
		for (int i = 0; i < 20; i++)
			resolver_work(f.resolver);
		if (second < 3)
			assert_int_equal(resolver_watched_threads(f.resolver), threads + 99);
	}
	assert_int_equal(resolver_watched_threads(f.resolver), threads);
	watched = resolver_watched(f.resolver, &pid, 1);
	assert_int_equal(watched, 1);
	assert_int_equal(pid, getpid());
	end(&f);
}

static void test_lost(void **state)
{
	struct fixture f = start(0);

	(void)state;
	deliver(&f, (struct event){ .type = EVENT_LOST, .lost = { 5, 2 } });
	deliver(&f, (struct event){ .type = EVENT_LOST, .cpu = 2,
					    .lost = { 1, 0 } });
	deliver(&f, (struct event){ .type = EVENT_THROTTLE, .cpu = 1 });
	assert_int_equal(f.profile->lost, 6);
	assert_int_equal(f.profile->lost_names, 2);
	assert_int_equal(f.profile->throttled, 1);
	assert_int_equal(f.profile->cpu.len, 3);
	assert_int_equal(f.profile->cpu.at[0].lost, 5);
	assert_int_equal(f.profile->cpu.at[1].throttled, 1);
	assert_int_equal(f.profile->cpu.at[2].lost, 1);
	end(&f);
}

/* Ids of locations are void after the profile was made smaller. */
static void test_after_a_rebuild(void **state)
{
	struct fixture f = start(0);
	unsigned generation = f.profile->generation;

	(void)state;
	launch(&f);
	for (uint64_t i = 0; i < 4000; i++) {
		uint64_t ip[] = { 0x10000 + i % 0x1000, 0x10000 + i * 7 % 0x1000, 0x10800 };

		sample(&f, PARENT, PARENT, ip, 3, 0);
		profile_limit(f.profile, 256 << 10);
	}
	assert_int_not_equal(f.profile->generation, generation);
	sums(&f);
	assert_int_equal(f.profile->samples, 4000);
	end(&f);
}

/* The kernel goes on for a little in a thread whose end it has told already. */
static void test_samples_after_the_end(void **state)
{
	struct fixture f = start(0);
	pid_t pid[4];

	(void)state;
	launch(&f);
	fork_from(&f, PARENT, PARENT, THREAD);
	name(&f, PARENT, THREAD, "worker");
	sample(&f, PARENT, THREAD, in_a, 1, 0);
	leave(&f, PARENT, THREAD);
	sample(&f, PARENT, THREAD, in_a, 1, 0);
	assert_string_equal(sums(&f), "prog/worker 2: a+100\n");
	assert_int_equal(resolver_watched_threads(f.resolver), 1);
	leave(&f, PARENT, PARENT);
	assert_int_equal(resolver_watched(f.resolver, pid, 4), 0);
	end(&f);
}

static void test_samples_after_the_end_of_a_process(void **state)
{
	struct fixture f = start(0);
	pid_t pid[4];

	(void)state;
	resolver_watch_everything(f.resolver);
	exec(&f, PARENT, "prog");
	leave(&f, PARENT, PARENT);
	sample(&f, PARENT, PARENT, in_a, 1, 0);
	sums(&f);
	assert_int_equal(f.profile->samples, 1);
	/* What is left is the one place for all that is on its way out. */
	assert_int_equal(resolver_watched(f.resolver, pid, 4), 1);
	assert_int_equal(pid[0], -1);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_counts_from_exec, reset_fake),
		cmocka_unit_test_setup(test_stack, reset_fake),
		cmocka_unit_test_setup(test_ends, reset_fake),
		cmocka_unit_test_setup(test_threads_and_children, reset_fake),
		cmocka_unit_test_setup(test_samples_after_the_end, reset_fake),
		cmocka_unit_test_setup(test_samples_after_the_end_of_a_process, reset_fake),
		cmocka_unit_test_setup(test_idle_threads, reset_fake),
		cmocka_unit_test_setup(test_no_follow, reset_fake),
		cmocka_unit_test_setup(test_strangers, reset_fake),
		cmocka_unit_test_setup(test_number_used_again, reset_fake),
		cmocka_unit_test_setup(test_exec_again, reset_fake),
		cmocka_unit_test_setup(test_everything, reset_fake),
		cmocka_unit_test_setup(test_reads_proc, reset_fake),
		cmocka_unit_test_setup(test_fork_of_a_stranger, reset_fake),
		cmocka_unit_test_setup(test_watch_process, reset_fake),
		cmocka_unit_test_setup(test_names_follow_late, reset_fake),
		cmocka_unit_test_setup(test_lost, reset_fake),
		cmocka_unit_test_setup(test_lost_ends, reset_fake),
		cmocka_unit_test_setup(test_after_a_rebuild, reset_fake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
