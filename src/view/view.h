#ifndef TPROF_VIEW_VIEW_H
#define TPROF_VIEW_VIEW_H

#include "view/command.h"
#include "view/grid.h"
#include "view/scene.h"

enum reaction {
	REACT_IGNORED	= 0,
	REACT_REDRAW	= 1 << 0,
	REACT_UPDATE	= 1 << 1,	/* the scene changed: query, selection */
	REACT_SHOW_TREE	= 1 << 2,	/* go to the tree, at the selection */
	REACT_SHOW_CALLERS = 1 << 3,	/* go to the callers, of the selected function */
	REACT_HEADING	= 1 << 8,	/* pointed at a heading: nothing there to open */
};

/* A cursor in an analysis.  Knows no keys, colours or terminal. */
struct view {
	const struct view_ops *ops;
};

struct view_ops {
	const char *name;	/* "functions", as in --view and scripts */
	const char *title;	/* "Functions", on its tab */
	bool own_search;	/* searches its text, not functions */
	struct view *(*open)(void);
	void (*close)(struct view *view);
	/*
	 * Take in new samples and the size of the screen.  The cursor stays
	 * on its function or call path; it writes scene->selected only in
	 * command and point.
	 */
	void (*update)(struct view *view, const struct scene *scene, int width, int height);
	/* Changes nothing: the same view draws the same cells. */
	void (*draw)(const struct view *view, const struct scene *scene, struct canvas canvas);
	enum reaction (*command)(struct view *view, struct scene *scene, enum command command);
	/* Put the cursor on a cell: the mouse.  May be NULL. */
	enum reaction (*point)(struct view *view, struct scene *scene, int x, int y);
	/* Move the cursor to scene->selected: the view was switched to.  May be NULL. */
	void (*enter)(struct view *view, const struct scene *scene);
};

extern const struct view_ops functions_view, tree_view, icicle_view, callers_view,
	counters_view, threads_view, quality_view, output_view, help_view;

struct view *view_open(const struct view_ops *ops);
void view_update(struct view *view, const struct scene *scene, int width, int height);
void view_draw(const struct view *view, const struct scene *scene, struct canvas canvas);
enum reaction view_command(struct view *view, struct scene *scene, enum command command);
enum reaction view_point(struct view *view, struct scene *scene, int x, int y);
void view_enter(struct view *view, const struct scene *scene);
void view_close(struct view *view);

/* "only thread worker 4243", "only process cc1 977"; names as they are. */
void thread_choice_describe(struct strbuf *out, const struct profile *profile,
			    const struct thread_choice *choice);
/* In place of rows: why there are none. */
void view_draw_empty(const struct scene *scene, struct canvas canvas);
/* Where a function's name is drawn: kernel, found by the search, under the cursor. */
enum style view_name_style(const struct scene *scene, function_id function, bool cursor);
/* The same of a row of a call tree, got into like that: see entry_is_guess(). */
enum style view_entry_style(const struct scene *scene, function_id function, unsigned entry,
			    bool cursor);

/*
 * The two or so lines above every view: target, event, time, samples,
 * quality, the strip.  On a screen smaller than 20x5 it is all there is.
 */
int header_height(const struct scene *scene, int width, int height);
void header_draw(const struct scene *scene, struct canvas canvas);

#endif
