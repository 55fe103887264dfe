# shellcheck shell=bash
# What the live tests share; to be sourced.
#
# They run in a directory of their own, with $tprof to run and $live for
# tests/live.  Exit status 77 means skipped, the last line says why.

set -u -o pipefail

live=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tprof=$(realpath "${TPROF:-./tprof}")
wrong=0

skip() {
	echo "$*"
	exit 77
}

complain() {
	echo "wrong: $*"
	wrong=$((wrong + 1))
}

finish() {
	[[ $wrong -eq 0 ]] && echo "as expected"
	exit $((wrong > 0))
}

# Runs what follows with at most so many seconds; tests must not hang.
limit() {
	timeout --kill-after=5 "$@"
}

[[ -x $tprof ]] || skip "tprof is not built ($tprof)"
command -v python3 >/dev/null || skip "python3 is not installed"
refusal=$(python3 "$live/check.py" allowed) || skip "$refusal"

work=$(mktemp -d "${TMPDIR:-/tmp}/tprof-live.XXXXXX") || exit 1
started=()
clean_up() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap clean_up EXIT
cd "$work" || exit 1

# Compiles a program of tests/programs into this directory.  By clang: it
# gives every function a frame, which gcc does not, and from its beginning,
# if it is told not to put that off (shrink wrapping).
program() {
	command -v clang >/dev/null || skip "clang is not installed"
	clang -std=gnu17 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer \
		-mno-omit-leaf-frame-pointer -fno-optimize-sibling-calls -mllvm -enable-shrink-wrap=false \
		-o "$1" "$live/../programs/$1.c" -pthread || exit 1
}

# Starts a program to attach to; its number is in $pid.
start() {
	"$@" >/dev/null 2>&1 &
	pid=$!
	disown "$pid"
	started+=("$pid")
	# Until it runs itself and no longer this shell.
	while cmp -s "/proc/$pid/cmdline" /proc/$$/cmdline; do
		sleep 0.01
	done
}

stop() {
	kill -KILL "$1" 2>/dev/null
}

# Chance makes one measurement in some thousands miss by four standard
# deviations: try a second time before complaining.
twice() {
	local output
	output=$("$@" 2>&1) && return 0
	echo "once: $output"
	output=$("$@" 2>&1) && return 0
	complain "$* twice: $output"
}

check() {
	python3 "$live/check.py" "$@"
}

# In folded stacks: what stands before the first function of the program (the
# name of the process, functions of the C library, named or not), and the
# kernel functions that may follow.
begin='[^;]+(;[^;]+){0,3}'
kernel='(;[^;]+_\[k\])*'

# launched NAME ARGUMENT...: a report and the folded stacks of two runs, as
# r.json and r.folded; the output of the program in the second is in out.
launched() {
	expect 0 "$tprof" record -o r.folded -- "./$1" "${@:2}"
	expect 0 "$tprof" report --json --view tree -o r.json -- "./$1" "${@:2}"
	check json r.json
}

# attached PID SECONDS: the same of a running process.
attached() {
	expect 0 "$tprof" record -o r.folded --for "$2" -p "$1"
	expect 0 "$tprof" report --json --view tree -o r.json --for "$2" -p "$1"
	check json r.json
}

# expect STATUS COMMAND...: the exit status as a shell tells it; output is
# in the files out and err.
expect() {
	local wanted=$1 status
	shift
	limit 30 "$@" >out 2>err </dev/null
	status=$?
	if [[ $status -ne $wanted ]]; then
		complain "status $status instead of $wanted: $*"
		head -n 5 err
	fi
}
