#!/bin/bash
# Children and executed programs are part of the target, unless left out.
. "$(dirname "$0")/lib.sh"
program forkexec
program shares
program mutual

children_are_right() {
	"$@" &&
		check share r.json parent_work 33.333 &&
		check share r.json child_work 33.333 &&
		check share r.json exec_work 33.333 &&
		check chains r.folded parent_work,child_work,exec_work \
			"$begin;main;(parent|child|exec)_work$kernel"
}

twice children_are_right launched forkexec 3
check weight r.json 3 out || complain "time was missed or counted twice"

expect 0 "$tprof" report --json -o r.json --no-follow -- ./forkexec 3
check most r.json parent_work 95 || complain "--no-follow lost the program itself"
check lacks r.json child_work exec_work || complain "--no-follow followed"

# Children that live already when we attach, and one that starts later.
cat >family.sh <<'END'
./shares 60 &
sleep 1.5
./mutual 60 &
wait
END
start bash family.sh
sleep 0.3
expect 0 "$tprof" report --json -o r.json --for 3s -p "$pid"
check json r.json || complain "the report of a family"
check has r.json leaf || complain "the living child was missed"
check has r.json bottom || complain "the new child was missed"
expect 0 "$tprof" report --json -o r.json --no-follow --for 500ms -p "$pid"
check lacks r.json leaf bottom || complain "--no-follow followed"
read -ra family <"/proc/$pid/task/$pid/children"
stop "$pid"
kill -KILL "${family[@]}"

# Two processes at once.
start ./shares 60
one=$pid
start ./mutual 60
expect 0 "$tprof" report --json -o r.json --for 1s -p "$one,$pid"
check has r.json leaf bottom || complain "one of two processes was missed"

# Another program takes the place of the one that was attached to.
start sh -c 'sleep 1; exec ./shares 60'
expect 0 "$tprof" report --json -o r.json --for 3s -p "$pid"
check has r.json leaf || complain "the executed program was missed"

# A process that turns into another program is still the same target, and says so.
start bash -c 'sleep 1; exec sleep 30'
expect 0 "$tprof" report --for 3s -p "$pid"
cat out err | grep -q "PID $pid sleep, before bash" || complain "an exec is not told: $(head -n 1 out)"
stop "$pid"

finish
