#include "view/findings.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/text.h"
#include "view/column.h"

enum {
	STOPS_MAX = 5,		/* binaries told of for a reason */
	CPUS_MAX = 8,
	MATTERS = 1000,		/* less than one in so many needs no advice, */
	MATTERS_LEAST = 3,	/* nor do fewer than these */
};

/* Adding lines. */

static struct finding *add(struct findings *findings, enum finding_kind kind,
			   const char *section, const char *text)
{
	struct finding finding = { .kind = kind, .section = section };
	struct strbuf safe = STRBUF_INIT;

	text_sanitize(&safe, text, strlen(text));
	finding.text = xstrdup(safe.text);
	strbuf_release(&safe);
	array_push(&findings->finding, finding);
	return &findings->finding.at[findings->finding.len - 1];
}

__attribute__((format(printf, 4, 5)))
static void add_text(struct findings *findings, enum finding_kind kind, const char *section,
		     const char *format, ...)
{
	char *words = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&words, format, args) >= 0)
		add(findings, kind, section, words);
	va_end(args);
	free(words);
}

static void add_share(struct findings *findings, const char *section, const char *text,
		      unsigned depth, uint64_t part, uint64_t whole)
{
	struct finding *finding = add(findings, FINDING_SHARE, section, text);

	finding->depth = depth;
	finding->part = part;
	finding->whole = whole;
}

static void add_heading(struct findings *findings, const char *section, const char *text)
{
	add(findings, FINDING_HEADING, section, text);
}

/* How stacks ended. */

static uint64_t all_of(const struct quality *quality)
{
	return quality->complete + quality->frame_pointer + quality->truncated;
}

/* The rest of the screen shows a part: what is told here is of the whole measurement. */
static bool is_narrowed(const struct scene *scene)
{
	return scene->window.kind != WINDOW_ALL || scene->query.keep ||
	       scene->query.threads.by != THREADS_ALL;
}

static void add_stacks(struct findings *findings, const struct scene *scene)
{
	const struct quality *q = scene->quality;
	uint64_t all = all_of(q);

	add_heading(findings, "stacks", is_narrowed(scene) ? "How all stacks ended"
							     : "How stacks ended");
	if (scene->status.is_file)
		add(findings, FINDING_FACT, "stacks",
		    "a file of names does not tell how its stacks were found");
	else if (!all)
		add(findings, FINDING_FACT, "stacks", "no samples yet");
	if (scene->status.is_file || !all)
		return;
	add_share(findings, "stacks", "complete", 0, q->complete, all);
	add_share(findings, "stacks", "by frame pointer", 0, q->frame_pointer, all);
	add_share(findings, "stacks", "truncated", 0, q->truncated, all);
	add_share(findings, "stacks", "with a guessed frame", 0, q->guessed, all);
}

/* The one with the most next after some value, equal ones in order of their place. */
struct ranked {
	uint64_t value;
	size_t place;
};

static bool comes_before(struct ranked a, struct ranked b)
{
	return a.value != b.value ? a.value > b.value : a.place < b.place;
}

static enum truncation next_reason(const struct quality *quality, struct ranked after)
{
	struct ranked best = { 0, TRUNCATIONS };

	for (size_t i = 0; i < TRUNCATIONS; i++) {
		struct ranked one = { quality->reason[i], i };

		if (one.value && comes_before(after, one) && comes_before(one, best))
			best = one;
	}
	return (enum truncation)best.place;
}

static binary_id next_stop(const struct quality *quality, enum truncation reason,
			   struct ranked after)
{
	struct ranked best = { 0, quality->stop.len };

	for (size_t i = 0; i < quality->stop.len; i++) {
		struct ranked one = { quality->stop.at[i].reason[reason], i };

		if (one.value && comes_before(after, one) && comes_before(one, best))
			best = one;
	}
	return (binary_id)best.place;
}

static const char *name_of(const struct profile *profile, binary_id binary)
{
	const char *name = profile_string(profile, profile->binary.at[binary].name);

	return *name ? name : "[unknown]";
}

static void add_stops(struct findings *findings, const struct scene *scene,
		      enum truncation reason)
{
	const struct quality *q = scene->quality;
	struct ranked after = { UINT64_MAX, 0 };
	struct strbuf text = STRBUF_INIT;

