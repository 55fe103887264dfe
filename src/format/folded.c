/*
 * Folded stacks, as flame graph scripts use them: a line for each stack,
 * "outer;middle;inner 12", the outermost function first, and how often.
 *
 * Read are also: Windows line ends, a byte order mark, blank lines, lines
 * of "#" with remarks, empty frames, weights with decimals (rounded), and
 * files with two numbers in each line, before and after a change, of which
 * the second counts.  A line that is none of these is left out, and told.
 * "_[k]" marks kernel functions; "_[i]", "_[j]" and
 * "_[w]" (inlined, from a JIT, of the waker) are left out.
 *
 * Numbers are samples, unless a remark before them says "# unit: ns, 1000
 * a sample": then they are nanoseconds.  We write that where it is so; as
 * it ends in no number, others leave it out.
 *
 * Written in names are ":" for ";" and "?" for control characters.  What
 * a line could be misread for gets an underscore: "#" at the beginning of
 * the first name, the space before a number at the end of any.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/paths.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "format/format.h"

#define UNIT_REMARK "# unit: ns, "
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

enum {
	LINE_LIMIT = 1 << 20,
	REFILL = 64 << 10,
	WORK_NS = 4000000,	/* for one call of read */
};

/* The first bytes of a line, and the stack that they are. */
struct prefix {
	size_t len;
	stack_id stack;
};

struct folded {
	struct source source;
	struct profile *profile;
	char *name;
	int fd;
	metric_id metric;
	bool two_numbers;
	uint64_t ns_a_sample;	/* 0: numbers are samples */

	uint64_t position, size;	/* in the file; size 0: not known */

	/* What was read and not taken yet. */
	struct strbuf text;
	size_t taken, searched;	/* no line ends between the two */
	size_t line;
	size_t stacks;		/* lines that were stacks */
	size_t skipped;		/* lines that should have been */
	char first_skipped[96];
	char trouble[160];
	bool ended;

	/* The line before: the next one often begins the same. */
	struct strbuf previous;
	array(struct prefix) prefix;
	unsigned generation;
};

struct span {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span line)
{
	while (line.len && (is_blank(line.at[line.len - 1]) || line.at[line.len - 1] == '\r'))
		line.len--;
	return line;
}

static bool is_remark(struct span line)
{
	return !line.len || *line.at == '#';
}

/* "12", "12." or "12.5", to the nearest whole. */
static bool parse_weight(struct span text, uint64_t *weight)
{
	size_t i = 0;

	*weight = 0;
	for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
		if (__builtin_mul_overflow(*weight, (uint64_t)10, weight) ||
		    __builtin_add_overflow(*weight, (uint64_t)(text.at[i] - '0'), weight))
			return false;
	if (!i || i == text.len)
		return i;
	if (text.at[i++] != '.')
		return false;
	if (i < text.len && text.at[i] >= '5' && text.at[i] <= '9' &&
	    __builtin_add_overflow(*weight, (uint64_t)1, weight))
		return false;
	while (i < text.len && text.at[i] >= '0' && text.at[i] <= '9')
		i++;
	return i == text.len;
}

/* Take the number at the end of a line, and the blanks before it. */
static bool take_weight(struct span *line, uint64_t *weight)
{
	size_t at = line->len;

	while (at && !is_blank(line->at[at - 1]))
		at--;
	if (!at || !parse_weight((struct span){ line->at + at, line->len - at }, weight))
		return false;
	line->len = at;
	*line = trim(*line);
	return true;
}

static bool has_two_numbers(struct span line)
{
	uint64_t weight;

	return take_weight(&line, &weight) && take_weight(&line, &weight);
}

/* The next line that is ended by a newline, without it. */
static bool split_line(struct bytes *text, struct span *line)
{
	const unsigned char *end = text->len ? memchr(text->at, '\n', text->len) : NULL;

	if (!end)
		return false;
	*line = trim((struct span){ (const char *)text->at, (size_t)(end - text->at) });
	text->len -= (size_t)(end + 1 - text->at);
	text->at = end + 1;
	return true;
}

