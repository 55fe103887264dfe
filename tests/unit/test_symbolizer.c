/*
 * The real symbolizer, as a process of its own: TPROF_SYMBOLIZER names it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "resolve/resolver.h"
#include "symbols/client.h"
#include "symbols/protocol.h"
#include "unwind/table.h"

enum { WAIT_MS = 20000 };

struct answers {
	size_t count;
	struct strbuf text;	/* "image name", a line each */
};

static void take(void *context, const struct symbol_answer *answer)
{
	struct answers *answers = context;

	answers->count++;
	strbuf_addf(&answers->text, "%u %s\n", answer->image,
		    answer->frame_count ? answer->frame[0].function : "?");
}

static struct symbolizer *start(void)
{
	struct error error;
	struct symbolizer *symbolizer;

	if (!getenv("TPROF_SYMBOLIZER"))
		skip();
	symbolizer = symbolizer_start(&error);
	assert_non_null(symbolizer);
	return symbolizer;
}

static void wait_for(struct symbolizer *symbolizer, struct answers *answers, size_t count)
{
	struct error error;

	while (answers->count < count) {
		struct pollfd fd = { .fd = symbolizer_fd(symbolizer), .events = POLLIN };

		assert_true(symbolizer_work(symbolizer, take, answers, &error));
		if (answers->count < count)
			assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
	}
}

/* The offset in its file of code of ours. */
struct wanted {
	uint64_t address, offset;
};

static int find_offset(struct dl_phdr_info *object, size_t size, void *context)
{
	struct wanted *wanted = context;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *s = &object->dlpi_phdr[i];
		uint64_t start = object->dlpi_addr + s->p_vaddr;

		if (s->p_type == PT_LOAD && wanted->address >= start &&
		    wanted->address - start < s->p_filesz)
			wanted->offset = wanted->address - start + s->p_offset;
	}
	return 0;
}

static uint64_t offset_of(uintptr_t address)
{
	struct wanted wanted = { .address = address };

	dl_iterate_phdr(find_offset, &wanted);
	return wanted.offset;
}

static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int memory_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* Which descriptor a new one would get: more when one was not closed. */
static int next_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void test_own_names(void **state)
{
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };

	(void)state;
	symbolizer_add_image(symbolizer, 3, IMAGE_ELF, open_self());
	symbolizer_add_image(symbolizer, 4, IMAGE_KALLSYMS,
			     memory_file("ffffffff81000000 T start_kernel\n"));
	symbolizer_ask(symbolizer, 3, offset_of((uintptr_t)test_own_names));
	symbolizer_ask(symbolizer, 3, 1);
	symbolizer_ask(symbolizer, 4, 0xffffffff81000004);
	symbolizer_ask(symbolizer, 3, offset_of((uintptr_t)find_offset) + 1);
	/* Never added. */
	symbolizer_ask(symbolizer, 77, 5);
	assert_true(symbolizer_pending_output(symbolizer));
	wait_for(symbolizer, &answers, 5);
	assert_false(symbolizer_pending_output(symbolizer));
	assert_string_equal(answers.text.text,
			    "3 test_own_names\n3 ?\n4 start_kernel\n3 find_offset\n77 ?\n");
	assert_null(symbolizer_trouble(symbolizer));
	strbuf_release(&answers.text);
	symbolizer_stop(symbolizer);
}

static void test_hidden_kernel(void **state)
{
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };

	(void)state;
	symbolizer_add_image(symbolizer, 1, IMAGE_KALLSYMS,
			     memory_file("0000000000000000 T start_kernel\n"));
	symbolizer_ask(symbolizer, 1, 0xffffffff81000004);
	wait_for(symbolizer, &answers, 1);
	assert_string_equal(answers.text.text, "1 ?\n");
	assert_non_null(strstr(symbolizer_trouble(symbolizer), "kptr_restrict"));
	strbuf_release(&answers.text);
	symbolizer_stop(symbolizer);
}

