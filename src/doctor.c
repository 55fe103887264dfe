#include "doctor.h"

#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "source/bpf_sampler.h"
#include "source/perf_open.h"
#include "source/perf_ring.h"
#include "source/perf_stack.h"
#include "source/privilege.h"

#ifndef PKGLIBEXECDIR
#define PKGLIBEXECDIR "/usr/local/libexec/tprof"
#endif
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif

/* What a check that fails means for the verdict. */
enum weight { WEIGHT_NONE, WEIGHT_DEGRADED, WEIGHT_UNUSABLE };

struct finding {
	const char *name;	/* stable: a key for programs */
	const char *about;
	char *value;
	const char *advice;	/* what helps; NULL if nothing is amiss */
	enum weight weight;
	bool ok;
};

struct doctor {
	struct privilege privilege;
	array(struct finding) finding;
};

/* The value is text from outside: sanitized here, once for all. */
__attribute__((format(printf, 3, 4)))
static void add(struct doctor *doctor, struct finding finding, const char *format, ...)
{
	struct strbuf raw = STRBUF_INIT, value = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&raw, format, args);
	va_end(args);
	text_sanitize(&value, raw.text, raw.len);
	strbuf_release(&raw);
	finding.value = strbuf_take(&value);
	if (finding.ok)
		finding.advice = NULL;
	array_push(&doctor->finding, finding);
}

static const char *answer(int code)
{
	return code ? strerror(code) : "yes";
}

/* enough: the value of the setting that allows it to everybody. */
static const char *paranoid_advice(const struct doctor *doctor, int code, int enough)
{
	static const char *const lower[] = {
		"sudo tprof, or sudo sysctl kernel.perf_event_paranoid=0",
		"sudo tprof, or sudo sysctl kernel.perf_event_paranoid=1",
		"sudo tprof, or sudo sysctl kernel.perf_event_paranoid=2",
	};

	if (code == ENOSYS && !doctor->privilege.seccomp)
		return "this kernel is built without perf events";
	if (doctor->privilege.seccomp || (!doctor->privilege.uid && doctor->privilege.container))
		return "a container: start it with --cap-add PERFMON";
	return lower[enough];
}

static int try_clock(pid_t pid, int cpu, bool kernel)
{
	return perf_open_try(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, pid, cpu, kernel);
}

static void check_events(struct doctor *doctor)
{
	int user = try_clock(0, -1, false), kernel = try_clock(0, -1, true);
	int cpu = try_clock(-1, 0, true);
	int cycles = perf_open_try(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0, -1, false);

	add(doctor, (struct finding){
		.name = "perf_user",
		.about = "sample own processes",
		.ok = !user,
		.weight = WEIGHT_UNUSABLE,
		.advice = paranoid_advice(doctor, user, 2),
	}, "%s", answer(user));
	add(doctor, (struct finding){
		.name = "perf_kernel",
		.about = "sample kernel code",
		.ok = !kernel,
		.weight = WEIGHT_DEGRADED,
		.advice = paranoid_advice(doctor, kernel, 1),
	}, "%s", answer(kernel));
	add(doctor, (struct finding){
		.name = "perf_cpu",
		.about = "sample whole CPUs (-a)",
		.ok = !cpu,
		.weight = WEIGHT_DEGRADED,
		.advice = paranoid_advice(doctor, cpu, 0),
	}, "%s", answer(cpu));
	add(doctor, (struct finding){
		.name = "hardware_counters",
		.about = "hardware counters (cycles)",
		.ok = !cycles || cycles == EACCES || cycles == EPERM,
		.advice = "usual in virtual machines: cpu-clock is used instead",
	}, "%s", answer(cycles));
}

/* Loaded once for this, and what that took is told. */
static void check_bpf(struct doctor *doctor)
{
	struct bpf_facts facts;
	struct error error = { 0 };
	bool ok = bpf_sampler_try(&facts, &error);
	struct finding finding = {
		.name = "bpf",
		.about = "BPF: walk stacks in the kernel",
		.ok = ok,
		.weight = WEIGHT_NONE,
		.advice = "stacks are copied and walked by tprof instead",
	};

	if (ok)
		add(doctor, finding, "works: %u instructions, %u verified, loaded in %.0f ms",
		    facts.instructions, facts.verified, (double)facts.load_time / 1e6);
	else
		add(doctor, finding, "%s", error.text);
}

static void check_copies(struct doctor *doctor)
{
	unsigned stack;
	size_t ring;
	int code = perf_open_try_stacks(&stack, &ring);
	bool enough = stack >= PERF_STACK_FIRST;
	struct finding finding = {
		.name = "perf_stacks",
		.about = "perf: copy stacks, to walk them",
		.ok = !code && enough,
		.weight = code ? WEIGHT_DEGRADED : WEIGHT_NONE,
		.advice = code ? "stacks can't be walked without BPF, but by --call-graph=fp" :
				 "deeper stacks are cut: raise ulimit -l",
	};

	if (code)
		add(doctor, finding, "%s", strerror(code));
	else
		add(doctor, finding, "up to %u KiB of each, rings of %zu KiB for each CPU",
		    (stack + 1023) >> 10, ring >> 10);
}

