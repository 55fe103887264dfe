/*
 * What happens in the life of programs that measuring has to survive: build
 * it with -fomit-frame-pointer, in whatever way programs are linked.  The
 * calls that there are stand before each scene, as in stacks.c.
 *
 *	life SCENE SECONDS [ARGUMENT...]
 */
#include <alloca.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef WITH_PLUGINS
#include <dlfcn.h>
#endif

#include "work.h"

static volatile int sink;
static uint64_t until;

static bool goes_on(void)
{
	return cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until;
}

/*
 * plain: main > plain > plain > plain_work
 *	plain > -plain > compare > compare_work
 */
NOINLINE static void plain_work(void)
{
	burn();
}

NOINLINE static void compare_work(void)
{
	burn();
}

NOINLINE static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	compare_work();
	NO_TAIL_CALL();
	return *x - *y;
}

NOINLINE static void plain(int level)
{
	volatile char *bytes = alloca((size_t)level * 16 + 8);
	int number[] = { 3, 1, 2, 5, 4 };

	bytes[0] = (char)level;
	if (level < 6) {
		plain(level + 1);
	} else {
		qsort(number, 5, sizeof *number, compare);
		for (int i = 0; i < 5; i++)
			plain_work();
	}
	NO_TAIL_CALL();
	sink = bytes[0] + number[0];
}

/*
 * deep: main > deep > deep > deep_work, in more frames than are kept; and
 *	main > shallow > shallow_work, for as long
 */
NOINLINE static void deep_work(uint64_t ns)
{
	for (uint64_t end = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) + ns;
	     cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < end;)
		burn();
}

NOINLINE static void deep(int level)
{
	if (level)
		deep(level - 1);
	else
		deep_work(20000000);
	NO_TAIL_CALL();
}

NOINLINE static void shallow_work(void)
{
	deep_work(20000000);
	NO_TAIL_CALL();
}

/*
 * chain: main > chain_work, in a new program each time
 */
NOINLINE static void chain_work(void)
{
	for (int i = 0; i < 100; i++)
		burn();
}

static void chain(int left)
{
	char number[16];

	chain_work();
	snprintf(number, sizeof number, "%d", left - 1);
	if (left)
		execl("/proc/self/exe", "life", "chain", "0", number, NULL);
}

/*
 * storm: main > storming > -storming, and main > short_work in children, of
 * which every other one runs this program again, by fork() or vfork()
 */
NOINLINE static void short_work(void)
{
	for (int i = 0; i < 5; i++)
		burn();
}

static pid_t start_again(bool by_vfork)
{
	pid_t child = by_vfork ? vfork() : fork();

	if (!child) {
		execl("/proc/self/exe", "life", "short", "0", NULL);
		_exit(127);
	}
	return child;
}

static pid_t start_here(void)
{
	pid_t child = fork();

	if (!child) {
		short_work();
		_exit(0);
	}
	return child;
}

NOINLINE static void storming(int count, bool by_vfork)
{
	for (int i = 0; i < count; i++) {
		pid_t child = by_vfork || i % 2 ? start_again(by_vfork) : start_here();

		waitpid(child, NULL, 0);
	}
}

/*
 * crowd: - > crowd_thread > crowd_work; so many threads, half of which end
 * before the others
 */
enum { CROWD_MAX = 2000 };

NOINLINE static void crowd_work(void)
{
	for (int i = 0; i < 10; i++)
		burn();
}

static void *crowd_thread(void *barrier)
{
	crowd_work();
	if (barrier)
		pthread_barrier_wait(barrier);
	crowd_work();
	NO_TAIL_CALL();
	return NULL;
}

NOINLINE static void crowd(int count)
{
	static pthread_t thread[CROWD_MAX];
	pthread_barrier_t barrier;
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	pthread_barrier_init(&barrier, NULL, (unsigned)(count + 1) / 2);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], &small, crowd_thread, i % 2 ? NULL : &barrier))
			_exit(1);
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
}

/*
 * code: made at run time, which calls back; with a frame pointer and
 * without one.  Nothing tells how to unwind it.
 *
 *	main > making > -making > called_back > code_work
 */
NOINLINE static void code_work(void)
{
	burn();
	burn();
}

static void called_back(void)
{
	code_work();
	NO_TAIL_CALL();
	sink++;
}

NOINLINE static void making(bool frame_pointer)
{
	/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret */
	static const unsigned char with[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };
	/* sub $24,%rsp; call *%rdi; add $24,%rsp; ret */
	static const unsigned char without[] = { 0x48, 0x83, 0xec, 24, 0xff, 0xd7,
						 0x48, 0x83, 0xc4, 24, 0xc3 };
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(void (*)(void));

	if (code == MAP_FAILED)
		_exit(1);
	memcpy(code, frame_pointer ? with : without, frame_pointer ? sizeof with : sizeof without);
	memcpy(&call, &code, sizeof call);
	for (int i = 0; i < 10; i++)
		call(called_back);
	munmap(code, 4096);
}

#ifdef WITH_PLUGINS
/*
 * plugins: files that are loaded in turn, at the same place,
 *
 *	main > loading > one_plugin, other_plugin > loaded_back > loaded_work
 *	loading > -loading
 *
 * replaced: one that has another file in its place from then on
 */
NOINLINE static void loaded_work(void)
{
	burn();
	burn();
}

NOINLINE static void loaded_back(void)
{
	loaded_work();
	NO_TAIL_CALL();
	sink++;
}

NOINLINE static void loading(const char *path, const char *name, const char *replaced_by)
{
	void *handle = dlopen(path, RTLD_NOW);
	void (*call)(void (*)(void)) = NULL;

	if (handle)
		*(void **)&call = dlsym(handle, name);
	if (!call)
		_exit(1);
	call(loaded_back);
	if (replaced_by && (*replaced_by ? rename(replaced_by, path) : unlink(path)))
		_exit(1);
	for (int i = 0; replaced_by ? goes_on() : i < 10; i++)
		call(loaded_back);
	dlclose(handle);
}
#endif

static bool play(const char *scene, int argc, char **argument)
{
	int number = argc ? (int)strtol(argument[0], NULL, 10) : 0;

	if (!strcmp(scene, "short"))
		short_work();
	else if (!strcmp(scene, "chain"))
		chain(number);
	else if (!strcmp(scene, "storm"))
		storming(number, false);
	else if (!strcmp(scene, "vfork"))
		storming(number, true);
	else if (!strcmp(scene, "crowd"))
		crowd(number);
#ifdef WITH_PLUGINS
	else if (!strcmp(scene, "replaced"))
		loading(argument[0], "one_plugin", argument[1]);
#endif
	else
		return false;
	return true;
}

static void play_once(const char *scene, char **argument, unsigned round)
{
	if (!strcmp(scene, "deep") && round % 2)
		shallow_work();
	else if (!strcmp(scene, "deep"))
		deep(3000);
	else if (!strcmp(scene, "code"))
		making(round % 2);
#ifdef WITH_PLUGINS
	else if (!strcmp(scene, "plugins"))
		loading(argument[round % 2], round % 2 ? "other_plugin" : "one_plugin", NULL);
#endif
	else
		plain(0);
}

int main(int argc, char **argv)
{
	const char *scene = argc > 1 ? argv[1] : "plain";

	until = duration_ns(argc - 1, argv + 1);
	if (!play(scene, argc - 3, argv + 3))
		for (unsigned round = 0; goes_on(); round++)
			play_once(scene, argv + 3, round);
	return report_cpu();
}
