#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/strbuf.h"
#include "unwind/walk.h"

/*
 * Made-up code: what begins at each of these addresses and is 0x100 long,
 * but for BARE, which begins one byte later, as behind a call that does not
 * return.  Stacks are made up below.
 */
enum {
	PUSHED_0	= 0x1000,	/* nothing but the return address */
	PUSHED_2	= 0x1100,	/* two words, the upper one is the caller's rbp */
	FRAME		= 0x1200,	/* push %rbp; mov %rsp,%rbp */
	LOSES_RBP	= 0x1300,
	OUTERMOST	= 0x1400,
	TRAMPOLINE	= 0x1500,	/* a signal handler returns to it */
	STUB		= 0x1600,	/* of a PLT */
	REALIGNED_RBP	= 0x1700,	/* the CFA is at rbp - 8 */
	REALIGNED_RSP	= 0x1800,	/* the CFA, 8 too high, is at rsp + 16 */
	IN_R10		= 0x1900,	/* the CFA */
	RETURNS_TO_RDI	= 0x1a00,
	RBP_AT_RBP	= 0x1b00,	/* CFA = rsp + 16 all the same */
	ODD		= 0x1c00,	/* CFA = rsp + 12 */
	DOWNWARDS	= 0x1d00,	/* CFA = rsp - 16 */
	NOT_KNOWN	= 0x1e00,	/* unsupported */
	GAP		= 0x1f00,	/* rows that say nothing */
	BARE		= 0x2000,	/* no rows */
	PENDING		= 0x2100,
	ON_OWN_STACK	= 0x2200,	/* its caller's is another one */
	BIRTH		= 0x2400,	/* right before outermost code */
	POPPED		= 0x2300,	/* rbp is said to be saved below what was pushed */
	NOWHERE		= 0x9000,
};

enum { RBX = 3, RDI = 5, R10 = 10 };

static const struct {
	uint64_t start;
	enum unwind_code code;
	struct unwind_rule rule;
} codes[] = {
	{ PUSHED_0, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, 0, 0, 8 } },
	{ PUSHED_2, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, UNWIND_FP_AT_CFA, -16, 24 } },
	{ FRAME, UNWIND_CODE_ROWS, { UNWIND_CFA_RBP, UNWIND_FP_AT_CFA, -16, 16 } },
	{ LOSES_RBP, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, UNWIND_FP_LOST, 0, 8 } },
	{ OUTERMOST, UNWIND_CODE_ROWS, { UNWIND_END, 0, 0, 0 } },
	{ TRAMPOLINE, UNWIND_CODE_ROWS, { UNWIND_SIGNAL, 0, 0, 0 } },
	{ STUB, UNWIND_CODE_ROWS, { UNWIND_PLT, 0, 0, 11 } },
	{ REALIGNED_RBP, UNWIND_CODE_ROWS,
	  { UNWIND_DEREF_RBP, UNWIND_FP_AT_RBP, 0, (int)(-8u << 16) } },
	{ REALIGNED_RSP, UNWIND_CODE_ROWS,
	  { UNWIND_DEREF_RSP, UNWIND_FP_SAME, 0, 16 << 16 | (-8 & 0xffff) } },
	{ IN_R10, UNWIND_CODE_ROWS, { UNWIND_REGISTER + R10, 0, 0, 0 } },
	{ RETURNS_TO_RDI, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, RDI << UNWIND_RA_SHIFT, 0, 0 } },
	{ RBP_AT_RBP, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, UNWIND_FP_AT_RBP, 0, 16 } },
	{ ODD, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, 0, 0, 12 } },
	{ DOWNWARDS, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, 0, 0, -16 } },
	{ NOT_KNOWN, UNWIND_CODE_ROWS, { UNWIND_UNSUPPORTED, 0, 0, 0 } },
	{ GAP, UNWIND_CODE_ROWS, { UNWIND_NONE, 0, 0, 0 } },
	{ BIRTH, UNWIND_CODE_ROWS, { UNWIND_BIRTH, 0, 0, 0 } },
	{ BARE, UNWIND_CODE_BARE, { 0 } },
	{ PENDING, UNWIND_CODE_PENDING, { 0 } },
	{ POPPED, UNWIND_CODE_ROWS, { UNWIND_CFA_RSP, UNWIND_FP_AT_CFA, -16, 8 } },
	{ ON_OWN_STACK, UNWIND_CODE_ROWS, { UNWIND_CFA_RBP, UNWIND_FP_AT_CFA, -16, 16 } },
};

