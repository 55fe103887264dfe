/*
 * Mutual recursion: ping and pong call each other, 10 times each, and
 * burn at the bottom and on the way.
 *
 *	main;ping;pong;ping;pong;...;bottom	50 %, 10 pings and 10 pongs
 *	main;ping;...;pong;work			50 %, at each of 10 depths 5 %:
 *						1, 2, ... 10 pings and as many pongs
 *
 * Total of ping and of pong: 100 %, however deep (recursion counts once).
 * Self: work 50 %, bottom 50 %.
 */
#include "work.h"

enum { DEPTH = 10 };

static void ping(int depth);

NOINLINE static void bottom(void)
{
	for (int i = 0; i < DEPTH; i++)
		burn();
	NO_TAIL_CALL();
}

NOINLINE static void work(void)
{
	burn();
}

NOINLINE static void pong(int depth)
{
	work();
	if (depth == 1)
		bottom();
	else
		ping(depth - 1);
	NO_TAIL_CALL();
}

NOINLINE static void ping(int depth)
{
	pong(depth);
	NO_TAIL_CALL();
}

int main(int argc, char **argv)
{
	uint64_t until = duration_ns(argc, argv);

	while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until)
		ping(DEPTH);
	return report_cpu();
}
