#include "source/bpf_sampler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "bpf/shared.h"
#include "source/bpf_ring.h"
#include "source/code_store.h"

#include <sample.skel.h>

enum {
	RING_BYTES_MIN = 4 << 20,
	RING_BYTES_MAX = 64 << 20,
	RING_BYTES_OF_CPU = 256 << 10,
	DUMPS_PER_SECOND = 200,
	DUMPS_AT_ONCE = 1000,
	MANY_DUMPS_PER_SECOND = 1000,
	HOOKS = 3,
	/* A walk that began with what was given up since then has long ended. */
	GRACE_NS = 1000000000,
};

/* Code that was told before the exec was known about; to be told again. */
struct late {
	pid_t pid;
	struct code_ref ref;
};

struct bpf_sampler {
	struct sample_bpf *skeleton;
	struct bpf_link *hook[HOOKS];
	struct bpf_ring ring;
	int news;			/* an epoll that tells of wake-ups only */
	struct code_shard *shard[CODE_SHARDS_MAX];
	struct code_store *store;
	array(struct late) late;
	uint64_t lost[TALLIES];		/* told already */
	uint64_t dumps[TALLIES];	/* as of the beginning of the pass */
	size_t next_lost;
	char trouble[160];
};

/* What libbpf has to say goes into the text of an error, not to the screen. */
static _Thread_local char last_words[256];

__attribute__((format(printf, 2, 0)))
static int keep_words(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[sizeof last_words];
	size_t len;

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof text, format, args);
	len = strcspn(text, "\n");
	text[len] = '\0';
	/* What comes first says why; what follows, who failed in turn.  A log is too long. */
	if (!last_words[0] && !strstr(text, "LOAD LOG"))
		memcpy(last_words, text, len + 1);
	return 0;
}

static bool explain(int code, struct error *error)
{
	const char *words = strncmp(last_words, "libbpf: ", 8) ? last_words : last_words + 8;

	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return error_set(error, code, "this kernel does not describe its types "
				 "(no /sys/kernel/btf/vmlinux)");
	if (code == EPERM || code == EACCES)
		return error_set(error, code, geteuid() ?
				 "not allowed: BPF needs root, or CAP_BPF and CAP_PERFMON" :
				 "the kernel allows no BPF here: a container without CAP_BPF and "
				 "CAP_PERFMON, or lockdown");
	return error_set(error, code, "the kernel did not take the BPF program: %s%s%s%s",
			 strerror(code), *words ? " (" : "", words, *words ? ")" : "");
}

static size_t ring_bytes(unsigned cpus)
{
	size_t bytes = RING_BYTES_MIN;

	while (bytes < RING_BYTES_MAX && bytes < (size_t)cpus * RING_BYTES_OF_CPU)
		bytes *= 2;
	return bytes;
}

static void set_up(struct sample_bpf *skeleton, const struct bpf_options *options, size_t bytes)
{
	struct sample_settings settings = {
		.everything = options->everything,
		.follow = options->follow,
		.hold = options->hold,
		.dumps = options->dumps,
		/* What tprof may know by the time the sample gets there. */
		.dump_ends = 1u << UNWIND_NOT_READY | 1u << UNWIND_NO_MAPPING,
		.dumps_at_once = DUMPS_AT_ONCE,
		.wake_bytes = (unsigned)(bytes / 4),
	};

	memcpy((void *)&skeleton->rodata->settings, &settings, sizeof settings);
	skeleton->bss->dumps_per_second = DUMPS_PER_SECOND;
	bpf_map__set_max_entries(skeleton->maps.ring, (unsigned)bytes);
}