static enum unwind_code find_code(void *context, uint64_t address, struct unwind_rule *rule)
{
	(void)context;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (address - codes[i].start >= 0x100 || address == BARE)
			continue;
		*rule = codes[i].rule;
		return codes[i].code;
	}
	return UNWIND_CODE_NONE;
}

/* The stack pointer, and the address of the nth word from there. */
enum { SP = 0x70000 };
#define AT(n) (SP + 8 * (n))

static const char *const ends[UNWIND_ENDS] = {
	[UNWIND_COMPLETE] = "complete",
	[UNWIND_BY_FRAME_POINTER] = "frame pointer",
	[UNWIND_NO_MAPPING] = "no mapping",
	[UNWIND_NO_ROWS] = "no rows",
	[UNWIND_NOT_READY] = "not ready",
	[UNWIND_UNREADABLE] = "unreadable",
	[UNWIND_LIMIT] = "limit",
	[UNWIND_IMPLAUSIBLE] = "implausible",
	[UNWIND_NOT_SUPPORTED] = "not supported",
	[UNWIND_DUMP_TOO_SHORT] = "dump too short",
};

/* Of the caller x bytes behind its beginning: where a call returns to. */
#define IN(code, x) ((code) + (x))

enum { CASE_WORDS = 40 };

struct walk_case {
	const char *about;
	uint64_t ip, bp;
	const char *expected;	/* addresses, ? for guessed, ! for exact; then the end */
	uint64_t word[CASE_WORDS];
	size_t words;		/* 0: all up to the last that isn't 0 */
	bool whole;
	uint64_t rdi, r10, rax;
};

/* The registers that the kernel saves below a signal handler: those up to 40 bytes are others. */
#define SIGNAL_FRAME(bp, sp, ip) \
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (bp), 0, 0, 0, 0, (sp), (ip)

