#!/bin/bash
# Which folder of src/ may include which: the architecture, as a table.
# An entry is a folder or a single header.
set -u
cd "${srcdir:-.}/src" || exit 1

declare -A may=(
	[base]="base"
	[unwind]="unwind base"
	[unwind/step]="unwind/row.h"
	[symbols]="symbols base unwind"
	[symbols/client]="symbols/client.h symbols/protocol.h symbols/symbol.h base"
	[symbols/protocol]="symbols/protocol.h symbols/symbol.h base"
	[profile]="profile base"
	[resolve]="resolve profile base unwind symbols/client.h"
	[bpf]="bpf unwind"
	[source]="source resolve profile base unwind bpf/shared.h"
	[analyze]="analyze profile base"
	[format]="format source resolve analyze profile base unwind"
	[view]="view analyze profile base"
	[ui]="ui view analyze profile base session.h options.h"
	[top]="ui view format source resolve analyze profile base
		symbols/client.h session.h session_private.h options.h chooser.h
		doctor.h"
)

# The folder of a file.  Of symbols/ tprof itself links only the client and
# the protocol; rows and step are the kernel's too; main.c and its neighbours
# are "top".
room_of() {
	case $1 in
	symbols/client.[ch]) echo symbols/client ;;
	symbols/protocol.[ch] | symbols/symbol.h) echo symbols/protocol ;;
	unwind/row.h | unwind/step.h) echo unwind/step ;;
	*/*) echo "${1%%/*}" ;;
	*) echo top ;;
	esac
}

allowed() {
	local room=$1 header=$2 entry
	if [[ $header == config.h ]]; then
		return 0
	fi
	for entry in ${may[$room]}; do
		if [[ $header == "$entry" || $header == "$entry"/* ]]; then
			return 0
		fi
	done
	return 1
}

# Libraries that only one place may know.
foreign() {
	case $2 in
	curses.h | ncurses.h | term.h | ncurses*/*) [[ $1 != ui/curses.c ]] ;;
	ini.h) [[ $1 != ui/config.c ]] ;;
	libelf.h | gelf.h | dwarf.h | elfutils/* | demangle.h | libiberty/*)
		[[ $(room_of "$1") != symbols ]] ;;
	*) return 1 ;;
	esac
}

wrong=0
complain() {
	echo "src/$1 may not include $2"
	wrong=$((wrong + 1))
}

checked=0
while IFS=: read -r file line; do
	file=${file#./}
	room=$(room_of "$file")
	if [[ -z ${may[$room]-} ]]; then
		echo "src/$file: the folder is not in the table of $0"
		wrong=$((wrong + 1))
		continue
	fi
	header=${line#*[<\"]}
	header=${header%%[>\"]*}
	checked=$((checked + 1))
	if [[ $line == *\"* ]]; then
		allowed "$room" "$header" || complain "$file" "\"$header\""
		if [[ $room == symbols && $header == symbols/client.h ]]; then
			complain "$file" "\"$header\""
		fi
	elif foreign "$file" "$header"; then
		complain "$file" "<$header>"
	fi
done < <(find . -name '*.[ch]' -print0 | sort -z |
	xargs -0 grep -HE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]')

# What is not in the Makefile is built by nobody.
while IFS= read -r file; do
	if ! grep -qwF "src/$file" ../Makefile.am; then
		echo "src/$file is not in Makefile.am"
		wrong=$((wrong + 1))
	fi
done < <(find . -name '*.[ch]' -printf '%P\n' | sort)

if [[ $checked -lt 20 ]]; then
	echo "found only $checked includes: is this the source tree?"
	exit 1
fi
echo "$checked includes, $wrong wrong"
[[ $wrong -eq 0 ]]
