/*
 * What stepper steps through: scenes of calls that are not simple to
 * unwind.  Each begins and ends with an int3.
 *
 *	subject SCENE
 */
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline))
#define MARK() __asm__ volatile("int3")

static volatile int sink;
/* Which one of its calls a function marks, for what is recorded in it. */
static int mark_at;

NOINLINE static void mark(void)
{
	if (mark_at && !--mark_at)
		MARK();
	sink++;
}

/* Library functions that call back. */

NOINLINE static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	mark();
	return *x - *y;
}

NOINLINE static int compare_sorting(const void *a, const void *b)
{
	int number[8] = { 8, 1, 7, 2, 6, 3, 5, 4 };

	qsort(number, 8, sizeof *number, compare);
	sink = number[0];
	return compare(a, b);
}

NOINLINE static void sort(void)
{
	int number[6] = { 3, 1, 2, 6, 5, 4 };

	qsort(number, 6, sizeof *number, compare_sorting);
	sink = number[1];
}

NOINLINE static void print(void)
{
	char text[200];

	snprintf(text, sizeof text, "%s %.17g %d %p", "some text", 3.14159 * sink, sink, text);
	sink = (int)strtod(text + 10, NULL) + (int)strlen(text);
}

/* Signals. */

static void handle(int signal)
{
	mark();
	print();
	sink = signal;
}

NOINLINE static void interrupt(int flags)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	mark();
}

/*
 * Below the stack that is used, so that a copy from there on has it all.
 * Nothing goes as deep, and then the memory belongs to nobody.
 */
NOINLINE static void *memory_below(size_t bytes)
{
	char *below = alloca(bytes);

	memset(below, 0, bytes);
	__asm__ volatile("" : "+r"(below) : : "memory");
	return below;
}

NOINLINE static void use_own_stack(void)
{
	static const size_t bytes = 24 << 10;
	stack_t stack = { .ss_sp = memory_below(2 * bytes), .ss_size = bytes };

	sigaltstack(&stack, NULL);
}

/* Frames of odd shapes. */

NOINLINE static int grow(int depth)
{
	size_t bytes = (size_t)depth * 100 + 1;
	char *array = alloca(bytes);

	memset(array, depth, bytes);
	mark();
	if (depth)
		sink = grow(depth - 1);
	return array[bytes / 2];
}

NOINLINE static int align(int depth)
{
	_Alignas(64) char array[100];

	memset(array, depth, sizeof array);
	__asm__ volatile("" : : "r"(array) : "memory");
	mark();
	if (depth)
		sink = align(depth - 1);
	return array[50];
}

/* Both: gcc finds the caller's frame through another register. */
NOINLINE static int align_and_grow(int depth, int a, int b, int c, int d, int e, int f, int g)
{
	_Alignas(64) char array[100];
	size_t bytes = (size_t)depth * 50 + 8;
	char *more = alloca(bytes);

	memset(array, depth, sizeof array);
	memset(more, depth, bytes);
	__asm__ volatile("" : : "r"(array), "r"(more) : "memory");
	mark();
	if (depth)
		sink = align_and_grow(depth - 1, b, c, d, e, f, g, a);
	return array[50] + more[a % 8] + g;
}

NOINLINE static void shapes(void)
{
	sink = grow(4);
	sink = align(4);
	sink = align_and_grow(4, 1, 2, 3, 4, 5, 6, 7);
}

NOINLINE static int leave(jmp_buf place, int depth)
{
	char array[64];

	memset(array, depth, sizeof array);
	__asm__ volatile("" : : "r"(array) : "memory");
	if (!depth && sink >= 0)
		longjmp(place, 1);
	return depth ? leave(place, depth - 1) + array[3] : 0;
}

NOINLINE static void jump(void)
{
	jmp_buf place;

	if (!setjmp(place))
		sink = leave(place, 5);
	print();
}

NOINLINE static void look_at_time(void)
{
	struct timespec now;

	mark();
	clock_gettime(CLOCK_MONOTONIC, &now);
	sink = (int)now.tv_sec + (int)time(NULL);
}

/* The first call of a library function goes through the loader, built for that. */
NOINLINE static void bind(void)
{
	mark();
	sink = abs(atoi("12"));
	sink = (int)labs(atol("12"));
}

/* A stack of its own. */

static _Alignas(1 << 16) char coroutine_stack[1 << 16];
static ucontext_t outside, inside;

NOINLINE static void yield(void)
{
	mark();
	swapcontext(&inside, &outside);
}

static void coroutine(void)
{
	for (int i = 0; i < 3; i++) {
		yield();
		sort();
	}
}

NOINLINE static void switch_stacks(void)
{
	getcontext(&inside);
	inside.uc_stack.ss_sp = coroutine_stack;
	inside.uc_stack.ss_size = sizeof coroutine_stack;
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	for (int i = 0; i < 3; i++)
		swapcontext(&outside, &inside);
}

static void on_stack(void)
{
	interrupt(0);
}

static void on_own_stack(void)
{
	use_own_stack();
	MARK();
	interrupt(SA_ONSTACK);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenes[] = {
	{ "sort", sort }, { "print", print }, { "signal", on_stack },
	{ "own-stack", on_own_stack }, { "shapes", shapes }, { "jump", jump },
	{ "time", look_at_time }, { "bind", bind }, { "coroutine", switch_stacks },
};

int main(int argc, char **argv)
{
	mark_at = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		if (argc < 2 || strcmp(argv[1], scenes[i].name))
			continue;
		if (scenes[i].run != on_own_stack)
			MARK();
		scenes[i].run();
		MARK();
		return 0;
	}
	return 2;
}
