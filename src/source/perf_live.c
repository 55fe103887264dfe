#include "source/perf_live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve/code.h"
#include "source/bpf_sampler.h"
#include "source/perf_adapt.h"
#include "source/privilege.h"
#include "source/process_scan.h"
#include "source/sorter.h"

enum {
	READ_BUDGET_NS = 3000000,
	BUDGET_RECORDS = 64,		/* between looks at the clock */
	CHECK_NS = 1000000000,
	WATCHED_MAX = 4096,
	AROUND_STACK = 2048,		/* bytes of a sample besides the copy */
};

/*
 * A record is stamped before it becomes visible in its ring, a little
 * later when the machine interrupts just then.  So what is this much older
 * than the beginning of a pass was seen in it, and can be passed on.
 */
enum { SETTLE_NS = 5000000 };

/* A target given by number: the start time tells it from a later one. */
struct attached {
	pid_t pid;
	int pidfd;
	uint64_t start;
};

struct perf_live {
	struct source source;
	struct sink filter;		/* between the sorter and the resolver */
	struct sorter *sorter;
	struct resolver *resolver;
	struct source_facts *facts;
	struct perf_plan plan;
	struct perf_set set;
	struct bpf_sampler *sampler;	/* NULL: all samples are perf's own */
	struct perf_threads threads;
	struct perf_adapt adapt;
	struct perf_scratch scratch;
	array(struct attached) attached;

	bool everything, no_follow;
	pid_t launched;
	int launched_pidfd;		/* -1: none */
	unsigned passes_after_exit;	/* of the launched program */
	bool followed;			/* somebody of the target was seen */
	bool told_other_user;
	bool hurried;			/* the thread that reads */

	bool sampler_done;		/* in the pass under way */
	size_t next_ring;
	uint64_t pass_start;		/* 0: none is under way */
	bool lost_seen;
	uint64_t last_check;
	uint64_t begun;			/* samples before it are dropped */
	uint64_t silent_from, silent_until;	/* samples of that time are dropped */
	uint64_t finished;			/* when sampling was ended, 0: not yet */
};

static const struct perf_live *const_live(const struct source *source)
{
	return (const struct perf_live *)source;
}

static void notice(struct perf_live *live, const char *text)
{
	array_push(&live->facts->notice, xstrdup(text));
}

/*
 * Without privileges the kernel stops sampling a process that turns into
 * another user's, and says nothing.
 */
static void check_user(struct perf_live *live, pid_t pid)
{
	char path[32], text[160];
	struct stat st;
	uid_t uid;

	if (live->plan.per_cpu || live->told_other_user || !geteuid())
		return;
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	if (stat(path, &st) || st.st_uid == geteuid() || !process_owner(pid, &uid) ||
	    uid == geteuid())
		return;
	live->told_other_user = true;
	snprintf(text, sizeof text,
		 "process %d runs as another user now (set-uid): the kernel stopped sampling it",
		 (int)pid);
	notice(live, text);
}

static bool is_silent(const struct perf_live *live, uint64_t time)
{
	return time < live->begun || (time >= live->silent_from && time < live->silent_until);
}

/* Called by the sorter, in order of time. */
static void filter_event(struct sink *sink, const struct event *event)
{
	struct perf_live *live =
		(struct perf_live *)(void *)((char *)sink - offsetof(struct perf_live, filter));
	struct sink *to = resolver_sink(live->resolver);

	if (event->type == EVENT_SAMPLE && is_silent(live, event->time))
		return;
	if (!perf_threads_accept(&live->threads, event))
		return;
	to->event(to, event);
	if (event->type == EVENT_EXEC) {
		if (event->pid == live->launched)
			live->followed = true;
		check_user(live, event->pid);
	}
}

/*
 * A LOST record doesn't tell samples from the rest.  Where the kernel
 * counts them per event these counts are taken instead.
 */
