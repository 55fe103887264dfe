#include "ui/config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <config.h>	/* of the build: ours has the same name */

#include "base/text.h"
#include "ui/bars.h"

#ifdef HAVE_INIH
#include <ini.h>
#endif

enum { PROBLEMS_MAX = 20, FILE_MAX = 256 << 10 };

/* Sanitized: what is complained about stands in it. */
__attribute__((format(printf, 2, 3)))
static void complain(struct config *config, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;
	va_list args;

	if (config->problem.len == PROBLEMS_MAX)
		return;
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	text_sanitize(&safe, text.text, text.len);
	array_push(&config->problem, xstrdup(safe.text));
	strbuf_release(&text);
	strbuf_release(&safe);
}

#ifdef HAVE_INIH

struct reading {
	struct config *config;
	struct options *options;
	FILE *file;
	const char *path;
	unsigned line;
};

static bool set_key(struct reading *reading, const char *name, const char *value,
		    struct error *error)
{
	enum command command = command_named(name);

	if (!command)
		return error_set(error, 0, "no command is called %.40s", name);
	return keymap_set(&reading->config->keymap, command, value, error);
}

static bool set_color(struct reading *reading, const char *name, const char *value,
		      struct error *error)
{
	struct theme_changes *theme = &reading->config->theme;
	enum style style = theme_style_named(name);

	if (style == STYLE_COUNT)
		return error_set(error, 0, "nothing with a colour is called %.40s", name);
	theme->changed[style] = theme_parse_look(value, &theme->look[style], error);
	return theme->changed[style];
}

static bool set_measure(struct config *config, const char *value, struct error *error)
{
	static const char *const names[] = { "percent", "time", "samples" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(value, names[i])) {
			config->measure = (enum measure)i;
			return true;
		}
	return error_set(error, 0, "measure is percent, time or samples, not %.40s", value);
}

static bool set_view(struct reading *reading, const char *name, const char *value,
		     struct error *error)
{
	struct config *config = reading->config;
	bool known = false;

	if (!strcmp(name, "measure"))
		return set_measure(config, value, error);
	if (strcmp(name, "view") != 0)
		return error_set(error, 0, "[view] has view and measure, not %.40s", name);
	for (size_t i = 0; i < TAB_COUNT && !known; i++)
		known = !strcmp(tabs[i].ops->name, value);
	if (!known)
		return error_set(error, 0, "no view is called %.40s", value);
	snprintf(config->view, sizeof config->view, "%s", value);
	return true;
}

static bool set_option(struct reading *reading, const char *name, const char *value,
		       struct error *error)
{
	return options_set(reading->options, name, value, error);
}

static const struct {
	const char *name;
	bool (*set)(struct reading *reading, const char *name, const char *value,
		    struct error *error);
} sections[] = {
	{ "keys", set_key },
	{ "view", set_view },
	{ "colors", set_color },
	{ "options", set_option },
};

/* For inih; it stops for nothing, so that what is right counts. */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	struct error error = { 0 };

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		if (strcmp(sections[i].name, section) != 0)
			continue;
		if (!sections[i].set(reading, name, value, &error))
			complain(reading->config, "%s:%u: %s", reading->path, reading->line,
				 error.text);
		return 1;
	}
	complain(reading->config, "%s:%u: no section is called \"%.40s\"", reading->path,
		 reading->line, section);
	return 1;
}

/*
 * A line for inih, which does not tell their numbers to take().  Without
 * the blanks before it, which would make it part of the line above.
 */
static char *next_line(char *out, int size, void *stream)
{
	struct reading *reading = stream;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t len = getline(&line, &capacity, reading->file);
	const char *text = line;

	if (len < 0) {
		free(line);
		return NULL;
	}
	reading->line++;
	text += strspn(text, " \t");
	if (strlen(text) >= (size_t)size) {
		complain(reading->config, "%s:%u: too long", reading->path, reading->line);
		text = "\n";
	}
	snprintf(out, (size_t)size, "%s", text);
	free(line);
	return out;
}

static void parse(struct config *config, struct options *options, FILE *file, const char *path)
{
	struct reading reading = {
		.config = config, .options = options, .file = file, .path = path,
	};
	int line = ini_parse_stream(next_line, &reading, take, &reading);

	if (line > 0)
		complain(config, "%s:%d: neither a [section] nor name = value", path, line);
}

#else

static void parse(struct config *config, struct options *options, FILE *file, const char *path)
{
	(void)options;
	(void)file;
	complain(config, "%s is not used: tprof was built without inih", path);
}

#endif

/* Whoever can write it decides what our keys do. */
static bool is_trusted(struct config *config, int fd, const char *path)
{
	struct stat about;

	if (fstat(fd, &about) || !S_ISREG(about.st_mode)) {
		complain(config, "%s is not used: not a regular file", path);
		return false;
	}
	if (about.st_uid != geteuid() && about.st_uid != 0) {
		complain(config, "%s is not used: it belongs to another user", path);
		return false;
	}
	if (about.st_mode & (S_IWGRP | S_IWOTH)) {
		complain(config, "%s is not used: others can write it (chmod go-w)", path);
		return false;
	}
	if (about.st_size > FILE_MAX)
		complain(config, "%s is not used: larger than %d KiB", path, FILE_MAX >> 10);
	return about.st_size <= FILE_MAX;
}

void config_read_file(struct config *config, struct options *options, const char *path)
{
	/* A pipe must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *file;

	if (fd < 0) {
		/* A home that is not ours, as after setpriv(1), has no file of ours. */
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			complain(config, "%s is not used: %s", path, strerror(errno));
		return;
	}
	file = is_trusted(config, fd, path) ? fdopen(fd, "r") : NULL;
	if (!file) {
		close(fd);
		return;
	}
	parse(config, options, file, path);
	fclose(file);
}

/* The environment of a privileged run may be another's. */
static void find_path(struct strbuf *path)
{
	bool privileged = getauxval(AT_SECURE) || (!geteuid() && getenv("SUDO_UID"));
	const char *base = privileged ? NULL : getenv("XDG_CONFIG_HOME");
	const char *home = privileged ? NULL : getenv("HOME");
	const struct passwd *user;

	if (base && *base == '/') {
		strbuf_addf(path, "%s/tprof/config", base);
		return;
	}
	if (!home || !*home) {
		user = getpwuid(geteuid());
		home = user ? user->pw_dir : NULL;
	}
	if (home)
		strbuf_addf(path, "%s/.config/tprof/config", home);
}

void config_read(struct config *config, struct options *options)
{
	struct strbuf path = STRBUF_INIT;

	find_path(&path);
	if (path.len)
		config_read_file(config, options, path.text);
	strbuf_release(&path);
}

void config_release(struct config *config)
{
	for (size_t i = 0; i < config->problem.len; i++)
		xfree(config->problem.at[i]);
	array_release(&config->problem);
	keymap_release(&config->keymap);
}
