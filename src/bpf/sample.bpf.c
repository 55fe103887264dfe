/*
 * Samples with whole stacks, made in the kernel: from the interrupted
 * program's registers and stack, by the rows of the code that it has
 * mapped.  What can't be finished here is left to perf's own samples with a
 * copy of the stack, as long as those are few.
 */
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "bpf/shared.h"

char LICENSE[] SEC("license") = "GPL";

/* From the kernel's interface. */
enum {
	MAP_HASH = 1,
	MAP_ARRAY = 2,
	MAP_PERCPU_ARRAY = 6,
	MAP_ARRAY_OF_MAPS = 12,
	MAP_RINGBUF = 27,
	MAP_MMAPABLE = 1 << 10,
	RING_NO_WAKEUP = 1 << 0,
	RING_FORCE_WAKEUP = 1 << 1,
	RING_AVAILABLE = 0,
	SIGNAL_STOP = 19,
	/* Flags of tasks that never run code of a program. */
	TASK_IO_WORKER = 0x00000010,
	TASK_USER_WORKER = 0x00004000,
	TASK_KTHREAD = 0x00200000,
	TASK_KERNEL_ONLY = TASK_IO_WORKER | TASK_USER_WORKER | TASK_KTHREAD,
};

/* What of the kernel's own is looked at; where it is, the loader finds out. */
#define OF_KERNEL __attribute__((preserve_access_index))

struct upid {
	int nr;
	struct pid_namespace *ns;
} OF_KERNEL;

struct pid {
	unsigned level;
	struct upid numbers[1];
} OF_KERNEL;

typedef struct {
	int counter;
} OF_KERNEL atomic_t;

struct signal_struct {
	atomic_t live;
	struct pid *pids[4];
} OF_KERNEL;

struct task_struct {
	unsigned flags;
	int pid, tgid;
	void *mm;
	struct pid *thread_pid;
	struct signal_struct *signal;
	unsigned in_execve : 1;
} OF_KERNEL;

/* These two are laid out the same everywhere. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};

struct bpf_perf_event_data {
	struct pt_regs regs;
	__u64 sample_period, addr;
};

const volatile struct sample_settings settings = { 0 };

/* All that is not constant and of which there is one. */
struct unwind_rule rules[UNWIND_RULES_MAX];
struct tally tallies[TALLIES];
/* Copies of stacks on each CPU; set from outside. */
volatile unsigned dumps_per_second;
volatile unsigned dump_room;	/* of them that the CPU's ring of perf can hold */
unsigned our_level;		/* of tprof's pid namespace */
unsigned long long our_namespace;
unsigned long long refused;	/* processes that found no room among the targets */
int leaving[LEAVING_MAX];
unsigned next_leaving;

struct shard_map {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct code_shard));
	__uint(map_flags, MAP_MMAPABLE);
};

struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, CODE_SHARDS_MAX);
	__uint(key_size, sizeof(__u32));
	__array(values, struct shard_map);
} shards SEC(".maps");

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct target_entry);
} targets SEC(".maps");

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct code_ref);
} codes SEC(".maps");

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

/* The rule of an address: by the serial of the code, so that nothing stale is found. */
enum { CACHE_SLOTS = 1 << 11 };

struct cached {
	__u64 pc;
	__u32 serial, rule;
};

struct cache {
	struct cached slot[CACHE_SLOTS];
};

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cache);
} caches SEC(".maps");

enum {
	WINDOW_BYTES = 1024,
	PAGE_BYTES = 4096,
	IPS_MAX = SAMPLE_KERNEL_MAX + SAMPLE_USER_MAX,
};

/* What a walk needs; too much for the stack. */
struct scratch {
	struct unwind_state state;
	struct pt_regs regs;
	/* The stack from window_start on, so many bytes of it. */
	__u64 window_start;
	__u32 window_size;
	__u32 end;
	unsigned char window[WINDOW_BYTES];
	/* The innermost frame, when it was left by a guess. */
	__u64 leaf_ip, leaf_sp, leaf_bp;
	__u32 try_leaf, from_leaf;
	__u32 code_first, code_count, code_serial, at;
	/* Of the dumps. */
	__u64 tokens_at;
	__u32 tokens, started;
	struct sample_record record;
	__u64 ip[IPS_MAX + 1];
};

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Numbers. */

