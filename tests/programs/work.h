#ifndef TPROF_TESTS_PROGRAMS_WORK_H
#define TPROF_TESTS_PROGRAMS_WORK_H

/*
 * For programs whose shares and call chains are known.  Build them with
 *	clang -O1 -g -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
 *		-fno-optimize-sibling-calls -pthread
 * (gcc gives leaf functions no frame, whatever it is told).
 *
 * Each takes the seconds of CPU time to use, default 2, and prints
 * "cpu_ns=" with what it used in the end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

/* Behind a call: keeps it from becoming a jump, and its caller on the stack. */
#define NO_TAIL_CALL() __asm__ volatile("" ::: "memory")

/* About 20 microseconds; one call is one unit of work. */
enum { UNIT_STEPS = 20000 };

__attribute__((always_inline)) static inline void burn(void)
{
	uint64_t x = 88172645463325252u;

	for (int i = 0; i < UNIT_STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		__asm__ volatile("" : "+r"(x));
	}
}

static inline uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t duration_ns(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;

	return (uint64_t)(seconds * 1e9);
}

static inline int report_cpu(void)
{
	printf("cpu_ns=%llu\n", (unsigned long long)cpu_ns(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

#endif
