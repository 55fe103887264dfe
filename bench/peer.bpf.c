/*
 * What bench/unwind compares with: nothing at all, and the kernel's own
 * walk by frame pointers, both with the same filter as ours.
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

char LICENSE[] SEC("license") = "GPL";

enum { FRAMES_MAX = 127 };

/* From the kernel's interface. */
enum { MAP_PERCPU_ARRAY = 6, MAP_RINGBUF = 27, RING_NO_WAKEUP = 1 << 0, USER_STACK = 1 << 8 };

struct bpf_perf_event_data;

unsigned int targets[2];
unsigned long long samples, frames;

struct scratch {
	unsigned long long header[4];
	unsigned long long ip[FRAMES_MAX];
};

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(unsigned int));
	__uint(value_size, sizeof(struct scratch));
} scratch SEC(".maps");

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

static inline int is_target(void)
{
	unsigned int process = bpf_get_current_pid_tgid() >> 32;

	return process == targets[0] || process == targets[1];
}

SEC("perf_event")
int peer_empty(struct bpf_perf_event_data *ctx)
{
	(void)ctx;
	if (is_target())
		samples++;
	return 0;
}

SEC("perf_event")
int peer_frame_pointers(struct bpf_perf_event_data *ctx)
{
	unsigned int zero = 0;
	struct scratch *s;
	long got;

	if (!is_target())
		return 0;
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return 0;
	got = bpf_get_stack(ctx, s->ip, sizeof s->ip, USER_STACK);
	if (got < 0 || got > (long)sizeof s->ip)
		return 0;
	s->header[0] = bpf_ktime_get_ns();
	s->header[1] = bpf_get_current_pid_tgid();
	samples++;
	frames += (unsigned long)got / 8;
	bpf_ringbuf_output(&ring, s, sizeof s->header + (unsigned long)got, RING_NO_WAKEUP);
	return 0;
}
