#ifndef TPROF_RESOLVE_NAMING_H
#define TPROF_RESOLVE_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "profile/profile.h"
#include "resolve/binary.h"

/*
 * Gives the locations of a profile their names.  Goes through the table of
 * locations as it grows, asks the symbolizer about those whose binary it
 * has an image of, and puts the answers into the profile.  Asks for few at
 * a time, so that its memory is bounded by nothing that targets do.
 *
 * When the symbolizer dies, it is started again after a while, and what
 * had not been answered is asked one by one: an address that it dies of
 * again stays without a name, and so does a binary that has several.
 */
struct naming;

enum image_source { IMAGE_OF_FILE, IMAGE_OF_VDSO, IMAGE_OF_KERNEL };

struct naming *naming_new(struct profile *profile);
void naming_free(struct naming *naming);

/*
 * Where the code of a binary can be found.  The first place counts that the
 * file could be opened in; after some that it couldn't, none is tried any
 * more.  The place is copied.
 */
void naming_add_image(struct naming *naming, binary_id binary, enum image_source source,
		      const struct binary_place *place);

/* Its file could not be opened so far, and another place is welcome. */
bool naming_lacks_image(const struct naming *naming, binary_id binary);

/* Ask, and take in answers, at a time (on the clock of clock_now()). */
void naming_work(struct naming *naming, uint64_t now);
/* As for the resolver. */
int naming_fd(const struct naming *naming);
size_t naming_waiting(const struct naming *naming);
const char *naming_trouble(const struct naming *naming);
pid_t naming_symbolizer_pid(const struct naming *naming);

#endif
