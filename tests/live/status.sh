#!/bin/bash
# The exit status: the command's own, its signal, and tprof's own failures.
. "$(dirname "$0")/lib.sh"

expect 0 "$tprof" report -- true
expect 1 "$tprof" report -- false
expect 7 "$tprof" report -- sh -c 'exit 7'
expect 7 "$tprof" record -o a.folded -- sh -c 'exit 7'
expect 127 "$tprof" report -- ./no-such-command
grep -q ./no-such-command err || complain "does not name the command that is missing"
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

# What only tprof gets, the command gets from it.
SECONDS=0
"$tprof" report -- sleep 20 >out 2>err </dev/null &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid"
[[ $? -eq 143 ]] || complain "the command does not end by SIGTERM with tprof"
[[ $SECONDS -lt 15 ]] || complain "the command was left running after SIGTERM"
grep -q "no samples\|samples" err out || complain "no report after SIGTERM"

# Under nohup the end of the terminal is not the end.
(
	trap '' HUP
	exec "$tprof" report --for 2s -- sh -c 'grep SigIgn /proc/$$/status >&2; sleep 20'
) >out 2>err </dev/null &
pid=$!
sleep 1
kill -HUP "$pid"
wait "$pid"
[[ $? -eq 0 ]] || complain "nohup does not help"
grep -q 'SigIgn:.*[13579bdf]$' err || complain "the command does not ignore SIGHUP under nohup"

# --for ends the command, and that is no failure.
SECONDS=0
expect 0 "$tprof" report --for 500ms -- sleep 20
[[ $SECONDS -lt 10 ]] || complain "--for 500ms took $SECONDS s"

# A command that ignores the SIGTERM of --for is not waited for.
SECONDS=0
expect 0 "$tprof" report --for 300ms -- sh -c 'trap "" TERM; echo $$ >stubborn; while :; do :; done'
[[ $SECONDS -lt 20 ]] || complain "waited $SECONDS s for a command that does not end"
grep -q "it goes on" err || complain "does not say that the command goes on"
kill -KILL "$(cat stubborn)" || complain "the command that ignores SIGTERM has ended"

# A file and a process: always 0.
echo 'main;work 10' >b.folded
expect 0 "$tprof" report b.folded
printf 'main;work 10\noops\nmain;rest 10\n' >bad-line.folded
expect 0 "$tprof" report bad-line.folded
grep -q 'samples *20$' out || complain "a bad line costs good ones"
grep -q '1 line skipped: line 2' out || complain "a bad line is not told"
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
# What can't be saved is told before the work, not after it.
: >read-only.folded && chmod 400 read-only.folded
mkfifo fifo.folded
mkdir directory.folded
for file in no-such-directory/c.folded c.unknown read-only.folded fifo.folded directory.folded; do
	expect 125 "$tprof" record -o "$file" -- touch ran
	grep -qF "$file" err || complain "does not name the file that can't be written: $file"
	[[ ! -e ran ]] || complain "runs the command although $file can't be written"
done
printf 'main;work\nthis is not\n' >broken.folded
expect 125 "$tprof" report broken.folded
grep -q 'line 1' err || complain "does not say what is wrong with a file"

expect 2 "$tprof" report
expect 2 "$tprof" report --no-such-option -- true
expect 2 "$tprof" report -p 0
expect 2 "$tprof" report -p 1,
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
