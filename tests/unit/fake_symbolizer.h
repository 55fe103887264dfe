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
 * and does as the test tells it.
 */
struct question {
	uint32_t image;
	uint64_t address;
};

static struct {
	bool missing;			/* can't be started */
	bool silent;			/* does not answer now */
	uint64_t deadly;		/* dies when this address is its turn, 0: none */
	uint64_t deadly_until;		/* and of all addresses up to here */
	unsigned starts, asked, images;
	unsigned stale;			/* so many answers are "stale" */
	const char *module, *trouble;
	bool running;
	array(struct question) question;
} fake;

struct symbolizer *symbolizer_start(struct error *error)
{
	fake.starts++;
	if (fake.missing) {
		error_set(error, ENOENT, "no names: it is missing");
		return NULL;
	}
	fake.running = true;
	return (struct symbolizer *)(void *)&fake;
}

void symbolizer_stop(struct symbolizer *symbolizer)
{
	(void)symbolizer;
	fake.running = false;
	array_release(&fake.question);
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
	(void)symbolizer, (void)image, (void)kind;
	fake.images++;
	close(fd);
}

void symbolizer_drop_image(struct symbolizer *symbolizer, uint32_t image)
{
	(void)symbolizer, (void)image;
}

void symbolizer_ask(struct symbolizer *symbolizer, uint32_t image, uint64_t address)
{
	(void)symbolizer;
	fake.asked++;
	array_push(&fake.question, ((struct question){ image, address }));
}

static bool is_deadly(uint64_t address)
{
	return fake.deadly && (address == fake.deadly ||
			       (address > fake.deadly && address <= fake.deadly_until));
}

bool symbolizer_work(struct symbolizer *symbolizer, symbol_answer_fn *take, void *context,
		     struct error *error)
{
	size_t count = fake.question.len;
	bool dead = false;

	(void)symbolizer;
	if (fake.silent || !count)
		return true;
	/* The real one answers a whole packet at once, or dies before. */
	for (size_t i = 0; i < count; i++)
		dead = dead || is_deadly(fake.question.at[i].address);
	if (dead)
		return error_set(error, EPIPE, "it died");
	for (size_t i = 0; i < count; i++) {
		struct question q = fake.question.at[i];
		char name[32];
		struct symbol_frame frame = { .function = name, .module = fake.module };
		struct symbol_answer answer = { q.image, q.address, &frame, 1 };

		snprintf(name, sizeof name, "f%llx", (unsigned long long)q.address);
		if (fake.stale && fake.stale--)
			snprintf(name, sizeof name, "stale");
		take(context, &answer);
	}
	memmove(fake.question.at, fake.question.at + count,
		(fake.question.len - count) * sizeof *fake.question.at);
	fake.question.len -= count;
	return true;
}

static int reset_fake(void **state)
{
	(void)state;
	array_release(&fake.question);
	memset(&fake, 0, sizeof fake);
	return 0;
}

#endif