/* Nothing but files that are none, and images that are replaced or dropped. */
static void test_images_come_and_go(void **state)
{
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };
	uint64_t offset = offset_of((uintptr_t)test_own_names);

	(void)state;
	symbolizer_add_image(symbolizer, 1, IMAGE_ELF, memory_file("\177ELF, or so it says"));
	symbolizer_ask(symbolizer, 1, offset);
	symbolizer_add_image(symbolizer, 1, IMAGE_ELF, open_self());
	symbolizer_ask(symbolizer, 1, offset);
	symbolizer_drop_image(symbolizer, 1);
	symbolizer_ask(symbolizer, 1, offset);
	symbolizer_add_image(symbolizer, UINT32_MAX, IMAGE_ELF, open_self());
	symbolizer_ask(symbolizer, UINT32_MAX, offset);
	wait_for(symbolizer, &answers, 4);
	assert_string_equal(answers.text.text, "1 ?\n1 test_own_names\n1 ?\n4294967295 ?\n");
	strbuf_release(&answers.text);
	symbolizer_stop(symbolizer);
}

static void test_many_questions(void **state)
{
	enum { COUNT = 50000 };
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };
	uint64_t offset = offset_of((uintptr_t)test_own_names);

	(void)state;
	symbolizer_add_image(symbolizer, 1, IMAGE_ELF, open_self());
	for (int i = 0; i < COUNT; i++)
		symbolizer_ask(symbolizer, 1, offset);
	wait_for(symbolizer, &answers, COUNT);
	assert_int_equal(answers.text.len, COUNT * strlen("1 test_own_names\n"));
	strbuf_release(&answers.text);
	symbolizer_stop(symbolizer);
}

/* Keys typed at the terminal go to its foreground group: not to this. */
static void test_is_apart(void **state)
{
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };

	(void)state;
	symbolizer_ask(symbolizer, 1, 1);
	wait_for(symbolizer, &answers, 1);
	assert_int_equal(getsid(symbolizer_pid(symbolizer)), symbolizer_pid(symbolizer));
	kill(symbolizer_pid(symbolizer), SIGINT);
	kill(symbolizer_pid(symbolizer), SIGHUP);
	symbolizer_ask(symbolizer, 1, 1);
	wait_for(symbolizer, &answers, 2);
	strbuf_release(&answers.text);
	symbolizer_stop(symbolizer);
}

static void test_death_is_told(void **state)
{
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };
	struct pollfd fd = { .fd = symbolizer_fd(symbolizer), .events = POLLIN };
	struct error error;

	(void)state;
	kill(symbolizer_pid(symbolizer), SIGKILL);
	assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
	symbolizer_ask(symbolizer, 1, 1);
	assert_false(symbolizer_work(symbolizer, take, &answers, &error));
	assert_int_equal(answers.count, 0);
	symbolizer_stop(symbolizer);
}

/* What came for questions about rows. */
struct rows_taken {
	struct answers *answers;
	struct strbuf text;	/* "image result", a line each */
	struct unwind_table *table;
};

static void take_rows(void *context, uint32_t image, enum rows_result result, int fd)
{
	struct rows_taken *taken = context;
	struct error error;

	taken->answers->count++;
	strbuf_addf(&taken->text, "%u %u\n", image, result);
	assert_int_equal(result == ROWS_MADE, fd >= 0);
	if (fd < 0)
		return;
	unwind_table_unref(taken->table);
	taken->table = unwind_table_open(fd, &error);
	assert_non_null(taken->table);
}

