#!/bin/bash
# The terminal of a launched program, in tmux: its output, giving it the real
# terminal and taking it back, stopping, and what becomes of it at the end.
. "$(dirname "$0")/tmux.sh"

if ! may_measure; then
	echo "skipped: $(head -1 "$work/why")"
	exit 77
fi

# launch COMMAND...: tprof with it, waits for the screen, and until the program
# is not held at its exec any more.
launch() {
	run "-- $*"
	expect '1 Functions'
	until_true 10 is_let_go
}
is_let_go() {
	! shows '  starting  '
}
# To the view of the output.
output() {
	keys o
	expect '9 Output'
}
alive() {
	! gone "$1"
}
child() {
	until_true 10 test -s "$work/child"
	cat "$work/child"
}
# kB of memory.
memory_of() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

colours() {
	start "colours" 80 24 'LC_ALL=C.UTF-8 TERM=xterm-256color NO_COLOR='
	cat >"$work/program" <<'END_OF_PROGRAM'
printf '\033[31mred\033[m \033[1;4mbold line\033[m \033]0;title\007\033[2J\033[5;5Hhere\n'
printf '10%%\r50%%\r100%%\n'
printf 'wide 漢字 \377 end\n'
sleep 1000
END_OF_PROGRAM
	launch sh "$work/program"
	until_true 10 shows '9 Output.•|9 Output•' || fail "nothing unread"
	output
	expect '^red bold line here' && expect '^100%' && expect 'wide 漢字 .* end' || return
	shows 'Output•' && fail "unread though shown"
	tm capture-pane -ep | grep -qP '\x1b\[31m(\x1b\[[0-9;]*m)*red' || fail "no red"
	tm capture-pane -ep | grep -qP '\033\[[0-9;]*1[0-9;]*m' || fail "no bold"
	keys q; expect 'still runs'
	keys k; left '143'
}

scrolling() {
	start "scrolling" 80 24
	launch "sh -c 'seq 1 100000; sleep 1000'"
	output
	expect '^100000' || return
	keys PPage; expect 'rows below'
	keys g; expect 'rows below'
	until_true 10 shows_not '^100000' || fail "does not scroll"
	keys G; expect '^100000'
	keys / '9887$' Enter; expect '^99887'
	until_true 10 shows_not '^100000' || fail "does not go to the match"
	keys N; expect '^89887'
	keys n; expect '^99887'
	keys Escape; expect '^100000'
	keys / 'no such line' Enter; expect 'nothing here matches'
	keys Q; left '143'
}

# At full speed it neither slows nor grows us.
full_speed() {
	local tprof_pid before after
	start "yes" 80 24
	launch yes
	output
	expect '^y$' || return
	tprof_pid=$(pid)
	before=$(memory_of "$tprof_pid")
	keys 1; expect '▼ Self|Self'
	keys 2; expect 'Total.*Function'
	keys o; expect '^y$'
	keys PPage; expect 'rows below'
	keys G; expect '^y$'
	after=$(memory_of "$tprof_pid")
	# Samples need memory too; all of what was written would need much more.
	((after - before < 60000)) || fail "grew from $before to $after kB"
	keys C-c; until_true 10 shows 'killed by SIGINT' || fail "Ctrl-C does not get through"
	keys q; expect '^ready>$'

	part="100 MB"
	launch "sh -c 'head -c 100000000 /dev/zero | tr \"\\\\0\" x; echo; echo the end; sleep 1000'"
	output
	expect '^the end' 60 || return
	keys 1; expect 'Self'
	keys Q; left 143
}

saved_output() {
	start "--output" 80 24
	rm -f "$work/log"
	run "--output $work/log -- sh -c 'seq 1 200000; printf \"\\\\033[1mlast\"'"
	expect 'exited' 30 || return
	keys q; left 0
	[[ $(stat -c %a "$work/log") == 600 ]] || fail "mode"
	seq 1 200000 | sed 's/$/\r/' >"$work/expected"
	printf '\033[1mlast' >>"$work/expected"
	cmp "$work/log" "$work/expected" || fail "not what the program wrote"
	run "--output $work/log -p 1"
	left 2
}

