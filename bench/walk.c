/*
 * Walks the copied stacks of a perf.data file by unwind rows, and says how
 * long that took: walk FILE.  bench/walk.sh makes the file, and compares.
 *
 * Understood is what "perf record --call-graph dwarf" writes of one event
 * with the registers that tprof asks for itself.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "source/perf_record.h"
#include "symbols/cfi.h"
#include "unwind/table.h"
#include "unwind/walk.h"

struct section {
	uint64_t offset, size;
};

struct file_header {
	char magic[8];
	uint64_t size, attr_size;
	struct section attrs, data, event_types;
};

struct image {
	char *path;
	struct unwind_table *table;
};

struct range {
	uint64_t start, end, offset;
	size_t image;
};

struct walker {
	array(struct image) image;
	array(struct range) range;
	const struct range *last;
	uint64_t compile_ns, walk_ns, samples, frames, complete;
};

static void fail(const char *what)
{
	fprintf(stderr, "walk: %s\n", what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct unwind_table *make_table(struct walker *w, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rows;
	struct unwind_table *table = NULL;
	uint64_t from = now();
	struct error error;

	if (fd >= 0 && cfi_compile(fd, &rows) == ROWS_MADE)
		table = unwind_table_open(rows, &error);
	if (fd >= 0)
		close(fd);
	w->compile_ns += now() - from;
	return table;
}

static size_t find_image(struct walker *w, const char *path)
{
	for (size_t i = 0; i < w->image.len; i++)
		if (!strcmp(w->image.at[i].path, path))
			return i;
	array_push(&w->image, ((struct image){ xstrdup(path), make_table(w, path) }));
	return w->image.len - 1;
}

/* Of one process; what is mapped later goes before. */
static void take_map(struct walker *w, const struct event *event)
{
	if (event->pid <= 0)
		return;
	array_push(&w->range, ((struct range){ event->map.start,
					       event->map.start + event->map.size,
					       event->map.offset,
					       find_image(w, event->map.path) }));
	w->last = NULL;
}

static enum unwind_code find_code(void *context, uint64_t address, struct unwind_rule *rule)
{
	struct walker *w = context;
	const struct unwind_table *table;

	if (!w->last || address < w->last->start || address >= w->last->end) {
		w->last = NULL;
		for (size_t i = w->range.len; i-- > 0 && !w->last;)
			if (address >= w->range.at[i].start && address < w->range.at[i].end)
				w->last = &w->range.at[i];
	}
	if (!w->last)
		return UNWIND_CODE_NONE;
	table = w->image.at[w->last->image].table;
	if (!table)
		return UNWIND_CODE_BARE;
	*rule = unwind_table_find(table, address - w->last->start + w->last->offset);
	return UNWIND_CODE_ROWS;
}

static void take_sample(struct walker *w, const struct event *event)
{
	static uint64_t ip[UNWIND_FRAMES_MAX];
	struct unwind_dump dump = { .find = find_code, .context = w };
	enum unwind_end end;
	uint64_t from = now();

	if (!event->sample.registers)
		return;
	dump.registers = *event->sample.registers;
	dump.address = dump.registers.r[UNWIND_RSP];
	dump.stack = event->sample.stack.at;
	dump.size = event->sample.stack.len;
	w->frames += unwind_walk(&dump, ip, UNWIND_FRAMES_MAX, &end);
	w->walk_ns += now() - from;
	w->samples++;
	w->complete += end == UNWIND_COMPLETE;
}

static void take_records(struct walker *w, struct bytes data, const struct perf_layout *layout)
{
	static struct perf_scratch scratch;

	while (data.len >= sizeof(struct perf_event_header)) {
		struct perf_event_header header;
		struct event event;

		memcpy(&header, data.at, sizeof header);
		if (header.size < sizeof header || header.size > data.len)
			break;
		if (perf_record_decode((struct bytes){ data.at, header.size }, layout, &scratch,
				       &event)) {
			if (event.type == EVENT_MAP)
				take_map(w, &event);
			else if (event.type == EVENT_SAMPLE)
				take_sample(w, &event);
		}
		data.at += header.size;
		data.len -= header.size;
	}
}

static struct bytes map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *at = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &status))
		at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		fail(path);
	close(fd);
	return (struct bytes){ at, (size_t)status.st_size };
}

int main(int argc, char **argv)
{
	struct walker w = { .last = NULL };
	struct file_header header;
	struct perf_event_attr attr = { 0 };
	struct perf_layout layout = { .id_everywhere = true };
	struct bytes file;

	if (argc != 2)
		fail("usage: walk FILE");
	file = map_file(argv[1]);
	if (file.len < sizeof header)
		fail("not a perf.data file");
	memcpy(&header, file.at, sizeof header);
	if (memcmp(header.magic, "PERFILE2", 8) || header.attrs.offset >= file.len ||
	    header.data.offset >= file.len || header.data.size > file.len - header.data.offset ||
	    file.len - header.attrs.offset < sizeof attr)
		fail("not a perf.data file");
	memcpy(&attr, file.at + header.attrs.offset, sizeof attr);
	if (attr.sample_regs_user != PERF_REGISTERS_MASK)
		fail("other registers than tprof's: record with --user-regs");
	layout.sample_type = attr.sample_type;
	take_records(&w, (struct bytes){ file.at + header.data.offset, header.data.size }, &layout);
	if (!w.samples)
		fail("no stacks");
	printf("%" PRIu64 " stacks, %.1f frames each, %.2f %% complete: %.0f ms (%.0f ns a frame), "
	       "and %.0f ms for the rows of %zu files\n",
	       w.samples, (double)w.frames / (double)w.samples,
	       100.0 * (double)w.complete / (double)w.samples, (double)w.walk_ns / 1e6,
	       (double)w.walk_ns / (double)w.frames, (double)w.compile_ns / 1e6, w.image.len);
	return 0;
}
