#ifndef TPROF_FORMAT_FORMAT_H
#define TPROF_FORMAT_FORMAT_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/progress.h"
#include "profile/query.h"
#include "source/source.h"

enum save_weight { SAVE_SAMPLES, SAVE_TIME };

/* A file format: all that tprof knows of it is in format/<name>.c. */
struct format {
	const char *name;
	const char *about;
	const char *const *extension;	/* ends with NULL */
	/* Does a file that begins like this look like the format? */
	bool (*probe)(struct bytes head);
	/*
	 * Either may be NULL: a format can be read, written, or both.
	 *
	 * open takes the descriptor, from which head was read already (-1:
	 * head is all there is), also when it fails.  name is for errors.
	 */
	struct source *(*open)(int fd, struct bytes head, const char *name,
			       struct profile *profile, struct error *error);
	/*
	 * Written is what the query selects, no less and no more.  The profile
	 * is sealed and nobody changes it meanwhile: it may be a copy.  Fails
	 * with ECANCELED when progress, which may be NULL, is cancelled.
	 */
	bool (*write)(const struct profile *profile, const struct query *query,
		      enum save_weight weight, FILE *out, struct progress *progress,
		      struct error *error);
};

extern const struct format *const formats[];	/* ends with NULL */

const struct format *format_named(const char *name);
/* By the extension of a file to be written; folded when there is none. */
const struct format *format_for_path(const char *path, struct error *error);
/* Open a file by its content; "-" is standard input. */
struct source *format_open(const char *path, struct profile *profile, struct error *error);

#endif