static __always_inline int number_of(struct pid *pid)
{
	unsigned level = our_level;
	struct upid *at;

	if (!pid || pid->level < level || level > 32)
		return 0;
	at = (void *)&pid->numbers + level * bpf_core_type_size(struct upid);
	if ((__u64)BPF_CORE_READ(at, ns) != our_namespace)
		return 0;
	return BPF_CORE_READ(at, nr);
}

/* As perf tells them: 0 in a foreign namespace, -1 when it is almost gone. */
static __always_inline int tgid_of(struct task_struct *task)
{
	if (!our_level)
		return task->thread_pid ? task->tgid : -1;
	return task->thread_pid ? number_of(task->signal->pids[1]) : -1;
}

static __always_inline int tid_of(struct task_struct *task)
{
	if (!our_level)
		return task->thread_pid ? task->pid : -1;
	return task->thread_pid ? number_of(task->thread_pid) : -1;
}

/* Run once by tprof: who are we? */
SEC("raw_tp/sched_process_exit")
int find_namespace(void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pid *pid = task->thread_pid;
	struct upid *at;

	(void)context;
	if (!pid)
		return 0;
	our_level = pid->level;
	if (our_level > 32)
		return 0;
	at = (void *)&pid->numbers + our_level * bpf_core_type_size(struct upid);
	our_namespace = (__u64)BPF_CORE_READ(at, ns);
	return 1;
}

/* Reading the stack. */

static __always_inline int fill_window(struct scratch *s, __u64 address)
{
	__u32 rest = PAGE_BYTES - (address & (PAGE_BYTES - 1));

	s->window_start = address;
	s->window_size = WINDOW_BYTES;
	if (!bpf_probe_read_user(s->window, WINDOW_BYTES, (void *)address))
		return 0;
	/* Nothing may be mapped behind this page, or nothing that is there just now. */
	if (rest > WINDOW_BYTES)
		rest = WINDOW_BYTES;
	s->window_size = rest;
	if (rest >= 8 && !bpf_probe_read_user(s->window, rest, (void *)address))
		return 0;
	s->window_size = 0;
	return -1;
}

/* Global, so that it is verified once and not wherever it is called. */
__attribute__((noinline)) int read_stack(struct scratch *s, __u64 address, __u64 *value)
{
	__u64 offset;

	if (!s || !value)
		return -1;
	offset = address - s->window_start;
	if (offset > WINDOW_BYTES - 8 || offset + 8 > s->window_size) {
		if (fill_window(s, address))
			return bpf_probe_read_user(value, sizeof *value, (void *)address);
		offset = 0;
	}
	*value = *(__u64 *)(s->window + (offset & (WINDOW_BYTES - 1)));
	return 0;
}

static __always_inline int read_word(void *context, unsigned long long address,
				     unsigned long long *value)
{
	__u64 word = 0;

	if (read_stack(context, address, &word))
		return -1;
	*value = word;
	return 0;
}

/* From addresses to rules.  Searches without branches: each would be verified twice. */

static __always_inline struct code_shard *shard_of(__u32 word)
{
	__u32 number = word >> CODE_SHARD_BITS, zero = 0;
	void *map = bpf_map_lookup_elem(&shards, &number);

	return map ? bpf_map_lookup_elem(map, &zero) : 0;
}

static __always_inline __u32 in_shard(__u32 word)
{
	return word & (CODE_SHARD_WORDS - 1);
}

/* 1 if a is not above b, for those below 1 << 63. */
static __always_inline __u32 not_above(__u64 a, __u64 b)
{
	return (a - b - 1) >> 63;
}

