#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "fake_symbolizer.h"
#include "resolve/naming.h"

#define SECOND UINT64_C(1000000000)

struct fixture {
	struct profile *profile;
	struct naming *naming;
	binary_id binary;
};

/* A profile with one binary, whose file is this test. */
static struct fixture start(void)
{
	struct fixture f = { .profile = profile_new() };
	char path[4096] = "";
	struct binary_place place = { .pid = getpid(), .tid = getpid(), .path = path };

	assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
	f.naming = naming_new(f.profile);
	f.binary = profile_add_binary(f.profile, path, "1", BINARY_FILE);
	naming_add_image(f.naming, f.binary, IMAGE_OF_FILE, &place);
	return f;
}

static void end(struct fixture *f)
{
	naming_free(f->naming);
	profile_free(f->profile);
}

static void add_locations(struct fixture *f, uint64_t from, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		profile_add_location(f->profile, f->binary, from + i);
}

/* Is each location named after its address, but for those in a range? */
static void assert_names(const struct fixture *f, uint64_t nameless, uint64_t until)
{
	const struct profile *p = f->profile;

	for (size_t i = 1; i < p->location.len; i++) {
		const struct location *l = &p->location.at[i];
		const struct function *function =
			&p->function.at[p->frame.at[l->first_frame].function];
		char name[32];

		assert_true(l->symbolized);
		if (l->address >= nameless && l->address <= until) {
			assert_true(function->flags & FUNCTION_PLACEHOLDER);
			continue;
		}
		snprintf(name, sizeof name, "f%llx", (unsigned long long)l->address);
		assert_string_equal(profile_string(p, function->name), name);
	}
}

static void test_names_arrive(void **state)
{
	struct fixture f = start();

	(void)state;
	add_locations(&f, 0x1000, 10);
	assert_int_equal(naming_waiting(f.naming), 10);
	naming_work(f.naming, 0);
	assert_int_equal(naming_waiting(f.naming), 0);
	assert_names(&f, 0, 0);
	assert_null(naming_trouble(f.naming));
	assert_int_equal(naming_fd(f.naming), 99);
	assert_int_equal(naming_symbolizer_pid(f.naming), 4711);
	/* Once is enough. */
	naming_work(f.naming, 0);
	assert_int_equal(fake.asked, 10);
	assert_int_equal(fake.images, 1);
	end(&f);
}

static void test_few_questions_at_a_time(void **state)
{
	struct fixture f = start();

	(void)state;
	fake.silent = true;
	add_locations(&f, 0x1000, 10000);
	for (int i = 0; i < 10; i++)
		naming_work(f.naming, 0);
	assert_in_range(fake.asked, 100, 2000);
	assert_int_equal(naming_waiting(f.naming), 10000);
	fake.silent = false;
	for (int i = 0; i < 100; i++)
		naming_work(f.naming, 0);
	assert_int_equal(fake.asked, 10000);
	assert_names(&f, 0, 0);
	end(&f);
}

/* The first process that had it mapped ended before its file was opened. */
static void test_second_place(void **state)
{
	struct fixture f = start();
	binary_id late = profile_add_binary(f.profile, "late", "", BINARY_FILE);
	char missing[] = "/no/such/file", own[4096] = "";
	struct binary_place place = { .pid = 5000001, .tid = 5000001, .path = missing };
	location_id location = profile_add_location(f.profile, late, 0x1000);

	(void)state;
	assert_true(readlink("/proc/self/exe", own, sizeof own - 1) > 0);
	assert_false(naming_lacks_image(f.naming, f.binary));
	naming_add_image(f.naming, late, IMAGE_OF_FILE, &place);
	naming_work(f.naming, 0);
	assert_true(naming_lacks_image(f.naming, late));
	/* The same once more is no news. */
	place.path = own;
	naming_add_image(f.naming, late, IMAGE_OF_FILE, &place);
	assert_true(naming_lacks_image(f.naming, late));
	place.pid = place.tid = getpid();
	naming_add_image(f.naming, late, IMAGE_OF_FILE, &place);
	assert_false(naming_lacks_image(f.naming, late));
	naming_work(f.naming, 0);
	assert_true(f.profile->location.at[location].symbolized);
	end(&f);
}

/* That goes on for a while, not for ever. */
static void test_no_place(void **state)
{
	struct fixture f = start();
	binary_id never = profile_add_binary(f.profile, "never", "", BINARY_FILE);
	char missing[] = "/no/such/file";
	struct binary_place place = { .path = missing };
	int tries = 0;

	(void)state;
	for (place.pid = 5000001; place.pid < 5001001; place.pid++) {
		place.tid = place.pid;
		naming_add_image(f.naming, never, IMAGE_OF_FILE, &place);
		tries += naming_lacks_image(f.naming, never);
	}
	assert_in_range(tries, 5, 50);
	end(&f);
}

static void test_without_an_image(void **state)
{
	struct fixture f = start();
	binary_id other = profile_add_binary(f.profile, "[anon]", "", BINARY_ANONYMOUS);
	binary_id gone = profile_add_binary(f.profile, "/no/such/file", "", BINARY_FILE);
	char path[] = "/no/such/file";
	struct binary_place place = { .pid = getpid(), .tid = getpid(), .path = path };

	(void)state;
	naming_add_image(f.naming, gone, IMAGE_OF_FILE, &place);
	profile_add_location(f.profile, other, 0x1000);
	profile_add_location(f.profile, gone, 0x1000);
	assert_int_equal(naming_waiting(f.naming), 0);
	naming_work(f.naming, 0);
	assert_int_equal(fake.asked, 0);
	end(&f);
}

