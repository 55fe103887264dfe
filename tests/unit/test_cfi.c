/*
 * Tables made by hand, each in an ELF file of its own, and the rows that
 * they have to become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

#include "base/strbuf.h"
#include "symbols/cfi.h"
#include "symbols/dwarf_names.h"
#include "unwind/table.h"

enum {
	TEXT_OFFSET = 0x1000, TEXT_SIZE = 0x3000,
	TABLE_OFFSET = 0x5000,
	START = 0x100,			/* of the function, in the text */
	RBX = 3, RBP = 6, RSP = 7, R10 = 10, RIP = 16,
};

#define TEXT_ADDRESS UINT64_C(0x401000)
#define TABLE_ADDRESS UINT64_C(0x405000)

static void put(struct strbuf *out, const void *bytes, size_t len)
{
	strbuf_add(out, bytes, len);
}

static void put_u8(struct strbuf *out, unsigned value)
{
	unsigned char byte = (unsigned char)value;

	put(out, &byte, 1);
}

static void put_u32(struct strbuf *out, uint32_t value)
{
	put(out, &value, sizeof value);
}

static void put_u64(struct strbuf *out, uint64_t value)
{
	put(out, &value, sizeof value);
}

static void put_at(struct strbuf *out, size_t at, const void *bytes, size_t len)
{
	if (out->len < at + len)
		strbuf_pad(out, '\0', at + len - out->len);
	memcpy(out->text + at, bytes, len);
}

/* The length of an entry is known when it is whole. */
static void end_entry(struct strbuf *out, size_t begin)
{
	uint32_t len = (uint32_t)(out->len - begin - sizeof len);

	memcpy(out->text + begin, &len, sizeof len);
}

/* As compilers begin: CFA is rsp + 8, the return address is below it. */
static const unsigned char usual[] = { DW_CFA_def_cfa, RSP, 8, DW_CFA_offset | RIP, 1 };

static size_t put_cie(struct strbuf *out, const char *letters, const void *code, size_t len)
{
	size_t begin = out->len;

	put_u32(out, 0);
	put_u32(out, 0);
	put_u8(out, 1);
	put(out, letters, strlen(letters) + 1);
	put_u8(out, 1);				/* code alignment */
	put_u8(out, 0x78);			/* data alignment: -8 */
	put_u8(out, RIP);
	if (*letters == 'z') {
		put_u8(out, 1);
		put_u8(out, DW_EH_PE_pcrel | DW_EH_PE_sdata4);
	}
	put(out, code, len);
	end_entry(out, begin);
	return begin;
}

static void put_fde(struct strbuf *out, size_t cie, uint64_t address, uint32_t size,
		    const void *code, size_t len)
{
	size_t begin = out->len;

	put_u32(out, 0);
	put_u32(out, (uint32_t)(out->len - cie));
	put_u32(out, (uint32_t)(address - (TABLE_ADDRESS + out->len)));
	put_u32(out, size);
	put_u8(out, 0);
	put(out, code, len);
	end_entry(out, begin);
}

struct section {
	const char *name;
	uint64_t offset, address, size, flags;
	uint32_t type, link;
};

struct file {
	struct strbuf bytes;
	struct section section[8];
	size_t count;
	uint64_t entry;
	uint16_t type;
	bool no_sections;
	uint64_t index;			/* address of .eh_frame_hdr */
};

static void add_section(struct file *file, struct section section)
{
	file->section[file->count++] = section;
}

static void add_eh_frame(struct file *file, const struct strbuf *table)
{
	put_at(&file->bytes, TABLE_OFFSET, table->text, table->len);
	add_section(file, (struct section){ ".eh_frame", TABLE_OFFSET, TABLE_ADDRESS, table->len,
					    SHF_ALLOC, SHT_PROGBITS, 0 });
}

/* Sections and their names go to the end. */
static void put_sections(struct file *file, Elf64_Ehdr *header)
{
	struct strbuf names = STRBUF_INIT;
	Elf64_Shdr section[10] = { { 0 } };
	size_t count = 1;

	put_u8(&names, 0);
	for (size_t i = 0; i < file->count; i++, count++) {
		const struct section *s = &file->section[i];

		section[count] = (Elf64_Shdr){ .sh_name = (uint32_t)names.len, .sh_type = s->type,
			.sh_flags = s->flags, .sh_addr = s->address, .sh_offset = s->offset,
			.sh_size = s->size, .sh_link = s->link };
		put(&names, s->name, strlen(s->name) + 1);
	}
	section[count++] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = file->bytes.len,
					 .sh_size = names.len };
	put(&file->bytes, names.text, names.len);
	header->e_shoff = file->bytes.len;
	header->e_shnum = (uint16_t)count;
	header->e_shentsize = sizeof *section;
	header->e_shstrndx = (uint16_t)(count - 1);
	put(&file->bytes, section, count * sizeof *section);
	strbuf_release(&names);
}

