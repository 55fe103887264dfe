#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "source/sorter.h"

/* Writes down what it gets: "<time><letter> " for names. */
struct notes {
	struct sink sink;
	struct strbuf text;
	uint64_t last, count;
	bool ordered;
};

static void note(struct sink *sink, const struct event *event)
{
	struct notes *notes = (struct notes *)(void *)sink;

	if (event->time < notes->last)
		notes->ordered = false;
	notes->last = event->time;
	notes->count++;
	if (event->type == EVENT_NAME)
		strbuf_addf(&notes->text, "%d%s ", (int)event->time, event->name.text);
	if (event->type == EVENT_MAP)
		strbuf_addf(&notes->text, "%s,%s ", event->map.path ? event->map.path : "-",
			    event->map.build_id ? event->map.build_id : "-");
	if (event->type == EVENT_SAMPLE && event->sample.registers)
		strbuf_addf(&notes->text, "%x:%.*s ", (unsigned)event->sample.registers->ip,
			    (int)event->sample.stack.len, (const char *)event->sample.stack.at);
	if (event->type == EVENT_SAMPLE && event->sample.ip_count < 4)
		for (size_t i = 0; i < event->sample.ip_count; i++)
			strbuf_addf(&notes->text, "%x ", (unsigned)event->sample.ip[i]);
}

static void notes_init(struct notes *notes)
{
	*notes = (struct notes){ .sink.event = note, .text = STRBUF_INIT, .ordered = true };
}

static void push_name(struct sorter *sorter, uint64_t time, const char *text)
{
	sorter_push(sorter, &(struct event){ .type = EVENT_NAME, .time = time, .name.text = text });
}

static const struct {
	const char *pushed;	/* times and names; | flushes up to the time behind it */
	const char *passed_on;
} orders[] = {
	{ "1a2b3c", "1a 2b 3c " },
	{ "3c1a2b", "1a 2b 3c " },
	{ "5a5b5c1d", "1d 5a 5b 5c " },
	{ "1a9b2c|5" "3d", "1a 2c 3d 9b " },
	{ "4a|5" "4b|5" "1c", "4a 4b 1c " },
	{ "9a8b|8" "7c|7" "6d", "8b 7c 6d 9a " },
	{ "", "" },
};

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct notes notes;
		struct sorter *sorter;

		notes_init(&notes);
		sorter = sorter_new(&notes.sink);
		for (const char *at = orders[i].pushed; *at; at += 2) {
			char name[] = { at[1], '\0' };

			if (*at == '|')
				sorter_flush(sorter, (uint64_t)(at[1] - '0'));
			else
				push_name(sorter, (uint64_t)(*at - '0'), name);
		}
		sorter_flush(sorter, UINT64_MAX);
		assert_string_equal(notes.text.text, orders[i].passed_on);
		assert_int_equal(sorter_waiting(sorter), 0);
		strbuf_release(&notes.text);
		sorter_free(sorter);
	}
}

/* The kernel's memory may be written again right after a push. */
static void test_copies(void **state)
{
	uint64_t ip[] = { 0x11, 0x22, 0x33 };
	char path[] = "/bin/cat", build_id[] = "abcd";
	unsigned char stack[] = "stack";
	struct unwind_registers registers = { .ip = 0x99 };
	struct event dump = { .type = EVENT_SAMPLE, .time = 3,
			      .sample = { .ip = ip, .ip_count = 1, .registers = &registers,
					  .stack = { stack, 5 } } };
	struct event sample = { .type = EVENT_SAMPLE, .time = 2,
				.sample = { .ip = ip, .ip_count = 3 } };
	struct event map = { .type = EVENT_MAP, .time = 1,
			     .map = { .path = path, .build_id = build_id } };
	struct event bare = { .type = EVENT_MAP, .time = 0, .map = { .build_id = build_id } };
	struct notes notes;
	struct sorter *sorter;

	(void)state;
	notes_init(&notes);
	sorter = sorter_new(&notes.sink);
	sorter_push(sorter, &dump);
	sorter_push(sorter, &sample);
	sorter_push(sorter, &map);
	sorter_push(sorter, &bare);
	memset(ip, 0, sizeof ip);
	memset(stack, 0, sizeof stack);
	memset(&registers, 0, sizeof registers);
	memset(path, 'x', sizeof path - 1);
	memset(build_id, 'x', sizeof build_id - 1);
	for (int i = 0; i < 1000; i++)
		push_name(sorter, 1000, "later");
	sorter_flush(sorter, 3);
	assert_string_equal(notes.text.text, "-,abcd /bin/cat,abcd 11 22 33 99:stack 11 ");
	assert_int_equal(sorter_waiting(sorter), 1000);
	strbuf_release(&notes.text);
	sorter_free(sorter);
}

static void test_many_rounds(void **state)
{
	static const uint64_t ip[64];
	uint64_t number = 1, time = 1000;
	struct notes notes;
	struct sorter *sorter;

	(void)state;
	notes_init(&notes);
	sorter = sorter_new(&notes.sink);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 100; i++) {
			number = number * 6364136223846793005u + 1442695040888963407u;
			sorter_push(sorter, &(struct event){
				.type = EVENT_SAMPLE,
				.time = time + (number >> 33) % 500,
				.sample = { .ip = ip, .ip_count = 4 + (number >> 40) % 60 },
			});
		}
		time += 100;
		sorter_flush(sorter, time - 1);
	}
	sorter_flush(sorter, UINT64_MAX);
	assert_int_equal(notes.count, 20000);
	assert_true(notes.ordered);
	sorter_free(sorter);
}

/* Nobody flushes: it passes on by itself rather than grow for ever. */
static void test_bounded(void **state)
{
	static const uint64_t ip[1000];
	struct notes notes;
	struct sorter *sorter;

	(void)state;
	notes_init(&notes);
	sorter = sorter_new(&notes.sink);
	for (uint64_t i = 0; i < 10000; i++) {
		sorter_push(sorter, &(struct event){
			.type = EVENT_SAMPLE,
			.time = i,
			.sample = { .ip = ip, .ip_count = 1000 },
		});
		assert_true(sorter_waiting(sorter) * sizeof ip <= SORTER_BYTES_MAX);
	}
	assert_true(notes.count > 0);
	sorter_flush(sorter, UINT64_MAX);
	assert_int_equal(notes.count, 10000);
	assert_true(notes.ordered);
	sorter_free(sorter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_many_rounds),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
