#include "options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "config.h"

enum {
	OPTION_FOR = 0x100,
	OPTION_NO_FOLLOW,
	OPTION_MEMORY,
	OPTION_COLOR,
	OPTION_ASCII,
	OPTION_DELAY,
	OPTION_WEIGHT,
	OPTION_JSON,
	OPTION_CSV,
	OPTION_VIEW,
	OPTION_TOP,
	OPTION_SCRIPT,
	OPTION_OUTPUT,
	OPTION_BACKEND,
	OPTION_CALL_GRAPH,
};

enum { FREQUENCY_MAX = 100000, PIDS_MAX = 4096 };

static const uint64_t second = 1000000000u;

/* argp has -? for it; most others -h. */
#define OPTION_HELP { NULL, 'h', NULL, OPTION_HIDDEN, "Give this help list", -1 }

#define OPTION_TARGET \
	{ "pid", 'p', "PID|NAME[,...]", 0, "Measure running processes", 1 }, \
	{ "all", 'a', NULL, 0, "Measure the whole system", 1 }, \
	{ "no-follow", OPTION_NO_FOLLOW, NULL, 0, "Leave out child processes", 1 }

#define OPTION_SAMPLING \
	{ "freq", 'F', "HZ", 0, "Samples per second and CPU (999)", 2 }, \
	{ "event", 'e', "EVENT", 0, "What makes a sample (cycles, else cpu-clock)", 2 }, \
	{ "backend", OPTION_BACKEND, "WHICH", 0, "What samples: bpf, perf or auto", 2 }, \
	{ "call-graph", OPTION_CALL_GRAPH, "HOW", 0, "Walk stacks by auto, fp or none", 2 }, \
	{ "for", OPTION_FOR, "DURATION", 0, "Sample for so long: 5s, 500ms, 2m", 2 }, \
	{ "memory", OPTION_MEMORY, "SIZE", 0, "Stay within so much memory (512M)", 2 }

static const struct argp_option live_options[] = {
	OPTION_TARGET,
	OPTION_SAMPLING,
	{ "color", OPTION_COLOR, "WHEN", 0, "always, never or auto", 3 },
	{ "ascii", OPTION_ASCII, NULL, 0, "Draw with ASCII characters only", 3 },
	{ "delay", OPTION_DELAY, "DURATION", 0, "Time between updates of the screen (250ms)", 3 },
	{ "weight", OPTION_WEIGHT, "KIND", 0, "What W saves: samples or time", 3 },
	{ "output", OPTION_OUTPUT, "FILE", 0, "Keep all that COMMAND writes to its terminal", 3 },
	{ "script", OPTION_SCRIPT, "FILE", OPTION_HIDDEN, "Keys for a screen in memory", 3 },
	OPTION_HELP,
	{ 0 },
};

static const struct argp_option record_options[] = {
	OPTION_TARGET,
	OPTION_SAMPLING,
	{ "output", 'o', "FILE", 0, "Where to save, - for standard output", 3 },
	{ "weight", OPTION_WEIGHT, "KIND", 0, "Save samples or time (nanoseconds)", 3 },
	OPTION_HELP,
	{ 0 },
};

static const struct argp_option report_options[] = {
	OPTION_TARGET,
	OPTION_SAMPLING,
	{ "json", OPTION_JSON, NULL, 0, "Print JSON", 3 },
	{ "csv", OPTION_CSV, NULL, 0, "Print comma-separated values", 3 },
	{ "view", OPTION_VIEW, "VIEW", 0, "functions, tree or quality", 3 },
	{ "top", OPTION_TOP, "N", 0, "Only the first N rows", 3 },
	{ "output", 'o', "FILE", 0, "Write the report to a file", 3 },
	OPTION_HELP,
	{ 0 },
};

static const struct argp_option doctor_options[] = {
	{ "json", OPTION_JSON, NULL, 0, "Print JSON", 1 },
	OPTION_HELP,
	{ 0 },
};

