/*
 * A target for bench/unwind: works at the bottom of so many frames, and
 * counts its work where the bench sees it.  Built with and without frame
 * pointers.
 *
 *	deep DEPTH FILE		counts in the first 8 bytes of FILE
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static volatile uint64_t *count;

__attribute__((noinline)) static void work(void)
{
	uint64_t x = 88172645463325252u;

	for (;;) {
		for (int i = 0; i < 1000; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		__asm__ volatile("" : : "r"(x));
		++*count;
	}
}

__attribute__((noinline)) static void deeper(int depth)
{
	volatile int kept = depth;

	if (depth > 0)
		deeper(depth - 1);
	else
		work();
	kept = depth + kept;
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[2], O_RDWR) : -1;

	count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == MAP_FAILED)
		return 1;
	/* work, main and three of the C library are there already. */
	deeper(atoi(argv[1]) - 6);
	return 0;
}
