#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "source/perf_record.h"

/* A record being put together. */
struct record {
	unsigned char at[20000];
	size_t len;
};

static void put(struct record *record, const void *bytes, size_t len)
{
	assert_true(record->len + len <= sizeof record->at);
	memcpy(record->at + record->len, bytes, len);
	record->len += len;
}

static void put_u32(struct record *record, uint32_t value)
{
	put(record, &value, sizeof value);
}

static void put_u64(struct record *record, uint64_t value)
{
	put(record, &value, sizeof value);
}

static void put_text(struct record *record, const char *text)
{
	put(record, text, strlen(text) + 1);
	while (record->len % 8)
		put(record, "", 1);
}

static void begin(struct record *record, uint32_t type, uint16_t misc)
{
	struct perf_event_header header = { .type = type, .misc = misc };

	record->len = 0;
	put(record, &header, sizeof header);
}

static struct bytes end(struct record *record)
{
	uint16_t size = (uint16_t)record->len;

	memcpy(record->at + offsetof(struct perf_event_header, size), &size, sizeof size);
	return (struct bytes){ record->at, record->len };
}

static const struct perf_layout layout = {
	.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
		       PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |
		       PERF_SAMPLE_CALLCHAIN,
	.id_everywhere = true,
	.max_chain = 127,
};

/* What ends all records but samples: of thread 11 of process 10, on CPU 3. */
static void put_trailer(struct record *record)
{
	put_u32(record, 10);
	put_u32(record, 11);
	put_u64(record, 12345);
	put_u32(record, 3);
	put_u32(record, 0);
	put_u64(record, 77);
}

static void put_sample(struct record *record, uint16_t misc, const uint64_t *chain, size_t count)
{
	begin(record, PERF_RECORD_SAMPLE, misc);
	put_u64(record, 77);
	put_u64(record, 0x1000);
	put_u32(record, 10);
	put_u32(record, 11);
	put_u64(record, 12345);
	put_u32(record, 3);
	put_u32(record, 0);
	put_u64(record, 1001001);
	put_u64(record, count);
	for (size_t i = 0; i < count; i++)
		put_u64(record, chain[i]);
}

static struct perf_scratch scratch;

static bool decode(struct record *record, struct event *event)
{
	return perf_record_decode(end(record), &layout, &scratch, event);
}

#define KERNEL ((uint64_t)PERF_CONTEXT_KERNEL)
#define USER ((uint64_t)PERF_CONTEXT_USER)
#define GUEST ((uint64_t)PERF_CONTEXT_GUEST)

static const struct {
	uint16_t misc;
	uint64_t chain[6];
	size_t count;
	uint64_t ip[6];
	size_t ip_count, kernel_count;
} chains[] = {
	/* kernel, then user */
	{ 1, { KERNEL, 0xf1, 0xf2, USER, 0xa1, 0xa2 }, 6, { 0xf1, 0xf2, 0xa1, 0xa2 }, 4, 2 },
	{ 2, { USER, 0xa1, 0xa2 }, 3, { 0xa1, 0xa2 }, 2, 0 },
	/* without a mark the sample's own side counts */
	{ 2, { 0xa1, 0xa2 }, 2, { 0xa1, 0xa2 }, 2, 0 },
	{ 1, { 0xf1, USER, 0xa1 }, 3, { 0xf1, 0xa1 }, 2, 1 },
	/* code of virtual machines is not ours */
	{ 1, { KERNEL, 0xf1, GUEST, 0x99, USER, 0xa1 }, 6, { 0xf1, 0xa1 }, 2, 1 },
	/* kernel below user can't be */
	{ 1, { USER, 0xa1, KERNEL, 0xf1, USER, 0xa2 }, 6, { 0xa1, 0xa2 }, 2, 0 },
	/* no chain: the address alone */
	{ 1, { 0 }, 0, { 0x1000 }, 1, 1 },
	{ 2, { 0 }, 0, { 0x1000 }, 1, 0 },
	{ 2, { USER }, 1, { 0x1000 }, 1, 0 },
};

static void test_chains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		struct record record;
		struct event event;

		put_sample(&record, chains[i].misc, chains[i].chain, chains[i].count);
		assert_true(decode(&record, &event));
		assert_int_equal(event.sample.ip_count, chains[i].ip_count);
		assert_int_equal(event.sample.kernel_count, chains[i].kernel_count);
		for (size_t k = 0; k < chains[i].ip_count; k++)
			assert_int_equal(event.sample.ip[k], chains[i].ip[k]);
		assert_int_equal(event.sample.end, UNWIND_MORE);
	}
}