static int finish(struct file *file)
{
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = file->type ? file->type : ET_DYN, .e_machine = EM_X86_64,
		.e_entry = file->entry, .e_phoff = sizeof header,
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3 };
	Elf64_Phdr segment[] = {
		{ .p_type = PT_LOAD, .p_flags = PF_R, .p_offset = TABLE_OFFSET,
		  .p_vaddr = TABLE_ADDRESS, .p_filesz = 0x1000 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = TEXT_OFFSET,
		  .p_vaddr = TEXT_ADDRESS, .p_filesz = TEXT_SIZE },
		{ .p_type = file->index ? PT_GNU_EH_FRAME : PT_NULL, .p_vaddr = file->index },
	};
	int fd = memfd_create("test", MFD_CLOEXEC);

	put_at(&file->bytes, TEXT_OFFSET + TEXT_SIZE - 1, "", 1);
	if (!file->no_sections)
		put_sections(file, &header);
	put_at(&file->bytes, 0, &header, sizeof header);
	put_at(&file->bytes, sizeof header, segment, sizeof segment);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->bytes.text, file->bytes.len), file->bytes.len);
	strbuf_release(&file->bytes);
	return fd;
}

static struct unwind_table *compile(struct file *file)
{
	struct unwind_table *table;
	struct error error;
	int fd = finish(file), rows;

	assert_int_equal(cfi_compile(fd, &rows), ROWS_MADE);
	close(fd);
	table = unwind_table_open(rows, &error);
	assert_non_null(table);
	return table;
}

struct expected {
	unsigned at;			/* in the function */
	struct unwind_rule rule;
};

#define RULE(how, cfa_offset, fp_how, fp_at) \
	{ .cfa = (how), .offset = (cfa_offset), .fp = (fp_how), .fp_offset = (fp_at) }
#define SP(offset) RULE(UNWIND_CFA_RSP, offset, 0, 0)
#define SP_SAVED(offset, at) RULE(UNWIND_CFA_RSP, offset, UNWIND_FP_AT_CFA, at)
#define SP_LOST(offset) RULE(UNWIND_CFA_RSP, offset, UNWIND_FP_LOST, 0)
#define ONLY(how) RULE(how, 0, 0, 0)

static void check_rule(const struct unwind_table *table, uint64_t offset, struct unwind_rule rule)
{
	struct unwind_rule found = unwind_table_find(table, offset);

	if (memcmp(&found, &rule, sizeof rule))
		fail_msg("%#jx: cfa %d %+d fp %d %+d, not cfa %d %+d fp %d %+d", (uintmax_t)offset,
			 found.cfa, found.offset, found.fp, found.fp_offset, rule.cfa, rule.offset,
			 rule.fp, rule.fp_offset);
}

