#include "symbols/elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PARTS_MAX = 1 << 16,		/* segments, sections */
	SYMBOLS_MAX = 4 << 20,		/* 64 MiB of them */
	ENTRIES_MAX = 8 << 20,		/* of a symbol table, functions or not */
	NEAR_MAX = 64,			/* symbols looked at for one address */
	SAME_MAX = 8,			/* names compared for one address */
};

#define NAME_IS_DYNAMIC 0x80000000u
#define ADDRESS_MAX (UINT64_C(1) << 56)

/* What makes one symbol of an address better than another, best first. */
enum rank {
	RANK_WEAK	= 1 << 0,
	RANK_LOCAL	= 1 << 1,
	RANK_UNTYPED	= 1 << 2,
	RANK_NO_SIZE	= 1 << 3,
};

/* Headers of both classes are read into those of 64 bits. */
struct headers {
	int fd;
	bool is_64;
	uint16_t machine;
	Elf64_Ehdr file;
	array(Elf64_Shdr) section;
};

static bool read_at(int fd, void *to, size_t len, uint64_t offset)
{
	char *at = to;

	while (len) {
		ssize_t got = offset > INT64_MAX ? -1 : pread(fd, at, len, (off_t)offset);

		if (got <= 0)
			return false;
		at += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return true;
}

#define COPY(to, from, member) ((to)->member = (from)->member)

static bool read_file_header(struct headers *h)
{
	static const unsigned char order =
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	union { unsigned char ident[EI_NIDENT]; Elf64_Ehdr e64; Elf32_Ehdr e32; } u = { { 0 } };

	if (!read_at(h->fd, &u, sizeof u.e32, 0) || memcmp(u.ident, ELFMAG, SELFMAG) ||
	    u.ident[EI_DATA] != order)
		return false;
	h->is_64 = u.ident[EI_CLASS] == ELFCLASS64;
	if (h->is_64) {
		if (!read_at(h->fd, &u, sizeof u.e64, 0))
			return false;
		h->file = u.e64;
		return true;
	}
	COPY(&h->file, &u.e32, e_machine);
	COPY(&h->file, &u.e32, e_phoff);
	COPY(&h->file, &u.e32, e_shoff);
	COPY(&h->file, &u.e32, e_phentsize);
	COPY(&h->file, &u.e32, e_phnum);
	COPY(&h->file, &u.e32, e_shentsize);
	COPY(&h->file, &u.e32, e_shnum);
	return u.ident[EI_CLASS] == ELFCLASS32;
}

static bool read_segment(const struct headers *h, size_t i, Elf64_Phdr *segment)
{
	uint64_t at = h->file.e_phoff + i * h->file.e_phentsize;
	Elf32_Phdr s32;

	if (h->is_64)
		return h->file.e_phentsize >= sizeof *segment &&
		       read_at(h->fd, segment, sizeof *segment, at);
	if (h->file.e_phentsize < sizeof s32 || !read_at(h->fd, &s32, sizeof s32, at))
		return false;
	COPY(segment, &s32, p_type);
	COPY(segment, &s32, p_flags);
	COPY(segment, &s32, p_offset);
	COPY(segment, &s32, p_vaddr);
	COPY(segment, &s32, p_filesz);
	return true;
}

static bool read_section(const struct headers *h, size_t i, Elf64_Shdr *section)
{
	uint64_t at = h->file.e_shoff + i * h->file.e_shentsize;
	Elf32_Shdr s32;

	if (h->is_64)
		return h->file.e_shentsize >= sizeof *section &&
		       read_at(h->fd, section, sizeof *section, at);
	if (h->file.e_shentsize < sizeof s32 || !read_at(h->fd, &s32, sizeof s32, at))
		return false;
	COPY(section, &s32, sh_type);
	COPY(section, &s32, sh_flags);
	COPY(section, &s32, sh_addr);
	COPY(section, &s32, sh_offset);
	COPY(section, &s32, sh_size);
	COPY(section, &s32, sh_link);
	COPY(section, &s32, sh_entsize);
	return true;
}

/* Executable ones in front: they are meant when segments overlap. */
static void load_segments(struct elf *elf, const struct headers *h)
{
	for (int executable = 1; executable >= 0; executable--) {
		for (size_t i = 0; i < h->file.e_phnum; i++) {
			Elf64_Phdr s;

			if (!read_segment(h, i, &s))
				return;
			if (s.p_type != PT_LOAD || !!(s.p_flags & PF_X) != executable)
				continue;
			array_push(&elf->segment, ((struct elf_part){
				.offset = s.p_offset, .address = s.p_vaddr,
				.size = s.p_filesz }));
		}
	}
}

/* A file with too many sections for its header keeps their number in the first. */
static size_t section_count(const struct headers *h)
{
	Elf64_Shdr first;
	size_t count = h->file.e_shnum;

	if (!count && h->file.e_shoff && read_section(h, 0, &first))
		count = first.sh_size;
	return count < PARTS_MAX ? count : PARTS_MAX;
}

static void load_sections(struct elf *elf, struct headers *h)
{
	size_t count = section_count(h);

	for (size_t i = 0; i < count; i++) {
		Elf64_Shdr s;

		if (!read_section(h, i, &s))
			return;
		array_push(&h->section, s);
		if (s.sh_type == SHT_PROGBITS && s.sh_flags & SHF_EXECINSTR)
			array_push(&elf->section, ((struct elf_part){
				.offset = s.sh_offset, .address = s.sh_addr, .size = s.sh_size }));
	}
}

static bool is_in(const struct elf_part *part, uint64_t address)
{
	return address >= part->address && address - part->address < part->size;
}

static bool is_code(const struct headers *h, const Elf64_Sym *symbol)
{
	return symbol->st_shndx < h->section.len &&
	       h->section.at[symbol->st_shndx].sh_flags & SHF_EXECINSTR;
}

/*
 * Functions, and what assembly left without a type in code.  A local
 * label without type and size is a jump target, or marks instruction sets
 * (ARM's "$x").
 */
static bool is_function(const struct headers *h, const Elf64_Sym *symbol)
{
	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ||
	    symbol->st_value >= ADDRESS_MAX)
		return false;
	switch (ELF64_ST_TYPE(symbol->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_NOTYPE:
		return is_code(h, symbol) &&
		       (symbol->st_size || ELF64_ST_BIND(symbol->st_info) != STB_LOCAL);
	default:
		return false;
	}
}

static unsigned rank(const Elf64_Sym *symbol)
{
	unsigned bind = ELF64_ST_BIND(symbol->st_info);

	return (bind == STB_LOCAL ? RANK_LOCAL : bind == STB_WEAK ? RANK_WEAK : 0) |
	       (ELF64_ST_TYPE(symbol->st_info) == STT_NOTYPE ? RANK_UNTYPED : 0) |
	       (symbol->st_size ? 0 : RANK_NO_SIZE);
}

static void add_symbol(struct elf *elf, const struct headers *h, Elf64_Sym symbol, bool dynamic)
{
	uint32_t size = symbol.st_size < UINT32_MAX ? (uint32_t)symbol.st_size : UINT32_MAX;

	if (!is_function(h, &symbol) || symbol.st_name >= NAME_IS_DYNAMIC)
		return;
	/* The lowest bit of an ARM function tells its instruction set. */
	if (h->file.e_machine == EM_ARM)
		symbol.st_value &= ~UINT64_C(1);
	if (size > elf->max_size)
		elf->max_size = size;
	array_push(&elf->symbol, ((struct elf_symbol){
		.place = symbol.st_value << 8 | rank(&symbol), .size = size,
		.name = symbol.st_name | (dynamic ? NAME_IS_DYNAMIC : 0) }));
}

static Elf64_Sym widen(const Elf32_Sym *s)
{
	return (Elf64_Sym){ .st_name = s->st_name, .st_info = s->st_info, .st_other = s->st_other,
			    .st_shndx = s->st_shndx, .st_value = s->st_value,
			    .st_size = s->st_size };
}

static void load_table(struct elf *elf, const struct headers *h, const Elf64_Shdr *table,
		       bool dynamic)
{
	union { Elf64_Sym e64[2048]; Elf32_Sym e32[2048]; } chunk;
	size_t each = h->is_64 ? sizeof *chunk.e64 : sizeof *chunk.e32;
	uint64_t count = table->sh_size / each, done = 0;

	if (count > ENTRIES_MAX)
		count = ENTRIES_MAX;
	while (done < count && elf->symbol.len < SYMBOLS_MAX) {
		size_t n = count - done < 2048 ? (size_t)(count - done) : 2048;

		if (!read_at(h->fd, &chunk, n * each, table->sh_offset + done * each))
			return;
		for (size_t i = 0; i < n; i++)
			add_symbol(elf, h, h->is_64 ? chunk.e64[i] : widen(&chunk.e32[i]), dynamic);
		done += n;
	}
}

static void load_symbols(struct elf *elf, const struct headers *h)
{
	bool done[2] = { false, false };

	for (size_t i = 0; i < h->section.len; i++) {
		const Elf64_Shdr *s = &h->section.at[i], *names;
		bool dynamic = s->sh_type == SHT_DYNSYM;

		if ((s->sh_type != SHT_SYMTAB && !dynamic) || done[dynamic] ||
		    s->sh_link >= h->section.len)
			continue;
		names = &h->section.at[s->sh_link];
		if (names->sh_type != SHT_STRTAB)
			continue;
		done[dynamic] = true;
		elf->names[dynamic] = (struct elf_part){ .offset = names->sh_offset,
							 .size = names->sh_size };
		load_table(elf, h, s, dynamic);
	}
}

/* By place, one byte after the other; bytes that are alike everywhere cost nothing. */
static void sort_symbols(struct elf *elf)
{
	size_t len = elf->symbol.len;
	struct elf_symbol *from = elf->symbol.at, *to = xcalloc(len, sizeof *to);

	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t first[257] = { 0 };
		struct elf_symbol *other = from;

		for (size_t i = 0; i < len; i++)
			first[(from[i].place >> shift & 0xff) + 1]++;
		if (!len || first[(from[0].place >> shift & 0xff) + 1] == len)
			continue;
		for (size_t i = 1; i < 256; i++)
			first[i] += first[i - 1];
		for (size_t i = 0; i < len; i++)
			to[first[from[i].place >> shift & 0xff]++] = from[i];
		from = to;
		to = other;
	}
	elf->symbol.at = from;
	elf->symbol.cap = len;
	xfree(to);
}

