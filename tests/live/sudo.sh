#!/bin/bash
# Under sudo the command is that of the user who called it: who it is, what
# it may, and that its exit status and signals come through all the same.
. "$(dirname "$0")/lib.sh"

[[ $EUID -eq 0 ]] || skip "only root is asked by sudo to become somebody else"
chmod 755 .
sudo=(env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody "SUDO_COMMAND=$tprof")

# The kernel runs it, the C library finds the user: both have to agree.
expect 0 "${sudo[@]}" "$tprof" report --for 10s -- sh -c '
	id -u; id -g; id -G; id -un; echo "$HOME"; grep ^Cap /proc/self/status; env | grep ^SUDO; :'
set -- $(grep -vE '^(Cap|SUDO)' err | head -n 5)
[[ "$*" == "65534 65534 65534 nobody $(getent passwd 65534 | cut -d: -f6)" ]] ||
	complain "the command runs as: $*"
[[ $(grep -cE '^Cap(Inh|Prm|Eff|Amb):\s*0+$' err) -eq 4 ]] || complain "it has capabilities"
grep -q '^SUDO_' err && complain "it knows of sudo"
expect 0 sh -c 'ls /proc/$$/fd; umask; ulimit -a; exec grep ^Sig[IB] /proc/self/status'
cp out without
expect 0 "${sudo[@]}" "$tprof" report -- \
	sh -c 'ls /proc/$$/fd; umask; ulimit -a; exec grep ^Sig[IB] /proc/self/status'
diff without <(head -n "$(wc -l <without)" err) ||
	complain "it has other descriptors, limits or signals than without tprof"

# It can neither stop us nor see what is root's.
touch root-only && chmod 600 root-only
expect 1 "${sudo[@]}" "$tprof" report -- sh -c 'kill -0 $PPID || cat root-only'

# As launched without sudo.
: >not-executable
for status in 0 1 7 125; do
	expect $status "${sudo[@]}" "$tprof" report -- sh -c "exit $status"
done
expect 127 "${sudo[@]}" "$tprof" report -- ./no-such-command
# As with env, a directory in PATH where nobody may look would make it 126.
expect 127 "${sudo[@]}" PATH=/usr/bin:/bin "$tprof" report -- no-such-command-anywhere
expect 126 "${sudo[@]}" "$tprof" report -- ./not-executable
expect 126 "${sudo[@]}" "$tprof" report -- ./root-only
for signal in 9 15 6 11; do
	got=$("${sudo[@]}" python3 -c 'import subprocess, sys
print(-subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
		      stdin=subprocess.DEVNULL, timeout=30).returncode)' \
		"$tprof" report -- sh -c "kill -$signal \$\$")
	[[ $got == "$signal" ]] || complain "the command died of $signal, tprof of $got"
done
SECONDS=0
expect 0 "${sudo[@]}" "$tprof" report --for 500ms -- sleep 20
[[ $SECONDS -lt 10 ]] || complain "--for 500ms took $SECONDS s"
"${sudo[@]}" "$tprof" report -- sleep 20 >out 2>err </dev/null &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid"
[[ $? -eq 143 ]] || complain "the command does not end by SIGTERM with tprof"

# Attached: always 0, also when what was attached to dies.
start sleep 60
expect 0 "${sudo[@]}" "$tprof" report --for 300ms -p "$pid"
"${sudo[@]}" "$tprof" report -p "$pid" >out 2>err </dev/null &
report=$!
sleep 1
stop "$pid"
wait "$report"
[[ $? -eq 0 ]] || complain "the death of what was attached to is told as our own"

# What is saved belongs to who called sudo.
mkdir theirs && chown 65534:65534 theirs
expect 0 "${sudo[@]}" "$tprof" record -o theirs/p.folded -- sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'
[[ $(stat -c '%u:%g %a' theirs/p.folded) == '65534:65534 600' ]] ||
	complain "the file that is saved: $(stat -c '%u:%g %a' theirs/p.folded)"
finish