static void take_event(struct perf_live *live, struct event *event)
{
	if (event->type == EVENT_LOST) {
		live->lost_seen = true;
		if (perf_plan_counts_lost(&live->plan))
			return;
		event->lost.samples += event->lost.records;
		event->lost.records = 0;
	}
	sorter_push(live->sorter, event);
}

/* False when time is up. */
static bool drain_ring(struct perf_live *live, struct perf_cpu *cpu, uint64_t deadline)
{
	struct bytes record;
	struct event event;
	unsigned count = 0;

	while (perf_ring_next(&cpu->ring, &record)) {
		if (perf_record_decode(record, &live->plan.layout, &live->scratch, &event))
			take_event(live, &event);
		if (++count % BUDGET_RECORDS == 0 && clock_now() >= deadline) {
			perf_ring_done(&cpu->ring);
			return false;
		}
	}
	if (count)
		perf_ring_done(&cpu->ring);
	if (live->sampler)
		bpf_sampler_read_dumps(live->sampler, cpu->cpu);
	return true;
}

/* The same of what comes from the kernel's program. */
static bool drain_sampler(struct perf_live *live, uint64_t deadline)
{
	struct event event;
	unsigned count = 0;

	live->sampler_done = true;
	while (bpf_sampler_next(live->sampler, &event)) {
		sorter_push(live->sorter, &event);
		if (++count % BUDGET_RECORDS == 0 && clock_now() >= deadline) {
			live->sampler_done = false;
			break;
		}
	}
	bpf_sampler_done(live->sampler);
	return live->sampler_done;
}

/* Looks how far every ring is. */
static void begin_pass(struct perf_live *live)
{
	live->pass_start = clock_now();
	live->next_ring = 0;
	for (size_t i = 0; i < live->set.cpu.len; i++)
		perf_ring_begin(&live->set.cpu.at[i].ring);
	live->sampler_done = !live->sampler;
	if (live->sampler)
		bpf_sampler_begin(live->sampler);
}

/* Returns how many records were among it. */
static uint64_t forget_lost(struct perf_live *live)
{
	uint64_t records = perf_set_read_lost(&live->set), samples;
	uint16_t cpu;

	while (perf_set_take_lost(&live->set, &cpu, &samples))
		continue;
	while (live->sampler && bpf_sampler_take_lost(live->sampler, &cpu, &samples))
		continue;
	return records;
}

/* Make room again after a long attach.  What was lost in it does not count. */
static void drain_attach(struct perf_live *live)
{
	begin_pass(live);
	for (size_t i = 0; i < live->set.cpu.len; i++)
		drain_ring(live, &live->set.cpu.at[i], UINT64_MAX);
	live->pass_start = 0;
	live->lost_seen = false;
	forget_lost(live);
}

static bool ring_broke(const struct perf_live *live)
{
	for (size_t i = 0; i < live->set.cpu.len; i++)
		if (live->set.cpu.at[i].ring.broken)
			return true;
	return false;
}

static void tell_lost(struct perf_live *live)
{
	struct event event = { .type = EVENT_LOST, .time = clock_now() };

	live->lost_seen = false;
	event.lost.records = perf_set_read_lost(&live->set);
	if (event.lost.records)
		sorter_push(live->sorter, &event);
	event.lost.records = 0;
	while (perf_set_take_lost(&live->set, &event.cpu, &event.lost.samples))
		sorter_push(live->sorter, &event);
	while (live->sampler &&
	       bpf_sampler_take_lost(live->sampler, &event.cpu, &event.lost.samples))
		sorter_push(live->sorter, &event);
}

/* An EXIT record may be lost: who is not there any more has ended. */
static void find_ended(struct perf_live *live)
{
	static const size_t max = WATCHED_MAX;
	pid_t *pid = xcalloc(max, sizeof *pid);
	size_t count = resolver_watched(live->resolver, pid, max);

	for (size_t i = 0; i < count && i < max; i++) {
		struct event event = {
			.type = EVENT_EXIT,
			.time = live->pass_start,
			.pid = pid[i],
			.tid = pid[i],
			.exit = { .process = true },
		};
		struct process process;

		/* What can't be read may only be hidden from us. */
		if (process_read(pid[i], &process) ? !process_is_gone(&process)
						   : kill(pid[i], 0) == 0 || errno != ESRCH)
			continue;
		/* In order of time: the records of its end may still be under way. */
		sorter_push(live->sorter, &event);
	}
	xfree(pid);
}

