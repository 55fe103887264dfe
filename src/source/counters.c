#include "source/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/process_scan.h"
#include "source/usage.h"

enum {
	FILES_MAX = 1000,		/* descriptors in all */
	ATTACH_NS = 200000000,		/* opening them may take this long */
};

enum counter {
	TASK_CLOCK, USER_TIME, SYSTEM_TIME, CONTEXT_SWITCHES, VOLUNTARY, INVOLUNTARY, MIGRATIONS,
	MINOR_FAULTS, MAJOR_FAULTS, CYCLES, INSTRUCTIONS, BRANCHES, BRANCH_MISSES,
	CACHE_REFERENCES, CACHE_MISSES, RSS, RSS_PEAK, THREADS, COUNTERS
};

enum how {
	NO_EVENT,	/* only the kernel's own account has it */
	WHOLE,		/* counts all even when the kernel itself may not be measured */
	WITH_KERNEL,	/* happens in the kernel: counts nothing, or too little, without it */
	USER_PART,	/* without the kernel, what happens in user code */
};

struct kind {
	const char *name;
	enum unit unit;
	enum series_kind series;
	enum how how;
	uint32_t type;
	uint64_t config;
};

#define SOFTWARE(event) PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##event
#define HARDWARE(event) PERF_TYPE_HARDWARE, PERF_COUNT_HW_##event

static const struct kind kinds[COUNTERS] = {
	[TASK_CLOCK] = { "task-clock", UNIT_NANOSECONDS, SERIES_TOTAL, WHOLE,
			 SOFTWARE(TASK_CLOCK) },
	[USER_TIME] = { "user-time", UNIT_NANOSECONDS, SERIES_TOTAL, NO_EVENT, 0, 0 },
	[SYSTEM_TIME] = { "system-time", UNIT_NANOSECONDS, SERIES_TOTAL, NO_EVENT, 0, 0 },
	[CONTEXT_SWITCHES] = { "context-switches", UNIT_COUNT, SERIES_TOTAL, WITH_KERNEL,
			       SOFTWARE(CONTEXT_SWITCHES) },
	[VOLUNTARY] = { "voluntary-switches", UNIT_COUNT, SERIES_TOTAL, NO_EVENT, 0, 0 },
	[INVOLUNTARY] = { "involuntary-switches", UNIT_COUNT, SERIES_TOTAL, NO_EVENT, 0, 0 },
	[MIGRATIONS] = { "cpu-migrations", UNIT_COUNT, SERIES_TOTAL, WITH_KERNEL,
			 SOFTWARE(CPU_MIGRATIONS) },
	[MINOR_FAULTS] = { "minor-faults", UNIT_COUNT, SERIES_TOTAL, WITH_KERNEL,
			   SOFTWARE(PAGE_FAULTS_MIN) },
	[MAJOR_FAULTS] = { "major-faults", UNIT_COUNT, SERIES_TOTAL, WITH_KERNEL,
			   SOFTWARE(PAGE_FAULTS_MAJ) },
	[CYCLES] = { "cycles", UNIT_COUNT, SERIES_TOTAL, USER_PART, HARDWARE(CPU_CYCLES) },
	[INSTRUCTIONS] = { "instructions", UNIT_COUNT, SERIES_TOTAL, USER_PART,
			   HARDWARE(INSTRUCTIONS) },
	[BRANCHES] = { "branches", UNIT_COUNT, SERIES_TOTAL, USER_PART,
		       HARDWARE(BRANCH_INSTRUCTIONS) },
	[BRANCH_MISSES] = { "branch-misses", UNIT_COUNT, SERIES_TOTAL, USER_PART,
			    HARDWARE(BRANCH_MISSES) },
	[CACHE_REFERENCES] = { "cache-references", UNIT_COUNT, SERIES_TOTAL, USER_PART,
			       HARDWARE(CACHE_REFERENCES) },
	[CACHE_MISSES] = { "cache-misses", UNIT_COUNT, SERIES_TOTAL, USER_PART,
			   HARDWARE(CACHE_MISSES) },
	[RSS] = { "rss", UNIT_BYTES, SERIES_LEVEL, NO_EVENT, 0, 0 },
	[RSS_PEAK] = { "rss-peak", UNIT_BYTES, SERIES_LEVEL, NO_EVENT, 0, 0 },
	[THREADS] = { "threads", UNIT_COUNT, SERIES_LEVEL, NO_EVENT, 0, 0 },
};

