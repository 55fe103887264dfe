#ifndef TPROF_DOCTOR_H
#define TPROF_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

/*
 * tprof doctor: what works here, for the user who asks, and which knob
 * changes it.  The verdict is the exit status.
 */
enum doctor_verdict {
	DOCTOR_USABLE = 0,
	DOCTOR_DEGRADED = 1,	/* something is missing that matters */
	DOCTOR_UNUSABLE = 2,	/* not even own processes can be sampled */
};

enum doctor_verdict doctor_print(FILE *out, bool json);

#endif
