#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/perf_event.h>
#include <string.h>

#include "source/perf_ring.h"

enum { SIZE = 256 };

/* A ring in our own memory, written as the kernel would. */
struct fake {
	struct perf_event_mmap_page page;
	_Alignas(8) unsigned char data[SIZE];
	unsigned char bounce[1 << 16];
	struct perf_ring ring;
	uint64_t head;
};

static void fake_init(struct fake *fake)
{
	*fake = (struct fake){ 0 };
	fake->ring = (struct perf_ring){
		.page = &fake->page,
		.data = fake->data,
		.size = SIZE,
		.bounce = fake->bounce,
	};
}

static void fake_write(struct fake *fake, uint32_t type, uint16_t size)
{
	struct perf_event_header header = { .type = type, .size = size };
	unsigned char record[SIZE] = { 0 };

	memcpy(record, &header, sizeof header);
	for (size_t i = sizeof header; i < size && i < SIZE; i++)
		record[i] = (unsigned char)(type + i);
	for (size_t i = 0; i < size && i < SIZE; i++)
		fake->data[(fake->head + i) % SIZE] = record[i];
	fake->head += size < 8 ? 8 : size;
	fake->page.data_head = fake->head;
}

static void assert_record(struct bytes record, uint32_t type, size_t size)
{
	uint32_t is;

	assert_int_equal(record.len, size);
	memcpy(&is, record.at, sizeof is);
	assert_int_equal(is, type);
	for (size_t i = 8; i < size; i++)
		assert_int_equal(record.at[i], (unsigned char)(type + i));
}

/* Records of 40 bytes wrap around the end of 256 in all ways. */
static void test_wraps(void **state)
{
	struct fake fake;
	struct bytes record;

	(void)state;
	fake_init(&fake);
	for (uint32_t round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < 6; i++)
			fake_write(&fake, round * 6 + i, 40);
		assert_true(perf_ring_begin(&fake.ring));
		for (uint32_t i = 0; i < 6; i++) {
			assert_true(perf_ring_next(&fake.ring, &record));
			assert_record(record, round * 6 + i, 40);
		}
		assert_false(perf_ring_next(&fake.ring, &record));
		assert_false(fake.ring.broken);
		perf_ring_done(&fake.ring);
		assert_int_equal(fake.page.data_tail, fake.head);
	}
}

/* A pass ends where the kernel was when it began. */
static void test_pass_is_finite(void **state)
{
	struct fake fake;
	struct bytes record;

	(void)state;
	fake_init(&fake);
	fake_write(&fake, 1, 16);
	perf_ring_begin(&fake.ring);
	fake_write(&fake, 2, 16);
	assert_true(perf_ring_next(&fake.ring, &record));
	assert_false(perf_ring_next(&fake.ring, &record));
	perf_ring_begin(&fake.ring);
	assert_true(perf_ring_next(&fake.ring, &record));
	assert_record(record, 2, 16);
}

static void test_broken_sizes(void **state)
{
	static const uint16_t sizes[] = { 0, 4, 7, 9, 12, 48 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct fake fake;
		struct bytes record;

		fake_init(&fake);
		fake_write(&fake, 1, 16);
		fake_write(&fake, 2, sizes[i]);
		fake.page.data_head = 56;
		assert_true(perf_ring_begin(&fake.ring));
		assert_true(perf_ring_next(&fake.ring, &record));
		assert_false(perf_ring_next(&fake.ring, &record));
		assert_true(fake.ring.broken);
		assert_false(perf_ring_begin(&fake.ring));
	}
}

static void test_broken_head(void **state)
{
	static const uint64_t heads[] = { SIZE + 16, UINT64_MAX - 15, 4 };

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct fake fake;
		struct bytes record;

		fake_init(&fake);
		for (uint32_t r = 0; r < SIZE / 16; r++)
			fake_write(&fake, r, 16);
		fake.page.data_head = heads[i];
		perf_ring_begin(&fake.ring);
		assert_false(perf_ring_next(&fake.ring, &record));
		assert_true(fake.ring.broken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_pass_is_finite),
		cmocka_unit_test(test_broken_sizes),
		cmocka_unit_test(test_broken_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
