#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "source/counters.h"
#include "source/usage.h"

enum { PAGES = 3000, SWITCHES = 40, BURN_MS = 60, MANY = 500 };

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A known number of page faults, waits, and milliseconds. */
static void work(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t until = cpu_ns() + BURN_MS * 1000000u;

	madvise(memory, PAGES * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		memory[i * page] = 1;
	munmap(memory, PAGES * page);
	for (int i = 0; i < SWITCHES; i++)
		nanosleep(&(struct timespec){ 0, 1000 }, NULL);
	while (cpu_ns() < until)
		;
}

/* A child that works when it is told to, says so, and ends when told again. */
struct worker {
	pid_t pid;
	int to, from;
};

static void wait_for_word(int fd)
{
	char word;

	if (read(fd, &word, 1) != 1)
		_exit(1);
}

static void say(int fd)
{
	if (write(fd, "!", 1) != 1)
		_exit(1);
}

static void be_worker(int from, int to, void (*doing)(void))
{
	/* When a test fails, nobody tells it to end. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wait_for_word(from);
	doing();
	say(to);
	wait_for_word(from);
	_exit(0);
}

static struct worker start_worker(void (*doing)(void))
{
	struct worker worker;
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	worker = (struct worker){ .to = to[1], .from = from[0] };
	worker.pid = fork();
	if (!worker.pid) {
		close(to[1]);
		close(from[0]);
		be_worker(to[0], from[1], doing);
	}
	close(to[0]);
	close(from[1]);
	return worker;
}

static void let_work(const struct worker *worker)
{
	say(worker->to);
	wait_for_word(worker->from);
}

static void end_worker(const struct worker *worker)
{
	int status;

	say(worker->to);
	close(worker->to);
	close(worker->from);
	assert_int_equal(waitpid(worker->pid, &status, 0), worker->pid);
	assert_int_equal(status, 0);
}

static const struct series *series_named(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->series.len; i++)
		if (!strcmp(profile_string(profile, profile->series.at[i].name), name))
			return &profile->series.at[i];
	fail_msg("no series %s", name);
	return NULL;
}

static uint64_t value_of(const struct profile *profile, const char *name)
{
	const struct series *series = series_named(profile, name);

	assert_true(series->supported);
	return series->value;
}

/* Each has a value, or says why not. */
static void assert_all_explained(const struct profile *profile)
{
	for (size_t i = 0; i < profile->series.len; i++) {
		const struct series *series = &profile->series.at[i];

		if (!series->supported)
			assert_string_not_equal(profile_string(profile, series->reason), "");
	}
}

static void assert_work_was_counted(const struct profile *profile)
{
	uint64_t ms = 1000000;

	assert_in_range(value_of(profile, "task-clock"), (BURN_MS - 5) * ms, 3 * BURN_MS * ms);
	assert_in_range(value_of(profile, "user-time") + value_of(profile, "system-time"),
			(BURN_MS - 20) * ms, 3 * BURN_MS * ms);
	assert_in_range(value_of(profile, "minor-faults"), PAGES, 3 * PAGES);
	assert_in_range(value_of(profile, "voluntary-switches"), SWITCHES, SWITCHES + 200);
	assert_true(value_of(profile, "context-switches") >= SWITCHES);
	assert_all_explained(profile);
}

static void test_attached(void **state)
{
	struct worker worker = start_worker(work);
	struct profile *profile = profile_new();
	struct target target = { 0 };
	struct counters *counters;

	(void)state;
	array_push(&target.pid, worker.pid);
	counters = counters_open(&target, 0, profile);
	counters_read(counters, &worker.pid, 1, 1);
	assert_in_range(value_of(profile, "minor-faults"), 0, 100);
	let_work(&worker);
	counters_read(counters, &worker.pid, 1, 2);
	assert_work_was_counted(profile);
	assert_int_equal(value_of(profile, "threads"), 1);
	assert_in_range(value_of(profile, "rss"), 100000, 1 << 30);
	assert_true(value_of(profile, "rss-peak") >= value_of(profile, "rss"));
	end_worker(&worker);
	/* what ended stays counted */
	counters_read(counters, NULL, 0, 3);
	assert_work_was_counted(profile);
	assert_int_equal(value_of(profile, "threads"), 0);
	assert_int_equal(series_named(profile, "task-clock")->point.len, 3);
	counters_close(counters);
	array_release(&target.pid);
	profile_free(profile);
}

static void test_zero(void **state)
{
	struct worker worker = start_worker(work);
	struct profile *profile = profile_new();
	struct target target = { 0 };
	struct counters *counters;

	(void)state;
	array_push(&target.pid, worker.pid);
	counters = counters_open(&target, 0, profile);
	let_work(&worker);
	counters_read(counters, &worker.pid, 1, 1);
	counters_zero(counters);
	assert_int_equal(value_of(profile, "minor-faults"), 0);
	assert_int_equal(series_named(profile, "minor-faults")->point.len, 0);
	counters_read(counters, &worker.pid, 1, 2);
	assert_in_range(value_of(profile, "minor-faults"), 0, 100);
	assert_in_range(value_of(profile, "threads"), 1, 1);
	end_worker(&worker);
	counters_close(counters);
	array_release(&target.pid);
	profile_free(profile);
}

static void exec_worker(void)
{
	execl("/proc/self/exe", "test_counters", "work", (char *)NULL);
	_exit(1);
}

static int threads_ready[2], threads_end[2];

static void *wait_often(void *unused)
{
	for (int i = 0; i < SWITCHES; i++)
		nanosleep(&(struct timespec){ 0, 1000 }, NULL);
	say(threads_ready[1]);
	wait_for_word(threads_end[0]);
	return unused;
}

static void start_threads(void)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 << 10);
	for (int i = 0; i < MANY; i++)
		if (pthread_create(&thread, &small, wait_often, NULL))
			_exit(1);
	for (int i = 0; i < MANY; i++)
		wait_for_word(threads_ready[0]);
}