static bool load(struct bpf_sampler *sampler, const struct bpf_options *options,
		 struct error *error)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	size_t bytes = ring_bytes(options->cpus);
	int code;

	last_words[0] = '\0';
	libbpf_set_print(keep_words);
	sampler->skeleton = sample_bpf__open();
	if (!sampler->skeleton)
		return explain(errno, error);
	set_up(sampler->skeleton, options, bytes);
	code = sample_bpf__load(sampler->skeleton);
	if (!code)
		code = bpf_prog_test_run_opts(
			bpf_program__fd(sampler->skeleton->progs.find_namespace), &run);
	if (!code && run.retval != 1)
		code = -EINVAL;
	if (code)
		return explain(-code, error);
	if (!bpf_ring_map(&sampler->ring, bpf_map__fd(sampler->skeleton->maps.ring), bytes))
		return error_set(error, errno, "can't map the ring of the BPF program: %s",
				 strerror(errno));
	return true;
}

/* A ring is readable as long as there is something in it; only its wake-ups are news. */
static bool open_news(struct bpf_sampler *sampler, struct error *error)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	sampler->news = epoll_create1(EPOLL_CLOEXEC);
	if (sampler->news < 0 ||
	    epoll_ctl(sampler->news, EPOLL_CTL_ADD,
		      bpf_map__fd(sampler->skeleton->maps.ring), &event))
		return error_set(error, errno, "can't wait for the BPF program: %s",
				 strerror(errno));
	return true;
}

static bool attach_hooks(struct bpf_sampler *sampler, struct error *error)
{
	struct bpf_program *program[HOOKS] = {
		sampler->skeleton->progs.on_fork,
		sampler->skeleton->progs.on_exec,
		sampler->skeleton->progs.on_exit,
	};

	for (size_t i = 0; i < HOOKS; i++) {
		sampler->hook[i] = bpf_program__attach(program[i]);
		if (!sampler->hook[i])
			return explain(errno, error);
	}
	return true;
}

static bool make_shard(struct bpf_sampler *sampler, unsigned number)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct code_shard *shard;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "shard", sizeof number, sizeof *shard, 1,
				&options);

	if (fd < 0)
		return false;
	shard = mmap(NULL, sizeof *shard, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shard != MAP_FAILED &&
	    !bpf_map_update_elem(bpf_map__fd(sampler->skeleton->maps.shards), &number, &fd, 0))
		sampler->shard[number] = shard;
	else if (shard != MAP_FAILED)
		munmap(shard, sizeof *shard);
	/* The mapping and the map of maps keep it. */
	close(fd);
	return sampler->shard[number] != NULL;
}

static struct code_shard *shard_at(void *context, unsigned number)
{
	struct bpf_sampler *sampler = context;

	if (number >= CODE_SHARDS_MAX || (!sampler->shard[number] && !make_shard(sampler, number)))
		return NULL;
	return sampler->shard[number];
}

struct bpf_sampler *bpf_sampler_open(const struct bpf_options *options, struct error *error)
{
	struct bpf_sampler *sampler = xcalloc(1, sizeof *sampler);

	sampler->news = -1;
	if (!load(sampler, options, error) || !open_news(sampler, error) ||
	    !attach_hooks(sampler, error)) {
		bpf_sampler_close(sampler);
		return NULL;
	}
	sampler->store = code_store_new(&(struct code_memory){
		.shard = shard_at,
		.context = sampler,
		.rules = sampler->skeleton->bss->rules,
	});
	return sampler;
}

void bpf_sampler_close(struct bpf_sampler *sampler)
{
	if (!sampler)
		return;
	for (size_t i = 0; i < HOOKS; i++)
		bpf_link__destroy(sampler->hook[i]);
	code_store_free(sampler->store);
	for (size_t i = 0; i < CODE_SHARDS_MAX; i++)
		if (sampler->shard[i])
			munmap(sampler->shard[i], sizeof *sampler->shard[i]);
	bpf_ring_unmap(&sampler->ring);
	if (sampler->news >= 0)
		close(sampler->news);
	sample_bpf__destroy(sampler->skeleton);
	array_release(&sampler->late);
	xfree(sampler);
}

int bpf_sampler_attach(struct bpf_sampler *sampler, int event)
{
	int fd = bpf_program__fd(sampler->skeleton->progs.take_sample);

	return ioctl(event, PERF_EVENT_IOC_SET_BPF, fd) ? errno : 0;
}