static __always_inline struct code_entry *find_entry(struct scratch *s, __u64 pc)
{
	const __u32 words = sizeof(struct code_entry) / 4;
	__u32 first = s->code_first + sizeof(struct code_head) / 4, low = 0, left = s->code_count;
	struct code_shard *shard = shard_of(s->code_first);
	struct code_head *head;
	struct code_entry *entry;

	if (!shard)
		return 0;
	head = (void *)&shard->word[in_shard(s->code_first)];
	/* Given back meanwhile, and used for something else. */
	if (head->serial != s->code_serial)
		return 0;
	for (int i = 0; i < 13; i++) {
		__u32 half = left >> 1;

		entry = (void *)&shard->word[in_shard(first + (low + half) * words)];
		low += half * not_above(entry->start, pc);
		left -= half;
	}
	entry = (void *)&shard->word[in_shard(first + low * words)];
	return pc >= entry->start && pc < entry->end ? entry : 0;
}

static __always_inline __u32 find_row(struct code_entry *entry, __u64 offset)
{
	__u32 page = (__u32)(offset >> UNWIND_PAGE_SHIFT) - entry->first_page;
	__u32 word, low, left, key = unwind_row_key(offset);
	struct code_shard *shard;
	struct unwind_page *at;

	if (page >= entry->page_count)
		return 0;
	word = entry->pages + 2 * page;
	shard = shard_of(word);
	if (!shard)
		return 0;
	at = (void *)&shard->word[in_shard(word)];
	word = at->first;
	left = at->count;
	shard = shard_of(word);
	if (!shard)
		return 0;
	low = 0;
	for (int i = 0; i < UNWIND_PAGE_SHIFT; i++) {
		__u32 half = left >> 1;

		low += half * not_above(shard->word[in_shard(word + low + half)], key);
		left -= half;
	}
	return unwind_row_rule(shard->word[in_shard(word + low)]);
}

enum { RULE_MISSING = -1, RULE_PENDING = -2 };

/* The number of the rule at an address, or one of the above. */
__attribute__((noinline)) int find_rule(struct scratch *s, struct cache *cache, __u64 pc)
{
	struct code_entry *entry;
	struct cached *cached;
	__u32 rule = 0;

	if (!s || !cache)
		return RULE_MISSING;
	cached = &cache->slot[((pc >> 1) ^ (pc >> 12) ^ s->code_serial) & (CACHE_SLOTS - 1)];
	if (cached->pc == pc && cached->serial == s->code_serial)
		return cached->rule & (UNWIND_RULES_MAX - 1);
	if (pc >> 47)
		return RULE_MISSING;
	entry = find_entry(s, pc);
	if (!entry)
		return RULE_MISSING;
	if (entry->kind == CODE_PENDING)
		return RULE_PENDING;
	if (entry->kind == CODE_ROWS)
		rule = find_row(entry, pc + entry->shift) & (UNWIND_RULES_MAX - 1);
	*cached = (struct cached){ pc, s->code_serial, rule };
	return rule;
}

/* The walk. */

struct walk {
	struct scratch *s;
	struct cache *cache;
};

/* The innermost function may have pushed nothing yet. */
static __always_inline long leaf_again(struct scratch *s)
{
	s->state.at.ip = s->leaf_ip;
	s->state.at.r[UNWIND_RSP] = s->leaf_sp;
	s->state.at.r[UNWIND_RBP] = s->leaf_bp;
	s->state.leaf = 1;
	s->state.fp_lost = s->state.guessed = 0;
	s->try_leaf = 1;
	s->from_leaf = 0;
	return 0;
}

static __always_inline long no_code(struct scratch *s)
{
	/* Nobody can have called from there: the guess was wrong. */
	if (s->state.guessed) {
		if (s->record.count)
			s->record.count--;
		if (s->state.guessed == UNWIND_GUESS_FP && s->from_leaf)
			return leaf_again(s);
		s->end = UNWIND_NO_ROWS;
		return 1;
	}
	s->end = UNWIND_NO_MAPPING;
	return 1;
}