	for (int i = 0; i < STOPS_MAX; i++) {
		binary_id id = next_stop(q, reason, after);
		const struct quality_stop *stop;

		if (id >= q->stop.len)
			break;
		stop = &q->stop.at[id];
		after = (struct ranked){ stop->reason[reason], id };
		strbuf_clear(&text);
		strbuf_adds(&text, name_of(scene->profile, id));
		/* Most are in a program of their own. */
		if (stop->process &&
		    strcmp(name_of(scene->profile, id),
			   profile_string(scene->profile, stop->process)) != 0)
			strbuf_addf(&text, " in %s", profile_string(scene->profile,
								    stop->process));
		add_share(findings, "binaries", text.text, 1, after.value, all_of(q));
	}
	strbuf_release(&text);
}

static void add_reasons(struct findings *findings, const struct scene *scene)
{
	const struct quality *q = scene->quality;
	struct ranked after = { UINT64_MAX, 0 };
	enum truncation reason;

	if (!q->truncated)
		return;
	add_heading(findings, "reasons", "Why they are truncated, and the code they end in");
	while ((reason = next_reason(q, after)) < TRUNCATIONS) {
		after = (struct ranked){ q->reason[reason], reason };
		add_share(findings, "reasons", truncation_text(reason), 0, q->reason[reason],
			  all_of(q));
		add_stops(findings, scene, reason);
	}
}

/* What would improve it. */

static bool is_by_frame_pointers(const struct scene *scene)
{
	return strstr(scene->status.call_graph, "frame pointer") != NULL;
}

static bool has_no_stacks(const struct scene *scene)
{
	return !strcmp(scene->status.call_graph, "no stacks");
}

static bool is_walked_in_kernel(const struct scene *scene)
{
	return !strncmp(scene->status.backend, "BPF", 3);
}

/* Programs that make code at run time, and what makes them keep frame pointers in it. */
static const struct { const char *process, *what; } makers[] = {
	{ "java", "start it with -XX:+PreserveFramePointer" },
	{ "node", "start it with --interpreted-frames-native-stack" },
	{ "python3", "start it with -X perf" },
};

static const char *cure_of_maker(const char *process)
{
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
		if (!strcmp(makers[i].process, process))
			return makers[i].what;
	return "look for an option of it to keep them";
}

static void advise_no_rows(struct findings *findings, const struct scene *scene, binary_id id)
{
	const struct quality_stop *stop = &scene->quality->stop.at[id];
	const char *process = profile_string(scene->profile, stop->process);
	const char *binary = name_of(scene->profile, id);

	if (scene->profile->binary.at[id].kind == BINARY_ANONYMOUS)
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: code made at run time has no unwind information, and here no frame "
			 "pointers: %s", *process ? process : binary, cure_of_maker(process));
	else
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: parts have no unwind information: assembly without .cfi directives, "
			 "or built with -fno-asynchronous-unwind-tables; debug information does "
			 "not help here", binary);
}

/* What to do about each reason; before it stands the binary most such stacks end in. */
static const char *const cures[TRUNCATIONS] = {
	[TRUNCATED_FRAME_LIMIT] = "stacks deeper than what is recorded lack their outer "
				  "callers: shares of inner functions are right all the same",
	[TRUNCATED_NO_USER_STACK] = "tasks that begin or end have no user stack: nothing "
				    "is wrong",
	[TRUNCATED_NOT_NAMED] = "without names nobody can tell where stacks end: use one "
				"that is not stripped; separate debug files are not read",
	[TRUNCATED_NO_MAPPING] = "its callers could not be found: it switches stacks, or "
				 "is assembly with wrong unwind information",
	[TRUNCATED_NOT_READY] = "its unwind information was still being read: that is over "
				"after a moment, measure longer",
	[TRUNCATED_UNREADABLE] = "parts of its stacks could not be read: swapped out, of a "
				 "thread that was just starting, or, in copies, never "
				 "written to, as in large arrays",
	[TRUNCATED_IMPLAUSIBLE] = "its unwind information does not fit its stacks: it "
				  "switches stacks, or is assembly",
	[TRUNCATED_UNSUPPORTED] = "hand-written assembly whose unwind information is of a "
				  "kind not understood here; debug information does not help",
	[TRUNCATED_DUMP_TOO_SHORT] = "stacks are longer than the copies taken of them: with "
				     "CAP_BPF and CAP_PERFMON, or as root, none are needed",
	[TRUNCATED_32_BIT] = "programs of 32 bits are not unwound: use one of 64 bits",
};

