/*
 * What each view looks like: a profile, a size and some commands, compared
 * with tests/screens/NAME.txt (text and, beside it, a letter for the style
 * of each cell).  TPROF_UPDATE_SCREENS=1 rewrites the files; look at the
 * difference then.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "scenery.h"
#include "view/view.h"

enum { COMMANDS_MAX = 8 };

struct screen {
	const char *name;
	const struct view_ops *view;
	struct profile *(*profile)(void);
	int width, height;
	const char *search, *keep;
	enum measure measure;
	bool hide_kernel, inverted;
	void (*change)(struct scene *scene, struct profile *profile);
	enum command command[COMMANDS_MAX];
};

static void add_counter(struct profile *profile, const char *name, enum unit unit,
			enum series_kind kind, uint64_t step)
{
	size_t id = profile_add_series(profile, name, unit, kind);

	for (uint64_t i = 0; i <= 40; i++)
		profile_add_point(profile, id, 100000000000u + i * 250000000u,
				  kind == SERIES_TOTAL ? step * i + step * i * i / 40 :
				  step + step / 8 * (i % 8));
}

static void count(struct scene *scene, struct profile *profile)
{
	size_t id;

	(void)scene;
	add_counter(profile, "task-clock", UNIT_NANOSECONDS, SERIES_TOTAL, 245000000);
	add_counter(profile, "user-time", UNIT_NANOSECONDS, SERIES_TOTAL, 205000000);
	add_counter(profile, "involuntary-switches", UNIT_COUNT, SERIES_TOTAL, 12);
	add_counter(profile, "cpu-migrations", UNIT_COUNT, SERIES_TOTAL, 0);
	add_counter(profile, "cycles", UNIT_COUNT, SERIES_TOTAL, 735000000);
	add_counter(profile, "instructions", UNIT_COUNT, SERIES_TOTAL, 1171000000);
	add_counter(profile, "branches", UNIT_COUNT, SERIES_TOTAL, 201000000);
	add_counter(profile, "branch-misses", UNIT_COUNT, SERIES_TOTAL, 2030000);
	profile->series.at[7].scaled = true;
	profile->series.at[2].reason = profile_add_string(profile,
			"from /proc; threads that ended between two looks are missed");
	id = profile_add_series(profile, "cache-misses", UNIT_COUNT, SERIES_TOTAL);
	profile->series.at[id].reason = profile_add_string(profile,
			"not supported here: this machine has no such counter");
	add_counter(profile, "rss", UNIT_BYTES, SERIES_LEVEL, 44000000);
	add_counter(profile, "threads", UNIT_COUNT, SERIES_LEVEL, 5);
	add_counter(profile, "system-time", UNIT_NANOSECONDS, SERIES_TOTAL, 44000000);
}

/* The samples that are left tell nothing of the time used. */
static void lose_most(struct scene *scene, struct profile *profile)
{
	count(scene, profile);
	scene->status.counted = 10000000000u;
	profile->lost = 240000;
}

/* It still is: nothing has come for two seconds. */
static void stop_target(struct scene *scene, struct profile *profile)
{
	struct status *status = &scene->status;
	uint64_t last = status->now;

	(void)profile;
	status->now += 2100000000u;
	status->halted = true;
	snprintf(status->state, sizeof status->state, "stopped");
	gaps_add(&status->gaps, (struct gap){ last + 20000000, status->now, GAP_STOPPED });
}

/* Of all kinds; what came in the last slice is of the little time that is left of it. */
static void leave_gaps(struct scene *scene, struct profile *profile)
{
	struct status *status = &scene->status;
	uint64_t now = status->now;

	gaps_add(&status->gaps, (struct gap){ now + 100000000, now + 2100000000u, GAP_STOPPED });
	gaps_add(&status->gaps, (struct gap){ now + 2600000000u, now + 4000000000u,
					      GAP_UNSAMPLED });
	scenery_add(profile, "main;fib", 600, now + 1);
	profile_seal(profile, now + 2600000000u);
	scenery_add(profile, "main;fib", 500, now + 4000000001u);
	profile_seal(profile, now + 4500000000u);
	gaps_add(&status->gaps, (struct gap){ now + 4500000000u, now + 6000000000u, GAP_ABSENT });
	scenery_add(profile, "main;fib", 900, now + 4500000001u);
	profile_seal(profile, now + 6500000000u);
	status->now = now + 6500000000u;
}

static void end_gaps(struct scene *scene, struct profile *profile)
{
	leave_gaps(scene, profile);
	scene->status.live = false;
	scene->status.stopped = 2000000000u;
	scene->status.duration = 13500000000u;
}

