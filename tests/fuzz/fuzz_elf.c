/* Any file as an ELF file: its symbols are loaded and looked up. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/demangle.h"
#include "symbols/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct elf *elf, int fd, uint64_t offset)
{
	char name[ELF_NAME_MAX], demangled[DEMANGLED_MAX];

	if (elf_find(elf, fd, offset, name))
		demangle(demangled, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct elf elf;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size && elf_load(&elf, fd)) {
		for (size_t i = 0; i < elf.segment.len && i < 16; i++) {
			const struct elf_part *s = &elf.segment.at[i];

			for (uint64_t at = 0; at < s->size && at < 4096; at += 61)
				look_up(&elf, fd, s->offset + at);
			look_up(&elf, fd, s->offset + s->size - 1);
		}
		for (size_t i = 0; i < elf.symbol.len && i < 64; i++)
			look_up(&elf, fd, elf.symbol.at[i].place >> 8);
		elf_release(&elf);
	}
	close(fd);
	return 0;
}
