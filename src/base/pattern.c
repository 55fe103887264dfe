#include "base/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stddef.h>
#include <string.h>

#include "base/xalloc.h"

/* regcomp() writes repeated parts out, nested ones multiplied. */
enum { REPEAT_MAX = 255, REPEAT_PRODUCT_MAX = 1000 };

struct pattern {
	char *literal;		/* no special characters: far faster to search for */
	bool any_case;
	regex_t regex;		/* when there is no literal */
};

static bool has_capital(const char *text)
{
	for (; *text; text++)
		if (isascii((unsigned char)*text) && isupper((unsigned char)*text))
			return true;
	return false;
}

/* The larger number of "{m,n}" or "{m,}"; at is behind the brace. */
static unsigned repeat_count(const char *at)
{
	unsigned largest = 1, count = 0;

	for (; *at && *at != '}'; at++) {
		if (*at == ',')
			count = 0;
		else if (isdigit((unsigned char)*at) && count <= REPEAT_MAX)
			count = count * 10 + (unsigned)(*at - '0');
		if (count > largest)
			largest = count;
	}
	return largest;
}

/* Step over "[...]"; a "]" that comes first stands for itself. */
static const char *bracket_end(const char *at)
{
	at++;
	if (*at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		char kind = at[1];

		if (*at == '[' && (kind == ':' || kind == '.' || kind == '=')) {
			for (at += 2; *at && !(*at == kind && at[1] == ']'); at++)
				;
			if (*at)
				at++;
		}
		if (*at)
			at++;
	}
	return at;
}

static bool check_cost(const char *text, struct error *error)
{
	unsigned product = 1;

	if (strlen(text) > PATTERN_MAX)
		return error_set(error, 0, "the pattern is longer than %d bytes", PATTERN_MAX);
	for (const char *at = text; *at; at++) {
		unsigned count;

		if (*at == '[') {
			at = bracket_end(at);
		} else if (*at == '\\') {
			if (isdigit((unsigned char)*++at))
				return error_set(error, 0,
					"back-references such as \\%c are not supported", *at);
		} else if (*at == '{') {
			count = repeat_count(at + 1);
			product *= count;
			if (count > REPEAT_MAX || product > REPEAT_PRODUCT_MAX)
				return error_set(error, 0,
					"the pattern repeats too much: each {count} may be %d, "
					"all multiplied %d", REPEAT_MAX, REPEAT_PRODUCT_MAX);
		}
		if (!*at)
			break;
	}
	return true;
}

static bool compile(struct pattern *pattern, const char *text, struct error *error)
{
	int flags = REG_EXTENDED | REG_NOSUB | (pattern->any_case ? REG_ICASE : 0);
	char why[200];
	int code = regcomp(&pattern->regex, text, flags);

	if (!code)
		return true;
	regerror(code, &pattern->regex, why, sizeof why);
	return error_set(error, 0, "%s: no regular expression", why);
}

struct pattern *pattern_new(const char *text, struct error *error)
{
	struct pattern *pattern;

	if (!check_cost(text, error))
		return NULL;
	pattern = xcalloc(1, sizeof *pattern);
	pattern->any_case = !has_capital(text);
	if (!text[strcspn(text, "\\^$.[]|()*+?{}")])
		pattern->literal = xstrdup(text);
	else if (!compile(pattern, text, error)) {
		xfree(pattern);
		return NULL;
	}
	return pattern;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	if (!pattern->literal)
		regfree(&pattern->regex);
	xfree(pattern->literal);
	xfree(pattern);
}

bool pattern_fits(const struct pattern *pattern, const char *text)
{
	if (!pattern->literal)
		return !regexec(&pattern->regex, text, 0, NULL, 0);
	if (pattern->any_case)
		return strcasestr(text, pattern->literal);
	return strstr(text, pattern->literal);
}