static void skip_byte_order_mark(struct bytes *text)
{
	if (text->len >= 3 && !memcmp(text->at, BYTE_ORDER_MARK, 3)) {
		text->at += 3;
		text->len -= 3;
	}
}

/* How long a sample is by the remarks before the first stack; 0: numbers are samples. */
static uint64_t find_unit(struct bytes text)
{
	const size_t len = strlen(UNIT_REMARK);
	struct span line;

	while (split_line(&text, &line) && is_remark(line)) {
		uint64_t ns;
		char *end;

		if (line.len < len || memcmp(line.at, UNIT_REMARK, len) != 0)
			continue;
		ns = strtoull(line.at + len, &end, 10);
		if (end != line.at + len && !strncmp(end, " a sample", 9))
			return ns;
	}
	return 0;
}

/* A name may end in a number, so only when all lines have two are they a comparison. */
static bool all_have_two_numbers(struct bytes text)
{
	struct span line;
	size_t count = 0;

	skip_byte_order_mark(&text);
	while (split_line(&text, &line)) {
		if (is_remark(line))
			continue;
		if (!has_two_numbers(line))
			return false;
		count++;
	}
	return count;
}

static bool is_plain_text(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == 0x7f || (text.at[i] < 0x20 && !strchr("\t\n\r", text.at[i])))
			return false;
	/* strchr() finds the NUL too. */
	return !text.len || !memchr(text.at, '\0', text.len);
}

/*
 * Logs and tables have lines that end in numbers too, so every line must
 * fit, and one must have callers and callees.
 */
static bool probe(struct bytes head)
{
	struct span line;
	uint64_t weight;
	bool callers = false;

	skip_byte_order_mark(&head);
	if (!is_plain_text(head))
		return false;
	while (split_line(&head, &line)) {
		if (is_remark(line))
			continue;
		if (!take_weight(&line, &weight) || !line.len)
			return false;
		callers = callers || memchr(line.at, ';', line.len);
	}
	/* What is left is a line that goes on, or the last one of the file. */
	return callers || (head.len && memchr(head.at, ';', head.len) && *head.at != '#');
}

static bool fail(const struct folded *f, struct error *error, const char *what)
{
	return error_set(error, 0, "%s, line %zu: %s; expected are lines such as "
			 "\"main;parse;read 12\"", f->name, f->line, what);
}

/* One bad line must not cost the good ones behind it. */
static void skip_line(struct folded *f, const char *what)
{
	if (!f->skipped++)
		snprintf(f->first_skipped, sizeof f->first_skipped, "line %zu: %s", f->line, what);
	snprintf(f->trouble, sizeof f->trouble, "%zu line%s skipped%s: %s", f->skipped,
		 f->skipped == 1 ? "" : "s", f->skipped == 1 ? "" : "; the first",
		 f->first_skipped);
}

/* The kernel's functions are its own, whatever they are called. */
static function_id add_function(struct profile *profile, struct span name)
{
	struct function function = { 0 };

	if (name.len > 4 && !memcmp(name.at + name.len - 4, "_[", 2) &&
	    name.at[name.len - 1] == ']' && strchr("kijw", name.at[name.len - 2])) {
		name.len -= 4;
		if (name.at[name.len + 2] == 'k') {
			function.flags = FUNCTION_KERNEL;
			function.binary = profile_add_binary(profile, "[kernel]", "",
							     BINARY_KERNEL);
		}
	}
	function.name = profile_add_text(profile, name.at, name.len);
	if (profile_is_bottom(profile_string(profile, function.name)))
		function.flags |= FUNCTION_BOTTOM;
	if (!function.binary &&
	    truncation_find(profile_string(profile, function.name)) < TRUNCATIONS)
		function.flags |= FUNCTION_TRUNCATED;
	return profile_add_function(profile, &function);
}

static stack_id add_frame(struct profile *profile, stack_id caller, struct span name)
{
	struct frame frame = { .function = add_function(profile, name) };

	return profile_add_stack(profile, caller, profile_add_named_location(profile, frame));
}