/* The instructions of a function of 0x400 bytes, and its rows. */
static const struct sample {
	unsigned char code[64];
	size_t len;
	struct expected expected[6];	/* the first is for 0, others are for more */
} samples[] = {
#define CODE(...) { __VA_ARGS__ }, sizeof((unsigned char[]){ __VA_ARGS__ })
	{ CODE(DW_CFA_nop), { { 0, SP(8) }, { 0x3ff, SP(8) } } },
	/* push %rbp; mov %rsp, %rbp ... ret */
	{ CODE(DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset | RBP, 2,
	       DW_CFA_advance_loc | 3, DW_CFA_def_cfa_register, RBP,
	       DW_CFA_advance_loc1, 0xf0, DW_CFA_def_cfa, RSP, 8, DW_CFA_restore | RBP),
	  { { 0, SP(8) }, { 1, SP_SAVED(16, -16) }, { 3, SP_SAVED(16, -16) },
	    { 4, RULE(UNWIND_CFA_RBP, 16, UNWIND_FP_AT_CFA, -16) },
	    { 0xf3, RULE(UNWIND_CFA_RBP, 16, UNWIND_FP_AT_CFA, -16) }, { 0xf4, SP(8) } } },
	/* All ways forward; one of zero is none. */
	{ CODE(DW_CFA_advance_loc1, 0, DW_CFA_def_cfa_offset, 16,
	       DW_CFA_advance_loc2, 0x00, 0x01, DW_CFA_def_cfa_offset, 24,
	       DW_CFA_advance_loc4, 0x10, 0, 0, 0, DW_CFA_def_cfa_offset, 32,
	       DW_CFA_MIPS_advance_loc8, 0x10, 0, 0, 0, 0, 0, 0, 0, DW_CFA_def_cfa_offset, 0xc0, 1),
	  { { 0, SP(16) }, { 0xff, SP(16) }, { 0x100, SP(24) }, { 0x110, SP(32) },
	    { 0x120, SP(192) }, { 0x3ff, SP(192) } } },
	/* Beyond the end. */
	{ CODE(DW_CFA_advance_loc4, 0xff, 0xff, 0xff, 0xff, DW_CFA_def_cfa_offset, 99),
	  { { 0, SP(8) }, { 0x3ff, SP(8) } } },
	/* Remembered twice. */
	{ CODE(DW_CFA_remember_state, DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16,
	       DW_CFA_remember_state, DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 24,
	       DW_CFA_advance_loc | 1, DW_CFA_restore_state, DW_CFA_advance_loc | 1,
	       DW_CFA_restore_state),
	  { { 0, SP(8) }, { 1, SP(16) }, { 2, SP(24) }, { 3, SP(16) }, { 4, SP(8) } } },
	{ CODE(DW_CFA_advance_loc | 1, DW_CFA_restore_state),
	  { { 0, SP(8) }, { 1, ONLY(UNWIND_UNSUPPORTED) }, { 0x3ff, ONLY(UNWIND_UNSUPPORTED) } } },
	/* Signed and scaled forms. */
	{ CODE(DW_CFA_def_cfa_sf, RBP, 0x7e, DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset_sf, 0x7d,
	       DW_CFA_advance_loc | 1, DW_CFA_offset_extended_sf, RBP, 3, DW_CFA_advance_loc | 1,
	       DW_CFA_offset_extended, RBP, 4, DW_CFA_advance_loc | 1,
	       DW_CFA_GNU_negative_offset_extended, RBP, 2, DW_CFA_advance_loc | 1,
	       DW_CFA_restore_extended, RBP),
	  { { 0, RULE(UNWIND_CFA_RBP, 16, 0, 0) }, { 1, RULE(UNWIND_CFA_RBP, 24, 0, 0) },
	    { 2, RULE(UNWIND_CFA_RBP, 24, UNWIND_FP_AT_CFA, -24) },
	    { 3, RULE(UNWIND_CFA_RBP, 24, UNWIND_FP_AT_CFA, -32) },
	    { 4, RULE(UNWIND_CFA_RBP, 24, UNWIND_FP_AT_CFA, 16) },
	    { 5, RULE(UNWIND_CFA_RBP, 24, 0, 0) } } },
	/* Nothing that matters: other registers, arguments' size, what holds anyway. */
	{ CODE(DW_CFA_advance_loc | 1, DW_CFA_offset | RBX, 2, DW_CFA_GNU_args_size, 16,
	       DW_CFA_GNU_window_save, DW_CFA_val_offset, RSP, 0, DW_CFA_undefined, RBX,
	       DW_CFA_same_value, RBP, DW_CFA_register, RBX, R10, DW_CFA_val_offset_sf, RSP, 0,
	       DW_CFA_expression, RBX, 2, DW_OP_breg7, 0),
	  { { 0, SP(8) }, { 0x3ff, SP(8) } } },
	/* Nobody called. */
	{ CODE(DW_CFA_undefined, RIP, DW_CFA_advance_loc | 1, DW_CFA_restore_extended, RIP),
	  { { 0, ONLY(UNWIND_END) }, { 1, SP(8) } } },
	/* Return addresses in registers; rax can't be told. */
	{ CODE(DW_CFA_register, RIP, 5, DW_CFA_def_cfa_offset, 0, DW_CFA_advance_loc | 1,
	       DW_CFA_register, RIP, 0, DW_CFA_advance_loc | 1, DW_CFA_offset | RIP, 2,
	       DW_CFA_advance_loc | 1, DW_CFA_same_value, RIP),
	  { { 0, SP_SAVED(0, 0) }, { 1, ONLY(UNWIND_UNSUPPORTED) },
	    { 2, ONLY(UNWIND_UNSUPPORTED) }, { 3, ONLY(UNWIND_UNSUPPORTED) } } },
	/* A caller's stack pointer that isn't the CFA. */
	{ CODE(DW_CFA_advance_loc | 1, DW_CFA_offset | RSP, 2, DW_CFA_advance_loc | 1,
	       DW_CFA_restore | RSP, DW_CFA_advance_loc | 1, DW_CFA_val_offset, RSP, 1),
	  { { 0, SP(8) }, { 1, ONLY(UNWIND_UNSUPPORTED) }, { 2, SP(8) },
	    { 3, ONLY(UNWIND_UNSUPPORTED) } } },
	/* Frame pointers that can't be told. */
	{ CODE(DW_CFA_undefined, RBP, DW_CFA_advance_loc | 1, DW_CFA_register, RBP, 2,
	       DW_CFA_advance_loc | 1, DW_CFA_val_offset, RBP, 2, DW_CFA_advance_loc | 1,
	       DW_CFA_val_expression, RBP, 2, DW_OP_breg7, 0, DW_CFA_advance_loc | 1,
	       DW_CFA_offset_extended, RBP, 0x80, 0x80, 0x04, DW_CFA_advance_loc | 1,
	       DW_CFA_register, RBP, RBP),
	  { { 0, SP_LOST(8) }, { 1, SP_LOST(8) }, { 2, SP_LOST(8) }, { 3, SP_LOST(8) },
	    { 4, SP_LOST(8) }, { 5, SP(8) } } },
	/* By expressions, as for a realigned stack. */
	{ CODE(DW_CFA_def_cfa, R10, 0, DW_CFA_advance_loc | 1,
	       DW_CFA_expression, RBP, 2, DW_OP_breg0 + RBP, 0, DW_CFA_advance_loc | 1,
	       DW_CFA_def_cfa_expression, 3, DW_OP_breg0 + RBP, 0x78, DW_OP_deref,
	       DW_CFA_advance_loc | 1, DW_CFA_restore | RBP, DW_CFA_def_cfa_expression, 6,
	       DW_OP_breg7, 0x98, 0x04, DW_OP_deref, DW_OP_plus_uconst, 56),
	  { { 0, RULE(UNWIND_REGISTER + R10, 0, 0, 0) },
	    { 1, RULE(UNWIND_REGISTER + R10, 0, UNWIND_FP_AT_RBP, 0) },
	    { 2, RULE(UNWIND_DEREF_RBP, (int)0xfff80000, UNWIND_FP_AT_RBP, 0) },
	    { 3, RULE(UNWIND_DEREF_RSP, 536 << 16 | 56, 0, 0) } } },
	/* Other ways to say the same, and an offset from before that counts again. */
	{ CODE(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 8, DW_OP_lit0 + 8, DW_OP_plus,
	       DW_CFA_advance_loc | 1,
	       DW_CFA_def_cfa_expression, 7, DW_OP_bregx, RSP, 0x20, DW_OP_const2u, 4, 0,
	       DW_OP_minus,
	       DW_CFA_expression, RBP, 2, DW_OP_breg7, 4, DW_CFA_advance_loc | 1,
	       DW_CFA_restore | RBP, DW_CFA_def_cfa_register, RSP),
	  { { 0, SP(16) }, { 1, SP_SAVED(28, -24) }, { 2, SP(8) } } },
	/* A linkage stub. */
	{ CODE(DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, 0x80, 0, DW_OP_lit15, DW_OP_and,
	       DW_OP_lit0 + 11, DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus),
	  { { 0, RULE(UNWIND_PLT, 11, 0, 0) } } },
	/* Expressions of other forms, registers and offsets that are too large. */
	{ CODE(DW_CFA_def_cfa_expression, 2, DW_OP_lit3, DW_OP_deref, DW_CFA_advance_loc | 1,
	       DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0, DW_OP_deref, DW_OP_deref,
	       DW_CFA_advance_loc | 1, DW_CFA_def_cfa, 17, 8, DW_CFA_advance_loc | 1,
	       DW_CFA_def_cfa, RSP, 0xff, 0xff, 0xff, 0xff, 0x0f, DW_CFA_advance_loc | 1,
	       DW_CFA_def_cfa_expression, 0, DW_CFA_advance_loc | 1, DW_CFA_def_cfa, RSP, 8),
	  { { 0, ONLY(UNWIND_UNSUPPORTED) }, { 1, ONLY(UNWIND_UNSUPPORTED) },
	    { 2, ONLY(UNWIND_UNSUPPORTED) }, { 3, ONLY(UNWIND_UNSUPPORTED) },
	    { 4, ONLY(UNWIND_UNSUPPORTED) }, { 5, SP(8) } } },
	/* Instructions that nobody knows, or that are cut off: what came before holds. */
	{ CODE(DW_CFA_advance_loc | 4, 0x3f, DW_CFA_advance_loc | 4, DW_CFA_def_cfa_offset, 99),
	  { { 0, SP(8) }, { 3, SP(8) }, { 4, ONLY(UNWIND_UNSUPPORTED) },
	    { 0x3ff, ONLY(UNWIND_UNSUPPORTED) } } },
	{ CODE(DW_CFA_advance_loc | 4, DW_CFA_def_cfa_expression, 50, DW_OP_breg7),
	  { { 0, SP(8) }, { 4, ONLY(UNWIND_UNSUPPORTED) } } },
	{ CODE(DW_CFA_def_cfa, RSP, 0x80), { { 0, ONLY(UNWIND_UNSUPPORTED) } } },
};