/* What a look has no time for is looked at in turn, and all at the end. */
static void test_many_threads(void **state)
{
	struct usage *usage = usage_new(false);
	struct usage_values values;
	struct worker worker;

	(void)state;
	assert_int_equal(pipe(threads_ready), 0);
	assert_int_equal(pipe(threads_end), 0);
	worker = start_worker(start_threads);
	usage_read(usage, &worker.pid, 1, &values);
	assert_int_equal(values.threads, 1);
	let_work(&worker);
	usage_read(usage, &worker.pid, 1, &values);
	assert_true(values.voluntary >= SWITCHES);
	usage_read_all(usage, &worker.pid, 1, &values);
	assert_true(values.voluntary >= MANY * SWITCHES);
	assert_int_equal(values.threads, MANY + 1);
	end_worker(&worker);
	usage_read(usage, NULL, 0, &values);
	assert_true(values.voluntary >= MANY * SWITCHES);
	usage_free(usage);
	for (int i = 0; i < 2; i++) {
		close(threads_ready[i]);
		close(threads_end[i]);
	}
}

/* It may be over before anyone looks. */
static void test_never_seen(void **state)
{
	struct profile *profile = profile_new();
	struct target target = { 0 };
	struct counters *counters;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		work();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	array_push(&target.pid, pid);
	counters = counters_open(&target, 0, profile);
	counters_finish(counters, NULL, 0, 1);
	assert_false(series_named(profile, "rss")->supported);
	assert_string_equal(profile_string(profile, series_named(profile, "threads")->reason),
			    "not counted: it ended before the first look");
	counters_close(counters);
	array_release(&target.pid);
	profile_free(profile);
}

