#ifndef TPROF_OPTIONS_H
#define TPROF_OPTIONS_H

#include "base/error.h"
#include "format/format.h"
#include "source/source.h"

enum action { ACTION_LIVE, ACTION_RECORD, ACTION_REPORT, ACTION_DOCTOR };
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum report_form { REPORT_TEXT, REPORT_JSON, REPORT_CSV };

/* What the command line asks for. */
struct options {
	enum action action;
	struct target target;
	array(char *) process_name;	/* of -p: their numbers are to be found */
	bool choose;			/* nothing to measure was said: a person chooses */
	const char *choose_filter;	/* among those, or NULL; lent by process_name */
	const char *input;		/* a file to open instead of a target */
	const char *output;		/* -o */
	const char *program_output;	/* --output of a live run: a file for the command's */
	const char *script;		/* keys for the headless terminal (tests) */
	enum report_form form;
	enum color color;
	bool ascii;
	bool tree, quality;		/* report --view tree, quality */
	size_t top;			/* rows of a report, 0: its default */
	enum save_weight weight;	/* --weight */
	uint64_t duration;		/* --for, nanoseconds; 0: until the end */
	uint64_t delay;			/* between updates of the screen, ns */
	uint64_t memory;		/* bytes */
};

/* What counts where nothing else is said. */
void options_init(struct options *options);
/*
 * Set freq, delay, memory, ascii, color, backend or call-graph from text, as
 * the command line does: for the configuration file.  The error begins with the name.
 */
bool options_set(struct options *options, const char *name, const char *value,
		 struct error *error);
/* Exits for --help and --version (0) and for usage errors (2). */
void options_parse(struct options *options, int argc, char **argv);
/* Each once: what is listed twice would count twice. */
void options_add_pid(struct options *options, pid_t pid);
void options_release(struct options *options);

#endif