static void show_last_seconds(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->window.kind = WINDOW_LAST;
	scene->window.last = 5000000000u;
}

static void show_since(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->window.kind = WINDOW_SINCE;
	scene->window.since = scene->status.now - 3000000000u;
}

static void show_nothing(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->window.kind = WINDOW_SINCE;
	scene->window.since = scene->status.now;
}

static void show_errors(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->show_errors = true;
}

static void limit_rows(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->limit = 50;
}

static void pause_display(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->paused = true;
	scene->behind = 1234;
}

static void look_at(struct scene *scene, const struct profile *profile, const char *name)
{
	for (size_t i = 1; i < profile->function.len; i++)
		if (!strcmp(profile_function_name(profile, (function_id)i), name))
			array_push(&scene->selected, (function_id)i);
}

static void look_at_fib(struct scene *scene, struct profile *profile)
{
	look_at(scene, profile, "fib");
}

static void limit_tree(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->limit = 280;
}

static void limit_icicle(struct scene *scene, struct profile *profile)
{
	(void)profile;
	scene->limit = 230;
}

static void limit_main(struct scene *scene, struct profile *profile)
{
	look_at(scene, profile, "main");
	scene->limit = 300;
}

static void look_at_memcpy(struct scene *scene, struct profile *profile)
{
	look_at(scene, profile, "memcpy");
}

/* Four more threads, two of them of another process, and one that ended. */
static void add_threads(struct scene *scene, struct profile *profile)
{
	static const struct { pid_t pid, tid; const char *name, *process; } threads[] = {
		{ 4242, 4243, "worker-1", "app" }, { 4242, 4244, "worker-2", "app" },
		{ 977, 977, "helper", "helper" },
		{ 977, 978, "a thread with a long name", "helper" },
	};
	stack_id stack = profile->sum.at[0].stack;
	uint64_t now = scene->status.now;

	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
		thread_id id = profile_add_thread(profile, threads[i].pid, threads[i].tid,
						  threads[i].name);

		profile_name_thread(profile, id, threads[i].name, threads[i].process);
		if (i == 3)
			profile_end_thread(profile, id);
	}
	profile_name_thread(profile, 1, "app", "app");
	for (uint64_t k = 1; k <= 40; k++) {
		for (thread_id id = 1; id < profile->thread.len; id++)
			if (id != 4 && k % id == 0)
				profile_add_sample(profile, &(struct sample){ .time = now + 1,
					.weight = 100000000u * id, .samples = 100 * id,
					.stack = stack + id, .thread = id, .metric = 1 });
		now += 250000000u;
		profile_seal(profile, now);
	}
	scene->status.now = now;
}

/* Whoever may run a program may call its threads like this. */
static void hostile_threads(struct scene *scene, struct profile *profile)
{
	static const char *const names[] = {
		"\033[2J\033[31mred", "a\nb\tc", "\u202Etfel", "漢字漢字漢", "\xff\xfe", "",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		thread_id id = profile_add_thread(profile, 4242, 4243 + (pid_t)i, names[i]);

		profile_add_sample(profile, &(struct sample){ .time = scene->status.now + 1,
			.weight = 100000000u, .samples = 100, .thread = id, .metric = 1,
			.stack = profile->sum.at[0].stack });
	}
	scene->status.now += 250000000u;
	profile_seal(profile, scene->status.now);
}

static void errors_of_threads(struct scene *scene, struct profile *profile)
{
	add_threads(scene, profile);
	scene->show_errors = true;
}

static void gaps_of_threads(struct scene *scene, struct profile *profile)
{
	add_threads(scene, profile);
	gaps_add(&scene->status.gaps, (struct gap){ scene->status.now - 4000000000u,
						    scene->status.now - 2500000000u, GAP_STOPPED });
}

static void gaps_of_counters(struct scene *scene, struct profile *profile)
{
	count(scene, profile);
	gaps_add(&scene->status.gaps, (struct gap){ 108000000000u, 109000000000u, GAP_STOPPED });
}

/* One is heavy enough, one is chosen, the rest is not worth a row. */
static void limit_threads(struct scene *scene, struct profile *profile)
{
	add_threads(scene, profile);
	scene->query.threads = (struct thread_choice){ .by = THREADS_ONE, .pid = 977,
						       .tid = 978 };
	scene->limit = 280;
}

