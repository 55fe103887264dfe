/*
 * What drawing costs: the icicle at 200x60, 4 times a second, with as many
 * samples coming in that 30 % of its cells change, through curses on a
 * terminal of its own.  Prints CPU time as a share of one core, for bringing
 * the analyses up to date and for drawing, and bytes sent to the terminal.
 *
 *	bench/draw [SECONDS]
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ui/term.h"
#include "ui/theme.h"
#include "view/view.h"

enum {
	WIDTH = 200, HEIGHT = 60, PATHS = 3000, DEPTH = 80, SHARED = 12, FUNCTIONS = 4001,
	GROUPS = 8, GROUP_DEPTH = 8, RATE = 4, TRIAL_FRAMES = 12, WANTED_PERCENT = 30,
};

struct world {
	struct profile *profile;
	struct scene scene;
	struct view *icicle;
	struct grid grid, before;
	stack_id stack[PATHS];
	unsigned group[PATHS];
	unsigned seed, frames;
	uint64_t total;
};

static unsigned any(struct world *w)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return w->seed >> 16;
}

static location_id location_of(struct profile *profile, unsigned number)
{
	binary_id binary = profile_add_binary(profile, "/usr/bin/app", "", BINARY_FILE);
	location_id location = profile_add_location(profile, binary, 4096 + number * 16);
	struct function function = { .binary = binary };
	struct frame frame = { 0 };
	char name[64];

	snprintf(name, sizeof name, "ns::function%u<std::vector<int> >::call(int)", number);
	function.name = profile_add_string(profile, name);
	frame.function = profile_add_function(profile, &function);
	profile_set_frames(profile, location, &frame, 1);
	return location;
}

/* Half of the stacks go the first way, a quarter the second, ... */
static unsigned any_way(struct world *w)
{
	unsigned choice = any(w) % 16, way = 0;

	while (way < 4 && choice >> (3 - way) & 1)
		way++;
	return way;
}

/* Ways part at each fourth of the first functions; a group goes along for those. */
static void add_stacks(struct world *w)
{
	for (unsigned path = 0; path < PATHS; path++) {
		unsigned at = 1, depth = DEPTH / 2 + any(w) % (DEPTH / 2);

		for (unsigned i = 0; i < depth; i++) {
			at = (at * 31 + (i % 4 == 3 && i < SHARED ? any_way(w) : 0)) % FUNCTIONS;
			w->stack[path] = profile_add_stack(w->profile, w->stack[path],
							   location_of(w->profile, at));
			if (i == GROUP_DEPTH)
				w->group[path] = at % GROUPS;
		}
	}
}

static void add_samples(struct world *w, unsigned path, uint64_t count)
{
	struct sample sample = {
		.stack = w->stack[path], .metric = 1, .samples = count, .weight = count * 1001001,
		.thread = 1, .time = w->scene.status.now,
	};

	profile_add_sample(w->profile, &sample);
	w->total += count;
}

static void set_up(struct world *w)
{
	struct status *status = &w->scene.status;

	w->profile = profile_new();
	w->seed = 1;
	profile_add_metric(w->profile, "cpu-clock", UNIT_NANOSECONDS);
	profile_add_thread(w->profile, 1, 1, "app");
	scene_init(&w->scene);
	snprintf(status->target, sizeof status->target, "PID 4242 app");
	snprintf(status->event, sizeof status->event, "cpu-clock");
	status->started = status->now = 1000000000u;
	status->live = status->collecting = true;
	status->frequency = 999;
	status->cpus = 1;
	add_stacks(w);
	for (unsigned path = 0; path < PATHS; path++)
		add_samples(w, path, 1000);
	w->icicle = view_open(&icicle_view);
	grid_resize(&w->grid, WIDTH, HEIGHT);
	grid_resize(&w->before, WIDTH, HEIGHT);
}

static void tear_down(struct world *w)
{
	view_close(w->icicle);
	scene_release(&w->scene);
	profile_free(w->profile);
	grid_release(&w->grid);
	grid_release(&w->before);
}

/* One part of the program gains so many per mille of all samples: what is beside it moves. */
static void go_on(struct world *w, unsigned per_mille)
{
	unsigned group = w->frames++ * 3 % GROUPS, members = 0;
	uint64_t more = w->total * per_mille / 1000;

	for (unsigned path = 0; path < PATHS; path++)
		members += w->group[path] == group;
	w->scene.status.now += 1000000000u / RATE;
	w->scene.status.duration = w->scene.status.now - w->scene.status.started;
	for (unsigned path = 0; path < PATHS; path++)
		if (w->group[path] == group)
			add_samples(w, path, more / members);
	profile_seal(w->profile, w->scene.status.now);
}

