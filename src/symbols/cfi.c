#include "symbols/cfi.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/cfi_private.h"
#include "symbols/dwarf_names.h"
#include "symbols/inflate.h"

#ifndef PT_GNU_EH_FRAME
#define PT_GNU_EH_FRAME 0x6474e550
#endif

enum {
	PARTS_MAX = 1 << 16,		/* segments, sections */
	NAMES_MAX = 4 << 20,		/* bytes of the names of sections */
	PART_MAX = 128 << 20,		/* bytes read at once */
	DYNAMIC_MAX = 1 << 16,		/* bytes */
};

#define OFFSET_MAX (UINT64_C(1) << 43)	/* so that pages are counted by 32 bits */

static bool read_at(const struct cfi_file *file, void *to, uint64_t len, uint64_t offset)
{
	char *at = to;

	if (offset > file->size || len > file->size - offset)
		return false;
	while (len) {
		ssize_t got = pread(file->fd, at, len, (off_t)offset);

		if (got <= 0)
			return false;
		at += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return true;
}

unsigned char *cfi_read_part(const struct cfi_file *file, uint64_t offset, uint64_t size)
{
	unsigned char *part;

	if (!size || size > PART_MAX || offset > file->size || size > file->size - offset)
		return NULL;
	part = xresize(NULL, (size_t)size, 1);
	if (read_at(file, part, size, offset))
		return part;
	xfree(part);
	return NULL;
}

static bool read_file_header(struct cfi_file *file, Elf64_Ehdr *header)
{
	struct stat status;

	if (fstat(file->fd, &status) || status.st_size < 0)
		return false;
	file->size = (uint64_t)status.st_size;
	return read_at(file, header, sizeof *header, 0) &&
	       !memcmp(header->e_ident, ELFMAG, SELFMAG) &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_machine == EM_X86_64;
}

/* A program that is a shared object by type says that it is one nevertheless. */
static bool is_position_independent(const struct cfi_file *file, const Elf64_Phdr *dynamic)
{
	uint64_t size = dynamic->p_filesz < DYNAMIC_MAX ? dynamic->p_filesz : DYNAMIC_MAX;
	unsigned char *part = cfi_read_part(file, dynamic->p_offset, size);
	bool found = false;
	Elf64_Dyn entry;

	for (uint64_t at = 0; part && at + sizeof entry <= size; at += sizeof entry) {
		memcpy(&entry, part + at, sizeof entry);
		if (entry.d_tag == DT_NULL)
			break;
		found = found || (entry.d_tag == DT_FLAGS_1 && entry.d_un.d_val & DF_1_PIE);
	}
	xfree(part);
	return found;
}

static void take_loaded(struct cfi_rows *rows, struct cfi_file *file, const Elf64_Phdr *header)
{
	struct cfi_segment s = { header->p_offset, header->p_vaddr, header->p_filesz };

	if (s.offset >= file->size || s.offset >= OFFSET_MAX || s.address > INT64_MAX)
		return;
	if (s.size > file->size - s.offset)
		s.size = file->size - s.offset;
	if (s.size > OFFSET_MAX)
		s.size = OFFSET_MAX;
	array_push(&file->loaded, s);
	if (header->p_flags & PF_X)
		array_push(&rows->segment, s);
}

static void read_segments(struct cfi_rows *rows, struct cfi_file *file, const Elf64_Ehdr *header)
{
	for (size_t i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr s;

		if (header->e_phentsize < sizeof s ||
		    !read_at(file, &s, sizeof s, header->e_phoff + i * header->e_phentsize))
			return;
		if (s.p_type == PT_LOAD)
			take_loaded(rows, file, &s);
		else if (s.p_type == PT_INTERP)
			file->is_program = true;
		else if (s.p_type == PT_DYNAMIC && is_position_independent(file, &s))
			file->is_program = true;
		else if (s.p_type == PT_GNU_EH_FRAME)
			file->index = (struct cfi_table){ .address = s.p_vaddr };
	}
}

static bool read_section(const struct cfi_file *file, const Elf64_Ehdr *header, size_t i,
			 Elf64_Shdr *section)
{
	return header->e_shoff && header->e_shentsize >= sizeof *section &&
	       read_at(file, section, sizeof *section,
		       header->e_shoff + i * header->e_shentsize);
}

/* Numbers too large for the file's header are kept in the first section. */
static void read_counts(const struct cfi_file *file, const Elf64_Ehdr *header, size_t *count,
			size_t *names)
{
	Elf64_Shdr first = { 0 };

	*count = header->e_shnum;
	*names = header->e_shstrndx;
	if ((!*count || *names == SHN_XINDEX) && read_section(file, header, 0, &first)) {
		*count = *count ? *count : first.sh_size;
		*names = *names == SHN_XINDEX ? first.sh_link : *names;
	}
	*count = *count < PARTS_MAX ? *count : PARTS_MAX;
}

static void read_sections(struct cfi_file *file, const Elf64_Ehdr *header)
{
	size_t count, names;
	Elf64_Shdr s;

	read_counts(file, header, &count, &names);
	if (names >= count || !read_section(file, header, names, &s) || s.sh_size > NAMES_MAX)
		return;
	file->names = (char *)cfi_read_part(file, s.sh_offset, s.sh_size);
	if (!file->names || file->names[s.sh_size - 1])
		return;
	for (size_t i = 0, len = s.sh_size; i < count; i++) {
		if (!read_section(file, header, i, &s))
			return;
		array_push(&file->section, ((struct cfi_section){
			.name = file->names + (s.sh_name < len ? s.sh_name : len - 1),
			.offset = s.sh_offset, .address = s.sh_addr, .size = s.sh_size,
			.flags = s.sh_flags, .type = s.sh_type, .link = s.sh_link }));
	}
}

static const struct cfi_section *find_section(const struct cfi_file *file, const char *name)
{
	for (size_t i = 0; i < file->section.len; i++) {
		const struct cfi_section *s = &file->section.at[i];

		if (s->type != SHT_NOBITS && s->type != SHT_NULL && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

/* What is loaded from an address on, up to the end of its segment. */
static bool find_loaded(const struct cfi_file *file, uint64_t address, struct cfi_section *part)
{
	for (size_t i = 0; i < file->loaded.len; i++) {
		const struct cfi_segment *s = &file->loaded.at[i];
		uint64_t into = address - s->address;

		if (address < s->address || into >= s->size)
			continue;
		*part = (struct cfi_section){ .offset = s->offset + into, .address = address,
					      .size = s->size - into };
		return true;
	}
	return false;
}

/* Without sections: the index that is loaded for exceptions tells where the table is. */
static bool find_by_index(const struct cfi_file *file, struct cfi_section *part)
{
	unsigned char head[4 + sizeof(uint64_t)];
	struct cfi_table index = { .address = file->index.address,
				   .bytes = { head, sizeof head } };
	struct bytes in = { head + 4, sizeof head - 4 };
	uint64_t address;

	return index.address && find_loaded(file, index.address, part) &&
	       read_at(file, head, sizeof head, part->offset) && head[0] == 1 &&
	       cfi_take_address(&index, &in, head[1], &address) &&
	       find_loaded(file, address, part);
}

static void read_eh_frame(struct cfi_rows *rows, const struct cfi_file *file)
{
	const struct cfi_section *found = find_section(file, ".eh_frame");
	struct cfi_section part;
	struct cfi_table table = { .ends_at_zero = !found };

	if (found)
		part = *found;
	else if (file->section.len || !find_by_index(file, &part))
		return;
	table.address = part.address;
	table.bytes.at = cfi_read_part(file, part.offset, part.size);
	table.bytes.len = table.bytes.at ? (size_t)part.size : 0;
	cfi_read_frames(rows, CFI_EH_FRAME, &table);
	xfree((void *)(uintptr_t)table.bytes.at);
}

/* In front of compressed bytes is how they are compressed and to which size. */
static bool take_compression(const struct cfi_section *section, struct bytes *in, uint64_t *size)
{
	Elf64_Chdr header;
	struct bytes magic;
	uint64_t reversed;

	if (section->flags & SHF_COMPRESSED) {
		if (in->len < sizeof header)
			return false;
		memcpy(&header, in->at, sizeof header);
		in->at += sizeof header;
		in->len -= sizeof header;
		*size = header.ch_size;
		return header.ch_type == ELFCOMPRESS_ZLIB;
	}
	if (!take_bytes(in, 4, &magic) || memcmp(magic.at, "ZLIB", 4) || !take_u64(in, &reversed))
		return false;
	*size = __builtin_bswap64(reversed);
	return true;
}

/* Debug information may be compressed, also in the way of before it was standardized. */
static unsigned char *read_debug_section(const struct cfi_file *file,
					 const struct cfi_section *section, size_t *size)
{
	unsigned char *part = cfi_read_part(file, section->offset, section->size);
	struct bytes in = { part, (size_t)section->size };
	unsigned char *whole = NULL;
	uint64_t len;

	*size = in.len;
	if (!part || (!(section->flags & SHF_COMPRESSED) && section->name[1] != 'z'))
		return part;
	if (take_compression(section, &in, &len) && len <= PART_MAX) {
		whole = inflate_bytes(in, (size_t)len);
		*size = (size_t)len;
	}
	xfree(part);
	return whole;
}

static void read_debug_frame(struct cfi_rows *rows, const struct cfi_file *file)
{
	const struct cfi_section *found = find_section(file, ".debug_frame");
	struct cfi_table table = { .debug = true };

	if (!found)
		found = find_section(file, ".zdebug_frame");
	if (!found)
		return;
	table.bytes.at = read_debug_section(file, found, &table.bytes.len);
	if (!table.bytes.at)
		return;
	cfi_read_frames(rows, CFI_DEBUG_FRAME, &table);
	xfree((void *)(uintptr_t)table.bytes.at);
}

enum rows_result cfi_compile(int fd, int *to)
{
	struct cfi_file file = { .fd = fd };
	enum rows_result result = ROWS_NOT_ELF;
	struct cfi_rows rows;
	Elf64_Ehdr header;

	*to = -1;
	cfi_rows_init(&rows);
	if (read_file_header(&file, &header)) {
		file.entry = header.e_entry;
		file.is_program = header.e_type == ET_EXEC;
		read_segments(&rows, &file, &header);
		read_sections(&file, &header);
		read_eh_frame(&rows, &file);
		cfi_sort(&rows, CFI_EH_FRAME);
		read_debug_frame(&rows, &file);
		cfi_sort(&rows, CFI_DEBUG_FRAME);
		cfi_know_go(&rows, &file);
		cfi_know_code(&rows, &file);
		cfi_sort(&rows, CFI_KNOWN);
		cfi_sort(&rows, CFI_CODE);
		result = cfi_write(&rows, to);
	}
	cfi_rows_release(&rows);
	array_release(&file.loaded);
	array_release(&file.section);
	xfree(file.names);
	return result;
}
