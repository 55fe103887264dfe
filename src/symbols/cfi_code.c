#include "symbols/cfi_private.h"

#include <elf.h>
#include <string.h>

enum {
	SCAN_MAX = 32 << 20,		/* bytes of code without tables that are looked through */
	START_MAX = 64,			/* bytes of where a program starts */
	LOADER_MAX = 256,		/* the same of the one that loads programs */
	CONTEXT_MAX = 128,		/* bytes of where coroutines start */
	STUB = 16,			/* bytes of most linkage stubs */
	CALL = 5, CALL_INDIRECT = 6,	/* bytes */
};

static const struct unwind_rule end_rule = { .cfa = UNWIND_END };
static const struct unwind_rule signal_rule = { .cfa = UNWIND_SIGNAL };

static struct unwind_rule above_stack(int bytes)
{
	return (struct unwind_rule){ .cfa = UNWIND_CFA_RSP, .offset = bytes };
}

/* What linkers put in front of their stubs: what it pushes, and where. */
struct plt_head {
	unsigned char code[8];
	size_t len;		/* of the code looked at */
	uint32_t size;
	uint32_t push[2];	/* the offset after each push, 0: none */
};

static const struct plt_head plt_heads[] = {
	/* push GOT+8(%rip); jmp *GOT+16(%rip); of GNU ld and lld */
	{ { 0xff, 0x35 }, 2, 16, { 6, 0 } },
	/* endbr64; push %r11; push GOT+8(%rip); jmp *GOT+16(%rip); of mold */
	{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0x53, 0xff, 0x35 }, 8, 32, { 6, 12 } },
};