static void test_sample_fields(void **state)
{
	static const uint64_t chain[] = { USER, 0xa1 };
	struct record record;
	struct event event;

	(void)state;
	put_sample(&record, 2, chain, 2);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_SAMPLE);
	assert_int_equal(event.pid, 10);
	assert_int_equal(event.tid, 11);
	assert_int_equal(event.time, 12345);
	assert_int_equal(event.cpu, 3);
	assert_int_equal(event.sample.weight, 1001001);
	assert_int_equal(event.sample.id, 77);
}

/* A thread that is being taken down has no number. */
static void test_sample_without_thread(void **state)
{
	static const uint64_t chain[] = { USER, 0xa1 };
	static const int32_t none = -1;
	struct record record;
	struct event event;

	(void)state;
	put_sample(&record, 2, chain, 2);
	memcpy(record.at + 8 + 8 + 8 + 4, &none, sizeof none);
	assert_true(decode(&record, &event));
	assert_int_equal(event.tid, 10);
}

static void test_chain_limits(void **state)
{
	static const struct {
		size_t count, kept;
		enum unwind_end end;
	} row[] = {
		{ 126, 126, UNWIND_MORE },
		{ 127, 127, UNWIND_LIMIT },
		{ PERF_CHAIN_MAX + 5, PERF_CHAIN_MAX, UNWIND_LIMIT },
	};
	static uint64_t chain[PERF_CHAIN_MAX + 6];

	(void)state;
	chain[0] = USER;
	for (size_t i = 1; i < sizeof chain / sizeof *chain; i++)
		chain[i] = 0xa000 + i;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct record record;
		struct event event;

		put_sample(&record, 2, chain, row[i].count + 1);
		assert_true(decode(&record, &event));
		assert_int_equal(event.sample.ip_count, row[i].kept);
		assert_int_equal(event.sample.end, row[i].end);
	}
}

enum { DUMP_FIELDS = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER };

/* Registers count from 100 on in the kernel's order, the stack's bytes from 1 on. */
static void put_dump(struct record *record, uint64_t abi, uint64_t room, uint64_t size)
{
	put_u64(record, abi);
	for (uint64_t i = 0; abi && i < PERF_REGISTERS; i++)
		put_u64(record, 100 + i);
	put_u64(record, room);
	for (uint64_t i = 1; i <= room; i++)
		put(record, &(unsigned char){ (unsigned char)i }, 1);
	if (room)
		put_u64(record, size);
}

static bool decode_dump(struct record *record, uint64_t fields, struct event *event)
{
	struct perf_layout with = layout;

	with.sample_type |= fields;
	return perf_record_decode(end(record), &with, &scratch, event);
}

static void test_dump(void **state)
{
	/* ax bx cx dx si di bp sp, r8 to r15 */
	static const unsigned kernel[] = { 0, 3, 2, 1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16 };
	static const uint64_t chain[] = { KERNEL, 0xf1 };
	struct record record;
	struct event event;

	(void)state;
	put_sample(&record, 1, chain, 2);
	put_dump(&record, PERF_SAMPLE_REGS_ABI_64, 64, 64);
	assert_true(decode_dump(&record, DUMP_FIELDS, &event));
	assert_int_equal(event.sample.ip_count, 1);
	assert_int_equal(event.sample.kernel_count, 1);
	assert_int_equal(event.sample.end, UNWIND_MORE);
	assert_non_null(event.sample.registers);
	assert_int_equal(event.sample.registers->ip, 108);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(event.sample.registers->r[i], 100 + kernel[i]);
	assert_int_equal(event.sample.stack.len, 64);
	assert_int_equal(event.sample.stack.at[63], 64);
	assert_false(event.sample.whole_stack);
}

static const struct {
	uint16_t misc;
	uint64_t abi, room, size;
	bool registers, whole;
	size_t len, ip_count, kernel_count;
	enum unwind_end end;
} dumps[] = {
	/* user code: its address is that of the registers */
	{ 2, PERF_SAMPLE_REGS_ABI_64, 64, 24, true, true, 24, 0, 0, UNWIND_MORE },
	{ 2, PERF_SAMPLE_REGS_ABI_64, 64, 0, true, true, 0, 0, 0, UNWIND_MORE },
	{ 2, PERF_SAMPLE_REGS_ABI_64, 0, 0, true, false, 0, 0, 0, UNWIND_MORE },
	/* kernel code that there is no chain of */
	{ 1, PERF_SAMPLE_REGS_ABI_64, 64, 64, true, false, 64, 1, 1, UNWIND_MORE },
	/* a kernel thread */
	{ 1, PERF_SAMPLE_REGS_ABI_NONE, 0, 0, false, false, 0, 1, 1, UNWIND_NO_USER },
	/* only the function itself */
	{ 2, PERF_SAMPLE_REGS_ABI_32, 64, 64, false, false, 0, 1, 0, UNWIND_32_BIT },
};

