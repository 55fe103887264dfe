#ifndef TPROF_UI_MENU_H
#define TPROF_UI_MENU_H

#include "ui/term.h"
#include "view/list.h"
#include "view/view.h"

/*
 * What can be done with the row under the cursor, as a small box over the
 * view, which goes on below it.  All zeroes is a menu that is not open.
 */
enum { MENU_MAX = 32 };

struct menu {
	bool open;
	bool about_function;
	int x, y;		/* where it was asked for: the box stands beside it */
	struct list list;
	const struct menu_entry *item[MENU_MAX];
	struct canvas box;	/* where it is, as last drawn; without a grid */
};

/* Collect what applies in the view now.  The selection of the scene is that of the row. */
void menu_open(struct menu *menu, const struct scene *scene, const struct view_ops *view,
	       int x, int y);
/* What is to be done by a command given while it is open, which may be to close it. */
enum command menu_command(struct menu *menu, enum command command);
enum command menu_mouse(struct menu *menu, const struct mouse_event *event);
/* Over all of the screen. */
void menu_draw(struct menu *menu, const struct scene *scene, struct canvas canvas);

#endif
