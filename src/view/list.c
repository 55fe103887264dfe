#include "view/list.h"

enum { SCROLL_ROWS = 3 };

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t top_max(const struct list *list)
{
	return list->count > list->height ? list->count - list->height : 0;
}

static void keep_visible(struct list *list)
{
	list->cursor = min(list->cursor, list->count ? list->count - 1 : 0);
	list->top = min(list->top, top_max(list));
	if (list->cursor < list->top)
		list->top = list->cursor;
	if (list->height && list->cursor >= list->top + list->height)
		list->top = list->cursor - list->height + 1;
}

void list_resize(struct list *list, size_t count, size_t height)
{
	list->count = count;
	list->height = height;
	keep_visible(list);
}

void list_follow(struct list *list, size_t row)
{
	size_t above = list->cursor - list->top;

	list->cursor = row;
	if (list->top)
		list->top = row > above ? row - above : 0;
	keep_visible(list);
}

void list_go(struct list *list, size_t row)
{
	list->cursor = row;
	keep_visible(list);
}

static void move_up(struct list *list, size_t rows)
{
	list->cursor -= min(rows, list->cursor);
}

/* A page keeps one row of the old one, and scrolls even if the cursor had room. */
static void move_page(struct list *list, size_t rows, bool down)
{
	if (down) {
		list->cursor += rows;
		list->top = min(list->top + rows, top_max(list));
	} else {
		move_up(list, rows);
		list->top -= min(rows, list->top);
	}
}

static size_t page(const struct list *list, size_t part)
{
	size_t rows = list->height / part;

	if (part == 1 && rows > 1)
		rows--;
	return rows ? rows : 1;
}

bool list_command(struct list *list, enum command command)
{
	switch (command) {
	case COMMAND_UP:
		move_up(list, 1);
		break;
	case COMMAND_DOWN:
		list->cursor++;
		break;
	case COMMAND_PAGE_UP:
	case COMMAND_PAGE_DOWN:
		move_page(list, page(list, 1), command == COMMAND_PAGE_DOWN);
		break;
	case COMMAND_HALF_UP:
	case COMMAND_HALF_DOWN:
		move_page(list, page(list, 2), command == COMMAND_HALF_DOWN);
		break;
	case COMMAND_SCROLL_UP:
	case COMMAND_SCROLL_DOWN:
		move_page(list, SCROLL_ROWS, command == COMMAND_SCROLL_DOWN);
		break;
	case COMMAND_FIRST:
		list->cursor = 0;
		break;
	case COMMAND_LAST:
		list->cursor = list->count ? list->count - 1 : 0;
		break;
	default:
		return false;
	}
	keep_visible(list);
	return true;
}
