#!/bin/bash
# The same copied stacks walked by tprof's rows and by perf script: of clang
# when it compiles, or of another command: walk.sh WALK [COMMAND ARG...]
set -u
walk=$(realpath "$1")
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

command -v perf >/dev/null || { echo "without perf: nothing of bench/walk"; exit 0; }
if [[ $# -eq 0 ]]; then
	command -v clang >/dev/null || { echo "without clang: nothing of bench/walk"; exit 0; }
	for ((i = 0; i < 400; i++)); do
		echo "int f$i(int a, int b) { for (int i = 0; i < a; i++) b += a % 3 ? b / a : i * b; return b; }"
	done >"$work/big.c"
	set -- clang -O2 -c "$work/big.c" -o /dev/null
fi
registers=AX,BX,CX,DX,SI,DI,BP,SP,IP,R8,R9,R10,R11,R12,R13,R14,R15
perf record -q -e cpu-clock:u -F 499 --call-graph dwarf,65528 --user-regs=$registers -m 4096 \
	-o "$work/data" -- "$@" >/dev/null 2>"$work/err" || { cat "$work/err"; exit 1; }
echo -n "tprof: "
"$walk" "$work/data" || exit 1
TIMEFORMAT="perf script: %U s of user and %S s of system time"
time timeout 300 perf script --no-inline -i "$work/data" -F ip >"$work/out" 2>/dev/null
echo "perf script: $(grep -c . "$work/out") frames"
