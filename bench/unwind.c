/*
 * What complete stacks cost, against an empty BPF program (the floor: the
 * timer and the interrupt), the kernel's walk by frame pointers, and perf.
 *
 *	bench/unwind [--quick]
 *
 * The targets are bench/deep, in both builds, and a C++ compiler.  Slowdown
 * comes from pairs of short windows, on and off, of one running target; the
 * median counts.  All of it in one run, so ratios mean something.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyze/quality.h"
#include "base/clock.h"
#include "bpf/shared.h"
#include "peer.skel.h"
#include "source/perf_live.h"

enum {
	CPUS_MAX = 1024,
	WINDOW_NS = 40000000,
	PAIRS_MAX = 400,
	FRAMES_FEW = 30,
	FRAMES_MANY = 100,
	RATE_USUAL = 999,
	RATE_HIGH = 4999,
};

static const uint64_t second = 1000000000;

struct bench {
	const char *deep, *deep_fp;	/* programs */
	unsigned cpus, pairs, seconds;
	struct peer *peer;
};

static void die(const char *what)
{
	fprintf(stderr, "bench/unwind: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void sleep_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / second), .tv_nsec = (long)(ns % second) };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* Targets. */

struct deep {
	pid_t pid;
	volatile uint64_t *count;
	clockid_t clock;
};

static struct deep deep_start(const char *program, int frames)
{
	char path[] = "/tmp/bench-unwind-XXXXXX", depth[16];
	int fd = mkstemp(path);
	struct deep deep;

	if (fd < 0 || ftruncate(fd, 4096))
		die("can't make a file to count in");
	deep.count = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	snprintf(depth, sizeof depth, "%d", frames);
	deep.pid = fork();
	if (!deep.pid) {
		execl(program, "deep", depth, path, NULL);
		_exit(127);
	}
	while (!*deep.count)
		if (waitpid(deep.pid, NULL, WNOHANG))
			die(program);
	unlink(path);
	if (clock_getcpuclockid(deep.pid, &deep.clock))
		die("no CPU clock");
	return deep;
}

static void deep_stop(const struct deep *deep)
{
	kill(deep->pid, SIGKILL);
	waitpid(deep->pid, NULL, 0);
	munmap((void *)(uintptr_t)deep->count, 4096);
}

/* Work done for each second of its CPU time. */
static double deep_speed(const struct deep *deep, uint64_t ns)
{
	struct timespec a, b;
	uint64_t before, after;

	clock_gettime(deep->clock, &a);
	before = *deep->count;
	sleep_ns(ns);
	clock_gettime(deep->clock, &b);
	after = *deep->count;
	return (double)(after - before) /
	       ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
}

/* Our own sampling, in this process, read by a thread. */

struct ours {
	struct profile *profile;
	struct resolver *resolver;
	struct source *source;
	struct source_facts facts;
	pthread_t reader;
	pthread_mutex_t lock;
	atomic_bool stop;
	double open_ms;
};

static void *ours_read(void *context)
{
	struct ours *ours = context;
	struct error error;

	while (!ours->stop) {
		enum source_state state;

		pthread_mutex_lock(&ours->lock);
		state = source_read(ours->source, &error);
		resolver_work(ours->resolver);
		pthread_mutex_unlock(&ours->lock);
		if (state == SOURCE_END || state == SOURCE_FAILED)
			break;
		if (state == SOURCE_WAIT)
			sleep_ns(20000000);
	}
	return NULL;
}

static void ours_start(struct ours *ours, const pid_t *pid, size_t pids, unsigned rate,
		       enum backend backend)
{
	struct target target = { .event = "cpu-clock", .frequency = rate, .backend = backend };
	struct error error;
	uint64_t start = clock_now();

	memset(ours, 0, sizeof *ours);
	pthread_mutex_init(&ours->lock, NULL);
	for (size_t i = 0; i < pids; i++)
		array_push(&target.pid, pid[i]);
	ours->profile = profile_new();
	ours->resolver = resolver_new(ours->profile, 0);
	ours->source = perf_live_open(&target, 0, ours->resolver, ours->profile, &ours->facts,
				      NULL, &error);
	if (!ours->source) {
		fprintf(stderr, "bench/unwind: %s\n", error.text);
		exit(1);
	}
	array_release(&target.pid);
	ours->source->ops->begin(ours->source, clock_now());
	ours->open_ms = (double)(clock_now() - start) / 1e6;
	pthread_create(&ours->reader, NULL, ours_read, ours);
}

static void ours_collect(void *context, bool on)
{
	struct ours *ours = context;

	pthread_mutex_lock(&ours->lock);
	ours->source->ops->collect(ours->source, on);
	pthread_mutex_unlock(&ours->lock);
}

static void ours_stop(struct ours *ours)
{
	ours->stop = true;
	pthread_join(ours->reader, NULL);
	profile_seal(ours->profile, clock_now());
}

static void ours_free(struct ours *ours)
{
	source_close(ours->source);
	resolver_free(ours->resolver);
	profile_free(ours->profile);
	for (size_t i = 0; i < ours->facts.notice.len; i++)
		xfree(ours->facts.notice.at[i]);
	array_release(&ours->facts.notice);
}

/* How its stacks were. */
struct walked {
	double samples, frames, complete;
};

static struct walked ours_walked(const struct ours *ours)
{
	const struct profile *p = ours->profile;
	struct quality *quality = quality_new();
	struct walked walked = { 0 };
	uint32_t *depth = xcalloc(p->stack.len, sizeof *depth);

	for (size_t i = 1; i < p->stack.len; i++)
		depth[i] = depth[p->stack.at[i].caller] + 1;
	for (size_t i = 0; i < p->sum.len; i++) {
		walked.samples += (double)p->sum.at[i].samples;
		walked.frames += (double)p->sum.at[i].samples * depth[p->sum.at[i].stack];
	}
	quality_update(quality, p);
	walked.complete = walked.samples ? (double)quality->complete / walked.samples : 0;
	quality_free(quality);
	xfree(depth);
	return walked;
}

/* BPF programs. */

struct run {
	uint64_t ns, count;
	unsigned verified;
};

/* As the kernel counts while statistics are on. */
static bool program_run(int fd, struct run *run, const char *name)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof info;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) ||
	    (name && (info.type != BPF_PROG_TYPE_PERF_EVENT || strcmp(info.name, name))))
		return false;
	*run = (struct run){ info.run_time_ns, info.run_cnt, info.verified_insns };
	return true;
}