static struct unwind_table *compile_function(const char *letters, const void *cie_code,
					     size_t cie_len, const void *code, size_t len)
{
	struct strbuf frames = STRBUF_INIT;
	struct file file = { .bytes = STRBUF_INIT };
	size_t cie = put_cie(&frames, letters, cie_code, cie_len);

	put_fde(&frames, cie, TEXT_ADDRESS + START, 0x400, code, len);
	add_eh_frame(&file, &frames);
	strbuf_release(&frames);
	return compile(&file);
}

static void test_instructions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const struct sample *s = &samples[i];
		struct unwind_table *table =
			compile_function("zR", usual, sizeof usual, s->code, s->len);

		for (size_t e = 0; e < 6 && (!e || s->expected[e].at); e++) {
			struct unwind_rule rule = s->expected[e].rule;

			/* The only one of its kind: the return address is in rdi. */
			if (rule.cfa == UNWIND_CFA_RSP && !rule.offset) {
				rule.fp = 5 << UNWIND_RA_SHIFT;
				rule.fp_offset = 0;
			}
			check_rule(table, TEXT_OFFSET + START + s->expected[e].at, rule);
		}
		check_rule(table, TEXT_OFFSET + START - 1, (struct unwind_rule)ONLY(UNWIND_NONE));
		check_rule(table, TEXT_OFFSET + START + 0x400,
			   (struct unwind_rule)ONLY(UNWIND_NONE));
		unwind_table_unref(table);
	}
}

static void test_too_much_remembered(void **state)
{
	unsigned char code[1000];
	struct unwind_table *table;

	(void)state;
	memset(code, DW_CFA_remember_state, sizeof code);
	code[0] = DW_CFA_advance_loc | 1;
	table = compile_function("zR", usual, sizeof usual, code, sizeof code);
	check_rule(table, TEXT_OFFSET + START, (struct unwind_rule)SP(8));
	check_rule(table, TEXT_OFFSET + START + 1, (struct unwind_rule)ONLY(UNWIND_UNSUPPORTED));
	assert_int_equal(table->unsupported, 1);
	unwind_table_unref(table);
}

