#ifndef TPROF_ANALYZE_SHARE_H
#define TPROF_ANALYZE_SHARE_H

#include "analyze/calltree.h"

/*
 * What a share of samples tells, as each sample falls into a part with
 * the probability that is to be found.
 *
 * Half of the interval that holds the true share in 95 of 100 cases, by
 * Agresti and Coull: 1.96 * sqrt(q * (1 - q) / (n + 4)) with
 * q = (x + 2) / (n + 4), for x of n samples.  For many samples this is
 * 1.96 * sqrt(p * (1 - p) / n) with p = x / n; for few it does not claim
 * to know what it can't, as that does for 0 of 3.  Where samples weigh
 * differently, p is the share of the weight.  Between 0 and 1; 1 without
 * samples.
 */
double share_error(const struct amount *part, const struct amount *whole);

/* Less than so many thousandths of the whole? */
bool share_is_below(const struct amount *part, const struct amount *whole, unsigned limit);

/*
 * Has a share moved between two times?  1: it grew, -1: it shrank, 0: can't
 * be told.  The pooled test of two proportions, in samples: they differ by
 * more than 4 standard deviations, and by more than half a percent of the
 * whole.  That much, since samples that follow each other are more alike
 * than chance has it, and many functions are looked at again and again.
 * Both times need 50 samples.
 */
int share_moved(const struct amount *part, const struct amount *whole,
		const struct amount *part_before, const struct amount *whole_before);

#endif