/* For the last seconds another one does the work. */
static void change_threads(struct scene *scene, struct profile *profile)
{
	thread_id other = profile_add_thread(profile, 4242, 4243, "other");

	for (uint64_t k = 0; k < 20; k++) {
		profile_add_sample(profile, &(struct sample){ .time = scene->status.now + 1,
			.weight = 250000000, .samples = 250, .thread = k < 2 ? 1 : other,
			.stack = 1, .metric = 1 });
		scene->status.now += 250000000u;
		profile_seal(profile, scene->status.now);
	}
}

static void window_of_threads(struct scene *scene, struct profile *profile)
{
	add_threads(scene, profile);
	scene->window.kind = WINDOW_LAST;
	scene->window.last = 2000000000u;
}

static void show_thread(struct scene *scene, struct profile *profile)
{
	add_threads(scene, profile);
	scene->query.threads = (struct thread_choice){ .by = THREADS_ONE, .pid = 4242,
						       .tid = 4243 };
}

static void show_process(struct scene *scene, struct profile *profile)
{
	add_threads(scene, profile);
	scene->query.threads = (struct thread_choice){ .by = THREADS_OF_PROCESS, .pid = 977 };
}

static void note_losses(struct scene *scene, struct profile *profile)
{
	struct status *status = &scene->status;

	profile_add_losses(profile, 0, (struct cpu_losses){ .lost = 4 });
	profile_add_losses(profile, 1, (struct cpu_losses){ .lost = 12, .throttled = 2 });
	status->unwind = (struct unwind_facts){ 12, 2, 1, 1234567, 9 << 20 };
	snprintf(status->call_graph, sizeof status->call_graph, "unwind information");
	snprintf(status->why, sizeof status->why,
		 "stacks are copied with each sample: BPF needs CAP_BPF");
	status->naming = 120;
}

static void trouble(struct scene *scene, struct profile *profile)
{
	profile->lost = 1234567;
	profile->throttled = 3;
	scene->status.collecting = false;
	scene->status.naming = 120;
	snprintf(scene->status.state, sizeof scene->status.state, "stopped");
	array_push(&scene->status.notice, xstrdup("No kernel frames: "
		   "/proc/sys/kernel/perf_event_paranoid is 2 and you are not root."));
	array_push(&scene->status.notice, xstrdup("The ring is smaller than asked for."));
}

static void told_trouble(struct scene *scene, struct profile *profile)
{
	trouble(scene, profile);
	scene->notices_told = true;
}

static void new_trouble(struct scene *scene, struct profile *profile)
{
	trouble(scene, profile);
	scene->notice = 1;
}

static void ended_file(struct scene *scene, struct profile *profile)
{
	struct status *status = &scene->status;

	(void)profile;
	status->live = false;
	status->is_file = true;
	status->threads = status->processes = status->frequency = 0;
	status->started = status->now = status->duration = 0;
	*status->state = *status->event = *status->backend = '\0';
	snprintf(status->target, sizeof status->target,
		 "/home/user/measurements/of/last/week/before-the-change.folded");
}

static void half_a_file(struct scene *scene, struct profile *profile)
{
	ended_file(scene, profile);
	scene->status.live = true;
	snprintf(scene->status.state, sizeof scene->status.state, "reading 34%%");
}

static void stopped_file(struct scene *scene, struct profile *profile)
{
	ended_file(scene, profile);
	snprintf(scene->status.state, sizeof scene->status.state, "stopped at 34%%");
	array_push(&scene->status.notice, xstrdup("reading was stopped: all that is shown is of "
						  "the first 34% of 1.19 GiB"));
}

static const char program_output[] =
	"Compiling \033[1mtprof\033[m\r\n"
	" 10%\r 50%\r100%\033[K done\r\n"
	"\033[1;32mok\033[m   \033[4munderlined\033[m \033[7mreversed\033[m "
	"\033[44;97m on blue \033[m\r\n"
	"\033[31merror:\033[m wide 漢字, wrong \xff\xfe, \033]0;a title\007\033[2J\033[9;9Hmoved\r\n"
	"\033[?1049h\033[2Jdrawn on the other screen\033[?1049l and back\r\n"
	"a line that is much longer than the screen is wide and so goes on in the next row, "
	"and in \033[35mthe one after\033[m that if need be\r\n"
	"tab\tstops\there\r\n";

/* The same some times over, so that there is something to scroll. */
static void write_output(struct scene *scene, struct profile *profile)
{
	static struct tail tail;

	(void)profile;
	tail_release(&tail);
	tail_init(&tail, 1 << 20);
	for (int i = 0; i < 4; i++)
		tail_add(&tail, program_output, strlen(program_output));
	tail_add(&tail, "$ ", 2);
	scene->output = &tail;
}

