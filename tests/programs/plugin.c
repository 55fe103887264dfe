/* Loaded by stacks.c. */
#include "work.h"

void plugin_call(void (*back)(void));

void plugin_call(void (*back)(void))
{
	back();
	NO_TAIL_CALL();
}
