#ifndef TPROF_VIEW_COMMAND_H
#define TPROF_VIEW_COMMAND_H

/*
 * What a person can ask for.  This list yields the enum, the names used
 * in the configuration file and scripts, and the text of the help view.
 * In order of the help view; the keys stand in ui/keymap.c.
 */
#define COMMANDS(X) \
	X(UP,		"up",		"move up") \
	X(DOWN,		"down",		"move down") \
	X(PAGE_UP,	"page-up",	"move up a page") \
	X(PAGE_DOWN,	"page-down",	"move down a page") \
	X(HALF_UP,	"half-up",	"move up half a page") \
	X(HALF_DOWN,	"half-down",	"move down half a page") \
	X(SCROLL_UP,	"scroll-up",	"scroll up three rows") \
	X(SCROLL_DOWN,	"scroll-down",	"scroll down three rows") \
	X(FIRST,	"first",	"go to the first row") \
	X(LAST,		"last",		"go to the last row") \
	X(LEFT,		"left",		"collapse, or go to the caller; icicle: box to the left") \
	X(RIGHT,	"right",	\
	  "expand, or go to the callee; icicle: box to the right; " \
	  "functions, callers: show in the tree") \
	X(OPEN,		"open",		\
	  "functions: its callers; tree: open or close; icicle: zoom in; " \
	  "callers: go there; threads: only this one") \
	X(BACK,		"back",		"undo the last zoom, choice of threads, search or filter") \
	X(CANCEL,	"cancel",	\
	  "stop what takes a while: attaching, reading a file, saving") \
	X(VIEW_NEXT,	"view-next",	"next view") \
	X(VIEW_PREV,	"view-prev",	"previous view") \
	X(VIEW_1,	"view-1",	"view 1, Functions") \
	X(VIEW_2,	"view-2",	"view 2, Tree") \
	X(VIEW_3,	"view-3",	"view 3, Icicle") \
	X(VIEW_4,	"view-4",	"view 4, Callers: around one function") \
	X(VIEW_5,	"view-5",	"view 5, Counters") \
	X(VIEW_6,	"view-6",	"view 6, Threads") \
	X(VIEW_7,	"view-7",	"") \
	X(VIEW_8,	"view-8",	"view 8, Quality: how far to trust it, what would help") \
	X(VIEW_9,	"view-9",	"view 9, Output of the launched program") \
	X(TOGGLE,	"toggle",	"open or close the row") \
	X(EXPAND,	"expand",	"open the row") \
	X(COLLAPSE,	"collapse",	"close the row") \
	X(EXPAND_BELOW,	"expand-below",	"open all below the row") \
	X(EXPAND_ALL,	"expand-all",	"open everything") \
	X(COLLAPSE_ALL,	"collapse-all",	"close everything") \
	X(HOTTEST,	"hottest",	"open the heaviest path from the row down") \
	X(INVERT,	"invert",	"callers below callees, and back") \
	X(SORT_NEXT,	"sort-next",	"sort by the next column") \
	X(SORT_PREV,	"sort-prev",	"sort by the previous column") \
	X(SORT_REVERSE,	"sort-reverse",	"turn the order around") \
	X(MEASURE,	"measure",	"percent, time or samples") \
	X(ERRORS,	"errors",	"how sure percentages are: the sampling error at 95 %") \
	X(LIMIT,	"limit",	\
	  "rows and boxes below 0.1, 0.5, 1 or 5 % become one, or none do") \
	X(SEARCH,	"search",	"search, a regular expression") \
	X(SEARCH_THIS,	"search-this",	"search for the function under the cursor") \
	X(FIND_NEXT,	"find-next",	"go to the next match") \
	X(FIND_PREV,	"find-prev",	"go to the previous match") \
	X(FILTER,	"filter",	"keep only stacks that fit a regular expression") \
	X(THREAD,	"thread",	"threads: only this one; elsewhere: to the threads") \
	X(GROUP,	"group",	"threads: one by one, by name, or by process") \
	X(KERNEL,	"kernel",	"kernel frames on or off") \
	X(PAUSE,	"pause",	"hold the display; sampling goes on") \
	X(COLLECT,	"collect",	"stop or start sampling") \
	X(ZERO,		"zero",		"show only what comes from now on; the rest is kept") \
	X(WINDOW,	"window",	"the whole time, the last seconds, or since z") \
	X(WINDOW_SHORTER, "window-shorter", "fewer of the last seconds") \
	X(WINDOW_LONGER, "window-longer", "more of the last seconds") \
	X(SAVE,		"save",		"save what is shown as folded stacks") \
	X(SAVE_SCREEN,	"save-screen",	"save the screen as text") \
	X(MENU,		"menu",		"what can be done with the row") \
	X(REDRAW,	"redraw",	"draw the screen anew") \
	X(MOUSE,	"mouse",	"leave the mouse to the terminal, or take it") \
	X(HAND_OVER,	"hand-over",	"give the launched program the terminal, until Ctrl-]") \
	X(SUSPEND,	"suspend",	"stop tprof and the program (fg goes on)") \
	X(INTERRUPT,	"interrupt",	"interrupt the launched program; attached: quit") \
	X(HELP,		"help",		"this help") \
	X(QUIT,		"quit",		"close help or zoom, then quit") \
	X(QUIT_NOW,	"quit-now",	"quit")

enum command {
	COMMAND_NONE,
#define X(id, name, help) COMMAND_##id,
	COMMANDS(X)
#undef X
	COMMAND_COUNT
};

const char *command_name(enum command command);
const char *command_help(enum command command);
enum command command_named(const char *name);

#endif
