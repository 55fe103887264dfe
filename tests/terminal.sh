#!/bin/bash
# The screen as people have it: tprof in tmux, keys sent, the pane read back.
# Everything waits for what it expects to see, never for a time to pass.
. "$(dirname "$0")/tmux.sh"

cat >"$work/profile.folded" <<'END'
main;compile;parse;next_token 300
main;compile;parse;allocate 100
main;compile;check;unify 250
main;compile;check;find(std::map<std::string, Symbol*> const&) 150
main;write_all;[k]vfs_write 200
main;naïve_schön_漢字 50
END

views() {
	start "views at $1x$2, $3" "$1" "$2" "LC_ALL=$3"
	run "$work/profile.folded"
	expect 'Self' || return
	keys 2; expect 'Total.*Function' && expect 'main'
	keys 3; expect 'all 100'
	keys 5; until_true 10 shows_not 'all 100' || fail "view 5 does not come"
	keys '?'; expect 'move|Moving'
	keys q; until_true 10 shows_not 'move up|Moving' || fail "help does not go"
	keys 9 Tab; expect 'Self'
	keys BTab; until_true 10 shows_not 'Self' || fail "no view before the first"
	keys Tab; expect 'Self'
	keys 2; expect 'Total.*Function'
	if [[ $3 == C ]] && screen | LC_ALL=C grep -q '[^ -~]'; then
		fail "more than ASCII on the screen"
	fi
	if [[ $3 != C ]]; then
		shows '▾|▸' || fail "no signs in UTF-8"
	fi
	keys q; left 0
}

