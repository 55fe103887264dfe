/*
 * Every key, from the moment it is read to the redrawn screen: the whole
 * app on a profile of about 1 M samples and 200 k tree nodes, with a
 * terminal that is only a clock.  Prints median, p99 and maximum for keys
 * that only move or draw and for those that make the query anew: by the
 * clock, and in CPU time, which a busy machine does not blur.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analyze/calltree.h"
#include "session.h"
#include "ui/app.h"
#include "ui/keymap.h"

enum { ROUNDS = 60, PATHS = 20000, DEPTH = 30, SHARED = 21, KERNEL = 25, FUNCTIONS = 5000 };

/* Keys as in scripts; a star marks those that re-query. */
static const char *const keys[] = {
	"1", "j", "j", "k", "PageDown", "PageUp", "G", "g", "s", "s", "S", "%", "%", "%",
	"2", "l", "j", "l", "j", "e", "h", "H", "*", "PageDown", "G", "g", "C",
	"*K", "*K", "*i", "l", "j", "H", "*i",
	"3", "Down", "Down", "Right", "Left", "Enter", "Down", "Esc",
	"/", "f", "n", "1", "Enter", "n", "N", "2", "n", "3", "n", "Esc",
	"5", "j", "?", "j", "q", "Tab", "1",
	"\\", "f", "n", "1", "2", "*Enter", "*Esc",
};
enum { KEYS = sizeof keys / sizeof *keys };

enum clock { WALL, CPU, CLOCKS };

struct times {
	double ms[CLOCKS][ROUNDS * KEYS];
	size_t count;
};

static struct {
	int width, height;
	bool loaded;
	size_t next;		/* key */
	bool pending;		/* the last one was not shown yet */
	double pressed[CLOCKS];	/* when it was read */
	struct times plain, requery;
	double worst[CLOCKS][KEYS];
} bench = { .width = 200, .height = 60 };

static void bench_size(int *width, int *height)
{
	*width = bench.width;
	*height = bench.height;
}

static double milliseconds(enum clock clock)
{
	struct timespec now;

	clock_gettime(clock == CPU ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void bench_show(const struct grid *grid)
{
	size_t key = (bench.next - 1) % KEYS;
	struct times *times = keys[key][0] == '*' && keys[key][1] ? &bench.requery : &bench.plain;

	(void)grid;
	if (!bench.pending)
		return;
	bench.pending = false;
	for (int i = 0; i < CLOCKS; i++) {
		double ms = milliseconds(i) - bench.pressed[i];

		times->ms[i][times->count] = ms;
		if (ms > bench.worst[i][key])
			bench.worst[i][key] = ms;
	}
	times->count++;
}

static int bench_read_key(int timeout_ms, int wake_fd)
{
	struct pollfd fd = { .fd = wake_fd, .events = POLLIN };
	const char *name;

	if (!timeout_ms && bench.pending)
		return INPUT_NONE;	/* one key at a time */
	if (!bench.loaded) {
		poll(&fd, 1, 60000);
		bench.loaded = true;
		return INPUT_WAKE;
	}
	/* The frame with all that was loaded is not a key's. */
	if (!bench.next && !timeout_ms)
		return INPUT_NONE;
	if (bench.next == (size_t)ROUNDS * KEYS)
		return INPUT_TERMINATE;
	/* A key that was not answered by a drawing did nothing: not counted. */
	name = keys[bench.next++ % KEYS];
	bench.pending = true;
	for (int i = 0; i < CLOCKS; i++)
		bench.pressed[i] = milliseconds(i);
	return keymap_key_named(name[0] == '*' && name[1] ? name + 1 : name);
}

static void bench_nothing(void)
{
}

static const struct term_ops bench_term = {
	.size = bench_size,
	.show = bench_show,
	.read_key = bench_read_key,
	.redraw = bench_nothing,
	.suspend = bench_nothing,
	.close = bench_nothing,
	.fd = -1,
};

/*
 * Folded stacks that share their beginnings, as those of real programs do;
 * some end in the kernel.
 */
static void write_profile(FILE *out)
{
	unsigned seed = 1;

	for (int path = 0; path < PATHS; path++) {
		unsigned at = 1;

		fprintf(out, "main");
		for (int depth = 0; depth < DEPTH; depth++) {
			bool kernel = path % 5 == 0 && depth >= KERNEL;
			unsigned way;

			/* Deep frames choose anew for every path, shallow ones rarely. */
			seed = seed * 1103515245u + 12345u;
			way = depth < SHARED ? (unsigned)path >> (15 - 15 * depth / SHARED) :
					       seed >> 16;
			at = (at * 31 + way % 4) % FUNCTIONS;
			if (kernel)
				fprintf(out, ";sys_%u_[k]", at % 500);
			else
				fprintf(out, ";ns::fn%u<std::vector<int>>::call", at);
		}
		fprintf(out, " %u\n", 1 + (seed >> 8) % 100);
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *what, struct times *times)
{
	static const char *const names[CLOCKS] = { "", "  in CPU time" };
	size_t count = times->count;

	for (int i = 0; i < CLOCKS && count; i++) {
		double *ms = times->ms[i];

		qsort(ms, count, sizeof *ms, by_size);
		printf("%-28s %6zu keys   median %6.2f ms   p99 %6.2f ms   max %6.2f ms\n",
		       i == WALL ? what : names[i], count, ms[count / 2], ms[count * 99 / 100],
		       ms[count - 1]);
	}
}

/* What all this was measured with. */
static void print_profile(struct session *session)
{
	const struct profile *profile = session_lock(session);
	struct calltree *tree = calltree_new();

	calltree_update(tree, profile, &(struct query){ 0 });
	printf("%llu samples, %zu stacks, %zu tree nodes, %zu functions\n",
	       (unsigned long long)profile->samples, profile->stack.len, tree->count,
	       profile->function.len);
	session_unlock(session);
	calltree_free(tree);
}

int main(void)
{
	char path[] = "/tmp/tprof-bench-keys-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct options options = { .input = path, .delay = 250000000u, .memory = 1u << 30 };
	struct session_problem problem = { 0 };
	struct config config = { 0 };
	struct session *session;

	write_profile(file);
	fclose(file);
	session = session_start(&options, (struct session_terminal){ .fd = -1 }, NULL, &problem);
	if (!session) {
		fprintf(stderr, "%s\n", problem.error.text);
		return 1;
	}
	app_run(session, &options, &config, &bench_term);
	print_profile(session);
	session_free(session);
	unlink(path);
	print_times("move and draw (aim p99 5)", &bench.plain);
	print_times("query again (aim p99 16)", &bench.requery);
	for (size_t i = 0; i < KEYS; i++)
		if (bench.worst[CPU][i] > 4)
			printf("  key %2zu %-8s worst %6.2f ms, %6.2f ms in CPU time\n", i, keys[i],
			       bench.worst[WALL][i], bench.worst[CPU][i]);
	return 0;
}
