#include "source/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "source/process_scan.h"

/* Newer than some headers. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif

static long long setting(const char *path)
{
	long long value;

	return file_read_number(path, &value) ? value : PRIVILEGE_UNKNOWN;
}

static unsigned long long status_field(const char *status, const char *key, int base)
{
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

static bool looks_like_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	       getenv("container") != NULL;
}

void privilege_user_name(uid_t uid, char *name, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(name, size, "%s", user->pw_name);
	else
		snprintf(name, size, "%u", (unsigned)uid);
}

void privilege_read(struct privilege *privilege)
{
	struct strbuf status = STRBUF_INIT;
	struct rlimit files = { 0 }, locked = { 0 };
	struct error ignored;

	*privilege = (struct privilege){ .uid = geteuid() };
	privilege_user_name(privilege->uid, privilege->user, sizeof privilege->user);
	if (file_read("/proc/self/status", 1 << 14, &status, &ignored)) {
		privilege->capabilities = status_field(status.text, "\nCapEff:", 16);
		privilege->seccomp = status_field(status.text, "\nSeccomp:", 10) == 2;
	}
	strbuf_release(&status);
	privilege->container = looks_like_container();
	privilege->paranoid = setting("/proc/sys/kernel/perf_event_paranoid");
	privilege->mlock_kb = setting("/proc/sys/kernel/perf_event_mlock_kb");
	privilege->max_rate = setting("/proc/sys/kernel/perf_event_max_sample_rate");
	privilege->max_stack = setting("/proc/sys/kernel/perf_event_max_stack");
	privilege->kptr_restrict = setting("/proc/sys/kernel/kptr_restrict");
	getrlimit(RLIMIT_NOFILE, &files);
	privilege->files = files.rlim_cur;
	privilege->files_max = files.rlim_max;
	getrlimit(RLIMIT_MEMLOCK, &locked);
	privilege->locked = locked.rlim_cur;
}

bool privilege_has(const struct privilege *privilege, int capability)
{
	return privilege->capabilities >> capability & 1;
}

const char *privilege_paranoid_meaning(long long paranoid)
{
	if (paranoid == PRIVILEGE_UNKNOWN)
		return "perf events are missing or hidden";
	if (paranoid >= 4)
		return "no measuring at all without privileges";
	if (paranoid == 3)
		return "no measuring without privileges, on Debian and Ubuntu";
	if (paranoid == 2)
		return "without privileges only own processes, user code only";
	if (paranoid == 1)
		return "without privileges only own processes, kernel code included";
	if (paranoid == 0)
		return "everybody may measure whole CPUs";
	return "everybody may measure everything";
}

void privilege_raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* With fewer fields than newer kernels have, and not in all headers. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void privilege_hurry(void)
{
	enum { RESET_ON_FORK = 1, NICE = -10, SLICE_NS = 100000 };
	struct scheduling scheduling = { .size = sizeof scheduling, .flags = RESET_ON_FORK,
					 .nice = NICE, .runtime = SLICE_NS };

	/* Being nice to us takes privileges; shorter turns, and thus sooner ones, nothing. */
	if (!syscall(SYS_sched_setattr, 0, &scheduling, 0))
		return;
	scheduling.nice = getpriority(PRIO_PROCESS, 0);
	syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

static bool is_privileged(const struct privilege *privilege)
{
	return privilege_has(privilege, CAP_PERFMON) || privilege_has(privilege, CAP_SYS_ADMIN);
}

static void add_what(struct strbuf *out, const struct refusal *refusal)
{
	struct process process;
	uid_t uid;

	strbuf_adds(out, refusal->ring ? "cannot get memory for samples of " : "cannot sample ");
	if (refusal->everything || !refusal->pid) {
		strbuf_adds(out, "the whole system");
	} else if (process_read(refusal->pid, &process) && process_owner(refusal->pid, &uid)) {
		strbuf_addf(out, "process %d (%s, uid %u)", (int)refusal->pid, process.name,
			    (unsigned)uid);
	} else {
		strbuf_addf(out, "process %d", (int)refusal->pid);
	}
	strbuf_addf(out, ": %s (%s of %s)\n", strerror(refusal->code),
		    refusal->ring ? "mmap" : "perf_event_open", refusal->event);
}

static void add_you(struct strbuf *out, const struct privilege *privilege)
{
	strbuf_addf(out, "  you      uid %u (%s), %s CAP_PERFMON\n", (unsigned)privilege->uid,
		    privilege->user, is_privileged(privilege) ? "with" : "without");
}

static void add_kernel(struct strbuf *out, const struct privilege *privilege)
{
	if (privilege->paranoid == PRIVILEGE_UNKNOWN)
		strbuf_adds(out, "  kernel   no kernel.perf_event_paranoid: perf events are "
				 "missing or hidden\n");
	else
		strbuf_addf(out, "  kernel   kernel.perf_event_paranoid = %lld: %s\n",
			    privilege->paranoid, privilege_paranoid_meaning(privilege->paranoid));
	if (privilege->seccomp)
		strbuf_adds(out, "  seccomp  a filter restricts our system calls, as in "
				 "containers\n");
}

