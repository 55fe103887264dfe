#!/bin/bash
# Writes the cases of tests/unit/test_recorded.c anew, from programs of this
# machine: record.sh STEPPER DIRECTORY.  What they say is not believed by
# stepper but seen: it follows calls and signals one instruction at a time.
set -eu
stepper=$(realpath "$1")
mkdir -p "$2"
cases=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The numbers of registers and kinds are those of src/unwind/row.h.
plt=3 realigned=5

build() {
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wl,-z,lazy "$here/subject.c" -o subject.gcc
	clang -std=gnu17 -D_GNU_SOURCE -O2 -Wl,-z,lazy "$here/subject.c" -o subject.clang
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wl,-z,now "$here/subject.c" -o subject.bound
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -mstackrealign "$here/subject.c" -o subject.realigned
	g++ -O2 "$here/thrower.cpp" -o thrower.gcc
}

# record NAME STEPS PROGRAM ARGUMENT...: at so many steps behind the second mark.
record() {
	local name=$1 steps=$2
	shift 2
	"$stepper" -w 64 -r "$cases/$name.case" -k "$steps" "$@" >/dev/null
	sed -i "1i# $*" "$cases/$name.case"
}

# The same at the first step that has such a line.
record_where() {
	local name=$1 line=$2 steps
	shift 2
	for ((steps = 1; steps < 200; steps++)); do
		record "$name" "$steps" "$@"
		if grep -qE "$line" "$cases/$name.case"; then
			return
		fi
	done
	echo "$name: found at no step"
}

build
for compiler in gcc clang; do
	record "qsort-$compiler" 0 "./subject.$compiler" sort 20
	record "signal-$compiler" 0 "./subject.$compiler" signal 1
	record "sigaltstack-$compiler" 0 "./subject.$compiler" own-stack 1
	record "alloca-$compiler" 0 "./subject.$compiler" shapes 4
	record "aligned-$compiler" 0 "./subject.$compiler" shapes 8
	record "aligned-alloca-$compiler" 0 "./subject.$compiler" shapes 13
	record "coroutine-$compiler" 0 "./subject.$compiler" coroutine 9
done
record_where plt "^code [^ ]+ [^ ]+ $plt " ./subject.gcc bind 1
record_where vdso '^frame [^ ]+ __vdso_' ./subject.bound time 1
record_where realigned "^code [^ ]+ [^ ]+ $realigned " ./subject.realigned shapes 12
record cleanup 0 ./thrower.gcc 2
record catch 0 ./thrower.gcc 5
grep -L '^end complete' "$cases"/*.case | sed 's/$/ is not complete/'
