/*
 * Stands in for libFuzzer under "make check": gives each file of the corpus
 * tests/fuzz/corpus/<name of the program>/, or each file named as an
 * argument, to the fuzz target once.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static bool replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *input = malloc(INPUT_MAX);
	uint8_t *exact = NULL;
	size_t size;

	if (!file || !input) {
		perror(path);
		free(input);
		if (file)
			fclose(file);
		return false;
	}
	size = fread(input, 1, INPUT_MAX, file);
	fclose(file);
	/* A block of just that size lets the sanitizer see a read past its end. */
	exact = malloc(size ? size : 1);
	if (exact) {
		memcpy(exact, input, size);
		LLVMFuzzerTestOneInput(exact, size);
	}
	free(exact);
	free(input);
	return true;
}

/* The number of files replayed, or -1. */
static int replay_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	char name[4096];
	int count = 0;

	if (!directory) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (!replay(name)) {
			closedir(directory);
			return -1;
		}
		count++;
	}
	closedir(directory);
	return count;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strrchr(argv[0], '/');
	char corpus[4096];
	int count;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			if (!replay(argv[i]))
				return EXIT_FAILURE;
		return EXIT_SUCCESS;
	}
	snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 name ? name + 1 : argv[0]);
	count = replay_directory(corpus);
	printf("%d inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
