#ifndef TPROF_VIEW_LIST_H
#define TPROF_VIEW_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "view/command.h"

/* A cursor in rows that may not all fit on the screen. */
struct list {
	size_t count, cursor, top;
	size_t height;
};

/* Keeps the cursor in range and on the screen. */
void list_resize(struct list *list, size_t count, size_t height);
/*
 * Go to a row that moved.  When the list is scrolled the row keeps its
 * distance to the top of the screen: rows move, the eye does not.  A list
 * that shows its first rows goes on showing them while the row is among them.
 */
void list_follow(struct list *list, size_t row);
void list_go(struct list *list, size_t row);
/* Is the command a movement?  Then it is done. */
bool list_command(struct list *list, enum command command);

#endif
