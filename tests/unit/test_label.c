#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "view/label.h"

static void shorten(void **state)
{
	static const char find[] =
		"std::_Hashtable<std::basic_string<char>, Symbol*>::find(std::basic_string<char> "
		"const&) const";
	static const char format[] = "<alloc::vec::Vec<T> as core::fmt::Debug>::fmt";
	static const struct {
		const char *label;
		int width;
		const char *expected;
	} cases[] = {
		{ "main", 4, "main" },
		{ "main", 0, "" },
		{ "very_long_name_in_c", 10, "ver…e_in_c" },
		{ find, 100, find },
		/* The smallest part that is enough goes. */
		{ find, 80, "std::_Hashtable<std::basic_string<char>, Symbol*>::find(…) const" },
		{ find, 60, "std::_Hashtable<…>::find(std::basic_string<…> const&) const" },
		{ find, 40, "std::_Hashtable<…>::find(…) const" },
		{ find, 33, "std::_Hashtable<…>::find(…) const" },
		{ find, 32, "…::_Hashtable<…>::find(…) const" },
		{ find, 20, "…::find(…) const" },
		{ find, 13, "find(…) const" },
		{ find, 12, "find" },
		{ find, 3, "…nd" },
		{ "llvm::FoldingSetBase::FindNodeOrInsertPos(llvm::FoldingSetNodeID const&)",
		  39, "…::FindNodeOrInsertPos(…)" },
		{ format, 45, format },
		{ format, 44, "<Vec<T> as Debug>::fmt" },
		{ format, 20, "<Vec<T>… Debug>::fmt" },
		{ "<&mut a::b::C<d::E> as std::Fn() -> f::G>::call", 40,
		  "<&mut C<E> as Fn() -> G>::call" },
		{ "a::operator<<(b const&)", 18, "a::operator<<(…)" },
		{ "a::operator()(int, int, int) const", 24, "a::operator()(…) const" },
		{ "a::b::operator->(int, int)", 14, "operator->(…)" },
		{ "fn_once<fn(u64) -> u64>::call(long, long)", 34,
		  "fn_once<fn(u64) -> u64>::call(…)" },
		{ "write_all [k]", 9, "wri…l [k]" },
		{ "f(int) [clone .isra.0]", 22, "f(int) [clone .isra.0]" },
		{ "f(int) [clone .isra.0]", 21, "f(int)" },
		{ "broken<a::b(c", 9, "bro…::b(c" },
		{ "x>>)))(((<<", 6, "x>…(<<" },
		{ "\033[31mred(abcdefghijklmnop)", 14, "\xef\xbf\xbd[31mred(…)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct strbuf out = STRBUF_INIT;

		label_shorten(&out, cases[i].label, cases[i].width);
		assert_string_equal(out.text, cases[i].expected);
		assert_true(text_width(out.text) <= cases[i].width);
		strbuf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shorten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
