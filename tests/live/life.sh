#!/bin/bash
# Life goes on: programs that load and unload code, start others and end all
# the time, in whatever way they are linked, are measured whole and true; and
# what can't be is said to be cut, with the reason.
#
#	life.sh [PART...]
. "$(dirname "$0")/lib.sh"
command -v gcc >/dev/null || skip "gcc is not installed"

programs=$live/../programs
# Functions of the same code are to stay several ones.
flags=(-std=gnu17 -D_GNU_SOURCE -O2 -g -fomit-frame-pointer -fno-ipa-icf -pthread)
gcc "${flags[@]}" -DWITH_PLUGINS -o life "$programs/life.c" -ldl || exit 1
plugin() {
	gcc "${flags[@]}" -fPIC -shared "-DNAME=$1" "-DBYTES=$2" -o "$1.so" "$programs/plugins.c" ||
		exit 1
}
plugin one_plugin 40
plugin other_plugin 400
chmod 755 .

# In all programs.
common=(
	"- > main > cpu_ns,duration_ns,report_cpu,goes_on,play,play_once,-main"
	"play,play_once > -play,-play_once"
	"goes_on,duration_ns,report_cpu > -goes_on,-duration_ns,-report_cpu,cpu_ns"
	"cpu_ns > -cpu_ns"
)

# measured COMMAND...: as r.folded, and its output in out.
measured() {
	limit 60 "$tprof" record "--backend=$backend" -o r.folded "$@" >out 2>err </dev/null ||
		{ head -n 5 err; return 1; }
}

# scene PERCENT CALLS COMMAND...: so many stacks of it are whole, and all of
# those are calls of the source.
scene() {
	local percent=$1
	local -n allowed=$2
	shift 2
	measured -- "$@" && check calls r.folded "$percent" "${common[@]}" "${allowed[@]}"
}

# ends PERCENT [REASON]: so many stacks are whole, at least; the others are
# cut for that reason, nearly all.
ends() {
	python3 - "$@" <<'END'
import collections, re, sys
ends = collections.Counter()
for line in open("r.folded"):
    stack, _, count = line.rpartition(" ")
    reason = re.search(r";\[truncated: ([^]]*)\]", stack)
    ends[reason and reason[1]] += int(count)
total, least, allowed = sum(ends.values()), float(sys.argv[1]), sys.argv[2:]
others = total - ends[None] - sum(ends[reason] for reason in allowed)
if total < 20 or ends[None] < total * least / 100 - 2 or others > 2 + total / 50 or \
        any(not ends[reason] for reason in allowed):
    sys.exit(f"of {total} stacks: {dict(ends)}")
END
}

plain=(
	"main,play_once > plain > plain > plain_work"
	"plain > -plain > compare > compare_work"
	"plain > -plain"
	"compare > -compare"
)
plugins=(
	"play_once > loading > one_plugin,other_plugin > loaded_back > loaded_work"
	"play > loading"
	"main > loading"
	"loading > -loading,goes_on"
)
chain=("main,play > chain > chain_work" "chain > -chain" "main,play > chain_work")
storm=(
	"main,play > storming > start_again,start_here > -start_again,-start_here"
	"main,play > short_work"
	"storming,start_here > short_work"
	"storming > -storming"
)
vfork=("${storm[@]:0:2}" "${storm[3]}")
crowd=(
	"main,play > crowd > -crowd"
	"- > crowd_thread > crowd_work"
	"crowd_thread > -crowd_thread"
)
# What has no unwind information goes by the frame pointer, if there is one.
code=(
	"main,play_once > making > -making > called_back > code_work"
	"making > -making"
)
deep=(
	"main,play_once > deep > deep > deep_work > cpu_ns,-deep_work"
	"main,play_once > shallow_work > deep_work"
)

whole_ends() {
	local percent=$1
	shift
	measured -- "$@" && ends "$percent"
}

# Code that comes and goes.
loading_code() {
	twice scene 99 plugins ./life plugins 0.6 ./one_plugin.so ./other_plugin.so
	twice scene 30 code ./life code 0.5
	replaced "renamed over" other_plugin.so
	replaced deleted ""
}

# replaced HOW BY: of the library that is mapped another file has the name now.
replaced() {
	local how=$1 by=$2
	replaced_once() {
		cp one_plugin.so here.so
		[[ -z $by ]] || cp "$by" by.so
		scene 99 plugins ./life replaced 0.3 ./here.so "${by:+./by.so}"
	}
	echo "a library is $how"
	twice replaced_once
}

