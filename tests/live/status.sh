#!/bin/bash
# The exit status: the command's own, its signal, and tprof's own failures.
. "$(dirname "$0")/lib.sh"

expect 0 "$tprof" report -- true
expect 1 "$tprof" report -- false
expect 7 "$tprof" report -- sh -c 'exit 7'
expect 7 "$tprof" record -o a.folded -- sh -c 'exit 7'
expect 127 "$tprof" report -- ./no-such-command
expect 127 "$tprof" report -- no-such-command-anywhere
: >not-executable
expect 126 "$tprof" report -- ./not-executable
expect 126 "$tprof" report -- /

# A shell tells a death by signal as 128 and more, but so would exit(143).
died_of() {
	python3 -c 'import subprocess, sys
print(-subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
		      stdin=subprocess.DEVNULL, timeout=30).returncode)' "$@"
}
for signal in 9 15 6 11; do
	got=$(died_of "$tprof" report -- sh -c "kill -$signal \$\$")
	[[ $got == "$signal" ]] || complain "the command died of $signal, tprof of $got"
done

# --for ends the command, and that is no failure.
SECONDS=0
expect 0 "$tprof" report --for 500ms -- sleep 20
[[ $SECONDS -lt 10 ]] || complain "--for 500ms took $SECONDS s"

# A file and a process: always 0.
echo 'main;work 10' >b.folded
expect 0 "$tprof" report b.folded
start sleep 60
expect 0 "$tprof" report --for 300ms -p "$pid"
stop "$pid"

# The end of the process that we attached to is the end.
start sleep 1
SECONDS=0
expect 0 "$tprof" report -p "$pid"
[[ $SECONDS -lt 10 ]] || complain "went on for $SECONDS s after the process ended"

expect 125 "$tprof" report -p 4194303
expect 125 "$tprof" report no-such-file.folded
expect 125 "$tprof" record -o no-such-directory/c.folded -- true

expect 2 "$tprof" report
expect 2 "$tprof" report --no-such-option -- true
expect 2 "$tprof" report -p 0
expect 2 "$tprof" report -p 1x
expect 2 "$tprof" report -F 0 -- true
expect 2 "$tprof" report --for never -- true
expect 2 "$tprof" report -a -- true
expect 2 "$tprof" record -- true
expect 2 "$tprof" doctor something
grep -q 'tprof.*--help' err || complain "a usage error does not point to --help"

for command in "" record report doctor; do
	expect 0 "$tprof" $command --help
	[[ -s out && ! -s err ]] || complain "help goes to standard output"
done
expect 0 "$tprof" --version
grep -qE '^tprof [0-9]+\.[0-9]+' out || complain "--version does not begin with the version"

finish
