#include "source/perf_record.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

/* Newer than some headers; the value is part of the kernel's interface. */
enum { MISC_MMAP_BUILD_ID = 1 << 14 };

struct header {
	uint32_t type;
	uint16_t misc, size;
};

static bool take_header(struct bytes *in, struct header *header)
{
	struct bytes whole = *in;

	if (!take_u32(in, &header->type) || !take_u16(in, &header->misc) ||
	    !take_u16(in, &header->size))
		return false;
	if (header->size > whole.len || header->size < whole.len - in->len)
		return false;
	in->len = header->size - (whole.len - in->len);
	return true;
}

static bool take_pair(struct bytes *in, uint32_t *first, uint32_t *second)
{
	return take_u32(in, first) && take_u32(in, second);
}

static bool take_pids(struct bytes *in, struct event *event)
{
	uint32_t pid, tid;

	if (!take_pair(in, &pid, &tid))
		return false;
	event->pid = (pid_t)pid;
	event->tid = (pid_t)tid;
	return true;
}

static bool take_cpu(struct bytes *in, struct event *event)
{
	uint32_t cpu, reserved;

	if (!take_pair(in, &cpu, &reserved))
		return false;
	event->cpu = (uint16_t)cpu;
	return true;
}

/* The field, if records have it; otherwise value stays as it is. */
static bool take_field(struct bytes *in, uint64_t sample_type, uint64_t bit, uint64_t *value)
{
	return !(sample_type & bit) || take_u64(in, value);
}

/*
 * What all records but samples end in.  It is cut off the body, so that
 * texts in there can't run into it.
 */
static bool cut_trailer(struct bytes *body, const struct perf_layout *layout, struct event *event)
{
	static const uint64_t fields = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID |
				       PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU |
				       PERF_SAMPLE_IDENTIFIER;
	uint64_t type = layout->sample_type, skip;
	size_t size = 8 * (size_t)__builtin_popcountll(type & fields);
	struct bytes in;

	if (!layout->id_everywhere)
		return true;
	if (body->len < size)
		return false;
	body->len -= size;
	in = (struct bytes){ body->at + body->len, size };
	if (type & PERF_SAMPLE_TID && !take_pids(&in, event))
		return false;
	return take_field(&in, type, PERF_SAMPLE_TIME, &event->time) &&
	       take_field(&in, type, PERF_SAMPLE_ID, &skip) &&
	       take_field(&in, type, PERF_SAMPLE_STREAM_ID, &skip) &&
	       (!(type & PERF_SAMPLE_CPU) || take_cpu(&in, event));
}

enum side { SIDE_KERNEL, SIDE_USER, SIDE_OTHER };

/* A callchain is interspersed with marks of which side the next addresses are on. */
static enum side side_of_mark(uint64_t mark)
{
	switch (mark) {
	case (uint64_t)PERF_CONTEXT_KERNEL:
	case (uint64_t)PERF_CONTEXT_HV:
		return SIDE_KERNEL;
	case (uint64_t)PERF_CONTEXT_USER:
		return SIDE_USER;
	default:
		return SIDE_OTHER;
	}
}

static enum side side_of_mode(unsigned misc)
{
	switch (misc & PERF_RECORD_MISC_CPUMODE_MASK) {
	case PERF_RECORD_MISC_KERNEL:
	case PERF_RECORD_MISC_HYPERVISOR:
		return SIDE_KERNEL;
	case PERF_RECORD_MISC_USER:
		return SIDE_USER;
	default:
		return SIDE_OTHER;
	}
}

/* Keeps kernel addresses only as long as no user address came before them. */
static void add_address(struct event *event, struct perf_scratch *scratch, enum side side,
			uint64_t ip)
{
	size_t *count = &event->sample.ip_count;

	if (side == SIDE_OTHER || (side == SIDE_KERNEL && event->sample.kernel_count != *count))
		return;
	if (*count == PERF_CHAIN_MAX) {
		event->sample.end = UNWIND_LIMIT;
		return;
	}
	scratch->ip[(*count)++] = ip;
	if (side == SIDE_KERNEL)
		event->sample.kernel_count++;
}

static bool take_chain(struct bytes *in, const struct perf_layout *layout,
		       struct perf_scratch *scratch, struct event *event, enum side side)
{
	uint64_t count, addresses = 0;
	struct bytes chain;

	if (!take_u64(in, &count) || count > in->len / 8 || !take_bytes(in, count * 8, &chain))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t ip;

