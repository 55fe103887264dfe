#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/match.h"

static function_id function(struct profile *profile, const char *name)
{
	struct function f = { .name = profile_add_string(profile, name) };

	return profile_add_function(profile, &f);
}

static void test_match(void **state)
{
	struct profile *profile = profile_new();
	function_id read = function(profile, "read_file");
	function_id write = function(profile, "write_file");
	function_id main_function = function(profile, "main"), late;
	struct match match = { 0 };
	struct error error = { 0 };

	(void)state;
	match_update(&match, profile);
	assert_false(match_has(&match, read));

	assert_true(match_set(&match, "FILE", &error));
	match_update(&match, profile);
	assert_int_equal(match.count, 0);
	assert_true(match_set(&match, "file", &error));
	/* Not worked out yet: none. */
	assert_false(match_has(&match, read));
	match_update(&match, profile);
	assert_int_equal(match.count, 2);
	assert_true(match_has(&match, read) && match_has(&match, write));
	assert_false(match_has(&match, main_function) || match_has(&match, 0));

	late = function(profile, "file_map");
	assert_false(match_has(&match, late));
	match_update(&match, profile);
	assert_true(match_has(&match, late));
	assert_int_equal(match.count, 3);

	/* What is no expression changes nothing. */
	assert_false(match_set(&match, "fi(le", &error));
	assert_string_equal(match.pattern, "file");
	assert_true(match_has(&match, late));

	/* Function 0 fits nothing, not even what fits everything. */
	assert_true(match_set(&match, ".*", &error));
	match_update(&match, profile);
	assert_int_equal(match.count, 4);
	assert_false(match_has(&match, 0));

	assert_true(match_set(&match, "", &error));
	assert_null(match.pattern);
	assert_false(match_has(&match, read));
	assert_true(match_set(&match, NULL, &error));
	match_release(&match);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
