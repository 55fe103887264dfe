#include "ui/state.h"

static void click_in_view(struct app *app, const struct mouse_event *event)
{
	enum reaction reaction = app_view_points(app, event->x, event->y - app->body_top);

	if (event->action == MOUSE_DOUBLE && reaction && !(reaction & REACT_HEADING))
		app_run_command(app, COMMAND_OPEN);
}

static bool is_in_view(const struct app *app, int y)
{
	return y >= app->body_top && y < app->body_top + app->body;
}

static void click(struct app *app, const struct mouse_event *event)
{
	enum command command = COMMAND_NONE;

	if (event->y == app->tab_row)
		command = bars_tab_at(&app->scene, app->current, app->width,
				      event->x);
	else if (event->y == app->hint_row)
		command = bars_hint_at(&app->scene, app_view(app)->ops, app->width, event->x);
	if (command)
		app_run_command(app, command);
	else if (is_in_view(app, event->y))
		click_in_view(app, event);
}

void mouse_act(struct app *app, const struct mouse_event *event)
{
	/* Where things stand is known from the last frame. */
	if (app->undrawn)
		frame_refresh(app);
	/* What is being typed or asked has to be ended first. */
	if (app->purpose != TYPING_NOTHING)
		return;
	if (app->menu.open) {
		enum command command = menu_mouse(&app->menu, event);

		if (command != COMMAND_MENU) {
			app_run_command(app, command);
			return;
		}
	}
	switch (event->action) {
	case MOUSE_CLICK:
	case MOUSE_DOUBLE:
		click(app, event);
		break;
	case MOUSE_MENU:
		if (is_in_view(app, event->y)) {
			app_view_points(app, event->x, event->y - app->body_top);
			app_open_menu(app, event->x, event->y);
		}
		break;
	case MOUSE_WHEEL_UP:
	case MOUSE_WHEEL_DOWN:
		app_run_command(app, event->action == MOUSE_WHEEL_UP ? COMMAND_SCROLL_UP
								     : COMMAND_SCROLL_DOWN);
		break;
	}
}

void mouse_toggle(struct app *app)
{
	bool on = app->mouse_off;

	if (!app->term->capture || !app->term->capture(on)) {
		app_tell(app, STYLE_NOTICE, "this terminal has no mouse");
		return;
	}
	app->mouse_off = !on;
	app_tell(app, STYLE_NOTICE, "%s", on ? "the mouse works here again" :
		 "the mouse is the terminal's: select text; M takes it back");
}
