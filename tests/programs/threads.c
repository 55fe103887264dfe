/*
 * 8 threads, named worker-0 to worker-7, that take turns to nothing: each
 * uses an eighth of the CPU time, measured by its own clock.
 *
 *	...;worker;thread_work		12.5 % for each thread, 100 % together
 *
 * The main thread only waits.
 */
#include <pthread.h>

#include "work.h"

enum { THREADS = 8 };

struct job {
	pthread_t thread;
	int number;
	uint64_t until;
};

NOINLINE static void thread_work(void)
{
	burn();
}

NOINLINE static void *worker(void *argument)
{
	struct job *job = argument;
	char name[16];

	snprintf(name, sizeof name, "worker-%d", job->number);
	pthread_setname_np(pthread_self(), name);
	while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < job->until)
		thread_work();
	return NULL;
}

int main(int argc, char **argv)
{
	struct job job[THREADS];

	for (int i = 0; i < THREADS; i++) {
		job[i].number = i;
		job[i].until = duration_ns(argc, argv) / THREADS;
		if (pthread_create(&job[i].thread, NULL, worker, &job[i]))
			return 1;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(job[i].thread, NULL);
	return report_cpu();
}
