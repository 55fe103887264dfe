#!/bin/sh
# The real program with keys from a script and a screen in memory.  Each
# tests/scripts/NAME.script has NAME.out beside it, what its screens should
# be; TPROF_UPDATE_SCREENS=1 rewrites those (then look at the difference).

srcdir=${srcdir:-.}
tprof=$(realpath "${TPROF:-./tprof}") || exit 99
dir=$srcdir/tests/scripts
LC_ALL=C.UTF-8
export LC_ALL
status=0
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT

for script in "$dir"/*.script; do
	expected=${script%.script}.out
	# The name of the file stands in the header: the same from everywhere.
	if ! (cd "$dir" && exec timeout 60 "$tprof" --script "$(basename "$script")" \
		profile.folded) >"$out" 2>&1; then
		echo "$script: tprof failed:"
		cat "$out"
		status=1
	elif [ -n "$TPROF_UPDATE_SCREENS" ]; then
		cp "$out" "$expected"
	elif ! diff -u "$expected" "$out"; then
		status=1
	fi
done
exit $status