/* What the entry that functions share says, and what it is followed by. */
static void test_shared_part(void **state)
{
	static const unsigned char none[] = { DW_CFA_nop };
	static const unsigned char broken[] = { DW_CFA_def_cfa, RSP, 8, 0x3f };
	static const unsigned char restored[] = { DW_CFA_def_cfa, RSP, 8, DW_CFA_offset | RIP, 1,
		DW_CFA_expression, RBP, 2, DW_OP_breg0 + RBP, 4 };
	static const unsigned char change[] = { DW_CFA_advance_loc | 1, DW_CFA_offset | RBP, 2,
		DW_CFA_advance_loc | 1, DW_CFA_restore | RBP };
	static const struct unwind_rule unsupported = ONLY(UNWIND_UNSUPPORTED);
	struct unwind_table *table;

	(void)state;
	table = compile_function("zRS", usual, sizeof usual, change, sizeof change);
	check_rule(table, TEXT_OFFSET + START + 1, (struct unwind_rule)ONLY(UNWIND_SIGNAL));
	unwind_table_unref(table);
	table = compile_function("zRX", usual, sizeof usual, none, 1);
	check_rule(table, TEXT_OFFSET + START, (struct unwind_rule)SP(8));
	unwind_table_unref(table);
	table = compile_function("zR", none, 1, none, 1);
	check_rule(table, TEXT_OFFSET + START, unsupported);
	unwind_table_unref(table);
	table = compile_function("zR", broken, sizeof broken, none, 1);
	check_rule(table, TEXT_OFFSET + START, unsupported);
	unwind_table_unref(table);
	table = compile_function("zR", restored, sizeof restored, change, sizeof change);
	check_rule(table, TEXT_OFFSET + START,
		   (struct unwind_rule)RULE(UNWIND_CFA_RSP, 8, UNWIND_FP_AT_RBP, 4));
	check_rule(table, TEXT_OFFSET + START + 1, (struct unwind_rule)SP_SAVED(8, -16));
	check_rule(table, TEXT_OFFSET + START + 2,
		   (struct unwind_rule)RULE(UNWIND_CFA_RSP, 8, UNWIND_FP_AT_RBP, 4));
	unwind_table_unref(table);
}

/* Functions in any order, over several pages, the later one where they overlap. */
static void test_order(void **state)
{
	static const unsigned char wide[] = { DW_CFA_def_cfa_offset, 16 };
	static const unsigned char wider[] = { DW_CFA_def_cfa_offset, 24 };
	static const unsigned char late[] = { DW_CFA_advance_loc2, 0x00, 0x19,
					      DW_CFA_def_cfa_offset, 48 };
	struct strbuf frames = STRBUF_INIT;
	struct file file = { .bytes = STRBUF_INIT };
	size_t cie = put_cie(&frames, "zR", usual, sizeof usual);
	struct unwind_table *table;

	(void)state;
	put_fde(&frames, cie, TEXT_ADDRESS + 0x2ff0, 0x10000, wide, sizeof wide);
	put_u32(&frames, 0);
	put_fde(&frames, cie, TEXT_ADDRESS + 0x100, 0x2000, late, sizeof late);
	put_fde(&frames, cie, TEXT_ADDRESS + 0x1800, 0x20, wider, sizeof wider);
	/* Not in code. */
	put_fde(&frames, cie, TEXT_ADDRESS - 0x10, 0x20, wider, sizeof wider);
	put_fde(&frames, cie, TABLE_ADDRESS, 0x20, wider, sizeof wider);
	put_fde(&frames, cie, TEXT_ADDRESS + 0x10, 0, wider, sizeof wider);
	add_eh_frame(&file, &frames);
	strbuf_release(&frames);
	table = compile(&file);
	assert_int_equal(table->first_page, 1);
	assert_int_equal(table->page_count, 3);
	check_rule(table, TEXT_OFFSET, (struct unwind_rule)ONLY(UNWIND_NONE));
	check_rule(table, TEXT_OFFSET + 0x10, (struct unwind_rule)ONLY(UNWIND_NONE));
	check_rule(table, TEXT_OFFSET + 0x100, (struct unwind_rule)SP(8));
	check_rule(table, TEXT_OFFSET + 0x1000, (struct unwind_rule)SP(8));
	check_rule(table, TEXT_OFFSET + 0x1800, (struct unwind_rule)SP(24));
	check_rule(table, TEXT_OFFSET + 0x1820, (struct unwind_rule)ONLY(UNWIND_NONE));
	check_rule(table, TEXT_OFFSET + 0x1a00, (struct unwind_rule)ONLY(UNWIND_NONE));
	check_rule(table, TEXT_OFFSET + 0x2fef, (struct unwind_rule)ONLY(UNWIND_NONE));
	check_rule(table, TEXT_OFFSET + 0x2fff, (struct unwind_rule)SP(16));
	/* Cut where the code ends. */
	check_rule(table, TEXT_OFFSET + 0x3000, (struct unwind_rule)ONLY(UNWIND_NONE));
	unwind_table_unref(table);
}

/* .debug_frame: absolute addresses, in the two sizes and three versions. */
static void put_debug_entry(struct strbuf *out, bool wide, uint64_t id, const struct strbuf *rest)
{
	if (wide)
		put_u32(out, UINT32_MAX);
	if (wide)
		put_u64(out, sizeof id + rest->len);
	else
		put_u32(out, (uint32_t)(sizeof(uint32_t) + rest->len));
	if (wide)
		put_u64(out, id);
	else
		put_u32(out, (uint32_t)id);
	put(out, rest->text, rest->len);
}

