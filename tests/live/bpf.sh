#!/bin/bash
# Stacks walked in the kernel: of programs without frame pointers, however
# they are started, also in a pid namespace; and nobody stays stopped at an exec.
. "$(dirname "$0")/lib.sh"

"$tprof" doctor >doctor.out
if ! grep -q 'BPF.*works' doctor.out; then
	skip "no BPF here: $(grep -A 1 'BPF' doctor.out | tr -s ' \n' ' ')"
fi
command -v gcc >/dev/null || skip "gcc is not installed"
for name in shares forkexec; do
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -g -fomit-frame-pointer -fno-inline -fno-ipa-icf \
		-o $name "$live/../programs/$name.c" -pthread || exit 1
done
chmod 755 .

# whole SHARE FILE: so many percent of the report's stacks are complete, of at least 100.
whole() {
	python3 - "$@" <<'END'
import json, sys
least, report = float(sys.argv[1]), json.load(open(sys.argv[2]))
samples, stacks = report["samples"], report["stacks"]
if report["event"]["backend"] != "BPF":
    sys.exit(f"by {report['event']['backend']}")
if samples < 100:
    sys.exit(f"only {samples} samples")
if stacks["complete"] < samples * least / 100:
    sys.exit(f"{stacks['complete']} of {samples} are complete: {stacks['reasons']}")
END
}

# measured COMMAND...: report on it, with most stacks whole.
measured() {
	limit 60 "$@" >out 2>err </dev/null || { head -n 5 err; return 1; }
	whole 98 r.json
}

report=("$tprof" report --backend=bpf --json -o r.json)
twice measured "${report[@]}" -- ./shares 1
twice measured "${report[@]}" -- ./forkexec 1
check has r.json exec_work child_work parent_work || complain "children or execs are missed"
printf '#!/bin/sh\nexec ./shares 1\n' >script
chmod +x script
twice measured "${report[@]}" -- ./script
start ./shares 60
twice measured "${report[@]}" --for 1s -p "$pid"
stop "$pid"
if unshare -pf --mount-proc true 2>/dev/null; then
	twice measured unshare -pf --mount-proc "${report[@]}" -- ./forkexec 1
	check has r.json exec_work child_work parent_work ||
		complain "children or execs are missed in a pid namespace"
else
	echo "without a pid namespace: not allowed"
fi

# Counted from its exec on, neither less nor more.
twice measured "${report[@]}" -- ./shares 3
check weight r.json 3 out || complain "time was missed or counted twice"

# How it ends comes through, and how it can't begin.
report=("$tprof" report --backend=bpf)
expect 7 "${report[@]}" -- sh -c 'exit 7'
expect 127 "${report[@]}" -- ./no-such-command
: >not-executable
expect 126 "${report[@]}" -- ./not-executable
expect 0 "${report[@]}" -- sh -c ':'
expect 1 "${report[@]}" --for 10s -- sh -c 'kill -CONT $$; exit 1'

# One that runs as somebody else from its exec on.
if [[ $EUID -eq 0 ]] && cp "$(command -v sleep)" another && chmod 4755 another; then
	expect 0 env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody "SUDO_COMMAND=$tprof" \
		"${report[@]}" -- ./another 0.2
fi

# tprof killed at any moment of the start: what it launched runs or is gone.
cp "$(command -v sleep)" held-or-not
for delay in 0.1 0.15 0.2 0.25 0.3 0.35 0.4; do
	limit -s KILL "$delay" "${report[@]}" -- ./held-or-not 20 >out 2>err </dev/null
done
sleep 1
for pid in $(pgrep -x held-or-not); do
	if grep -q '^State:.*T' "/proc/$pid/status" 2>/dev/null; then
		complain "a program is stopped for ever"
	fi
	kill -KILL "$pid" 2>/dev/null
done
finish