static void test_kernel_modules(void **state)
{
	struct profile *profile = profile_new();
	struct naming *naming = naming_new(profile);
	binary_id kernel = profile_add_binary(profile, "[kernel]", "", BINARY_KERNEL);
	const struct function *function;
	location_id location;

	(void)state;
	if (access("/proc/kallsyms", R_OK)) {
		naming_free(naming);
		profile_free(profile);
		skip();
	}
	naming_add_image(naming, kernel, IMAGE_OF_KERNEL, NULL);
	location = profile_add_location(profile, kernel, 0xffffffffc0000000);
	fake.module = "ext4";
	fake.trouble = "hidden";
	naming_work(naming, 0);
	function = &profile->function.at[
		profile->frame.at[profile->location.at[location].first_frame].function];
	assert_string_equal(profile_string(profile, profile->binary.at[function->binary].path),
			    "[ext4]");
	assert_true(function->flags & FUNCTION_KERNEL);
	assert_string_equal(naming_trouble(naming), "hidden");
	naming_free(naming);
	profile_free(profile);
}

static void test_missing(void **state)
{
	struct fixture f;

	(void)state;
	fake.missing = true;
	f = start();
	add_locations(&f, 0x1000, 10);
	for (uint64_t i = 0; i < 100; i++)
		naming_work(f.naming, i * SECOND);
	assert_int_equal(fake.starts, 1);
	assert_int_equal(naming_waiting(f.naming), 0);
	assert_int_equal(naming_fd(f.naming), -1);
	assert_string_equal(naming_trouble(f.naming), "no names: it is missing");
	end(&f);
}

/* One address that it dies of costs that address. */
static void test_deadly_address(void **state)
{
	struct fixture f = start();

	(void)state;
	fake.deadly = 0x1005;
	add_locations(&f, 0x1000, 100);
	naming_work(f.naming, 0);
	assert_false(fake.process[0].running);
	assert_string_equal(naming_trouble(f.naming), "it died");
	assert_int_equal(naming_fd(f.naming), -1);
	/* Not at once again. */
	naming_work(f.naming, SECOND / 20);
	assert_int_equal(fake.starts, 1);
	for (uint64_t i = 1; i < 200; i++)
		naming_work(f.naming, i * SECOND / 10);
	assert_int_equal(fake.starts, 3);
	assert_int_equal(fake.images, 3);
	assert_int_equal(naming_waiting(f.naming), 0);
	assert_null(naming_trouble(f.naming));
	assert_names(&f, 0x1005, 0x1005);
	end(&f);
}

/* A file that it dies of again and again costs the file. */
static void test_deadly_file(void **state)
{
	struct fixture f = start();

	(void)state;
	fake.deadly = 0x1010;
	fake.deadly_until = UINT64_MAX;
	add_locations(&f, 0x1000, 5000);
	for (uint64_t i = 0; i < 1000; i++)
		naming_work(f.naming, i * SECOND);
	assert_in_range(fake.starts, 4, 6);
	assert_int_equal(naming_waiting(f.naming), 0);
	assert_non_null(strstr(naming_trouble(f.naming), "the symbolizer broke"));
	end(&f);
}

/* One that always dies is not started for ever. */
static void test_always_dies(void **state)
{
	struct fixture f = start();

	(void)state;
	fake.deadly = 1;
	fake.deadly_until = UINT64_MAX;
	for (unsigned b = 0; b < 50; b++) {
		char path[4096] = "", identity[16];
		struct binary_place place = { .pid = getpid(), .tid = getpid(), .path = path };
		binary_id binary;

		assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
		snprintf(identity, sizeof identity, "%u", b + 2);
		binary = profile_add_binary(f.profile, path, identity, BINARY_FILE);
		naming_add_image(f.naming, binary, IMAGE_OF_FILE, &place);
		for (uint64_t i = 0; i < 4; i++)
			profile_add_location(f.profile, binary, 0x1000 + i);
	}
	for (uint64_t i = 0; i < 10000; i++)
		naming_work(f.naming, i * SECOND);
	assert_in_range(fake.starts, 10, 25);
	assert_int_equal(naming_waiting(f.naming), 0);
	end(&f);
}

/* Answers to questions about locations whose ids are void are for nobody. */
static void test_generation(void **state)
{
	struct fixture f = start();
	unsigned asked;

	(void)state;
	fake.silent = true;
	add_locations(&f, 0x1000, 10);
	naming_work(f.naming, 0);
	f.profile->generation++;
	assert_int_equal(naming_waiting(f.naming), 10);
	fake.silent = false;
	fake.stale = 10;
	naming_work(f.naming, 0);
	asked = fake.asked;
	assert_int_equal(asked, 20);
	assert_names(&f, 0, 0);
	assert_int_equal(f.profile->named.len, 10);
	/* Nothing to ask for those that are named. */
	f.profile->generation++;
	naming_work(f.naming, 0);
	assert_int_equal(fake.asked, asked);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_names_arrive, reset_fake),
		cmocka_unit_test_setup(test_few_questions_at_a_time, reset_fake),
		cmocka_unit_test_setup(test_second_place, reset_fake),
		cmocka_unit_test_setup(test_no_place, reset_fake),
		cmocka_unit_test_setup(test_without_an_image, reset_fake),
		cmocka_unit_test_setup(test_kernel_modules, reset_fake),
		cmocka_unit_test_setup(test_missing, reset_fake),
		cmocka_unit_test_setup(test_deadly_address, reset_fake),
		cmocka_unit_test_setup(test_deadly_file, reset_fake),
		cmocka_unit_test_setup(test_always_dies, reset_fake),
		cmocka_unit_test_setup(test_generation, reset_fake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
