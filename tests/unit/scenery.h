#ifndef TPROF_TESTS_SCENERY_H
#define TPROF_TESTS_SCENERY_H

#include "view/scene.h"

/* Profiles for the tests of views, and a scene to look at them. */

/*
 * Samples of 1 ms each in a stack as folded files write it, "main;work;read".
 * A frame may end in "@binary", [kernel] for the kernel; without it the
 * binary is "app".  "@libc.so" alone is code of that without a name.
 */
void scenery_add(struct profile *profile, const char *stack, uint64_t samples, uint64_t time);
/* A program with long C++ names, kernel frames and code without names, over ten seconds. */
struct profile *scenery_program(void);
/* Names that attack the terminal. */
struct profile *scenery_hostile(void);
struct profile *scenery_one_function(void);
/* For ten seconds, half of the time in one function; in another one for the last four. */
struct profile *scenery_changing(void);
/* blend is inlined but for a fourteenth, clamp sometimes, setup always. */
struct profile *scenery_inlined(void);
/* Stacks that end in all ways, and guessed callers. */
struct profile *scenery_truncated(void);

/* The status of a live run; the profile stays the caller's. */
void scenery_look(struct scene *scene, const struct profile *profile);

#endif
