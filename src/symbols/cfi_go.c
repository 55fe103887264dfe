#include "symbols/cfi_private.h"

#include <elf.h>
#include <string.h>

enum {
	SYMBOLS_MAX = 4 << 20,
	NAMES_MAX = 64 << 20,		/* bytes */
	CODE_MAX = 512,			/* bytes of a function that is looked into */
};

/*
 * Go's functions that are at the bottom of a stack, or change it under their
 * feet.  .debug_frame says of them what it says of all others.
 */
enum part {
	PART_WHOLE,			/* all of it has the rule */
	PART_SIGNAL,			/* and the byte before it, for the return address */
	PART_AFTER_SWITCH,		/* from where it has the other stack */
	PART_BODY,			/* it finds back by rbp, if it has saved one */
};

static const struct bottom {
	const char *name;
	enum part part;
	struct unwind_rule rule;
} bottoms[] = {
	{ "goexit", PART_WHOLE, { .cfa = UNWIND_END } },
	{ "mstart", PART_WHOLE, { .cfa = UNWIND_END } },
	{ "rt0_go", PART_WHOLE, { .cfa = UNWIND_END } },
	/* Who called it is asleep; what it calls never returns. */
	{ "mcall", PART_AFTER_SWITCH, { .cfa = UNWIND_END } },
	/* Who called it is known to the scheduler only. */
	{ "morestack", PART_AFTER_SWITCH, { .cfa = UNWIND_UNSUPPORTED } },
	{ "systemstack", PART_BODY, { .cfa = UNWIND_UNSUPPORTED } },
	{ "asmcgocall", PART_BODY, { .cfa = UNWIND_UNSUPPORTED } },
	{ "sigreturn", PART_SIGNAL, { .cfa = UNWIND_SIGNAL } },
	{ "sigreturn__sigaction", PART_SIGNAL, { .cfa = UNWIND_SIGNAL } },
};

static const struct unwind_rule by_rbp = {
	.cfa = UNWIND_CFA_RBP, .offset = 16, .fp = UNWIND_FP_AT_CFA, .fp_offset = -16 };

/*
 * Each of Go's functions that has a frame saves rbp on top of it, and says
 * so nowhere.  It is needed to find back from the scheduler's stack.
 */
static void save_rbp(struct cfi_rows *rows)
{
	for (size_t i = 0; i < rows->range[CFI_DEBUG_FRAME].len; i++) {
		const struct cfi_range *range = &rows->range[CFI_DEBUG_FRAME].at[i];

		for (uint32_t k = 0; k < range->count; k++) {
			uint32_t *id = &rows->row.at[range->first + k].rule;
			struct unwind_rule rule = rows->rule.at[*id];

			if (rule.cfa != UNWIND_CFA_RSP || rule.offset < 16 || rule.fp)
				continue;
			rule.fp = UNWIND_FP_AT_CFA;
			rule.fp_offset = -16;
			*id = cfi_rule(rows, rule);
		}
	}
}

/* mov 0x38(%r), %rsp, of any register, or mov %rbx, %rsp: how far to behind it. */
static size_t find_switch(const unsigned char *code, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i++) {
		if ((code[i] == 0x48 || code[i] == 0x49) && code[i + 1] == 0x8b &&
		    (code[i + 2] & 0xf8) == 0x60 && code[i + 2] != 0x64 && code[i + 3] == 0x38)
			return i + 4;
		if (code[i] == 0x48 && code[i + 1] == 0x89 && code[i + 2] == 0xdc)
			return i + 3;
	}
	return len;
}