static __always_inline void record_frame(struct scratch *s)
{
	__u32 n = s->record.count;

	if (n >= IPS_MAX)
		return;
	s->ip[n] = (s->state.at.ip & ((1ull << 61) - 1)) |
		   (s->state.guessed ? 1ull << 62 : 0) | (s->state.leaf ? 1ull << 61 : 0);
	s->record.count = n + 1;
}

/* Global as well, as the verifier goes through a loop's body more than once. */
__attribute__((noinline)) int take_step(struct scratch *s, __u64 rule)
{
	struct unwind_rule from;

	if (!s)
		return UNWIND_NOT_SUPPORTED;
	__builtin_memcpy(&from, &rule, sizeof from);
	return unwind_step(&s->state, from, read_word, s);
}

static long walk_frame(__u32 index, struct walk *walk)
{
	struct scratch *s = walk->s;
	struct cache *cache = walk->cache;
	struct unwind_rule rule = { .cfa = UNWIND_CFA_RSP, .offset = 8 };
	__u32 tried, leaf, end;
	__u64 word;
	int number;

	(void)index;
	if (!s || !cache)
		return 1;
	tried = s->try_leaf;
	leaf = s->state.leaf;
	if (!tried) {
		number = find_rule(s, cache, unwind_pc(&s->state));
		if (number == RULE_PENDING) {
			s->end = UNWIND_NOT_READY;
			return 1;
		}
		if (number < 0)
			return no_code(s);
		rule = rules[number & (UNWIND_RULES_MAX - 1)];
	}
	s->from_leaf = rule.cfa == UNWIND_NONE && leaf;
	if (s->from_leaf) {
		s->leaf_ip = s->state.at.ip;
		s->leaf_sp = s->state.at.r[UNWIND_RSP];
		s->leaf_bp = s->state.at.r[UNWIND_RBP];
	}
	__builtin_memcpy(&word, &rule, sizeof word);
	end = take_step(s, word);
	if (s->from_leaf && end && end != UNWIND_BY_FRAME_POINTER)
		return leaf_again(s);
	if (tried && end)
		end = UNWIND_NO_ROWS;
	if (tried)
		s->state.guessed = UNWIND_GUESS_LEAF;
	s->try_leaf = 0;
	s->end = end;
	if (end)
		return 1;
	if (s->record.count >= s->record.kernel_count + SAMPLE_USER_MAX) {
		s->end = UNWIND_LIMIT;
		return 1;
	}
	record_frame(s);
	return 0;
}

/* The registers with which the program entered the kernel, or was interrupted. */
static __always_inline void take_registers(struct scratch *s, const struct pt_regs *regs)
{
	unsigned long long *r = s->state.at.r;

	r[0] = regs->ax;
	r[1] = regs->dx;
	r[2] = regs->cx;
	r[3] = regs->bx;
	r[4] = regs->si;
	r[5] = regs->di;
	r[6] = regs->bp;
	r[7] = regs->sp;
	r[8] = regs->r8;
	r[9] = regs->r9;
	r[10] = regs->r10;
	r[11] = regs->r11;
	r[12] = regs->r12;
	r[13] = regs->r13;
	r[14] = regs->r14;
	r[15] = regs->r15;
	s->state.at.ip = regs->ip;
}

enum { SEGMENT_USER = 3, SEGMENT_32_BIT = 0x23 };

/* UNWIND_MORE if there is something to walk. */
static __always_inline enum unwind_end begin_walk(struct scratch *s,
						  struct bpf_perf_event_data *context,
						  struct task_struct *task, __u32 pid)
{
	__u64 cs = context->regs.cs;
	struct target_entry *target;
	struct code_ref *code;

