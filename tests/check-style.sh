#!/bin/bash
# What a machine can tell about the style of the code.
set -u
export LC_ALL=C.UTF-8
source=${srcdir:-.}

columns=100	# of a line, tabs counted as 8
body=100	# lines between the braces of a function
length=1000	# lines of a file

wrong=0
complain() {
	printf '%s\n' "$1"
	wrong=$((wrong + 1))
}

# Each line that a filter prints is a complaint.
complain_all() {
	local line
	while IFS= read -r line; do
		complain "$line"
	done
}

long_lines() {
	expand "$1" | grep -nE "^.{$((columns + 1)),}" | cut -d: -f1 |
		sed "s|^|$1:|; s|\$|: longer than $columns columns|"
}

long_functions() {
	awk -v limit=$body -v file="$1" '
		/^\{/ { start = NR }
		/^\}/ && start {
			if (NR - start - 1 > limit)
				printf "%s:%d: a function of %d lines\n", file, start, NR - start - 1
			start = 0
		}' "$1"
}

# A word, split so that this file does not contain it.
words="TO""DO|FIX""ME|X""XX|HA""CK"

check_code() {
	local file=$1
	complain_all < <(long_lines "$file")
	complain_all < <(long_functions "$file")
	complain_all < <(grep -nE '[[:blank:]]$' "$file" | sed "s|^|$file:|; s|\$|<- blank at the end|")
	complain_all < <(grep -nE '^ {8}' "$file" | sed "s|^|$file:|; s|\$| (indented by blanks)|")
	complain_all < <(grep -nE '^[[:blank:]]*//' "$file" | sed "s|^|$file:|; s|\$| (comments are /* */)|")
	if [[ $(wc -l <"$file") -gt $length ]]; then
		complain "$file: longer than $length lines"
	fi
}

checked=0
while IFS= read -r -d '' file; do
	checked=$((checked + 1))
	case $file in
	*.[ch]) check_code "$file" ;;
	esac
	complain_all < <(grep -nwE "$words" "$file" | sed "s|^|$file:|")
done < <(find "$source/src" "$source/tests" "$source/contrib" "$source/bench" \
	-type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' \) -print0 2>/dev/null | sort -z)

if [[ $checked -eq 0 ]]; then
	complain "no source files found in $source"
fi

# Variables that other files can change.  Constant tables with pointers
# stand in .data.rel.ro, so the section decides and not nm's letter.  The
# text of empty string buffers is only ever read.
objects=("${builddir:-.}/libtprof.a" "${builddir:-.}"/src/main.o
	"${builddir:-.}"/src/symbols/tprof_symbolizer-main.o)
for object in "${objects[@]}"; do
	if [[ ! -e $object ]]; then
		complain "$object is not built"
		continue
	fi
	complain_all < <("${OBJDUMP:-objdump}" -t "$object" | awk '
		/^[0-9a-f]+ g/ && / O / {
			split($0, half, "\t")
			n = split(half[1], left, " ")
			m = split(half[2], right, " ")
			section = left[n]; name = right[m]
			if (section !~ /^\.(rodata|data\.rel\.ro)/ && name !~ /^(__|strbuf_empty$)/)
				printf "global variable %s (%s)\n", name, section
		}')
done

echo "$checked files, $wrong complaints"
[[ $wrong -eq 0 ]]