static int map_of_targets(const struct bpf_sampler *sampler)
{
	return bpf_map__fd(sampler->skeleton->maps.targets);
}

static int map_of_codes(const struct bpf_sampler *sampler)
{
	return bpf_map__fd(sampler->skeleton->maps.codes);
}

bool bpf_sampler_add(struct bpf_sampler *sampler, pid_t pid, bool from_exec,
		     struct error *error)
{
	struct target_entry entry = { .state = from_exec ? TARGET_WAITING : TARGET_COUNTING };

	/* One that forked from another of the set is there by itself. */
	if (!bpf_map_update_elem(map_of_targets(sampler), &pid, &entry, BPF_NOEXIST) ||
	    errno == EEXIST)
		return true;
	return error_set(error, errno, "can't have the kernel follow process %d: %s", (int)pid,
			 strerror(errno));
}

/* Samples. */

int bpf_sampler_fd(const struct bpf_sampler *sampler)
{
	return sampler->news;
}

void bpf_sampler_begin(struct bpf_sampler *sampler)
{
	const volatile struct tally *tally = sampler->skeleton->bss->tallies;
	struct epoll_event event;

	epoll_wait(sampler->news, &event, 1, 0);
	for (size_t i = 0; i < TALLIES; i++)
		sampler->dumps[i] = tally[i].dumps;
	bpf_ring_begin(&sampler->ring);
}

void bpf_sampler_set_room(struct bpf_sampler *sampler, size_t samples)
{
	sampler->skeleton->bss->dump_room = samples < UINT32_MAX ? (uint32_t)samples : UINT32_MAX;
}

void bpf_sampler_read_dumps(struct bpf_sampler *sampler, unsigned cpu)
{
	volatile struct tally *tally = sampler->skeleton->bss->tallies;

	tally[cpu % TALLIES].dumps_read = sampler->dumps[cpu % TALLIES];
}

/* perf marks where the kernel's part begins. */
static bool is_mark(uint64_t ip)
{
	return ip >= (uint64_t)PERF_CONTEXT_MAX;
}

static bool decode(struct bytes bytes, struct event *event)
{
	struct sample_record record;
	const uint64_t *ip = (const uint64_t *)(const void *)(bytes.at + sizeof record);

	if (bytes.len < sizeof record)
		return false;
	memcpy(&record, bytes.at, sizeof record);
	if ((bytes.len - sizeof record) / sizeof *ip < record.count ||
	    record.kernel_count > record.count || record.end >= UNWIND_ENDS)
		return false;
	if (record.kernel_count && is_mark(*ip)) {
		ip++;
		record.count--;
		record.kernel_count--;
	}
	*event = (struct event){
		.type = EVENT_SAMPLE,
		.time = record.time,
		.pid = record.pid,
		.tid = record.tid,
		.cpu = record.cpu,
		.sample = {
			.weight = record.weight,
			.ip = ip,
			.ip_count = record.count,
			.kernel_count = record.kernel_count,
			.end = record.end,
		},
	};
	return true;
}

bool bpf_sampler_next(struct bpf_sampler *sampler, struct event *event)
{
	struct bytes record;

	while (bpf_ring_next(&sampler->ring, &record))
		if (decode(record, event))
			return true;
	return false;
}

void bpf_sampler_done(struct bpf_sampler *sampler)
{
	bpf_ring_done(&sampler->ring);
}

bool bpf_sampler_is_behind(const struct bpf_sampler *sampler)
{
	return sampler->ring.busy;
}

bool bpf_sampler_take_lost(struct bpf_sampler *sampler, uint16_t *cpu, uint64_t *samples)
{
	const volatile struct tally *tally = sampler->skeleton->bss->tallies;

	for (; sampler->next_lost < TALLIES; sampler->next_lost++) {
		size_t i = sampler->next_lost;
		uint64_t lost = tally[i].lost;

		if (lost == sampler->lost[i])
			continue;
		*cpu = (uint16_t)i;
		*samples = lost - sampler->lost[i];
		sampler->lost[i] = lost;
		return true;
	}
	sampler->next_lost = 0;
	return false;
}

