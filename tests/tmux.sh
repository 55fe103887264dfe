# For tests that drive tprof in tmux: sourced, not run.
# Everything waits for what it expects to see, never for a time to pass.
set -u
tprof=${TPROF:-./tprof}
tprof=$(realpath "$tprof") || exit 99
if ! command -v tmux >/dev/null; then
	echo "skipped: tmux is missing"
	exit 77
fi

work=$(mktemp -d) || exit 99
socket=tprof-test-$$
# The sockets of its servers go with it.
export TMUX_TMPDIR=$work
sessions=0
tm() {
	tmux -u -L "$socket" -f /dev/null "$@"
}
busy=
finish() {
	tm kill-server 2>/dev/null
	if [[ $busy ]]; then
		kill "$busy" 2>/dev/null
	fi
	rm -rf "$work"
}
trap finish EXIT

failed=0
part=
fail() {
	printf 'FAILED: %s: %s\n' "$part" "$1"
	screen | sed '/^$/d; s/^/	| /'
	failed=$((failed + 1))
}

screen() {
	tm capture-pane -p 2>/dev/null
}
# Without the header, which tells of the time and of ourselves.
body() {
	screen | tail -n +4
}
same_as() {
	[[ $(body) == "$1" ]]
}

# until SECONDS COMMAND...: does it become true in time?
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if ((SECONDS > end)); then
			return 1
		fi
		sleep 0.05
	done
}

shows() {
	screen | grep -qE -- "$1"
}
shows_not() {
	! shows "$1"
}
expect() {
	until_true "${2:-10}" shows "$1" || { fail "no \"$1\" on the screen"; return 1; }
}
keys() {
	tm send-keys "$@"
}

# The sequences of xterm, in SGR's form; cells count from 1.
mouse() {
	keys -l $'\033['"<$1;$2;$3$4"
}
click() {
	mouse 0 "$1" "$2" M
	mouse 0 "$1" "$2" m
}
has_mouse() {
	[[ $(tm display-message -p '#{mouse_standard_flag}') == "$1" ]]
}

# A shell with a prompt to wait for, in a pane of this size.
start() {
	part=$1
	tm kill-server 2>/dev/null
	# The old server may take a while to go: the new one has its own name.
	socket=tprof-test-$$-$((++sessions))
	tm new-session -d -x "$2" -y "$3" \
		"env ${4:-LC_ALL=C.UTF-8} PS1='ready> ' bash --norc --noprofile --noediting"
	tm set-option -g window-size manual
	expect 'ready>'
}

# tprof with arguments; its pid goes to a file first.
run() {
	rm -f "$work/pid"
	keys "clear 2>/dev/null; (echo \$BASHPID >$work/pid; exec $tprof $*); echo status=\$?" Enter
}
pid() {
	until_true 10 test -s "$work/pid"
	cat "$work/pid"
}
left() {
	expect "status=$1"
}

state() {
	sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null
}
in_state() {
	[[ $(state "$1") == "$2" ]]
}
gone() {
	[[ ! -e /proc/$1 || $(state "$1") == Z ]]
}

# False where the kernel lets us measure nothing at all.
may_measure() {
	"$tprof" report --for 100ms -p $$ >/dev/null 2>"$work/why"
}

# To be said last.
finish_parts() {
	if ((failed)); then
		echo "$failed failed"
		exit 1
	fi
}
