#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenery.h"
#include "view/scene.h"

#define SECOND 1000000000ull

static void assert_described(const struct scene *scene, const char *expected)
{
	struct strbuf text = STRBUF_INIT;

	window_describe(scene, &text);
	assert_string_equal(text.text, expected);
	strbuf_release(&text);
}

static void test_window_steps(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.status.now = 300 * SECOND;
	assert_described(&scene, "");
	window_next(&scene.window);
	assert_described(&scene, "last 10 s");
	/* No time was set: around again. */
	window_next(&scene.window);
	assert_described(&scene, "");
	scene.window.since = 170 * SECOND - 1;
	window_next(&scene.window);
	window_next(&scene.window);
	assert_described(&scene, "since 2:10 min ago");
	window_next(&scene.window);
	assert_described(&scene, "");
	/* A length is asked for: that it is. */
	window_resize(&scene.window, false);
	assert_described(&scene, "last 5 s");
	for (int i = 0; i < 20; i++)
		window_resize(&scene.window, false);
	assert_described(&scene, "last 1 s");
	window_resize(&scene.window, true);
	assert_described(&scene, "last 2 s");
	for (int i = 0; i < 7; i++)
		window_resize(&scene.window, true);
	assert_described(&scene, "last 5 min");
	for (int i = 0; i < 20; i++)
		window_resize(&scene.window, true);
	assert_described(&scene, "last 1 h");
	scene_release(&scene);
}

/* Ever more is done in each of twenty half seconds. */
static void test_window_shows_its_part(void **state)
{
	struct profile *profile = scenery_program();
	struct scene scene;
	uint64_t all, last = 0;

	(void)state;
	scenery_look(&scene, profile);
	all = scene.calls->total[0].samples;
	for (size_t i = profile->slice.len - 4; i < profile->slice.len; i++)
		last += profile->slice.at[i].samples;
	scene.window.kind = WINDOW_LAST;
	scene.window.last = 2 * SECOND;
	scene_update(&scene, profile);
	assert_int_equal(scene.calls->total[0].samples, last);
	assert_int_equal(scene.calls->all.samples, all);
	/* Time goes on, and it slides, even when nothing comes. */
	scene.status.now += SECOND;
	scene_update(&scene, profile);
	assert_true(scene.calls->total[0].samples < last);
	scene.status.now += 2 * SECOND;
	scene_update(&scene, profile);
	assert_int_equal(scene.calls->total[0].samples, 0);
	scene.window.kind = WINDOW_SINCE;
	scene.window.since = 108 * SECOND;
	scene_update(&scene, profile);
	assert_int_equal(scene.calls->total[0].samples, last);
	scene.window.kind = WINDOW_ALL;
	scene_update(&scene, profile);
	assert_int_equal(scene.calls->total[0].samples, all);
	scene_release(&scene);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_steps),
		cmocka_unit_test(test_window_shows_its_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