static void test_rows(void **state)
{
	struct symbolizer *symbolizer = start();
	struct answers answers = { .text = STRBUF_INIT };
	struct rows_taken taken = { .answers = &answers, .text = STRBUF_INIT };
	uint64_t here = offset_of((uintptr_t)test_own_names);
	int next;

	(void)state;
	symbolizer_on_rows(symbolizer, take_rows, &taken);
	symbolizer_add_image(symbolizer, 3, IMAGE_ELF, open_self());
	symbolizer_add_image(symbolizer, 4, IMAGE_KALLSYMS, memory_file("0 T start_kernel\n"));
	symbolizer_add_image(symbolizer, 5, IMAGE_ELF, memory_file("no such file"));
	symbolizer_ask_rows(symbolizer, 5);
	symbolizer_ask(symbolizer, 3, here);
	symbolizer_ask_rows(symbolizer, 3);
	symbolizer_ask(symbolizer, 3, here);
	symbolizer_ask_rows(symbolizer, 4);
	symbolizer_ask_rows(symbolizer, 77);
	wait_for(symbolizer, &answers, 6);
	assert_string_equal(answers.text.text, "3 test_own_names\n3 test_own_names\n");
	assert_string_equal(taken.text.text, "5 2\n3 0\n4 2\n77 2\n");
	/* As on every x86-64 nothing is pushed yet where a function begins. */
	assert_int_equal(unwind_table_find(taken.table, here).cfa, UNWIND_CFA_RSP);
	assert_int_equal(unwind_table_find(taken.table, here).offset, 8);
	assert_int_equal(unwind_table_find(taken.table, 0).cfa, UNWIND_NONE);
	unwind_table_unref(taken.table);
	/* Nobody takes them: they are closed. */
	next = next_descriptor();
	symbolizer_on_rows(symbolizer, NULL, NULL);
	symbolizer_ask_rows(symbolizer, 3);
	symbolizer_ask(symbolizer, 3, here);
	wait_for(symbolizer, &answers, 7);
	assert_int_equal(next_descriptor(), next);
	strbuf_release(&answers.text);
	strbuf_release(&taken.text);
	symbolizer_stop(symbolizer);
}

/*
 * This program in the place of the symbolizer, when what it reads took it
 * over: the number of the image asked about says what it does.
 */
enum rogue {
	OTHER_ADDRESS, OTHER_IMAGE, UNASKED, LONG_NAME, NO_NAME, RUBBISH, TOO_LONG, SILENT_END,
	NAME_WITH_FILE, ROWS_UNASKED, NAMES_END,
	/* To a question for rows. */
	OTHER_ROWS = NAMES_END, NO_FILE, FILE_TOO_MANY, MANY_FILES, NO_RESULT, ABSENT_WITH_FILE,
	TROUBLE_WITH_FILE, ROWS_TOO_LONG, NAME_FOR_ROWS, NOTHING_WITH_FILE,
	ROGUES
};

/* With so many descriptors of a file beside it. */
static void send_with_files(const struct strbuf *packet, size_t count)
{
	enum { FILES_MAX = 100 };
	union { struct cmsghdr header; char space[CMSG_SPACE(FILES_MAX * sizeof(int))]; } control;
	struct iovec part = { .iov_base = packet->text, .iov_len = packet->len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int fd = 0;

	if (count) {
		memset(&control, 0, sizeof control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof fd);
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof fd, &fd, sizeof fd);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof fd);
	}
	sendmsg(PROTOCOL_FD, &message, MSG_NOSIGNAL);
}

static void send_rogue_rows(const struct request *request)
{
	static const size_t files[ROGUES] = {
		[OTHER_ROWS] = 1, [FILE_TOO_MANY] = 2, [MANY_FILES] = 100, [NO_RESULT] = 1,
		[ABSENT_WITH_FILE] = 1, [TROUBLE_WITH_FILE] = 1, [ROWS_TOO_LONG] = 1,
		[NOTHING_WITH_FILE] = 1,
	};
	struct strbuf packet = STRBUF_INIT;
	uint32_t rogue = request->image;
	enum rows_result result = rogue == ABSENT_WITH_FILE ? ROWS_ABSENT : ROWS_MADE;

	protocol_put_rows(&packet, rogue + (rogue == OTHER_ROWS), result);
	if (rogue == NO_RESULT)
		packet.text[sizeof(uint32_t)] = ROWS_RESULTS;
	if (rogue == ROWS_TOO_LONG)
		strbuf_pad(&packet, '\0', 4);
	if (rogue == TROUBLE_WITH_FILE)
		protocol_put_trouble(&packet, TROUBLE_NONE);
	if (rogue == NOTHING_WITH_FILE)
		strbuf_clear(&packet);
	if (rogue == NAME_FOR_ROWS) {
		struct symbol_answer answer = { .image = rogue };

		protocol_begin_answers(&packet);
		protocol_put_answer(&packet, &answer);
	}
	send_with_files(&packet, files[rogue]);
	strbuf_release(&packet);
}

