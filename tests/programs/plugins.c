/*
 * Two shared objects to be loaded one after the other by life.c: with -DNAME
 * and -DBYTES, what their only function is called and how big its frame is.
 */
#include "work.h"

void NAME(void (*back)(void));

void NAME(void (*back)(void))
{
	volatile char frame[BYTES];

	frame[0] = 1;
	back();
	NO_TAIL_CALL();
	frame[BYTES - 1] = frame[0];
}