void options_add_pid(struct options *options, pid_t pid)
{
	for (size_t i = 0; i < options->target.pid.len; i++)
		if (options->target.pid.at[i] == pid)
			return;
	array_push(&options->target.pid, pid);
}

static void add_process(struct argp_state *state, struct options *options, const char *text,
			size_t len)
{
	size_t digits = strspn(text, "0123456789");
	long pid;

	if (options->target.pid.len + options->process_name.len == PIDS_MAX)
		argp_error(state, "more than %d processes", PIDS_MAX);
	if (digits < len) {
		array_push(&options->process_name, xstrndup(text, len));
		return;
	}
	errno = 0;
	pid = strtol(text, NULL, 10);
	if (!len || errno || pid <= 0 || pid > INT_MAX)
		argp_error(state, "'%s' is not the number or name of a process", text);
	options_add_pid(options, (pid_t)pid);
}

static void set_pids(struct argp_state *state, struct options *options, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		add_process(state, options, text, len);
		if (!text[len])
			return;
		text += len + 1;
	}
}

static bool parse_number(const char *name, const char *text, unsigned long max,
			 unsigned long *value, struct error *error)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !*value || *value > max)
		return error_set(error, 0, "%s takes a number from 1 to %lu, not '%s'", name, max,
				 text);
	return true;
}

static unsigned long number(struct argp_state *state, const char *option, const char *text,
			    unsigned long max)
{
	struct error error;
	unsigned long value;

	if (!parse_number(option, text, max, &value, &error))
		argp_error(state, "%s", error.text);
	return value;
}

static bool parse_duration(const char *name, const char *text, uint64_t *ns, struct error *error)
{
	if (!quantity_parse_duration(text, ns) || !*ns)
		return error_set(error, 0, "%s takes a duration such as 5s or 500ms, not '%s'",
				 name, text);
	return true;
}

static uint64_t duration(struct argp_state *state, const char *option, const char *text)
{
	struct error error;
	uint64_t ns = 0;

	if (!parse_duration(option, text, &ns, &error))
		argp_error(state, "%s", error.text);
	return ns;
}

/* The place of a word in a list that ends with NULL; an error names them all. */
static bool parse_choice(const char *name, const char *text, const char *const *words,
			 int *place, struct error *error)
{
	struct strbuf all = STRBUF_INIT;

	for (*place = 0; words[*place]; ++*place) {
		if (!strcmp(text, words[*place])) {
			strbuf_release(&all);
			return true;
		}
		strbuf_addf(&all, "%s%s", *place ? ", " : "", words[*place]);
	}
	error_set(error, 0, "%s takes one of %s, not '%s'", name, all.text, text);
	strbuf_release(&all);
	return false;
}

static int choice(struct argp_state *state, const char *option, const char *text,
		  const char *const *words)
{
	struct error error;
	int place;

	if (!parse_choice(option, text, words, &place, &error))
		argp_error(state, "%s", error.text);
	return place;
}

/* What the configuration can set as well. */

static bool set_freq(struct options *options, const char *text, struct error *error)
{
	unsigned long value;
	bool ok = parse_number("freq", text, FREQUENCY_MAX, &value, error);

	if (ok)
		options->target.frequency = (unsigned)value;
	return ok;
}

static bool set_delay(struct options *options, const char *text, struct error *error)
{
	return parse_duration("delay", text, &options->delay, error);
}

static bool set_memory(struct options *options, const char *text, struct error *error)
{
	const uint64_t least = 32u << 20;
	uint64_t bytes;

	if (!quantity_parse_size(text, &bytes) || bytes < least)
		return error_set(error, 0, "memory takes a size of at least 32M, not '%s'", text);
	options->memory = bytes;
	return true;
}

static bool set_ascii(struct options *options, const char *text, struct error *error)
{
	static const char *const words[] = { "no", "yes", NULL };
	int place;
	bool ok = parse_choice("ascii", text, words, &place, error);

	if (ok)
		options->ascii = place == 1;
	return ok;
}