static void advise_frame_pointers(struct findings *findings, const struct scene *scene,
				  binary_id id)
{
	const char *binary = name_of(scene->profile, id);

	if (is_by_frame_pointers(scene))
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: built without frame pointers: unwind information needs none "
			 "(--call-graph=auto)", binary);
	else
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: built without frame pointers: build it with "
			 "-fno-omit-frame-pointer", binary);
}

static void advise(struct findings *findings, const struct scene *scene, enum truncation reason,
		   binary_id id)
{
	const char *binary = name_of(scene->profile, id);

	if (reason == TRUNCATED_NO_ROWS) {
		advise_no_rows(findings, scene, id);
	} else if (reason == TRUNCATED_NO_FRAME_POINTER ||
		   (reason == TRUNCATED_NO_MAPPING && is_by_frame_pointers(scene))) {
		advise_frame_pointers(findings, scene, id);
	} else if (reason == TRUNCATED_FRAME_LIMIT && has_no_stacks(scene)) {
		add(findings, FINDING_ADVICE, "advice",
		    "only the running functions are recorded, as asked: leave out "
		    "--call-graph=none to see their callers");
	} else if (reason == TRUNCATED_FRAME_LIMIT && is_by_frame_pointers(scene)) {
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: deeper than the kernel copies: sudo sysctl "
			 "kernel.perf_event_max_stack=1024", binary);
	} else if (reason == TRUNCATED_DUMP_TOO_SHORT && is_walked_in_kernel(scene)) {
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: stacks are copied, and cut, only while its unwind information is "
			 "being read, or where the kernel can't walk them", binary);
	} else if (reason == TRUNCATED_UNREADABLE && !is_walked_in_kernel(scene)) {
		add_text(findings, FINDING_ADVICE, "advice",
			 "%s: copies of stacks end where they were never written to, as in large "
			 "arrays, or are swapped out: with CAP_BPF and CAP_PERFMON, or as root, "
			 "none are needed", binary);
	} else if (cures[reason]) {
		add_text(findings, FINDING_ADVICE, "advice", "%s: %s", binary, cures[reason]);
	}
}

static void advise_on_samples(struct findings *findings, const struct scene *scene)
{
	const struct profile *profile = scene->profile;

	if (profile->lost)
		add(findings, FINDING_ADVICE, "advice",
		    "samples were lost: take fewer (-F), or leave a CPU some time to spare");
	if (profile->throttled)
		add(findings, FINDING_ADVICE, "advice",
		    "the kernel slowed sampling down: take fewer samples (-F), or raise "
		    "kernel.perf_cpu_time_max_percent");
	if (profile->lost_names)
		add(findings, FINDING_ADVICE, "advice",
		    "records of what was mapped were lost: names may be missing; more memory for "
		    "rings helps (kernel.perf_event_mlock_kb)");
}

static const char *nothing_to_advise(const struct scene *scene)
{
	const struct quality *q = scene->quality;

	if (scene->status.is_file)
		return "nothing can be said of a file";
	if (q->guessed >= MATTERS_LEAST && q->guessed >= all_of(q) / MATTERS)
		return "nothing that is known: but the frames with a ? were found without unwind "
		       "information, and callers next to them may be missing or wrong";
	return "nothing: it is as good as it gets";
}

static void add_advice(struct findings *findings, const struct scene *scene)
{
	const struct quality *q = scene->quality;
	struct ranked after = { UINT64_MAX, 0 };
	size_t first = findings->finding.len;
	enum truncation reason;

	if (!all_of(q))
		return;
	add_heading(findings, "advice", "What would improve it");
	if (*scene->status.why)
		add(findings, FINDING_ADVICE, "advice", scene->status.why);
	while ((reason = next_reason(q, after)) < TRUNCATIONS &&
	       q->reason[reason] >= all_of(q) / MATTERS && q->reason[reason] >= MATTERS_LEAST) {
		binary_id id = next_stop(q, reason, (struct ranked){ UINT64_MAX, 0 });

		after = (struct ranked){ q->reason[reason], reason };
		if (id < q->stop.len)
			advise(findings, scene, reason, id);
	}
	advise_on_samples(findings, scene);
	if (findings->finding.len == first + 1)
		add(findings, FINDING_FACT, "advice", nothing_to_advise(scene));
}

/* What was lost. */