/* Code. */

static bool is_known(const struct bpf_sampler *sampler, pid_t pid, uint64_t as_of)
{
	struct target_entry target;

	return bpf_map_lookup_elem(map_of_targets(sampler), &pid, &target) ||
	       target.exec_time <= as_of;
}

static void forget_late(struct bpf_sampler *sampler, pid_t pid)
{
	for (size_t i = 0; i < sampler->late.len; i++)
		if (sampler->late.at[i].pid == pid)
			sampler->late.at[i--] = sampler->late.at[--sampler->late.len];
}

void bpf_sampler_set_code(struct bpf_sampler *sampler, const struct code_change *change,
			  uint64_t as_of)
{
	struct late late = { .pid = change->pid };
	uint64_t now = clock_now();

	forget_late(sampler, change->pid);
	if (change->gone)
		code_store_drop(sampler->store, change->pid, now);
	if (change->gone || !code_store_put(sampler->store, change, &late.ref, now)) {
		bpf_map_delete_elem(map_of_codes(sampler), &change->pid);
		return;
	}
	late.ref.as_of = as_of;
	bpf_map_update_elem(map_of_codes(sampler), &change->pid, &late.ref, BPF_ANY);
	if (!is_known(sampler, change->pid, as_of))
		array_push(&sampler->late, late);
}

void bpf_sampler_allow_dumps(struct bpf_sampler *sampler, bool many)
{
	sampler->skeleton->bss->dumps_per_second = many ? MANY_DUMPS_PER_SECOND :
							  DUMPS_PER_SECOND;
}

void bpf_sampler_settle(struct bpf_sampler *sampler, uint64_t as_of)
{
	for (size_t i = 0; i < sampler->late.len; i++) {
		struct late *late = &sampler->late.at[i];

		if (!is_known(sampler, late->pid, as_of))
			continue;
		late->ref.as_of = as_of;
		bpf_map_update_elem(map_of_codes(sampler), &late->pid, &late->ref, BPF_ANY);
		sampler->late.at[i--] = sampler->late.at[--sampler->late.len];
	}
	if (as_of > GRACE_NS)
		code_store_settle(sampler->store, as_of - GRACE_NS);
}

bool bpf_sampler_has_code(const struct bpf_sampler *sampler, pid_t pid)
{
	struct code_ref ref;

	return !bpf_map_lookup_elem(map_of_codes(sampler), &pid, &ref) && ref.count &&
	       code_store_is_whole(sampler->store, pid) && is_known(sampler, pid, ref.as_of);
}

const char *bpf_sampler_trouble(struct bpf_sampler *sampler)
{
	const volatile unsigned long long *refused = &sampler->skeleton->bss->refused;
	struct code_store_facts facts;

	code_store_facts(sampler->store, &facts);
	if (*refused)
		snprintf(sampler->trouble, sizeof sampler->trouble,
			 "%llu processes are not measured: no more than %d at a time are followed",
			 *refused, TARGETS_MAX);
	else if (facts.full)
		snprintf(sampler->trouble, sizeof sampler->trouble,
			 "no room for more unwind information in the kernel: some stacks are "
			 "truncated");
	return sampler->trouble[0] ? sampler->trouble : NULL;
}

bool bpf_sampler_try(struct bpf_facts *facts, struct error *error)
{
	struct bpf_options options = { .cpus = 1 };
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof info;
	uint64_t start = clock_now();
	struct bpf_sampler *sampler = bpf_sampler_open(&options, error);
	int fd;

	*facts = (struct bpf_facts){ .load_time = clock_now() - start };
	if (!sampler)
		return false;
	fd = bpf_program__fd(sampler->skeleton->progs.take_sample);
	if (!bpf_obj_get_info_by_fd(fd, &info, &size)) {
		facts->instructions = info.xlated_prog_len / 8;
		facts->verified = info.verified_insns;
	}
	bpf_sampler_close(sampler);
	return true;
}
