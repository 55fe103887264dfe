/*
 * Walks stacks of stopped processes as tprof does, for a debugger to compare:
 *
 *	walker
 *
 * Each line of its input is the number of a process and, in hexadecimal, the
 * instruction pointer and the 16 registers of a thread in DWARF's order.
 * The answer is a line: how the walk ended, and the addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/array.h"
#include "resolve/binary.h"
#include "resolve/proc.h"
#include "symbols/cfi.h"
#include "unwind/table.h"
#include "unwind/walk.h"

enum { STACK_MAX = 8 << 20, PAGE = 4096 };

struct image {
	char *path;
	uint64_t inode;
	struct unwind_table *table;	/* NULL: no rows */
};

struct range {
	uint64_t start, end, offset;
	size_t image;			/* place behind it, 0: none */
};

struct walker {
	pid_t pid;
	array(struct image) image;
	array(struct range) range;
	unsigned char *stack;
	uint64_t ip[UNWIND_FRAMES_MAX];
};

static const char *const ends[UNWIND_ENDS] = {
	[UNWIND_COMPLETE] = "complete",
	[UNWIND_BY_FRAME_POINTER] = "frame-pointer",
	[UNWIND_NO_MAPPING] = "no-mapping",
	[UNWIND_NO_ROWS] = "no-rows",
	[UNWIND_NOT_READY] = "not-ready",
	[UNWIND_UNREADABLE] = "unreadable",
	[UNWIND_LIMIT] = "limit",
	[UNWIND_IMPLAUSIBLE] = "implausible",
	[UNWIND_NOT_SUPPORTED] = "not-supported",
	[UNWIND_DUMP_TOO_SHORT] = "dump-too-short",
};

static struct unwind_table *make_table(int file)
{
	struct error error;
	int rows;

	if (file < 0 || cfi_compile(file, &rows) != ROWS_MADE)
		return NULL;
	return unwind_table_open(rows, &error);
}

static size_t find_image(struct walker *w, const struct map_line *line, bool vdso)
{
	struct image image = { .inode = line->inode };
	struct binary_place place = { .pid = w->pid, .tid = w->pid, .start = line->start,
				      .end = line->end, .inode = line->inode };
	int file;

	image.path = xstrndup((const char *)line->path.at, line->path.len);
	for (size_t i = 0; i < w->image.len; i++) {
		if (w->image.at[i].inode != image.inode || strcmp(w->image.at[i].path, image.path))
			continue;
		xfree(image.path);
		return i + 1;
	}
	place.path = image.path;
	file = vdso ? binary_open_vdso() : binary_open(&place);
	image.table = make_table(file);
	if (file >= 0)
		close(file);
	array_push(&w->image, image);
	return w->image.len;
}

static void take_line(void *context, const struct map_line *line)
{
	struct walker *w = context;
	bool vdso = line->path.len == 6 && !memcmp(line->path.at, "[vdso]", 6);
	struct range range = { .start = line->start, .end = line->end,
			       .offset = vdso ? 0 : line->offset };

	if (vdso || line->inode)
		range.image = find_image(w, line, vdso);
	array_push(&w->range, range);
}

static enum unwind_code find_code(void *context, uint64_t address, struct unwind_rule *rule)
{
	const struct walker *w = context;

	for (size_t i = 0; i < w->range.len; i++) {
		const struct range *range = &w->range.at[i];

		if (address < range->start || address >= range->end)
			continue;
		if (!range->image || !w->image.at[range->image - 1].table)
			return UNWIND_CODE_BARE;
		*rule = unwind_table_find(w->image.at[range->image - 1].table,
					  address - range->start + range->offset);
		return UNWIND_CODE_ROWS;
	}
	return UNWIND_CODE_NONE;
}

/* As much as there is, page by page. */
static size_t read_stack(struct walker *w, uint64_t address)
{
	size_t done = 0;

	while (done < STACK_MAX) {
		size_t size = PAGE - (address + done) % PAGE;
		struct iovec local = { w->stack + done, size };
		struct iovec remote = { (void *)(uintptr_t)(address + done), size };

		if (process_vm_readv(w->pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
			break;
		done += size;
	}
	return done;
}

static bool take_registers(struct walker *w, char *line, struct unwind_registers *registers)
{
	char *at = line;

	w->pid = (pid_t)strtol(at, &at, 10);
	registers->ip = strtoull(at, &at, 16);
	for (int i = 0; i < UNWIND_REGISTERS; i++)
		registers->r[i] = strtoull(at, &at, 16);
	return w->pid > 0 && *at == '\n';
}

static bool answer(struct walker *w, char *line)
{
	struct unwind_dump dump = { .stack = w->stack, .find = find_code, .context = w };
	enum unwind_end end;
	size_t count, lines;

	if (!take_registers(w, line, &dump.registers))
		return false;
	w->range.len = 0;
	if (!proc_read_maps(w->pid, take_line, w, &lines))
		return false;
	dump.address = dump.registers.r[UNWIND_RSP];
	dump.size = read_stack(w, dump.address);
	count = unwind_walk(&dump, w->ip, UNWIND_FRAMES_MAX, &end);
	fputs(ends[end], stdout);
	for (size_t i = 0; i < count; i++)
		printf(" %" PRIx64, w->ip[i] & UNWIND_ADDRESS);
	putchar('\n');
	fflush(stdout);
	return true;
}

int main(void)
{
	struct walker *w = xcalloc(1, sizeof *w);
	char line[1024];
	bool ok = true;

	w->stack = xcalloc(1, STACK_MAX);
	while (ok && fgets(line, sizeof line, stdin))
		ok = answer(w, line);
	if (!ok)
		fprintf(stderr, "walker: process %d: %s\n", (int)w->pid, strerror(errno));
	return ok ? 0 : 99;
}