search_and_filter() {
	start "search and filter" 100 30
	run "$work/profile.folded"
	expect 'Self' || return
	keys 2 /; keys -l 'uni'; expect '1 match'
	keys Enter; expect 'search /uni/'
	keys Escape; until_true 10 shows_not 'search /uni/' || fail "Esc keeps the search"
	keys '\'; expect 'only stacks with'; keys -l 'check'; keys Enter; expect 'filter /check/'
	# What is no pattern stays there to be mended.
	keys '\'; keys C-u; keys -l '('; keys Enter; expect 'only stacks with: \( .*regular'
	keys C-u; keys Enter; until_true 10 shows_not 'filter /' || fail "filter stays"
	keys '/'; keys -l 'schön_漢'; expect '1 match'; keys Escape
	until_true 10 shows_not '1 match' || fail "Esc does not end typing"
	keys q; left 0
}

is_tprof() {
	[[ $(cat "/proc/$1/comm" 2>/dev/null) == tprof ]]
}

# A pipe that nobody writes to yet: nothing to show, and no screen that can't be left.
silent_pipe() {
	local pid
	start "silent pipe" 80 24
	mkfifo "$work/pipe"
	run "$work/pipe"
	pid=$(pid)
	until_true 10 is_tprof "$pid" || fail "does not start"
	keys C-c
	until_true 10 gone "$pid" || fail "Ctrl-C does not end the wait for a pipe"
	run "$work/pipe"
	echo 'main;late 10' >"$work/pipe"
	expect 'late'
	keys q; left 0
}

# A pipe that goes on: what came is shown, how much is told, and Esc ends it.
reading() {
	start "reading" 90 24
	mkfifo "$work/slow"
	exec 4<>"$work/slow"
	printf 'main;early 30\nmain;render 70\n' >&4
	run "$work/slow"
	expect 'reading: 29 B, .*Esc stops it' || return
	expect '100 samples' && expect 'early'
	printf 'main;late 100\n' >&4
	expect '200 samples' && expect 'late'
	# It is in nobody's way.
	keys 2; expect 'Total.*Function'; keys /; keys -l 'earl'; expect '1 match'
	keys Escape; expect 'reading: 43 B'
	keys BSpace; expect 'reading: 43 B'
	keys Escape; expect 'stopped reading' && expect 'slow +stopped$'
	expect 'all that is shown is of the first 43 B'
	expect '200 samples'
	keys q; left 0
	exec 4>&-
}

saving() {
	start "saving" 100 30
	keys "cd $work" Enter
	run "$work/profile.folded"
	expect 'Self' || return
	keys W; expect 'save to: tprof-profile-'
	keys C-u; keys -l 'out.folded'; keys Enter; expect 'saved to out.folded'
	keys W; keys C-u; keys -l 'out.folded'; keys Enter; expect 'Replace it'
	keys n; expect 'not saved'
	keys W; keys C-u; keys -l 'out.folded'; keys Enter; expect 'Replace it'
	keys y; expect 'saved to out.folded'
	keys W; keys C-u; keys -l '/nowhere/at/all'; keys Enter; expect "can't"
	keys P; expect 'screen saved to tprof-screen-1.txt'
	keys P; expect 'screen saved to tprof-screen-2.txt'
	keys q; left 0
	[[ $(stat -c %a "$work/out.folded") == 600 ]] || fail "mode of the saved file"
	grep -q 'Self' "$work/tprof-screen-1.txt" || fail "nothing in the saved screen"
	awk '{ sum += $NF } END { exit sum != 1050 }' "$work/out.folded" || fail "samples saved"
}

# To a disk that takes seconds: the keys go on, and Esc leaves nothing behind.
slow_saving() {
	start "slow saving" 100 30 "LC_ALL=C.UTF-8 ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0"
	if ! strace -f -o /dev/null -e trace=none true 2>/dev/null; then
		return
	fi
	mkdir "$work/slow-disk"
	keys "cd $work/slow-disk; clear; (exec strace -f -o /dev/null -e trace=fsync \
-e inject=fsync:delay_enter=3000000 $tprof $work/profile.folded); echo status=\$?" Enter
	expect 'Self' || return
	keys W; expect 'save to'; keys C-u; keys -l 'a.folded'; keys Enter
	expect 'saving: 99% +Esc stops it'
	keys 2; expect 'Total.*Function'
	keys q; expect 'still saving to a.folded'
	keys Escape; expect 'saving was cancelled: there is no file'
	[[ $(ls -A "$work/slow-disk") == '' ]] || fail "something was left there"
	keys W; expect 'save to'; keys C-u; keys -l 'a.folded'; keys Enter
	expect 'saving: 99% +Esc stops it'
	expect 'saved to a.folded' 20
	keys q; left 0
	[[ $(ls -A "$work/slow-disk") == a.folded ]] || fail "more than the file was left there"
}

# Keys without a meaning, known to terminfo or not, change nothing.
unknown_keys() {
	local before after
	start "unknown keys" 80 24
	run "$work/profile.folded"
	expect 'Self' || return
	keys 2; expect 'Total.*Function'; keys 1; expect '▼ Self'
	before=$(body)
	keys F11 F12 '=' '_' M-q M-x IC
	keys -l $'\033[99~\033[?1;2q\033[1;9Z\033Oz'
	keys -l $'\303\251\377'
	# The other view has come and gone: all keys before were read.
	keys 2; expect 'Total.*Function'; keys 1; expect '▼ Self'
	after=$(body)
	[[ $before == "$after" ]] || fail "the screen changed"
	keys q; left 0
}

mouse_works() {
	start "mouse, $1" 80 24 "LC_ALL=C.UTF-8 TERM=$1"
	if ! infocmp "$1" >/dev/null 2>&1; then
		return
	fi
	run "$work/profile.folded"
	expect '▼ Self' || return
	until_true 10 has_mouse 1 || fail "the mouse is not asked for"
	click 17 5; expect '▼ Total'
	click 17 5; expect '▲ Total'
	click 17 4; expect 'Total.*Function.*callees'
	# Opened: the row of the tree is closed by a double click.
	shows '├─' || fail "the tree is closed"
	click 40 6; click 40 6; until_true 10 shows_not '├─' || fail "no double click"
	click 3 24; expect 'Moving'
	mouse 65 10 10 M; until_true 10 shows_not 'move up$' || fail "the wheel does not turn"
	mouse 64 10 10 M; expect 'move up$'
	# The older form; nonsense; a release without a press.
	keys -l $'\033[M $$'; expect '▼ Self|▲ Total'
	keys 2; keys -l $'\033[<0;10M\033[<M\033[<0;1;1;1;1M\033[<99999999999999;5;5M'
	mouse 0 5 5 m
	keys 1; expect '▲ Total'
	keys M; expect "the terminal's"; until_true 10 has_mouse 0 || fail "M keeps the mouse"
	keys M; expect 'works here again'; has_mouse 1 || fail "M does not take it back"
	keys C-z; expect 'Stopped'
	has_mouse 0 || fail "the mouse is kept while stopped"
	keys fg Enter; expect '▲ Total'
	until_true 10 has_mouse 1 || fail "the mouse is not taken again after fg"
	keys q; expect '^ready>$'
	has_mouse 0 || fail "the mouse is kept at the end"
}

menu() {
	start "menu" 80 24 "LC_ALL=C.UTF-8 TERM=xterm-256color"
	run "$work/profile.folded"
	expect '▼ Self' || return
	mouse 2 30 7 M; expect '┌─unify'
	expect 'show it in the tree'
	keys Escape; until_true 10 shows_not '┌─' || fail "Esc does not close it"
	mouse 2 30 7 M; expect '┌─unify'
	# Its second line, below the border; then outside of it.
	click 34 10; expect 'Total.*Function.*callees'
	keys m; expect '┌─unify'
	click 2 5; until_true 10 shows_not '┌─' || fail "a click beside it does not close it"
	keys m; expect 'open or close'; keys i; expect 'inverted'
	shows '┌─' && fail "a command does not close it"
	keys q; left 0
}

configured() {
	if "$tprof" --version | grep -q 'configuration *none'; then
		return
	fi
	mkdir -p "$work/settings/tprof"
	cat >"$work/settings/tprof/config" <<'END'
[keys]
down = ctrl-n
quit = x
fly = y
[view]
view = tree
measure = samples
color = mauve
END
	start "configured" 80 24 "LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$work/settings"
	run "$work/profile.folded"
	expect 'Total.*Function.*callees' || return
	expect ':4: no command is called fly \(and 1 more\)'
	shows ' 1,050 +0 ▾ main' || fail "not in samples"
	keys '?'; expect '^ \^N +move down'
	keys x; expect 'Total.*Function.*callees'
	keys x; left 0
	chmod go+w "$work/settings/tprof/config"
	run "$work/profile.folded"
	expect '▼ Self' || return
	expect 'others can write it'
	keys q; left 0
}

resize_storm() {
	local before
	start "resize storm" 80 24
	run "$work/profile.folded"
	expect '▼ Self' && expect 'sort' || return
	before=$(body)
	for ((i = 0; i < 150; i++)); do
		tm resize-window -x $((1 + RANDOM % 230)) -y $((1 + RANDOM % 70))
	done
	tm resize-window -x 20 -y 5
	expect 'Self'
	tm resize-window -x 1 -y 1
	tm resize-window -x 80 -y 24
	until_true 10 same_as "$before" || fail "not the same screen afterwards"
	keys q; left 0
}

stop_and_continue() {
	local tprof_pid before stopped
	start "stop and continue" 80 24
	run "$work/profile.folded"
	expect '▼ Self' || return
	tprof_pid=$(pid)
	before=$(body)
	keys C-z; expect 'Stopped'
	keys 'stty -a' Enter; expect '[^-]icanon'
	keys 'clear; fg' Enter
	until_true 10 same_as "$before" || fail "not the same screen after fg"
	kill -TSTP "$tprof_pid"; expect 'Stopped'
	keys clear Enter; until_true 10 shows_not Stopped
	stopped=$(screen)
	kill -CONT "$tprof_pid"
	until_true 10 in_state "$tprof_pid" T || fail "runs in the background"
	[[ $(screen) == "$stopped" ]] || fail "drew over the shell"
	keys fg Enter
	until_true 10 same_as "$before" || fail "not the same screen after the second fg"
	# Stopped without a warning, the terminal taken over by the shell.
	kill -STOP "$tprof_pid"; expect 'Stopped'
	keys fg Enter
	until_true 10 same_as "$before" || fail "not the same screen after SIGSTOP"
	# The shell went on when the job stopped: nothing tells the status.
	keys q; expect '^ready>$'
	keys 'clear; stty -a' Enter; expect '[^-]icanon'
}

vanished_terminal() {
	local tprof_pid
	for how in default ignored; do
		start "vanished terminal, SIGHUP $how" 80 24
		if [[ $how == ignored ]]; then
			keys "trap '' HUP" Enter
		fi
		run "$work/profile.folded"
		expect 'Self' || return
		tprof_pid=$(pid)
		tm kill-server
		until_true 1 gone "$tprof_pid" || fail "still there"
	done
}

crashes() {
	local name tprof_pid
	for name in SEGV BUS ABRT ILL FPE TRAP TERM; do
		start "SIG$name" 80 24
		keys 'stty -g >'"$work/before" Enter
		run "$work/profile.folded"
		expect 'Self' || return
		tprof_pid=$(pid)
		kill -"$name" "$tprof_pid"
		expect 'status=[0-9]'
		if [[ $name != TERM ]]; then
			shows "status=$((128 + $(kill -l $name)))" || fail "exit status"
		fi
		keys 'stty -g >'"$work/after; echo compared" Enter; expect '^compared'
		cmp -s "$work/before" "$work/after" || fail "modes of the terminal"
		[[ $(tm display-message -p '#{alternate_on} #{cursor_flag}') == '0 1' ]] ||
			fail "the other screen, or no cursor"
		has_mouse 0 || fail "the mouse is kept"
	done
}

# No handler sees this one: another process has to put the terminal in order.
killed() {
	local tprof_pid
	start "SIGKILL" 80 24
	keys 'stty -g >'"$work/before" Enter
	run "$work/profile.folded"
	expect 'Self' || return
	tprof_pid=$(pid)
	kill -KILL "$tprof_pid"
	until_true 10 is_left || fail "the other screen, or no cursor"
	keys 'clear; stty -g >'"$work/after; echo compared" Enter; expect '^compared'
	cmp -s "$work/before" "$work/after" || fail "modes of the terminal"

	# Stopped, the terminal is the shell's: nobody may touch it then.
	part="SIGKILL while stopped"
	run "$work/profile.folded"
	expect 'Self' || return
	tprof_pid=$(pid)
	keys C-z; expect 'Stopped'
	keys 'clear; stty -echo; echo no echo' Enter; expect '^no echo'
	kill -KILL "$tprof_pid"
	until_true 10 gone "$tprof_pid" || fail "still there"
	keys 'stty -a; stty echo' Enter; expect '[-]echo '
}
is_left() {
	[[ $(tm display-message -p '#{alternate_on} #{cursor_flag}') == '0 1' ]]
}

# Threads of others are attached to one by one: here so slowly that one can read of it.
# What strace traces can't look for leaks.
attaching() {
	local pids='' plain='' key i
	start "attaching" 90 24
	if ! strace -o /dev/null -e trace=none true 2>/dev/null ||
	   [[ $(cat /proc/sys/kernel/perf_event_paranoid) -lt 1 ]]; then
		return
	fi
	if ((EUID == 0)); then
		plain='setpriv --bounding-set=-all --inh-caps=-all'
	fi
	# shellcheck disable=SC2016 # the shell in the pane expands it
	keys "exec $plain env PS1='plain> ' ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
bash --norc --noprofile --noediting" Enter
	expect 'plain>' || return
	for ((i = 0; i < 40; i++)); do
		keys 'sleep 100 & p=$p,$!' Enter
	done
	keys 'clear; echo "all"" there"' Enter
	expect '^all there' || return
	for key in Escape C-c q; do
		keys "clear; (exec strace -o /dev/null -e trace=perf_event_open \
-e inject=perf_event_open:delay_enter=30000 $tprof -p \${p#,}); echo status=\$?" Enter
		expect 'attaching to [0-9]+ of 40 threads of 40 processes' && expect 'Esc gives up'
		keys "$key"; left 0
	done
	keys 'kill $(jobs -p); exit' Enter
}

no_full_clear() {
	local count
	start "no full clear" 80 24 'LC_ALL=C.UTF-8 TERM=xterm-256color'
	keys clear Enter; expect '^ready>$'
	tm pipe-pane -o "cat >$work/bytes"
	keys "$tprof $work/profile.folded; echo status=\$?" Enter
	expect 'Self' || return
	keys 2; expect 'Total.*Function'
	keys j j Enter H C E '*' i; expect 'inv(erted|\.)'
	keys i 3; expect 'all 100'
	keys j j Enter k Enter '?'; expect 'Moving'
	keys j PageDown q 1; expect '▼ Self'
	keys K; expect 'kernel frames'
	keys / u n i Enter; expect 'search'
	keys q; left 0
	tm pipe-pane
	count=$(grep -aoP '\x1b\[[23]J|\x1b\[H\x1b\[J' "$work/bytes" | wc -l)
	((count == 1)) || fail "$count full clears"
}

terminals() {
	# When curses does not know the terminal it forgets some memory.
	echo 'leak:new_prescr' >"$work/known-leaks"
	start "unknown terminal" 80 24 "LC_ALL=C.UTF-8 TERM=never-heard-of \
		LSAN_OPTIONS=suppressions=$work/known-leaks:print_suppressions=0"
	run "$work/profile.folded"
	expect 'not known here' || return
	keys 2; expect 'Total.*Function'
	keys q; left 0
	# Known to their owner and not to root: with colours and the mouse all the same.
	for name in xterm-kitty xterm-ghostty; do
		start "$name under sudo" 80 24 "LC_ALL=C.UTF-8 TERM=$name SUDO_UID=$EUID \
			LSAN_OPTIONS=suppressions=$work/known-leaks:print_suppressions=0"
		run "$work/profile.folded"
		expect '▼ Self' || return
		tm capture-pane -ep | grep -qP '\x1b\[[0-9;]*38;5;' || fail "no colours"
		until_true 10 has_mouse 1 || fail "no mouse"
		keys q; expect 'status=0'
	done
	start "dumb terminal" 80 24 'LC_ALL=C.UTF-8 TERM=dumb'
	run "$work/profile.folded"
	expect "can't place its cursor"
	left 0
	start "vt100" 80 24 'LC_ALL=C TERM=vt100'
	run "$work/profile.folded"
	expect 'Self' || return
	keys 2; expect 'Total.*Function'
	keys Down; keys q; left 0
	start "NO_COLOR" 80 24 'LC_ALL=C.UTF-8 NO_COLOR=1'
	run "$work/profile.folded"
	expect '▼ Self' || return
	if tm capture-pane -ep | grep -qP '\x1b\[[0-9;]*(3[0-7]|38;|4[0-7]|48;)'; then
		fail "colours in spite of NO_COLOR"
	fi
	keys q; left 0
}

# Where the terminal has one screen only, the prompt gets a line of its own.
one_screen() {
	local name
	for name in linux vt100; do
		start "one screen: $name" 80 24 "LC_ALL=C TERM=$name"
		run "$work/profile.folded"
		expect 'Self' || return
		keys C-z; expect '^ready> *$'
		keys "fg" Enter; expect 'q quit'
		keys q; expect '^ready> *$'
		run "$work/profile.folded"
		expect 'q quit' || return
		kill -SEGV "$(pid)"
		expect '^status=[1-9]'
		shows '\$<' && fail "what is for pauses is shown"
	done
}

# What is wrong makes room once it was read; help has it all the time.
notices() {
	start "notices" 80 24
	{ cat "$work/profile.folded"; echo 'no number'; } >"$work/bad.folded"
	run "$work/bad.folded"
	expect 'skipped' || return
	until_true 10 is_told || fail "a key does not take the notice away"
	shows_not 'skipped' || fail "the notice is still there"
	keys '?'; expect 'skipped'
	keys q q; left 0
}
is_told() {
	keys j
	shows '1 note: see help'
}

# Told by what tprof sends: tmux would make the nearest thing of it.
sends_colors() {
	start "colours on $1 ${3-}" 80 24 "LC_ALL=C.UTF-8 TERM=$1"
	keys clear Enter; expect '^ready>$'
	tm pipe-pane -o "cat >$work/bytes"
	keys "$tprof ${3-} $work/profile.folded; echo status=\$?" Enter
	expect 'Self' || return
	keys 3; expect 'all 100'
	keys q; left 0
	tm pipe-pane
	grep -qaP "$2" "$work/bytes" || fail "no colours"
}
colors() {
	sends_colors xterm-256color '\x1b\[[0-9;]*38;5;[0-9]+[0-9;]*m'
	sends_colors tmux-256color '\x1b\[[0-9;]*48;5;[0-9]+[0-9;]*m'
	sends_colors xterm '\x1b\[[0-9;]*3[1-7][0-9;]*m' --color=always
	# Bold and reversed letters have no digits that could pass for colours.
	sends_colors xterm-256color '\x1b\[[0-9;]*7m' --color=never
	if grep -qaP '\x1b\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7])[;m]' "$work/bytes"; then
		fail "colours where none are wanted"
	fi
}

# Under sudo the user's own descriptions of terminals are not for root to parse.
planted_description() {
	if ! command -v tic infocmp >/dev/null; then
		return
	fi
	mkdir -p "$work/home"
	infocmp xterm-256color | sed 's/^xterm-256color|/planted|/' |
		TERMINFO=$work/home/.terminfo tic - || return
	start "own description" 80 24 "LC_ALL=C.UTF-8 TERM=planted HOME=$work/home"
	run "$work/profile.folded"
	expect '▼ Self' || return
	shows 'not known here' && fail "does not know the user's terminal"
	keys q; left 0
	if ((EUID)); then
		return
	fi
	for variable in "HOME=$work/home" "TERMINFO=$work/home/.terminfo"; do
		start "planted by $variable" 80 24 "LC_ALL=C.UTF-8 TERM=planted $variable \
			SUDO_UID=65534 SUDO_GID=65534 LSAN_OPTIONS=suppressions=$work/known-leaks"
		run "$work/profile.folded"
		expect 'not known here' || return
		keys q
		expect 'status='
	done
}

launched() {
	start "launched program" 90 24
	cat >"$work/program" <<'END'
trap 'echo got the interrupt; exit 3' INT
echo from the program
test -t 1 && echo on a terminal
while :; do :; done
END
	run "-- sh $work/program"
	expect '[1-9][0-9,]* samples' || return
	keys 2; expect 'Total.*Function'
	keys p; expect 'paused, [1-9][0-9,]* samples behind'
	keys p; until_true 10 shows_not 'paused' || fail "pause does not end"
	keys q; expect 'still runs'
	keys C-c; expect 'exited'
	keys 1; expect '▼ Self'
	keys q; left 3
	expect '^from the program' && expect '^on a terminal' && expect '^got the interrupt'
	[[ $(screen | grep -c 'got the interrupt') == 1 ]] || fail "interrupted twice"

	part="launched program that is quit"
	run "-- sh -c 'while :; do :; done'"
	expect '[1-9][0-9,]* samples' || return
	keys q; expect 'still runs'
	keys q; expect 'status=[0-9]'

	part="launched and stopped together"
	run "-- sh -c 'echo \$\$ >$work/child; while :; do :; done'"
	expect '[1-9][0-9,]* samples' || return
	keys C-z; expect 'Stopped'
	in_state "$(cat "$work/child")" T || fail "the program goes on"
	keys fg Enter; expect '[1-9][0-9,]* samples'
	until_true 10 in_state "$(cat "$work/child")" R || fail "the program stays stopped"
	keys Q; expect '^ready>$'

	part="command not found"
	run "-- /no/such/program"
	left 127
	run "-- /etc/passwd"
	left 126
}

# Two processes of one name, which is not that of this test.
choosing() {
	local first second name=tp-choose-$$
	cp "$(command -v bash)" "$work/$name"
	"$work/$name" -c 'while :; do :; done' &
	first=$!
	busy=$first
	"$work/$name" -c "while [[ -e /proc/$first ]]; do :; done" &
	second=$!
	start "choosing" 100 24
	run ""
	expect 'What to profile' || return
	keys -l "$name"; expect '^What.* 2 of'
	until_true 10 shows "$first " || fail "the first is not there"
	expect "%  *1 yours .*$name"
	keys Down Enter; expect '^PID (.*) '"$name"
	expect '[1-9][0-9,]* samples' && expect 'Self'
	# The mouse that was left to the terminal for one is back for the next.
	keys M; until_true 10 has_mouse 0 || fail "M keeps the mouse"
	keys Escape; expect '^What.* 2 of'
	until_true 10 has_mouse 1 || fail "the mouse does not come back"
	# Pointed at and opened; back by way of another view.
	click 60 5; click 60 5; expect '[1-9][0-9,]* samples'
	keys 2; expect 'Total.*Function'; keys Escape; expect '^What.* 2 of'
	keys C-z; expect 'Stopped'
	keys fg Enter; expect '^What.* 2 of'
	keys Escape; until_true 10 shows_not ' 2 of' || fail "Esc keeps the filter"
	keys -l 'no such (process'; expect 'no process fits'; expect 'Esc all'
	keys Enter; expect 'no process fits'
	keys C-u; expect 'Command'
	click 20 3; until_true 10 shows 'filter:' || fail "no list any more"
	tm resize-window -x 20 -y 5; tm resize-window -x 1 -y 1; tm resize-window -x 100 -y 24
	expect 'What to profile'
	# The shell went on when the job stopped: nothing tells the status.
	keys q; expect '^ready>$'

	part="choosing among those of a name"
	run "-p $name"
	expect '^What.* 2 of' || return
	keys C-c; left 0
	run "report --for 100ms -p $name"
	expect "2 processes are called $name: "; left 125
	kill "$second"; wait "$second" 2>/dev/null
	run "-p $name"
	expect "PID $first $name" || return
	keys Escape; keys 2; expect 'Total.*Function'; keys q; left 0
	kill "$first"
	busy=
	run "-p $name"
	expect "no process is called $name"; left 125
}

attached() {
	bash -c 'while :; do :; done' &
	busy=$!
	start "attached program" 80 24
	run "-p $busy"
	expect '[1-9][0-9,]* samples' || return
	keys f; expect 'sampling stopped'
	keys f; until_true 10 shows_not 'sampling stopped' || fail "collection stays off"
	keys z; expect 'since [0-9]* s ago'
	keys w; until_true 10 shows_not ' ago' || fail "the whole time does not come back"
	keys 5; until_true 10 shows_not 'Self' || fail "no counters"
	keys C-c; left 0
	gone "$busy" && fail "the target is gone"
	part="attached, without a screen"
	run "report -p $busy >$work/report"
	expect "measuring PID $busy .*; Ctrl-C ends" || return
	keys C-c; left 0
	grep -q '^# samples ' "$work/report" || fail "no report"
	kill "$busy"
	busy=
}

# The row under the cursor: the only one in reverse below the headings, which are underlined.
cursor_row() {
	tm capture-pane -ep 2>/dev/null | sed '1,/\x1b\[[0-9;]*4m/d' |
		grep -m1 -P '\x1b\[([0-9;]*;)?7m'
}
# What changes is drawn in several writes; what is so for most of a frame is
# no accident.
cursor_on() {
	local i
	for i in 1 2 3 4; do
		if cursor_row | grep -q "$1"; then
			return 0
		fi
		sleep 0.04
	done
	return 1
}

# For so long the cursor is on that name, while the others change places.
cursor_holds() {
	local until=$((SECONDS + $1)) name=$2 before='' now changes=0
	while ((SECONDS < until)); do
		cursor_on "$name" || { fail "the cursor left $name"; return 1; }
		now=$(screen | grep -oE '\b(red|green|blue|black)\b')
		[[ $now == "$before" ]] || changes=$((changes + 1))
		before=$now
		sleep 0.1
	done
	((changes > 1)) || fail "the ranks did not change"
}

# Ranks change every second: rows move, the cursor stays on its function and
# its path, and only what changed is drawn.  TPROF_CURSOR_SECONDS=30 takes longer.
cursor_stays() {
	local seconds=${TPROF_CURSOR_SECONDS:-10} count
	if ! command -v clang >/dev/null; then
		echo "the cursor is not tried on a live program: clang is not installed"
		return
	fi
	clang -std=gnu17 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer \
		-o "$work/churn" "${srcdir:-.}/tests/programs/churn.c" -pthread ||
		{ fail "churn.c does not compile"; return; }
	start "cursor" 80 24 'LC_ALL=C.UTF-8 TERM=xterm-256color NO_COLOR=1'
	tm pipe-pane -o "cat >$work/bytes"
	run "-- $work/churn 3600"
	expect '\bblue\b' && expect '\bgreen\b' || return
	keys / g r e e n; expect '1 match'; keys Enter
	until_true 10 cursor_on green || fail "the search does not find green"
	part="cursor in the functions"
	cursor_holds $(((seconds + 1) / 2)) green
	part="cursor in the tree"
	keys K 2 E; expect "Total.*Function" && expect "─.*green"
	until_true 10 cursor_on green || fail "the tree does not go along"
	cursor_holds $((seconds / 2)) green
	keys q; expect 'still runs'; keys q; expect 'status='
	tm pipe-pane
	# Two of them are the shell's.
	count=$(grep -aoP '\x1b\[[23]J|\x1b\[H\x1b\[J' "$work/bytes" | wc -l)
	((count <= 3)) || fail "$count full clears"
}

for size in '80 24' '200 60' '20 5'; do
	for locale in C.UTF-8 C; do
		# shellcheck disable=SC2086 # two words are wanted
		views $size $locale
	done
done
search_and_filter
silent_pipe
reading
saving
slow_saving
unknown_keys
for name in tmux-256color screen xterm-256color; do
	mouse_works $name
done
menu
configured
resize_storm
stop_and_continue
vanished_terminal
crashes
killed
no_full_clear
terminals
colors
one_screen
notices
planted_description
if may_measure; then
	launched
	attached
	attaching
	choosing
	cursor_stays
else
	echo "not tried on live programs: $(head -1 "$work/why")"
fi
finish_parts
