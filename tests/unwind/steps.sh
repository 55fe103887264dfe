#!/bin/bash
# Unwinds at every single instruction of what is hard to unwind: no stack may
# be wrong, and nearly none cut.
set -u
here=$(cd "$(dirname "$0")" && pwd)
stepper=$(dirname "$(realpath "${TPROF:-./tprof}")")/tests/unwind/stepper

skip() {
	echo "$*"
	exit 77
}

[[ -x $stepper ]] || skip "tests/unwind/stepper is not built"
[[ $(uname -m) == x86_64 ]] || skip "unwind information is read on x86-64 only"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

wrong=0
complain() {
	echo "wrong: $*"
	wrong=$((wrong + 1))
}

# step SHARE PROGRAM ARGUMENT...: so many in a thousand are exact at least.
# While swapcontext() changes stacks its unwind information is wrong; and what
# carries an exception on writes where it goes to over where it came from.
allowed=(-x swapcontext -x _Unwind_RaiseException -x _Unwind_Resume -x '[libgcc_s.so.1]')
step() {
	local share=$1 steps exact
	shift
	timeout 100 "$stepper" -w 64 "${allowed[@]}" "$@" >out 2>&1 || {
		grep -q 'Operation not permitted' out && skip "not allowed to trace programs"
		complain "$*"
		cat out
		return
	}
	read -r steps _ exact _ <<<"$(tail -n 1 out)"
	if ((exact * 1000 < steps * share)); then
		complain "$*: only $exact of $steps are exact"
		cat out
	fi
}

# Bound at once: the loader's way to a function can't be unwound.
c_scenes=(sort print signal own-stack shapes jump time)
build() {
	"$1" -std=gnu17 -D_GNU_SOURCE "-O$2" -Wl,-z,now ${3-} "$here/subject.c" -o "$1-$2" ||
		skip "$1 makes no programs here"
}
for way in "gcc 0" "gcc 2" "gcc 3" "clang 2"; do
	read -r compiler level <<<"$way"
	command -v "$compiler" >/dev/null || continue
	build "$compiler" "$level"
	for scene in "${c_scenes[@]}"; do
		step 997 "./$compiler-$level" "$scene"
	done
	step 990 "./$compiler-$level" coroutine
done
if command -v gcc >/dev/null; then
	build gcc 2 -mstackrealign
	step 997 ./gcc-2 shapes
	# Here what is not exact has to say so.
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wl,-z,lazy "$here/subject.c" -o lazy
	step 1 ./lazy bind
fi
if command -v g++ >/dev/null; then
	g++ -O2 -Wl,-z,now "$here/thrower.cpp" -o thrower && step 600 ./thrower
fi
[[ $wrong -eq 0 ]] && echo "as expected"
exit $((wrong > 0))
