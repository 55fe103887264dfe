#ifndef TPROF_BASE_FILE_H
#define TPROF_BASE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/strbuf.h"

/*
 * A file being saved.  It appears under its name only when complete: it is
 * written beside it under another name, mode 0600, and renamed.  Nothing
 * is written through a link that stands at the name; under sudo the file
 * is opened, and belongs to, the user who called sudo.
 */
struct file_save {
	FILE *stream;		/* write here */
	char *path, *temporary;	/* temporary: its name in the directory */
	int directory;
	bool replace;
};

/*
 * replace: may take the place of a regular file that exists.  Without it
 * error.code is EEXIST when there is one.
 */
bool file_save_open(struct file_save *save, const char *path, bool replace, struct error *error);
/*
 * Wait until what was written is on the disk: the long part of committing,
 * after which one can still abandon, and after a failure has to.
 */
bool file_save_sync(struct file_save *save, struct error *error);
/* Flush, sync, rename.  On failure nothing is left behind; the save is closed either way. */
bool file_save_commit(struct file_save *save, struct error *error);
void file_save_abandon(struct file_save *save);

/* Could it be saved, by what can be known before?  Replacing what is there. */
bool file_save_check(const char *path, struct error *error);
/* Save a text whole; "-" is standard output. */
bool file_save_text(const char *path, bool replace, const char *text, size_t len,
		    struct error *error);

/* Read a small file (of /proc and the like) from its beginning, at most max bytes. */
bool file_read(const char *path, size_t max, struct strbuf *out, struct error *error);
/* A whole number in a small file such as a sysctl. */
bool file_read_number(const char *path, long long *value);

#endif