redirected() {
	start "redirected descriptors" 80 24
	keys "$tprof -- sh -c 'echo to-stdout; echo to-stderr >&2; test -t 2 && exit 5' >$work/out; echo status=\$?" Enter
	expect 'exited'
	keys q; left 5
	[[ $(cat "$work/out") == to-stdout ]] || fail "standard output: $(cat "$work/out")"
	expect '^to-stderr'
	keys clear Enter
	keys "echo typed | $tprof -- cat; echo status=\$?" Enter
	expect 'exited'
	keys q; left 0
	expect '^typed'
}

its_terminal() {
	start "stty" 90 30
	launch "sh -c 'stty -a; echo \$(stty size) on \$(tty); test -t 0 -a -t 1 -a -t 2 && echo all'"
	output
	expect '30 90 on /dev/pts/' && expect '^all' || return
	expect ' icanon' && expect ' echo ' && expect '^isig| isig'
	keys q; left 0
}

handed_over() {
	start "cat" 80 24
	launch cat
	expect 'the program waits for input: O gives it the terminal' || return
	keys O; expect 'Ctrl-\] comes back'
	keys 'hello there' Enter
	until_true 10 twice 'hello there' || fail "cat does not answer"
	keys 'C-]'; expect '1 Functions'
	output; until_true 10 twice '^hello there' || fail "not in the view"
	keys O; expect 'Ctrl-\] comes back'
	until_true 10 twice '^hello there' || fail "no replay"
	tm resize-window -x 70 -y 20
	keys C-d
	expect 'the program has ended' && expect 'exited'
	keys q; left 0
	until_true 10 twice '^hello there' || fail "not printed at the end"
	keys 'clear; stty -a' Enter; expect '[^-]icanon'

	part="size while it has the terminal"
	tm resize-window -x 80 -y 24
	cat >"$work/program" <<'END_OF_PROGRAM'
trap 'echo size $(stty size)' WINCH
echo ready; while :; do sleep 0.05; done
END_OF_PROGRAM
	launch "sh $work/program"
	keys O; expect '^ready'
	tm resize-window -x 77 -y 22; expect '^size 22 77'
	keys C-c; expect 'killed by SIGINT|the program has ended'
	keys q; expect '^ready>$'

	part="hidden key forms"
	tm resize-window -x 80 -y 24
	launch cat
	expect 'waits for input'
	keys O; expect 'comes back'
	tm send-keys -l $'\033[27;5;93~'; expect '1 Functions'
	keys O; expect 'comes back'
	tm send-keys -l $'\033[93;5u'; expect '1 Functions'
	keys Q; expect '^ready>|status='
}
twice() {
	(($(screen | grep -cE -- "$1") >= 2))
}

# The wheel and clicks in the output; whoever has the terminal has the mouse.
mouse_in_output() {
	start "mouse and output" 80 24 'LC_ALL=C.UTF-8 TERM=xterm-256color'
	launch "sh -c 'seq 1 1000; exec cat -v'"
	until_true 10 has_mouse 1 || fail "the mouse is not asked for"
	output; expect '^1000' || return
	mouse 64 10 10 M; mouse 64 10 10 M; expect 'rows below'
	mouse 65 10 10 M; mouse 65 10 10 M; until_true 10 shows '^1000' || fail "no wheel"
	mouse 0 10 10 M; mouse 2 10 10 M; expect '┌─'
	keys Escape; until_true 10 shows_not '┌─' || fail "Esc does not close the menu"
	keys O; expect 'Ctrl-\] comes back'
	until_true 10 has_mouse 0 || fail "the program has the terminal, we the mouse"
	keys 'C-]'; expect '1 Functions'
	until_true 10 has_mouse 1 || fail "the mouse is not taken again"
	# A program that asks for the mouse gets what it asked for, and gives it back.
	keys O; expect 'comes back'; keys C-d; expect 'exited'
	until_true 10 has_mouse 1 || fail "no mouse after the end of the program"
	keys q; left 0
	has_mouse 0 || fail "the mouse is kept at the end"

	part="a program with the mouse"
	cat >"$work/program" <<'END_OF_PROGRAM'
stty raw -echo
printf '\033[?1000h\033[?1006hwith the mouse\r\n'
dd bs=1 count=9 2>/dev/null | od -c
sleep 1000
END_OF_PROGRAM
	launch "sh $work/program"
	keys O; expect 'with the mouse'
	until_true 10 has_mouse 1 || fail "the program does not get the mouse"
	mouse 0 5 7 M; expect '033 +\[ +< +0 +; +5 +; +7 +M'
	keys 'C-]'; expect '1 Functions'
	click 17 5; expect '▼ Total'
	keys Q; expect 'status='
	has_mouse 0 || fail "the mouse of the program is kept at the end"
}