/* Those that only perf events can count come first: descriptors and time may not do for all. */
static const enum counter opened_in_order[] = {
	MIGRATIONS, CYCLES, INSTRUCTIONS, BRANCHES, BRANCH_MISSES, CACHE_REFERENCES, CACHE_MISSES,
	CONTEXT_SWITCHES, MINOR_FAULTS, MAJOR_FAULTS, TASK_CLOCK,
};

struct one {
	size_t series;
	array(int) fd;		/* of perf events; none: by the kernel's account */
	uint64_t value;		/* the last one, since the start */
	uint64_t zero;		/* what had been counted when all was started afresh */
};

struct counters {
	struct profile *profile;
	struct usage *usage;
	struct usage_values before;	/* of the whole system, at the start */
	struct rusage waited_for;	/* by us, at the start */
	struct one one[COUNTERS];
	pid_t launched;
	bool everything, no_follow;
	size_t files;
	uint64_t give_up;	/* opening, at that time */
};

/* Where to open an event: threads, or CPUs. */
struct place {
	pid_t tid;
	int cpu;
};

struct places {
	struct place *at;
	size_t len, cap;
};

static void set_reason(struct counters *counters, enum counter counter, const char *reason)
{
	struct profile *profile = counters->profile;

	profile->series.at[counters->one[counter].series].reason =
		profile_add_string(profile, reason);
}

static struct perf_event_attr attr_of(const struct counters *counters, const struct kind *kind)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.type = kind->type,
		.config = kind->config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.inherit = !counters->everything,
		.inherit_thread = !counters->everything && counters->no_follow,
		.disabled = counters->launched != 0,
		.enable_on_exec = counters->launched != 0,
		.exclude_guest = kind->type == PERF_TYPE_HARDWARE,
	};
}

