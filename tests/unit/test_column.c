#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenery.h"
#include "view/column.h"

#define MS 1000000ull

static void amounts(void **state)
{
	static const struct {
		struct amount part, whole;
		enum measure measure;
		const char *text;
		enum style style;
	} cases[] = {
		{ { 50 * MS, 50 }, { 100 * MS, 100 }, MEASURE_PERCENT, "50.00%", STYLE_HOT },
		{ { 100 * MS, 100 }, { 100 * MS, 100 }, MEASURE_PERCENT, "100.0%", STYLE_HOT },
		{ { 5 * MS, 5 }, { 100 * MS, 100 }, MEASURE_PERCENT, "5.00%", STYLE_WARM },
		{ { 1 * MS, 1 }, { 100 * MS, 100 }, MEASURE_PERCENT, "1.00%", STYLE_PLAIN },
		{ { 0, 0 }, { 100 * MS, 100 }, MEASURE_PERCENT, "0.00%", STYLE_DIM },
		{ { 0, 0 }, { 0, 0 }, MEASURE_PERCENT, "-", STYLE_DIM },
		/* without weights, by samples */
		{ { 0, 25 }, { 0, 100 }, MEASURE_PERCENT, "25.00%", STYLE_HOT },
		{ { 1250 * MS, 7 }, { 2000 * MS, 9 }, MEASURE_TIME, "1.25 s", STYLE_HOT },
		{ { 0, 812 }, { 0, 1000 }, MEASURE_SAMPLES, "812", STYLE_HOT },
		{ { 0, 999999 }, { 0, 999999 }, MEASURE_SAMPLES, "999,999", STYLE_HOT },
		{ { 0, 1000000 }, { 0, 1000000 }, MEASURE_SAMPLES, "1.00M", STYLE_HOT },
	};
	struct profile *profile = scenery_one_function();
	struct scene scene;

	(void)state;
	scenery_look(&scene, profile);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct strbuf text = STRBUF_INIT;

		scene.measure = cases[i].measure;
		amount_format(&text, &scene, &cases[i].part, &cases[i].whole);
		assert_string_equal(text.text, cases[i].text);
		assert_true(text.len <= 8);
		assert_int_equal(amount_style(&cases[i].part, &cases[i].whole), cases[i].style);
		strbuf_release(&text);
	}
	scene_release(&scene);
	profile_free(profile);
}

static void measures(void **state)
{
	static const struct {
		const char *metric;
		enum unit unit;
		uint64_t weight;
		const char *titles[4];
	} cases[] = {
		{ "cpu-clock", UNIT_NANOSECONDS, 1000,
		  { "percent", "time", "samples", "percent" } },
		{ "cycles", UNIT_COUNT, 3000, { "percent", "cycles", "samples", "percent" } },
		/* Weights of 1 say nothing that samples don't. */
		{ "samples", UNIT_COUNT, 10, { "percent", "samples", "percent", "samples" } },
		{ "cpu-clock", UNIT_NANOSECONDS, 10, { "percent", "time", "samples", "percent" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct profile *profile = profile_new();
		struct scene scene;

		profile_add_metric(profile, cases[i].metric, cases[i].unit);
		scene_init(&scene);
		scene.profile = profile;
		scene.calls->all = (struct amount){ cases[i].weight, 10 };
		for (size_t k = 0; k < 4; k++) {
			assert_string_equal(measure_title(&scene), cases[i].titles[k]);
			scene.measure = measure_after(&scene);
		}
		scene_release(&scene);
		profile_free(profile);
	}
}

static function_id function_named(const struct profile *profile, const char *name)
{
	for (function_id id = 1; id < profile->function.len; id++)
		if (!strcmp(profile_function_name(profile, id), name))
			return id;
	fail_msg("no function %s", name);
	return 0;
}

static void names(void **state)
{
	static const struct {
		const char *name, *label, *function, *binary;
	} cases[] = {
		{ "main", "main", "main", "app" },
		{ "vfs_read", "vfs_read [k]", "vfs_read", "[kernel]" },
		{ "[libz.so.1]", "[libz.so.1]", "[libz.so.1]", "libz.so.1" },
		{ "", "[unknown]", "[unknown]", "" },
	};
	struct profile *profile = scenery_program();
	struct scene scene;

	(void)state;
	scenery_look(&scene, profile);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct row row = {
			.function = *cases[i].name ? function_named(profile, cases[i].name) : 0,
		};
		struct strbuf label = STRBUF_INIT, function = STRBUF_INIT, binary = STRBUF_INIT;

		function_label(&label, profile, row.function);
		column_named("function")->format(&function, &scene, &row);
		column_named("binary")->format(&binary, &scene, &row);
		assert_string_equal(label.text, cases[i].label);
		assert_string_equal(function.text, cases[i].function);
		assert_string_equal(binary.text, cases[i].binary);
		strbuf_release(&label);
		strbuf_release(&function);
		strbuf_release(&binary);
	}
	assert_null(column_named("colour"));
	scene_release(&scene);
	profile_free(profile);
}

/* Equal rows are in the order of names whichever way the column goes. */
static void order(void **state)
{
	static const struct {
		const char *column;
		bool reversed;
		const char *first, *second;
	} cases[] = {
		{ "self", false, "main", "fib" },	/* 9 before 5 */
		{ "self", true, "fib", "main" },
		{ "self", false, "_start", "fib" },	/* 5 each */
		{ "self", true, "_start", "fib" },
		{ "total", false, "_start", "fib" },
		{ "function", false, "_start", "fib" },
		{ "function", true, "fib", "_start" },
		{ "binary", false, "vfs_read", "main" },
		{ "binary", true, "main", "vfs_read" },
		{ "binary", true, "_start", "main" },
	};
	struct profile *profile = scenery_program();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct column *column = column_named(cases[i].column);
		struct row a = { .function = function_named(profile, cases[i].first) };
		struct row b = { .function = function_named(profile, cases[i].second) };

		a.self.weight = !strcmp(cases[i].first, "main") ? 9 : 5;
		b.self.weight = !strcmp(cases[i].second, "main") ? 9 : 5;
		assert_true(column_order(column, cases[i].reversed, profile, &a, &b) < 0);
		assert_true(column_order(column, cases[i].reversed, profile, &b, &a) > 0);
		assert_int_equal(column_order(column, cases[i].reversed, profile, &a, &a), 0);
		/* Where the order of names is known it is the same. */
		a.by_name = strcmp(cases[i].first, cases[i].second) < 0 ? 1 : 2;
		b.by_name = 3 - a.by_name;
		assert_true(column_order(column, cases[i].reversed, profile, &a, &b) < 0);
		assert_true(column_order(column, cases[i].reversed, profile, &b, &a) > 0);
	}
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts),
		cmocka_unit_test(measures),
		cmocka_unit_test(names),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