static void check(struct perf_live *live, uint64_t now)
{
	if (now - live->last_check < CHECK_NS)
		return;
	live->last_check = now;
	if (live->lost_seen || live->sampler)
		tell_lost(live);
	if (!live->everything)
		find_ended(live);
}

/* The launched program may fail before anybody is watched. */
static bool launched_ended(struct perf_live *live)
{
	struct pollfd fd = { .fd = live->launched_pidfd, .events = POLLIN };

	if (live->launched_pidfd < 0 || poll(&fd, 1, 0) <= 0)
		return false;
	/* One pass for what was in the rings then, one for what had to settle. */
	return ++live->passes_after_exit > 2;
}

static bool target_ended(struct perf_live *live)
{
	pid_t pid;

	if (live->everything)
		return false;
	if (resolver_watched(live->resolver, &pid, 1)) {
		live->followed = true;
		return false;
	}
	return live->followed || launched_ended(live);
}

/* What the processes have mapped as of a time, for those who walk their stacks. */
static void tell_code(struct perf_live *live, uint64_t as_of)
{
	struct code_change change;

	if (!live->sampler)
		return;
	while (resolver_take_code_change(live->resolver, &change))
		bpf_sampler_set_code(live->sampler, &change, as_of);
	bpf_sampler_settle(live->sampler, as_of);
	bpf_sampler_allow_dumps(live->sampler, resolver_is_unsettled(live->resolver));
}

static void pass_on(struct perf_live *live)
{
	uint64_t until = live->pass_start - SETTLE_NS;

	/* Older ones may come in the next pass, which is soon. */
	if (live->sampler && bpf_sampler_is_behind(live->sampler))
		return;
	sorter_flush(live->sorter, live->passes_after_exit > 1 ? UINT64_MAX : until);
	tell_code(live, until);
}

static enum source_state end_pass(struct perf_live *live)
{
	bool finished = live->finished && live->pass_start >= live->finished;

	pass_on(live);
	check(live, live->pass_start);
	if (!live->sampler && perf_plan_copies_stacks(&live->plan) && !live->finished &&
	    !is_silent(live, live->pass_start))
		perf_adapt_work(&live->adapt, live->pass_start);
	live->pass_start = 0;
	if (!finished && !target_ended(live))
		return live->finished ? SOURCE_MORE : SOURCE_WAIT;
	tell_lost(live);
	sorter_flush(live->sorter, UINT64_MAX);
	return SOURCE_END;
}

static enum source_state read_rings(struct source *source, struct error *error)
{
	struct perf_live *live = (struct perf_live *)source;
	uint64_t deadline = clock_now() + READ_BUDGET_NS;

	if (!live->hurried)
		privilege_hurry();
	live->hurried = true;
	if (!live->pass_start)
		begin_pass(live);
	if (!live->sampler_done && !drain_sampler(live, deadline))
		return SOURCE_MORE;
	for (; live->next_ring < live->set.cpu.len; live->next_ring++)
		if (!drain_ring(live, &live->set.cpu.at[live->next_ring], deadline))
			return SOURCE_MORE;
	if (ring_broke(live)) {
		sorter_flush(live->sorter, UINT64_MAX);
		error_set(error, EIO, "the kernel's records of samples make no sense: stopped "
				      "reading them (what was measured before is kept)");
		return SOURCE_FAILED;
	}
	return end_pass(live);
}

static size_t list_fds(const struct source *source, struct pollfd *fd, size_t max)
{
	const struct perf_live *live = const_live(source);
	size_t count = 0;

	for (; count < live->set.cpu.len && count < max; count++)
		fd[count] = (struct pollfd){ .fd = live->set.cpu.at[count].leader,
					     .events = POLLIN };
	if (live->sampler && count < max)
		fd[count++] = (struct pollfd){ .fd = bpf_sampler_fd(live->sampler),
					       .events = POLLIN };
	return count;
}