static int perf_open(struct perf_event_attr *attr, const struct place *place)
{
	return (int)syscall(SYS_perf_event_open, attr, place->tid, place->cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static void close_events(struct counters *counters, enum counter counter)
{
	struct one *one = &counters->one[counter];

	for (size_t i = 0; i < one->fd.len; i++)
		close(one->fd.at[i]);
	counters->files -= one->fd.len;
	array_release(&one->fd);
}

/* Threads come and go, and some CPUs are off.  One that is just leaving is refused in many ways. */
static bool is_absent(const struct place *place, int code)
{
	struct process thread;

	if (place->cpu >= 0)
		return code == ENODEV;
	return code == ESRCH ||
	       !process_read_thread(process_of_thread(place->tid), place->tid, &thread) ||
	       process_is_gone(&thread);
}

/* 0, or why not; nothing stays open then. */
static int open_events(struct counters *counters, enum counter counter,
		       struct perf_event_attr *attr, const struct places *places)
{
	struct one *one = &counters->one[counter];
	int skipped = ESRCH;

	for (size_t i = 0; i < places->len; i++) {
		int fd = perf_open(attr, &places->at[i]);
		int code = fd < 0 ? errno : clock_now() > counters->give_up ? ETIME : 0;

		if (fd >= 0) {
			array_push(&one->fd, fd);
			counters->files++;
		}
		if (code && is_absent(&places->at[i], code)) {
			skipped = code;
		} else if (code) {
			close_events(counters, counter);
			return code;
		}
	}
	return one->fd.len ? 0 : skipped;
}

/* What is in the way of so many: that the event can't be counted at all, or their number. */
static int try_event(struct perf_event_attr attr)
{
	struct place ourselves = { 0, -1 };
	int fd = perf_open(&attr, &ourselves);

	if (fd < 0)
		return errno;
	close(fd);
	return E2BIG;
}

static bool is_forbidden(int code)
{
	return code == EACCES || code == EPERM;
}

static const char *reason_for(enum counter counter, int code)
{
	if (is_forbidden(code))
		return kinds[counter].how == WITH_KERNEL ?
		       "not permitted: it happens in the kernel, see tprof doctor" :
		       "not permitted, see tprof doctor";
	switch (code) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
	case EINVAL:
		return kinds[counter].type == PERF_TYPE_HARDWARE ?
		       "not supported here: this machine has no hardware counter for it" :
		       "not supported by this kernel";
	case EMFILE:
	case ENFILE:
		return "not counted: too many open files";
	case E2BIG:
	case ETIME:
		return "not counted: too many threads to count one by one";
	case ESRCH:
		return "not counted: the process has ended";
	default:
		return "not supported here: the kernel refuses it";
	}
}

/* What the kernel's own account has, and how good that is. */
static const char *account_of_processes(enum counter counter)
{
	switch (counter) {
	case TASK_CLOCK:
	case MINOR_FAULTS:
	case MAJOR_FAULTS:
	case USER_TIME:
	case SYSTEM_TIME:
		return "from /proc; of children that ended, what their parents waited for";
	case CONTEXT_SWITCHES:
	case VOLUNTARY:
	case INVOLUNTARY:
		return "from /proc; threads that ended between two looks are missed";
	case RSS:
		return "from /proc; pages that processes share count in each";
	case RSS_PEAK:
		return "from /proc; the highest seen";
	case THREADS:
		return "from /proc";
	default:
		return NULL;
	}
}

/* NULL: the kernel keeps no account of it. */
static const char *account_of(const struct counters *counters, enum counter counter)
{
	if (!counters->everything)
		return account_of_processes(counter);
	switch (counter) {
	case TASK_CLOCK:
		return "from /proc: time that CPUs were busy";
	case VOLUNTARY:
	case INVOLUNTARY:
	case RSS:
	case RSS_PEAK:
		return NULL;
	default:
		return account_of_processes(counter) ? "from /proc" : NULL;
	}
}

static void open_counter(struct counters *counters, enum counter counter,
			 const struct places *places)
{
	const struct kind *kind = &kinds[counter];
	struct perf_event_attr attr = attr_of(counters, kind);
	const char *account = account_of(counters, counter);
	int code;

	/* A task clock of a CPU runs while that is idle. */
	if (counters->everything && counter == TASK_CLOCK) {
		set_reason(counters, counter, account);
		return;
	}
	if (counters->files + places->len <= FILES_MAX)
		code = open_events(counters, counter, &attr, places);
	else
		code = try_event(attr);
	if (is_forbidden(code) && kind->how != WITH_KERNEL) {
		attr.exclude_kernel = 1;
		code = open_events(counters, counter, &attr, places);
	}
	if (code)
		set_reason(counters, counter, account ? account : reason_for(counter, code));
	else if (attr.exclude_kernel && kind->how == USER_PART)
		set_reason(counters, counter, "perf event, without the kernel: not permitted");
	else
		set_reason(counters, counter, "perf event");
}

static void add_threads(struct places *places, const struct pid_list *threads)
{
	for (size_t i = 0; i < threads->len; i++)
		array_push(places, ((struct place){ threads->at[i], -1 }));
}

static bool has_place(const struct places *places, pid_t tid)
{
	for (size_t i = 0; i < places->len; i++)
		if (places->at[i].tid == tid)
			return true;
	return false;
}

static void find_threads(const struct counters *counters, const struct target *target,
			 struct pid_list *processes, struct pid_list *threads)
{
	for (size_t i = 0; i < target->pid.len; i++)
		array_push(processes, target->pid.at[i]);
	if (!counters->no_follow)
		process_descendants(processes);
	for (size_t i = 0; i < processes->len; i++)
		process_threads(processes->at[i], threads);
}

static void find_places(const struct counters *counters, const struct target *target,
			struct places *places)
{
	struct pid_list processes = { 0 }, threads = { 0 };
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (counters->launched) {
		array_push(places, ((struct place){ counters->launched, -1 }));
	} else if (counters->everything) {
		for (int cpu = 0; cpu < cpus; cpu++)
			array_push(places, ((struct place){ -1, cpu }));
	} else {
		find_threads(counters, target, &processes, &threads);
		add_threads(places, &threads);
	}
	array_release(&processes);
	array_release(&threads);
}

/*
 * Threads inherit the events of the one that starts them.  One that was
 * there before we began and was missed while looking did not.
 */
static void find_missed(const struct counters *counters, const struct target *target,
			uint64_t ticks, const struct places *places, struct places *missed)
{
	struct pid_list processes = { 0 }, threads = { 0 };
	struct process thread;

	find_threads(counters, target, &processes, &threads);
	for (size_t i = 0; i < threads.len; i++)
		if (!has_place(places, threads.at[i]) &&
		    process_read_thread(process_of_thread(threads.at[i]), threads.at[i], &thread) &&
		    thread.start < ticks)
			array_push(missed, ((struct place){ threads.at[i], -1 }));
	array_release(&processes);
	array_release(&threads);
}

static void open_missed(struct counters *counters, const struct places *missed)
{
	for (int i = 0; missed->len && i < COUNTERS; i++) {
		struct perf_event_attr attr = attr_of(counters, &kinds[i]);

		for (size_t j = 0; counters->one[i].fd.len && j < missed->len; j++) {
			int fd = perf_open(&attr, &missed->at[j]);

			if (fd < 0)
				continue;
			array_push(&counters->one[i].fd, fd);
			counters->files++;
		}
	}
}

static void open_all(struct counters *counters, const struct target *target)
{
	uint64_t ticks = usage_ticks_now();
	struct places places = { 0 }, missed = { 0 };

	find_places(counters, target, &places);
	for (size_t i = 0; i < sizeof opened_in_order / sizeof *opened_in_order; i++)
		open_counter(counters, opened_in_order[i], &places);
	if (!counters->launched && !counters->everything) {
		find_missed(counters, target, ticks, &places, &missed);
		open_missed(counters, &missed);
	}
	array_release(&places);
	array_release(&missed);
}

static void explain_rest(struct counters *counters)
{
	for (int i = 0; i < COUNTERS; i++) {
		if (kinds[i].how != NO_EVENT)
			continue;
		if (counters->everything && (i == VOLUNTARY || i == INVOLUNTARY))
			set_reason(counters, i, "not supported for the whole system: "
				   "the kernel counts them by thread");
		else if (counters->everything && (i == RSS || i == RSS_PEAK))
			set_reason(counters, i, "not supported for the whole system");
		else
			set_reason(counters, i, account_of(counters, (enum counter)i));
	}
}

struct counters *counters_open(const struct target *target, pid_t launched, struct profile *profile)
{
	struct counters *counters = xcalloc(1, sizeof *counters);
	struct usage_values ignored;

	counters->profile = profile;
	counters->launched = launched;
	counters->everything = target->everything;
	counters->no_follow = target->no_follow;
	counters->give_up = clock_now() + ATTACH_NS;
	for (int i = 0; i < COUNTERS; i++)
		counters->one[i].series = profile_add_series(profile, kinds[i].name, kinds[i].unit,
							     kinds[i].series);
	open_all(counters, target);
	explain_rest(counters);
	if (counters->everything) {
		usage_read_system(&counters->before);
		return counters;
	}
	counters->usage = usage_new(counters->no_follow);
	getrusage(RUSAGE_CHILDREN, &counters->waited_for);
	usage_read(counters->usage, launched ? &launched : target->pid.at,
		   launched ? 1 : target->pid.len, &ignored);
	return counters;
}

/* Add up the events of all threads or CPUs; false if the processor had no room for them. */
static bool read_events(const struct one *one, uint64_t *value, bool *scaled)
{
	struct { uint64_t value, enabled, running; } got;
	bool ran = false, enabled = false;

	*value = 0;
	*scaled = false;
	for (size_t i = 0; i < one->fd.len; i++) {
		if (read(one->fd.at[i], &got, sizeof got) != sizeof got)
			continue;
		ran = ran || got.running;
		enabled = enabled || got.enabled;
		if (!got.running)
			continue;
		*scaled = *scaled || got.running < got.enabled;
		*value += got.running < got.enabled ?
			  (uint64_t)((unsigned __int128)got.value * got.enabled / got.running) :
			  got.value;
	}
	return ran || !enabled;
}

static uint64_t value_of(const struct usage_values *values, enum counter counter)
{
	switch (counter) {
	case TASK_CLOCK:
		return values->task_ns;
	case USER_TIME:
		return values->user_ns;
	case SYSTEM_TIME:
		return values->system_ns;
	case CONTEXT_SWITCHES:
		return values->switches + values->voluntary + values->involuntary;
	case VOLUNTARY:
		return values->voluntary;
	case INVOLUNTARY:
		return values->involuntary;
	case MINOR_FAULTS:
		return values->minor;
	case MAJOR_FAULTS:
		return values->major;
	case RSS:
		return values->rss;
	case RSS_PEAK:
		return values->rss_peak;
	case THREADS:
		return values->threads;
	default:
		return 0;
	}
}

static uint64_t ns_between(struct timeval from, struct timeval to)
{
	return (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000u +
	       (uint64_t)(to.tv_usec - from.tv_usec) * 1000u;
}

static void take_larger(uint64_t *value, uint64_t other)
{
	if (other > *value)
		*value = other;
}

/*
 * A launched program that we waited for is accounted to us to the last
 * moment, with all that it waited for itself.
 */
static void take_waited_for(const struct counters *counters, struct usage_values *values)
{
	const struct rusage *before = &counters->waited_for;
	struct rusage now;

	getrusage(RUSAGE_CHILDREN, &now);
	take_larger(&values->user_ns, ns_between(before->ru_utime, now.ru_utime));
	take_larger(&values->system_ns, ns_between(before->ru_stime, now.ru_stime));
	take_larger(&values->task_ns, values->user_ns + values->system_ns);
	take_larger(&values->minor, (uint64_t)(now.ru_minflt - before->ru_minflt));
	take_larger(&values->major, (uint64_t)(now.ru_majflt - before->ru_majflt));
	take_larger(&values->voluntary, (uint64_t)(now.ru_nvcsw - before->ru_nvcsw));
	take_larger(&values->involuntary, (uint64_t)(now.ru_nivcsw - before->ru_nivcsw));
	take_larger(&values->rss_peak, (uint64_t)now.ru_maxrss << 10);
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static bool read_system(const struct counters *counters, struct usage_values *values)
{
	const struct usage_values *before = &counters->before;

	if (!usage_read_system(values) || !before->task_ns)
		return false;
	values->task_ns = since(values->task_ns, before->task_ns);
	values->user_ns = since(values->user_ns, before->user_ns);
	values->system_ns = since(values->system_ns, before->system_ns);
	values->minor = since(values->minor, before->minor);
	values->major = since(values->major, before->major);
	values->switches = since(values->switches, before->switches);
	return true;
}

static bool read_usage(struct counters *counters, const pid_t *pid, size_t count, bool last,
		       struct usage_values *values)
{
	if (counters->everything)
		return read_system(counters, values);
	if (last)
		usage_read_all(counters->usage, pid, count, values);
	else
		usage_read(counters->usage, pid, count, values);
	if (counters->launched && !count && !counters->no_follow)
		take_waited_for(counters, values);
	return true;
}

static void add_point(struct counters *counters, enum counter counter, uint64_t now, uint64_t value)
{
	struct one *one = &counters->one[counter];

	if (kinds[counter].series == SERIES_TOTAL) {
		take_larger(&one->value, value);
		value = since(one->value, one->zero);
	}
	profile_add_point(counters->profile, one->series, now, value);
}

/* Who is not there has no memory and no threads; in the end what was last seen tells more. */
static bool is_gone(const struct usage_values *values, enum counter counter)
{
	return kinds[counter].series == SERIES_LEVEL && !value_of(values, counter);
}

static void read_all(struct counters *counters, const struct usage_values *values, uint64_t now,
		     bool last)
{
	for (int i = 0; i < COUNTERS; i++) {
		enum counter counter = (enum counter)i;
		struct one *one = &counters->one[i];
		struct series *series = &counters->profile->series.at[one->series];
		uint64_t value;
		bool scaled;

		if (!one->fd.len) {
			if (values && account_of(counters, counter) &&
			    !(is_gone(values, counter) && (last || !series->supported)))
				add_point(counters, counter, now, value_of(values, counter));
		} else if (read_events(one, &value, &scaled)) {
			series->scaled = scaled;
			add_point(counters, counter, now, value);
		} else if (!series->supported) {
			set_reason(counters, counter,
				   "not counted: others use the hardware counters");
		}
		if (last && !series->supported && account_of(counters, counter))
			set_reason(counters, counter,
				   "not counted: it ended before the first look");
	}
}

void counters_read(struct counters *counters, const pid_t *pid, size_t count, uint64_t now)
{
	struct usage_values values;
	bool known = read_usage(counters, pid, count, false, &values);

	read_all(counters, known ? &values : NULL, now, false);
}

void counters_finish(struct counters *counters, const pid_t *pid, size_t count, uint64_t now)
{
	struct usage_values values;
	bool known = read_usage(counters, pid, count, true, &values);

	read_all(counters, known ? &values : NULL, now, true);
}

void counters_zero(struct counters *counters)
{
	for (int i = 0; i < COUNTERS; i++) {
		struct one *one = &counters->one[i];
		struct series *series = &counters->profile->series.at[one->series];

		series->point.len = 0;
		if (series->kind != SERIES_TOTAL)
			continue;
		one->zero = one->value;
		series->value = 0;
	}
}

void counters_close(struct counters *counters)
{
	if (!counters)
		return;
	for (int i = 0; i < COUNTERS; i++)
		close_events(counters, (enum counter)i);
	usage_free(counters->usage);
	xfree(counters);
}
