#include "format/format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"

/* How much of a file its format is told from. */
enum { HEAD_MAX = 64 << 10 };

extern const struct format folded_format;

const struct format *const formats[] = {
	&folded_format,
	NULL
};

const struct format *format_named(const char *name)
{
	for (const struct format *const *f = formats; *f; f++)
		if (!strcmp((*f)->name, name))
			return *f;
	return NULL;
}

/* What follows the last dot of a file's name, "" if nothing does. */
static const char *extension_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? dot + 1 : "";
}

static const struct format *find_extension(const char *extension)
{
	for (const struct format *const *f = formats; *f; f++)
		for (const char *const *e = (*f)->extension; *e; e++)
			if (!strcasecmp(*e, extension))
				return *f;
	return NULL;
}

static void list_written(struct strbuf *out)
{
	for (const struct format *const *f = formats; *f; f++)
		for (const char *const *e = (*f)->extension; (*f)->write && *e; e++)
			strbuf_addf(out, "%s.%s", out->len ? ", " : "", *e);
}

const struct format *format_for_path(const char *path, struct error *error)
{
	const char *extension = extension_of(path);
	const struct format *format = find_extension(*extension ? extension : "folded");
	struct strbuf known = STRBUF_INIT;

	if (format && format->write)
		return format;
	list_written(&known);
	error_set(error, EINVAL, "can't write %s: files ending in .%s are not known here; "
		  "those that can be written: %s", path, extension, known.text);
	strbuf_release(&known);
	return NULL;
}

static int open_input(const char *path, struct error *error)
{
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		error_set(error, errno, "can't open %s: %s", path, strerror(errno));
		return -1;
	}
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		error_set(error, EISDIR, "can't open %s: it is a directory", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* A pipe may give little at a time: a line of it is enough to go on. */
static bool read_head(int fd, struct strbuf *head)
{
	char part[4096];
	ssize_t got;

	do {
		got = read(fd, part, sizeof part);
		if (got > 0)
			strbuf_add(head, part, (size_t)got);
	} while ((got > 0 && head->len < HEAD_MAX &&
		  ((size_t)got == sizeof part || !memchr(head->text, '\n', head->len))) ||
		 (got < 0 && errno == EINTR));
	return got >= 0;
}

/* By content; a name that says what it is counts when the content says nothing. */
static const struct format *recognize(const char *path, struct bytes head, struct error *error)
{
	const struct format *named = find_extension(extension_of(path));
	struct strbuf known = STRBUF_INIT;

	if (!head.len) {
		error_set(error, 0, "%s is empty: there is no profile in it", path);
		return NULL;
	}
	for (const struct format *const *f = formats; *f; f++)
		if ((*f)->open && (*f)->probe(head))
			return *f;
	if (named && named->open)
		return named;
	for (const struct format *const *f = formats; *f; f++)
		if ((*f)->open)
			strbuf_addf(&known, "%s%s (%s)", known.len ? ", " : "", (*f)->name,
				    (*f)->about);
	error_set(error, 0, "%s is no profile that can be read here; known are: %s", path,
		  known.text);
	strbuf_release(&known);
	return NULL;
}

struct source *format_open(const char *path, struct profile *profile, struct error *error)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct strbuf text = STRBUF_INIT;
	const struct format *format = NULL;
	struct source *source = NULL;
	struct bytes head;
	int fd = open_input(path, error);

	if (fd < 0)
		return NULL;
	if (read_head(fd, &text)) {
		head = (struct bytes){ (const unsigned char *)text.text, text.len };
		format = recognize(name, head, error);
	} else {
		error_set(error, errno, "can't read %s: %s", name, strerror(errno));
	}
	if (format)
		source = format->open(fd, head, name, profile, error);
	else
		close(fd);
	strbuf_release(&text);
	return source;
}
