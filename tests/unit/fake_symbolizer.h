#ifndef TPROF_TESTS_FAKE_SYMBOLIZER_H
#define TPROF_TESTS_FAKE_SYMBOLIZER_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "symbols/client.h"

/*
 * Stands in for symbols/client.c in a test: answers "f<address in hex>",
 * and does as the test tells it.  There can be two: one is asked for names
 * and one for rows.
 */
struct question {
	uint32_t image;
	uint64_t address;
};

struct symbolizer {
	bool running;
	array(struct question) question;
	unsigned rows_asked;
	int image;			/* the last one's descriptor, if it is for rows; or -1 */
	rows_answer_fn *take_rows;	/* NULL: it is asked for names */
	void *context;
};

static struct {
	bool missing;			/* can't be started */
	bool silent;			/* does not answer now */
	uint64_t deadly;		/* dies when this address is its turn, 0: none */
	uint64_t deadly_until;		/* and of all addresses up to here */
	unsigned starts, asked, images;
	unsigned stale;			/* so many answers are "stale" */
	const char *module, *trouble;

	/* Of rows. */
	bool rows_silent;
	unsigned rows_deadly;		/* dies of so many questions */
	unsigned rows_asked;
	/* Makes the file, from the descriptor of the image; -1 and *result: none. */
	int (*make_rows)(int image, enum rows_result *result);
	unsigned dropped;		/* images */

	struct symbolizer process[2];
} fake;

struct symbolizer *symbolizer_start(struct error *error)
{
	struct symbolizer *symbolizer = &fake.process[fake.process[0].running];

	fake.starts++;
	if (fake.missing) {
		error_set(error, ENOENT, "no names: it is missing");
		return NULL;
	}
	*symbolizer = (struct symbolizer){ .running = true, .image = -1 };
	return symbolizer;
}

void symbolizer_stop(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	symbolizer->running = false;
	array_release(&symbolizer->question);
	if (symbolizer->image >= 0)
		close(symbolizer->image);
	symbolizer->image = -1;
}

pid_t symbolizer_pid(const struct symbolizer *symbolizer)
{
	return symbolizer ? 4711 : 0;
}

int symbolizer_fd(const struct symbolizer *symbolizer)
{
	return symbolizer ? 99 : -1;
}

bool symbolizer_pending_output(const struct symbolizer *symbolizer)
{
	return !symbolizer;
}

const char *symbolizer_trouble(const struct symbolizer *symbolizer)
{
	return symbolizer ? fake.trouble : NULL;
}

void symbolizer_add_image(struct symbolizer *symbolizer, uint32_t image, enum image_kind kind,
			  int fd)
{
	(void)image, (void)kind;
	fake.images++;
	if (!symbolizer->take_rows) {
		close(fd);
		return;
	}
	if (symbolizer->image >= 0)
		close(symbolizer->image);
	symbolizer->image = fd;
}

void symbolizer_drop_image(struct symbolizer *symbolizer, uint32_t image)
{
	(void)symbolizer, (void)image;
	fake.dropped++;
}

void symbolizer_ask(struct symbolizer *symbolizer, uint32_t image, uint64_t address)
{
	fake.asked++;
	array_push(&symbolizer->question, ((struct question){ image, address }));
}

void symbolizer_ask_rows(struct symbolizer *symbolizer, uint32_t image)
{
	(void)image;
	fake.rows_asked++;
	symbolizer->rows_asked++;
}

void symbolizer_on_rows(struct symbolizer *symbolizer, rows_answer_fn *take, void *context)
{
	symbolizer->take_rows = take;
	symbolizer->context = context;
}

static bool answer_rows(struct symbolizer *symbolizer, struct error *error)
{
	enum rows_result result = ROWS_ABSENT;
	int fd = -1;

	if (fake.rows_silent || !symbolizer->rows_asked)
		return true;
	/* One question is under way at a time. */
	if (symbolizer->rows_asked > 1)
		abort();
	if (fake.rows_deadly && fake.rows_deadly--)
		return error_set(error, EPIPE, "it died");
	symbolizer->rows_asked = 0;
	if (fake.make_rows)
		fd = fake.make_rows(symbolizer->image, &result);
	symbolizer->take_rows(symbolizer->context, 1, fd < 0 ? result : ROWS_MADE, fd);
	return true;
}

static bool is_deadly(uint64_t address)
{
	return fake.deadly && (address == fake.deadly ||
			       (address > fake.deadly && address <= fake.deadly_until));
}

bool symbolizer_work(struct symbolizer *symbolizer, symbol_answer_fn *take, void *context,
		     struct error *error)
{
	size_t count = symbolizer->question.len;
	bool dead = false;

	if (symbolizer->take_rows)
		return answer_rows(symbolizer, error);
	if (fake.silent || !count)
		return true;
	/* The real one answers a whole packet at once, or dies before. */
	for (size_t i = 0; i < count; i++)
		dead = dead || is_deadly(symbolizer->question.at[i].address);
	if (dead)
		return error_set(error, EPIPE, "it died");
	for (size_t i = 0; i < count; i++) {
		struct question q = symbolizer->question.at[i];
		char name[32];
		struct symbol_frame frame = { .function = name, .module = fake.module };
		struct symbol_answer answer = { q.image, q.address, &frame, 1 };

		snprintf(name, sizeof name, "f%llx", (unsigned long long)q.address);
		if (fake.stale && fake.stale--)
			snprintf(name, sizeof name, "stale");
		take(context, &answer);
	}
	memmove(symbolizer->question.at, symbolizer->question.at + count,
		(symbolizer->question.len - count) * sizeof *symbolizer->question.at);
	symbolizer->question.len -= count;
	return true;
}

static int reset_fake(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		symbolizer_stop(fake.process[i].running ? &fake.process[i] : NULL);
	memset(&fake, 0, sizeof fake);
	return 0;
}

#endif