static void put_debug_frame(struct strbuf *out, unsigned version, bool wide, uint64_t address)
{
	struct strbuf rest = STRBUF_INIT;
	size_t begin = out->len;

	put_u8(&rest, version);
	put_u8(&rest, 0);
	if (version == 4) {
		put_u8(&rest, 8);
		put_u8(&rest, 0);
	}
	put_u8(&rest, 1);
	put_u8(&rest, 0x78);
	put_u8(&rest, RIP);
	put(&rest, usual, sizeof usual);
	put_debug_entry(out, wide, UINT64_MAX, &rest);
	strbuf_clear(&rest);
	put_u64(&rest, address);
	put_u64(&rest, 0x40);
	put_u8(&rest, DW_CFA_def_cfa_offset);
	put_u8(&rest, version * 8);
	put_debug_entry(out, wide, begin, &rest);
	strbuf_release(&rest);
}

static void test_debug_frame(void **state)
{
	static const unsigned char versions[] = { 1, 3, 4 };

	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		struct strbuf frames = STRBUF_INIT;
		struct file file = { .bytes = STRBUF_INIT };
		struct unwind_table *table;
		uint64_t offset;

		for (size_t i = 0; i < sizeof versions; i++)
			put_debug_frame(&frames, versions[i], wide,
					TEXT_ADDRESS + 0x100 * (i + 1));
		/* Of code that the linker threw away, and of a version nobody knows. */
		put_debug_frame(&frames, 3, wide, 0);
		put_debug_frame(&frames, 9, wide, TEXT_ADDRESS + 0x800);
		offset = TABLE_OFFSET;
		put_at(&file.bytes, offset, frames.text, frames.len);
		add_section(&file, (struct section){ ".debug_frame", offset, 0, frames.len, 0,
						     SHT_PROGBITS, 0 });
		strbuf_release(&frames);
		table = compile(&file);
		for (size_t i = 0; i < sizeof versions; i++)
			check_rule(table, TEXT_OFFSET + 0x100 * (i + 1),
				   (struct unwind_rule)SP(versions[i] * 8));
		check_rule(table, TEXT_OFFSET + 0x800, (struct unwind_rule)ONLY(UNWIND_NONE));
		unwind_table_unref(table);
	}
}

/* .eh_frame knows better; what it does not know .debug_frame may. */
static void test_both_tables(void **state)
{
	static const unsigned char wide[] = { DW_CFA_def_cfa_offset, 16 };
	struct strbuf frames = STRBUF_INIT, debug = STRBUF_INIT;
	struct file file = { .bytes = STRBUF_INIT };
	size_t cie = put_cie(&frames, "zR", usual, sizeof usual);
	struct unwind_table *table;

	(void)state;
	put_fde(&frames, cie, TEXT_ADDRESS + 0x110, 0x10, wide, sizeof wide);
	put_fde(&frames, cie, TEXT_ADDRESS + 0x130, 0x30, wide, sizeof wide);
	add_eh_frame(&file, &frames);
	put_debug_frame(&debug, 3, false, TEXT_ADDRESS + 0x100);
	put_at(&file.bytes, 0x5800, debug.text, debug.len);
	add_section(&file, (struct section){ ".debug_frame", 0x5800, 0, debug.len, 0,
					     SHT_PROGBITS, 0 });
	strbuf_release(&frames);
	strbuf_release(&debug);
	table = compile(&file);
	check_rule(table, TEXT_OFFSET + 0x10f, (struct unwind_rule)SP(24));
	check_rule(table, TEXT_OFFSET + 0x110, (struct unwind_rule)SP(16));
	check_rule(table, TEXT_OFFSET + 0x120, (struct unwind_rule)SP(24));
	check_rule(table, TEXT_OFFSET + 0x12f, (struct unwind_rule)SP(24));
	check_rule(table, TEXT_OFFSET + 0x130, (struct unwind_rule)SP(16));
	check_rule(table, TEXT_OFFSET + 0x15f, (struct unwind_rule)SP(16));
	check_rule(table, TEXT_OFFSET + 0x160, (struct unwind_rule)ONLY(UNWIND_NONE));
	unwind_table_unref(table);
}

/* zlib's format, with the bytes as they are. */
static void put_stored(struct strbuf *out, const struct strbuf *in)
{
	uint32_t a = 1, b = 0, sum;
	uint16_t len = (uint16_t)in->len, complement = (uint16_t)~len;

	for (size_t i = 0; i < in->len; i++) {
		a = (a + (unsigned char)in->text[i]) % 65521;
		b = (b + a) % 65521;
	}
	sum = __builtin_bswap32(b << 16 | a);
	put_u8(out, 0x78);
	put_u8(out, 0x01);
	put_u8(out, 1);
	put(out, &len, sizeof len);
	put(out, &complement, sizeof complement);
	put(out, in->text, in->len);
	put_u32(out, sum);
}

static void test_compressed(void **state)
{
	struct strbuf frames = STRBUF_INIT;

	(void)state;
#ifndef HAVE_ZLIB
	skip();
#endif
	put_debug_frame(&frames, 3, false, TEXT_ADDRESS + START);
	for (int old = 0; old < 2; old++) {
		Elf64_Chdr header = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = frames.len };
		uint64_t size = __builtin_bswap64(frames.len);
		struct strbuf packed = STRBUF_INIT;
		struct file file = { .bytes = STRBUF_INIT };
		struct unwind_table *table;

		if (old) {
			put(&packed, "ZLIB", 4);
			put(&packed, &size, sizeof size);
		} else {
			put(&packed, &header, sizeof header);
		}
		put_stored(&packed, &frames);
		put_at(&file.bytes, TABLE_OFFSET, packed.text, packed.len);
		add_section(&file, (struct section){
			old ? ".zdebug_frame" : ".debug_frame", TABLE_OFFSET, 0, packed.len,
			old ? 0 : SHF_COMPRESSED, SHT_PROGBITS, 0 });
		strbuf_release(&packed);
		table = compile(&file);
		check_rule(table, TEXT_OFFSET + START, (struct unwind_rule)SP(24));
		unwind_table_unref(table);
	}
	strbuf_release(&frames);
}

