#!/bin/bash
# Each header compiles by itself, before anything else was included.
set -u
source=${srcdir:-.}
build=${builddir:-.}
read -ra cc <<<"${CC:-cc} ${TPROF_CFLAGS:--std=gnu17 -Wall -Wextra}"

wrong=0 checked=0
while IFS= read -r -d '' header; do
	checked=$((checked + 1))
	if ! printf '#include "%s"\n' "${header#"$source"/src/}" |
		"${cc[@]}" -Werror -D_GNU_SOURCE -fsyntax-only -I"$build" -I"$source/src" \
			-include "$source/src/base/banned.h" -x c -; then
		echo "$header does not compile alone"
		wrong=$((wrong + 1))
	fi
done < <(find "$source/src" -name '*.h' -print0 | sort -z)

echo "$checked headers, $wrong wrong"
[[ $checked -gt 0 && $wrong -eq 0 ]]