static bool add_target(struct strbuf *out, const struct refusal *refusal,
		       const struct privilege *privilege)
{
	char user[40];
	uid_t uid;

	if (refusal->everything || !refusal->pid || !process_owner(refusal->pid, &uid) ||
	    uid == privilege->uid)
		return false;
	privilege_user_name(uid, user, sizeof user);
	strbuf_addf(out, "  target   belongs to %s: that takes root or CAP_PERFMON\n", user);
	return true;
}

static void add_command(struct strbuf *out, const struct refusal *refusal)
{
	struct strbuf command = STRBUF_INIT;

	if (refusal->everything)
		strbuf_adds(&command, "sudo tprof -a");
	else if (refusal->pid)
		strbuf_addf(&command, "sudo tprof -p %d", (int)refusal->pid);
	else
		strbuf_adds(&command, "sudo tprof ...");
	strbuf_addf(out, "  %-42s this run only\n", command.text);
	strbuf_release(&command);
}

static void add_advice(struct strbuf *out, const struct refusal *refusal,
		       const struct privilege *privilege, bool foreign)
{
	/* The kernel's own refusal of those without privileges is always EACCES. */
	bool filtered = privilege->seccomp && refusal->code != EACCES;
	int enough = refusal->everything ? 0 : 1;

	strbuf_adds(out, "What helps:\n");
	if (filtered || (privilege->container && !privilege->uid))
		strbuf_adds(out, "  start the container with --cap-add PERFMON\n");
	if (!filtered && privilege->uid)
		add_command(out, refusal);
	if (!filtered && !foreign && privilege->uid && privilege->paranoid > enough)
		strbuf_addf(out, "  %s=%-3d every user, until reboot\n",
			    "sudo sysctl kernel.perf_event_paranoid", enough);
	strbuf_adds(out, "More: tprof doctor, and PERMISSIONS in man tprof");
}

static bool explain_refused(const struct refusal *refusal, struct error *error)
{
	struct strbuf text = STRBUF_INIT;
	struct privilege privilege;
	bool foreign;

	privilege_read(&privilege);
	add_what(&text, refusal);
	add_you(&text, &privilege);
	add_kernel(&text, &privilege);
	foreign = add_target(&text, refusal, &privilege);
	add_advice(&text, refusal, &privilege, foreign);
	error_set(error, refusal->code, "%s", text.text);
	strbuf_release(&text);
	return false;
}

static bool explain_files(const struct refusal *refusal, struct error *error)
{
	struct privilege privilege;

	privilege_read(&privilege);
	return error_set(error, refusal->code,
			 "too many open files: sampling thread by thread takes a descriptor for "
			 "each thread and CPU\n"
			 "  needed   %zu\n"
			 "  limit    %llu (ulimit -n, hard %llu)\n"
			 "What helps:\n"
			 "  raise it: ulimit -n %zu, if need be as root\n"
			 "  run tprof as root: then a few for each CPU are enough",
			 refusal->wanted_files, (unsigned long long)privilege.files,
			 (unsigned long long)privilege.files_max, refusal->wanted_files + 64);
}

static bool explain_memory(const struct refusal *refusal, struct error *error)
{
	struct privilege privilege;

	privilege_read(&privilege);
	return error_set(error, refusal->code,
			 "cannot get memory for samples: %s (mmap of a perf ring)\n"
			 "  you      uid %u (%s); other profilers of yours take from the same "
			 "allowance\n"
			 "  kernel   kernel.perf_event_mlock_kb = %lld for each CPU, and what "
			 "ulimit -l allows\n"
			 "What helps:\n"
			 "  end other profilers, or run tprof as root\n"
			 "  sudo sysctl kernel.perf_event_mlock_kb=2048",
			 strerror(refusal->code), (unsigned)privilege.uid, privilege.user,
			 privilege.mlock_kb);
}

bool privilege_explain(const struct refusal *refusal, struct error *error)
{
	struct privilege privilege;

	switch (refusal->code) {
	case ESRCH:
		return error_set(error, ESRCH, "there is no process %d", (int)refusal->pid);
	case EMFILE:
	case ENFILE:
		return explain_files(refusal, error);
	case EACCES:
	case EPERM:
		if (refusal->ring)
			return explain_memory(refusal, error);
		return explain_refused(refusal, error);
	case ENOSYS:
		privilege_read(&privilege);
		if (privilege.seccomp)
			return explain_refused(refusal, error);
		return error_set(error, ENOSYS, "this kernel has no perf events "
				 "(perf_event_open: %s); see tprof doctor", strerror(ENOSYS));
	default:
		return error_set(error, refusal->code,
				 "cannot sample by %s: %s (%s); see tprof doctor", refusal->event,
				 strerror(refusal->code),
				 refusal->ring ? "mmap" : "perf_event_open");
	}
}
