#!/bin/bash
# Samples, counters and the clock tell of the same time, and of all of it.
. "$(dirname "$0")/lib.sh"
program crowd

# No more CPU time than there was; --json FILE on standard input of python.
fits() {
	python3 - "$1" "$(nproc)" <<'EOF'
import json, sys
report, cpus = json.load(open(sys.argv[1])), int(sys.argv[2])
there_was = report["duration_ns"] * cpus * 1.05 + 50e6
# Counting goes on until the last reading, which hundreds of busy threads delay.
until_read = there_was + 0.5e9 * cpus
clock = report["counters"]["task-clock"]["value"]
if report["weight"]["unit"] == "ns" and report["weight"]["total"] > there_was:
    sys.exit(f"{report['weight']['total']} ns sampled of {there_was:.0f}")
if clock is None or clock > until_read:
    sys.exit(f"{clock} ns counted of {until_read:.0f}")
EOF
}

counter() {
	python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["counters"][sys.argv[2]]["value"])' "$@"
}

switches() {
	cat /proc/"$1"/task/*/status 2>/dev/null | awk '/ctxt/ { sum += $2 } END { print sum }'
}

start ./crowd 500 60
while [[ $(find "/proc/$pid/task" -maxdepth 1 2>/dev/null | wc -l) -lt 500 ]]; do
	sleep 0.05
done
crowd=$pid
before=$(switches "$crowd")
expect 0 "$tprof" report --json -o r.json --for 2s -p "$crowd"
after=$(switches "$crowd")
fits r.json || complain "attached to 500 threads"
# Of the time that tprof ran for, starting and reporting may be the most.
counted=$(counter r.json context-switches)
[[ $counted -ge $(((after - before) / 10)) ]] ||
	complain "$counted of $((after - before)) context switches"

expect 0 "$tprof" report --json -o r.json --for 30s -p "$crowd" &
report=$!
sleep 1
stop "$crowd"
wait "$report"
grep -q '"state":"exited"' r.json || complain "the end of the process: $(grep state r.json)"

# What is over before anyone looks at it.
expect 0 "$tprof" report --json -o r.json -- ls
for name in task-clock minor-faults; do
	[[ $(counter r.json $name) =~ ^[1-9] ]] || complain "$name of ls: $(counter r.json $name)"
done
[[ $(counter r.json threads) != 0 ]] || complain "ls had no thread"

# Rare events are each a sample: as many as were counted.
expect 0 "$tprof" report --json -o r.json -e minor-faults -- ls
python3 - <<'EOF' || complain "not every page fault of ls is a sample"
import json, sys
report = json.load(open("r.json"))
counted = report["counters"]["minor-faults"]["value"]
print(report["samples"], "samples of", counted)
sys.exit("user code only" not in str(report["notices"]) and
         abs(report["samples"] - counted) > counted / 10)
EOF

# Most machines are idle, some of the time.
if limit 30 "$tprof" report --json -o r.json --for 1s -a >out 2>err; then
	fits r.json || complain "the whole system"
fi
finish
