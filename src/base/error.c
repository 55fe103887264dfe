#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, int code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
	char what[300], why[sizeof error->text];
	va_list args;

	memcpy(why, error->text, sizeof why);
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(error->text, sizeof error->text, "%.299s: %.1190s", what, why);
	return false;
}