/* Stubs of 16 bytes that push their number, or not at all (after 16). */
static const struct plt_stub {
	unsigned char code[7], mask[7];
	int pushed;		/* from here on */
} plt_stubs[] = {
	/* jmp *slot(%rip); push $number; jmp head */
	{ { 0xff, 0x25, 0, 0, 0, 0, 0x68 }, { 0xff, 0xff, 0, 0, 0, 0, 0xff }, 11 },
	/* endbr64; push $number; jmp head */
	{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x68 }, { 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
	/* endbr64; jmp *slot(%rip) */
	{ { 0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 16 },
	{ { 0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25 },
	  { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 16 },
	/* endbr64; mov $number, %r11d; jmp *slot(%rip) */
	{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 16 },
	/* jmp *slot(%rip) */
	{ { 0xff, 0x25 }, { 0xff, 0xff }, 16 },
	{ { 0xf2, 0xff, 0x25 }, { 0xff, 0xff, 0xff }, 16 },
};

static void add_plt_head(struct cfi_rows *rows, const struct plt_head *head, uint64_t address)
{
	/* What came here has pushed its number, but for mold's. */
	int bytes = head->push[1] ? 8 : 16;
	uint64_t size = head->size;

	if (!cfi_begin(rows, CFI_CODE, address, &size))
		return;
	cfi_add(rows, CFI_CODE, 0, cfi_rule(rows, above_stack(bytes)));
	for (size_t i = 0; i < 2 && head->push[i] && head->push[i] < size; i++)
		cfi_add(rows, CFI_CODE, head->push[i],
			cfi_rule(rows, above_stack(bytes += 8)));
}

static void add_plt_stubs(struct cfi_rows *rows, const unsigned char *code, uint64_t address,
			  uint64_t size)
{
	struct unwind_rule rule = above_stack(8);

	for (size_t i = 0; i < sizeof plt_stubs / sizeof *plt_stubs; i++) {
		const struct plt_stub *stub = &plt_stubs[i];
		bool same = true;

		for (size_t at = 0; at < sizeof stub->code; at++)
			same = same && (code[at] & stub->mask[at]) == stub->code[at];
		if (!same)
			continue;
		if (stub->pushed < STUB)
			rule = (struct unwind_rule){ .cfa = UNWIND_PLT, .offset = stub->pushed };
		/* Its rule goes by the lowest bits of the address. */
		if (stub->pushed == STUB || address % STUB == 0)
			cfi_fill(rows, CFI_CODE, address, size, rule);
		return;
	}
}

/* lld writes no table for its linkage stubs. */
static void know_plt(struct cfi_rows *rows, const struct cfi_file *file,
		     const struct cfi_section *section)
{
	unsigned char code[3 * STUB];
	uint64_t offset, skipped = 0;
	unsigned char *part;
	struct cfi_gap gap;

	if (!cfi_to_offset(rows, section->address, &offset) || section->size < sizeof code)
		return;
	cfi_begin_gaps(rows, &gap, offset, offset + section->size);
	part = cfi_next_gap(rows, &gap) ? cfi_read_part(file, offset, sizeof code) : NULL;
	if (!part)
		return;
	for (size_t i = 0; i < sizeof plt_heads / sizeof *plt_heads && !skipped; i++) {
		if (memcmp(part, plt_heads[i].code, plt_heads[i].len))
			continue;
		add_plt_head(rows, &plt_heads[i], section->address);
		skipped = plt_heads[i].size;
	}
	add_plt_stubs(rows, part + skipped, section->address + skipped, section->size - skipped);
	xfree(part);
}

/* How much of it there is up to the call that leaves it for good. */
static uint64_t start_size(const struct cfi_rows *rows, const unsigned char *code, size_t len,
			   uint64_t address)
{
	for (size_t i = 0; i + CALL_INDIRECT < len; i++) {
		int32_t distance;
		uint64_t offset;

		memcpy(&distance, code + i + 1, sizeof distance);
		if (code[i] == 0xe8 &&
		    cfi_to_offset(rows, address + i + CALL + (uint64_t)distance, &offset))
			return i + CALL;
		if (code[i] == 0xff && code[i + 1] == 0x15)
			return i + CALL_INDIRECT;
	}
	return STUB;
}

/*
 * mov %rsp, %rdi: the loader of programs starts by taking its stack, and
 * runs what initializes libraries, too, before it leaves for the program.
 * Others' entries mean nothing.
 */
static bool is_loader(const unsigned char *code, size_t len)
{
	static const unsigned char take_stack[] = { 0x48, 0x89, 0xe7 };

	return memmem(code, len < 8 ? len : 8, take_stack, sizeof take_stack) != NULL;
}

/*
 * Where a program starts nobody called it, whether a table says so or not:
 * musl's has none, nor has the loader.
 */
static void know_start(struct cfi_rows *rows, const struct cfi_file *file)
{
	struct cfi_range range;
	struct cfi_gap gap;
	unsigned char *code;
	uint64_t offset, size;

	if (!file->entry || !cfi_to_offset(rows, file->entry, &offset))
		return;
	if (cfi_find(rows, CFI_EH_FRAME, offset, &range) ||
	    cfi_find(rows, CFI_DEBUG_FRAME, offset, &range)) {
		/* The middle of a function is not meant by that. */
		if (file->is_program && range.start == offset)
			cfi_fill(rows, CFI_KNOWN, file->entry, range.end - offset, end_rule);
		return;
	}
	cfi_begin_gaps(rows, &gap, offset, offset + (file->is_program ? START_MAX : LOADER_MAX));
	if (!cfi_next_gap(rows, &gap) || gap.start != offset)
		return;
	size = gap.end - gap.start;
	code = cfi_read_part(file, offset, size);
	if (!code)
		return;
	if (file->is_program)
		size = start_size(rows, code, size, file->entry);
	if (file->is_program || is_loader(code, size))
		cfi_fill(rows, CFI_CODE, file->entry, size, end_rule);
	xfree(code);
}

/*
 * mov $15, %rax; syscall: what returns from a signal handler.  A byte
 * earlier already, since of a return address the byte before is looked up.
 */
static void find_trampolines(struct cfi_rows *rows, uint64_t offset, const unsigned char *code,
			     size_t len)
{
	static const unsigned char trampoline[] = {
		0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05 };
	const unsigned char *at = code, *end = code + len;
	uint64_t address;

	while ((at = memmem(at, (size_t)(end - at), trampoline, sizeof trampoline))) {
		if (cfi_to_address(rows, offset + (uint64_t)(at - code), &address))
			cfi_fill(rows, CFI_CODE, address - 1, sizeof trampoline + 1, signal_rule);
		at += sizeof trampoline;
	}
}

/* In a C library without tables. */
static void know_trampolines(struct cfi_rows *rows, const struct cfi_file *file)
{
	uint64_t left = SCAN_MAX;

	for (size_t i = 0; i < rows->segment.len; i++) {
		const struct cfi_segment *s = &rows->segment.at[i];
		struct cfi_gap gap;

		cfi_begin_gaps(rows, &gap, s->offset, s->offset + s->size);
		while (cfi_next_gap(rows, &gap)) {
			uint64_t size = gap.end - gap.start;
			unsigned char *code;

			/* Most gaps are what aligns functions. */
			if (size < STUB || size > left)
				continue;
			code = cfi_read_part(file, gap.start, size);
			if (!code)
				continue;
			left -= size;
			find_trampolines(rows, gap.start, code, size);
			xfree(code);
		}
	}
}

static bool has_makecontext(const struct cfi_file *file)
{
	static const char name[] = "makecontext";
	bool has = false;

	for (size_t i = 0; i < file->section.len && !has; i++) {
		const struct cfi_section *section = &file->section.at[i];
		unsigned char *names;

		if (strcmp(section->name, ".dynstr"))
			continue;
		names = cfi_read_part(file, section->offset, section->size);
		has = names && memmem(names, (size_t)section->size, name, sizeof name);
		xfree(names);
	}
	return has;
}

/* mov %rbx, %rsp ... hlt */
static bool is_context_start(const unsigned char *code, size_t len)
{
	static const unsigned char switch_stack[] = { 0x48, 0x89, 0xdc };

	return len > sizeof switch_stack && !memcmp(code, switch_stack, sizeof switch_stack) &&
	       code[len - 1] == 0xf4;
}

/*
 * A coroutine of makecontext() returns to code that begins by switching the
 * stack and never returns itself; glibc's table says nothing of that.
 */
static void know_context_start(struct cfi_rows *rows, const struct cfi_file *file)
{
	uint64_t left = SCAN_MAX / 8;

	if (!has_makecontext(file))
		return;
	for (size_t i = 0; i < rows->range[CFI_EH_FRAME].len; i++) {
		struct cfi_range range = rows->range[CFI_EH_FRAME].at[i];
		uint64_t size = range.end - range.start, address;
		unsigned char *code;

		if (size > CONTEXT_MAX || size > left)
			continue;
		left -= size;
		code = cfi_read_part(file, range.start, size);
		if (code && is_context_start(code, (size_t)size) &&
		    cfi_to_address(rows, range.start, &address))
			cfi_fill(rows, CFI_KNOWN, address, size, end_rule);
		xfree(code);
	}
}

void cfi_know_code(struct cfi_rows *rows, const struct cfi_file *file)
{
	know_start(rows, file);
	know_context_start(rows, file);
	know_trampolines(rows, file);
	for (size_t i = 0; i < file->section.len; i++) {
		const struct cfi_section *section = &file->section.at[i];

		if (section->flags & SHF_EXECINSTR && section->type == SHT_PROGBITS &&
		    (!strncmp(section->name, ".plt", 4) || !strncmp(section->name, ".iplt", 5)))
			know_plt(rows, file, section);
	}
}
