#ifndef TPROF_UI_BARS_H
#define TPROF_UI_BARS_H

#include "view/view.h"

/*
 * The two lines around a view: its tabs above, the most useful keys below.
 * Both draw in the first row of their canvas.
 */
struct tab {
	const struct view_ops *ops;
	enum command command;		/* that goes there */
};

enum { TAB_COUNT = 8 };
extern const struct tab tabs[TAB_COUNT];

/* current may be TAB_COUNT: none of them. */
void bars_draw_tabs(const struct scene *scene, size_t current, struct canvas canvas);
/* Where a click there leads; COMMAND_NONE: nowhere. */
enum command bars_tab_at(const struct scene *scene, size_t current, int width, int x);
/* Pauses, filters, searches, where the header has no room for them; false if there are none. */
bool bars_draw_activity(const struct scene *scene, struct canvas canvas);
/* What takes a while just now, and the key that ends it; returns the columns it took. */
int bars_draw_work(const struct scene *scene, struct canvas canvas);
/* As many as fit, the most needed first. */
void bars_draw_hints(const struct scene *scene, const struct view_ops *view, struct canvas canvas);
enum command bars_hint_at(const struct scene *scene, const struct view_ops *view, int width, int x);

#endif