static void check_others(struct doctor *doctor)
{
	bool ok = privilege_has(&doctor->privilege, CAP_PERFMON) ||
		  privilege_has(&doctor->privilege, CAP_SYS_ADMIN);

	add(doctor, (struct finding){
		.name = "perf_others",
		.about = "other users' processes",
		.ok = ok,
		.weight = WEIGHT_DEGRADED,
		.advice = "sudo tprof: needs CAP_PERFMON",
	}, "%s", ok ? "yes" : "no CAP_PERFMON");
}

static void add_setting(struct doctor *doctor, struct finding finding, long long value)
{
	if (value == PRIVILEGE_UNKNOWN)
		add(doctor, finding, "unknown");
	else
		add(doctor, finding, "%lld", value);
}

static void check_settings(struct doctor *doctor)
{
	const struct privilege *privilege = &doctor->privilege;
	bool privileged = privilege_has(privilege, CAP_PERFMON) ||
			  privilege_has(privilege, CAP_SYS_ADMIN);
	bool known = privilege->paranoid != PRIVILEGE_UNKNOWN;

	add_setting(doctor, (struct finding){
		.name = "perf_event_paranoid",
		.about = "kernel.perf_event_paranoid",
		.ok = privileged || (known && privilege->paranoid <= 2),
		.advice = privilege_paranoid_meaning(privilege->paranoid),
	}, privilege->paranoid);
	add_setting(doctor, (struct finding){
		.name = "perf_event_mlock_kb",
		.about = "kernel.perf_event_mlock_kb",
		.ok = privileged || privilege->mlock_kb >= (PERF_RING_BYTES >> 10) + 4,
		.advice = "bursts may be lost: sudo sysctl kernel.perf_event_mlock_kb=516",
	}, privilege->mlock_kb);
	add_setting(doctor, (struct finding){
		.name = "perf_event_max_sample_rate",
		.about = "kernel.perf_event_max_sample_rate",
		.ok = privilege->max_rate >= 999,
		.weight = WEIGHT_DEGRADED,
		.advice = "limits -F: sudo sysctl kernel.perf_event_max_sample_rate=100000",
	}, privilege->max_rate);
	add_setting(doctor, (struct finding){
		.name = "perf_event_max_stack",
		.about = "kernel.perf_event_max_stack",
		.ok = privilege->max_stack >= 127,
		.advice = "deeper stacks are cut: sudo sysctl kernel.perf_event_max_stack=127",
	}, privilege->max_stack);
}

/* With 0 it shows them to all who may sample it, with 1 to who has CAP_SYSLOG. */
static const char *cure_of_kernel_names(long long kptr_restrict)
{
	if (!kptr_restrict)
		return "sudo tprof, or sudo sysctl kernel.perf_event_paranoid=1";
	if (kptr_restrict == 1)
		return "sudo tprof, or sudo sysctl kernel.kptr_restrict=0 "
		       "kernel.perf_event_paranoid=1";
	return "sudo sysctl kernel.kptr_restrict=1, and sudo tprof: 2 hides them even from root";
}

/* Does the kernel show us where its functions are? */
static void check_kernel_names(struct doctor *doctor)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	char line[256];
	bool ok = false;

	/* The first symbols may be at 0 even so. */
	for (int i = 0; in && !ok && i < 1000 && fgets(line, sizeof line, in); i++)
		ok = strtoull(line, NULL, 16) > 1u << 31;
	if (in)
		fclose(in);
	add(doctor, (struct finding){
		.name = "kernel_names",
		.about = "names of kernel functions",
		.ok = ok,
		.weight = WEIGHT_DEGRADED,
		.advice = cure_of_kernel_names(doctor->privilege.kptr_restrict),
	}, "%s (kernel.kptr_restrict = %lld)", ok ? "yes" : "hidden",
	   doctor->privilege.kptr_restrict);
}

static void check_limits(struct doctor *doctor)
{
	const struct privilege *privilege = &doctor->privilege;

	add(doctor, (struct finding){
		.name = "open_files",
		.about = "descriptors",
		.ok = privilege->files_max >= 1024,
		.advice = "thread by thread one for each thread and CPU: raise ulimit -Hn",
	}, "%llu (hard %llu)", (unsigned long long)privilege->files,
	   (unsigned long long)privilege->files_max);
	add(doctor, (struct finding){
		.name = "seccomp",
		.about = "system calls filtered",
		.ok = !privilege->seccomp,
		.advice = "as in containers: what is refused may be due to the filter",
	}, "%s", privilege->seccomp ? "yes" : "no");
	add(doctor, (struct finding){
		.name = "container",
		.about = "in a container",
		.ok = true,
	}, "%s", privilege->container ? "by the look of it" : "no sign of it");
}