/* As sstrip leaves a file: the index for exceptions is still loaded. */
static void test_without_sections(void **state)
{
	struct strbuf frames = STRBUF_INIT;
	struct file file = { .bytes = STRBUF_INIT, .no_sections = true,
			     .index = TABLE_ADDRESS + 0x800 };
	size_t cie = put_cie(&frames, "zR", usual, sizeof usual);
	unsigned char index[8] = { 1, DW_EH_PE_pcrel | DW_EH_PE_sdata4, 0xff, 0xff };
	int32_t back = -0x804;
	struct unwind_table *table;

	(void)state;
	put_fde(&frames, cie, TEXT_ADDRESS + START, 0x10, NULL, 0);
	put_u32(&frames, 0);
	/* After the end. */
	put_fde(&frames, cie, TEXT_ADDRESS + START + 0x10, 0x10, NULL, 0);
	memcpy(index + 4, &back, sizeof back);
	put_at(&file.bytes, TABLE_OFFSET, frames.text, frames.len);
	put_at(&file.bytes, TABLE_OFFSET + 0x800, index, sizeof index);
	put_at(&file.bytes, TABLE_OFFSET + 0xfff, "", 1);
	strbuf_release(&frames);
	table = compile(&file);
	check_rule(table, TEXT_OFFSET + START, (struct unwind_rule)SP(8));
	check_rule(table, TEXT_OFFSET + START + 0x10, (struct unwind_rule)ONLY(UNWIND_NONE));
	unwind_table_unref(table);
}

/* Code that no table has. */
static void test_known_code(void **state)
{
	static const unsigned char head[] = { 0xff, 0x35, 0, 0, 0, 0, 0xff, 0x25 };
	static const unsigned char stub[] = { 0xff, 0x25, 0, 0, 0, 0, 0x68, 1, 0, 0, 0, 0xe9 };
	static const unsigned char jump[] = { 0xff, 0x25, 0, 0, 0, 0, 0x66, 0x90 };
	/* xor %rbp, %rbp; mov %rsp, %rdi; and $-16, %rsp; call */
	static const unsigned char start[] = { 0x48, 0x31, 0xed, 0x48, 0x89, 0xe7, 0x48, 0x83,
		0xe4, 0xf0, 0xe8, 0x10, 0, 0, 0, 0xf4 };
	static const unsigned char trampoline[] = { 0x90, 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f,
		0x05 };
	struct file file = { .bytes = STRBUF_INIT, .type = ET_EXEC,
			     .entry = TEXT_ADDRESS + 0x200 };
	struct unwind_table *table;

	(void)state;
	put_at(&file.bytes, TEXT_OFFSET + 0x1000, head, sizeof head);
	put_at(&file.bytes, TEXT_OFFSET + 0x1010, stub, sizeof stub);
	put_at(&file.bytes, TEXT_OFFSET + 0x1100, jump, sizeof jump);
	put_at(&file.bytes, TEXT_OFFSET + 0x200, start, sizeof start);
	put_at(&file.bytes, TEXT_OFFSET + 0x300, trampoline, sizeof trampoline);
	add_section(&file, (struct section){ ".plt", TEXT_OFFSET + 0x1000, TEXT_ADDRESS + 0x1000,
		0x40, SHF_ALLOC | SHF_EXECINSTR, SHT_PROGBITS, 0 });
	add_section(&file, (struct section){ ".plt.got", TEXT_OFFSET + 0x1100,
		TEXT_ADDRESS + 0x1100, 0x40, SHF_ALLOC | SHF_EXECINSTR, SHT_PROGBITS, 0 });
	table = compile(&file);
	check_rule(table, TEXT_OFFSET + 0x1000, (struct unwind_rule)SP(16));
	check_rule(table, TEXT_OFFSET + 0x1006, (struct unwind_rule)SP(24));
	check_rule(table, TEXT_OFFSET + 0x1010, (struct unwind_rule)RULE(UNWIND_PLT, 11, 0, 0));
	check_rule(table, TEXT_OFFSET + 0x103f, (struct unwind_rule)RULE(UNWIND_PLT, 11, 0, 0));
	check_rule(table, TEXT_OFFSET + 0x1040, (struct unwind_rule)ONLY(UNWIND_NONE));
	check_rule(table, TEXT_OFFSET + 0x1108, (struct unwind_rule)SP(8));
	check_rule(table, TEXT_OFFSET + 0x200, (struct unwind_rule)ONLY(UNWIND_END));
	check_rule(table, TEXT_OFFSET + 0x20e, (struct unwind_rule)ONLY(UNWIND_END));
	check_rule(table, TEXT_OFFSET + 0x20f, (struct unwind_rule)ONLY(UNWIND_NONE));
	/* The byte before as well. */
	check_rule(table, TEXT_OFFSET + 0x300, (struct unwind_rule)ONLY(UNWIND_SIGNAL));
	check_rule(table, TEXT_OFFSET + 0x301, (struct unwind_rule)ONLY(UNWIND_SIGNAL));
	unwind_table_unref(table);
}

