#!/bin/bash
# What tprof answers to command lines that can't be meant like that: what is
# wrong, what may help, and status 2.
set -u
tprof=$(realpath "${TPROF:-./tprof}") || exit 99
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
echo 'main;work 10' >a.folded

wrong=0
# answers STATUS TEXT ARGUMENT...
answers() {
	local status=$1 text=$2 got
	shift 2
	timeout 20 "$tprof" "$@" >out 2>&1 </dev/null
	got=$?
	if [[ $got -ne $status ]]; then
		echo "tprof $*: status $got, not $status"
		wrong=$((wrong + 1))
	fi
	if ! grep -qF -- "$text" out; then
		echo "tprof $*: does not say \"$text\":"
		sed 's/^/	| /' out
		wrong=$((wrong + 1))
	fi
}

answers 2 "to run the command: tprof -- ls" ls
answers 2 "to run the command: tprof -- ls" ls -l
answers 2 "backend takes one of auto, bpf, perf, not 'ebpf'" --backend=ebpf -a
answers 2 "needs --backend=perf" --backend=bpf --call-graph=fp -a
answers 2 "to run the command: tprof report -- ls" report ls
answers 2 "did you mean 'tprof record'?" recrod -o x.folded -- ls
answers 2 "did you mean 'tprof record'?" recor
answers 2 "did you mean 'tprof report'?" reports
answers 2 "did you mean 'tprof doctor'?" doctpr
answers 125 "can't open no-such.folded" report no-such.folded
answers 125 "to run the command: tprof report -- /bin/ls" report /bin/ls
answers 2 "only one of --json and --csv" report --json --csv a.folded
answers 2 "only one of --json and --csv" report --csv --json a.folded
answers 0 '"format":"tprof-report"' report --json --json a.folded
for help in -h '-?' --help help; do
	answers 0 "Show where the time goes" $help
done
answers 0 "print a report" help report
answers 0 "Usage: tprof record" help record
answers 0 "Usage: tprof record" record -h
answers 0 "Usage: tprof" help no-such-command
cp a.folded report
# Of these names the commands are meant, a file is ./report.
answers 0 "work" report ./report

[[ $wrong -eq 0 ]] && echo "as expected"
exit $((wrong > 0))