static void draw(struct world *w)
{
	struct canvas all = canvas_of(&w->grid);
	int top = header_height(&w->scene, WIDTH, HEIGHT);

	canvas_fill(all, ' ', STYLE_PLAIN);
	header_draw(&w->scene, canvas_part(all, 0, 0, WIDTH, top));
	view_update(w->icicle, &w->scene, WIDTH, HEIGHT - top);
	view_draw(w->icicle, &w->scene, canvas_part(all, 0, top, WIDTH, HEIGHT - top));
}

/* In percent, since the last time that it was asked. */
static double changed(struct world *w)
{
	size_t count = 0;

	for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
		count += memcmp(&w->grid.cell[i], &w->before.cell[i], sizeof *w->grid.cell) != 0;
		w->before.cell[i] = w->grid.cell[i];
	}
	return (double)count * 100 / (WIDTH * HEIGHT);
}

/* How many cells change with so many new samples, in percent. */
static double try(unsigned per_mille)
{
	struct world w = { 0 };
	double sum = 0;

	set_up(&w);
	for (int i = 0; i <= TRIAL_FRAMES; i++) {
		double now;

		go_on(&w, per_mille);
		scene_update(&w.scene, w.profile);
		draw(&w);
		now = changed(&w);
		sum += i ? now : 0;
	}
	tear_down(&w);
	return sum / TRIAL_FRAMES;
}

static unsigned find_growth(void)
{
	unsigned per_mille = 1;

	while (per_mille < 500 && try(per_mille) < WANTED_PERCENT)
		per_mille += 1 + per_mille / 8;
	return per_mille;
}

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* On the terminal that this process has; the results go elsewhere. */
static int run(unsigned per_mille, unsigned seconds, FILE *out)
{
	struct theme_changes none = { 0 };
	struct term_style style = { .color = COLOR_ALWAYS, .changes = &none };
	struct error error = { 0 };
	const struct term_ops *term = curses_open(&style, &error);
	struct timespec pause = { .tv_nsec = 1000000000 / RATE };
	double updating = 0, drawing = 0, cells = 0;
	struct world w = { 0 };
	unsigned frames = seconds * RATE;

	if (!term) {
		fprintf(out, "%s\n", error.text);
		return EXIT_FAILURE;
	}
	set_up(&w);
	for (unsigned i = 0; i <= frames; i++) {
		double start, drawn;

		go_on(&w, per_mille);
		start = cpu_now();
		scene_update(&w.scene, w.profile);
		updating += i ? cpu_now() - start : 0;
		start = cpu_now();
		draw(&w);
		term->show(&w.grid);
		drawing += i ? cpu_now() - start : 0;
		drawn = changed(&w);
		cells += i ? drawn : 0;
		nanosleep(&pause, NULL);
	}
	term->close();
	tear_down(&w);
	fprintf(out, "%-34s%9.1f %%\n", "cells that change, icicle 200x60", cells / frames);
	fprintf(out, "%-34s%9.3f %%  of one CPU   aim 1\n", "drawing at 4 Hz",
		drawing / seconds * 100);
	fprintf(out, "%-34s%9.3f %%\n", "analyses of as many new samples",
		updating / seconds * 100);
	return EXIT_SUCCESS;
}

/* Until the other side has gone, or nobody writes any more. */
static size_t count_bytes(int fd)
{
	char bytes[65536];
	size_t count = 0;
	ssize_t len;

	while ((len = read(fd, bytes, sizeof bytes)) > 0)
		count += (size_t)len;
	return count;
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	unsigned per_mille = find_growth();
	struct winsize size = { .ws_col = WIDTH, .ws_row = HEIGHT };
	FILE *out = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
	size_t bytes;
	int pty, status;
	pid_t child;

	if (!seconds || !out)
		return EXIT_FAILURE;
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	child = forkpty(&pty, NULL, NULL, &size);
	if (child < 0) {
		perror("a terminal");
		return EXIT_FAILURE;
	}
	if (!child)
		exit(run(per_mille, seconds, out));
	bytes = count_bytes(pty);
	waitpid(child, &status, 0);
	printf("%-34s%9.1f KB/s              aim 40\n", "sent to the terminal",
	       (double)bytes / 1000 / seconds);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