	if (task->flags & TASK_KERNEL_ONLY)
		return s->record.count ? UNWIND_COMPLETE : UNWIND_NO_USER;
	if (!task->mm)
		return UNWIND_NO_USER;
	if ((cs & 3) == SEGMENT_USER) {
		take_registers(s, &context->regs);
		/* Keeps the compiler from joining both ways: this pointer may not be moved. */
		asm volatile("" ::: "memory");
	} else {
		if (bpf_probe_read_kernel(&s->regs, sizeof s->regs,
					  (void *)bpf_task_pt_regs(task)))
			return UNWIND_NO_USER;
		cs = s->regs.cs;
		if ((cs & 3) != SEGMENT_USER)
			return UNWIND_NO_USER;
		take_registers(s, &s->regs);
	}
	s->state.leaf = 1;
	s->state.fp_lost = s->state.guessed = 0;
	s->try_leaf = s->from_leaf = 0;
	s->window_start = 0;
	s->window_size = 0;
	record_frame(s);
	/* That the innermost is exact needs no mark. */
	if (s->record.kernel_count < IPS_MAX)
		s->ip[s->record.kernel_count] &= (1ull << 61) - 1;
	if ((cs & 0xffff) == SEGMENT_32_BIT)
		return UNWIND_32_BIT;
	/* Outside of our pid namespace: nobody will ever know its code. */
	if ((int)pid <= 0)
		return UNWIND_NO_MAPPING;
	code = bpf_map_lookup_elem(&codes, &pid);
	target = bpf_map_lookup_elem(&targets, &pid);
	if (!code || (target && code->as_of < target->exec_time))
		return UNWIND_NOT_READY;
	s->code_first = code->first;
	s->code_count = code->count;
	s->code_serial = code->serial;
	if (!code->count)
		return UNWIND_NO_MAPPING;
	return UNWIND_MORE;
}

static __always_inline struct tally *our_tally(void)
{
	return &tallies[bpf_get_smp_processor_id() & (TALLIES - 1)];
}

/* May this one come as a dump?  So many a second, at the beginning more. */
static __always_inline int take_token(struct scratch *s)
{
	struct tally *tally = our_tally();
	__u64 now = s->record.time, rate = dumps_per_second, earned;

	if (!s->started) {
		s->started = 1;
		s->tokens = settings.dumps_at_once;
		s->tokens_at = now;
	}
	earned = (now - s->tokens_at) * rate / 1000000000;
	if (earned) {
		s->tokens_at = now;
		if (s->tokens < rate)
			s->tokens = earned < rate - s->tokens ? s->tokens + earned : rate;
	}
	if (!s->tokens)
		return 0;
	/* What finds no room is lost, here it is only truncated. */
	if (tally->dumps - tally->dumps_read >= dump_room)
		return 0;
	s->tokens--;
	return 1;
}

static __always_inline void put_record(struct scratch *s)
{
	__u64 size = sizeof s->record + s->record.count * sizeof s->ip[0];
	__u64 flags = RING_NO_WAKEUP;

	if (size > sizeof s->record + sizeof s->ip)
		return;
	if (bpf_ringbuf_query(&ring, RING_AVAILABLE) > settings.wake_bytes)
		flags = RING_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&ring, &s->record, size, flags))
		__sync_fetch_and_add(&our_tally()->lost, 1);
}

/* 1: perf's own sample is to be made of it.  Global, so that it is verified once. */
__attribute__((noinline)) int deliver(struct scratch *s)
{
	if (!s)
		return 0;
	if (!s->end)
		s->end = UNWIND_LIMIT;
	if (settings.dumps && s->record.pid > 0 &&
	    settings.dump_ends >> (s->end & 31) & 1 && take_token(s)) {
		__sync_fetch_and_add(&our_tally()->dumps, 1);
		return 1;
	}
	s->record.end = s->end;
	put_record(s);
	return 0;
}

static __always_inline void take_kernel_stack(struct scratch *s,
					      struct bpf_perf_event_data *context)
{
	long bytes;

	s->record.kernel_count = 0;
	if ((context->regs.cs & 3) != SEGMENT_USER) {
		bytes = bpf_get_stack(context, s->ip, SAMPLE_KERNEL_MAX * sizeof s->ip[0], 0);
		if (bytes > 0) {
			s->record.kernel_count = (__u32)bytes / sizeof s->ip[0];
		} else {
			s->ip[0] = context->regs.ip;
			s->record.kernel_count = 1;
		}
	}
	s->record.count = s->record.kernel_count;
}

