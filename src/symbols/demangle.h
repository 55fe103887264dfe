#ifndef TPROF_SYMBOLS_DEMANGLE_H
#define TPROF_SYMBOLS_DEMANGLE_H

/*
 * The name as its author wrote it: C++ with parameters, Rust without its
 * hash; any other as it is.  At most DEMANGLED_MAX - 1 bytes; a longer one
 * ends in "...".  A short mangled name can stand for a very long one, so
 * the work ends there, too.
 */
enum { DEMANGLED_MAX = 4096 };

void demangle(char out[DEMANGLED_MAX], const char *name);

#endif
