#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "unwind/walk.h"

/*
 * Stacks of real programs, as tests/unwind/record.sh wrote them: registers,
 * what is not 0 of the stack, the rules around the addresses that matter,
 * and the frames that must come out.
 */
struct code {
	uint64_t start, end;
	enum unwind_code code;
	struct unwind_rule rule;
};

struct recorded {
	struct unwind_dump dump;
	array(unsigned char) stack;
	array(struct code) code;
	struct strbuf expected;		/* "address marks\n" for each frame, then the end */
};

static const char *const ends[UNWIND_ENDS] = {
	[UNWIND_COMPLETE] = "complete",
	[UNWIND_BY_FRAME_POINTER] = "frame-pointer",
	[UNWIND_NO_MAPPING] = "no-mapping",
	[UNWIND_NO_ROWS] = "no-rows",
	[UNWIND_UNREADABLE] = "unreadable",
	[UNWIND_LIMIT] = "limit",
	[UNWIND_IMPLAUSIBLE] = "implausible",
	[UNWIND_NOT_SUPPORTED] = "not-supported",
	[UNWIND_DUMP_TOO_SHORT] = "dump-too-short",
};

static enum unwind_code find_code(void *context, uint64_t address, struct unwind_rule *rule)
{
	const struct recorded *recorded = context;

	for (size_t i = 0; i < recorded->code.len; i++) {
		const struct code *code = &recorded->code.at[i];

		if (address < code->start || address >= code->end)
			continue;
		*rule = code->rule;
		return code->code;
	}
	return UNWIND_CODE_NONE;
}

static void take_stack(struct recorded *recorded, char *text)
{
	uint64_t address = strtoull(text, &text, 16), word;
	size_t offset = address - recorded->dump.address;

	assert_true(address >= recorded->dump.address && offset < 1 << 20);
	for (char *end; word = strtoull(text, &end, 16), end != text; text = end) {
		array_extend(&recorded->stack, offset + sizeof word);
		memcpy(recorded->stack.at + offset, &word, sizeof word);
		offset += sizeof word;
	}
}

static void take_code(struct recorded *recorded, const char *text)
{
	struct code code = { .code = UNWIND_CODE_BARE };
	unsigned cfa, fp;

	if (sscanf(text, "%" SCNx64 " %" SCNx64 " %u %u %hd %d", &code.start, &code.end, &cfa, &fp,
		   &code.rule.fp_offset, &code.rule.offset) == 6) {
		code.code = UNWIND_CODE_ROWS;
		code.rule.cfa = (unsigned char)cfa;
		code.rule.fp = (unsigned char)fp;
	}
	array_push(&recorded->code, code);
}

static void take_line(struct recorded *recorded, char *line)
{
	struct unwind_registers *registers = &recorded->dump.registers;
	char *text = strchr(line, ' ');

	assert_non_null(text);
	*text++ = '\0';
	if (!strcmp(line, "ip"))
		registers->ip = strtoull(text, NULL, 16);
	else if (!strcmp(line, "registers"))
		for (int i = 0; i < UNWIND_REGISTERS; i++)
			registers->r[i] = strtoull(text, &text, 16);
	else if (!strcmp(line, "stack"))
		take_stack(recorded, text);
	else if (!strcmp(line, "code"))
		take_code(recorded, text);
	else if (!strcmp(line, "frame"))
		strbuf_addf(&recorded->expected, "%.*s\n", (int)strcspn(text, " "), text);
	else if (!strcmp(line, "end"))
		strbuf_addf(&recorded->expected, "%s", text);
	else
		fail_msg("a line that begins with %s", line);
	recorded->dump.address = registers->r[UNWIND_RSP];
}

static void read_case(struct recorded *recorded, const char *path)
{
	char line[1024];
	FILE *in = fopen(path, "re");

	assert_non_null(in);
	while (fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '#')
			take_line(recorded, line);
	}
	fclose(in);
	recorded->dump.stack = recorded->stack.at;
	recorded->dump.size = recorded->stack.len;
	recorded->dump.find = find_code;
	recorded->dump.context = recorded;
}

static void walk_case(const char *path)
{
	static uint64_t ip[UNWIND_FRAMES_DEFAULT];
	struct recorded recorded = { .expected = STRBUF_INIT };
	struct strbuf text = STRBUF_INIT;
	enum unwind_end end;
	size_t count;

	read_case(&recorded, path);
	count = unwind_walk(&recorded.dump, ip, UNWIND_FRAMES_DEFAULT, &end);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&text, "%" PRIx64 "%s%s\n", ip[i] & UNWIND_ADDRESS,
			    ip[i] & UNWIND_GUESSED ? "?" : "", ip[i] & UNWIND_EXACT ? "!" : "");
	strbuf_addf(&text, "%s", ends[end]);
	if (strcmp(text.text, recorded.expected.text))
		fail_msg("%s:\n%s\ninstead of\n%s", path, text.text, recorded.expected.text);
	strbuf_release(&text);
	strbuf_release(&recorded.expected);
	array_release(&recorded.stack);
	array_release(&recorded.code);
}

static void walks_recorded_stacks(void **state)
{
	const char *source = getenv("srcdir");
	char pattern[4096];
	glob_t found;

	(void)state;
	snprintf(pattern, sizeof pattern, "%s/tests/unwind/cases/*.case", source ? source : ".");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 10);
	for (size_t i = 0; i < found.gl_pathc; i++)
		walk_case(found.gl_pathv[i]);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_recorded_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