/* How much of the line the line before had too, in whole frames. */
static struct prefix find_prefix(struct folded *f, struct span line)
{
	size_t same = 0, at;

	if (f->generation != f->profile->generation)
		f->prefix.len = 0;
	f->generation = f->profile->generation;
	while (same < line.len && same < f->previous.len && line.at[same] == f->previous.text[same])
		same++;
	for (at = f->prefix.len; at; at--) {
		size_t len = f->prefix.at[at - 1].len;

		if (len <= same && (len == line.len || line.at[len] == ';'))
			break;
	}
	f->prefix.len = at;
	return at ? f->prefix.at[at - 1] : (struct prefix){ 0 };
}

static stack_id add_stack(struct folded *f, struct span line)
{
	struct prefix prefix = find_prefix(f, line);
	size_t at = prefix.len;

	while (at < line.len) {
		const char *end = memchr(line.at + at, ';', line.len - at);
		size_t stop = end ? (size_t)(end - line.at) : line.len;
		struct span name = { line.at + at, stop - at };

		if (name.len) {
			prefix.stack = add_frame(f->profile, prefix.stack, name);
			prefix.len = at + name.len;
			array_push(&f->prefix, prefix);
		}
		at += name.len + 1;
	}
	strbuf_clear(&f->previous);
	strbuf_add(&f->previous, line.at, line.len);
	return prefix.stack;
}

static uint64_t samples_of(const struct folded *f, uint64_t weight)
{
	uint64_t samples;

	if (!f->ns_a_sample)
		return weight;
	samples = weight / f->ns_a_sample + (weight % f->ns_a_sample > f->ns_a_sample / 2);
	return samples ? samples : 1;
}

static void add_line(struct folded *f, struct span line)
{
	struct sample sample = { .metric = f->metric };
	uint64_t before;

	line = trim(line);
	if (is_remark(line))
		return;
	if (memchr(line.at, '\0', line.len)) {
		skip_line(f, "this is not text");
	} else if (!take_weight(&line, &sample.weight)) {
		skip_line(f, "it does not end in a number of samples");
	} else if (f->two_numbers && !take_weight(&line, &before)) {
		skip_line(f, "it has one number where the lines before have two");
	} else {
		f->stacks++;
		if (!sample.weight)
			return;
		sample.samples = samples_of(f, sample.weight);
		sample.stack = add_stack(f, line);
		profile_add_sample(f->profile, &sample);
	}
}

/* Only what is before the end of the file, or of a line. */
static bool take_line(struct folded *f, struct span *line)
{
	const char *start = f->text.text + f->taken;
	size_t left = f->text.len - f->taken;
	const char *end = left ? memchr(start + f->searched, '\n', left - f->searched) : NULL;

	f->searched = left;
	if (!end && !(f->ended && left))
		return false;
	*line = (struct span){ start, end ? (size_t)(end - start) : left };
	f->taken += line->len + !!end;
	f->searched = 0;
	f->line++;
	return true;
}

static void drop_taken(struct folded *f)
{
	if (!f->taken)
		return;
	memmove(f->text.text, f->text.text + f->taken, f->text.len - f->taken);
	strbuf_cut(&f->text, f->text.len - f->taken);
	f->taken = 0;
}

/* Pipes are asked first whether they have something: reading must not wait. */
static enum source_state refill(struct folded *f, struct error *error)
{
	struct pollfd ready = { .fd = f->fd, .events = POLLIN };
	char part[REFILL];
	ssize_t got = 0;

	drop_taken(f);
	if (f->fd >= 0) {
		if (!poll(&ready, 1, 0))
			return SOURCE_WAIT;
		got = read(f->fd, part, sizeof part);
	}
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return SOURCE_WAIT;
	if (got < 0) {
		error_set(error, errno, "can't read %s: %s", f->name, strerror(errno));
		return SOURCE_FAILED;
	}
	strbuf_add(&f->text, part, (size_t)got);
	f->position += (uint64_t)got;
	f->ended = !got;
	if (f->text.len > LINE_LIMIT && f->searched > LINE_LIMIT) {
		f->line++;
		fail(f, error, "it is longer than a megabyte");
		return SOURCE_FAILED;
	}
	return SOURCE_MORE;
}

