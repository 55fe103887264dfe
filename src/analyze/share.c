#include "analyze/share.h"

/* By Newton's method; x is between 0 and 1. */
static double square_root(double x)
{
	double root = 1;

	for (int i = 0; x > 0 && i < 60; i++) {
		double better = (root + x / root) / 2;

		if (better >= root && i)
			break;
		root = better;
	}
	return x > 0 ? root : 0;
}

static double ratio(uint64_t part, uint64_t whole)
{
	double share = whole ? (double)part / (double)whole : 0;

	return share > 1 ? 1 : share;
}

static double share_of(const struct amount *part, const struct amount *whole)
{
	return whole->weight ? ratio(part->weight, whole->weight)
			     : ratio(part->samples, whole->samples);
}

bool share_is_below(const struct amount *part, const struct amount *whole, unsigned limit)
{
	return limit && share_of(part, whole) * 1000 < limit;
}

double share_error(const struct amount *part, const struct amount *whole)
{
	double n = (double)whole->samples, share, q;

	if (!whole->samples)
		return 1;
	share = share_of(part, whole);
	q = (share * n + 2) / (n + 4);
	return 1.96 * square_root(q * (1 - q) / (n + 4));
}

int share_moved(const struct amount *part, const struct amount *whole,
		const struct amount *part_before, const struct amount *whole_before)
{
	enum { SAMPLES_MIN = 50 };
	static const double deviations = 4, least = 0.005;
	double n = (double)whole->samples, n_before = (double)whole_before->samples;
	double change, pooled, variance;

	if (whole->samples < SAMPLES_MIN || whole_before->samples < SAMPLES_MIN)
		return 0;
	change = ratio(part->samples, whole->samples) -
		ratio(part_before->samples, whole_before->samples);
	pooled = ((double)part->samples + (double)part_before->samples) / (n + n_before);
	variance = pooled * (1 - pooled) * (1 / n + 1 / n_before);
	if (change * change <= deviations * deviations * variance)
		return 0;
	return change > least ? 1 : change < -least ? -1 : 0;
}
