/*
 * crowd THREADS SECONDS: so many threads that sleep and wake all the time,
 * more than a look at them can take in.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void *crowd_thread(void *unused)
{
	static const struct timespec moment = { 0, 2000000 };

	for (;;) {
		for (volatile int i = 0; i < 20000; i++)
			continue;
		nanosleep(&moment, NULL);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 500;
	unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10;
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread, &small, crowd_thread, NULL))
			return 1;
	sleep(seconds);
	return 0;
}
