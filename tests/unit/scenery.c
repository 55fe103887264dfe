#include "scenery.h"

#define SECOND 1000000000ull
#define STARTED (100 * SECOND)

static function_id add_function(struct profile *profile, char *name)
{
	char *binary = strrchr(name, '@');
	bool kernel = binary && !strcmp(binary, "@[kernel]");
	struct function function = { .flags = kernel ? FUNCTION_KERNEL : 0 };

	if (binary)
		*binary++ = '\0';
	function.binary = profile_add_binary(profile, binary ? binary : "/usr/bin/app", "",
					     kernel ? BINARY_KERNEL :
					     binary && !strcmp(binary, "[anon]") ?
					     BINARY_ANONYMOUS : BINARY_FILE);
	if (!*name && binary)
		return profile_placeholder(profile, function.binary);
	function.name = profile_add_string(profile, name);
	if (profile_is_bottom(name))
		function.flags |= FUNCTION_BOTTOM;
	return profile_add_function(profile, &function);
}

void scenery_add(struct profile *profile, const char *stack, uint64_t samples, uint64_t time)
{
	char *copy = xstrdup(stack), *at = copy, *name;
	struct sample sample = { .time = time, .samples = samples, .weight = samples * 1000000u };

	if (profile->metric.len < 2)
		profile_add_metric(profile, "cpu-clock", UNIT_NANOSECONDS);
	if (profile->thread.len < 2)
		profile_add_thread(profile, 4242, 4242, "app");
	while ((name = strsep(&at, ";"))) {
		struct frame frame = { .function = add_function(profile, name) };
		location_id location = profile_add_named_location(profile, frame);

		sample.stack = profile_add_stack(profile, sample.stack, location);
	}
	sample.thread = 1;
	sample.metric = 1;
	profile_add_sample(profile, &sample);
	xfree(copy);
}

#define BASE "_start;main;"
#define CLANG BASE "clang::FrontendAction::Execute();clang::ParseAST(clang::Sema&, bool, bool);"
#define PARSER CLANG "clang::Parser::ParseTopLevelDecl(clang::OpaquePtr<clang::DeclGroupRef>&)"
#define MAP "std::__detail::_Map_base<std::__cxx11::basic_string<char, std::char_traits<char>, " \
	"std::allocator<char> >, std::pair<std::__cxx11::basic_string<char, " \
	"std::char_traits<char>, std::allocator<char> > const, llvm::SmallVector<clang::Decl*, " \
	"8u> >, std::allocator<std::pair<int const, int> > >::operator[](int const&)"
#define SYSCALL "entry_SYSCALL_64_after_hwframe@[kernel];do_syscall_64@[kernel];"

static const struct {
	const char *stack;
	uint64_t samples;
} program[] = {
	{ PARSER ";" MAP, 700 },
	{ PARSER ";" MAP ";malloc@/usr/lib/libc.so.6", 180 },
	{ PARSER, 64 },
	{ CLANG "clang::Sema::ActOnEndOfTranslationUnit();clang::Sema::DefineUsedVTables()", 45 },
	{ BASE "read_source;read@/usr/lib/libc.so.6;" SYSCALL "ksys_read@[kernel];"
	  "vfs_read@[kernel];copy_to_user@[kernel]", 230 },
	{ BASE "read_source;read@/usr/lib/libc.so.6;" SYSCALL "ksys_read@[kernel];"
	  "vfs_read@[kernel]", 20 },
	{ BASE "read_source;memcpy@/usr/lib/libc.so.6", 90 },
	{ BASE "fib;fib;fib;fib", 33 },
	{ BASE "fib;fib", 17 },
	{ "start_thread@/usr/lib/libc.so.6;worker(void*);@/usr/lib/libz.so.1", 110 },
	{ "start_thread@/usr/lib/libc.so.6;worker(void*);memcpy@/usr/lib/libc.so.6", 8 },
	{ "@/usr/lib/libc.so.6", 3 },
};

struct profile *scenery_program(void)
{
	struct profile *profile = profile_new();

	/* Twenty half seconds, in which ever more is done. */
	for (uint64_t i = 0; i < 20; i++) {
		uint64_t time = STARTED + i * SECOND / 2;

		for (size_t k = 0; k < sizeof program / sizeof *program; k++) {
			uint64_t until = program[k].samples * (i + 1) * (i + 2) / 420;
			uint64_t before = program[k].samples * i * (i + 1) / 420;

			if (until > before)
				scenery_add(profile, program[k].stack, until - before, time + 1);
		}
		profile_seal(profile, time + SECOND / 2);
	}
	return profile;
}

struct profile *scenery_hostile(void)
{
	static const char *const names[] = {
		"\033[2J\033[31mred\033[0m", "\033]0;title\007", "right\u202Eeman\u202Cleft",
		"zero\u200Bwidth\uFEFF", "漢字の長い名前の関数でとても幅が広いもの", "\xff\xfe\x80",
		"combining e\u0301\u0301\u0301\u0301\u0301\u0301\u0301", "tab\tand\nnewline",
		"😀 smile", "",
	};
	struct profile *profile = profile_new();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct strbuf stack = STRBUF_INIT;

		strbuf_addf(&stack, "main;%s@/tmp/\033[7m漢/%s", names[i], names[i]);
		if (i % 2)
			strbuf_addf(&stack, ";%s@[kernel]", names[i - 1]);
		scenery_add(profile, stack.text, 10 + i, STARTED + 1);
		strbuf_release(&stack);
	}
	profile_seal(profile, STARTED + SECOND);
	return profile;
}

struct profile *scenery_one_function(void)
{
	struct profile *profile = profile_new();

