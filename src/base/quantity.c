#include "base/quantity.h"

#include <stdio.h>
#include <string.h>

/* Written without the C library's decimals, which follow the locale. */
typedef unsigned __int128 wide;

struct scale {
	uint64_t size;
	uint64_t below;		/* take the next scale from this many on */
	const char *suffix;
};

static const struct scale counts[] = {
	{ 1, 10000, "" },
	{ 1000u, 1000, "k" },
	{ 1000000u, 1000, "M" },
	{ 1000000000u, 1000, "G" },
	{ 1000000000000u, 1000, "T" },
	{ 1000000000000000u, 1000, "P" },
	{ 1000000000000000000u, 1000, "E" },
	{ 0, 0, NULL }
};

static const struct scale times[] = {
	{ 1, 1000, " ns" },
	{ 1000u, 1000, " us" },
	{ 1000000u, 1000, " ms" },
	{ 1000000000u, 1000, " s" },
	{ 60000000000u, 100, " min" },
	{ 3600000000000u, 1000, " h" },
	{ 86400000000000u, UINT64_MAX, " d" },
	{ 0, 0, NULL }
};

static const struct scale sizes[] = {
	{ 1, 1024, " B" },
	{ (uint64_t)1 << 10, 1024, " KiB" },
	{ (uint64_t)1 << 20, 1024, " MiB" },
	{ (uint64_t)1 << 30, 1024, " GiB" },
	{ (uint64_t)1 << 40, 1024, " TiB" },
	{ (uint64_t)1 << 50, 1024, " PiB" },
	{ (uint64_t)1 << 60, 1024, " EiB" },
	{ 0, 0, NULL }
};

static const struct scale rates[] = {
	{ 1, 1000, " Hz" },
	{ 1000u, 1000, " kHz" },
	{ 1000000u, 1000, " MHz" },
	{ 1000000000u, 1000, " GHz" },
	{ 1000000000000u, 1000, " THz" },
	{ 1000000000000000u, 1000, " PHz" },
	{ 1000000000000000000u, 1000, " EHz" },
	{ 0, 0, NULL }
};

static const struct scale ratios[] = {
	{ 1000u, 10000, "" },
	{ 1000000u, 1000, "k" },
	{ 1000000000u, 1000, "M" },
	{ 1000000000000u, 1000, "G" },
	{ 1000000000000000u, 1000, "T" },
	{ 1000000000000000000u, 1000, "P" },
	{ 0, 0, NULL }
};

static const struct scale *const scales[] = {
	[UNIT_COUNT] = counts,
	[UNIT_NANOSECONDS] = times,
	[UNIT_BYTES] = sizes,
	[UNIT_HERTZ] = rates,
	[UNIT_RATIO] = ratios,
};

static uint64_t divide_rounded(uint64_t value, uint64_t factor, uint64_t by)
{
	return (uint64_t)(((wide)value * factor + by / 2) / by);
}

/* Three digits that count: 1.23, 12.3, 123. */
static void format_digits(char out[QUANTITY_MAX], uint64_t value, uint64_t size, const char *suffix)
{
	uint64_t hundredths = divide_rounded(value, 100, size);
	uint64_t tenths = divide_rounded(value, 10, size);

	if (size == 1)
		snprintf(out, QUANTITY_MAX, "%llu%s", (unsigned long long)value, suffix);
	else if (hundredths < 1000)
		snprintf(out, QUANTITY_MAX, "%u.%02u%s", (unsigned)(hundredths / 100),
			 (unsigned)(hundredths % 100), suffix);
	else if (tenths < 1000)
		snprintf(out, QUANTITY_MAX, "%u.%u%s", (unsigned)(tenths / 10),
			 (unsigned)(tenths % 10), suffix);
	else
		snprintf(out, QUANTITY_MAX, "%llu%s",
			 (unsigned long long)divide_rounded(value, 1, size), suffix);
}