static enum source_state finish(const struct folded *f, struct error *error)
{
	if (f->stacks)
		return SOURCE_END;
	if (f->skipped)
		error_set(error, 0, "%s, %s; expected are lines such as \"main;parse;read 12\"",
			  f->name, f->first_skipped);
	else
		error_set(error, 0, "%s has no stacks in it", f->name);
	return SOURCE_FAILED;
}

static enum source_state read_some(struct source *source, struct error *error)
{
	struct folded *f = (struct folded *)source;
	uint64_t until = clock_now() + WORK_NS;
	struct span line;

	do {
		while (take_line(f, &line)) {
			add_line(f, line);
			if (clock_now() > until)
				return SOURCE_MORE;
		}
		if (f->ended)
			return finish(f, error);
		enum source_state state = refill(f, error);
		if (state != SOURCE_MORE)
			return state;
	} while (clock_now() < until);
	return SOURCE_MORE;
}

static size_t fds(const struct source *source, struct pollfd *fd, size_t max)
{
	const struct folded *f = (const struct folded *)source;

	if (f->fd < 0 || !max)
		return 0;
	*fd = (struct pollfd){ .fd = f->fd, .events = POLLIN };
	return 1;
}

/* A file that is standard input may have been read from before. */
static void find_size(struct folded *f, size_t head)
{
	struct stat st;
	off_t at;

	f->position = head;
	if (f->fd < 0 || fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		return;
	at = lseek(f->fd, 0, SEEK_CUR);
	if (at < 0 || st.st_size < at)
		return;
	f->position = (uint64_t)at;
	f->size = (uint64_t)st.st_size;
}

static void progress(const struct source *source, uint64_t *done, uint64_t *total)
{
	const struct folded *f = (const struct folded *)source;

	*done = f->position;
	*total = f->size;
}

static const char *trouble(const struct source *source)
{
	const struct folded *f = (const struct folded *)source;

	return f->skipped ? f->trouble : NULL;
}

static void close_source(struct source *source)
{
	struct folded *f = (struct folded *)source;

	if (f->fd >= 0)
		close(f->fd);
	strbuf_release(&f->text);
	strbuf_release(&f->previous);
	array_release(&f->prefix);
	xfree(f->name);
	xfree(f);
}

static const struct source_ops folded_ops = {
	.name = "folded",
	.fds = fds,
	.read = read_some,
	.progress = progress,
	.trouble = trouble,
	.close = close_source,
};

static bool is_utf16(struct bytes head)
{
	return head.len >= 2 && memchr(head.at, '\0', head.len) &&
	       (!memcmp(head.at, "\xff\xfe", 2) || !memcmp(head.at, "\xfe\xff", 2));
}

static struct source *open_source(int fd, struct bytes head, const char *name,
				  struct profile *profile, struct error *error)
{
	struct folded *f;

	if (is_utf16(head)) {
		error_set(error, 0, "%s is UTF-16; \"iconv -f UTF-16 -t UTF-8\" makes it readable",
			  name);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	skip_byte_order_mark(&head);
	f = xcalloc(1, sizeof *f);
	f->source.ops = &folded_ops;
	f->profile = profile;
	f->name = xstrdup(name);
	f->fd = fd;
	f->two_numbers = all_have_two_numbers(head);
	f->ns_a_sample = find_unit(head);
	f->metric = profile_add_metric(profile, f->ns_a_sample ? "time" : f->two_numbers ?
				       "samples (the second of two)" : "samples",
				       f->ns_a_sample ? UNIT_NANOSECONDS : UNIT_COUNT);
	f->text = f->previous = (struct strbuf)STRBUF_INIT;
	strbuf_add(&f->text, head.at, head.len);
	find_size(f, head.len);
	return &f->source;
}

/* What a name may not have in it, see above. */
static void escape_name(char *name, bool first)
{
	struct span text = { name, strlen(name) };
	uint64_t number;

	for (char *c = name; *c; c++) {
		if (*c == ';')
			*c = ':';
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	if (first && *name == '#')
		*name = '_';
	if (first && !strncmp(name, BYTE_ORDER_MARK, 3))
		memset(name, '_', 3);
	if (take_weight(&text, &number))
		*strrchr(name, ' ') = '_';
}

static void add_name(struct strbuf *line, const char *name, bool kernel)
{
	size_t at;

	if (line->len)
		strbuf_pad(line, ';', 1);
	at = line->len;
	strbuf_adds(line, *name ? name : "[unknown]");
	escape_name(line->text + at, !at);
	if (kernel)
		strbuf_adds(line, "_[k]");
}

/* A node to write, and how much of the line is its parent. */
struct step {
	uint32_t node;
	size_t len;
};

/* 0, or an errno. */
static int write_nodes(const struct profile *profile, const struct paths *paths,
		       enum save_weight weight, FILE *out, struct progress *progress)
{
	array(struct step) step = { 0 };
	struct strbuf line = STRBUF_INIT;
	size_t count = 0;
	int code = 0;

	array_push(&step, ((struct step){ paths->node.at[1].first_child, 0 }));
	while (!code && step.len) {
		struct step *last = &step.at[step.len - 1];
		const struct path_node *node = &paths->node.at[last->node];
		uint64_t amount = weight == SAVE_TIME ? node->self.weight : node->self.samples;

		if (!last->node) {
			step.len--;
			continue;
		}
		last->node = node->next_sibling;
		strbuf_cut(&line, last->len);
		add_name(&line, profile_string(profile, node->name), node->kernel);
		if (amount && fprintf(out, "%s %llu\n", line.text, (unsigned long long)amount) < 0)
			code = errno;
		else if (count++ % 1024 == 0 &&
			 !progress_step(progress, paths->node.len + count, 2 * paths->node.len))
			code = ECANCELED;
		array_push(&step, ((struct step){ node->first_child, line.len }));
	}
	if (!code && !progress_step(progress, 2 * paths->node.len, 2 * paths->node.len))
		code = ECANCELED;
	strbuf_release(&line);
	array_release(&step);
	return code;
}

/* Or nanoseconds would be taken for samples. */
static int write_unit(const struct paths *paths, FILE *out)
{
	struct amount all = { 0 };
	uint64_t each;

	for (size_t i = 1; i < paths->node.len; i++) {
		all.weight += paths->node.at[i].self.weight;
		all.samples += paths->node.at[i].self.samples;
	}
	each = all.samples ? all.weight / all.samples : 0;
	if (each && fprintf(out, UNIT_REMARK "%llu a sample\n", (unsigned long long)each) < 0)
		return errno;
	return 0;
}

static bool write_stacks(const struct profile *profile, const struct query *query,
			 enum save_weight weight, FILE *out, struct progress *progress,
			 struct error *error)
{
	metric_id metric = query->metric ? query->metric : 1;
	struct paths paths;
	int code = 0;

	if (weight == SAVE_TIME && metric < profile->metric.len &&
	    profile->metric.at[metric].unit != UNIT_NANOSECONDS)
		return error_set(error, EINVAL, "can't save time: this profile has %s, not "
				 "nanoseconds; numbers of samples can be saved",
				 profile_string(profile, profile->metric.at[metric].name));
	if (!paths_init(&paths, profile, query, progress, error))
		return false;
	if (weight == SAVE_TIME)
		code = write_unit(&paths, out);
	if (!code)
		code = write_nodes(profile, &paths, weight, out, progress);
	paths_release(&paths);
	return !code ||
	       error_set(error, code, "can't write folded stacks: %s", strerror(code));
}

static const char *const extensions[] = { "folded", "collapsed", "txt", NULL };

extern const struct format folded_format;
const struct format folded_format = {
	.name = "folded",
	.about = "a stack and a number in each line, as flame graph scripts use them",
	.extension = extensions,
	.probe = probe,
	.open = open_source,
	.write = write_stacks,
};
