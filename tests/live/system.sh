#!/bin/bash
# The whole system: a process that was not named is in it.
. "$(dirname "$0")/lib.sh"
program shares

start ./shares 60
limit 30 "$tprof" report --json -o r.json --for 2s -a >out 2>err
status=$?
if [[ $status -eq 125 ]] && grep -q perf_event_paranoid err; then
	skip "not permitted to measure the whole system"
fi
[[ $status -eq 0 ]] || complain "status $status: $(cat err)"
check json r.json || complain "the report of the whole system"
check has r.json half leaf || complain "a busy process was missed"
stop "$pid"
finish
