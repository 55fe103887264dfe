/*
 * Stacks that are hard to walk without frame pointers: build it with
 * -fomit-frame-pointer, at any -O, by gcc or clang.  The calls that there
 * are stand before each scene: functions of this program, or -X, which is
 * any number of others (of the C library, say) that X called.
 *
 *	stacks [SECONDS [PLUGIN]]
 *
 * PLUGIN is a shared object with plugin_call(); it is loaded and unloaded
 * over and over.  Scenes take turns until the CPU time is used.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "work.h"

enum { THREADS = 200, DEPTH = 40, NUMBERS = 12 };

static volatile int sink;

/*
 * qsort() calls back, and that sorts again:
 *
 *	main > sorting > -sorting > compare
 *	compare > sorting	compare > compare_work
 */
static int depth;

NOINLINE static void sorting(void);

NOINLINE static void compare_work(void)
{
	burn();
}

NOINLINE static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	if (depth < 3 && *x % 5 == 0)
		sorting();
	compare_work();
	NO_TAIL_CALL();
	return *x - *y;
}

NOINLINE static void sorting(void)
{
	int number[NUMBERS];

	depth++;
	for (int i = 0; i < NUMBERS; i++)
		number[i] = (i * 7 + depth) % NUMBERS;
	qsort(number, NUMBERS - 4 * (depth > 1), sizeof *number, compare);
	sink = number[0];
	depth--;
}

/*
 * Signals raised here, and by a timer wherever the program is just then,
 * on the stack of the program and on one of their own:
 *
 *	main > signalling > -signalling > on_raise > raise_work
 *	main > wait_for_timer > interrupted > -interrupted > on_timer > timer_work
 *	wait_for_timer > -wait_for_timer > on_timer
 *	signalling, wait_for_timer > set_handler > -set_handler
 */
static volatile bool fired;

NOINLINE static void raise_work(void)
{
	burn();
	burn();
}

static void on_raise(int signal)
{
	sink = signal;
	raise_work();
	NO_TAIL_CALL();
}

NOINLINE static void timer_work(void)
{
	burn();
	burn();
	burn();
}

static void on_timer(int signal)
{
	fired = true;
	sink = signal;
	timer_work();
	NO_TAIL_CALL();
}

NOINLINE static void set_handler(int signal, void (*handler)(int), bool own_stack)
{
	struct sigaction action = { .sa_handler = handler };

	action.sa_flags = own_stack ? SA_ONSTACK : 0;
	sigaction(signal, &action, NULL);
}

NOINLINE static void signalling(bool own_stack)
{
	set_handler(SIGUSR1, on_raise, own_stack);
	for (int i = 0; i < 10; i++)
		raise(SIGUSR1);
	NO_TAIL_CALL();
}

/* The loop has no call: the signal comes between any two instructions. */
NOINLINE static void interrupted(void)
{
	unsigned x = 1;

	while (!fired)
		x = x * 1664525 + 1013904223;
	sink = (int)x;
}

NOINLINE static void wait_for_timer(bool own_stack)
{
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec soon = { .it_value = { .tv_nsec = 200000 } };

	set_handler(SIGUSR2, on_timer, own_stack);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return;
	for (int i = 0; i < 8; i++) {
		fired = false;
		timer_settime(timer, 0, &soon, NULL);
		interrupted();
	}
	timer_delete(timer);
}

/*
 * Frames whose size only the run tells, and realigned ones:
 *
 *	main > growing > growing > aligned > grown_work
 */
NOINLINE static void grown_work(volatile char *bytes, int count)
{
	for (int i = 0; i < count; i += 64)
		bytes[i] = (char)i;
	burn();
}

NOINLINE static void aligned(int count)
{
	_Alignas(64) volatile char line[256];
	volatile char *more = alloca((size_t)count * 3 + 1);

	line[count & 255] = 1;
	more[count] = line[count & 255];
	grown_work(more, count);
	NO_TAIL_CALL();
	sink = more[0];
}

NOINLINE static void growing(int level)
{
	volatile char *bytes = alloca((size_t)level * 24 + 8);

	bytes[0] = (char)level;
	if (level < DEPTH)
		growing(level + 1);
	else
		aligned(level * 5);
	NO_TAIL_CALL();
	sink = bytes[0];
}

/*
 * Two hundred threads at a time:
 *
 *	- > thread_main > thread_deep > thread_deep > thread_work
 *	main > threading > -threading
 */
NOINLINE static void thread_work(void)
{
	burn();
	burn();
	burn();
	burn();
}

NOINLINE static void thread_deep(int level)
{
	if (level)
		thread_deep(level - 1);
	else
		thread_work();
	NO_TAIL_CALL();
}

static void *thread_main(void *barrier)
{
	pthread_barrier_wait(barrier);
	thread_deep(10);
	NO_TAIL_CALL();
	return NULL;
}

NOINLINE static void threading(void)
{
	pthread_barrier_t barrier;
	pthread_t thread[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, thread_main, &barrier))
			_exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&barrier);
}

/*
 * Loads the plugin at a new place again and again:
 *
 *	main > loading > plugin_call > called_back
 *	loading > -loading
 */
NOINLINE static void called_back(void)
{
	burn();
	burn();
	sink++;
}

NOINLINE static void loading(const char *path)
{
	for (int i = 0; i < 10; i++) {
		void *handle = dlopen(path, RTLD_NOW);
		void (*call)(void (*)(void)) = NULL;

		if (handle)
			*(void **)&call = dlsym(handle, "plugin_call");
		if (!call)
			_exit(1);
		for (int j = 0; j < 10; j++)
			call(called_back);
		dlclose(handle);
	}
}

/*
 * A stack of its own, left and entered again:
 *
 *	- > coroutine > coroutine_work
 *	coroutine > -coroutine
 *	main > switching > -switching
 */
static ucontext_t here, there;

NOINLINE static void coroutine_work(void)
{
	burn();
	sink--;
}

static void coroutine(void)
{
	for (;;) {
		coroutine_work();
		swapcontext(&there, &here);
	}
}

NOINLINE static void switching(void)
{
	static char stack[64 << 10];

	if (!there.uc_stack.ss_sp) {
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = sizeof stack;
		makecontext(&there, coroutine, 0);
	}
	for (int i = 0; i < 50; i++)
		swapcontext(&here, &there);
}

/*
 * Children, one that works itself and one that runs this program again:
 *
 *	main > forking > child_work
 *	forking > -forking
 *	main > again_work
 */
NOINLINE static void child_work(void)
{
	for (int i = 0; i < 200; i++)
		burn();
}

NOINLINE static void again_work(void)
{
	for (int i = 0; i < 300; i++)
		burn();
}

NOINLINE static void forking(void)
{
	pid_t child = fork();

	if (!child) {
		child_work();
		execl("/proc/self/exe", "stacks", "again", NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	static char stack[64 << 10];
	stack_t own = { .ss_sp = stack, .ss_size = sizeof stack };
	uint64_t until = duration_ns(argc, argv);
	bool own_stack = false;
	unsigned round = 0;

	if (argc > 1 && !strcmp(argv[1], "again")) {
		again_work();
		return 0;
	}
	sigaltstack(&own, NULL);
	while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
		sorting();
		signalling(own_stack);
		wait_for_timer(own_stack);
		for (int i = 0; i < 60; i++)
			growing(0);
		threading();
		if (argc > 2)
			loading(argv[2]);
		switching();
		if (round++ % 4 == 0)
			forking();
		own_stack = !own_stack;
	}
	return report_cpu();
}
