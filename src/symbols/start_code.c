#include "symbols/start_code.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CODE_MAX = 16 };

static int32_t displacement(const unsigned char *at)
{
	int32_t value;

	memcpy(&value, at, sizeof value);
	return value;
}

static bool read_code(int fd, uint64_t offset, unsigned char code[CODE_MAX])
{
	return pread(fd, code, CODE_MAX, (off_t)offset) == CODE_MAX;
}

/* mov %eax,%edi; call exit */
static bool exits_with_result(const struct elf *elf, int fd, uint64_t offset,
			      const unsigned char code[CODE_MAX], char name[ELF_NAME_MAX])
{
	static const unsigned char pass_on[] = { 0x89, 0xc7, 0xe8 };
	const size_t len = sizeof pass_on + 4;
	uint64_t called = offset + len + (uint64_t)displacement(code + sizeof pass_on);

	return !memcmp(code, pass_on, sizeof pass_on) && elf_find(elf, fd, called, name) &&
	       !strcmp(name, "exit");
}

/* mov %rax,%fs:OFFSET, where OFFSET is inside the thread's control block */
static bool keeps_result(const unsigned char code[CODE_MAX])
{
	static const unsigned char store[] = { 0x64, 0x48, 0x89, 0x04, 0x25 };
	int32_t offset = displacement(code + sizeof store);

	return !memcmp(code, store, sizeof store) && offset > 0 && offset < 0x1000;
}

bool start_code_find(const struct elf *elf, int fd, uint64_t offset, char name[ELF_NAME_MAX])
{
	unsigned char code[CODE_MAX];
	const char *found = NULL;

#ifndef __x86_64__
	return false;
#endif
	/* Asked is the call's last byte; what comes back arrives after it. */
	offset++;
	if (!read_code(fd, offset, code))
		return false;
	if (exits_with_result(elf, fd, offset, code, name))
		found = "__libc_start_call_main";
	/* The compiler may have put the call apart, with a jump back. */
	else if (code[0] == 0xe9 &&
		 !read_code(fd, offset + 5 + (uint64_t)displacement(code + 1), code))
		return false;
	else if (keeps_result(code))
		found = "start_thread";
	if (found)
		snprintf(name, ELF_NAME_MAX, "%s", found);
	return found != NULL;
}