static void send_rogue_answer(const struct request *request)
{
	struct symbol_frame frame = { .function = "name" };
	struct symbol_answer answer = { .image = request->image, .address = request->address[0],
					.frame = &frame, .frame_count = 1 };
	struct strbuf packet = STRBUF_INIT;

	protocol_begin_answers(&packet);
	answer.address += request->image == OTHER_ADDRESS;
	answer.image += request->image == OTHER_IMAGE;
	protocol_put_answer(&packet, &answer);
	if (request->image == UNASKED)
		protocol_put_answer(&packet, &answer);
	if (request->image == LONG_NAME) {
		strbuf_cut(&packet, packet.len - 3);
		strbuf_pad(&packet, 'x', PROTOCOL_TEXT_MAX);
		strbuf_pad(&packet, '\0', 3);
	}
	if (request->image == NO_NAME) {
		strbuf_cut(&packet, packet.len - 7);
		strbuf_pad(&packet, '\0', 3);
	}
	if (request->image == RUBBISH)
		memset(packet.text, 0x5a, packet.len);
	if (request->image == TOO_LONG)
		strbuf_pad(&packet, '\0', PROTOCOL_PACKET_MAX);
	if (request->image == ROWS_UNASKED)
		protocol_put_rows(&packet, request->image, ROWS_ABSENT);
	send_with_files(&packet, request->image == NAME_WITH_FILE);
	strbuf_release(&packet);
}

static int be_rogue(void)
{
	unsigned char packet[sizeof(struct request)];
	struct request request;
	ssize_t got;

	while ((got = recv(PROTOCOL_FD, packet, sizeof packet, 0)) > 0)
		if (protocol_take_request((struct bytes){ packet, (size_t)got }, &request)) {
			if (request.image == SILENT_END)
				break;
			if (request.type == REQUEST_ROWS)
				send_rogue_rows(&request);
			else
				send_rogue_answer(&request);
		}
	return 0;
}

static bool is_symbolizer(void)
{
	int type = 0;
	socklen_t len = sizeof type;

	return !getsockopt(PROTOCOL_FD, SOL_SOCKET, SO_TYPE, &type, &len) &&
	       type == SOCK_SEQPACKET && !getenv("PATH");
}

static void test_senseless_answers(void **state)
{
	int next = next_descriptor();
	const char *real = getenv("TPROF_SYMBOLIZER");
	char *saved = real ? xstrdup(real) : NULL;

	(void)state;
	for (uint32_t rogue = 0; rogue < ROGUES; rogue++) {
		struct answers answers = { .text = STRBUF_INIT };
		struct rows_taken taken = { .answers = &answers };
		struct symbolizer *symbolizer;
		struct error error;
		bool ok = true;

		setenv("TPROF_SYMBOLIZER", "/proc/self/exe", 1);
		symbolizer = symbolizer_start(&error);
		assert_non_null(symbolizer);
		symbolizer_on_rows(symbolizer, take_rows, &taken);
		if (rogue < NAMES_END)
			symbolizer_ask(symbolizer, rogue, 0x1000);
		else
			symbolizer_ask_rows(symbolizer, rogue);
		for (int i = 0; i < 100 && ok; i++) {
			struct pollfd fd = { .fd = symbolizer_fd(symbolizer), .events = POLLIN };

			ok = symbolizer_work(symbolizer, take, &answers, &error);
			if (ok)
				assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
		}
		assert_false(ok);
		/* The second, unasked answer is refused; the first was fine. */
		assert_int_equal(answers.count, rogue == UNASKED);
		strbuf_release(&answers.text);
		symbolizer_stop(symbolizer);
		assert_int_equal(next_descriptor(), next);
	}
	if (saved)
		setenv("TPROF_SYMBOLIZER", saved, 1);
	else
		unsetenv("TPROF_SYMBOLIZER");
	xfree(saved);
}

static void deliver(struct resolver *resolver, uintptr_t ip)
{
	struct sink *sink = resolver_sink(resolver);
	uint64_t address = ip;
	struct event event = { .type = EVENT_SAMPLE, .time = 1, .pid = getpid(), .tid = getpid(),
			       .sample = { .weight = 1, .ip = &address, .ip_count = 1 } };

	sink->event(sink, &event);
}

