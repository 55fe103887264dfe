#include "source/perf_open.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "source/perf_ring.h"
#include "source/perf_stack.h"
#include "source/privilege.h"
#include "source/process_scan.h"

/* Newer than some headers; the value is part of the kernel's interface. */
enum { FORMAT_LOST = 1 << 4 };

enum lacking {
	LACKS_EXCLUDE_GUEST	= 1 << 0,	/* not every PMU */
	LACKS_INHERIT_THREAD	= 1 << 1,	/* 5.13 */
	LACKS_LOST		= 1 << 2,	/* read_format LOST, 6.0 */
	LACKS_ALL		= (1 << 3) - 1,
};

struct event_name {
	const char *name;
	uint32_t type;
	uint64_t config;
	enum unit unit;
};

static const struct event_name event_names[] = {
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, UNIT_COUNT },
	{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, UNIT_NANOSECONDS },
	{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, UNIT_NANOSECONDS },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, UNIT_COUNT },
	{ "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, UNIT_COUNT },
	{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, UNIT_COUNT },
	{ "cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, UNIT_COUNT },
	{ "cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, UNIT_COUNT },
	{ "bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES, UNIT_COUNT },
	{ "ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES, UNIT_COUNT },
	{ "stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND,
	  UNIT_COUNT },
	{ "stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
	  UNIT_COUNT },
	{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, UNIT_COUNT },
	{ "minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, UNIT_COUNT },
	{ "major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, UNIT_COUNT },
	{ "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, UNIT_COUNT },
	{ "cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, UNIT_COUNT },
	{ "alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS, UNIT_COUNT },
};

/* Of a ring: early enough to come late. */
enum { WATERMARK_MAX = 512 << 10 };

enum { EVENT_NAMES = sizeof event_names / sizeof *event_names };

/* In all records; samples have more. */
static const uint64_t SAMPLE_FIELDS = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
				      PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD;

static int sys_perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool is_clock(const struct perf_plan *plan)
{
	return plan->type == PERF_TYPE_SOFTWARE && (plan->config == PERF_COUNT_SW_CPU_CLOCK ||
						    plan->config == PERF_COUNT_SW_TASK_CLOCK);
}

bool perf_plan_copies_stacks(const struct perf_plan *plan)
{
	return plan->call_graph == CALL_GRAPH_AUTO;
}

/* Registers and stack are walked by us, but the kernel knows best what it called. */
static uint64_t stack_fields(const struct perf_plan *plan)
{
	switch (plan->call_graph) {
	case CALL_GRAPH_AUTO:
		return PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER |
		       (plan->user_only ? 0 : PERF_SAMPLE_CALLCHAIN);
	case CALL_GRAPH_FP:
		return PERF_SAMPLE_CALLCHAIN;
	case CALL_GRAPH_NONE:
		break;
	}
	return 0;
}

/* What all events that share a ring must agree on. */
static struct perf_event_attr common_attr(const struct perf_plan *plan)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.sample_type = SAMPLE_FIELDS,
		.read_format = plan->lacking & LACKS_LOST ? 0 : FORMAT_LOST,
		.sample_id_all = plan->layout.id_everywhere,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.disabled = 1,
	};
}

static void add_sideband(struct perf_event_attr *attr)
{
	attr->mmap = 1;
	attr->mmap2 = 1;
	attr->comm = 1;
	attr->comm_exec = 1;
	attr->task = 1;
}

int perf_open_sampling(const struct perf_plan *plan, pid_t pid, unsigned cpu,
		       enum perf_start start)
{
	struct perf_event_attr attr = common_attr(plan);

	attr.type = plan->type;
	attr.config = plan->config;
	attr.freq = plan->frequency != 0;
	if (plan->frequency)
		attr.sample_freq = plan->frequency;
	else
		attr.sample_period = 1;
	attr.exclude_kernel = plan->user_only;
	attr.exclude_hv = plan->user_only;
	attr.exclude_idle = is_clock(plan);
	attr.exclude_guest = plan->type == PERF_TYPE_HARDWARE &&
			     !(plan->lacking & LACKS_EXCLUDE_GUEST);
	attr.sample_type |= stack_fields(plan);
	if (perf_plan_copies_stacks(plan)) {
		attr.sample_regs_user = PERF_REGISTERS_MASK;
		attr.sample_stack_user = plan->stack_bytes;
		attr.exclude_callchain_user = 1;
	}
	attr.disabled = start != PERF_START_NOW;
	attr.enable_on_exec = start == PERF_START_ON_EXEC;
	if (pid != -1) {
		attr.inherit = 1;
		attr.inherit_thread = plan->threads_only &&
				      !(plan->lacking & LACKS_INHERIT_THREAD);
		add_sideband(&attr);
	}
	return sys_perf_event_open(&attr, pid, (int)cpu);
}

int perf_open_sideband(const struct perf_plan *plan, pid_t pid, unsigned cpu)
{
	struct perf_event_attr attr = common_attr(plan);

	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.exclude_kernel = 1;
	attr.exclude_hv = 1;
	attr.watermark = 1;
	attr.wakeup_watermark = (unsigned)(plan->ring_bytes / 4);
	if (attr.wakeup_watermark > WATERMARK_MAX)
		attr.wakeup_watermark = WATERMARK_MAX;
	add_sideband(&attr);
	return sys_perf_event_open(&attr, pid, (int)cpu);
}

int perf_open_try(uint32_t type, uint64_t config, pid_t pid, int cpu, bool kernel)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = type,
		.config = config,
		.disabled = 1,
		.freq = 1,
		.sample_freq = 99,
		.exclude_kernel = !kernel,
		.exclude_hv = !kernel,
	};
	int fd = sys_perf_event_open(&attr, pid, cpu);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

bool perf_plan_counts_lost(const struct perf_plan *plan)
{
	return !(plan->lacking & LACKS_LOST);
}

void perf_plan_release(struct perf_plan *plan)
{
	array_release(&plan->cpu);
}

/* "0-3,6": the form of the kernel's lists of CPUs. */
static bool parse_cpus(struct perf_plan *plan, const char *at)
{
	while (*at) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return false;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
			if (end == at)
				return false;
		}
		if (last > UINT16_MAX || first > last)
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			array_push(&plan->cpu, (unsigned)cpu);
		at = *end == ',' ? end + 1 : end;
		if (*end != ',')
			break;
	}
	return plan->cpu.len > 0;
}

static void find_cpus(struct perf_plan *plan)
{
	struct strbuf text = STRBUF_INIT;
	struct error ignored;
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	if (!file_read("/sys/devices/system/cpu/online", 4096, &text, &ignored) ||
	    !parse_cpus(plan, text.text)) {
		plan->cpu.len = 0;
		for (unsigned cpu = 0; cpu < (count > 0 ? (unsigned)count : 1); cpu++)
			array_push(&plan->cpu, cpu);
	}
	strbuf_release(&text);
}

int perf_open_try_stacks(unsigned *stack_bytes, size_t *ring_bytes)
{
	struct perf_plan plan = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.frequency = 99,
		.user_only = true,
		.lacking = LACKS_ALL,
		.stack_bytes = PERF_STACK_FIRST,
	};
	struct privilege privilege;
	int fd, code;

	privilege_read(&privilege);
	find_cpus(&plan);
	*ring_bytes = perf_stack_ring(&privilege, plan.cpu.len);
	*stack_bytes = perf_stack_fitting(*ring_bytes);
	fd = perf_open_sampling(&plan, 0, plan.cpu.at[0], PERF_START_OFF);
	code = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	perf_plan_release(&plan);
	return code;
}

__attribute__((format(printf, 2, 3)))
static void notice(struct source_facts *facts, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	array_push(&facts->notice, strbuf_take(&text));
}

static bool unknown_event(const char *name, struct error *error)
{
	struct strbuf known = STRBUF_INIT;

	for (size_t i = 0; i < EVENT_NAMES; i++)
		strbuf_addf(&known, "%s%s", i ? ", " : "", event_names[i].name);
	error_set(error, EINVAL,
		  "unknown event '%.60s'; known are: auto, %s; with :u behind, user code only",
		  name, known.text);
	strbuf_release(&known);
	return false;
}

static bool is_auto(const char *event)
{
	return !event || strcmp(event, "auto") == 0 || strcmp(event, "auto:u") == 0;
}

/* The event of that name, its ":u" ignored; or NULL. */
static const struct event_name *find_event(const char *name)
{
	size_t len = strlen(name);

	if (len > 2 && strcmp(name + len - 2, ":u") == 0)
		len -= 2;
	for (size_t i = 0; i < EVENT_NAMES; i++)
		if (strlen(event_names[i].name) == len &&
		    strncmp(event_names[i].name, name, len) == 0)
			return &event_names[i];
	return NULL;
}

static bool asks_user_only(const char *event)
{
	size_t len = event ? strlen(event) : 0;

	return len > 2 && strcmp(event + len - 2, ":u") == 0;
}

/* Open and close one event as planned; 0 or errno. */
static int try_plan(const struct perf_plan *plan, pid_t pid)
{
	pid_t tid = plan->per_cpu ? -1 : process_living_thread(pid);
	int fd = perf_open_sampling(plan, tid, plan->cpu.at[0], PERF_START_OFF);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* An older kernel knows fewer of the fields: leave them out one by one. */
static int try_older(struct perf_plan *plan, pid_t pid)
{
	int code = try_plan(plan, pid);

	for (unsigned bit = 1; code == EINVAL && bit & LACKS_ALL; bit <<= 1) {
		plan->lacking |= bit;
		code = try_plan(plan, pid);
	}
	if (code)
		plan->lacking = 0;
	return code;
}

static const struct scope {
	bool per_cpu, user_only;
} scopes[] = {
	{ true, false }, { true, true }, { false, false }, { false, true },
};

/* From all that may be seen down to the least; 0 or the last errno. */
static int try_scopes(struct perf_plan *plan, const struct target *target, pid_t pid)
{
	bool user_only = asks_user_only(target->event);
	int code = EACCES;

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
		if (user_only && !scopes[i].user_only)
			continue;
		if (target->everything && !scopes[i].per_cpu)
			continue;
		plan->per_cpu = scopes[i].per_cpu;
		plan->user_only = scopes[i].user_only;
		code = try_older(plan, pid);
		if (code != EACCES && code != EPERM)
			return code;
	}
	return code;
}

static bool is_missing(int code)
{
	return code == ENOENT || code == ENODEV || code == EOPNOTSUPP || code == EINVAL;
}

/*
 * Aiming at a frequency, the kernel takes seconds to find out how rare page
 * faults and the like are, and gives hardly a sample of a short program.
 */
static bool is_rare(const struct event_name *event)
{
	return event->type == PERF_TYPE_SOFTWARE && event->unit == UNIT_COUNT;
}

static void use_event(struct perf_plan *plan, const struct event_name *event)
{
	if (is_rare(event))
		plan->frequency = 0;
	plan->type = event->type;
	plan->config = event->config;
	plan->unit = event->unit;
	snprintf(plan->event, sizeof plan->event, "%s", event->name);
}

static bool choose_auto(struct perf_plan *plan, const struct target *target, pid_t pid,
			struct source_facts *facts, int *code)
{
	use_event(plan, find_event("cycles"));
	*code = try_scopes(plan, target, pid);
	if (!is_missing(*code))
		return !*code;
	use_event(plan, find_event("cpu-clock"));
	*code = try_scopes(plan, target, pid);
	if (*code)
		return false;
	notice(facts, "no hardware counters here (a virtual machine?): sampling by cpu-clock");
	return true;
}

static bool missing_event(const struct perf_plan *plan, int code, struct error *error)
{
	return error_set(error, code, "this machine can't sample by %s (%s)%s", plan->event,
			 strerror(code),
			 plan->type == PERF_TYPE_HARDWARE
				 ? ": no such hardware counter, as in most virtual machines; "
				   "cpu-clock works everywhere"
				 : "");
}

static bool choose_event(struct perf_plan *plan, const struct target *target, pid_t pid,
			 struct source_facts *facts, struct error *error)
{
	const struct event_name *event = NULL;
	int code = 0;

	if (!is_auto(target->event)) {
		event = find_event(target->event);
		if (!event)
			return unknown_event(target->event, error);
		use_event(plan, event);
		code = try_scopes(plan, target, pid);
	} else {
		choose_auto(plan, target, pid, facts, &code);
	}
	if (!code)
		return true;
	if (event && is_missing(code))
		return missing_event(plan, code, error);
	return privilege_explain(&(struct refusal){ .code = code,
						    .pid = pid,
						    .everything = target->everything,
						    .event = plan->event,
						    .wanted_files = 2 * plan->cpu.len },
				 error);
}

static void limit_frequency(struct perf_plan *plan, const struct privilege *privilege,
			    struct source_facts *facts)
{
	if (privilege->max_rate <= 0 || plan->frequency <= privilege->max_rate)
		return;
	plan->frequency = (unsigned)privilege->max_rate;
	notice(facts, "sampling at %u Hz: kernel.perf_event_max_sample_rate allows no more",
	       plan->frequency);
}

static void tell_steps(struct perf_plan *plan, const struct target *target,
		       struct source_facts *facts)
{
	static const char *const ways[] = {
		[CALL_GRAPH_AUTO] = "unwind information",
		[CALL_GRAPH_FP] = "frame pointers",
		[CALL_GRAPH_NONE] = "no stacks",
	};
	size_t len = strlen(plan->event);

	if (!plan->per_cpu)
		notice(facts, "sampling thread by thread: not allowed to measure whole CPUs "
			      "(threads of a few milliseconds count too low)");
	if (plan->user_only && !asks_user_only(target->event))
		notice(facts, "user code only: not allowed to sample the kernel (tprof doctor)");
	if (plan->user_only && plan->type == PERF_TYPE_SOFTWARE &&
	    (plan->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
	     plan->config == PERF_COUNT_SW_CPU_MIGRATIONS))
		notice(facts, "%s happen in the kernel: user code alone shows none", plan->event);
	if (plan->user_only)
		snprintf(plan->event + len, sizeof plan->event - len, ":u");
	snprintf(facts->event, sizeof facts->event, "%s", plan->event);
	snprintf(facts->backend, sizeof facts->backend, "perf, per %s",
		 plan->per_cpu ? "CPU" : "thread");
	snprintf(facts->call_graph, sizeof facts->call_graph, "%s", ways[plan->call_graph]);
	facts->unit = plan->unit;
	facts->frequency = plan->frequency;
	facts->cpus = (unsigned)plan->cpu.len;
	facts->kernel = !plan->user_only;
}

/* Unwind information is understood on one kind of machine only. */
static enum call_graph possible_call_graph(const struct target *target, struct source_facts *facts)
{
#ifdef __x86_64__
	(void)facts;
#else
	if (target->call_graph == CALL_GRAPH_AUTO) {
		notice(facts,
		       "stacks by frame pointers: unwind information is read on x86-64 only");
		return CALL_GRAPH_FP;
	}
#endif
	return target->call_graph;
}

static void choose_ring(struct perf_plan *plan, const struct privilege *privilege)
{
	if (perf_plan_copies_stacks(plan))
		plan->ring_bytes = perf_stack_ring(privilege, plan->cpu.len);
	else
		/* Without privileges the memory comes out of an allowance that others share. */
		plan->ring_bytes = plan->per_cpu ? PERF_RING_BYTES : PERF_RING_BYTES / 2;
	plan->layout.sample_type = SAMPLE_FIELDS | stack_fields(plan);
}

bool perf_plan_make(struct perf_plan *plan, const struct target *target, pid_t pid,
		    struct source_facts *facts, struct error *error)
{
	struct privilege privilege;

	privilege_read(&privilege);
	*plan = (struct perf_plan){
		.frequency = target->frequency ? target->frequency : 999,
		.threads_only = target->no_follow,
		.call_graph = possible_call_graph(target, facts),
		.stack_bytes = PERF_STACK_FIRST,
		.layout = {
			.id_everywhere = true,
			.max_chain = privilege.max_stack > 0 ? (unsigned)privilege.max_stack : 127,
		},
	};
	find_cpus(plan);
	limit_frequency(plan, &privilege, facts);
	if (!choose_event(plan, target, pid, facts, error)) {
		perf_plan_release(plan);
		return false;
	}
	choose_ring(plan, &privilege);
	tell_steps(plan, target, facts);
	return true;
}
