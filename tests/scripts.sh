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
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
out=$work/out

for script in "$dir"/*.script; do
	expected=${script%.script}.out
	# What is saved goes there; the name of the file stands in the header.
	rm -rf "$work/files"
	mkdir "$work/files"
	cp "$dir/profile.folded" "$script" "$work/files"
	if ! (cd "$work/files" && exec timeout 60 "$tprof" --script "$(basename "$script")" \
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
