/*
 * Ranks change every second of CPU time.  Four functions; in second n
 * function n % 4 gets 10 of 16 calls, the others 2 each:
 *
 *	main;red main;green main;blue main;black
 *
 * 62.5 % for the one whose turn it is, 12.5 % for the rest; 25 % each over
 * any four seconds.
 */
#include "work.h"

NOINLINE static void red(void)
{
	burn();
}

NOINLINE static void green(void)
{
	burn();
}

NOINLINE static void blue(void)
{
	burn();
}

NOINLINE static void black(void)
{
	burn();
}

int main(int argc, char **argv)
{
	static void (*const color[])(void) = { red, green, blue, black };
	uint64_t until = duration_ns(argc, argv), now;

	while ((now = cpu_ns(CLOCK_PROCESS_CPUTIME_ID)) < until) {
		for (int i = 0; i < 8; i++)
			color[now / 1000000000u % 4]();
		for (int i = 0; i < 8; i++)
			color[i % 4]();
	}
	return report_cpu();
}
