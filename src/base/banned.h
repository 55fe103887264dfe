#ifndef TPROF_BASE_BANNED_H
#define TPROF_BASE_BANNED_H

/*
 * Calls that invite overruns or hide errors.  The build includes this
 * header before every source file of tprof, so they do not compile.
 */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef strtok
#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gets system popen alloca

#endif
