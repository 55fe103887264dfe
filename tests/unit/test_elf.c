#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "symbols/elf.h"

/*
 * A file with code at 0x1000, mapped to 0x401000, of two sections of 0x400
 * bytes each, and the symbols below.
 */
enum { TEXT_OFFSET = 0x1000, SECTION_BYTES = 0x400 };
#define TEXT_ADDRESS 0x401000u

struct symbol {
	const char *name;
	uint32_t at, size;		/* at: after the begin of the code */
	unsigned char bind, type;
	uint16_t section;		/* 1 or 2 */
};

enum { NULL_SECTION, TEXT_1, TEXT_2, SYMTAB, STRTAB, SECTIONS };

static const struct symbol symbols[] = {
	{ "first", 0x00, 0x20, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "local_alias", 0x20, 0x10, STB_LOCAL, STT_FUNC, TEXT_1 },
	{ "weak_alias", 0x20, 0x10, STB_WEAK, STT_FUNC, TEXT_1 },
	{ "__global_alias", 0x20, 0x10, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "global_alias_longer", 0x20, 0x10, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "global_alias", 0x20, 0x10, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "versioned@@V_1.2", 0x30, 0x10, STB_GLOBAL, STT_FUNC, TEXT_1 },
	/* a gap at 0x40, then code of assembly */
	{ "unsized", 0x50, 0, STB_GLOBAL, STT_NOTYPE, TEXT_1 },
	{ "$x", 0x58, 0, STB_LOCAL, STT_NOTYPE, TEXT_1 },
	{ "sized_asm", 0x60, 0x10, STB_LOCAL, STT_NOTYPE, TEXT_1 },
	/* code with an entry in its middle */
	{ "outer", 0x80, 0x40, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "inner", 0x90, 0x10, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "label_in_outer", 0xb0, 0, STB_GLOBAL, STT_NOTYPE, TEXT_1 },
	{ "chosen", 0xd0, 0x10, STB_GLOBAL, STT_GNU_IFUNC, TEXT_1 },
	{ "unsized_twin", 0x100, 0, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "__sized_twin", 0x100, 0x10, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "variable", 0xe0, 0x10, STB_GLOBAL, STT_OBJECT, TEXT_1 },
	{ "last_of_section", 0x3f0, 0, STB_GLOBAL, STT_FUNC, TEXT_1 },
	{ "last_of_all", 0x7f0, 0, STB_GLOBAL, STT_FUNC, TEXT_2 },
};

static const struct { uint32_t at; const char *name; } expected[] = {
	{ 0x00, "first" }, { 0x1f, "first" }, { 0x20, "global_alias" }, { 0x2f, "global_alias" },
	{ 0x30, "versioned" }, { 0x3f, "versioned" }, { 0x40, NULL }, { 0x4f, NULL },
	{ 0x50, "unsized" }, { 0x5f, "unsized" }, { 0x60, "sized_asm" }, { 0x70, NULL },
	{ 0x80, "outer" }, { 0x90, "inner" }, { 0xa0, "outer" }, { 0xb8, "outer" },
	{ 0xbf, "outer" }, { 0xc0, "label_in_outer" }, { 0xd0, "chosen" }, { 0xe0, NULL },
	{ 0x100, "__sized_twin" }, { 0x110, NULL },
	{ 0x3f0, "last_of_section" }, { 0x3ff, "last_of_section" }, { 0x400, NULL },
	{ 0x7ff, "last_of_all" }, { 0x800, NULL },
};

enum { SYMBOLS = sizeof symbols / sizeof *symbols };

static void put(struct strbuf *out, size_t at, const void *bytes, size_t len)
{
	if (out->len < at + len)
		strbuf_pad(out, '\0', at + len - out->len);
	memcpy(out->text + at, bytes, len);
}

/* The same layout in both classes: headers, symbols, names, code. */
#define DEFINE_BUILD(bits, class) \
static void build_##bits(struct strbuf *out) \
{ \
	Elf##bits##_Ehdr file = { .e_ident = { 0x7f, 'E', 'L', 'F', class, ELFDATA2LSB, 1 }, \
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_phoff = 0x40, .e_phnum = 2, \
		.e_phentsize = sizeof(Elf##bits##_Phdr), .e_shoff = 0x100, .e_shnum = SECTIONS, \
		.e_shentsize = sizeof(Elf##bits##_Shdr) }; \
	Elf##bits##_Phdr segment[2] = { \
		{ .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x700000, .p_filesz = 0x3000 }, \
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = TEXT_OFFSET, \
		  .p_vaddr = TEXT_ADDRESS, .p_filesz = 2 * SECTION_BYTES } }; \
	Elf##bits##_Shdr section[SECTIONS] = { \
		[TEXT_1] = { .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, \
			     .sh_addr = TEXT_ADDRESS, .sh_size = SECTION_BYTES }, \
		[TEXT_2] = { .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, \
			     .sh_addr = TEXT_ADDRESS + SECTION_BYTES, .sh_size = SECTION_BYTES }, \
		[SYMTAB] = { .sh_type = SHT_SYMTAB, .sh_offset = 0x400, .sh_link = STRTAB, \
			     .sh_size = SYMBOLS * sizeof(Elf##bits##_Sym) }, \
		[STRTAB] = { .sh_type = SHT_STRTAB, .sh_offset = 0x800 } }; \
	size_t name = 1; \
\
	for (size_t i = 0; i < SYMBOLS; i++) { \
		Elf##bits##_Sym symbol = { .st_name = (uint32_t)name, \
			.st_value = TEXT_ADDRESS + symbols[i].at, .st_size = symbols[i].size, \
			.st_info = (unsigned char)(symbols[i].bind << 4 | symbols[i].type), \
			.st_shndx = symbols[i].section }; \
\
		put(out, 0x400 + i * sizeof symbol, &symbol, sizeof symbol); \
		put(out, 0x800 + name, symbols[i].name, strlen(symbols[i].name) + 1); \
		name += strlen(symbols[i].name) + 1; \
	} \
	section[STRTAB].sh_size = (uint32_t)name; \
	put(out, 0, &file, sizeof file); \
	put(out, file.e_phoff, segment, sizeof segment); \
	put(out, file.e_shoff, section, sizeof section); \
	put(out, TEXT_OFFSET + 2 * SECTION_BYTES - 1, "", 1); \
}

