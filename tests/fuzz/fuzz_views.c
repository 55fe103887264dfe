/*
 * Whatever happens in whatever order, the views stay in one piece: each
 * byte of the input is something that a person, the terminal or the
 * measured program does.  Every screen is checked cell by cell.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "view/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOCATIONS = 40, VIEWS = 8, INPUT_MAX = 4096 };

static const struct view_ops *const all_views[VIEWS] = {
	&functions_view, &tree_view, &icicle_view, &callers_view, &counters_view,
	&threads_view, &output_view, &help_view,
};

static const char *const names[] = {
	"main", "alpha", "beta", "std::vector<std::pair<int, int> >::operator[](unsigned long)",
	"", "\033[2J", "\u202Eabc", "漢字漢字漢字", "a\u0301\u0301\u0301", "\xff\xfe", "x",
	"very_long_name_very_long_name_very_long_name_very_long_name_very_long_name_very_long_name",
};
static const char *const patterns[] = { "main", "a", "漢", "no such thing", "^x$", "." };

enum { NAMES = sizeof names / sizeof *names, PATTERNS = sizeof patterns / sizeof *patterns };

struct input {
	const uint8_t *at, *end;
};

struct world {
	struct input input;
	struct profile *profile;
	struct scene scene;
	struct view *view[VIEWS];
	struct view *shown;
	struct grid grid, again;
	int width, height;
	struct thread_states states;
	struct tail output;
};

static unsigned take(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static location_id any_location(struct world *w, unsigned choice)
{
	static const enum binary_kind kinds[] = { BINARY_FILE, BINARY_KERNEL, BINARY_ANONYMOUS };
	static const char *const paths[] = { "/bin/app", "[kernel]", "[anon]" };
	unsigned kind = choice % 3;
	binary_id binary = profile_add_binary(w->profile, paths[kind], "", kinds[kind]);

	return profile_add_location(w->profile, binary, 16 + choice % LOCATIONS);
}

static void add_samples(struct world *w)
{
	unsigned depth = take(&w->input) % 24, count = take(&w->input) % 8;
	struct sample sample = {
		.samples = count, .weight = count * 1000003u, .metric = 1,
		.thread = (thread_id)(take(&w->input) % w->profile->thread.len),
		.time = w->scene.status.now,
	};

	for (unsigned i = 0; i < depth; i++)
		sample.stack = profile_add_stack(w->profile, sample.stack,
						 any_location(w, take(&w->input)));
	profile_add_sample(w->profile, &sample);
}

static void name_location(struct world *w)
{
	location_id location = any_location(w, take(&w->input));
	struct frame frames[3] = { 0 };
	size_t count = 1 + take(&w->input) % 3;

	for (size_t i = 0; i < count; i++) {
		struct function function = {
			.name = profile_add_string(w->profile, names[take(&w->input) % NAMES]),
			.binary = w->profile->location.at[location].binary,
			.flags = take(&w->input) % 4 ? 0 : FUNCTION_KERNEL,
		};

		frames[i].function = profile_add_function(w->profile, &function);
	}
	profile_set_frames(w->profile, location, frames, count);
}

static void add_point(struct world *w)
{
	unsigned which = take(&w->input) % 4;
	size_t series = profile_add_series(w->profile, names[which + 5],
					   which % 2 ? UNIT_NANOSECONDS : UNIT_COUNT,
					   which < 2 ? SERIES_TOTAL : SERIES_LEVEL);

	if (take(&w->input) % 8)
		profile_add_point(w->profile, series, w->scene.status.now, take(&w->input) * 977u);
}

/* What the program writes: pieces of text, sequences, and now and then a lot. */
static void write_output(struct world *w)
{
	static const char *const pieces[] = {
		"word ", "\r\n", "\n", "\r", "\t", "\b", "漢字", "\033[31m", "\033[m", "\033[K",
		"\033[?1049h", "\033[?1049l", "\033]0;", "\007", "\xff", "\033[",
	};
	unsigned choice = take(&w->input);
	const char *piece = pieces[choice % 16];

	for (unsigned i = choice < 240 ? 1 + choice / 16 : 3000; i; i--)
		tail_add(&w->output, piece, strlen(piece));
	w->scene.output = take(&w->input) % 64 ? &w->output : NULL;
}

static void change_thread(struct world *w)
{
	unsigned choice = take(&w->input);
	thread_id id = (thread_id)(choice % w->profile->thread.len);

	if (choice < 64)
		profile_add_thread(w->profile, 1 + (pid_t)choice % 3, 1 + (pid_t)choice,
				   names[choice % NAMES]);
	else if (choice < 128)
		profile_name_thread(w->profile, id, names[choice % NAMES],
				    names[choice / 3 % NAMES]);
	else if (choice < 160)
		profile_end_thread(w->profile, id);
	else
		for (size_t i = 0; i < w->states.thread.len; i++)
			w->states.thread.at[i].state = (char)('A' + choice % 26);
}

static void choose_threads(struct world *w)
{
	unsigned choice = take(&w->input);
	const struct thread *thread =
		&w->profile->thread.at[choice / 4 % w->profile->thread.len];

	w->scene.query.threads = (struct thread_choice){ .by = (enum threads_by)(choice % 4),
		.pid = thread->pid, .tid = thread->tid, .name = thread->name };
}