/* What the child does before its exec is not the program's. */
static void test_launched(void **state)
{
	int hold[2];
	struct profile *profile = profile_new();
	struct target target = { 0 };
	struct counters *counters;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (!pid) {
		wait_for_word(hold[0]);
		exec_worker();
	}
	counters = counters_open(&target, pid, profile);
	/* Nobody is watched before the exec. */
	counters_read(counters, NULL, 0, 0);
	say(hold[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	counters_finish(counters, NULL, 0, 1);
	assert_work_was_counted(profile);
	/* It is gone: that it had no memory would be wrong. */
	assert_false(series_named(profile, "rss")->supported);
	counters_close(counters);
	close(hold[0]);
	close(hold[1]);
	profile_free(profile);
}

static void test_whole_system(void **state)
{
	struct profile *profile = profile_new();
	struct target target = { .everything = true };
	struct counters *counters = counters_open(&target, 0, profile);

	(void)state;
	work();
	counters_read(counters, NULL, 0, 1);
	assert_true(value_of(profile, "minor-faults") >= PAGES);
	assert_true(value_of(profile, "context-switches") >= SWITCHES);
	assert_true(value_of(profile, "threads") > 1);
	/* Of idle CPUs nothing is counted. */
	assert_int_equal(value_of(profile, "task-clock"),
			 value_of(profile, "user-time") + value_of(profile, "system-time"));
	assert_false(series_named(profile, "rss")->supported);
	assert_all_explained(profile);
	counters_close(counters);
	profile_free(profile);
}

static void wait_for_children(void)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (!pid) {
			work();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* Children that nobody looked at count when they were waited for. */
static void test_unseen_children(void **state)
{
	struct worker worker = start_worker(wait_for_children);
	struct usage *all = usage_new(false), *own = usage_new(true);
	struct usage_values values;

	(void)state;
	usage_read(all, &worker.pid, 1, &values);
	usage_read(own, &worker.pid, 1, &values);
	let_work(&worker);
	usage_read(all, &worker.pid, 1, &values);
	assert_in_range(values.minor, 2 * PAGES, 3 * PAGES);
	assert_true(values.task_ns >= (2 * BURN_MS - 20) * 1000000u);
	usage_read(own, &worker.pid, 1, &values);
	assert_in_range(values.minor, 0, 500);
	end_worker(&worker);
	usage_free(all);
	usage_free(own);
}

static int child_ready[2], child_go[2];

static void wait_for_slow_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work();
		if (write(child_ready[1], &(pid_t){ getpid() }, sizeof pid) != sizeof pid)
			_exit(1);
		wait_for_word(child_go[0]);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* A child that was looked at, and then waited for, counts once. */
static void test_seen_children(void **state)
{
	struct usage *usage = usage_new(false);
	struct usage_values values;
	struct worker worker;
	pid_t pid[2];

	(void)state;
	assert_int_equal(pipe(child_ready), 0);
	assert_int_equal(pipe(child_go), 0);
	worker = start_worker(wait_for_slow_child);
	pid[0] = worker.pid;
	usage_read(usage, pid, 1, &values);
	say(worker.to);
	assert_int_equal(read(child_ready[0], &pid[1], sizeof *pid), sizeof *pid);
	usage_read(usage, pid, 2, &values);
	assert_in_range(values.minor, PAGES, PAGES + 500);
	assert_int_equal(values.threads, 2);
	say(child_go[1]);
	wait_for_word(worker.from);
	usage_read(usage, pid, 2, &values);
	assert_in_range(values.minor, PAGES, PAGES + 500);
	assert_in_range(values.voluntary, SWITCHES, SWITCHES + 200);
	usage_read(usage, pid, 1, &values);
	assert_in_range(values.minor, PAGES, PAGES + 500);
	end_worker(&worker);
	usage_read(usage, pid, 0, &values);
	assert_in_range(values.minor, PAGES, PAGES + 500);
	usage_free(usage);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attached),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_launched),
		cmocka_unit_test(test_many_threads),
		cmocka_unit_test(test_never_seen),
		cmocka_unit_test(test_whole_system),
		cmocka_unit_test(test_unseen_children),
		cmocka_unit_test(test_seen_children),
	};

	if (argc > 1 && !strcmp(argv[1], "work")) {
		work();
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
