#!/bin/bash
# Where output goes: the command's, and ours.
. "$(dirname "$0")/lib.sh"

words='echo to-stdout; echo to-stderr >&2'

expect 0 "$tprof" report --json -- sh -c "$words"
python3 -m json.tool out >/dev/null || complain "report --json prints something beside JSON"
grep -qx to-stdout out && complain "the command's output is in the report"
grep -qx to-stdout err || complain "the command's output is lost"
grep -qx to-stderr err || complain "the command's errors are lost"

expect 0 "$tprof" record -o - -- sh -c "$words"
grep -qx to-stdout out && complain "the command's output is in the folded stacks"
grep -qx to-stdout err || complain "the command's output is lost"

expect 0 "$tprof" record -o a.folded -- sh -c "$words"
grep -qx to-stdout out || complain "record to a file redirects the command's output"

expect 0 "$tprof" report -o a.txt -- true
[[ -s a.txt ]] || complain "report -o writes no file"
[[ $(stat -c %a a.folded) == 600 ]] || complain "saved with mode $(stat -c %a a.folded)"

# Descriptors that were passed on purpose arrive, ours never do.
open_files() {
	"$@" bash -c 'cd /proc/$$/fd && echo *' 2>err </dev/null
}
exec 7</dev/null
wanted=$(open_files env)
got=$(open_files limit 30 "$tprof" record -o a.folded --)
exec 7<&-
[[ $got == "$wanted" ]] || complain "the command gets descriptors $got instead of $wanted"

# With standard output closed nothing of ours takes its place.
limit 30 "$tprof" record -o c.folded -- bash -c '[[ ! -e /proc/$$/fd/1 ]]' >&- 2>err </dev/null ||
	complain "a closed standard output is open in the command: $(cat err)"

# Who reads the report may have enough of it.
seq -f 'main;function%.0f 1' 50000 >long.folded
limit 30 "$tprof" report --top 100000 long.folded 2>err | head -n 1 >out
[[ ${PIPESTATUS[0]} -eq 141 && ! -s err ]] || complain "head(1) makes the report complain: $(cat err)"

# Standard input is the command's.
got=$(echo words | limit 30 "$tprof" record -o a.folded -- cat 2>/dev/null)
[[ $got == words ]] || complain "the command does not get standard input: '$got'"

# A file is replaced, never a link followed.
echo keep >victim
ln -s victim link.folded
limit 30 "$tprof" record -o link.folded -- true >out 2>err </dev/null
[[ $(cat victim) == keep ]] || complain "wrote through a link"

# A full disk is told, and is a failure.
if [[ -w /dev/full ]]; then
	limit 30 "$tprof" report b.folded >/dev/null 2>&1
	echo 'main;work 10' >b.folded
	limit 30 "$tprof" report b.folded >/dev/full 2>err
	[[ $? -eq 125 ]] || complain "a report to a full disk does not fail with 125"
	[[ -s err ]] || complain "a report to a full disk fails without a word"
fi

finish
