/*
 * A storm of short threads: always 4 at a time, each burns 5 ms and ends,
 * and the last thing a fourth of them does is to start a thread in turn,
 * so that the starters change.
 *
 *	...;storm_thread;storm_work	all of it, but for starting threads
 *
 * Prints "threads=" as well.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "work.h"

enum { AT_ONCE = 4, THREAD_NS = 5000000 };

static sem_t room;
static atomic_uint started, running;

NOINLINE static void storm_work(void)
{
	burn();
}

static void *storm_thread(void *argument);

static void start_thread_of_storm(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	uintptr_t number = atomic_fetch_add(&started, 1);

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&running, 1);
	if (pthread_create(&thread, &attr, storm_thread, (void *)(number % 4))) {
		atomic_fetch_sub(&running, 1);
		sem_post(&room);
	}
	pthread_attr_destroy(&attr);
}

NOINLINE static void *storm_thread(void *argument)
{
	while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < THREAD_NS)
		storm_work();
	/* Its place goes to the one it starts. */
	if ((uintptr_t)argument == 3)
		start_thread_of_storm();
	else
		sem_post(&room);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t until = duration_ns(argc, argv);

	sem_init(&room, 0, AT_ONCE);
	while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
		sem_wait(&room);
		start_thread_of_storm();
	}
	while (atomic_load(&running))
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	printf("threads=%u\n", atomic_load(&started));
	return report_cpu();
}