/*
 * From the first event to the last one, opening may take seconds.  Samples
 * lost in them are not missed; what else was lost is.
 */
static void begin(struct source *source, uint64_t now)
{
	struct perf_live *live = (struct perf_live *)source;
	struct event event = { .type = EVENT_LOST, .time = now };

	live->begun = now;
	/* Those of threads run since the attach, those for a program from its exec on. */
	if (live->plan.per_cpu && !live->sampler)
		perf_set_enable(&live->set, true);
	event.lost.records = forget_lost(live);
	if (event.lost.records)
		sorter_push(live->sorter, &event);
}

/*
 * Thread by thread, the sampling events report mappings and forks too, and
 * those must go on: there the samples are dropped instead.
 */
static void collect(struct source *source, bool on)
{
	struct perf_live *live = (struct perf_live *)source;
	uint64_t now = clock_now();

	if (on) {
		live->silent_until = now;
	} else {
		live->silent_from = now;
		live->silent_until = UINT64_MAX;
	}
	if (live->plan.per_cpu)
		perf_set_enable(&live->set, on);
}

static void finish(struct source *source)
{
	struct perf_live *live = (struct perf_live *)source;

	if (live->finished)
		return;
	/* Nothing of the sampling that is off already comes back. */
	if (live->silent_until != UINT64_MAX)
		collect(source, false);
	live->finished = clock_now();
}

/* Until every stack of it can be walked, from the first instruction on. */
static bool holds(const struct source *source)
{
	const struct perf_live *live = const_live(source);

	return live->sampler && live->launched &&
	       !(resolver_has_rows(live->resolver, live->launched) &&
		 bpf_sampler_has_code(live->sampler, live->launched));
}

static const char *trouble(const struct source *source)
{
	const struct perf_live *live = const_live(source);

	return live->sampler ? bpf_sampler_trouble(live->sampler) : NULL;
}

static void close_live(struct source *source)
{
	struct perf_live *live = (struct perf_live *)source;

	perf_set_close(&live->set);
	bpf_sampler_close(live->sampler);
	perf_plan_release(&live->plan);
	perf_threads_release(&live->threads);
	sorter_free(live->sorter);
	for (size_t i = 0; i < live->attached.len; i++)
		close(live->attached.at[i].pidfd);
	array_release(&live->attached);
	if (live->launched_pidfd >= 0)
		close(live->launched_pidfd);
	xfree(live);
}

static const struct source_ops ops = {
	.name = "perf",
	.fds = list_fds,
	.read = read_rings,
	.begin = begin,
	.collect = collect,
	.finish = finish,
	.holds = holds,
	.trouble = trouble,
	.close = close_live,
};

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool is_gone(struct error *error, pid_t pid)
{
	return error_set(error, ESRCH, "process %d is gone", (int)pid);
}

static bool identify(struct perf_live *live, pid_t pid, struct error *error)
{
	struct attached attached = { .pid = pid };
	struct process process;
	pid_t leader;

	if (!process_read(pid, &process))
		return error_set(error, ESRCH, "there is no process %d", (int)pid);
	leader = process_of_thread(pid);
	if (leader && leader != pid)
		return error_set(error, EINVAL, "%d is a thread of process %d: use -p %d",
				 (int)pid, (int)leader, (int)leader);
	if (process_is_gone(&process))
		return error_set(error, ESRCH, "process %d has ended already", (int)pid);
	attached.start = process.start;
	attached.pidfd = open_pidfd(pid);
	if (attached.pidfd < 0 && errno == ESRCH)
		return is_gone(error, pid);
	array_push(&live->attached, attached);
	return true;
}