bool elf_load(struct elf *elf, int fd)
{
	struct headers h = { .fd = fd };

	*elf = (struct elf){ 0 };
	if (!read_file_header(&h))
		return false;
	load_segments(elf, &h);
	load_sections(elf, &h);
	load_symbols(elf, &h);
	sort_symbols(elf);
	array_release(&h.section);
	return true;
}

void elf_release(struct elf *elf)
{
	array_release(&elf->symbol);
	array_release(&elf->segment);
	array_release(&elf->section);
}

size_t elf_bytes(const struct elf *elf)
{
	return elf->symbol.cap * sizeof *elf->symbol.at +
	       elf->segment.cap * sizeof *elf->segment.at +
	       elf->section.cap * sizeof *elf->section.at;
}

static bool offset_to_address(const struct elf *elf, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < elf->segment.len; i++) {
		const struct elf_part *s = &elf->segment.at[i];

		if (offset >= s->offset && offset - s->offset < s->size) {
			*address = s->address + (offset - s->offset);
			return true;
		}
	}
	return false;
}

/* How many symbols start at the address or before. */
static size_t symbols_up_to(const struct elf *elf, uint64_t address)
{
	size_t low = 0, high = elf->symbol.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (elf->symbol.at[middle].place >> 8 <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A symbol without a size goes on to the next one, within its section. */
static bool reaches(const struct elf *elf, uint64_t start, uint64_t address)
{
	for (size_t i = 0; i < elf->section.len; i++)
		if (is_in(&elf->section.at[i], start))
			return is_in(&elf->section.at[i], address);
	return false;
}

/*
 * The nearest symbol below that knows its size and has the address; else
 * the nearest one if it knows no size and the section goes on that far.
 * Symbols of one address count as their first, which is the best.
 */
static bool find_symbol(const struct elf *elf, uint64_t address, size_t *found)
{
	size_t end = symbols_up_to(elf, address);
	bool any = false;

	for (int looked = 0; end && looked < NEAR_MAX; looked++) {
		uint64_t start = elf->symbol.at[end - 1].place >> 8;
		size_t first = start ? symbols_up_to(elf, start - 1) : 0;
		uint64_t size = elf->symbol.at[first].size;

		if (size && address - start < size) {
			*found = first;
			return true;
		}
		if (!looked && !size && reaches(elf, start, address)) {
			*found = first;
			any = true;
		}
		if (address - start >= elf->max_size)
			break;
		end = first;
	}
	return any;
}

/* Read a name in steps: most are short. */
static bool read_name(const struct elf *elf, int fd, uint32_t name, char out[ELF_NAME_MAX])
{
	const struct elf_part *names = &elf->names[!!(name & NAME_IS_DYNAMIC)];
	uint64_t at = name & ~NAME_IS_DYNAMIC;
	size_t len = 0, step = 256;
	char *version;

	while (len < ELF_NAME_MAX - 1 && at < names->size) {
		size_t room = ELF_NAME_MAX - 1 - len;
		uint64_t left = names->size - at;
		ssize_t got;

		step = step < room ? step : room;
		step = step < left ? step : (size_t)left;
		if (names->offset > INT64_MAX - at)
			break;
		got = pread(fd, out + len, step, (off_t)(names->offset + at));
		if (got <= 0)
			break;
		if (memchr(out + len, '\0', (size_t)got)) {
			len += strlen(out + len);
			break;
		}
		len += (size_t)got;
		at += (uint64_t)got;
		step *= 4;
	}
	out[len] = '\0';
	version = strchr(out, '@');
	if (version && version > out)
		*version = '\0';
	return *out;
}

static size_t leading_underscores(const char *name)
{
	return strspn(name, "_");
}

/* Of names for the same code, which one do people know it by? */
static bool is_plainer(const char *a, const char *b)
{
	size_t ua = leading_underscores(a), ub = leading_underscores(b);
	size_t la = strlen(a), lb = strlen(b);

	if (ua != ub)
		return ua < ub;
	if (la != lb)
		return la < lb;
	return strcmp(a, b) < 0;
}

bool elf_find(const struct elf *elf, int fd, uint64_t offset, char name[ELF_NAME_MAX])
{
	uint64_t address;
	size_t first, last;
	char other[ELF_NAME_MAX];

	if (!offset_to_address(elf, offset, &address) || !find_symbol(elf, address, &first))
		return false;
	last = first;
	while (last + 1 < elf->symbol.len && last + 1 - first < SAME_MAX &&
	       elf->symbol.at[last + 1].place == elf->symbol.at[first].place)
		last++;
	if (!read_name(elf, fd, elf->symbol.at[first].name, name))
		*name = '\0';
	for (size_t i = first + 1; i <= last; i++) {
		if (elf->symbol.at[i].name == elf->symbol.at[i - 1].name)
			continue;
		if (read_name(elf, fd, elf->symbol.at[i].name, other) &&
		    (!*name || is_plainer(other, name)))
			memcpy(name, other, strlen(other) + 1);
	}
	return *name;
}
