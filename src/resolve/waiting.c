#include "resolve/waiting.h"

static size_t kernel_bytes(const struct waiting *waiting)
{
	return waiting->of.kernel_count * sizeof *waiting->of.kernel;
}

static size_t bytes_of(const struct waiting *waiting)
{
	return sizeof *waiting + sizeof *waiting->of.registers + kernel_bytes(waiting) +
	       waiting->of.stack.len;
}

/* One piece of memory: the struct, registers, addresses of the kernel, stack. */
static struct waiting *copy_of(const struct waiting *waiting)
{
	unsigned char *at = xresize(NULL, bytes_of(waiting), 1);
	struct waiting *copy = (struct waiting *)(void *)at;

	*copy = *waiting;
	at += sizeof *copy;
	memcpy(at, waiting->of.registers, sizeof *waiting->of.registers);
	copy->of.registers = (const struct unwind_registers *)(const void *)at;
	at += sizeof *copy->of.registers;
	if (waiting->of.kernel_count)
		memcpy(at, waiting->of.kernel, kernel_bytes(waiting));
	copy->of.kernel = (const uint64_t *)(const void *)at;
	at += kernel_bytes(waiting);
	if (waiting->of.stack.len)
		memcpy(at, waiting->of.stack.at, waiting->of.stack.len);
	copy->of.stack.at = at;
	return copy;
}

bool waiting_add(struct waiting_room *room, const struct waiting *waiting)
{
	struct waiting *copy;

	if (room->bytes + bytes_of(waiting) > WAITING_BYTES_MAX)
		return false;
	copy = copy_of(waiting);
	copy->of.owner.process = NULL;
	mappings_ref(copy->of.owner.mappings);
	array_push(&room->at, copy);
	room->bytes += bytes_of(copy);
	return true;
}

static void drop(struct waiting_room *room, struct process_table *processes,
		 struct waiting *waiting)
{
	room->bytes -= bytes_of(waiting);
	mappings_unref(processes, waiting->of.owner.mappings);
	xfree(waiting);
}

void waiting_work(struct waiting_room *room, struct process_table *processes, uint64_t now,
		  waiting_try_fn *try, void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < room->at.len; i++) {
		struct waiting *waiting = room->at.at[i];

		if (try(context, waiting, now >= waiting->until))
			drop(room, processes, waiting);
		else
			room->at.at[kept++] = waiting;
	}
	room->at.len = kept;
}

void waiting_release(struct waiting_room *room, struct process_table *processes)
{
	for (size_t i = 0; i < room->at.len; i++)
		drop(room, processes, room->at.at[i]);
	array_release(&room->at);
}
