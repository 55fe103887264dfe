#include "source/runner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static bool parse_id(const char *name, unsigned *id, struct error *error)
{
	const char *text = getenv(name);
	unsigned long value = 0;
	char *end = NULL;

	errno = 0;
	if (text && *text >= '0' && *text <= '9')
		value = strtoul(text, &end, 10);
	if (!end || *end || errno || value >= UINT32_MAX)
		return error_set(error, EINVAL,
				 "%s is set but is no number of a user or group; "
				 "unset it to run the command as root", name);
	*id = (unsigned)value;
	return true;
}

static void set_variable(struct runner *runner, const char *name, const char *value)
{
	size_t len = strlen(name);
	size_t size = len + strlen(value) + 2;
	char *text = xcalloc(size, 1);

	snprintf(text, size, "%s=%s", name, value);
	for (size_t i = 0; i < runner->environment.len; i++)
		if (!strncmp(runner->environment.at[i], text, len + 1)) {
			xfree(runner->environment.at[i]);
			runner->environment.at[i] = text;
			return;
		}
	array_push(&runner->environment, text);
}

static void unset_variable(struct runner *runner, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < runner->environment.len; i++) {
		char *text = runner->environment.at[i];

		if (strncmp(text, name, len) || text[len] != '=')
			continue;
		xfree(text);
		runner->environment.at[i] =
			runner->environment.at[--runner->environment.len];
		return;
	}
}

/* What sudo has set for root, and would be wrong for the user. */
static void forget_sudo(struct runner *runner)
{
	static const char *const names[] = {
		"SUDO_COMMAND", "SUDO_GID", "SUDO_HOME", "SUDO_UID", "SUDO_USER", "MAIL",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unset_variable(runner, names[i]);
}

/* The user's groups and home; one unknown here has only the group that sudo names. */
static void look_up_user(struct runner *runner)
{
	const struct passwd *user = getpwuid(runner->uid);
	int count = 64;

	array_push(&runner->group, runner->gid);
	if (!user)
		return;
	array_extend(&runner->group, (size_t)count);
	if (getgrouplist(user->pw_name, runner->gid, runner->group.at, &count) < 0) {
		array_extend(&runner->group, (size_t)count);
		getgrouplist(user->pw_name, runner->gid, runner->group.at, &count);
	}
	runner->group.len = count > 0 ? (size_t)count : 1;
	set_variable(runner, "HOME", user->pw_dir);
	set_variable(runner, "USER", user->pw_name);
	set_variable(runner, "LOGNAME", user->pw_name);
	set_variable(runner, "SHELL", *user->pw_shell ? user->pw_shell : "/bin/sh");
}

bool runner_init(struct runner *runner, struct error *error)
{
	*runner = (struct runner){ 0 };
	for (char **variable = environ; *variable; variable++)
		array_push(&runner->environment, xstrdup(*variable));
	if (!geteuid() && getenv("SUDO_UID") && getenv("SUDO_GID")) {
		if (!parse_id("SUDO_UID", &runner->uid, error) ||
		    !parse_id("SUDO_GID", &runner->gid, error))
			return false;
		runner->change = runner->uid != 0;
	}
	if (runner->change) {
		look_up_user(runner);
		forget_sudo(runner);
	}
	array_push(&runner->environment, NULL);
	return true;
}

void runner_release(struct runner *runner)
{
	for (size_t i = 0; i < runner->environment.len; i++)
		xfree(runner->environment.at[i]);
	array_release(&runner->environment);
	array_release(&runner->group);
}

/* Groups first, the user last: after that nothing can be changed any more. */
bool runner_become(const struct runner *runner)
{
	uid_t uid[3];
	gid_t gid[3];

	if (!runner->change)
		return true;
	if (setgroups(runner->group.len, runner->group.at) ||
	    setresgid(runner->gid, runner->gid, runner->gid) ||
	    setresuid(runner->uid, runner->uid, runner->uid))
		return false;
	if (getresuid(&uid[0], &uid[1], &uid[2]) || getresgid(&gid[0], &gid[1], &gid[2]))
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != runner->uid || gid[i] != runner->gid) {
			errno = EPERM;
			return false;
		}
	/* Nobody may find a way back. */
	if (!setuid(0)) {
		errno = EPERM;
		return false;
	}
	return true;
}
