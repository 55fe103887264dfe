#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "symbols/demangle.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static void copy_shortened(char out[DEMANGLED_MAX], const char *name)
{
	size_t len = strnlen(name, DEMANGLED_MAX);

	if (len < DEMANGLED_MAX) {
		memcpy(out, name, len + 1);
		return;
	}
	memcpy(out, name, DEMANGLED_MAX - 4);
	memcpy(out + DEMANGLED_MAX - 4, "...", 4);
}

#ifdef HAVE_LIBIBERTY
/*
 * Its demangle.h begins with libiberty.h, of which it needs nothing and
 * which has calls that banned.h forbids: leave it out.  Distributions
 * install them in one of two places.
 */
#define LIBIBERTY_H
#ifdef HAVE_LIBIBERTY_DEMANGLE_H
#include <libiberty/demangle.h>
#else
#include <demangle.h>
#endif

struct output {
	char *text;
	size_t len;
	jmp_buf full;
};

/*
 * The library can't be told to stop, and would go on for minutes with some
 * names.  It has allocated nothing worth mentioning when it calls this.
 */
static void take_part(const char *part, size_t len, void *context)
{
	struct output *out = context;
	size_t room = DEMANGLED_MAX - 1 - out->len;

	if (len > room) {
		memcpy(out->text + out->len, part, room);
		memcpy(out->text + DEMANGLED_MAX - 4, "...", 4);
		longjmp(out->full, 1);
	}
	memcpy(out->text + out->len, part, len);
	out->len += len;
	out->text[out->len] = '\0';
}

typedef int demangler(const char *mangled, int options, demangle_callbackref take, void *context);

static bool demangle_by(demangler *library, char out[DEMANGLED_MAX], const char *name)
{
	struct output output = { .text = out };

	if (setjmp(output.full))
		return true;
	return library(name, DMGL_PARAMS | DMGL_ANSI, take_part, &output) && output.len;
}

static bool demangle_any(char out[DEMANGLED_MAX], const char *name)
{
	bool cxx = !strncmp(name, "_Z", 2) || !strncmp(name, "_GLOBAL_", 8);
	bool rust = !strncmp(name, "_R", 2) || !strncmp(name, "_ZN", 3);

	/* Rust's older names are C++'s with a hash at the end. */
	return (rust && demangle_by(rust_demangle_callback, out, name)) ||
	       (cxx && demangle_by(cplus_demangle_v3_callback, out, name));
}
#else
static bool demangle_any(char out[DEMANGLED_MAX], const char *name)
{
	(void)out;
	(void)name;
	return false;
}
#endif

void demangle(char out[DEMANGLED_MAX], const char *name)
{
	if (!demangle_any(out, name))
		copy_shortened(out, name);
}