void quantity_format(char out[QUANTITY_MAX], uint64_t value, enum unit unit)
{
	const struct scale *scale = scales[unit];

	/* The rounded value decides: 999.96k is 1.00M. */
	while (scale[1].suffix && divide_rounded(value, 1, scale->size) >= scale->below)
		scale++;
	format_digits(out, value, scale->size, scale->suffix);
}

void quantity_percent(char out[QUANTITY_MAX], uint64_t part, uint64_t whole)
{
	wide hundredths;

	if (!whole) {
		snprintf(out, QUANTITY_MAX, "-");
		return;
	}
	hundredths = ((wide)part * 10000 + whole / 2) / whole;
	/* Nearly all is not all. */
	if (hundredths == 10000 && part < whole)
		hundredths = 9999;
	if (hundredths < 10000)
		snprintf(out, QUANTITY_MAX, "%u.%02u%%", (unsigned)hundredths / 100,
			 (unsigned)hundredths % 100);
	else if (hundredths < 10000000)
		snprintf(out, QUANTITY_MAX, "%u.%u%%", (unsigned)hundredths / 100,
			 (unsigned)hundredths / 10 % 10);
	else
		snprintf(out, QUANTITY_MAX, ">99999%%");
}

void quantity_exact(char out[QUANTITY_MAX + 8], uint64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
	size_t at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

const char *unit_name(enum unit unit)
{
	static const char *const names[] = {
		[UNIT_COUNT] = "count",
		[UNIT_NANOSECONDS] = "ns",
		[UNIT_BYTES] = "bytes",
		[UNIT_HERTZ] = "hertz",
		[UNIT_RATIO] = "ratio",
	};

	return names[unit];
}

/* A decimal number as whole + millionths; what follows it is left in *at. */
static bool parse_decimal(const char **at, uint64_t *whole, uint64_t *millionths)
{
	const char *p = *at;
	uint64_t place = 100000;

	*whole = *millionths = 0;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*whole, (uint64_t)10, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*p - '0'), whole))
			return false;
	if (*p == '.') {
		if (*++p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++, place /= 10)
			*millionths += (uint64_t)(*p - '0') * place;
	}
	*at = p;
	return true;
}

static bool scale_decimal(uint64_t whole, uint64_t millionths, uint64_t unit, uint64_t *value)
{
	wide result = (wide)whole * unit + (wide)millionths * unit / 1000000;

	if (result > UINT64_MAX)
		return false;
	*value = (uint64_t)result;
	return true;
}

struct suffix {
	const char *text;
	uint64_t size;
};

static bool parse_with_suffix(const char *text, const struct suffix *suffix, uint64_t *value)
{
	uint64_t whole, millionths;

	if (!parse_decimal(&text, &whole, &millionths))
		return false;
	for (; suffix->text; suffix++)
		if (!strcmp(text, suffix->text))
			return scale_decimal(whole, millionths, suffix->size, value);
	return false;
}

bool quantity_parse_duration(const char *text, uint64_t *ns)
{
	static const struct suffix suffixes[] = {
		{ "", 1000000000u },
		{ "s", 1000000000u },
		{ "ms", 1000000u },
		{ "us", 1000u },
		{ "ns", 1 },
		{ "m", 60000000000u },
		{ "min", 60000000000u },
		{ "h", 3600000000000u },
		{ NULL, 0 }
	};

	return parse_with_suffix(text, suffixes, ns);
}

static bool is_size_ending(const char *text)
{
	return !*text || !strcmp(text, "B") || !strcmp(text, "b") ||
	       !strcmp(text, "iB") || !strcmp(text, "ib");
}

bool quantity_parse_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "kmgtpeKMGTPE";
	uint64_t whole, millionths;
	const char *letter;

	if (!parse_decimal(&text, &whole, &millionths))
		return false;
	if (!*text || !strcmp(text, "B") || !strcmp(text, "b"))
		return scale_decimal(whole, millionths, 1, bytes);
	letter = strchr(letters, *text);
	if (!letter || !is_size_ending(text + 1))
		return false;
	return scale_decimal(whole, millionths,
			     (uint64_t)1 << ((letter - letters) % 6 + 1) * 10, bytes);
}