/* Is it still the process that was identified at the beginning? */
static bool confirm(const struct attached *attached, struct error *error)
{
	struct pollfd fd = { .fd = attached->pidfd, .events = POLLIN };
	struct process process;

	if (attached->pidfd >= 0 && poll(&fd, 1, 0) > 0)
		return is_gone(error, attached->pid);
	if (!process_read(attached->pid, &process) || process.start != attached->start)
		return is_gone(error, attached->pid);
	return true;
}

/*
 * The kernel adds whom they fork from then on.  Whoever was forked while we
 * looked is found when we look again.
 */
static bool add_targets(struct perf_live *live, struct pid_list *process, bool follow,
			struct error *error)
{
	size_t added = 0;

	while (live->sampler && added < process->len) {
		for (; added < process->len; added++)
			if (!bpf_sampler_add(live->sampler, process->at[added], false, error))
				return false;
		if (follow)
			process_descendants(process);
	}
	return true;
}

/* Who the resolver follows: forks from now on are in the records, others in /proc. */
static bool watch(struct perf_live *live, const struct target *target, struct error *error)
{
	struct pid_list process = { 0 };
	bool ok = true;

	for (size_t i = 0; i < target->pid.len; i++)
		array_push(&process, target->pid.at[i]);
	if (!target->no_follow)
		process_descendants(&process);
	ok = add_targets(live, &process, !target->no_follow, error);
	for (size_t i = 0; ok && i < process.len; i++) {
		struct error child;

		if (i < target->pid.len)
			ok = resolver_watch_process(live->resolver, process.at[i], error);
		else
			resolver_watch_process(live->resolver, process.at[i], &child);
	}
	array_release(&process);
	for (size_t i = 0; ok && i < live->attached.len; i++)
		ok = confirm(&live->attached.at[i], error);
	live->followed = ok;
	return ok;
}

static bool add_failed(const struct perf_live *live, int code, pid_t pid, struct error *error)
{
	return privilege_explain(&(struct refusal){ .code = code,
						    .pid = pid,
						    .everything = live->everything,
						    .event = live->plan.event,
						    .wanted_files = 2 * live->set.cpu.len },
				 error);
}

/* Where threads keep all CPUs busy, what takes work would take long. */
static int begin_urgent(void)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	if (!errno)
		setpriority(PRIO_PROCESS, 0, -20);
	return nice;
}

static void end_urgent(int nice)
{
	setpriority(PRIO_PROCESS, 0, nice);
}

static bool attach_threads(struct perf_live *live, const struct target *target,
			   struct progress *progress, struct error *error)
{
	int nice = begin_urgent();
	bool ok = perf_threads_attach(&live->threads, &live->set, target, progress, error);

	end_urgent(nice);
	if (ok)
		drain_attach(live);
	return ok;
}

/* The events run from the moment on that the program has their samples. */
static int start_sampler(struct perf_live *live, struct error *error)
{
	int code = perf_set_add(&live->set, -1, PERF_START_OFF);

	for (size_t i = 0; !code && i < live->set.member.len; i++)
		code = bpf_sampler_attach(live->sampler, live->set.member.at[i].fd);
	if (!code && live->launched &&
	    !bpf_sampler_add(live->sampler, live->launched, true, error))
		code = ENOMEM;
	if (!code)
		perf_set_enable(&live->set, true);
	return code;
}

static bool start(struct perf_live *live, const struct target *target, struct progress *progress,
		  struct error *error)
{
	int code = 0;

	if (live->sampler)
		code = start_sampler(live, error);
	else if (live->plan.per_cpu)
		code = perf_set_add(&live->set, -1, PERF_START_OFF);
	else if (live->launched)
		code = perf_set_add(&live->set, live->launched, PERF_START_ON_EXEC);
	else if (!attach_threads(live, target, progress, error))
		return false;
	if (code)
		return add_failed(live, code, live->launched, error);
	if (live->everything)
		resolver_watch_everything(live->resolver);
	else if (live->launched)
		resolver_watch_from_exec(live->resolver, live->launched);
	else
		return watch(live, target, error);
	return true;
}

