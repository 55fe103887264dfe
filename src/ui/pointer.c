#include "ui/pointer.h"

#include <stdlib.h>

enum { SIDE_MAX = 10000, X10_OFFSET = 32 };

/* Bits of the number that comes with an event. */
enum {
	BUTTON_LEFT = 0, BUTTON_RIGHT = 2,
	MODIFIERS = 4 | 8 | 16,	/* Shift, Meta, Ctrl */
	WHEEL = 64,
};

static const uint64_t double_click = 400000000u;

static bool is_second_click(const struct pointer *pointer, const struct mouse_event *event,
			    uint64_t now)
{
	return pointer->clicked_at && now - pointer->clicked_at <= double_click &&
	       pointer->clicked.y == event->y && abs(pointer->clicked.x - event->x) <= 1;
}

static void take_click(struct pointer *pointer, uint64_t now, struct mouse_event *event)
{
	if (is_second_click(pointer, event, now)) {
		event->action = MOUSE_DOUBLE;
		pointer->clicked_at = 0;
		return;
	}
	event->action = MOUSE_CLICK;
	pointer->clicked = *event;
	pointer->clicked_at = now;
}

/* column and row count from 1. */
static bool take(struct pointer *pointer, unsigned code, long column, long row, uint64_t now,
		 struct mouse_event *event)
{
	struct mouse_event found = { .x = (int)column - 1, .y = (int)row - 1 };

	code &= ~(unsigned)MODIFIERS;
	if (column < 1 || row < 1 || column > SIDE_MAX || row > SIDE_MAX)
		return false;
	if (code == BUTTON_LEFT)
		take_click(pointer, now, &found);
	else if (code == BUTTON_RIGHT)
		found.action = MOUSE_MENU;
	else if (code == WHEEL || code == WHEEL + 1)
		found.action = code == WHEEL ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
	else
		return false;
	*event = found;
	return true;
}

static bool take_number(const char **at, char end, long *value)
{
	char *rest;

	if (**at < '0' || **at > '9')
		return false;
	*value = strtol(*at, &rest, 10);
	if (end ? *rest != end : *rest != 'M' && *rest != 'm')
		return false;
	*at = rest + 1;
	return *value <= SIDE_MAX;
}

bool pointer_take_sgr(struct pointer *pointer, const char *text, uint64_t now,
		      struct mouse_event *event)
{
	long code, column, row;

	if (!take_number(&text, ';', &code) || !take_number(&text, ';', &column) ||
	    !take_number(&text, '\0', &row))
		return false;
	return text[-1] == 'M' && !*text &&
	       take(pointer, (unsigned)code, column, row, now, event);
}

bool pointer_take_x10(struct pointer *pointer, const unsigned char bytes[3], uint64_t now,
		      struct mouse_event *event)
{
	for (int i = 0; i < 3; i++)
		if (bytes[i] < X10_OFFSET)
			return false;
	return take(pointer, bytes[0] - X10_OFFSET, bytes[1] - X10_OFFSET, bytes[2] - X10_OFFSET,
		    now, event);
}