static void change_query(struct world *w)
{
	struct query *query = &w->scene.query;
	unsigned choice = take(&w->input);
	struct error error;

	switch (choice % 8) {
	case 0:
		query_set_keep(query, patterns[choice / 7 % PATTERNS], &error);
		break;
	case 1:
		query_set_keep(query, NULL, &error);
		break;
	case 2:
		query->hide_kernel = !query->hide_kernel;
		break;
	case 3:
		match_set(&w->scene.match, patterns[choice / 7 % PATTERNS], &error);
		break;
	case 4:
		match_set(&w->scene.match, NULL, &error);
		break;
	case 5:
		w->scene.measure = (enum measure)(choice / 7 % 3);
		w->scene.paused = choice % 2;
		w->scene.show_errors = choice / 21 % 2;
		if (choice / 42 % 2)
			scene_limit_next(&w->scene);
		break;
	case 6:
		choose_threads(w);
		break;
	case 7:
		w->scene.window.since = choice / 64 ? w->scene.status.now : 0;
		if (choice / 8 % 3)
			window_resize(&w->scene.window, choice / 8 % 3 == 1);
		else
			window_next(&w->scene.window);
		break;
	}
}

static void resize(struct world *w)
{
	unsigned how = take(&w->input), x = take(&w->input), y = take(&w->input);

	w->width = (int)(how % 2 ? x * 300 / 255 : x % 24);
	w->height = (int)(how % 2 ? y * 100 / 255 : y % 8);
}

static void check_cells(const struct grid *grid)
{
	for (int i = 0; i < grid->width * grid->height; i++) {
		const struct cell *cell = &grid->cell[i];

		assert(cell->style < STYLE_COUNT && cell->attributes < 16);
		assert(!cell->character || cell->character >= ' ');
		assert(cell->character != 0x7f && cell->character != 0x202e);
		assert(cell->character < 0x80 || cell->character > 0x9f);
		/* A right half has its left one in the same row. */
		if (!cell->character)
			assert(i % grid->width && cell[-1].character > 0x7f);
	}
}

static void draw(struct world *w, struct grid *grid, int top)
{
	struct canvas all;

	grid_resize(grid, w->width, w->height);
	all = canvas_of(grid);
	header_draw(&w->scene, canvas_part(all, 0, 0, all.width, top));
	view_draw(w->shown, &w->scene, canvas_part(all, 0, top, all.width, all.height - top));
}

static void show(struct world *w)
{
	int top;

	profile_seal(w->profile, w->scene.status.now);
	if (!w->scene.paused)
		scene_update(&w->scene, w->profile);
	top = header_height(&w->scene, w->width, w->height);
	view_update(w->shown, &w->scene, w->width, w->height - top);
	draw(w, &w->grid, top);
	draw(w, &w->again, top);
	check_cells(&w->grid);
	assert(!memcmp(w->grid.cell, w->again.cell,
		       (size_t)(w->grid.width * w->grid.height) * sizeof *w->grid.cell));
}

static void command(struct world *w)
{
	enum command which = (enum command)(take(&w->input) % COMMAND_COUNT);

	view_command(w->shown, &w->scene, which);
}

static void switch_view(struct world *w)
{
	w->shown = w->view[take(&w->input) % VIEWS];
	view_enter(w->shown, &w->scene);
}

static void step(struct world *w)
{
	unsigned what = take(&w->input) % 32;

	w->scene.status.now += 100000000u;
	if (what < 14)
		command(w);
	else if (what < 18)
		show(w);
	else if (what < 21)
		add_samples(w);
	else if (what < 23)
		name_location(w);
	else if (what < 25)
		change_query(w);
	else if (what == 25)
		resize(w);
	else if (what == 26)
		switch_view(w);
	else if (what == 27)
		view_point(w->shown, &w->scene, (int)take(&w->input) - 8, (int)take(&w->input) - 8);
	else if (what == 28 && take(&w->input) % 2)
		add_point(w);
	else if (what == 28)
		change_thread(w);
	else if (what == 29)
		profile_limit(w->profile, (take(&w->input) + 1u) << 12);
	else if (what == 31)
		write_output(w);
	else if (what == 30 && take(&w->input) % 4 == 0)
		profile_zero(w->profile);
	else
		w->scene.status.live = !w->scene.status.live;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .width = 80, .height = 24 };

	w.input = (struct input){ data, data + (size < INPUT_MAX ? size : INPUT_MAX) };
	w.profile = profile_new();
	profile_add_metric(w.profile, "cpu-clock", UNIT_NANOSECONDS);
	profile_add_thread(w.profile, 1, 1, "app");
	scene_init(&w.scene);
	w.scene.states = &w.states;
	tail_init(&w.output, 5000);
	w.scene.output = &w.output;
	w.scene.status.now = w.scene.status.started = 1000000000u;
	w.scene.status.frequency = 999;
	for (size_t i = 0; i < VIEWS; i++)
		w.view[i] = view_open(all_views[i]);
	w.shown = w.view[0];
	scene_update(&w.scene, w.profile);
	view_update(w.shown, &w.scene, 80, 20);
	while (w.input.at < w.input.end)
		step(&w);
	show(&w);
	for (size_t i = 0; i < VIEWS; i++)
		view_close(w.view[i]);
	scene_release(&w.scene);
	profile_free(w.profile);
	array_release(&w.states.thread);
	tail_release(&w.output);
	grid_release(&w.grid);
	grid_release(&w.again);
	return 0;
}
