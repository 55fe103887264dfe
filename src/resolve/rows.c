#include "resolve/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "symbols/client.h"

enum {
	IMAGE = 1,			/* the number of whatever is asked for */
	OPEN_MAX = 64,			/* files that wait for their turn */
	DEATHS_OF_FILE_MAX = 2,
	FAILURES_MAX = 16,		/* to open a file */
	DEATHS_MAX = 20,		/* one after the other without any answer */
};

#define MILLISECOND	UINT64_C(1000000)
#define IDLE_MAX	(5000 * MILLISECOND)	/* then it has to give its memory back */
#define PAUSE_MIN	(100 * MILLISECOND)
#define PAUSE_MAX	(5000 * MILLISECOND)

/* Has a reference to the entry. */
struct wanted {
	uint32_t mapped;		/* 0: none */
	int fd;				/* -1: not open yet */
	unsigned deaths;		/* that it was blamed for */
	bool vdso;
	struct binary_place place;	/* of a file */
};

struct rows {
	struct mapped_table *mapped;
	rows_known_fn *known;
	void *context;
	struct symbolizer *symbolizer;
	array(struct wanted) queue;
	size_t open;			/* descriptors in the queue */
	struct wanted asked;
	bool answered;
	array(uint32_t) made;		/* entries with a table, each with a reference */
	uint64_t bytes, row_count;
	size_t failed;
	unsigned deaths;		/* since the last answer */
	uint64_t busy;			/* when it had something to do last */
	uint64_t start_again, pause;
	bool given_up;			/* never start it again */
	char trouble[200];
};

struct rows *rows_new(struct mapped_table *mapped, rows_known_fn *known, void *context)
{
	struct rows *rows = xcalloc(1, sizeof *rows);

	rows->mapped = mapped;
	rows->known = known;
	rows->context = context;
	rows->pause = PAUSE_MIN;
	rows->asked.fd = -1;
	return rows;
}

static void release_wanted(struct wanted *wanted)
{
	if (wanted->fd >= 0)
		close(wanted->fd);
	xfree(wanted->place.path);
	*wanted = (struct wanted){ .fd = -1 };
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	symbolizer_stop(rows->symbolizer);
	for (size_t i = 0; i < rows->queue.len; i++)
		release_wanted(&rows->queue.at[i]);
	release_wanted(&rows->asked);
	array_release(&rows->queue);
	array_release(&rows->made);
	xfree(rows);
}

static struct mapped *entry_of(struct rows *rows, const struct wanted *wanted)
{
	return &rows->mapped->at.at[wanted->mapped];
}

/* False: it can't be opened.  That there is no descriptor for it now is no failure. */
static bool open_wanted(struct rows *rows, struct wanted *wanted)
{
	struct mapped *mapped = entry_of(rows, wanted);

	if (wanted->fd >= 0)
		return true;
	wanted->fd = wanted->vdso ? binary_open_vdso() : binary_open(&wanted->place);
	if (wanted->fd >= 0 && !wanted->vdso)
		mapped->content = binary_content(wanted->fd);
	if (wanted->fd >= 0 || errno == EMFILE || errno == ENFILE)
		return true;
	mapped->failures++;
	mapped->tried = wanted->place.pid;
	return false;
}

/* Says what is known now, and gives up what is wanted. */
static void settle(struct rows *rows, struct wanted *wanted, enum unwind_code code)
{
	uint32_t id = wanted->mapped;

	entry_of(rows, wanted)->code = code;
	rows->failed += code == UNWIND_CODE_BARE;
	rows->known(rows->context, id);
	release_wanted(wanted);
	if (code != UNWIND_CODE_ROWS)
		mapped_unref(rows->mapped, id);
}

/* A process where it could not be opened says nothing of the next one. */
static bool is_hopeless(const struct mapped *mapped, const struct binary_place *place)
{
	return mapped->failures >= FAILURES_MAX ||
	       (mapped->failures && (!place || mapped->tried == place->pid));
}

