#!/bin/bash
# Eight threads, and a storm of short ones: none missed, none counted twice.
. "$(dirname "$0")/lib.sh"
program threads
program storm
# Calls of the C library.
others='(;(?!thread_work|storm_work)[^;]+)*'

threads_are_right() {
	"$@" &&
		check most r.json thread_work 95 &&
		check chains r.folded worker,thread_work "$begin;worker(;thread_work$kernel|$others)"
}

twice threads_are_right launched threads 3
check weight r.json 3 out || complain "time was missed or counted twice"

start ./threads 60
twice threads_are_right attached "$pid" 2s
stop "$pid"

storm_is_right() {
	"$@" &&
		check most r.json storm_work 80 &&
		check chains r.folded storm_thread,storm_work "$begin;storm_thread(;storm_work$kernel|$others)"
}

twice storm_is_right launched storm 3
if grep -q 'perf, per thread' r.json; then
	# The kernel loses part of the time of threads that short, which tprof says.
	grep -q 'count too low' r.json || complain "does not say that short threads count too low"
else
	check weight r.json 5 out || complain "time was missed or counted twice"
fi

# The time that a process used meanwhile, by its own clock.
cpu_of() {
	awk '{ sub(/.*\) /, ""); printf "%d0000000", $12 + $13 }' "/proc/$1/stat"
}

start ./storm 120
sleep 0.2
storm_attached() {
	local before from elapsed
	attached "$pid" 2s || return 1
	before=$(cpu_of "$pid")
	from=$(date +%s%N)
	expect 0 "$tprof" report --json -o s.json --for 2s -p "$pid"
	# Starting and ending tprof is not measured, the process goes on.
	elapsed=$(($(date +%s%N) - from))
	echo "cpu_ns=$((($(cpu_of "$pid") - before) / 1000 * 2000000000 / (elapsed / 1000)))" >used
	grep -q 'perf, per thread' s.json || check weight s.json 25 used
}
twice storm_is_right storm_attached
stop "$pid"
finish
