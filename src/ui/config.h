#ifndef TPROF_UI_CONFIG_H
#define TPROF_UI_CONFIG_H

#include "options.h"
#include "ui/keymap.h"
#include "ui/theme.h"
#include "view/scene.h"

/*
 * What the person set once and for all, in $XDG_CONFIG_HOME/tprof/config
 * or ~/.config/tprof/config: keys, the view to begin with, colours, and
 * defaults of options.  All zeroes is a configuration that says nothing.
 */
struct config {
	struct keymap keymap;
	struct theme_changes theme;
	enum measure measure;
	char view[32];			/* its name, or "" */
	array(char *) problem;		/* lines that were not understood, "FILE:3: ..." */
};

/*
 * Read the person's file, if there is one, and set the options that it
 * names: before the command line, which has the last word.  A file that
 * others could have written is left alone.  As root after sudo it is
 * root's file: that of the caller would decide what root does.
 */
void config_read(struct config *config, struct options *options);
/* The same for a file of that name. */
void config_read_file(struct config *config, struct options *options, const char *path);
void config_release(struct config *config);

#endif