void rows_want(struct rows *rows, uint32_t id, const struct binary_place *place)
{
	struct mapped *mapped = &rows->mapped->at.at[id];
	struct wanted wanted = { .mapped = id, .fd = -1, .vdso = !place };

	if (mapped->code != UNWIND_CODE_NONE || rows->given_up || is_hopeless(mapped, place))
		return;
	if (place) {
		wanted.place = *place;
		wanted.place.path = xstrdup(place->path);
	}
	/* Now, while the process is there that has it mapped. */
	if (rows->open < OPEN_MAX && !open_wanted(rows, &wanted)) {
		release_wanted(&wanted);
		return;
	}
	rows->open += wanted.fd >= 0;
	mapped->code = UNWIND_CODE_PENDING;
	mapped_ref(rows->mapped, id);
	array_push(&rows->queue, wanted);
	if (mapped->failures)
		rows->known(rows->context, id);
}

/* What nothing has mapped any more, to make room. */
static void forget_unused(struct rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->made.len; i++) {
		uint32_t id = rows->made.at[i];
		struct mapped *mapped = &rows->mapped->at.at[id];

		if (mapped->refs > 1) {
			rows->made.at[kept++] = id;
			continue;
		}
		rows->bytes -= mapped->table->size;
		rows->row_count -= mapped->table->row_count;
		unwind_table_unref(mapped->table);
		mapped->table = NULL;
		mapped->code = UNWIND_CODE_NONE;
		mapped_unref(rows->mapped, id);
	}
	rows->made.len = kept;
}

static bool has_room(const struct rows *rows, size_t bytes)
{
	return rows->bytes + bytes <= ROWS_BYTES_MAX && rows->made.len < ROWS_TABLES_MAX;
}

static bool keep_table(struct rows *rows, uint32_t id, struct unwind_table *table)
{
	if (!has_room(rows, table->size) || mapped_table_is_full(rows->mapped))
		forget_unused(rows);
	if (!has_room(rows, table->size)) {
		snprintf(rows->trouble, sizeof rows->trouble, "no unwind information of some "
			 "files: that of others takes %llu MiB",
			 (unsigned long long)rows->bytes >> 20);
		return false;
	}
	rows->mapped->at.at[id].table = table;
	rows->bytes += table->size;
	rows->row_count += table->row_count;
	array_push(&rows->made, id);
	return true;
}

static void take_answer(void *context, uint32_t image, enum rows_result result, int fd)
{
	struct rows *rows = context;
	struct unwind_table *table = NULL;
	struct error error;

	(void)image;
	rows->answered = true;
	rows->deaths = 0;
	rows->pause = PAUSE_MIN;
	if (result == ROWS_MADE)
		table = unwind_table_open(fd, &error);
	if (table && !keep_table(rows, rows->asked.mapped, table)) {
		unwind_table_unref(table);
		table = NULL;
	}
	settle(rows, &rows->asked, table ? UNWIND_CODE_ROWS : UNWIND_CODE_BARE);
}

static void drop_queued(struct rows *rows, size_t i)
{
	rows->open -= rows->queue.at[i].fd >= 0;
	rows->queue.len--;
	memmove(rows->queue.at + i, rows->queue.at + i + 1,
		(rows->queue.len - i) * sizeof *rows->queue.at);
}

/* What nobody has mapped any more is not wanted. */
static void drop_unused(struct rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->queue.len; i++) {
		struct wanted *wanted = &rows->queue.at[i];

		if (entry_of(rows, wanted)->refs > 1) {
			rows->queue.at[kept++] = *wanted;
			continue;
		}
		rows->open -= wanted->fd >= 0;
		settle(rows, wanted, UNWIND_CODE_NONE);
	}
	rows->queue.len = kept;
}

/* The first of those that most samples fell into. */
static bool take_next(struct rows *rows, struct wanted *next)
{
	unsigned hits = 0;
	size_t best = 0;

	drop_unused(rows);
	for (size_t i = 0; i < rows->queue.len; i++) {
		unsigned those = entry_of(rows, &rows->queue.at[i])->hits;

		if (those > hits) {
			hits = those;
			best = i;
		}
	}
	if (!rows->queue.len)
		return false;
	*next = rows->queue.at[best];
	drop_queued(rows, best);
	return true;
}

static void give_up(struct rows *rows, const char *why)
{
	rows->given_up = true;
	snprintf(rows->trouble, sizeof rows->trouble, "no unwind information: %s", why);
	while (rows->queue.len) {
		struct wanted wanted = rows->queue.at[rows->queue.len - 1];

		drop_queued(rows, rows->queue.len - 1);
		settle(rows, &wanted, UNWIND_CODE_BARE);
	}
}