	scenery_add(profile, "only", 1, STARTED + 1);
	profile_seal(profile, STARTED + SECOND);
	return profile;
}

/* "a/b": in a, b was inlined. */
static void add_inlined(struct profile *profile, const char *stack, uint64_t samples)
{
	char *copy = xstrdup(stack), *at = copy, *call, *name;
	struct sample sample = { .samples = samples, .weight = samples * 1000000u,
				 .thread = 1, .metric = 1, .time = STARTED + 1 };
	static uint64_t address = 64;

	while ((call = strsep(&at, ";"))) {
		struct frame frame[4] = { 0 };
		size_t count = 0;
		location_id location = profile_add_location(profile, 0, address += 16);

		while ((name = strsep(&call, "/"))) {
			memmove(frame + 1, frame, count++ * sizeof *frame);
			frame[0].function = add_function(profile, name);
		}
		profile_set_frames(profile, location, frame, count);
		sample.stack = profile_add_stack(profile, sample.stack, location);
	}
	profile_add_sample(profile, &sample);
	xfree(copy);
}

struct profile *scenery_inlined(void)
{
	struct profile *profile = profile_new();

	scenery_add(profile, "_start;main", 10, STARTED + 1);
	add_inlined(profile, "_start;main;render/blend", 400);
	add_inlined(profile, "_start;main;render/blend/clamp(int, int, int)", 300);
	add_inlined(profile, "_start;main;render;clamp(int, int, int)", 150);
	add_inlined(profile, "_start;main;render;blend", 50);
	add_inlined(profile, "_start;main/setup", 30);
	profile_seal(profile, STARTED + SECOND);
	return profile;
}

/* "?f" is guessed; below "[truncated: ...]" when it is. */
static void add_ended(struct profile *profile, thread_id thread, const char *stack,
		      uint64_t samples, enum stack_end end, enum truncation reason)
{
	char *copy = xstrdup(stack), *at = copy, *name;
	struct sample sample = { .samples = samples, .weight = samples * 1000000u,
				 .thread = thread, .metric = 1, .time = STARTED + 1, .end = end };

	if (end == STACK_TRUNCATED)
		sample.stack = profile_add_stack(profile, 0, profile_truncation(profile, reason));
	while ((name = strsep(&at, ";"))) {
		bool guessed = *name == '?', outermost = !sample.stack && end == STACK_BY_NAME;
		struct frame frame = { .function = add_function(profile, name + guessed) };
		binary_id binary = profile->function.at[frame.function].binary;
		uint64_t address = 64 + 16 * frame.function;
		location_id location =
			guessed ? profile_add_guessed_location(profile, binary, address) :
			outermost ? profile_add_outermost_location(profile, binary, address) :
			profile_add_location(profile, binary, address);

		profile_set_frames(profile, location, &frame, 1);
		sample.stack = profile_add_stack(profile, sample.stack, location);
	}
	profile_add_sample(profile, &sample);
	xfree(copy);
}

struct profile *scenery_truncated(void)
{
	struct profile *profile = profile_new();
	thread_id java, app;

	profile_add_metric(profile, "cpu-clock", UNIT_NANOSECONDS);
	app = profile_add_thread(profile, 4242, 4242, "app");
	java = profile_add_thread(profile, 4300, 4301, "java");
	profile_name_thread(profile, app, "app", "app");
	profile_name_thread(profile, java, "C2 CompilerThre", "java");
	add_ended(profile, app, "_start;main;?trampoline;work", 900, STACK_COMPLETE, 0);
	add_ended(profile, app, "_start;main;work", 60, STACK_COMPLETE, 0);
	add_ended(profile, app, "coroutine;work", 40, STACK_FRAME_POINTER, 0);
	add_ended(profile, app, "callback;work", 30, STACK_BY_NAME, 0);
	add_ended(profile, java, "run@[anon];work", 200, STACK_TRUNCATED, TRUNCATED_NO_ROWS);
	add_ended(profile, java, "run@[anon];?call_stub@libjvm.so;work", 25, STACK_TRUNCATED,
		  TRUNCATED_NO_MAPPING);
	add_ended(profile, app, "fib;fib;fib", 7, STACK_TRUNCATED, TRUNCATED_FRAME_LIMIT);
	add_ended(profile, app, "sha256_block@/usr/lib/libcrypto.so.3", 4, STACK_TRUNCATED,
		  TRUNCATED_UNSUPPORTED);
	profile_seal(profile, STARTED + SECOND);
	return profile;
}

struct profile *scenery_changing(void)
{
	struct profile *profile = profile_new();

	for (uint64_t i = 0; i < 20; i++) {
		uint64_t time = STARTED + i * SECOND / 2;

		scenery_add(profile, i < 12 ? "main;compress" : "main;write_out", 250, time + 1);
		scenery_add(profile, "main;read_in", 250, time + 1);
		profile_seal(profile, time + SECOND / 2);
	}
	return profile;
}

static void set_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

void scenery_look(struct scene *scene, const struct profile *profile)
{
	struct status *status = &scene->status;

	scene_init(scene);
	set_text(status->target, sizeof status->target, "PID 4242 clang");
	set_text(status->state, sizeof status->state, "running");
	set_text(status->event, sizeof status->event, "cpu-clock");
	set_text(status->backend, sizeof status->backend, "perf, per CPU");
	status->frequency = 999;
	status->cpus = 2;
	status->symbolizer = true;
	status->unit = UNIT_NANOSECONDS;
	status->live = status->collecting = true;
	status->threads = 5;
	status->processes = 2;
	status->started = STARTED;
	status->now = STARTED + 10 * SECOND;
	status->duration = 10 * SECOND;
	status->own_cpu = 84;
	status->own_rss = 24 << 20;
	scene_update(scene, profile);
}
