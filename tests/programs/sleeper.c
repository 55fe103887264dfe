/*
 * Idle: sleeps, the argument being seconds of real time, and uses next to
 * no CPU time.  A profile of it has hardly a sample; its state is
 * "sleeping".
 */
#include "work.h"

int main(int argc, char **argv)
{
	uint64_t ns = duration_ns(argc, argv);
	struct timespec left = {
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};

	while (nanosleep(&left, &left))
		;
	return report_cpu();
}