static void pause_output(struct scene *scene, struct profile *profile)
{
	write_output(scene, profile);
	pause_display(scene, profile);
}

static void pause_counters(struct scene *scene, struct profile *profile)
{
	count(scene, profile);
	pause_display(scene, profile);
}

static void write_nothing(struct scene *scene, struct profile *profile)
{
	static struct tail tail = { .size = 1 };

	(void)profile;
	scene->output = &tail;
}

static const struct screen screens[] = {
	{ "functions-plain", &functions_view, scenery_program, 80, 24, .search = NULL },
	{ "functions-wide", &functions_view, scenery_program, 200, 60,
	  .measure = MEASURE_SAMPLES, .command = { COMMAND_DOWN, COMMAND_SORT_NEXT } },
	{ "functions-tiny", &functions_view, scenery_program, 20, 5, .measure = MEASURE_TIME },
	{ "functions-small", &functions_view, scenery_program, 40, 9, .change = pause_display },
	{ "functions-too-small", &functions_view, scenery_program, 19, 5, .search = NULL },
	{ "functions-reversed", &functions_view, scenery_program, 80, 24, .measure = MEASURE_TIME,
	  .command = { COMMAND_SORT_NEXT, COMMAND_SORT_REVERSE, COMMAND_LAST } },
	{ "functions-by-name", &functions_view, scenery_program, 80, 24, .hide_kernel = true,
	  .command = { COMMAND_SORT_PREV, COMMAND_SORT_PREV, COMMAND_DOWN } },
	{ "functions-search", &functions_view, scenery_program, 80, 24, .search = "mem|parse",
	  .command = { COMMAND_FIND_NEXT, COMMAND_FIND_NEXT } },
	{ "functions-filter", &functions_view, scenery_program, 80, 24, .keep = "read_source",
	  .search = "copy", .change = pause_display },
	{ "functions-trouble", &functions_view, scenery_program, 80, 24, .change = trouble },
	{ "functions-trouble-wide", &functions_view, scenery_program, 130, 24, .change = trouble },
	{ "functions-told", &functions_view, scenery_program, 130, 24, .change = told_trouble },
	{ "functions-new", &functions_view, scenery_program, 80, 24, .change = new_trouble },
	{ "functions-far-too-small", &functions_view, scenery_program, 10, 3, .search = NULL },
	{ "functions-last-seconds", &functions_view, scenery_program, 80, 24,
	  .change = show_last_seconds },
	{ "functions-from-now", &functions_view, scenery_program, 80, 24, .change = show_nothing },
	{ "functions-errors", &functions_view, scenery_program, 80, 24, .change = show_errors },
	{ "functions-errors-tiny", &functions_view, scenery_program, 20, 5, .change = show_errors },
	{ "functions-limit", &functions_view, scenery_program, 80, 24, .change = limit_rows },
	{ "functions-limit-tiny", &functions_view, scenery_program, 20, 5, .change = limit_rows },
	{ "functions-limit-search", &functions_view, scenery_program, 80, 24,
	  .change = limit_rows, .search = "fib|memcpy" },
	{ "functions-trend", &functions_view, scenery_changing, 80, 24, .search = NULL },
	{ "functions-inlined", &functions_view, scenery_inlined, 80, 24, .search = NULL },
	{ "tree-inlined", &tree_view, scenery_inlined, 80, 24, .command = { COMMAND_EXPAND_ALL } },
	{ "tree-inlined-inverted", &tree_view, scenery_inlined, 80, 24, .inverted = true,
	  .command = { COMMAND_EXPAND_BELOW } },
	{ "tree-inlined-tiny", &tree_view, scenery_inlined, 34, 9,
	  .command = { COMMAND_EXPAND_ALL } },
	{ "callers-inlined", &callers_view, scenery_inlined, 80, 24, .search = NULL },
	{ "functions-truncated", &functions_view, scenery_truncated, 80, 24, .search = NULL },
	{ "tree-truncated", &tree_view, scenery_truncated, 80, 30,
	  .command = { COMMAND_EXPAND_ALL } },
	{ "tree-truncated-inverted", &tree_view, scenery_truncated, 80, 30, .inverted = true,
	  .command = { COMMAND_EXPAND_BELOW } },
	{ "icicle-truncated", &icicle_view, scenery_truncated, 80, 24, .search = NULL },
	{ "callers-truncated", &callers_view, scenery_truncated, 80, 24,
	  .command = { COMMAND_UP, COMMAND_UP } },
	{ "tree-trend", &tree_view, scenery_changing, 80, 24, .search = NULL },
	{ "tree-trend-inverted", &tree_view, scenery_changing, 80, 24, .inverted = true,
	  .command = { COMMAND_EXPAND_BELOW } },
	{ "tree-trend-tiny", &tree_view, scenery_changing, 20, 5, .search = NULL },
	{ "callers-trend", &callers_view, scenery_changing, 80, 24, .command = { COMMAND_UP,
	  COMMAND_OPEN } },
	{ "threads-trend", &threads_view, scenery_program, 80, 24, .change = change_threads },
	{ "functions-stopped", &functions_view, scenery_program, 80, 24, .change = stop_target },
	{ "functions-gaps", &functions_view, scenery_program, 80, 24, .change = leave_gaps },
	{ "functions-gaps-over", &functions_view, scenery_program, 80, 24, .change = end_gaps },
	{ "functions-hostile", &functions_view, scenery_hostile, 80, 24, .search = NULL },
	{ "functions-empty", &functions_view, profile_new, 80, 24, .search = NULL },
	{ "functions-one", &functions_view, scenery_one_function, 80, 24, .search = NULL },
	{ "functions-one-wide", &functions_view, scenery_one_function, 120, 24, .search = NULL },
	{ "functions-file", &functions_view, scenery_program, 80, 24, .change = ended_file },
	{ "functions-half-file", &functions_view, scenery_program, 80, 24,
	  .change = half_a_file },
	{ "functions-stopped-file", &functions_view, scenery_program, 80, 24,
	  .change = stopped_file },
	{ "tree-plain", &tree_view, scenery_program, 80, 24, .search = NULL },
	{ "tree-since", &tree_view, scenery_program, 80, 24, .change = show_since },
	{ "tree-since-tiny", &tree_view, scenery_program, 20, 5, .change = show_since },
	{ "tree-errors", &tree_view, scenery_program, 80, 24, .change = show_errors },
	{ "tree-limit", &tree_view, scenery_program, 80, 24, .change = limit_tree,
	  .command = { COMMAND_EXPAND_ALL } },
	{ "tree-limit-wide", &tree_view, scenery_program, 200, 60, .change = limit_tree,
	  .command = { COMMAND_EXPAND_ALL, COMMAND_LAST }, .search = "fib" },
	{ "tree-limit-tiny", &tree_view, scenery_program, 20, 5, .change = limit_tree,
	  .command = { COMMAND_EXPAND_ALL, COMMAND_LAST } },
	{ "tree-open", &tree_view, scenery_program, 80, 34,
	  .command = { COMMAND_EXPAND_ALL, COMMAND_DOWN } },
	{ "tree-wide", &tree_view, scenery_program, 200, 60, .measure = MEASURE_SAMPLES,
	  .command = { COMMAND_EXPAND_ALL } },
	{ "tree-narrow", &tree_view, scenery_program, 34, 24,
	  .command = { COMMAND_EXPAND_ALL, COMMAND_PAGE_DOWN } },
	{ "tree-tiny", &tree_view, scenery_program, 20, 5,
	  .command = { COMMAND_DOWN, COMMAND_DOWN } },
	{ "tree-closed", &tree_view, scenery_program, 80, 24, .measure = MEASURE_TIME,
	  .command = { COMMAND_COLLAPSE_ALL, COMMAND_RIGHT, COMMAND_RIGHT, COMMAND_RIGHT } },
	{ "tree-hottest", &tree_view, scenery_program, 80, 24,
	  .command = { COMMAND_COLLAPSE_ALL, COMMAND_HOTTEST } },
	{ "tree-search", &tree_view, scenery_program, 80, 24, .search = "memcpy",
	  .command = { COMMAND_COLLAPSE_ALL, COMMAND_FIND_NEXT, COMMAND_FIND_NEXT } },
	{ "functions-turned", &functions_view, scenery_program, 80, 24, .inverted = true },
	{ "tree-inverted", &tree_view, scenery_program, 80, 24, .inverted = true,
	  .command = { COMMAND_DOWN, COMMAND_EXPAND_BELOW } },
	{ "tree-hostile", &tree_view, scenery_hostile, 80, 24, .command = { COMMAND_EXPAND_ALL } },
	{ "tree-empty", &tree_view, profile_new, 80, 24, .search = NULL },
	{ "tree-one", &tree_view, scenery_one_function, 80, 24, .search = NULL },
	{ "tree-none-fits", &tree_view, scenery_program, 80, 24, .keep = "no such function" },
	{ "icicle-plain", &icicle_view, scenery_program, 80, 24, .search = NULL },
	{ "icicle-wide", &icicle_view, scenery_program, 200, 60,
	  .command = { COMMAND_DOWN, COMMAND_DOWN } },
	{ "icicle-tiny", &icicle_view, scenery_program, 20, 5,
	  .command = { COMMAND_DOWN, COMMAND_DOWN, COMMAND_DOWN } },
	{ "icicle-zoom", &icicle_view, scenery_program, 80, 24,
	  .command = { COMMAND_DOWN, COMMAND_DOWN, COMMAND_DOWN, COMMAND_RIGHT, COMMAND_RIGHT,
		       COMMAND_OPEN, COMMAND_DOWN } },
	{ "icicle-search", &icicle_view, scenery_program, 80, 24, .search = "memcpy",
	  .command = { COMMAND_FIND_NEXT } },
	{ "icicle-limit", &icicle_view, scenery_program, 80, 24, .change = limit_icicle,
	  .command = { COMMAND_DOWN, COMMAND_DOWN } },
	{ "icicle-limit-zoom", &icicle_view, scenery_program, 80, 24, .change = limit_icicle,
	  .search = "fib", .command = { COMMAND_FIND_NEXT } },
	{ "icicle-limit-tiny", &icicle_view, scenery_program, 20, 5, .change = limit_icicle },
	{ "icicle-inverted", &icicle_view, scenery_program, 80, 24, .inverted = true,
	  .command = { COMMAND_DOWN } },
	{ "icicle-hostile", &icicle_view, scenery_hostile, 80, 24, .search = NULL },
	{ "icicle-empty", &icicle_view, profile_new, 80, 24, .search = NULL },
	{ "icicle-one", &icicle_view, scenery_one_function, 80, 24, .command = { COMMAND_DOWN } },
	{ "callers-plain", &callers_view, scenery_program, 80, 24, .search = NULL },
	{ "callers-recursion", &callers_view, scenery_program, 80, 24, .change = look_at_fib },
	{ "callers-wide", &callers_view, scenery_program, 200, 60, .measure = MEASURE_SAMPLES,
	  .change = look_at_memcpy, .command = { COMMAND_UP, COMMAND_OPEN, COMMAND_DOWN } },
	{ "callers-limit", &callers_view, scenery_program, 80, 24, .change = limit_main },
	{ "callers-tiny", &callers_view, scenery_program, 20, 5, .command = { COMMAND_UP } },
	{ "callers-small", &callers_view, scenery_program, 40, 9, .change = look_at_memcpy },
	{ "callers-search", &callers_view, scenery_program, 80, 24, .search = "malloc",
	  .command = { COMMAND_FIND_NEXT } },
	{ "callers-none", &callers_view, scenery_program, 80, 24, .keep = "read_source",
	  .change = look_at_fib },
	{ "callers-hostile", &callers_view, scenery_hostile, 80, 24,
	  .command = { COMMAND_UP, COMMAND_OPEN } },
	{ "callers-empty", &callers_view, profile_new, 80, 24, .search = NULL },
	{ "counters-lost", &counters_view, scenery_program, 80, 24, .change = lose_most },
	{ "counters-plain", &counters_view, scenery_program, 80, 24, .change = count },
	{ "counters-wide", &counters_view, scenery_program, 200, 60, .change = count,
	  .command = { COMMAND_DOWN } },
	{ "counters-tiny", &counters_view, scenery_program, 20, 5, .change = count,
	  .command = { COMMAND_LAST } },
	{ "counters-narrow", &counters_view, scenery_program, 50, 24, .change = count },
	{ "counters-reason", &counters_view, scenery_program, 80, 24, .change = count,
	  .command = { COMMAND_DOWN, COMMAND_DOWN } },
	{ "counters-file", &counters_view, scenery_program, 80, 24, .change = ended_file },
	{ "threads-plain", &threads_view, scenery_program, 80, 24, .change = show_thread,
	  .command = { COMMAND_GROUP } },
	{ "threads-processes", &threads_view, scenery_program, 80, 24, .change = show_process,
	  .command = { COMMAND_SORT_NEXT } },
	{ "threads-names", &threads_view, scenery_program, 80, 24, .change = add_threads,
	  .command = { COMMAND_GROUP, COMMAND_GROUP, COMMAND_DOWN } },
	{ "threads-wide", &threads_view, scenery_program, 200, 60, .change = add_threads,
	  .measure = MEASURE_TIME, .command = { COMMAND_GROUP, COMMAND_DOWN, COMMAND_SORT_PREV,
					       COMMAND_SORT_PREV } },
	{ "threads-errors", &threads_view, scenery_program, 80, 24, .change = errors_of_threads },
	{ "threads-tiny", &threads_view, scenery_program, 20, 5, .change = add_threads,
	  .command = { COMMAND_DOWN } },
	{ "threads-limit", &threads_view, scenery_program, 80, 24, .change = limit_threads,
	  .command = { COMMAND_GROUP } },
	{ "threads-limit-tiny", &threads_view, scenery_program, 20, 5, .change = limit_threads,
	  .command = { COMMAND_GROUP, COMMAND_LAST } },
	{ "threads-window", &threads_view, scenery_program, 80, 24, .change = window_of_threads,
	  .command = { COMMAND_GROUP } },
	{ "threads-filter", &threads_view, scenery_program, 80, 24, .change = add_threads,
	  .keep = "memcpy|worker", .command = { COMMAND_GROUP } },
	{ "threads-gaps", &threads_view, scenery_program, 80, 24, .change = gaps_of_threads,
	  .command = { COMMAND_GROUP } },
	{ "counters-gaps", &counters_view, scenery_program, 80, 24, .change = gaps_of_counters },
	{ "threads-small", &threads_view, scenery_program, 40, 9, .change = show_thread },
	{ "threads-empty", &threads_view, profile_new, 80, 24, .search = NULL },
	{ "threads-file", &threads_view, profile_new, 80, 24, .change = ended_file },
	{ "functions-thread", &functions_view, scenery_program, 80, 24, .change = show_thread },
	{ "quality-plain", &quality_view, scenery_truncated, 80, 40, .change = note_losses },
	{ "quality-wide", &quality_view, scenery_truncated, 200, 60, .change = note_losses,
	  .command = { COMMAND_PAGE_DOWN, COMMAND_UP } },
	{ "quality-narrow", &quality_view, scenery_truncated, 36, 24, .change = note_losses },
	{ "quality-scrolled", &quality_view, scenery_truncated, 80, 24, .change = note_losses,
	  .command = { COMMAND_LAST } },
	{ "quality-tiny", &quality_view, scenery_truncated, 20, 5, .change = note_losses,
	  .command = { COMMAND_PAGE_DOWN, COMMAND_DOWN, COMMAND_DOWN } },
	{ "quality-one", &quality_view, scenery_one_function, 80, 24, .search = NULL },
	{ "quality-hostile", &quality_view, scenery_hostile, 80, 24, .search = NULL },
	{ "quality-file", &quality_view, scenery_program, 80, 24, .change = ended_file },
	{ "quality-empty", &quality_view, profile_new, 80, 24, .search = NULL },
	{ "output-plain", &output_view, scenery_program, 80, 24, .change = write_output },
	{ "output-scrolled", &output_view, scenery_program, 80, 14, .change = write_output,
	  .command = { COMMAND_UP, COMMAND_PAGE_UP, COMMAND_DOWN } },
	{ "output-search", &output_view, scenery_program, 80, 24, .change = write_output,
	  .search = "error", .command = { COMMAND_FIND_PREV, COMMAND_FIND_PREV } },
	{ "output-tiny", &output_view, scenery_program, 20, 5, .change = write_output },
	{ "output-empty", &output_view, scenery_program, 80, 24, .change = write_nothing },
	{ "output-none", &output_view, scenery_program, 80, 24, .search = NULL },
	{ "tree-paused", &tree_view, scenery_program, 80, 12, .change = pause_display },
	{ "tree-thread", &tree_view, scenery_program, 80, 12, .change = show_thread },
	{ "tree-filter", &tree_view, scenery_program, 80, 16, .keep = "read_source" },
	{ "icicle-paused", &icicle_view, scenery_program, 80, 12, .change = pause_display },
	{ "icicle-thread", &icicle_view, scenery_program, 80, 12, .change = show_thread },
	{ "icicle-filter", &icicle_view, scenery_program, 80, 16, .keep = "read_source" },
	{ "icicle-errors", &icicle_view, scenery_program, 80, 12, .change = show_errors },
	{ "icicle-last-seconds", &icicle_view, scenery_program, 80, 12,
	  .change = show_last_seconds },
	{ "icicle-none-fits", &icicle_view, scenery_program, 80, 12, .keep = "no such function" },
	{ "callers-paused", &callers_view, scenery_program, 80, 12, .change = pause_display },
	{ "callers-thread", &callers_view, scenery_program, 80, 12, .change = show_thread },
	{ "callers-errors", &callers_view, scenery_program, 80, 12, .change = show_errors },
	{ "callers-last-seconds", &callers_view, scenery_program, 80, 12,
	  .change = show_last_seconds },
	{ "counters-paused", &counters_view, scenery_program, 80, 12, .change = pause_counters },
	{ "counters-empty", &counters_view, profile_new, 80, 12, .search = NULL },
	{ "threads-paused", &threads_view, scenery_program, 80, 12, .change = pause_display },
	{ "threads-hostile", &threads_view, scenery_program, 80, 12, .change = hostile_threads },
	{ "output-paused", &output_view, scenery_program, 80, 12, .change = pause_output },
	{ "help-paused", &help_view, scenery_program, 80, 12, .change = pause_display },
	{ "help-plain", &help_view, scenery_program, 80, 24, .search = NULL },
	{ "help-scrolled", &help_view, scenery_program, 80, 24, .command = { COMMAND_LAST } },
	{ "help-wide", &help_view, scenery_program, 200, 60, .change = trouble },
	{ "help-tiny", &help_view, scenery_program, 20, 5, .command = { COMMAND_PAGE_DOWN } },
};