/* In an exec the old stack is gone before the new program begins. */
static __always_inline int is_replaced(struct task_struct *task)
{
	return bpf_core_field_exists(task->in_execve) && BPF_CORE_READ_BITFIELD(task, in_execve);
}

SEC("perf_event")
int take_sample(struct bpf_perf_event_data *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, pid = tgid_of(task);
	struct scratch *s = bpf_map_lookup_elem(&scratches, &zero);
	struct walk walk = { .s = s, .cache = bpf_map_lookup_elem(&caches, &zero) };

	if (!s)
		return 0;
	if (!settings.everything) {
		struct target_entry *target = bpf_map_lookup_elem(&targets, &pid);

		if (!target || target->state != TARGET_COUNTING)
			return 0;
	}
	s->record.time = bpf_ktime_get_ns();
	s->record.weight = context->sample_period;
	s->record.pid = pid;
	s->record.tid = tid_of(task);
	s->record.cpu = bpf_get_smp_processor_id();
	take_kernel_stack(s, context);
	s->end = begin_walk(s, context, task, pid);
	if (!s->end) {
		s->end = UNWIND_LIMIT;
		bpf_loop(SAMPLE_USER_MAX + 8, walk_frame, &walk, 0);
	}
	if (s->end == UNWIND_UNREADABLE && is_replaced(task)) {
		s->record.count = s->record.kernel_count;
		s->end = UNWIND_NO_USER;
	}
	return deliver(s);
}

/* The target set. */

/* The number is of another process now, or of none. */
static __always_inline void forget(__u32 pid)
{
	bpf_map_delete_elem(&targets, &pid);
	bpf_map_delete_elem(&codes, &pid);
}

SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *argument)
{
	struct task_struct *parent = (void *)argument[0], *child = (void *)argument[1];
	__u32 from = tgid_of(parent), to = tgid_of(child);
	struct target_entry *target, copy;
	struct code_ref *code, code_copy;

	if (child->pid != child->tgid || !to)
		return 0;
	forget(to);
	target = bpf_map_lookup_elem(&targets, &from);
	code = bpf_map_lookup_elem(&codes, &from);
	if (code && (settings.everything || (settings.follow && target))) {
		code_copy = *code;
		bpf_map_update_elem(&codes, &to, &code_copy, 0);
	}
	if (!target || !settings.follow || target->state == TARGET_WAITING)
		return 0;
	copy = *target;
	copy.leaving = 0;
	if (bpf_map_update_elem(&targets, &to, &copy, 0))
		__sync_fetch_and_add(&refused, 1);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *argument)
{
	struct task_struct *task = (void *)argument[0];
	__u32 pid = tgid_of(task);
	struct target_entry *target = bpf_map_lookup_elem(&targets, &pid);
	struct target_entry entry = { .state = TARGET_COUNTING, .exec_time = bpf_ktime_get_ns() };

	if (!target) {
		/* Without the time of its exec the code of before would pass for its own. */
		if (settings.everything && pid && bpf_map_update_elem(&targets, &pid, &entry, 0))
			bpf_map_delete_elem(&codes, &pid);
		return 0;
	}
	target->exec_time = entry.exec_time;
	if (target->state != TARGET_WAITING)
		return 0;
	target->state = TARGET_COUNTING;
	if (settings.hold)
		bpf_send_signal(SIGNAL_STOP);
	return 0;
}

/*
 * After this it still takes time, to give back its memory: it stays a
 * target until a number of others have left.
 */
SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *argument)
{
	struct task_struct *task = (void *)argument[0];
	__u32 pid = tgid_of(task), slot, old;
	struct target_entry *target = bpf_map_lookup_elem(&targets, &pid);

	if (!target || target->leaving || task->signal->live.counter)
		return 0;
	target->leaving = 1;
	slot = __sync_fetch_and_add(&next_leaving, 1) & (LEAVING_MAX - 1);
	old = leaving[slot];
	leaving[slot] = pid;
	if (!old || old == pid)
		return 0;
	target = bpf_map_lookup_elem(&targets, &old);
	if (target && target->leaving)
		forget(old);
	return 0;
}
