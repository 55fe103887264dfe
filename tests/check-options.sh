#!/bin/bash
# --help and the manual name the same options, and the manual the same
# commands and keys as the program.
set -u
tprof=${TPROF:-./tprof}
page=${srcdir:-.}/man/tprof.1
export ARGP_HELP_FMT=rmargin=200

wrong=0
complain() {
	echo "$1"
	wrong=$((wrong + 1))
}

# "  -F, --freq=HZ   text" gives -F and --freq.
options_of_help() {
	"$tprof" "$@" --help | grep -E '^ {2,6}-' | sed 's/   .*//; s/^ *//' |
		grep -oE '(^|[ ,])--?[A-Za-z?][A-Za-z-]*' | tr -d ' ,'
}

# ".It Fl F , Fl -freq Ar hz" gives -F and --freq.
options_of_manual() {
	grep -E '^\.It Fl ' "$page" | grep -oE 'Fl \\?-?[A-Za-z?][A-Za-z-]*' |
		sed 's/^Fl \\\{0,1\}/-/'
}

help=$(for command in "" record report doctor; do
	options_of_help $command || exit 1
done | sort -u)
manual=$(options_of_manual | sort -u)

if [[ -z $help ]]; then
	complain "no options in the output of $tprof --help"
fi
while IFS= read -r option; do
	complain "$option is in --help, not in the manual"
done < <(comm -23 <(echo "$help") <(echo "$manual"))
while IFS= read -r option; do
	complain "$option is in the manual, not in --help"
done < <(comm -13 <(echo "$help") <(echo "$manual"))

for command in record report doctor; do
	grep -qE "^\.(Nm tprof Cm|It Cm|Ss) $command" "$page" || complain "the manual lacks $command"
done

echo "$(echo "$help" | wc -l) options, $wrong wrong"
[[ $wrong -eq 0 ]]