static void draw(const struct view *view, const struct scene *scene, struct grid *grid)
{
	struct canvas all = canvas_of(grid);
	int top = header_height(scene, grid->width, grid->height);

	header_draw(scene, canvas_part(all, 0, 0, all.width, top));
	view_draw(view, scene, canvas_part(all, 0, top, all.width, all.height - top));
}

static void look(const struct screen *screen, struct strbuf *out)
{
	struct profile *profile = screen->profile();
	struct view *view = view_open(screen->view);
	struct scene scene;
	struct grid grid = { 0 };
	struct error error;
	int top;

	scenery_look(&scene, profile);
	scene.measure = screen->measure;
	scene.query.hide_kernel = screen->hide_kernel;
	scene.query.inverted = screen->inverted;
	if (screen->keep)
		assert_true(query_set_keep(&scene.query, screen->keep, &error));
	if (screen->search)
		assert_true(match_set(&scene.match, screen->search, &error));
	if (screen->change)
		screen->change(&scene, profile);
	scene_update(&scene, profile);
	top = header_height(&scene, screen->width, screen->height);
	view_enter(view, &scene);
	view_update(view, &scene, screen->width, screen->height - top);
	for (size_t i = 0; i < COMMANDS_MAX && screen->command[i]; i++) {
		view_command(view, &scene, screen->command[i]);
		scene_update(&scene, profile);
		view_update(view, &scene, screen->width, screen->height - top);
	}
	grid_resize(&grid, screen->width, screen->height);
	draw(view, &scene, &grid);
	grid_dump(&grid, true, out);
	grid_release(&grid);
	view_close(view);
	scene_release(&scene);
	profile_free(profile);
}