/* Its own rows, but by rbp where they are by rsp and rbp is there. */
static void know_body(struct cfi_rows *rows, uint64_t address, uint64_t offset, uint64_t size)
{
	enum { PROLOGUE = 4 };
	struct cfi_range range;
	uint32_t first;

	if (!cfi_find(rows, CFI_DEBUG_FRAME, offset, &range) || range.start != offset ||
	    !cfi_begin(rows, CFI_KNOWN, address, &size))
		return;
	first = range.first;
	for (uint32_t i = 0; i < range.count; i++) {
		struct cfi_row row = rows->row.at[first + i];
		struct unwind_rule rule = rows->rule.at[row.rule];
		bool saved = rule.cfa == UNWIND_CFA_RSP && rule.offset >= 16;

		if (row.at < PROLOGUE && saved) {
			cfi_add(rows, CFI_KNOWN, row.at, row.rule);
			row.at = PROLOGUE;
		}
		cfi_add(rows, CFI_KNOWN, row.at, saved ? cfi_rule(rows, by_rbp) : row.rule);
	}
}

static void know_bottom(struct cfi_rows *rows, const struct cfi_file *file,
			const struct bottom *bottom, uint64_t address, uint64_t size)
{
	/* push %rbp; mov %rsp, %rbp */
	static const unsigned char prologue[] = { 0x55, 0x48, 0x89, 0xe5 };
	uint64_t offset;
	unsigned char *code;
	size_t from = 0;

	if (!cfi_to_offset(rows, address, &offset) || size > CODE_MAX)
		return;
	if (bottom->part == PART_WHOLE || bottom->part == PART_SIGNAL) {
		from = bottom->part == PART_SIGNAL;
		cfi_fill(rows, CFI_KNOWN, address - from, size + from, bottom->rule);
		return;
	}
	code = cfi_read_part(file, offset, size);
	if (!code)
		return;
	if (bottom->part == PART_BODY && size > sizeof prologue &&
	    !memcmp(code, prologue, sizeof prologue)) {
		know_body(rows, address, offset, size);
	} else {
		from = find_switch(code, (size_t)size);
		cfi_fill(rows, CFI_KNOWN, address + from, size - from, bottom->rule);
	}
	xfree(code);
}

/* By the name, which may end in that of its calling convention. */
static const struct bottom *find_bottom(const char *name)
{
	static const char package[] = "runtime.";
	size_t len;

	if (strncmp(name, package, sizeof package - 1))
		return NULL;
	name += sizeof package - 1;
	len = strcspn(name, ".");
	if (name[len] && strcmp(name + len, ".abi0"))
		return NULL;
	for (size_t i = 0; i < sizeof bottoms / sizeof *bottoms; i++)
		if (strlen(bottoms[i].name) == len && !memcmp(bottoms[i].name, name, len))
			return &bottoms[i];
	return NULL;
}

static void know_symbols(struct cfi_rows *rows, const struct cfi_file *file,
			 const struct cfi_section *symbols, const struct cfi_section *names)
{
	uint64_t count = symbols->size / sizeof(Elf64_Sym);
	unsigned char *table = count < SYMBOLS_MAX ?
		cfi_read_part(file, symbols->offset, symbols->size) : NULL;
	char *text = names->size < NAMES_MAX ?
		(char *)cfi_read_part(file, names->offset, names->size) : NULL;

	for (uint64_t i = 0; table && text && !text[names->size - 1] && i < count; i++) {
		const struct bottom *bottom = NULL;
		Elf64_Sym symbol;

		memcpy(&symbol, table + i * sizeof symbol, sizeof symbol);
		if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size &&
		    symbol.st_name < names->size)
			bottom = find_bottom(text + symbol.st_name);
		if (bottom)
			know_bottom(rows, file, bottom, symbol.st_value, symbol.st_size);
	}
	xfree(table);
	xfree(text);
}

void cfi_know_go(struct cfi_rows *rows, const struct cfi_file *file)
{
	bool is_go = false;

	for (size_t i = 0; i < file->section.len; i++)
		is_go |= !strcmp(file->section.at[i].name, ".go.buildinfo");
	if (!is_go)
		return;
	save_rbp(rows);
	for (size_t i = 0; i < file->section.len; i++) {
		const struct cfi_section *s = &file->section.at[i];

		if (s->type == SHT_SYMTAB && s->link < file->section.len)
			know_symbols(rows, file, s, &file->section.at[s->link]);
	}
}