static void test_dump_sorts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++) {
		struct record record;
		struct event event;

		put_sample(&record, dumps[i].misc, NULL, 0);
		put_dump(&record, dumps[i].abi, dumps[i].room, dumps[i].size);
		assert_true(decode_dump(&record, DUMP_FIELDS, &event));
		assert_int_equal(!!event.sample.registers, dumps[i].registers);
		assert_int_equal(event.sample.stack.len, dumps[i].len);
		assert_int_equal(event.sample.whole_stack, dumps[i].whole);
		assert_int_equal(event.sample.ip_count, dumps[i].ip_count);
		assert_int_equal(event.sample.kernel_count, dumps[i].kernel_count);
		assert_int_equal(event.sample.end, dumps[i].end);
	}
}

static void test_no_stack(void **state)
{
	struct perf_layout without = layout;
	struct record record;
	struct event event;

	(void)state;
	without.sample_type &= ~(uint64_t)PERF_SAMPLE_CALLCHAIN;
	put_sample(&record, 2, NULL, 0);
	assert_true(perf_record_decode(end(&record), &without, &scratch, &event));
	assert_int_equal(event.sample.ip_count, 1);
	assert_int_equal(event.sample.end, UNWIND_LIMIT);
}

static void test_dump_malformed(void **state)
{
	struct record record;
	struct event event;

	(void)state;
	/* more than there was room for, more room than there is */
	put_sample(&record, 2, NULL, 0);
	put_dump(&record, PERF_SAMPLE_REGS_ABI_64, 64, 65);
	assert_false(decode_dump(&record, DUMP_FIELDS, &event));
	put_sample(&record, 2, NULL, 0);
	put_dump(&record, PERF_SAMPLE_REGS_ABI_64, 64, 64);
	record.len -= 8;
	assert_false(decode_dump(&record, DUMP_FIELDS, &event));
	/* fields that nobody asked for */
	put_sample(&record, 2, NULL, 0);
	put_dump(&record, PERF_SAMPLE_REGS_ABI_64, 64, 64);
	assert_false(decode_dump(&record, PERF_SAMPLE_REGS_USER, &event));
	assert_false(decode_dump(&record, PERF_SAMPLE_STACK_USER, &event));
	assert_false(decode_dump(&record, DUMP_FIELDS | PERF_SAMPLE_RAW, &event));
	assert_false(decode_dump(&record, DUMP_FIELDS | PERF_SAMPLE_BRANCH_STACK, &event));
}

static void put_mmap2(struct record *record, uint16_t misc, uint32_t protection, const char *path)
{
	begin(record, PERF_RECORD_MMAP2, misc);
	put_u32(record, 10);
	put_u32(record, 11);
	put_u64(record, 0x400000);
	put_u64(record, 0x2000);
	put_u64(record, 0x1000);
	if (misc & 1 << 14) {
		put(record, "\x14\0\0\0", 4);
		put(record, "\x01\x23\x45\x67\x89\xab\xcd\xef\xff\x10", 10);
		put(record, "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x20", 10);
	} else {
		put_u32(record, 8);
		put_u32(record, 1);
		put_u64(record, 4711);
		put_u64(record, 77);
	}
	put_u32(record, protection);
	put_u32(record, MAP_PRIVATE);
	put_text(record, path);
	put_trailer(record);
}

static void test_mmap2(void **state)
{
	struct record record;
	struct event event;

	(void)state;
	put_mmap2(&record, 2, PROT_READ | PROT_EXEC, "/bin/true");
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_MAP);
	assert_int_equal(event.time, 12345);
	assert_int_equal(event.cpu, 3);
	assert_int_equal(event.map.start, 0x400000);
	assert_int_equal(event.map.size, 0x2000);
	assert_int_equal(event.map.offset, 0x1000);
	assert_int_equal(event.map.inode, 4711);
	assert_int_equal(event.map.generation, 77);
	assert_int_equal(event.map.device, makedev(8, 1));
	assert_string_equal(event.map.path, "/bin/true");
	assert_null(event.map.build_id);

	put_mmap2(&record, 2 | 1 << 14, PROT_EXEC, "/bin/true");
	assert_true(decode(&record, &event));
	assert_string_equal(event.map.build_id, "0123456789abcdefff1011121314151617181920");
	assert_int_equal(event.map.inode, 0);

	put_mmap2(&record, 2, PROT_READ, "/bin/true");
	assert_false(decode(&record, &event));
}