		memcpy(&ip, chain.at + i * 8, sizeof ip);
		if (ip >= (uint64_t)PERF_CONTEXT_MAX) {
			side = side_of_mark(ip);
			continue;
		}
		addresses++;
		add_address(event, scratch, side, ip);
	}
	if (layout->max_chain && addresses >= layout->max_chain)
		event->sample.end = UNWIND_LIMIT;
	return true;
}

/* The kernel's order: of the bits of the mask. */
static void use_registers(struct bytes field, struct perf_scratch *scratch)
{
	enum { IP = 16 };
	static const unsigned char number[PERF_REGISTERS] = {
		0, 3, 2, 1, 4, 5, 6, 7, IP, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (size_t i = 0; i < PERF_REGISTERS; i++) {
		unsigned long long value;

		memcpy(&value, field.at + 8 * i, sizeof value);
		if (number[i] == IP)
			scratch->registers.ip = value;
		else
			scratch->registers.r[number[i]] = value;
	}
}

static bool take_registers(struct bytes *in, struct perf_scratch *scratch, struct event *event)
{
	struct bytes field;
	uint64_t abi;

	if (!take_u64(in, &abi))
		return false;
	if (abi == PERF_SAMPLE_REGS_ABI_NONE) {
		event->sample.end = UNWIND_NO_USER;
		return true;
	}
	if (!take_bytes(in, 8 * PERF_REGISTERS, &field))
		return false;
	use_registers(field, scratch);
	if (abi == PERF_SAMPLE_REGS_ABI_64) {
		event->sample.end = UNWIND_MORE;
		event->sample.registers = &scratch->registers;
		return true;
	}
	/* The function itself is known at least. */
	add_address(event, scratch, SIDE_USER, scratch->registers.ip);
	event->sample.end = UNWIND_32_BIT;
	return true;
}

/* As much as the kernel could read of what it had room for. */
static bool take_stack(struct bytes *in, struct event *event)
{
	uint64_t room, size = 0;

	if (!take_u64(in, &room))
		return false;
	if (room && (!take_bytes(in, room, &event->sample.stack) || !take_u64(in, &size) ||
		     size > room))
		return false;
	/* Nobody could walk it. */
	if (!event->sample.registers)
		size = room = 0;
	event->sample.stack.len = size;
	event->sample.whole_stack = size < room;
	return true;
}

static bool take_dump(struct bytes *in, uint64_t type, struct perf_scratch *scratch,
		      struct event *event)
{
	static const uint64_t others = PERF_SAMPLE_RAW | PERF_SAMPLE_BRANCH_STACK;
	static const uint64_t both = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;

	if (!(type & both))
		return true;
	return (type & both) == both && !(type & others) &&
	       take_registers(in, scratch, event) && take_stack(in, event);
}

static bool decode_sample(struct bytes in, const struct header *header,
			  const struct perf_layout *layout, struct perf_scratch *scratch,
			  struct event *event)
{
	uint64_t type = layout->sample_type, ip = 0, skip;
	enum side side;

	event->type = EVENT_SAMPLE;
	event->sample.weight = 1;
	event->sample.ip = scratch->ip;
	if (type & PERF_SAMPLE_READ ||
	    !take_field(&in, type, PERF_SAMPLE_IDENTIFIER, &event->sample.id) ||
	    !take_field(&in, type, PERF_SAMPLE_IP, &ip))
		return false;
	if (type & PERF_SAMPLE_TID && !take_pids(&in, event))
		return false;
	/* A thread at its very end has no number any more: count it for its process. */
	if (event->tid == -1)
		event->tid = event->pid;
	if (!take_field(&in, type, PERF_SAMPLE_TIME, &event->time) ||
	    !take_field(&in, type, PERF_SAMPLE_ADDR, &skip) ||
	    !take_field(&in, type, PERF_SAMPLE_ID, &event->sample.id) ||
	    !take_field(&in, type, PERF_SAMPLE_STREAM_ID, &skip))
		return false;
	if (type & PERF_SAMPLE_CPU && !take_cpu(&in, event))
		return false;
	if (!take_field(&in, type, PERF_SAMPLE_PERIOD, &event->sample.weight))
		return false;
	if (type & PERF_SAMPLE_CALLCHAIN &&
	    !take_chain(&in, layout, scratch, event, side_of_mode(header->misc)))
		return false;
	if (!take_dump(&in, type, scratch, event))
		return false;
	/* Nothing else was asked for. */
	if (!(type & (PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER)))
		event->sample.end = UNWIND_LIMIT;
	side = side_of_mode(header->misc);
	if (!event->sample.ip_count && type & PERF_SAMPLE_IP &&
	    (side == SIDE_KERNEL || !event->sample.registers))
		add_address(event, scratch, side, ip);
	return true;
}

static bool decode_mmap(struct bytes in, const struct header *header, struct event *event)
{
	event->type = EVENT_MAP;
	return !(header->misc & PERF_RECORD_MISC_MMAP_DATA) && take_pids(&in, event) &&
	       take_u64(&in, &event->map.start) && take_u64(&in, &event->map.size) &&
	       take_u64(&in, &event->map.offset) && take_text(&in, &event->map.path);
}

static bool take_build_id(struct bytes *in, struct perf_scratch *scratch, struct event *event)
{
	static const char digits[] = "0123456789abcdef";
	struct bytes field;
	size_t len;

	if (!take_bytes(in, 24, &field))
		return false;
	len = field.at[0];
	if (len > 20)
		return false;
	for (size_t i = 0; i < len; i++) {
		scratch->build_id[2 * i] = digits[field.at[4 + i] >> 4];
		scratch->build_id[2 * i + 1] = digits[field.at[4 + i] & 15];
	}
	scratch->build_id[2 * len] = '\0';
	event->map.build_id = scratch->build_id;
	return true;
}

static bool take_file(struct bytes *in, struct event *event)
{
	uint32_t major, minor;

	if (!take_pair(in, &major, &minor) || !take_u64(in, &event->map.inode) ||
	    !take_u64(in, &event->map.generation))
		return false;
	event->map.device = makedev(major, minor);
	return true;
}

static bool decode_mmap2(struct bytes in, const struct header *header,
			 struct perf_scratch *scratch, struct event *event)
{
	uint32_t protection, flags;

	event->type = EVENT_MAP;
	if (!take_pids(&in, event) || !take_u64(&in, &event->map.start) ||
	    !take_u64(&in, &event->map.size) || !take_u64(&in, &event->map.offset))
		return false;
	if (header->misc & MISC_MMAP_BUILD_ID ? !take_build_id(&in, scratch, event)
					      : !take_file(&in, event))
		return false;
	return take_pair(&in, &protection, &flags) && protection & PROT_EXEC &&
	       take_text(&in, &event->map.path);
}

static bool decode_comm(struct bytes in, const struct header *header, struct event *event)
{
	event->type = header->misc & PERF_RECORD_MISC_COMM_EXEC ? EVENT_EXEC : EVENT_NAME;
	return take_pids(&in, event) && take_text(&in, &event->name.text);
}

/* FORK and EXIT have the same shape: pid, parent pid, tid, parent tid, time. */
static bool decode_task(struct bytes in, enum event_type type, struct event *event)
{
	uint32_t pid, parent_pid, tid, parent_tid;
	uint64_t time;

	if (!take_pair(&in, &pid, &parent_pid) || !take_pair(&in, &tid, &parent_tid) ||
	    !take_u64(&in, &time))
		return false;
	event->type = type;
	event->pid = (pid_t)pid;
	event->tid = (pid_t)tid;
	if (!event->time)
		event->time = time;
	if (type == EVENT_FORK) {
		event->fork.parent_pid = (pid_t)parent_pid;
		event->fork.parent_tid = (pid_t)parent_tid;
	}
	return true;
}

static bool decode_lost(struct bytes in, struct event *event)
{
	uint64_t id;

	event->type = EVENT_LOST;
	return take_u64(&in, &id) && take_u64(&in, &event->lost.records);
}

static bool decode_lost_samples(struct bytes in, struct event *event)
{
	event->type = EVENT_LOST;
	return take_u64(&in, &event->lost.samples);
}

bool perf_record_decode(struct bytes record, const struct perf_layout *layout,
			struct perf_scratch *scratch, struct event *event)
{
	struct header header;

	*event = (struct event){ 0 };
	if (!take_header(&record, &header))
		return false;
	if (header.type == PERF_RECORD_SAMPLE)
		return decode_sample(record, &header, layout, scratch, event);
	if (!cut_trailer(&record, layout, event))
		return false;
	switch (header.type) {
	case PERF_RECORD_MMAP:
		return decode_mmap(record, &header, event);
	case PERF_RECORD_MMAP2:
		return decode_mmap2(record, &header, scratch, event);
	case PERF_RECORD_COMM:
		return decode_comm(record, &header, event);
	case PERF_RECORD_FORK:
		return decode_task(record, EVENT_FORK, event);
	case PERF_RECORD_EXIT:
		return decode_task(record, EVENT_EXIT, event);
	case PERF_RECORD_LOST:
		return decode_lost(record, event);
	case PERF_RECORD_LOST_SAMPLES:
		return decode_lost_samples(record, event);
	case PERF_RECORD_THROTTLE:
		event->type = EVENT_THROTTLE;
		return true;
	default:
		return false;
	}
}
