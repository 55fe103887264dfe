#!/bin/bash
# 50, 30 and 20 percent between three callers of one leaf.
. "$(dirname "$0")/lib.sh"
program shares

shares_are_right() {
	"$@" &&
		check share r.json half 50 &&
		check share r.json third 30 &&
		check share r.json fifth 20 &&
		check most r.json leaf 96 self &&
		check chains r.folded half,third,fifth,leaf \
			"$begin;main;(half|third|fifth)(;leaf$kernel)?"
}

twice shares_are_right launched shares 3
check weight r.json 3 out || complain "time was missed or counted twice"

start ./shares 60
twice shares_are_right attached "$pid" 3s

# What is saved has what the report has, and can be opened again.
expect 0 "$tprof" report --json -o again.json r.folded
check json again.json || complain "the report of a file"
check same again.json r.folded || complain "the report of a file lost samples"

# The rate is the one asked for: a sample for each 10 ms of CPU time.
expect 0 "$tprof" report --json -o slow.json -e cpu-clock -F 100 --for 2s -p "$pid"
check rate slow.json 100 || complain "not 100 samples for a second of CPU time"

stop "$pid"
finish