DEFINE_BUILD(64, ELFCLASS64)
DEFINE_BUILD(32, ELFCLASS32)

static int file_of(const char *bytes, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

static void check_names(void (*build)(struct strbuf *))
{
	struct strbuf file = STRBUF_INIT;
	char name[ELF_NAME_MAX];
	struct elf elf;
	int fd;

	build(&file);
	fd = file_of(file.text, file.len);
	assert_true(elf_load(&elf, fd));
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		bool found = elf_find(&elf, fd, TEXT_OFFSET + expected[i].at, name);

		assert_int_equal(found, expected[i].name != NULL);
		if (found)
			assert_string_equal(name, expected[i].name);
	}
	assert_false(elf_find(&elf, fd, UINT64_MAX, name));
	elf_release(&elf);
	close(fd);
	strbuf_release(&file);
}

static void test_names_64(void **state)
{
	(void)state;
	check_names(build_64);
}

static void test_names_32(void **state)
{
	(void)state;
	check_names(build_32);
}

/* Whatever is missing of a file: no crash, and no name that is not in it. */
static void test_truncated(void **state)
{
	struct strbuf file = STRBUF_INIT;
	char name[ELF_NAME_MAX];

	(void)state;
	build_64(&file);
	for (size_t len = 0; len < file.len; len += 13) {
		int fd = file_of(file.text, len);
		struct elf elf;

		if (elf_load(&elf, fd)) {
			for (uint64_t at = 0; at < 2 * SECTION_BYTES; at += 8)
				if (elf_find(&elf, fd, TEXT_OFFSET + at, name))
					assert_non_null(memmem(file.text, file.len, name,
							       strlen(name)));
		}
		elf_release(&elf);
		close(fd);
	}
	strbuf_release(&file);
}

static void test_other_machines_order(void **state)
{
	struct strbuf file = STRBUF_INIT;
	struct elf elf;
	int fd;

	(void)state;
	build_64(&file);
	file.text[EI_DATA] = ELFDATA2MSB;
	fd = file_of(file.text, file.len);
	assert_false(elf_load(&elf, fd));
	close(fd);
	strbuf_release(&file);
}

/* A table said to be of 4 GB, in a file of a few KB. */
static void test_table_beyond_the_end(void **state)
{
	struct strbuf file = STRBUF_INIT;
	Elf64_Shdr section;
	size_t at = 0x100 + SYMTAB * sizeof section;
	char name[ELF_NAME_MAX];
	struct elf elf;
	int fd;

	(void)state;
	build_64(&file);
	memcpy(&section, file.text + at, sizeof section);
	section.sh_size = UINT64_C(4) << 30;
	memcpy(file.text + at, &section, sizeof section);
	fd = file_of(file.text, file.len);
	assert_true(elf_load(&elf, fd));
	assert_false(elf_find(&elf, fd, TEXT_OFFSET, name));
	assert_true(elf_bytes(&elf) < 1 << 20);
	elf_release(&elf);
	close(fd);
	strbuf_release(&file);
}

static void test_long_name_is_cut(void **state)
{
	struct strbuf file = STRBUF_INIT;
	Elf64_Shdr section;
	size_t at = 0x100 + STRTAB * sizeof section, end;
	char name[ELF_NAME_MAX];
	struct elf elf;
	int fd;

	(void)state;
	build_64(&file);
	memcpy(&section, file.text + at, sizeof section);
	end = file.len;
	strbuf_pad(&file, 'x', 100000);
	section.sh_offset = end;
	section.sh_size = 100000;
	memcpy(file.text + at, &section, sizeof section);
	fd = file_of(file.text, file.len);
	assert_true(elf_load(&elf, fd));
	assert_true(elf_find(&elf, fd, TEXT_OFFSET, name));
	assert_int_equal(strlen(name), ELF_NAME_MAX - 1);
	elf_release(&elf);
	close(fd);
	strbuf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_64),
		cmocka_unit_test(test_names_32),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_other_machines_order),
		cmocka_unit_test(test_table_beyond_the_end),
		cmocka_unit_test(test_long_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