static bool is_program(const char *directory)
{
	struct strbuf path = STRBUF_INIT;
	bool found;

	strbuf_addf(&path, "%s/tprof-symbolizer", directory);
	found = access(path.text, X_OK) == 0;
	strbuf_release(&path);
	return found;
}

static void check_symbolizer(struct doctor *doctor)
{
	char own[4096];
	ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash;
	bool ok = is_program(PKGLIBEXECDIR);

	if (len > 0) {
		own[len] = '\0';
		slash = strrchr(own, '/');
		if (slash)
			*slash = '\0';
		ok = ok || is_program(own);
	}
	add(doctor, (struct finding){
		.name = "symbolizer",
		.about = "tprof-symbolizer",
		.ok = ok,
		.weight = WEIGHT_DEGRADED,
		.advice = "not installed: there will be no names of functions",
	}, "%s", ok ? "found" : "not found in " PKGLIBEXECDIR);
}

static void check_terminal(struct doctor *doctor)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool able = term && *term && strcmp(term, "dumb") != 0;
	bool plain = no_color && *no_color;
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	const char *codeset = locale ? nl_langinfo_l(CODESET, locale) : "unknown";

	add(doctor, (struct finding){
		.name = "terminal",
		.about = "terminal",
		.ok = able,
		.advice = "no screen without one; tprof report works",
	}, "%s", term && *term ? term : "TERM is not set");
	add(doctor, (struct finding){
		.name = "color",
		.about = "colours",
		.ok = able && !plain,
		.advice = "bold and reverse are used instead",
	}, "%s", plain ? "NO_COLOR is set" : able ? "as the terminal has them" : "no");
	add(doctor, (struct finding){
		.name = "utf8",
		.about = "UTF-8",
		.ok = strcmp(codeset, "UTF-8") == 0,
		.advice = "drawn in ASCII; a UTF-8 locale: export LC_ALL=C.UTF-8",
	}, "%s", codeset);
	if (locale)
		freelocale(locale);
}

static void check_machine(struct doctor *doctor)
{
	struct utsname name;

	if (uname(&name))
		return;
	add(doctor, (struct finding){
		.name = "machine",
		.about = "machine",
		.ok = strcmp(name.machine, "x86_64") == 0,
		.advice = "best tested on x86_64; here stacks are walked by frame pointers",
	}, "%s, Linux %s", name.machine, name.release);
}

static enum doctor_verdict judge(const struct doctor *doctor)
{
	enum weight worst = WEIGHT_NONE;

	for (size_t i = 0; i < doctor->finding.len; i++)
		if (!doctor->finding.at[i].ok && doctor->finding.at[i].weight > worst)
			worst = doctor->finding.at[i].weight;
	return (enum doctor_verdict)worst;
}

static const char *verdict_name(enum doctor_verdict verdict)
{
	static const char *const name[] = { "usable", "degraded", "unusable" };

	return name[verdict];
}

static void print_text(FILE *out, const struct doctor *doctor, enum doctor_verdict verdict)
{
	fprintf(out, "%s, for uid %u (%s)\n\n", verdict_name(verdict),
		(unsigned)doctor->privilege.uid, doctor->privilege.user);
	for (size_t i = 0; i < doctor->finding.len; i++) {
		const struct finding *finding = &doctor->finding.at[i];
		const char *missing = finding->weight == WEIGHT_NONE ? "note" : "no";

		fprintf(out, "%-5s %-34s %s\n", finding->ok ? "ok" : missing, finding->about,
			finding->value);
		if (finding->advice)
			fprintf(out, "      -> %s\n", finding->advice);
	}
}

static void print_json(FILE *out, const struct doctor *doctor, enum doctor_verdict verdict)
{
	json_t *checks = json_array(), *root;

	for (size_t i = 0; i < doctor->finding.len; i++) {
		const struct finding *finding = &doctor->finding.at[i];

		json_array_append_new(checks, json_pack("{s:s, s:b, s:s, s:s?}", "name",
							finding->name, "ok", finding->ok, "value",
							finding->value, "advice",
							finding->advice));
	}
	root = json_pack("{s:s, s:i, s:o, s:s}", "format", "tprof-doctor", "version", 1, "checks",
			 checks, "verdict", verdict_name(verdict));
	if (root)
		json_dumpf(root, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(root);
}

enum doctor_verdict doctor_print(FILE *out, bool json)
{
	struct doctor doctor = { 0 };
	enum doctor_verdict verdict;

	privilege_read(&doctor.privilege);
	check_events(&doctor);
	check_bpf(&doctor);
	check_copies(&doctor);
	check_others(&doctor);
	check_settings(&doctor);
	check_kernel_names(&doctor);
	check_limits(&doctor);
	check_symbolizer(&doctor);
	check_terminal(&doctor);
	check_machine(&doctor);
	verdict = judge(&doctor);
	if (json)
		print_json(out, &doctor, verdict);
	else
		print_text(out, &doctor, verdict);
	for (size_t i = 0; i < doctor.finding.len; i++)
		xfree(doctor.finding.at[i].value);
	array_release(&doctor.finding);
	return verdict;
}
