#!/bin/bash
# Each key that does something by default, and each thing the mouse can do,
# is tried in a script of tests/scripts, not just typed into a prompt.
set -u
export LC_ALL=C
srcdir=${srcdir:-.}
keymap=$srcdir/src/ui/keymap.c
terminal=$srcdir/src/ui/headless.c

wrong=0
complain() {
	echo "$1"
	wrong=$((wrong + 1))
}

# As "add_key_name()" writes them: a, ^L, PgUp.
keys_of_program() {
	awk -F'"' '
		/^static const struct binding/ { table = "bindings" }
		/^} names\[\]/ { table = "names" }
		/^};/ { table = "" }
		table == "bindings" && /COMMAND_/ {
			key = $0
			sub(/^\t\{ /, "", key)
			sub(/, COMMAND_.*/, "", key)
			bound[++count] = key
		}
		table == "names" && NF == 3 {
			key = $1
			gsub(/[{, \t]/, "", key)
			if (!(key in name))
				name[key] = $2
		}
		END {
			for (i = 1; i <= count; i++) {
				key = bound[i]
				if (key in name)
					key = name[key]
				else if (sub(/^CTRL\(\047/, "^", key))
					key = "^" toupper(substr(key, 2, 1))
				else {
					gsub(/^\047|\047$/, "", key)
					sub(/^\\/, "", key)
				}
				print key == "" ? "\\" : key
			}
		}' "$keymap" | sort -u
}

# The other names of the same keys, in the words of the program.
keys_of_scripts() {
	awk '
		FNR == 1 { typing = 0 }
		$1 != "key" { next }
		typing {
			typing = $2 !~ /^(Enter|Return|Esc|Escape|\^[CJM]|Ctrl-[CJM])$/
			next
		}
		{
			key = $2
			if (tolower(key) ~ /^ctrl-.$/)
				key = "^" toupper(substr(key, 6))
			else if (key ~ /^\^.$/)
				key = toupper(key)
			print key
			typing = key ~ /^([\/W&\\]|F[34])$/
		}' "$srcdir"/tests/scripts/*.script |
		sed 's/^Return$/Enter/; s/^Escape$/Esc/; s/^PageUp$/PgUp/; s/^PageDown$/PgDn/
			s/^BackTab$/Shift-Tab/; s/^\^J$/Enter/; s/^\^M$/Enter/; s/^\^I$/Tab/' | sort -u
}

mouse_of_program() {
	grep -oE '\{ "[a-z-]+ ", MOUSE_' "$terminal" | cut -d'"' -f2 | tr -d ' ' | sort -u
}
mouse_of_scripts() {
	sed -nE 's/^([a-z-]+) -?[0-9]+ -?[0-9]+$/\1/p' "$srcdir"/tests/scripts/*.script | sort -u
}

keys=$(keys_of_program)
mouse=$(mouse_of_program)
if [[ $(wc -l <<<"$keys") -lt 60 || $(wc -l <<<"$mouse") -lt 5 ]]; then
	complain "the tables of keys or of the mouse were not understood"
fi
while IFS= read -r key; do
	complain "no script presses $key"
done < <(comm -23 <(echo "$keys") <(keys_of_scripts))
while IFS= read -r action; do
	complain "no script has the mouse do $action"
done < <(comm -23 <(echo "$mouse") <(mouse_of_scripts))

echo "$(wc -l <<<"$keys") keys, $(wc -l <<<"$mouse") of the mouse, $wrong never tried"
[[ $wrong -eq 0 ]]
