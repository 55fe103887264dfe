#include "view/command.h"

#include <string.h>

static const struct {
	const char *name, *help;
} commands[COMMAND_COUNT] = {
#define X(id, command, text) [COMMAND_##id] = { command, text },
	COMMANDS(X)
#undef X
};

const char *command_name(enum command command)
{
	return command > COMMAND_NONE && command < COMMAND_COUNT ? commands[command].name : "";
}

const char *command_help(enum command command)
{
	return command > COMMAND_NONE && command < COMMAND_COUNT ? commands[command].help : "";
}

enum command command_named(const char *name)
{
	for (int i = COMMAND_NONE + 1; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return (enum command)i;
	return COMMAND_NONE;
}
