#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve/proc.h"
#include "resolve/resolver_private.h"

#define MAPS_PAUSE_MAX	(64 * SECOND)
#define LOOK_PAUSE	(SECOND / 5)	/* at a file that is mapped again */

/*
 * Somebody wrote to the file since its unwind information was read: what is
 * mapped now is other code.
 */
static bool was_rewritten(struct resolver *r, const struct process *process,
			  const struct mapping *mapping)
{
	struct mapped *mapped = &r->mapped.at.at[mapping->mapped];
	struct owner owner = { .pid = process->pid, .tid = process->pid,
			       .parent = process->parent };
	struct binary_place place = code_place(r, &owner, mapping);
	uint64_t now = clock_now(), content;
	int fd;

	if (mapped->code != UNWIND_CODE_ROWS || !mapped->content || process->pid <= 0 ||
	    now < mapped->looked_at + LOOK_PAUSE)
		return false;
	mapped->looked_at = now;
	fd = binary_open(&place);
	if (fd < 0)
		return false;
	content = binary_content(fd);
	close(fd);
	return content && content != mapped->content;
}

void maps_add(struct resolver *r, struct process *process, const struct mapped *what,
	      struct mapping mapping)
{
	uint32_t id = mapped_add(&r->mapped, what);

	mapping.mapped = id;
	if (was_rewritten(r, process, &mapping)) {
		mapped_retire(&r->mapped, id);
		mapping.mapped = mapped_add(&r->mapped, what);
		mapped_unref(&r->mapped, id);
	}
	process_map(&r->processes, process, mapping);
	code_want(r, process, mapping.start);
}

struct reading {
	struct resolver *resolver;
	struct process *process;
};

static void take_map_line(void *context, const struct map_line *line)
{
	struct reading *reading = context;
	struct mapped what = { .device = line->device, .inode = line->inode };
	struct mapping mapping = { .start = line->start, .end = line->end,
				   .offset = line->offset };

	what.path = xstrndup((const char *)line->path.at, line->path.len);
	maps_add(reading->resolver, reading->process, &what, mapping);
	xfree(what.path);
}

/*
 * What is mapped now, over what was known.  Through any thread: that of
 * the leader is empty once it has ended.
 */
bool maps_read(struct resolver *r, struct process *process)
{
	struct reading reading = { r, process };
	size_t lines = 0;
	bool ok = false;

	for (size_t i = 0; i < process->task.len && i < 4 && !lines; i++)
		if (proc_read_maps(process->task.at[i].tid, take_map_line, &reading, &lines))
			ok = true;
	process->maps_known = true;
	return ok;
}

void maps_note_unreadable(struct resolver *r, const struct process *process, int code)
{
	if (code == EACCES || code == EPERM)
		snprintf(r->trouble, sizeof r->trouble,
			 "no names for process %d: not allowed to see what it has mapped",
			 (int)process->pid);
}

/*
 * Mapped since, with the event lost.  A stack that leads nowhere looks the
 * same, so the pause grows while reading is in vain.
 */
const struct mapping *maps_look_again(struct resolver *r, struct process *process,
				      uint64_t address, uint64_t now)
{
	const struct mapping *mapping;

	if (now < process->maps_again || !process->pid)
		return NULL;
	maps_read(r, process);
	mapping = process_find_mapping(process, address);
	process->maps_pause = mapping || !process->maps_pause ? SECOND : process->maps_pause * 2;
	if (process->maps_pause > MAPS_PAUSE_MAX)
		process->maps_pause = MAPS_PAUSE_MAX;
	process->maps_again = now + process->maps_pause;
	return mapping;
}
