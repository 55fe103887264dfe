/*
 * Whatever happens in whatever order, the views stay in one piece: each
 * byte of the input is something that a person, the terminal or the
 * measured program does.  Every screen is checked cell by cell.
 */
#include "growth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VIEWS = 9 };

static const struct view_ops *const all_views[VIEWS] = {
	&functions_view, &tree_view, &icicle_view, &callers_view, &counters_view,
	&threads_view, &output_view, &help_view, &quality_view,
};

static const char *const patterns[] = { "main", "a", "漢", "no such thing", "^x$", "." };

enum { PATTERNS = sizeof patterns / sizeof *patterns };

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

static void write_output(struct world *w)
{
	growth_output(&w->output, &w->input);
	w->scene.output = take(&w->input) % 64 ? &w->output : NULL;
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
		growth_samples(w->profile, &w->input, w->scene.status.now);
	else if (what < 23)
		growth_naming(w->profile, &w->input);
	else if (what < 25)
		change_query(w);
	else if (what == 25)
		growth_size(&w->input, &w->width, &w->height);
	else if (what == 26)
		switch_view(w);
	else if (what == 27)
		view_point(w->shown, &w->scene, (int)take(&w->input) - 8, (int)take(&w->input) - 8);
	else if (what == 28 && take(&w->input) % 2)
		growth_point(w->profile, &w->input, w->scene.status.now);
	else if (what == 28)
		growth_thread(w->profile, &w->input, &w->states);
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
	w.profile = growth_profile();
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
