#include "source/perf_set.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "source/privilege.h"

static bool ring_failure(const struct perf_plan *plan, bool ring, int code, struct error *error)
{
	return privilege_explain(&(struct refusal){ .code = code,
						    .ring = ring,
						    .event = plan->event,
						    .wanted_files = 2 * plan->cpu.len },
				 error);
}

/* In per-thread plans the leader is an event of our own, which never ends before us. */
static bool open_cpu(struct perf_set *set, unsigned cpu, struct error *error)
{
	struct perf_cpu one = { .cpu = cpu };

	one.leader = perf_open_sideband(set->plan, set->plan->per_cpu ? -1 : 0, cpu);
	/* A CPU may go offline at any time: it is left out. */
	if (one.leader < 0 && errno == ENODEV)
		return true;
	if (one.leader < 0)
		return ring_failure(set->plan, false, errno, error);
	if (!perf_ring_map(&one.ring, one.leader, set->plan->ring_bytes)) {
		ring_failure(set->plan, true, errno, error);
		close(one.leader);
		return false;
	}
	array_push(&set->cpu, one);
	array_push(&set->leader_lost, 0);
	array_push(&set->lost, 0);
	return true;
}

size_t perf_set_least_ring(const struct perf_set *set)
{
	size_t least = set->plan->ring_bytes;

	for (size_t i = 0; i < set->cpu.len; i++)
		if (set->cpu.at[i].ring.size < least)
			least = set->cpu.at[i].ring.size;
	return least;
}

static void tell_small_rings(const struct perf_set *set, struct source_facts *facts)
{
	size_t least = perf_set_least_ring(set), enough = PERF_RING_BYTES / 2;
	char text[160];

	if (perf_plan_copies_stacks(set->plan))
		enough = PERF_RING_BYTES;
	if (least >= enough)
		return;
	snprintf(text, sizeof text,
		 "only %zu KiB per CPU for samples (kernel.perf_event_mlock_kb, ulimit -l): "
		 "bursts may be lost",
		 least >> 10);
	array_push(&facts->notice, xstrdup(text));
}

bool perf_set_open(struct perf_set *set, const struct perf_plan *plan, struct source_facts *facts,
		   struct error *error)
{
	*set = (struct perf_set){ .plan = plan };
	for (size_t i = 0; i < plan->cpu.len; i++) {
		if (!open_cpu(set, plan->cpu.at[i], error)) {
			perf_set_close(set);
			return false;
		}
	}
	if (!set->cpu.len)
		return ring_failure(plan, false, ENODEV, error);
	/* In a per-CPU plan the leaders report what happens there from now on. */
	if (plan->per_cpu)
		for (size_t i = 0; i < set->cpu.len; i++)
			ioctl(set->cpu.at[i].leader, PERF_EVENT_IOC_ENABLE, 0);
	tell_small_rings(set, facts);
	return true;
}

static int open_member(struct perf_set *set, const struct perf_cpu *cpu, pid_t pid,
		       enum perf_start start)
{
	struct perf_member member = { .on = (unsigned)(cpu - set->cpu.at) };
	int code;

	member.fd = perf_open_sampling(set->plan, pid, cpu->cpu, start);
	if (member.fd < 0)
		return errno == ENODEV ? 0 : errno;
	if (ioctl(member.fd, PERF_EVENT_IOC_SET_OUTPUT, cpu->leader) ||
	    ioctl(member.fd, PERF_EVENT_IOC_ID, &member.id)) {
		code = errno;
		close(member.fd);
		return code;
	}
	array_push(&set->member, member);
	return 0;
}

int perf_set_add(struct perf_set *set, pid_t pid, enum perf_start start)
{
	size_t before = set->member.len;

	for (size_t i = 0; i < set->cpu.len; i++) {
		int code = open_member(set, &set->cpu.at[i], pid, start);

		if (!code)
			continue;
		while (set->member.len > before)
			close(set->member.at[--set->member.len].fd);
		return code;
	}
	return 0;
}

static void enable(struct perf_set *set, size_t first, size_t last, bool on)
{
	unsigned long request = on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE;

	for (size_t i = first; i < last; i++)
		ioctl(set->member.at[i].fd, request, 0);
}

void perf_set_enable(struct perf_set *set, bool on)
{
	enable(set, 0, set->member.len, on);
}

/* Adds what the event lost since it was told last. */
static void take_lost(int fd, uint64_t *told, uint64_t *sum)
{
	uint64_t value[2];	/* the count of the event itself, then lost */

	if (read(fd, value, sizeof value) != (ssize_t)sizeof value || value[1] < *told)
		return;
	*sum += value[1] - *told;
	*told = value[1];
}

void perf_set_drop(struct perf_set *set, size_t first, size_t last)
{
	struct perf_member *member = set->member.at;

	for (size_t i = first; i < last; i++) {
		if (perf_plan_counts_lost(set->plan))
			take_lost(member[i].fd, &member[i].lost, &set->lost.at[member[i].on]);
		close(member[i].fd);
	}
	if (last < set->member.len)
		memmove(member + first, member + last,
			(set->member.len - last) * sizeof *member);
	set->member.len -= last - first;
}

bool perf_set_replace(struct perf_set *set)
{
	size_t before = set->member.len;

	if (perf_set_add(set, -1, PERF_START_OFF))
		return false;
	/* Closing takes longer than the time between two samples. */
	enable(set, 0, before, false);
	enable(set, before, set->member.len, true);
	perf_set_drop(set, 0, before);
	return true;
}

uint64_t perf_set_read_lost(struct perf_set *set)
{
	uint64_t records = 0;

	if (!perf_plan_counts_lost(set->plan))
		return 0;
	for (size_t i = 0; i < set->member.len; i++) {
		struct perf_member *member = &set->member.at[i];

		take_lost(member->fd, &member->lost, &set->lost.at[member->on]);
	}
	for (size_t i = 0; i < set->cpu.len; i++)
		take_lost(set->cpu.at[i].leader, &set->leader_lost.at[i], &records);
	return records;
}

bool perf_set_take_lost(struct perf_set *set, uint16_t *cpu, uint64_t *samples)
{
	for (size_t i = 0; i < set->lost.len; i++) {
		if (!set->lost.at[i])
			continue;
		*cpu = (uint16_t)set->cpu.at[i].cpu;
		*samples = set->lost.at[i];
		set->lost.at[i] = 0;
		return true;
	}
	return false;
}

void perf_set_close(struct perf_set *set)
{
	for (size_t i = 0; i < set->member.len; i++)
		close(set->member.at[i].fd);
	for (size_t i = 0; i < set->cpu.len; i++) {
		perf_ring_unmap(&set->cpu.at[i].ring);
		close(set->cpu.at[i].leader);
	}
	array_release(&set->member);
	array_release(&set->cpu);
	array_release(&set->leader_lost);
	array_release(&set->lost);
}
