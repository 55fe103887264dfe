#!/bin/bash
# --help and the manual name the same options, and the manual has the
# commands, the keys of the screen and those of the JSON report.
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
	"$tprof" "$@" --help | grep -E '^ {2,6}-' | sed 's/^ *//; s/   *[^ -].*//' |
		grep -oE '(^|[ ,])--?[A-Za-z?][A-Za-z-]*' | tr -d ' ,'
}

# ".It Fl F Ar hz , Fl -freq Ns = Ns Ar hz" gives -F and --freq.
options_of_manual() {
	grep -E '^\.It Fl ' "$page" | grep -oE 'Fl (\\&)?-?[A-Za-z?][A-Za-z-]*' |
		sed -E 's/^Fl (\\&)?/-/'
}

for command in "" record report doctor; do
	rows=$(env -u ARGP_HELP_FMT "$tprof" $command --help | wc -l)
	[[ $rows -le 24 ]] ||
		complain "tprof $command --help takes $rows rows, a screen has 24"
done

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

# The keys of the screen, as ^X for control characters.  Digits are views.
keys_of_program() {
	sed -nE "s/^\t\{ '(\\\\\\\\|.)', COMMAND.*/\1/p; s/^\t\{ CTRL\('(.)'\), COMMAND.*/^\U\1/p
		s/^\t\{ INPUT_(F[0-9]+), COMMAND.*/\1/p" "${srcdir:-.}/src/ui/keymap.c" |
		sed 's/^\\\\$/\\/' | grep -v '^[0-9]$'
}
keys_of_manual() {
	grep -E '^\.It Ic ' "$page" | sed 's/^\.It Ic //; s/\\e/\\/g; s/\\&//g' | tr -d ' ' |
		tr ',' '\n'
}
while IFS= read -r key; do
	complain "the key $key is not in the manual"
done < <(comm -23 <(keys_of_program | sort -u) <(keys_of_manual | sort -u))

# Each option is completed, by bash for its command, by others somewhere.
completions=${srcdir:-.}/contrib/completions
bash -n "$completions/tprof" || complain "bash does not understand its completion"
if command -v zsh >/dev/null; then
	zsh -n "$completions/_tprof" || complain "zsh does not understand its completion"
fi
if command -v fish >/dev/null; then
	fish -n "$completions/tprof.fish" || complain "fish does not understand its completion"
fi
completed_by_bash() {
	bash -c '
		source "$0"
		COMP_WORDS=(tprof "$@" -)
		COMP_CWORD=$(($# + 1))
		_tprof
		printf "%s\n" "${COMPREPLY[@]}"
	' "$completions/tprof" "$@"
}
for command in "" record report doctor; do
	while IFS= read -r option; do
		complain "bash does not complete \"tprof $command $option\""
	done < <(comm -23 <(options_of_help $command | sort) <(completed_by_bash $command | sort))
	while IFS= read -r option; do
		complain "bash completes \"tprof $command $option\", which is no option"
	done < <(comm -13 <(options_of_help $command | sort) \
		<(completed_by_bash $command | grep -vx -- -- | sort))
done
while IFS= read -r option; do
	case $option in
	--*) in_fish=" -l ${option#--} " ;;
	*) in_fish=" -s ${option#-} " ;;
	esac
	sed "s/'?'/?/" "$completions/tprof.fish" | grep -qF -- "$in_fish" ||
		complain "fish does not complete $option"
	tr -d '\\' <"$completions/_tprof" | grep -qE -- "['{,)]${option/\?/\\?}[]=+},[]" ||
		complain "zsh does not complete $option"
done <<<"$help"

# What the configuration can name: commands and the meanings of colours.
names_of_program() {
	sed -nE 's/^\tX\([A-Z0-9_]+,\s*"([a-z0-9-]+)".*/\1/p' "${srcdir:-.}/src/view/command.h"
	sed -nE 's/^\tX\(([A-Z_]+),.*/\1/p' "${srcdir:-.}/src/view/grid.h" | tr A-Z_ a-z-
}
while IFS= read -r name; do
	sed -n '/^\.Sh CONFIGURATION/,/^\.Sh ENV/p' "$page" | grep -qxE -- "$name[,.]" ||
		complain "the manual's CONFIGURATION lacks $name"
done < <(names_of_program)

# The keys of the JSON report, of a file: that needs no permission.
keys_of_report() {
	printf 'main;work 10\n' | "$tprof" report --json --view tree - | python3 -c '
import json, sys

def keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in ("reasons", "counters"):
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)

print("\n".join(keys(json.load(sys.stdin))))'
}
documented=$(grep -E '^\.It Li ' "$page" | sed 's/^\.It Li //; s/ Pq .*//' | tr -d ' ' | tr ',' '\n')
if command -v python3 >/dev/null; then
	reported=$(keys_of_report | sort -u)
	[[ -n $reported ]] || complain "no JSON report of a file"
	while IFS= read -r key; do
		complain "the key \"$key\" of the JSON report is not in the manual"
	done < <(comm -23 <(echo "$reported") <(echo "$documented" | sort -u))
fi

echo "$(echo "$help" | wc -l) options, $wrong wrong"
[[ $wrong -eq 0 ]]