static const struct walk_case walk_cases[] = {
	{ "rsp", IN(PUSHED_0, 0), 0, "1000 1105 1401 complete",
	  .word = { IN(PUSHED_2, 5), 1, 2, IN(OUTERMOST, 1) } },
	{ "the call is the last instruction", IN(PUSHED_0, 0), 0, "1000 1200 1401 complete",
	  .word = { IN(PUSHED_2, 0x100), 1, 2, IN(OUTERMOST, 1) } },
	{ "rbp", IN(FRAME, 9), AT(2), "1209 1209 1401 complete",
	  .word = { 1, 1, AT(5), IN(FRAME, 9), 1, 0, IN(OUTERMOST, 1) } },
	{ "rbp restored for the caller", IN(PUSHED_2, 9), 1, "1109 1209 1401 complete",
	  .word = { 1, AT(4), IN(FRAME, 9), 1, 0, IN(OUTERMOST, 1) } },
	{ "rbp lost and needed", IN(LOSES_RBP, 9), AT(4), "1309 1209 not supported",
	  .word = { IN(FRAME, 9), 1, 1, 1, 0, IN(OUTERMOST, 1) } },
	{ "rbp lost and not needed", IN(LOSES_RBP, 9), AT(4), "1309 1009 1401 complete",
	  .word = { IN(PUSHED_0, 9), IN(OUTERMOST, 1) } },
	{ "rbp lost, found again", IN(LOSES_RBP, 9), AT(4), "1309 1109 1209 1401 complete",
	  .word = { IN(PUSHED_2, 9), 1, AT(5), IN(FRAME, 9), 1, 1, IN(OUTERMOST, 1) } },
	{ "rbp lost is no help for finding itself", IN(LOSES_RBP, 9), AT(4),
	  "1309 1b09 1209 not supported",
	  .word = { IN(RBP_AT_RBP, 9), 1, IN(FRAME, 9), 1, AT(6), 1, 0, IN(OUTERMOST, 1) } },
	{ "rbp saved below itself", IN(RBP_AT_RBP, 9), AT(0), "1b09 1209 1401 complete",
	  .word = { AT(4), IN(FRAME, 9), 1, 1, 1, IN(OUTERMOST, 1) } },
	{ "rbp is back already", IN(POPPED, 9), AT(2), "2309 1209 1401 complete",
	  .word = { IN(FRAME, 9), 1, 1, IN(OUTERMOST, 1) } },
	{ "rbp is back, and was the way to the old one", IN(RBP_AT_RBP, 9), AT(4),
	  "1b09 1209 1401 complete",
	  .word = { 1, IN(FRAME, 9), 1, 1, 1, IN(OUTERMOST, 1) } },
	{ "outermost at once", IN(OUTERMOST, 9), 0, "1409 complete", .word = { 0 } },
	{ "a thread begins", IN(BIRTH, 9), 0, "2409 complete", .word = { NOWHERE } },
	{ "a thread was made", IN(BIRTH, 9), 0, "2409 1401? complete",
	  .word = { IN(OUTERMOST, 1) }, .rax = 1 },
	{ "a coroutine began there", IN(PUSHED_0, 9), 0, "1009 24ff complete",
	  .word = { IN(BIRTH, 0xff) }, .rax = 1 },
	{ "the return address is 0", IN(PUSHED_0, 9), 0, "1009 complete",
	  .word = { 0 }, .words = 1 },

	{ "stub before its push", IN(STUB, 0x2a), 0, "162a 1401 complete",
	  .word = { IN(OUTERMOST, 1), NOWHERE } },
	{ "stub after its push", IN(STUB, 0x2b), 0, "162b 1401 complete",
	  .word = { NOWHERE, IN(OUTERMOST, 1) } },
	{ "realigned, the CFA saved below rbp", IN(REALIGNED_RBP, 9), AT(2),
	  "1709 1209 1401 complete",
	  .word = { 1, AT(6), AT(7), 1, 1, IN(FRAME, 9), 1, 1, IN(OUTERMOST, 1) } },
	{ "realigned, the CFA saved above rsp", IN(REALIGNED_RSP, 9), AT(2), "1809 1401 complete",
	  .word = { 1, 1, AT(6), 1, IN(OUTERMOST, 1) } },
	{ "rbp lost, and the CFA lies below it", IN(LOSES_RBP, 9), AT(2),
	  "1309 1709 not supported", .word = { IN(REALIGNED_RBP, 9), AT(6), AT(7) } },
	{ "the CFA in r10", IN(IN_R10, 9), 0, "1909 1401 complete",
	  .word = { 1, 1, IN(OUTERMOST, 1) }, .r10 = AT(3) },
	{ "what was called leaves r10 alone", IN(PUSHED_0, 9), 0, "1009 1909 1401 complete",
	  .word = { IN(IN_R10, 9), 1, IN(OUTERMOST, 1) }, .r10 = AT(3) },
	{ "but not if that is not above", IN(PUSHED_0, 9), 0, "1009 1909 not supported",
	  .word = { IN(IN_R10, 9), 1, IN(OUTERMOST, 1) }, .r10 = AT(0) },
	{ "or if who it was is a guess", IN(BARE, 9), 1, "2009 1909? not supported",
	  .word = { IN(IN_R10, 9), 1, IN(OUTERMOST, 1) }, .r10 = AT(3) },
	{ "two calls away r10 is not known", IN(PUSHED_0, 9), 0, "1009 1009 1909 not supported",
	  .word = { IN(PUSHED_0, 9), IN(IN_R10, 9), 1, IN(OUTERMOST, 1) }, .r10 = AT(4) },
	{ "the return address in rdi", IN(RETURNS_TO_RDI, 9), 0, "1a09 1009 1401 complete",
	  .word = { IN(OUTERMOST, 1) }, .rdi = IN(PUSHED_0, 9) },
	{ "of a caller rdi is not known", IN(PUSHED_0, 9), 0, "1009 1a09 not supported",
	  .word = { IN(RETURNS_TO_RDI, 9), 1 }, .rdi = IN(PUSHED_0, 9) },
	{ "a rule that nobody knows", IN(PUSHED_0, 9), 0, "1009 1e09 not supported",
	  .word = { IN(NOT_KNOWN, 9), 1, IN(OUTERMOST, 1) } },

	{ "interrupted by a signal", IN(PUSHED_0, 9), 1, "1009 1509 1200! 1401 complete",
	  .word = { IN(TRAMPOLINE, 9), SIGNAL_FRAME(AT(24), AT(23), IN(FRAME, 0)),
	    1, 1, IN(OUTERMOST, 1) } },
	{ "the handler has a stack of its own, above", IN(PUSHED_0, 9), 1,
	  "1009 1509 1000! unreadable",
	  .word = { IN(TRAMPOLINE, 9), SIGNAL_FRAME(1, 0x60000, IN(PUSHED_0, 0)) } },
	{ "interrupted while it was not mapped", IN(PUSHED_0, 9), 1,
	  "1009 1509 0! 1401? complete",
	  .word = { IN(TRAMPOLINE, 9), SIGNAL_FRAME(1, AT(24), 0), 1, IN(OUTERMOST, 1) } },
	{ "interrupted where r10 counts", IN(PUSHED_0, 9), 1, "1009 1509 1909! 1401 complete",
	  .word = { IN(TRAMPOLINE, 9), 0, 0, 0, 0, 0, 0, 0, AT(25), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		    0, AT(23), IN(IN_R10, 9), 1, IN(OUTERMOST, 1) } },
	{ "signal frame cut off", IN(TRAMPOLINE, 9), 1, "1509 dump too short",
	  .word = { 1, 2, 3 } },
	{ "handlers for ever", IN(TRAMPOLINE, 9), 1, "1509 1500! 1500! 1500! 1500! 1500! limit",
	  .word = { SIGNAL_FRAME(1, SP, IN(TRAMPOLINE, 0)) } },

	{ "frame pointers", IN(BARE, 9), AT(1), "2009 2009? 1401? complete",
	  .word = { 1, AT(4), IN(BARE, 9), 1, 1, IN(OUTERMOST, 1) } },
	{ "frame pointers, then rows", IN(GAP, 9), AT(1), "1f09 1209? 1401 complete",
	  .word = { 1, AT(4), IN(FRAME, 9), 1, 1, IN(OUTERMOST, 1) } },
	{ "rows, then frame pointers", IN(FRAME, 9), AT(1), "1209 2009 1401? complete",
	  .word = { 1, AT(4), IN(BARE, 9), 1, 1, IN(OUTERMOST, 1) } },
	{ "frame pointers end with 0", IN(BARE, 9), AT(1), "2009 2009? frame pointer",
	  .word = { 1, 0, IN(BARE, 9), 1 } },
	{ "frame pointers end with no address", IN(BARE, 9), AT(1), "2009 frame pointer",
	  .word = { 1, 0, 0 }, .words = 3 },
	{ "rbp of 0 alone ends nothing", IN(PUSHED_0, 9), 0, "1009 2009 no rows",
	  .word = { IN(BARE, 9), 1 } },
	{ "frame pointer to nowhere, nothing pushed", IN(BARE, 9), AT(1), "2009 1401? complete",
	  .word = { IN(OUTERMOST, 1), AT(4), NOWHERE, 1 } },
	{ "frame pointer to nowhere", IN(PUSHED_0, 9), AT(1), "1009 2009 no rows",
	  .word = { IN(BARE, 9), AT(4), NOWHERE, 1 } },
	{ "frame pointer below", IN(BARE, 9), SP - 8, "2009 1401? complete",
	  .word = { IN(OUTERMOST, 1), 1 } },
	{ "frame pointer far above", IN(BARE, 9), SP + UNWIND_FRAME_BYTES_MAX,
	  "2009 1401? complete", .word = { IN(OUTERMOST, 1), 1 } },
	{ "odd frame pointer", IN(BARE, 9), AT(1) + 1, "2009 1401? complete",
	  .word = { IN(OUTERMOST, 1), AT(4), IN(BARE, 9) } },
	{ "lost frame pointer", IN(LOSES_RBP, 9), AT(1), "1309 2009 no rows",
	  .word = { IN(BARE, 9), AT(4), IN(BARE, 9) } },
	{ "nothing pushed leads to nowhere", IN(BARE, 9), 1, "2009 no rows", .word = { NOWHERE } },
	{ "nothing pushed leads to 0", IN(BARE, 9), 1, "2009 no rows", .word = { 0 }, .words = 1 },
	{ "guesses hold on to what is pending", IN(BARE, 9), 1, "2009 2109? not ready",
	  .word = { IN(PENDING, 9), 1 } },
	{ "not ready", IN(PUSHED_0, 9), 1, "1009 2109 not ready", .word = { IN(PENDING, 9), 1 } },

	{ "jumped to nowhere", NOWHERE, AT(1), "9000 1401? complete",
	  .word = { IN(OUTERMOST, 1), 0, IN(BARE, 9) } },
	{ "nowhere, from nowhere", NOWHERE, AT(1), "9000 no mapping", .word = { NOWHERE, 1 } },
	{ "returns to nowhere", IN(PUSHED_0, 9), AT(1), "1009 9000 no mapping",
	  .word = { NOWHERE, 1, IN(OUTERMOST, 1) } },

	{ "odd CFA", IN(ODD, 9), 0, "1c09 implausible", .word = { 1, 1, 1 } },
	{ "CFA below", IN(DOWNWARDS, 9), 0, "1d09 implausible", .word = { 1, 1, 1 } },
	{ "rbp below, in the same stack", IN(FRAME, 9), SP - 64, "1209 implausible",
	  .word = { 1, 1 } },
	{ "rbp of another stack below", IN(PUSHED_0, 9), SP - (2 << 20),
	  "1009 2209 unreadable", .word = { IN(ON_OWN_STACK, 9), 1 } },
	{ "copy too short", IN(PUSHED_2, 9), 0, "1109 dump too short", .word = { 1, 2 } },
	{ "no copy", IN(PUSHED_0, 9), 0, "1009 dump too short", .word = { 0 } },
	{ "the stack is no longer", IN(PUSHED_2, 9), 0, "1109 unreadable", .word = { 1, 2 },
	  .whole = true },
	{ "far above is another stack", IN(FRAME, 9), SP + (64 << 20), "1209 unreadable",
	  .word = { 1, 2 } },
	{ "limit", IN(PUSHED_0, 0), 0, "1000 1009 1009 1009 1009 1009 limit",
	  .word = { IN(PUSHED_0, 9), IN(PUSHED_0, 9), IN(PUSHED_0, 9), IN(PUSHED_0, 9),
	    IN(PUSHED_0, 9), IN(PUSHED_0, 9), IN(PUSHED_0, 9) } },
	{ "just within the limit", IN(PUSHED_0, 0), 0, "1000 1009 1009 1009 1009 1409 complete",
	  .word = { IN(PUSHED_0, 9), IN(PUSHED_0, 9), IN(PUSHED_0, 9), IN(PUSHED_0, 9),
	    IN(OUTERMOST, 9) } },
};