full_screen() {
	local editor=
	for editor in vim less none; do
		command -v "$editor" >/dev/null && break
	done
	if [[ $editor == none ]]; then
		echo "no vim and no less here: no program of a full screen tried"
		return
	fi
	start "$editor" 80 24 'LC_ALL=C.UTF-8 TERM=xterm-256color'
	seq -f 'line number %g' 1 500 >"$work/text"
	if [[ $editor == vim ]]; then
		launch "vim -u NONE -i NONE -n $work/text"
	else
		launch "less $work/text"
	fi
	output; expect '\[full screen\]' || return
	keys O; expect 'line number 1$' && expect 'line number 20$' || return
	keys G; expect 'line number 500$'
	keys 'C-]'; expect '1 Functions'
	keys O; expect 'line number 500$' || return
	if [[ $editor == vim ]]; then
		keys 'gg' 'cw' 'LINE' Escape; expect 'LINE number 1$'
		keys ':wq' Enter
	else
		keys q
	fi
	expect 'exited|has ended'
	keys q; left 0
	[[ $editor != vim ]] || grep -q '^LINE number 1$' "$work/text" || fail "vim wrote nothing"
	[[ $(tm display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}') == '0 1 0' ]] ||
		fail "modes left"
	# Questions to the terminal that are asked again would be answered to the shell.
	keys 'echo typed by nobody else' Enter
	expect '^typed by nobody else'
	shows 'ready> .*\[>|rgb:' && fail "answers of the terminal in the shell"
}

interrupted_twice() {
	local pid
	start "Ctrl-C twice" 80 24
	rm -f "$work/child"
	launch "sh -c 'trap \"\" INT; echo \$\$ >$work/child; while :; do :; done'"
	pid=$(child)
	keys C-c; expect 'interrupted the program'
	keys C-c C-c; expect 'k kill it, d detach, w keep watching'
	keys w; expect 'the program goes on'
	alive "$pid" || fail "killed though watched"
	keys q; expect 'still runs'
	keys Escape; expect 'the program goes on'
	keys q; expect 'still runs'
	keys k; left 143
	gone "$pid" || fail "survived"

	part="killed though it ignores what it can"
	rm -f "$work/child"
	launch "sh -c 'trap \"\" INT TERM HUP; echo \$\$ >$work/child; while :; do :; done'"
	pid=$(child)
	keys q; expect 'still runs'
	keys k; expect 'status=|^ready>$' 20
	until_true 5 gone "$pid" || { fail "survived"; kill -9 "$pid"; }

	part="question that answers itself"
	rm -f "$work/go"
	mkfifo "$work/go"
	launch "sh -c 'read -r line <$work/go'"
	keys q; expect 'still runs'
	echo >"$work/go"
	expect 'the program has ended'
	keys q; left 0
}

detached() {
	local pid
	start "detached" 80 24
	rm -f "$work/child" "$work/log" "$work/go"
	mkfifo "$work/go"
	cat >"$work/program" <<END_OF_PROGRAM
echo \$\$ >$work/child
echo before
read -r line <$work/go
seq 1 100000 || exit 1
echo written >$work/done
END_OF_PROGRAM
	run "--output $work/log -- sh $work/program"
	expect '1 Functions'
	pid=$(child)
	keys q; expect 'still runs'
	keys d; left 0
	expect "goes on as PID $pid" && expect '^before'
	alive "$pid" || fail "ended with tprof"
	echo >"$work/go"
	until_true 20 test -s "$work/done" || fail "hangs, or lost its terminal"
	until_true 10 gone "$pid" || fail "does not end"
	until_true 10 grep -q '^100000' "$work/log" || fail "the file is not written any more"
	until_true 10 no_keeper "$pid" || fail "the keeper of its terminal stays"
}
no_keeper() {
	! pgrep -f "$work/program" >/dev/null
}

background() {
	start "child in the background" 80 24
	launch "sh -c 'sleep 1000 & echo \$! >$work/child'"
	expect 'exited' || return
	keys q; left 0
	until_true 5 gone "$(cat "$work/child")" || kill "$(cat "$work/child")"
}

stopped_together() {
	start "stopped and continued" 80 24
	rm -f "$work/child"
	launch "sh -c 'echo \$\$ >$work/child; while :; do :; done'"
	keys C-z; expect 'Stopped'
	in_state "$(child)" T || fail "the program goes on"
	# Long enough for some cells of the strip.
	sleep 2.5
	keys fg Enter; expect 'stopped for [0-9]' && expect 'CPUs .*[^s ]sss'
	until_true 10 in_state "$(child)" R || fail "the program stays stopped"
	until_true 10 shows 'CPUs .*sss[^s ]' || fail "the strip does not go on"
	kill -STOP "$(child)"
	expect '  stopped  ' && expect 'CPUs .*sss[^s ].*sss$'
	kill -CONT "$(child)"
	expect '  running  '
	keys Q; expect '^ready>$'
}

# On the screen as without: the command's own status, its signal, 0 for what was attached to.
statuses() {
	local setting signal target
	for setting in '' 'SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody'; do
		if [[ $setting ]] && ((EUID)); then
			continue
		fi
		start "exit status ${setting:+under sudo}" 80 24 "LC_ALL=C.UTF-8 $setting"
		launch "sh -c 'exit 7'"; expect 'exited'; keys q; left 7
		for signal in TERM ABRT SEGV; do
			launch "sh -c 'kill -$signal \$\$'"
			expect "killed by SIG$signal"
			keys q; left $((128 + $(kill -l $signal)))
		done
		launch "sh -c 'kill -KILL \$\$'"; expect 'killed by SIGKILL'
		keys q; left 137
		run "--for 1s -- sleep 100"; expect 'killed by SIGTERM|exited'; keys q; left 0
		launch 'sleep 100'; kill -TERM "$(pid)"; left 143
		run "-- /no/such/program"; left 127
		run "-- /etc/passwd"; left 126
		run "-p 4194303"; left 125
		run "-p no"; left 125

		for signal in TERM KILL; do
			bash -c 'while :; do :; done' &
			target=$!
			run "-p $target"; expect '[1-9][0-9,]* samples'
			kill -$signal $target
			wait $target 2>/dev/null
			expect 'ended|exited|killed'
			keys q; left 0
		done
	done
}

as_who_called_sudo() {
	local shown
	if ((EUID)); then
		return
	fi
	start "under sudo" 100 30
	cat >"$work/program" <<'END_OF_PROGRAM'
id; echo "home $HOME user $USER"; grep -E '^Cap(Prm|Eff|Inh|Amb)' /proc/self/status
env | grep -c ^SUDO_; : <>"$(tty)" && echo my terminal
kill -0 $PPID 2>/dev/null || echo no right to signal tprof
END_OF_PROGRAM
	chmod 755 "$work"
	chmod 644 "$work/program"
	keys "SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody $tprof -- sh $work/program; echo status=\$?" Enter
	expect 'exited' || return
	keys q; left 0
	expect 'uid=65534[^ ]* gid=65534[^ ]* groups=65534[^,]*$' && expect '^home /nonexistent user nobody'
	shown=$(screen | grep -c 'Cap...:.*0000000000000000$')
	[[ $shown == 4 ]] || fail "$shown of 4 sets of capabilities are empty"
	expect '^0$' && expect '^my terminal' && expect '^no right to signal'
}

colours
scrolling
full_speed
saved_output
redirected
its_terminal
handed_over
mouse_in_output
full_screen
interrupted_twice
detached
background
stopped_together
statuses
as_who_called_sudo
finish_parts
