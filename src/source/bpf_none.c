#include "source/bpf_sampler.h"

/* In place of bpf_sampler.c in a build without BPF. */

static bool fail(struct error *error)
{
	return error_set(error, 0, "this tprof was built without BPF");
}

struct bpf_sampler *bpf_sampler_open(const struct bpf_options *options, struct error *error)
{
	(void)options;
	fail(error);
	return NULL;
}

void bpf_sampler_close(struct bpf_sampler *sampler)
{
	(void)sampler;
}

int bpf_sampler_attach(struct bpf_sampler *sampler, int event)
{
	(void)sampler;
	(void)event;
	return 0;
}

bool bpf_sampler_add(struct bpf_sampler *sampler, pid_t pid, bool from_exec,
		     struct error *error)
{
	(void)sampler;
	(void)pid;
	(void)from_exec;
	return fail(error);
}

int bpf_sampler_fd(const struct bpf_sampler *sampler)
{
	(void)sampler;
	return -1;
}

void bpf_sampler_begin(struct bpf_sampler *sampler)
{
	(void)sampler;
}

bool bpf_sampler_next(struct bpf_sampler *sampler, struct event *event)
{
	(void)sampler;
	(void)event;
	return false;
}

void bpf_sampler_done(struct bpf_sampler *sampler)
{
	(void)sampler;
}

void bpf_sampler_set_room(struct bpf_sampler *sampler, size_t samples)
{
	(void)sampler;
	(void)samples;
}

void bpf_sampler_read_dumps(struct bpf_sampler *sampler, unsigned cpu)
{
	(void)sampler;
	(void)cpu;
}

bool bpf_sampler_is_behind(const struct bpf_sampler *sampler)
{
	(void)sampler;
	return false;
}

bool bpf_sampler_take_lost(struct bpf_sampler *sampler, uint16_t *cpu, uint64_t *samples)
{
	(void)sampler;
	(void)cpu;
	(void)samples;
	return false;
}

void bpf_sampler_set_code(struct bpf_sampler *sampler, const struct code_change *change,
			  uint64_t as_of)
{
	(void)sampler;
	(void)change;
	(void)as_of;
}

void bpf_sampler_allow_dumps(struct bpf_sampler *sampler, bool many)
{
	(void)sampler;
	(void)many;
}

void bpf_sampler_settle(struct bpf_sampler *sampler, uint64_t as_of)
{
	(void)sampler;
	(void)as_of;
}

bool bpf_sampler_has_code(const struct bpf_sampler *sampler, pid_t pid)
{
	(void)sampler;
	(void)pid;
	return false;
}

const char *bpf_sampler_trouble(struct bpf_sampler *sampler)
{
	(void)sampler;
	return NULL;
}

bool bpf_sampler_try(struct bpf_facts *facts, struct error *error)
{
	*facts = (struct bpf_facts){ 0 };
	return fail(error);
}