static size_t words_of(const struct walk_case *c)
{
	size_t count = CASE_WORDS;

	while (!c->words && count && !c->word[count - 1])
		count--;
	return c->words ? c->words : count;
}

static void format_walk(struct strbuf *text, const uint64_t *ip, size_t count, enum unwind_end end)
{
	for (size_t i = 0; i < count; i++)
		strbuf_addf(text, "%llx%s%s ", (unsigned long long)(ip[i] & UNWIND_ADDRESS),
			    ip[i] & UNWIND_GUESSED ? "?" : "", ip[i] & UNWIND_EXACT ? "!" : "");
	strbuf_add(text, ends[end], strlen(ends[end]));
}

static void walks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof walk_cases / sizeof *walk_cases; i++) {
		const struct walk_case *c = &walk_cases[i];
		struct unwind_dump dump = {
			.registers = { .ip = c->ip, .r = { [UNWIND_RBP] = c->bp,
							   [UNWIND_RSP] = SP,
							   [UNWIND_RAX] = c->rax,
							   [RDI] = c->rdi, [R10] = c->r10 } },
			.address = SP,
			.stack = (const unsigned char *)c->word,
			.size = words_of(c) * 8,
			.whole = c->whole,
			.find = find_code,
		};
		struct strbuf text = STRBUF_INIT;
		enum unwind_end end;
		uint64_t ip[6];
		size_t count = unwind_walk(&dump, ip, 6, &end);

		format_walk(&text, ip, count, end);
		if (strcmp(text.text, c->expected))
			fail_msg("%s: %s, not %s", c->about, text.text, c->expected);
		strbuf_release(&text);
	}
}