static bool set_backend(struct options *options, const char *text, struct error *error)
{
	static const char *const words[] = { "auto", "bpf", "perf", NULL };
	int place;
	bool ok = parse_choice("backend", text, words, &place, error);

	if (ok)
		options->target.backend = (enum backend)place;
	return ok;
}

static bool set_call_graph(struct options *options, const char *text, struct error *error)
{
	static const char *const words[] = { "auto", "fp", "none", NULL };
	int place;
	bool ok = parse_choice("call-graph", text, words, &place, error);

	if (ok)
		options->target.call_graph = (enum call_graph)place;
	return ok;
}

static bool set_color(struct options *options, const char *text, struct error *error)
{
	static const char *const words[] = { "auto", "always", "never", NULL };
	int place;
	bool ok = parse_choice("color", text, words, &place, error);

	if (ok)
		options->color = (enum color)place;
	return ok;
}

bool options_set(struct options *options, const char *name, const char *value,
		 struct error *error)
{
	static const struct {
		const char *name;
		bool (*set)(struct options *options, const char *text, struct error *error);
	} settings[] = {
		{ "freq", set_freq }, { "delay", set_delay }, { "memory", set_memory },
		{ "ascii", set_ascii }, { "color", set_color },
		{ "backend", set_backend }, { "call-graph", set_call_graph },
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (!strcmp(settings[i].name, name))
			return settings[i].set(options, value, error);
	return error_set(error, 0, "no option %.40s can be set here", name);
}

/* The same from the command line, where they begin with dashes. */
static void set(struct argp_state *state, struct options *options, const char *name,
		const char *value)
{
	struct error error;

	if (!options_set(options, name, value, &error))
		argp_error(state, "--%s", error.text);
}

static void set_choice(struct argp_state *state, struct options *options, int key, const char *text)
{
	static const char *const weights[] = { "samples", "time", NULL };
	static const char *const views[] = { "functions", "tree", "quality", NULL };
	int view;

	if (key == OPTION_WEIGHT) {
		options->weight = (enum save_weight)choice(state, "--weight", text, weights);
		return;
	}
	view = choice(state, "--view", text, views);
	options->tree = view == 1;
	options->quality = view == 2;
}

/* Whether a shell would find such a program. */
static bool is_program(const char *name)
{
	const char *path = getenv("PATH");
	struct strbuf file = STRBUF_INIT;
	bool found = false;

	while (path && *path && !found && *name && !strchr(name, '/')) {
		size_t len = strcspn(path, ":");

		strbuf_clear(&file);
		strbuf_add(&file, path, len);
		strbuf_addf(&file, "/%s", name);
		found = !access(file.text, X_OK);
		path += path[len] ? len + 1 : len;
	}
	strbuf_release(&file);
	return found;
}

/* The same but for one slip: a letter missing, too many, another, or two swapped. */
static bool is_near(const char *typed, const char *word)
{
	while (*typed && *typed == *word) {
		typed++;
		word++;
	}
	if (!*typed || !*word)
		return strlen(typed) + strlen(word) <= 1;
	if (!strcmp(typed + 1, word + 1) || !strcmp(typed + 1, word) || !strcmp(typed, word + 1))
		return true;
	return typed[0] == word[1] && typed[1] == word[0] && !strcmp(typed + 2, word + 2);
}

/* What was meant may be a program to run, or one of our commands. */
static void check_input(struct argp_state *state, const struct options *options)
{
	static const char *const commands[] = { "record", "report", "doctor", "help" };
	const char *input = options->input;

	if (!access(input, F_OK) || errno != ENOENT)
		return;
	for (size_t i = 0; !options->action && i < sizeof commands / sizeof *commands; i++)
		if (is_near(input, commands[i]))
			argp_error(state, "there is no file '%s'; did you mean 'tprof %s'?", input,
				   commands[i]);
	if (is_program(input))
		argp_error(state, "there is no file '%s'; to run the command: %s -- %s", input,
			   state->name, input);
}

static void set_argument(struct argp_state *state, struct options *options, char *text)
{
	bool command = state->quoted && state->next - 1 >= state->quoted;

	if (options->action == ACTION_DOCTOR)
		argp_error(state, "doctor takes no arguments");
	if (command) {
		options->target.command = state->argv + state->next - 1;
		state->next = state->argc;
	} else if (options->input) {
		argp_error(state, "one file at a time; to run a command write -- before it");
	} else {
		options->input = text;
		check_input(state, options);
	}
}

static void set_form(struct argp_state *state, struct options *options, enum report_form form)
{
	if (options->form != REPORT_TEXT && options->form != form)
		argp_error(state, "only one of --json and --csv at a time");
	options->form = form;
}

/* Exactly one thing to measure, and options that fit it. */
static void check(struct argp_state *state, struct options *options)
{
	const struct target *target = &options->target;
	bool processes = target->pid.len || options->process_name.len;
	int ways = processes + target->everything + !!target->command + !!options->input;

	if (options->action == ACTION_DOCTOR)
		return;
	/* Someone who looks at the screen can choose there. */
	options->choose = !ways && options->action == ACTION_LIVE &&
		(options->script || (isatty(0) && isatty(1)));
	if (!ways && !options->choose)
		argp_error(state, options->action == ACTION_RECORD ?
			   "say what to measure: -p PID, -a or -- COMMAND" :
			   "say what to measure: -p PID, -a, -- COMMAND or a FILE");
	if (ways > 1)
		argp_error(state, "only one of -p, -a, -- COMMAND and FILE at a time");
	if (options->action == ACTION_RECORD && !options->output)
		argp_error(state, "record needs -o FILE");
	if (options->program_output && !target->command)
		argp_error(state, "--output is for the output of a COMMAND; W saves the profile");
	if (options->input && options->duration)
		argp_error(state, "--for is for measuring, not for a FILE");
	if (target->backend == BACKEND_BPF && target->call_graph != CALL_GRAPH_AUTO)
		argp_error(state, "--call-graph=%s is the kernel's own: it needs --backend=perf",
			   target->call_graph == CALL_GRAPH_FP ? "fp" : "none");
	if (target->everything && target->no_follow)
		argp_error(state, "--no-follow makes no sense with -a");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case 'p':
		set_pids(state, options, arg);
		return 0;
	case 'a':
		options->target.everything = true;
		return 0;
	case 'F':
		set(state, options, "freq", arg);
		return 0;
	case 'e':
		options->target.event = arg;
		return 0;
	case 'o':
		options->output = arg;
		return 0;
	case OPTION_NO_FOLLOW:
		options->target.no_follow = true;
		return 0;
	case OPTION_FOR:
		options->duration = duration(state, "--for", arg);
		return 0;
	case OPTION_DELAY:
		set(state, options, "delay", arg);
		return 0;
	case OPTION_MEMORY:
		set(state, options, "memory", arg);
		return 0;
	case OPTION_BACKEND:
		set(state, options, "backend", arg);
		return 0;
	case OPTION_CALL_GRAPH:
		set(state, options, "call-graph", arg);
		return 0;
	case OPTION_COLOR:
		set(state, options, "color", arg);
		return 0;
	case OPTION_WEIGHT:
	case OPTION_VIEW:
		set_choice(state, options, key, arg);
		return 0;
	case OPTION_ASCII:
		options->ascii = true;
		return 0;
	case OPTION_JSON:
		set_form(state, options, REPORT_JSON);
		return 0;
	case OPTION_CSV:
		set_form(state, options, REPORT_CSV);
		return 0;
	case OPTION_TOP:
		options->top = number(state, "--top", arg, 1000000);
		return 0;
	case OPTION_SCRIPT:
		options->script = arg;
		return 0;
	case OPTION_OUTPUT:
		options->program_output = arg;
		return 0;
	case ARGP_KEY_ARG:
		set_argument(state, options, arg);
		return 0;
	case ARGP_KEY_END:
		check(state, options);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define TARGETS "-p PID|NAME[,...] | -a\n-- COMMAND [ARG...]"

static const struct argp live_argp = {
	.options = live_options,
	.parser = parse,
	.args_doc = TARGETS "\nFILE",
	.doc = "Show where the time goes, live.  Without arguments: choose a process."
	       "\v"
	       "Also: tprof record, tprof report, tprof doctor, each with --help; man tprof.",
};

static const struct argp record_argp = {
	.options = record_options,
	.parser = parse,
	.args_doc = TARGETS,
	.doc = "Measure without a screen and save the profile."
	       "\v"
	       "The format goes by the extension: .folded (one stack a line).",
};

static const struct argp report_argp = {
	.options = report_options,
	.parser = parse,
	.args_doc = TARGETS "\nFILE",
	.doc = "Measure without a screen, or read a FILE, and print a report.",
};

static const struct argp doctor_argp = {
	.options = doctor_options,
	.parser = parse,
	.args_doc = "",
	.doc = "Say what works here, for whom, and which knob changes it.",
};

static const struct {
	const char *word, *name;	/* argv[1], and the name in messages */
	enum action action;
	const struct argp *argp;
} subcommands[] = {
	{ "record", "tprof record", ACTION_RECORD, &record_argp },
	{ "report", "tprof report", ACTION_REPORT, &report_argp },
	{ "doctor", "tprof doctor", ACTION_DOCTOR, &doctor_argp },
};

static void print_version(FILE *out, struct argp_state *state)
{
	(void)state;
	fprintf(out, "tprof %s\n", PACKAGE_VERSION);
#ifdef HAVE_INIH
	fputs("  configuration   ~/.config/tprof/config (inih)\n", out);
#else
	fputs("  configuration   none (built without inih)\n", out);
#endif
#ifdef HAVE_LIBIBERTY
	fputs("  demangling      C++, Rust (libiberty)\n", out);
#else
	fputs("  demangling      none (built without libiberty)\n", out);
#endif
#ifdef HAVE_BPF
	fputs("  sampling        perf events, BPF (libbpf)\n", out);
#else
	fputs("  sampling        perf events (built without BPF)\n", out);
#endif
#ifdef __x86_64__
	fputs("  stacks          unwind information, frame pointers\n", out);
#else
	fputs("  stacks          frame pointers\n", out);
#endif
}

void options_init(struct options *options)
{
	*options = (struct options){
		.target = { .event = "auto", .frequency = 999 },
		.delay = second / 4,
		.memory = 512u << 20,
	};
}

/* "tprof help report" is "tprof report --help". */
static int take_help(int argc, char **argv)
{
	static char help[] = "--help";

	if (argc < 2 || strcmp(argv[1], "help"))
		return argc;
	argc = argc > 2 ? 3 : 2;
	argv[1] = argv[argc - 1];
	argv[argc - 1] = help;
	return argc;
}

void options_parse(struct options *options, int argc, char **argv)
{
	const char *wish = getenv("ARGP_HELP_FMT");
	const struct argp *argp = &live_argp;
	int skip = 0;

	argc = take_help(argc, argv);
	for (size_t i = 0; argc > 1 && i < sizeof subcommands / sizeof *subcommands; i++) {
		if (strcmp(argv[1], subcommands[i].word))
			continue;
		options->action = subcommands[i].action;
		argp = subcommands[i].argp;
		skip = 1;
		/* argp takes the name in its messages from here. */
		argv[1] = (char *)(uintptr_t)subcommands[i].name;
	}
	argp_err_exit_status = 2;
	/* So that the help of each command fits a screen of 24 rows. */
	if (!wish)
		setenv("ARGP_HELP_FMT", "no-dup-args-note", 1);
	argp_program_version_hook = print_version;
	argp_parse(argp, argc - skip, argv + skip, ARGP_IN_ORDER, NULL, options);
	/* Not for the command that is launched. */
	if (!wish)
		unsetenv("ARGP_HELP_FMT");
}

void options_release(struct options *options)
{
	array_release(&options->target.pid);
	for (size_t i = 0; i < options->process_name.len; i++)
		xfree(options->process_name.at[i]);
	array_release(&options->process_name);
}
