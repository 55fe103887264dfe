#!/bin/bash
# Without the rights: a message that says who, why and what helps.
. "$(dirname "$0")/lib.sh"

[[ $EUID -eq 0 ]] || skip "only root can become somebody else"
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)
paranoid=$(cat /proc/sys/kernel/perf_event_paranoid)
[[ $paranoid -ge 1 ]] || skip "kernel.perf_event_paranoid is $paranoid: everybody may measure all"

# The build may stand where nobody can go.
cp "$tprof" "$(dirname "$tprof")/tprof-symbolizer" . && chmod 755 . tprof tprof-symbolizer
"${nobody[@]}" ./tprof --version >/dev/null 2>&1 ||
	skip "other users cannot run programs in $work"

refused() {
	expect 125 "${nobody[@]}" ./tprof "$@"
	[[ ! -s out ]] || complain "prints a report although refused: $*"
	grep -q 65534 err || complain "does not say who we are: $*"
	grep -q "perf_event_paranoid" err || complain "does not name the setting: $*"
	grep -q "tprof doctor" err || complain "does not point to tprof doctor: $*"
}

start sleep 60
refused report --for 200ms -p "$pid"
refused report --for 200ms -a
refused record -o - --for 200ms -p "$pid"
stop "$pid"

# What is one's own works, without the kernel from 2 on.
if [[ $paranoid -le 2 ]]; then
	expect 0 "${nobody[@]}" ./tprof report --json --for 1s -- sh -c 'while :; do :; done'
	check json out || complain "the report of one's own process"
	check atleast out 100 || complain "the report of one's own process"
else
	refused report -- true
fi

expect 125 "$tprof" report -p 4194303
grep -q 4194303 err || complain "does not name the missing process"

finish