static bool open_sampler(struct perf_live *live, const struct target *target,
			 struct error *error)
{
	struct bpf_options options = {
		.everything = target->everything,
		.follow = !target->no_follow,
		.hold = live->launched != 0,
		.dumps = perf_plan_copies_stacks(&live->plan),
		.cpus = (unsigned)live->plan.cpu.len,
	};

	int nice;

	if (!live->plan.per_cpu)
		return error_set(error, EPERM, "not allowed to measure whole CPUs");
	nice = begin_urgent();
	live->sampler = bpf_sampler_open(&options, error);
	end_urgent(nice);
	return live->sampler != NULL;
}

/* Stacks are walked in the kernel where that is possible; why not is told. */
static bool choose_sampler(struct perf_live *live, const struct target *target,
			   struct source_facts *facts, struct error *error)
{
	char text[sizeof error->text + 80];
	struct error why;

	if (target->backend == BACKEND_PERF || !perf_plan_copies_stacks(&live->plan))
		return true;
	if (open_sampler(live, target, &why)) {
		/* Few are copied, so each may be long. */
		live->plan.stack_bytes = PERF_STACK_MAX;
		snprintf(facts->backend, sizeof facts->backend, "BPF");
		return true;
	}
	if (target->backend == BACKEND_BPF)
		return error_set(error, why.code, "can't walk stacks in the kernel: %s", why.text);
	snprintf(text, sizeof text, "stacks are copied with each sample, not walked in the kernel: "
		 "%s", why.text);
	notice(live, text);
	snprintf(facts->why, sizeof facts->why, "%s", text);
	return true;
}

/* Not more of each stack than the rings have room for. */
static bool open_rings(struct perf_live *live, struct source_facts *facts, struct error *error)
{
	size_t ring;
	unsigned fitting;

	if (!perf_set_open(&live->set, &live->plan, facts, error))
		return false;
	ring = perf_set_least_ring(&live->set);
	fitting = perf_stack_fitting(ring);
	if (live->plan.stack_bytes > fitting)
		live->plan.stack_bytes = fitting;
	/* Something is left for what else is reported. */
	if (live->sampler)
		bpf_sampler_set_room(live->sampler,
				     ring / 8 * 7 / (live->plan.stack_bytes + AROUND_STACK));
	live->adapt = (struct perf_adapt){
		.plan = &live->plan, .set = &live->set, .threads = &live->threads,
		.resolver = live->resolver, .facts = facts, .no_follow = live->no_follow,
		.stack = { .bytes = live->plan.stack_bytes, .least = PERF_STACK_MIN,
			   .fitting = fitting, .most = perf_stack_longest(ring),
			   .since = clock_now() },
	};
	return true;
}

struct source *perf_live_open(const struct target *target, pid_t launched,
			      struct resolver *resolver, struct profile *profile,
			      struct source_facts *facts, struct progress *progress,
			      struct error *error)
{
	struct perf_live *live = xcalloc(1, sizeof *live);
	pid_t pid = launched ? launched : target->pid.len ? target->pid.at[0] : 0;

	live->source.ops = &ops;
	live->filter.event = filter_event;
	live->sorter = sorter_new(&live->filter);
	live->resolver = resolver;
	live->facts = facts;
	live->everything = target->everything;
	live->no_follow = target->no_follow;
	live->launched = launched;
	live->launched_pidfd = launched ? open_pidfd(launched) : -1;
	live->silent_from = UINT64_MAX;
	perf_threads_init(&live->threads);
	privilege_raise_files();
	for (size_t i = 0; !launched && i < target->pid.len; i++)
		if (!identify(live, target->pid.at[i], error))
			goto fail;
	if (!perf_plan_make(&live->plan, target, pid, facts, error) ||
	    !choose_sampler(live, target, facts, error) || !open_rings(live, facts, error) ||
	    !start(live, target, progress, error))
		goto fail;
	profile_add_metric(profile, facts->event, facts->unit);
	return &live->source;
fail:
	close_live(&live->source);
	return NULL;
}
