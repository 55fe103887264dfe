#ifndef TPROF_TESTS_STAGE_H
#define TPROF_TESTS_STAGE_H

/* A view with a profile and a screen, for tests that act on it.  After cmocka.h. */

#include "base/text.h"
#include "scenery.h"
#include "view/view.h"

enum { WIDTH = 100, HEIGHT = 12 };

/* A view of a profile, as a program would keep it. */
struct stage {
	struct profile *profile;
	struct scene scene;
	struct view *view;
	struct grid grid;
};

static inline void refresh(struct stage *stage)
{
	profile_seal(stage->profile, 0);
	scene_update(&stage->scene, stage->profile);
	view_update(stage->view, &stage->scene, WIDTH, HEIGHT);
	grid_resize(&stage->grid, WIDTH, HEIGHT);
	view_draw(stage->view, &stage->scene, canvas_of(&stage->grid));
}

static inline void open_stage(struct stage *stage, const struct view_ops *ops)
{
	*stage = (struct stage){ .profile = profile_new(), .view = view_open(ops) };
	scene_init(&stage->scene);
	profile_add_metric(stage->profile, "cpu-clock", UNIT_NANOSECONDS);
}

static inline void close_stage(struct stage *stage)
{
	view_close(stage->view);
	scene_release(&stage->scene);
	profile_free(stage->profile);
	grid_release(&stage->grid);
}

static inline void add(struct stage *stage, const char *stack, uint64_t samples)
{
	scenery_add(stage->profile, stack, samples, 0);
}

static inline enum reaction act(struct stage *stage, enum command command)
{
	enum reaction reaction = view_command(stage->view, &stage->scene, command);

	refresh(stage);
	return reaction;
}

static inline void search(struct stage *stage, const char *pattern)
{
	struct error error;

	assert_true(match_set(&stage->scene.match, pattern, &error));
	refresh(stage);
}

static inline void filter(struct stage *stage, const char *pattern)
{
	struct error error;

	assert_true(query_set_keep(&stage->scene.query, pattern, &error));
	refresh(stage);
}

static inline void row_text(const struct stage *stage, int y, struct strbuf *out)
{
	for (int x = 0; x < WIDTH; x++) {
		const struct cell *cell = &stage->grid.cell[y * WIDTH + x];

		if (cell->character)
			text_encode(out, cell->character);
	}
	while (out->len && out->text[out->len - 1] == ' ')
		strbuf_cut(out, out->len - 1);
}

/* The row of the cursor, or -1. */
static inline int cursor_row(const struct stage *stage)
{
	for (int y = 0; y < HEIGHT; y++) {
		enum style style = (enum style)stage->grid.cell[y * WIDTH].style;

		if (style == STYLE_CURSOR || style == STYLE_MATCH_CURSOR)
			return y;
	}
	return -1;
}

/* The row under the cursor contains that text. */
#define assert_cursor(stage, expected) check_cursor(stage, expected, __LINE__)

static inline void check_cursor(const struct stage *stage, const char *expected, int line)
{
	struct strbuf row = STRBUF_INIT;
	int y = cursor_row(stage);

	if (y >= 0)
		row_text(stage, y, &row);
	if (y < 0 || !strstr(row.text, expected))
		fail_msg("line %d: the cursor is on \"%s\", not on %s", line, row.text, expected);
	strbuf_release(&row);
}

/* Is there a row with that text? */
static inline bool shows(const struct stage *stage, const char *text)
{
	bool found = false;

	for (int y = 0; y < HEIGHT && !found; y++) {
		struct strbuf row = STRBUF_INIT;

		row_text(stage, y, &row);
		found = strstr(row.text, text) != NULL;
		strbuf_release(&row);
	}
	return found;
}

static inline const char *selected(const struct stage *stage)
{
	size_t len = stage->scene.selected.len;

	return len ? profile_function_name(stage->profile, stage->scene.selected.at[len - 1]) : "";
}

#endif