# Processes and threads that come and go.
starting() {
	twice scene 90 chain ./life chain 0 30
	twice scene 90 storm ./life storm 0 150
	twice scene 90 vfork ./life vfork 0 100
	twice scene 99 crowd ./life crowd 0 1000
	for ((i = 0; i < 3; i++)); do
		measured -- true || complain "true is not measured: $(head -n 2 err)"
	done
	# The one that is measured, in the middle of it.
	start ./life plain 30
	(sleep 0.5; stop "$pid") &
	limit 20 "$tprof" report "--backend=$backend" --for 10s -p "$pid" >out 2>err </dev/null
	[[ $? -lt 124 ]] || complain "does not end with a process that was killed"
	wait $!
	expect 137 "$tprof" report "--backend=$backend" -- sh -c 'kill -KILL $$'
}

# More frames than are kept: cut there, and each sample is there still.
limits() {
	limited() {
		measured -- ./life deep 0.5 && ends 30 "frame limit" &&
			check calls r.folded 30 "${common[@]}" "${deep[@]}"
	}
	twice limited
}

# linked NAME FLAG...: a program that is linked another way.
linked() {
	local name=$1
	shift
	"${compiler:-gcc}" "${flags[@]}" "$@" -o "$name" "$programs/life.c" 2>/dev/null
}

# Without names only the ends of stacks can be looked at.
linking() {
	for way in "static -static" "static-pie -static-pie" "fixed -no-pie"; do
		# shellcheck disable=SC2086
		if linked $way; then
			twice scene 99 plain "./${way%% *}" plain 0.3
		else
			echo "without ${way%% *}: it can't be linked here"
		fi
	done
	linked stripped -s && twice whole_ends 99 ./stripped plain 0.3
	cp fixed headless && forget_sections headless && twice whole_ends 99 ./headless plain 0.3
	# It comes without unwind information as a rule, and begins all stacks.
	if command -v musl-gcc >/dev/null && compiler=musl-gcc linked musl; then
		twice musl_ends
	else
		echo "without musl: musl-gcc is not installed"
	fi
}

musl_ends() {
	measured -- ./musl plain 0.3 && { ends 99 || ends 0 "no unwind information"; } &&
		grep -q ";main;plain;.*;plain_work" r.folded
}

# Makes a file have no section headers, as some packers do.
forget_sections() {
	python3 - "$1" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(0x28)
    file.write(bytes(8))
    file.seek(0x3a)
    file.write(bytes(6))
END
}

# Programs of 32 bits are told from others.
narrow() {
	cat >narrow.s <<'END'
	.globl _start
_start:	mov	$400000000, %ecx
1:	dec	%ecx
	jnz	1b
	mov	$1, %eax
	xor	%ebx, %ebx
	int	$0x80
END
	if as --32 -o narrow.o narrow.s && ld -m elf_i386 -o narrow narrow.o && ./narrow; then
		narrow_ends() {
			measured -- ./narrow && ends 0 "32-bit program"
		}
		twice narrow_ends
	else
		echo "without programs of 32 bits: they don't run here"
	fi
} 2>/dev/null

# Traced and stopped ones, in other places and of others.
standing() {
	start ./life plain 30
	kill -STOP "$pid"
	expect 0 "$tprof" report "--backend=$backend" --for 0.5s -p "$pid"
	stop "$pid"
	if command -v strace >/dev/null && strace -o /dev/null true; then
		start strace -f -o /dev/null ./life plain 30
		sleep 0.5
		followed=$(pgrep -P "$pid" -x life)
		traced() {
			measured --for 0.5s -p "$followed" && ends 99
		}
		[[ -n $followed ]] && twice traced
		stop "$pid"
		stop "$followed"
	fi
	if [[ $EUID -eq 0 ]] && linked static -static; then
		somewhere_else
	fi
}

# Another root directory, with another file where that name is here.
somewhere_else() {
	mkdir -p root/usr
	cp static root/usr/life
	printf 'not a program' >"$work/life.other"
	elsewhere() {
		measured -- chroot root /usr/life plain 0.3 &&
			check calls r.folded 98 "${common[@]}" "${plain[@]}"
	}
	twice elsewhere
	if unshare -pf --mount-proc true 2>/dev/null; then
		in_namespace() {
			measured -- unshare -pfm --mount-proc ./life plain 0.3 &&
				check calls r.folded 98 "${common[@]}" "${plain[@]}"
		}
		twice in_namespace
	fi
}

backends=(perf)
if "$tprof" doctor | grep -q 'BPF.*works'; then
	backends+=(bpf)
fi
for backend in "${backends[@]}"; do
	for part in loading_code starting limits linking narrow standing; do
		[[ $# -eq 0 || " $* " == *" $part "* ]] || continue
		began=$SECONDS
		echo "$backend, $part"
		$part
		echo "$((SECONDS - began)) s"
	done
done
finish