static void read_all(const char *path, struct strbuf *out)
{
	char buffer[4096];
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return;
	while ((len = fread(buffer, 1, sizeof buffer, file)) > 0)
		strbuf_add(out, buffer, len);
	fclose(file);
}

static void compare(void **state)
{
	const struct screen *screen = *state;
	const char *srcdir = getenv("srcdir");
	struct strbuf path = STRBUF_INIT, now = STRBUF_INIT, expected = STRBUF_INIT;

	strbuf_addf(&path, "%s/tests/screens/%s.txt", srcdir ? srcdir : ".", screen->name);
	look(screen, &now);
	if (getenv("TPROF_UPDATE_SCREENS")) {
		FILE *file = fopen(path.text, "we");

		assert_non_null(file);
		fwrite(now.text, 1, now.len, file);
		assert_int_equal(fclose(file), 0);
	}
	read_all(path.text, &expected);
	if (strcmp(now.text, expected.text) != 0)
		print_error("%s is now\n%s", path.text, now.text);
	assert_string_equal(now.text, expected.text);
	strbuf_release(&path);
	strbuf_release(&now);
	strbuf_release(&expected);
}

int main(void)
{
	enum { COUNT = sizeof screens / sizeof *screens };
	struct CMUnitTest tests[COUNT];
	struct screen copies[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		copies[i] = screens[i];
		tests[i] = (struct CMUnitTest){ .name = screens[i].name, .test_func = compare,
						.initial_state = &copies[i] };
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
