/*
 * Works, forks a child that works, and the child executes this program
 * again in another mode, which works too.  A third of the time each:
 *
 *	main;parent_work		process 1, until it has forked
 *	main;child_work			process 2, before the exec
 *	main;exec_work			process 2, after the exec; its chain is
 *					that of a new program
 *
 * "cpu_ns=" is printed twice: by the child (its CPU time survives the
 * exec), then by the parent.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

NOINLINE static void parent_work(void)
{
	burn();
}

NOINLINE static void child_work(void)
{
	burn();
}

NOINLINE static void exec_work(void)
{
	burn();
}

/* CPU time goes on counting over an exec: each part has its own length. */
#define WORK(function, ns) \
	for (uint64_t end_ = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) + (ns); \
	     cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < end_;) \
		function()

int main(int argc, char **argv)
{
	uint64_t part = duration_ns(argc, argv) / 3;
	int status;
	pid_t child;

	if (argc > 2 && strcmp(argv[2], "again") == 0) {
		WORK(exec_work, part);
		return report_cpu();
	}
	WORK(parent_work, part);
	child = fork();
	if (child == 0) {
		WORK(child_work, part);
		execl("/proc/self/exe", "forkexec", argc > 1 ? argv[1] : "2", "again", NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	return report_cpu() || status;
}