static void put_pids(struct record *record, uint32_t type, uint16_t misc)
{
	begin(record, type, misc);
	put_u32(record, 10);
	put_u32(record, 11);
}

static void test_names(void **state)
{
	struct record record;
	struct event event;

	(void)state;
	put_pids(&record, PERF_RECORD_COMM, 0);
	put_text(&record, "worker");
	put_trailer(&record);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_NAME);
	assert_string_equal(event.name.text, "worker");

	put_pids(&record, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	put_text(&record, "sh");
	put_trailer(&record);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_EXEC);

	/* A text never runs on into the fields behind it. */
	put_pids(&record, PERF_RECORD_COMM, 0);
	put(&record, "notended", 8);
	put_trailer(&record);
	assert_false(decode(&record, &event));
}

static void put_task(struct record *record, uint32_t type)
{
	begin(record, type, 0);
	put_u32(record, 20);
	put_u32(record, 10);
	put_u32(record, 21);
	put_u32(record, 11);
	put_u64(record, 12345);
	put_trailer(record);
}

static void test_tasks(void **state)
{
	struct record record;
	struct event event;

	(void)state;
	put_task(&record, PERF_RECORD_FORK);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_FORK);
	assert_int_equal(event.pid, 20);
	assert_int_equal(event.tid, 21);
	assert_int_equal(event.fork.parent_pid, 10);
	assert_int_equal(event.fork.parent_tid, 11);

	put_task(&record, PERF_RECORD_EXIT);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_EXIT);
	assert_int_equal(event.pid, 20);
	assert_int_equal(event.tid, 21);
}

static void test_losses(void **state)
{
	struct record record;
	struct event event;

	(void)state;
	begin(&record, PERF_RECORD_LOST, 0);
	put_u64(&record, 77);
	put_u64(&record, 5);
	put_trailer(&record);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_LOST);
	assert_int_equal(event.lost.records, 5);
	assert_int_equal(event.lost.samples, 0);

	begin(&record, PERF_RECORD_LOST_SAMPLES, 0);
	put_u64(&record, 6);
	put_trailer(&record);
	assert_true(decode(&record, &event));
	assert_int_equal(event.lost.samples, 6);

	begin(&record, PERF_RECORD_THROTTLE, 0);
	put_u64(&record, 12345);
	put_u64(&record, 77);
	put_u64(&record, 77);
	put_trailer(&record);
	assert_true(decode(&record, &event));
	assert_int_equal(event.type, EVENT_THROTTLE);
}

/* Whatever is cut off, and whatever size the header tells: refused, or whole. */
static void test_cut_short(void **state)
{
	static const uint64_t chain[] = { KERNEL, 0xf1, USER, 0xa1 };
	struct record record;
	struct event event;

	(void)state;
	put_sample(&record, 2, chain, 4);
	end(&record);
	for (size_t len = 0; len < record.len; len++) {
		struct bytes part = { record.at, len };
		uint16_t size = (uint16_t)len;

		assert_false(perf_record_decode(part, &layout, &scratch, &event));
		memcpy(record.at + 6, &size, sizeof size);
		assert_false(perf_record_decode(part, &layout, &scratch, &event));
		end(&record);
	}
	assert_true(decode(&record, &event));
}

static void test_chain_longer_than_record(void **state)
{
	static const uint64_t chain[] = { USER, 0xa1 };
	static const uint64_t counts[] = { 3, 1u << 31, UINT64_MAX, UINT64_MAX / 8 + 2 };
	struct record record;
	struct event event;

	(void)state;
	put_sample(&record, 2, chain, 2);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		memcpy(record.at + record.len - 24, &counts[i], sizeof *counts);
		assert_false(decode(&record, &event));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_sample_fields),
		cmocka_unit_test(test_sample_without_thread),
		cmocka_unit_test(test_chain_limits),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_dump_sorts),
		cmocka_unit_test(test_dump_malformed),
		cmocka_unit_test(test_no_stack),
		cmocka_unit_test(test_mmap2),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_chain_longer_than_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