/* Our own in this process, by name. */
static bool own_run(struct run *run)
{
	for (int fd = 3; fd < 1024; fd++)
		if (program_run(fd, run, "take_sample"))
			return true;
	return false;
}

struct peer_events {
	int fd[CPUS_MAX];
	struct bpf_link *link[CPUS_MAX];
	unsigned count;
};

static void peer_start(struct peer_events *events, const struct bench *bench,
		       struct bpf_program *program, unsigned rate)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attr,
					.config = PERF_COUNT_SW_CPU_CLOCK, .freq = 1,
					.sample_freq = rate, .disabled = 1 };

	events->count = 0;
	for (unsigned cpu = 0; cpu < bench->cpus; cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1,
				      PERF_FLAG_FD_CLOEXEC);

		if (fd < 0)
			die("perf_event_open");
		events->fd[events->count] = fd;
		events->link[events->count] = bpf_program__attach_perf_event(program, fd);
		if (!events->link[events->count++])
			die("can't attach a BPF program");
	}
}

static void peer_collect(void *context, bool on)
{
	const struct peer_events *events = context;

	for (unsigned i = 0; i < events->count; i++)
		ioctl(events->fd[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

static void peer_stop(struct peer_events *events)
{
	/* A link closes its event. */
	for (unsigned i = 0; i < events->count; i++)
		bpf_link__destroy(events->link[i]);
}

/* perf record with its own stack dumps, turned on and off through pipes. */

struct recorder {
	pid_t pid;
	int control, answer;
};

static void recorder_start(struct recorder *recorder, pid_t target, unsigned rate)
{
	char control[64], freq[16], pid[16];
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		die("pipe");
	snprintf(control, sizeof control, "fd:%d,%d", to[0], from[1]);
	snprintf(freq, sizeof freq, "%u", rate);
	snprintf(pid, sizeof pid, "%d", (int)target);
	recorder->pid = fork();
	if (!recorder->pid) {
		int nowhere = open("/dev/null", O_RDWR);

		dup2(nowhere, 1);
		dup2(nowhere, 2);
		close(to[1]);
		close(from[0]);
		execlp("perf", "perf", "record", "-q", "-e", "cpu-clock", "-F", freq, "-p", pid,
		       "-D", "-1", "--control", control, "--call-graph", "dwarf", "-o", "/dev/null",
		       NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	recorder->control = to[1];
	recorder->answer = from[0];
}

static void recorder_collect(void *context, bool on)
{
	const struct recorder *recorder = context;
	const char *word = on ? "enable\n" : "disable\n";
	char answer[16];

	if (write(recorder->control, word, strlen(word)) < 0 ||
	    read(recorder->answer, answer, sizeof answer) <= 0)
		die("perf record does not answer");
}

static void recorder_stop(struct recorder *recorder)
{
	kill(recorder->pid, SIGINT);
	waitpid(recorder->pid, NULL, 0);
	close(recorder->control);
	close(recorder->answer);
}

/* Slowdown. */

typedef void collect_fn(void *context, bool on);

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of pairs, in percent of the work done without. */
static double slowdown(const struct bench *bench, const struct deep *deep, collect_fn *collect,
		       void *context)
{
	double lost[PAIRS_MAX];

	for (unsigned i = 0; i < bench->pairs; i++) {
		double speed[2];

		for (unsigned turn = 0; turn < 2; turn++) {
			bool on = turn ^ (i & 1);

			collect(context, on);
			speed[on] = deep_speed(deep, WINDOW_NS);
		}
		lost[i] = 100 * (1 - speed[1] / speed[0]);
	}
	collect(context, false);
	qsort(lost, bench->pairs, sizeof *lost, by_value);
	return lost[bench->pairs / 2];
}

static void bench_slowdown(const struct bench *bench, unsigned rate)
{
	struct deep deep = deep_start(bench->deep, FRAMES_FEW);
	struct peer_events events;
	struct recorder recorder;
	struct ours ours;
	double floor, own, fp, dwarf;

	bench->peer->bss->targets[0] = (unsigned)deep.pid;
	peer_start(&events, bench, bench->peer->progs.peer_empty, rate);
	floor = slowdown(bench, &deep, peer_collect, &events);
	peer_stop(&events);
	ours_start(&ours, &deep.pid, 1, rate, BACKEND_BPF);
	sleep_ns(second / 2);
	own = slowdown(bench, &deep, ours_collect, &ours);
	ours_stop(&ours);
	ours_free(&ours);
	peer_start(&events, bench, bench->peer->progs.peer_frame_pointers, rate);
	fp = slowdown(bench, &deep, peer_collect, &events);
	peer_stop(&events);
	recorder_start(&recorder, deep.pid, rate);
	dwarf = slowdown(bench, &deep, recorder_collect, &recorder);
	recorder_stop(&recorder);
	deep_stop(&deep);
	printf("slowdown at %u Hz, %d frames: floor %.2f %%, tprof %.2f (%+.2f points), "
	       "bpf_get_stack %.2f (%+.2f), perf record --call-graph dwarf %.2f (%+.2f)\n",
	       rate, FRAMES_FEW, floor, own, own - floor, fp, fp - floor, dwarf, dwarf - floor);
}

/* Cost of a sample. */

/* Two targets, so that both CPUs of a small machine meet little else. */
static void start_pair(struct deep *deep, const char *program, int frames)
{
	deep[0] = deep_start(program, frames);
	deep[1] = deep_start(program, frames);
}

static void stop_pair(const struct deep *deep)
{
	deep_stop(&deep[0]);
	deep_stop(&deep[1]);
}

/* Runs for other processes cost what the empty program does. */
static double cost(const struct run *before, const struct run *after, double samples, double empty)
{
	double runs = (double)(after->count - before->count);

	return ((double)(after->ns - before->ns) - (runs - samples) * empty) / samples;
}

static double cost_of_peer(const struct bench *bench, struct bpf_program *program,
			   const struct deep *deep, double empty, double *frames)
{
	struct peer_events events;
	struct run before, after;
	double samples, seen;

	bench->peer->bss->targets[0] = (unsigned)deep[0].pid;
	bench->peer->bss->targets[1] = (unsigned)deep[1].pid;
	peer_start(&events, bench, program, RATE_USUAL);
	samples = (double)bench->peer->bss->samples;
	seen = (double)bench->peer->bss->frames;
	if (!program_run(bpf_program__fd(program), &before, NULL))
		die("no facts of a BPF program");
	peer_collect(&events, true);
	sleep_ns(bench->seconds * second);
	peer_collect(&events, false);
	program_run(bpf_program__fd(program), &after, NULL);
	peer_stop(&events);
	samples = (double)bench->peer->bss->samples - samples;
	if (frames)
		*frames = ((double)bench->peer->bss->frames - seen) / samples;
	return cost(&before, &after, samples, empty);
}

static double cost_of_ours(const struct bench *bench, const struct deep *deep, double empty,
			   double *frames, struct run *run, double *open_ms)
{
	pid_t pid[2] = { deep[0].pid, deep[1].pid };
	struct run before;
	struct ours ours;
	struct walked walked;

	ours_start(&ours, pid, 2, RATE_USUAL, BACKEND_BPF);
	sleep_ns(second / 2);
	ours_collect(&ours, false);
	sleep_ns(second / 10);
	profile_seal(ours.profile, clock_now());
	walked = ours_walked(&ours);
	if (!own_run(&before))
		die("no program of ours in the kernel");
	ours_collect(&ours, true);
	sleep_ns(bench->seconds * second);
	ours_collect(&ours, false);
	own_run(run);
	sleep_ns(second / 10);
	ours_stop(&ours);
	*open_ms = ours.open_ms;
	{
		struct walked all = ours_walked(&ours);

		all.samples -= walked.samples;
		*frames = (all.frames - walked.frames) / all.samples;
		ours_free(&ours);
		return cost(&before, run, all.samples, empty);
	}
}

static void bench_cost(const struct bench *bench, int frames)
{
	struct deep deep[2];
	struct run run;
	double empty, fp, own, fp_frames, own_frames, open_ms;

	start_pair(deep, bench->deep_fp, frames);
	empty = cost_of_peer(bench, bench->peer->progs.peer_empty, deep, 0, NULL);
	fp = cost_of_peer(bench, bench->peer->progs.peer_frame_pointers, deep, empty,
			  &fp_frames);
	stop_pair(deep);
	start_pair(deep, bench->deep, frames);
	own = cost_of_ours(bench, deep, empty, &own_frames, &run, &open_ms);
	stop_pair(deep);
	printf("a sample of %d frames: empty program %.0f ns, bpf_get_stack with frame pointers "
	       "%.0f ns (%.1f frames), tprof without %.0f ns (%.1f frames): ratio %.2f\n",
	       frames, empty, fp, fp_frames, own, own_frames, own / fp);
	printf("  %.1f KB/s a busy thread at %d Hz; %u instructions verified; open in %.0f ms\n",
	       RATE_USUAL * (sizeof(struct sample_record) + 8 * own_frames) / 1e3, RATE_USUAL,
	       run.verified, open_ms);
}

/* Context switches. */

struct game {
	uint64_t rounds;
	pid_t player[2];
};

/* Two that hand a byte to each other, on one CPU. */
static struct game *game_start(void)
{
	struct game *game = mmap(NULL, sizeof *game, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ping[2], pong[2];

	if (game == MAP_FAILED || pipe(ping) || pipe(pong))
		die("no game");
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (!pid) {
			int from = i ? ping[0] : pong[0], to = i ? pong[1] : ping[1];
			cpu_set_t first;
			char byte = 0;

			CPU_ZERO(&first);
			CPU_SET(0, &first);
			sched_setaffinity(0, sizeof first, &first);
			if (!i && write(to, &byte, 1) < 0)
				_exit(1);
			while (read(from, &byte, 1) > 0 && write(to, &byte, 1) > 0)
				game->rounds += !i;
			_exit(0);
		}
		game->player[i] = pid;
	}
	for (int i = 0; i < 2; i++) {
		close(ping[i]);
		close(pong[i]);
	}
	return game;
}

static void game_stop(struct game *game)
{
	for (int i = 0; i < 2; i++) {
		kill(game->player[i], SIGKILL);
		waitpid(game->player[i], NULL, 0);
	}
	munmap(game, sizeof *game);
}

static uint64_t cpu_of(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (!clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * second + (uint64_t)t.tv_nsec;
}

/* CPU nanoseconds of a switch. */
static double game_cost(const struct game *game)
{
	const volatile uint64_t *rounds = &game->rounds;
	uint64_t cpu = cpu_of(game->player[0]) + cpu_of(game->player[1]), before = *rounds;

	sleep_ns(second / 5);
	cpu = cpu_of(game->player[0]) + cpu_of(game->player[1]) - cpu;
	return (double)cpu / (2 * (double)(*rounds - before));
}

/* The median of on against off. */
static double game_ratio(const struct game *game, collect_fn *collect, void *context)
{
	enum { ROUNDS = 9 };
	double ratio[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double off;

		collect(context, false);
		off = game_cost(game);
		collect(context, true);
		ratio[i] = game_cost(game) / off;
	}
	qsort(ratio, ROUNDS, sizeof *ratio, by_value);
	return ratio[ROUNDS / 2];
}

static void bench_switches(void)
{
	struct game *game = game_start();
	struct recorder recorder;
	struct ours ours;
	double own, perf;

	ours_start(&ours, game->player, 2, RATE_USUAL, BACKEND_BPF);
	own = game_ratio(game, ours_collect, &ours);
	ours_stop(&ours);
	ours_free(&ours);
	recorder_start(&recorder, game->player[0], RATE_USUAL);
	perf = game_ratio(game, recorder_collect, &recorder);
	recorder_stop(&recorder);
	printf("a context switch at %d Hz, of one without: tprof %.2f, perf record -p (of one of "
	       "the two) %.2f\n", RATE_USUAL, own, perf);
	game_stop(game);
}

/* A compiler: deep stacks, ever new code. */

static const char source_text[] =
	"#include <algorithm>\n#include <iostream>\n#include <map>\n#include <regex>\n"
	"#include <sstream>\n#include <string>\n#include <vector>\n"
	"template <int N> struct part { std::map<std::string, std::vector<int>> m;\n"
	"void fill() { std::regex r(\"a+b\" + std::to_string(N)); for (int i = 0; i < N; i++)\n"
	"{ std::ostringstream s; s << i;\n"
	"if (std::regex_search(s.str(), r)) m[s.str()].push_back(i);\n"
	"std::sort(m[s.str()].begin(), m[s.str()].end()); } part<N - 1>().fill(); } };\n"
	"template <> struct part<0> { void fill() {} };\n"
	"int main() { part<12>().fill(); }\n";

static void bench_compiler(double empty)
{
	char path[] = "/tmp/bench-unwind-XXXXXX.cpp";
	int fd = mkstemps(path, 4);
	struct run before, after;
	struct walked walked;
	struct ours ours;
	pid_t pid;
	uint64_t until;

	if (fd < 0 || write(fd, source_text, sizeof source_text - 1) < 0)
		die("can't write a file to compile");
	close(fd);
	pid = fork();
	if (!pid) {
		execlp("clang++", "clang++", "-O2", "-fno-integrated-cc1", "-c", path, "-o",
		       "/dev/null", NULL);
		_exit(127);
	}
	sleep_ns(second / 20);
	ours_start(&ours, &pid, 1, RATE_USUAL, BACKEND_BPF);
	if (!own_run(&before))
		die("no program of ours in the kernel");
	until = clock_now() + 20 * second;
	while (!waitpid(pid, NULL, WNOHANG) && clock_now() < until)
		sleep_ns(second / 50);
	own_run(&after);
	ours_collect(&ours, false);
	sleep_ns(second / 5);
	ours_stop(&ours);
	walked = ours_walked(&ours);
	unlink(path);
	if (walked.samples) {
		double frames = walked.frames / walked.samples;

		printf("clang++ -O2: %.0f samples of %.1f frames, %.2f %% complete, "
		       "%.0f ns a frame\n", walked.samples, frames, 100 * walked.complete,
		       cost(&before, &after, walked.samples, empty) / frames);
	}
	ours_free(&ours);
}

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && !strcmp(argv[1], "--quick");
	struct bench bench = { .deep = getenv("DEEP"), .deep_fp = getenv("DEEP_FP"),
			       .cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
			       .pairs = quick ? 21 : 101, .seconds = quick ? 1 : 4 };
	int statistics;

	if (!bench.deep || !bench.deep_fp) {
		fputs("bench/unwind: DEEP and DEEP_FP name the builds of bench/deep\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(silent);
	bench.peer = peer__open_and_load();
	statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (!bench.peer || statistics < 0)
		die("can't use BPF");
	bench_cost(&bench, FRAMES_FEW);
	bench_cost(&bench, FRAMES_MANY);
	bench_compiler(90);
	close(statistics);
	bench_slowdown(&bench, RATE_USUAL);
	bench_slowdown(&bench, RATE_HIGH);
	bench_switches();
	peer__destroy(bench.peer);
	return 0;
}
