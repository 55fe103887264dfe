/*
 * One leaf under three callers, 50 : 30 : 20, counted in calls.
 *
 *	main;half;leaf		50 %
 *	main;third;leaf		30 %
 *	main;fifth;leaf		20 %
 *
 * leaf has all the self time, but for well below 1 %.
 */
#include "work.h"

NOINLINE static void leaf(void)
{
	burn();
}

NOINLINE static void half(void)
{
	for (int i = 0; i < 5; i++)
		leaf();
	NO_TAIL_CALL();
}

NOINLINE static void third(void)
{
	for (int i = 0; i < 3; i++)
		leaf();
	NO_TAIL_CALL();
}

NOINLINE static void fifth(void)
{
	for (int i = 0; i < 2; i++)
		leaf();
	NO_TAIL_CALL();
}

int main(int argc, char **argv)
{
	uint64_t until = duration_ns(argc, argv);

	while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
		half();
		third();
		fifth();
	}
	return report_cpu();
}