/*
 * Go's functions save rbp and don't say so; its symbols tell which ones are
 * at the bottom of a stack or change it.
 */
static void test_go(void **state)
{
	static const unsigned char body[] = { 0x55, 0x48, 0x89, 0xe5 };
	static const unsigned char change[] = { 0x90, 0x49, 0x8b, 0x66, 0x38, 0x41, 0xff, 0xd4 };
	static const struct { const char *name; unsigned at; } functions[] = {
		{ "main.main", 0x100 }, { "runtime.goexit.abi0", 0x200 },
		{ "runtime.systemstack.abi0", 0x300 }, { "runtime.mcall", 0x400 },
		{ "runtime.morestack.abi0", 0x500 }, { "runtime.sigreturn", 0x600 },
		{ "runtime.goexit.func1", 0x700 },
	};
	struct strbuf frames = STRBUF_INIT, symbols = STRBUF_INIT, names = STRBUF_INIT;
	struct file file = { .bytes = STRBUF_INIT };
	struct unwind_table *table;

	(void)state;
	put_u8(&names, 0);
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		Elf64_Sym symbol = { .st_name = (uint32_t)names.len, .st_size = 0x40,
				     .st_info = STT_FUNC,
				     .st_value = TEXT_ADDRESS + functions[i].at };

		put_debug_frame(&frames, 3, false, symbol.st_value);
		put(&symbols, &symbol, sizeof symbol);
		put(&names, functions[i].name, strlen(functions[i].name) + 1);
	}
	put_at(&file.bytes, TEXT_OFFSET + 0x300, body, sizeof body);
	put_at(&file.bytes, TEXT_OFFSET + 0x400, change, sizeof change);
	put_at(&file.bytes, TEXT_OFFSET + 0x500, change, sizeof change);
	put_at(&file.bytes, TABLE_OFFSET, frames.text, frames.len);
	put_at(&file.bytes, 0x5800, symbols.text, symbols.len);
	put_at(&file.bytes, 0x5c00, names.text, names.len);
	add_section(&file, (struct section){ .name = ".debug_frame", .offset = TABLE_OFFSET,
					     .size = frames.len, .type = SHT_PROGBITS });
	add_section(&file, (struct section){ .name = ".go.buildinfo", .type = SHT_PROGBITS });
	add_section(&file, (struct section){ .name = ".symtab", .offset = 0x5800, .link = 4,
					     .size = symbols.len, .type = SHT_SYMTAB });
	add_section(&file, (struct section){ .name = ".strtab", .offset = 0x5c00,
					     .size = names.len, .type = SHT_STRTAB });
	strbuf_release(&frames);
	strbuf_release(&symbols);
	strbuf_release(&names);
	table = compile(&file);
	check_rule(table, TEXT_OFFSET + 0x100, (struct unwind_rule)SP_SAVED(24, -16));
	check_rule(table, TEXT_OFFSET + 0x200, (struct unwind_rule)ONLY(UNWIND_END));
	check_rule(table, TEXT_OFFSET + 0x300, (struct unwind_rule)SP_SAVED(24, -16));
	check_rule(table, TEXT_OFFSET + 0x304,
		   (struct unwind_rule)RULE(UNWIND_CFA_RBP, 16, UNWIND_FP_AT_CFA, -16));
	check_rule(table, TEXT_OFFSET + 0x404, (struct unwind_rule)SP_SAVED(24, -16));
	check_rule(table, TEXT_OFFSET + 0x405, (struct unwind_rule)ONLY(UNWIND_END));
	check_rule(table, TEXT_OFFSET + 0x505, (struct unwind_rule)ONLY(UNWIND_UNSUPPORTED));
	check_rule(table, TEXT_OFFSET + 0x5ff, (struct unwind_rule)ONLY(UNWIND_SIGNAL));
	check_rule(table, TEXT_OFFSET + 0x63f, (struct unwind_rule)ONLY(UNWIND_SIGNAL));
	check_rule(table, TEXT_OFFSET + 0x700, (struct unwind_rule)SP_SAVED(24, -16));
	unwind_table_unref(table);
}

static void check_result(const void *bytes, size_t len, enum rows_result expected)
{
	int fd = memfd_create("test", MFD_CLOEXEC), rows;

	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(cfi_compile(fd, &rows), expected);
	assert_int_equal(rows, -1);
	close(fd);
}

static void test_nothing(void **state)
{
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
			      .e_type = ET_DYN, .e_machine = EM_X86_64 };

	(void)state;
	check_result(&header, sizeof header, ROWS_ABSENT);
	check_result(&header, sizeof header - 1, ROWS_NOT_ELF);
	check_result("", 0, ROWS_NOT_ELF);
	header.e_machine = EM_AARCH64;
	check_result(&header, sizeof header, ROWS_NOT_ELF);
	header.e_machine = EM_X86_64;
	header.e_ident[EI_CLASS] = ELFCLASS32;
	check_result(&header, sizeof header, ROWS_NOT_ELF);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_phoff = header.e_shoff = UINT64_MAX - 1;
	header.e_phnum = header.e_shnum = 10;
	header.e_phentsize = header.e_shentsize = 64;
	check_result(&header, sizeof header, ROWS_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_too_much_remembered),
		cmocka_unit_test(test_shared_part),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_both_tables),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_without_sections),
		cmocka_unit_test(test_known_code),
		cmocka_unit_test(test_go),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