/* Two stacks, the caller's below: only seen where both can be read. */
static void finds_another_stack(void **state)
{
	static uint64_t memory[(4 << 20) / 8];
	const uint64_t low = 0x100000, high = low + (3 << 20), sp = high;
	struct unwind_dump dump = {
		.registers = { .ip = IN(ON_OWN_STACK, 9),
			       .r = { [UNWIND_RSP] = sp, [UNWIND_RBP] = low + 64 } },
		.address = low,
		.stack = (const unsigned char *)memory,
		.size = sizeof memory,
		.find = find_code,
	};
	size_t deepest = 16;
	enum unwind_end end;
	uint64_t ip[6];

	(void)state;
	dump.deepest = &deepest;
	memory[8] = 1;
	memory[9] = IN(PUSHED_0, 9);
	memory[10] = IN(OUTERMOST, 1);
	assert_int_equal(unwind_walk(&dump, ip, 6, &end), 3);
	assert_int_equal(end, UNWIND_COMPLETE);
	assert_int_equal(ip[1], IN(PUSHED_0, 9));
	assert_int_equal(deepest, 11 * 8);
}

/* Addresses of the kernel's half lose what would be a mark. */
static void innermost_has_no_marks(void **state)
{
	struct unwind_dump dump = { .registers = { .ip = UINT64_MAX }, .find = find_code };
	enum unwind_end end;
	uint64_t ip[1];

	(void)state;
	assert_int_equal(unwind_walk(&dump, ip, 1, &end), 1);
	assert_true(ip[0] == UNWIND_ADDRESS);
	assert_int_equal(end, UNWIND_NO_MAPPING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(finds_another_stack),
		cmocka_unit_test(innermost_has_no_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
