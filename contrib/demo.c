/*
 * A program with something to see in it, for the quickstart: a reader, a
 * sorter and a painter, each a thread with work of its own.
 *
 *	demo [SECONDS]		(20)
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Each function is to be seen under its own name. */
#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noipa))
#endif

/*
 * Compilers give functions that call nothing no stack frame, and a walk
 * over frame pointers then misses their caller.  Asking for the frame's
 * address makes them set one up.
 */
#define KEEP_FRAME() __asm__ volatile("" : : "r"(__builtin_frame_address(0)))

static atomic_bool stop;

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* The reader makes a text and counts how often its words occur. */

enum { TEXT_LEN = 1 << 16, WORDS = 1 << 12 };

static NOINLINE void text_fill(char *text, uint32_t *seed)
{
	KEEP_FRAME();
	for (size_t i = 0; i < TEXT_LEN - 1; i++) {
		uint32_t r = random_next(seed);

		text[i] = r % 64 ? (char)('a' + r % 7) : ' ';
	}
	text[TEXT_LEN - 1] = '\0';
}

static NOINLINE uint32_t word_hash(const char *word, size_t len)
{
	uint32_t hash = 2166136261u;

	KEEP_FRAME();
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)word[i]) * 16777619u;
	return hash;
}

static NOINLINE size_t words_count(const char *text, unsigned *count)
{
	size_t words = 0;

	for (const char *at = text; *at; words++) {
		size_t len = strcspn(at, " ");

		count[word_hash(at, len) % WORDS]++;
		at += len;
		at += *at == ' ';
	}
	return words;
}

static void *reader(void *unused)
{
	static unsigned count[WORDS];
	static char text[TEXT_LEN];
	uint32_t seed = 1;

	(void)unused;
	while (!stop) {
		text_fill(text, &seed);
		for (int i = 0; i < 4; i++)
			words_count(text, count);
	}
	return NULL;
}

/* The sorter sorts, by a quicksort that calls itself. */

enum { NUMBERS = 1 << 17 };

static NOINLINE size_t numbers_split(uint32_t *at, size_t len)
{
	uint32_t pivot = at[(len - 1) / 2];
	size_t i = 0, k = len - 1;

	KEEP_FRAME();
	for (;; i++, k--) {
		uint32_t swap;

		while (at[i] < pivot)
			i++;
		while (at[k] > pivot)
			k--;
		if (i >= k)
			return k + 1;
		swap = at[i];
		at[i] = at[k];
		at[k] = swap;
	}
}

static NOINLINE void numbers_sort(uint32_t *at, size_t len)
{
	size_t half;

	if (len < 2)
		return;
	half = numbers_split(at, len);
	numbers_sort(at, half);
	numbers_sort(at + half, len - half);
}

static void *sorter(void *unused)
{
	static uint32_t number[NUMBERS];
	uint32_t seed = 2;

	(void)unused;
	while (!stop) {
		for (size_t i = 0; i < NUMBERS; i++)
			number[i] = random_next(&seed);
		numbers_sort(number, NUMBERS);
	}
	return NULL;
}

/* The painter paints a fractal, in bursts: the strip over time shows them. */

enum { SIZE = 300 };

static NOINLINE int point_depth(double x, double y)
{
	double a = 0, b = 0;
	int depth = 0;

	KEEP_FRAME();
	while (a * a + b * b < 4 && depth < 200) {
		double next = a * a - b * b + x;

		b = 2 * a * b + y;
		a = next;
		depth++;
	}
	return depth;
}

static NOINLINE void picture_paint(unsigned char *picture)
{
	for (int y = 0; y < SIZE; y++)
		for (int x = 0; x < SIZE; x++)
			picture[y * SIZE + x] = (unsigned char)
				point_depth(3.0 * x / SIZE - 2, 2.0 * y / SIZE - 1);
}

static void *painter(void *unused)
{
	const struct timespec pause = { .tv_nsec = 400000000 };
	static unsigned char picture[SIZE * SIZE];

	(void)unused;
	while (!stop) {
		for (int i = 0; i < 8 && !stop; i++)
			picture_paint(picture);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void on_signal(int signal)
{
	(void)signal;
	stop = true;
}

int main(int argc, char **argv)
{
	void *(*const work[])(void *) = { reader, sorter, painter };
	const char *const name[] = { "reader", "sorter", "painter" };
	pthread_t thread[3];
	struct timespec rest = { .tv_sec = argc > 1 ? strtol(argv[1], NULL, 10) : 20 };

	if (rest.tv_sec <= 0) {
		fprintf(stderr, "Usage: demo [SECONDS]\n");
		return 2;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (int i = 0; i < 3; i++) {
		if (pthread_create(&thread[i], NULL, work[i], NULL))
			return EXIT_FAILURE;
		pthread_setname_np(thread[i], name[i]);
	}
	printf("A reader, a sorter and a painter at work for %ld s\n", (long)rest.tv_sec);
	fflush(stdout);
	while (!stop && nanosleep(&rest, &rest))
		;
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	return EXIT_SUCCESS;
}
