/*
 * Stands in for libFuzzer where the input is a sequence of things to do:
 * gives the fuzz target pseudo-random inputs, the same in every run.
 *
 *	fuzz_views [FIRST [COUNT]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LENGTH = 3000, COUNT = 150 };

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int main(int argc, char **argv)
{
	unsigned long first = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : COUNT;

	for (unsigned long seed = first; seed < first + count; seed++) {
		uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
		uint8_t input[LENGTH];
		size_t size = (size_t)(next(&state) % LENGTH);

		for (size_t i = 0; i < size; i++)
			input[i] = (uint8_t)(next(&state) >> 24);
		/* Told first, so that a crash names its seed. */
		printf("seed %lu\n", seed);
		fflush(stdout);
		LLVMFuzzerTestOneInput(input, size);
	}
	return EXIT_SUCCESS;
}
