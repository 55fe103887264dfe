#!/bin/bash
# Stacks as gdb sees them at random moments of programs that others made: the
# walk has to find the same addresses.
#
#	agree.sh [STOPS]
#
# With few stops only of the programs that every machine has.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
walker=$(dirname "$(realpath "${TPROF:-./tprof}")")/tests/unwind/walker
stops=${1-20}

skip() {
	echo "$*"
	exit 77
}

[[ -x $walker ]] || skip "tests/unwind/walker is not built"
[[ $(uname -m) == x86_64 ]] || skip "unwind information is read on x86-64 only"
command -v gdb >/dev/null || skip "gdb is not installed"
gdb -nx -batch -ex 'python pass' -ex 'starti' --args true 2>/dev/null | grep -q 'Program stopped' ||
	skip "gdb can't stop programs here, or knows no Python"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
wrong=0

# agree SECONDS PROGRAM ARGUMENT...: stops it after pauses of at most so long.
# One of a hundred may differ: gdb is wrong in what jumps to other functions.
agree() {
	local pause=$1 line count=0 same=0 cut=0
	local program
	shift
	program=$(command -v "$1") || {
		echo "$1 is not installed"
		return
	}
	shift
	timeout --kill-after=5 $((stops * 2 + 40)) gdb -nx -batch -x "$here/agree.py" \
		-ex "agree $walker $stops $pause" --args "$program" "$@" >out 2>err </dev/null
	line=$(grep -a '^stops=' out) || {
		echo "wrong: gdb failed with $program: $(tail -n 3 err)"
		wrong=$((wrong + 1))
		return
	}
	echo "$(basename "$program"): $line"
	read -r count same cut _ <<<"${line//[a-z=]/}"
	if ((count < stops / 2 || (same + cut) * 100 < count * 99 - 100 || cut * 20 > count)); then
		grep -a '^walked\|^   ' out | head -n 60
		wrong=$((wrong + 1))
	fi
}

cat >numbers.py <<'END'
import json, re
while True:
    json.loads(json.dumps([{"a": i, "b": str(i)} for i in range(300)]))
    sorted(range(2000), key=lambda x: -x)
    re.findall(r"(\w+)\d", "abc1 def2 " * 200)
END
cat >letters.sh <<'END'
f() { local i; for ((i = 0; i < $1; i++)); do x=${x:0:50}$i; [[ $x == *9 ]] && y=${x//1/2}; done; }
while :; do f 300; z=$(echo "$x"); done
END
{
	printf '#include <algorithm>\n#include <map>\n#include <string>\n#include <vector>\n'
	for ((i = 0; i < 300; i++)); do
		echo "struct S$i { int a; std::string s; bool operator<(const S$i &o) const { return a < o.a; } };"
		echo "int f$i(std::map<S$i, std::vector<S$i>> &m)"
		echo "{ for (auto &p : m) std::sort(p.second.begin(), p.second.end()); return m.size(); }"
	done
} >large.cc

# A pyenv shim would only start another program.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)
agree 0.02 "${python:-python3}" numbers.py
agree 0.02 bash letters.sh
if ((stops >= 100)); then
	agree 0.02 openssl speed -seconds 30 -evp aes-128-gcm
	agree 0.02 openssl speed -seconds 30 rsa2048 ecdsap256 sha256
	agree 0.02 perl -e 'while (1) { @x = sort { $b <=> $a } 1 .. 3000; $y = join ",", @x; $y =~ s/(\d)1/$1/g }'
	cc1plus=$(g++ -print-prog-name=cc1plus 2>/dev/null)
	agree 0.1 "${cc1plus:-cc1plus}" -quiet -O2 large.cc -o /dev/null
	clang=$(clang -print-prog-name=clang 2>/dev/null)
	read -ra arguments <<<"$(clang '-###' -O2 -S large.cc -o /dev/null 2>&1 | grep '"-cc1"' | tr -d '"')"
	agree 0.1 "${clang:-clang}" "${arguments[@]:1}"
fi
[[ $wrong -eq 0 ]] && echo "as expected"
exit $((wrong > 0))
