/*
 * Every key, from the moment it is read to the redrawn screen: the whole
 * app on a profile of about 1 M samples and 200 k tree nodes, with a
 * terminal that is only a clock.  Prints median, p99 and maximum for keys
 * that only move or draw and for those that make the query anew.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "session.h"
#include "ui/app.h"
#include "ui/keymap.h"

enum { ROUNDS = 60, PATHS = 20000, DEPTH = 30, FUNCTIONS = 5000 };

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

struct times {
	double ms[ROUNDS * KEYS];
	size_t count;
};

static struct {
	int width, height;
	bool loaded;
	size_t next;		/* key */
	uint64_t pressed;	/* when the last one was read, 0: shown already */
	struct times plain, requery;
	double worst[KEYS];
} bench = { .width = 200, .height = 60 };

static void bench_size(int *width, int *height)
{
	*width = bench.width;
	*height = bench.height;
}

static void bench_show(const struct grid *grid)
{
	size_t key = (bench.next - 1) % KEYS;
	struct times *times = keys[key][0] == '*' && keys[key][1] ? &bench.requery : &bench.plain;
	double ms;

	(void)grid;
	if (!bench.pressed)
		return;
	ms = (double)(clock_now() - bench.pressed) / 1e6;
	times->ms[times->count++] = ms;
	if (ms > bench.worst[key])
		bench.worst[key] = ms;
	bench.pressed = 0;
}

static int bench_read_key(int timeout_ms, int wake_fd)
{
	struct pollfd fd = { .fd = wake_fd, .events = POLLIN };
	const char *name;

	if (!timeout_ms && bench.pressed)
		return INPUT_NONE;	/* one key at a time */
	if (!bench.loaded) {
		poll(&fd, 1, 60000);
		bench.loaded = true;
		return INPUT_WAKE;
	}
	if (bench.next == (size_t)ROUNDS * KEYS)
		return INPUT_TERMINATE;
	/* A key that was not answered by a drawing did nothing: not counted. */
	name = keys[bench.next++ % KEYS];
	bench.pressed = clock_now();
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

/* Folded stacks that share their beginnings, as those of real programs do. */
static void write_profile(FILE *out)
{
	unsigned seed = 1;

	for (int path = 0; path < PATHS; path++) {
		unsigned at = 1;

		fprintf(out, "main");
		for (int depth = 0; depth < DEPTH; depth++) {
			unsigned ways = depth < 18 ? 2 : 4;

			/* Deep frames choose anew for every path, shallow ones rarely. */
			seed = seed * 1103515245u + 12345u;
			at = (at * 31 + (depth < 18 ? (unsigned)(path >> depth) % ways :
					 (seed >> 16) % ways)) % FUNCTIONS;
			fprintf(out, ";ns::fn%u<std::vector<int>>::call%s", at,
				at % 50 == 0 ? "_[k]" : "");
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
	if (!times->count)
		return;
	qsort(times->ms, times->count, sizeof *times->ms, by_size);
	printf("%-28s %7zu keys   median %6.2f ms   p99 %6.2f ms   max %6.2f ms\n", what,
	       times->count, times->ms[times->count / 2], times->ms[times->count * 99 / 100],
	       times->ms[times->count - 1]);
}

int main(void)
{
	char path[] = "/tmp/tprof-bench-keys-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct options options = { .input = path, .delay = 250000000u, .memory = 1u << 30 };
	struct session_problem problem = { 0 };
	struct session *session;

	write_profile(file);
	fclose(file);
	session = session_start(&options, (struct session_terminal){ .fd = -1 }, &problem);
	if (!session || !app_run(session, &options, &bench_term, &problem.error)) {
		fprintf(stderr, "%s\n", problem.error.text);
		return 1;
	}
	session_free(session);
	unlink(path);
	print_times("move and draw (aim p99 5)", &bench.plain);
	print_times("query again (aim p99 16)", &bench.requery);
	for (size_t i = 0; i < KEYS; i++)
		if (bench.worst[i] > 5)
			printf("  key %zu %-8s worst %6.2f ms\n", i, keys[i], bench.worst[i]);
	return 0;
}