static bool start(struct rows *rows, uint64_t now)
{
	struct error error;

	if (rows->symbolizer || now < rows->start_again)
		return rows->symbolizer;
	rows->symbolizer = symbolizer_start(&error);
	rows->start_again = now + PAUSE_MAX;
	if (rows->symbolizer)
		symbolizer_on_rows(rows->symbolizer, take_answer, rows);
	else if (error.code == ENOENT || error.code == EACCES)
		give_up(rows, "there is no symbolizer");
	return rows->symbolizer;
}

/* One at a time, so that it is plain which one it died of. */
static void ask(struct rows *rows, uint64_t now)
{
	struct wanted next;
	int fd;

	while (rows->queue.len && !rows->asked.mapped && start(rows, now)) {
		if (!take_next(rows, &next))
			return;
		if (!open_wanted(rows, &next)) {
			settle(rows, &next, UNWIND_CODE_NONE);
			continue;
		}
		fd = next.fd < 0 ? -1 : fcntl(next.fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0) {
			/* No descriptor is left: later. */
			rows->open += next.fd >= 0;
			array_push(&rows->queue, next);
			return;
		}
		rows->asked = next;
		symbolizer_add_image(rows->symbolizer, IMAGE, IMAGE_ELF, fd);
		symbolizer_ask_rows(rows->symbolizer, IMAGE);
	}
}

/* It died over the one question. */
static void blame(struct rows *rows)
{
	struct wanted *wanted = &rows->asked;

	if (++wanted->deaths < DEATHS_OF_FILE_MAX) {
		rows->open += wanted->fd >= 0;
		array_push(&rows->queue, *wanted);
		*wanted = (struct wanted){ .fd = -1 };
		return;
	}
	snprintf(rows->trouble, sizeof rows->trouble,
		 "no unwind information of %s: the symbolizer broke when it read it",
		 entry_of(rows, wanted)->path);
	settle(rows, wanted, UNWIND_CODE_BARE);
}

static void bury(struct rows *rows, uint64_t now)
{
	symbolizer_stop(rows->symbolizer);
	rows->symbolizer = NULL;
	if (rows->asked.mapped)
		blame(rows);
	rows->start_again = now + rows->pause;
	rows->pause = rows->pause * 2 < PAUSE_MAX ? rows->pause * 2 : PAUSE_MAX;
	if (++rows->deaths > DEATHS_MAX)
		give_up(rows, "the symbolizer breaks again and again");
}

static bool is_idle(struct rows *rows, uint64_t now)
{
	if (rows_waiting(rows))
		rows->busy = now;
	return rows->symbolizer && now > rows->busy + IDLE_MAX;
}

void rows_work(struct rows *rows, uint64_t now)
{
	struct error error;

	if (is_idle(rows, now)) {
		symbolizer_stop(rows->symbolizer);
		rows->symbolizer = NULL;
		rows->start_again = 0;
	}
	/* Asking after taking in an answer keeps the symbolizer busy. */
	for (int round = 0; round < 2; round++) {
		ask(rows, now);
		if (!rows->symbolizer)
			return;
		rows->answered = false;
		if (!symbolizer_work(rows->symbolizer, NULL, NULL, &error)) {
			bury(rows, now);
			return;
		}
		if (rows->answered)
			symbolizer_drop_image(rows->symbolizer, IMAGE);
	}
}

int rows_fd(const struct rows *rows)
{
	return rows->symbolizer ? symbolizer_fd(rows->symbolizer) : -1;
}

size_t rows_waiting(const struct rows *rows)
{
	return rows->queue.len + !!rows->asked.mapped;
}

const char *rows_trouble(const struct rows *rows)
{
	return rows->trouble[0] ? rows->trouble : NULL;
}

pid_t rows_symbolizer_pid(const struct rows *rows)
{
	return rows->symbolizer ? symbolizer_pid(rows->symbolizer) : 0;
}

void rows_facts(const struct rows *rows, struct code_facts *facts)
{
	*facts = (struct code_facts){
		.binaries = rows->made.len, .waiting = rows_waiting(rows), .failed = rows->failed,
		.rows = rows->row_count, .bytes = rows->bytes,
	};
}
