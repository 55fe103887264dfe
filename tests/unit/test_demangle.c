#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "symbols/demangle.h"

static void test_names(void **state)
{
	static const struct { const char *mangled, *name; } cases[] = {
		{ "", "" },
		{ "main", "main" },
		{ "_", "_" },
		{ "_Z", "_Z" },
		{ "_ZN3foo", "_ZN3foo" },
		{ "_Rubbish", "_Rubbish" },
		{ "function.constprop.0", "function.constprop.0" },
#ifdef HAVE_LIBIBERTY
		{ "_Z3foov", "foo()" },
		{ "_ZNKSt6vectorIiSaIiEE4sizeEv",
		  "std::vector<int, std::allocator<int> >::size() const" },
		{ "_Z3foov.isra.0", "foo() [clone .isra.0]" },
		{ "_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write" },
		{ "_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function" },
#endif
	};
	char out[DEMANGLED_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		demangle(out, cases[i].mangled);
		assert_string_equal(out, cases[i].name);
	}
}

static void test_long_plain_name(void **state)
{
	char name[DEMANGLED_MAX + 1], out[DEMANGLED_MAX];

	(void)state;
	memset(name, 'x', DEMANGLED_MAX);
	name[DEMANGLED_MAX] = '\0';
	demangle(out, name);
	assert_int_equal(strlen(out), DEMANGLED_MAX - 1);
	assert_string_equal(out + DEMANGLED_MAX - 5, "x...");
	name[DEMANGLED_MAX - 1] = '\0';
	demangle(out, name);
	assert_string_equal(out, name);
}

#ifdef HAVE_LIBIBERTY
/* Each part of this name is the one before it twice: written out it has gigabytes. */
static void test_name_that_explodes(void **state)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct strbuf name = STRBUF_INIT;
	char out[DEMANGLED_MAX];

	(void)state;
	strbuf_adds(&name, "_Z1fSt4pairIiiE");
	for (int i = 0; i < 30; i++)
		strbuf_addf(&name, "S_IS%c_S%c_E", digits[i], digits[i]);
	demangle(out, name.text);
	assert_int_equal(strlen(out), DEMANGLED_MAX - 1);
	assert_memory_equal(out, "f(std::pair<int, int>, ", 23);
	assert_string_equal(out + DEMANGLED_MAX - 4, "...");
	strbuf_release(&name);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_plain_name),
#ifdef HAVE_LIBIBERTY
		cmocka_unit_test(test_name_that_explodes),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