static void work_until_named(struct resolver *resolver)
{
	for (int waited = 0; resolver_waiting(resolver) && waited < WAIT_MS; waited += 10) {
		struct pollfd fd = { .fd = resolver_fd(resolver), .events = POLLIN };

		resolver_work(resolver);
		if (resolver_waiting(resolver))
			poll(&fd, 1, 10);
	}
	assert_int_equal(resolver_waiting(resolver), 0);
}

static const char *name_of_last(const struct profile *profile)
{
	const struct location *last = &profile->location.at[profile->location.len - 1];

	return profile_function_name(profile, profile->frame.at[last->first_frame].function);
}

/* All of it: from a sample to its name, and on after the symbolizer was killed. */
static void test_recovery(void **state)
{
	struct profile *profile = profile_new();
	struct resolver *resolver;
	struct error error;
	pid_t first;

	(void)state;
	if (!getenv("TPROF_SYMBOLIZER"))
		skip();
	resolver = resolver_new(profile, 0);
	profile_add_metric(profile, "cycles", UNIT_COUNT);
	assert_true(resolver_watch_process(resolver, getpid(), &error));
	deliver(resolver, (uintptr_t)test_recovery);
	work_until_named(resolver);
	assert_string_equal(name_of_last(profile), "test_recovery");
	first = resolver_symbolizer_pid(resolver);
	assert_true(first > 0);
	kill(first, SIGKILL);
	deliver(resolver, (uintptr_t)test_is_apart);
	work_until_named(resolver);
	assert_string_equal(name_of_last(profile), "test_is_apart");
	assert_int_not_equal(resolver_symbolizer_pid(resolver), first);
	/* One of the C library. */
	deliver(resolver, (uintptr_t)getppid);
	work_until_named(resolver);
	assert_non_null(strstr(name_of_last(profile), "getppid"));
	assert_null(resolver_trouble(resolver));
	resolver_free(resolver);
	profile_free(profile);
}

static void test_packets(void **state)
{
	static const char text[] = "function";
	struct symbol_frame many[SYMBOL_FRAMES_MAX], frame[SYMBOL_FRAMES_MAX];
	struct symbol_answer answer = { .image = 5, .address = 6, .frame = many,
					.frame_count = SYMBOL_FRAMES_MAX }, taken;
	struct strbuf packet = STRBUF_INIT, name = STRBUF_INIT;
	enum answer_type type;
	struct bytes in;
	uint32_t count;

	(void)state;
	strbuf_pad(&name, 'x', PROTOCOL_TEXT_MAX);
	for (size_t i = 0; i < SYMBOL_FRAMES_MAX; i++)
		many[i] = (struct symbol_frame){ .function = i ? name.text : text,
						 .file = i % 2 ? "f" : NULL, .line = (uint32_t)i };
	protocol_begin_answers(&packet);
	/* Too much for any packet: the frames there is room for. */
	assert_true(protocol_put_answer(&packet, &answer));
	assert_true(packet.len <= PROTOCOL_PACKET_MAX);
	answer.frame_count = 2;
	assert_false(protocol_put_answer(&packet, &answer));
	answer.frame_count = 0;
	assert_true(protocol_put_answer(&packet, &answer));
	in = (struct bytes){ (unsigned char *)packet.text, packet.len };
	assert_true(protocol_take_header(&in, &type, &count));
	assert_int_equal(type, ANSWER_NAMES);
	assert_int_equal(count, 2);
	assert_true(protocol_take_answer(&in, &taken, frame));
	assert_int_equal(taken.image, 5);
	assert_int_equal(taken.address, 6);
	assert_int_equal(taken.frame_count, 16);
	assert_string_equal(taken.frame[0].function, text);
	assert_null(taken.frame[0].file);
	assert_string_equal(taken.frame[1].file, "f");
	assert_int_equal(taken.frame[15].line, 15);
	assert_true(protocol_take_answer(&in, &taken, frame));
	assert_int_equal(taken.frame_count, 0);
	assert_int_equal(in.len, 0);
	strbuf_release(&packet);
	strbuf_release(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_names),
		cmocka_unit_test(test_hidden_kernel),
		cmocka_unit_test(test_images_come_and_go),
		cmocka_unit_test(test_many_questions),
		cmocka_unit_test(test_is_apart),
		cmocka_unit_test(test_death_is_told),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_senseless_answers),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_packets),
	};

	if (is_symbolizer())
		return be_rogue();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