static size_t next_cpu(const struct profile *profile, struct ranked after)
{
	struct ranked best = { 0, profile->cpu.len };

	for (size_t i = 0; i < profile->cpu.len; i++) {
		struct ranked one = { profile->cpu.at[i].lost, i };

		if (one.value && comes_before(after, one) && comes_before(one, best))
			best = one;
	}
	return best.place;
}

static void add_throttled(struct findings *findings, const struct profile *profile)
{
	struct strbuf text = STRBUF_INIT;
	const char *before = ": ";

	strbuf_addf(&text, "throttled %llu time%s", (unsigned long long)profile->throttled,
		    profile->throttled == 1 ? "" : "s");
	for (size_t i = 0, told = 0; i < profile->cpu.len && told < CPUS_MAX; i++) {
		if (!profile->cpu.at[i].throttled)
			continue;
		strbuf_addf(&text, "%s%llu on CPU %zu", before,
			    (unsigned long long)profile->cpu.at[i].throttled, i);
		before = ", ";
		told++;
	}
	add(findings, FINDING_FACT, "lost", text.text);
	strbuf_release(&text);
}

static void add_lost(struct findings *findings, const struct scene *scene)
{
	const struct profile *profile = scene->profile;
	struct ranked after = { UINT64_MAX, 0 };
	char text[32];
	size_t cpu;

	if (scene->status.is_file)
		return;
	add_heading(findings, "lost", "Samples that the kernel could not deliver");
	add_share(findings, "lost", "lost", 0, profile->lost, profile->lost + profile->samples);
	for (int i = 0; i < CPUS_MAX; i++) {
		cpu = next_cpu(profile, after);
		if (cpu >= profile->cpu.len)
			break;
		after = (struct ranked){ profile->cpu.at[cpu].lost, cpu };
		snprintf(text, sizeof text, "on CPU %zu", cpu);
		add_share(findings, "lost", text, 1, after.value,
			  profile->lost + profile->samples);
	}
	if (profile->throttled)
		add_throttled(findings, profile);
}

/* What stacks and names come from. */

static void add_rows(struct findings *findings, const struct unwind_facts *unwind)
{
	char rows[QUANTITY_MAX + 8], bytes[QUANTITY_MAX];

	if (unwind->binaries) {
		quantity_exact(rows, unwind->rows);
		quantity_format(bytes, unwind->bytes, UNIT_BYTES);
		add_text(findings, FINDING_FACT, "unwinding",
			 "%s rows of unwind information of %zu %s, %s", rows, unwind->binaries,
			 unwind->binaries == 1 ? "binary" : "binaries", bytes);
	}
	if (unwind->waiting)
		add_text(findings, FINDING_FACT, "unwinding", "of %zu more it is being read",
			 unwind->waiting);
	if (unwind->failed)
		add_text(findings, FINDING_FACT, "unwinding", "%zu %s none that can be used",
			 unwind->failed, unwind->failed == 1 ? "binary has" : "binaries have");
}

static void add_sources(struct findings *findings, const struct scene *scene)
{
	const struct status *status = &scene->status;

	if (status->is_file)
		return;
	add_heading(findings, "unwinding", "What stacks and names come from");
	if (*status->backend)
		add_text(findings, FINDING_FACT, "unwinding", "%s%s%s", status->backend,
			 *status->call_graph ? ", " : "", status->call_graph);
	add_rows(findings, &status->unwind);
	if (!status->symbolizer)
		add(findings, FINDING_FACT, "names", "the symbolizer is not running: no names");
	else if (status->naming)
		add_text(findings, FINDING_FACT, "names",
			 "the symbolizer has %zu addresses to name", status->naming);
	else
		add(findings, FINDING_FACT, "names",
		    "the symbolizer has named what could be named");
	if (scene->profile->lost_names)
		add_text(findings, FINDING_FACT, "names",
			 "%llu records of mappings and names were lost",
			 (unsigned long long)scene->profile->lost_names);
}

void findings_collect(struct findings *findings, const struct scene *scene)
{
	findings_release(findings);
	add_stacks(findings, scene);
	add_reasons(findings, scene);
	add_advice(findings, scene);
	add_lost(findings, scene);
	add_sources(findings, scene);
}

void findings_release(struct findings *findings)
{
	for (size_t i = 0; i < findings->finding.len; i++)
		xfree(findings->finding.at[i].text);
	array_release(&findings->finding);
}
