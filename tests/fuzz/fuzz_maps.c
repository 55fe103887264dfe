/* Any text as /proc/PID/maps: what it lists is mapped, over and over. */
#include <stdint.h>
#include <stdlib.h>

#include "resolve/proc.h"
#include "resolve/process_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void map(struct process_table *table, struct process *process, const struct map_line *line)
{
	struct mapped what = { .device = line->device, .inode = line->inode };

	what.path = xstrndup((const char *)line->path.at, line->path.len);
	process_map(table, process, (struct mapping){
		.start = line->start, .end = line->end, .offset = line->offset,
		.mapped = mapped_add(table->mapped, &what) });
	xfree(what.path);
}

/* In order, not empty, without overlaps; and what is found has the address. */
static void check(const struct process *process, const struct map_line *line)
{
	const struct mappings *mappings = process->mappings;
	const struct mapping *found = process_find_mapping(process, line->start);

	for (size_t i = 0; i < mappings->at.len; i++)
		if (mappings->at.at[i].start >= mappings->at.at[i].end ||
		    (i && mappings->at.at[i].start < mappings->at.at[i - 1].end))
			abort();
	if (!found || found->start != line->start || found->end != line->end)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	static struct mapped_table mapped;
	static struct process_table table;
	struct process *parent, *child;
	struct map_line line;
	unsigned count = 0;

	process_table_init(&table, &mapped);
	parent = process_add(&table, 1, 0);
	child = process_add(&table, 2, 0);
	while (map_line_take(&in, &line)) {
		struct process *process = count++ % 3 ? parent : child;

		if (line.end <= line.start)
			abort();
		map(&table, process, &line);
		check(process, &line);
		if (count % 5 == 0)
			process_copy_mappings(&table, child, parent);
	}
	process_table_release(&table);
	for (size_t i = 1; i < mapped.at.len; i++)
		if (mapped.at.at[i].path)
			abort();
	mapped_table_release(&mapped);
	mapped = (struct mapped_table){ 0 };
	return 0;
}
