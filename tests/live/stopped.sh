#!/bin/bash
# A target that others stop: the strip tells which time that was, and it is
# no part of the rates.
. "$(dirname "$0")/lib.sh"

cat >stops.sh <<'END'
i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done
kill -STOP $$
i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done
END
printf 'size 80 24\nwait\nscreen\n' >keys

state_of() {
	sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null
}

# Lets it go on when it has stood still for so many seconds.
wake() {
	local child=
	for ((i = 0; i < 600; i++)); do
		child=$(pgrep -P "$1" -x sh)
		[[ -n $child && $(state_of "$child") == T ]] && break
		sleep 0.05
	done
	sleep "$2"
	kill -CONT "$child"
}

timeout --kill-after=5 60 "$tprof" --script keys -- sh stops.sh >screen 2>err &
pid=$!
started+=("$pid")
for ((i = 0; i < 100; i++)); do
	measured=$(pgrep -P "$pid" -x tprof) && break
	sleep 0.05
done
wake "$measured" 4
wait "$pid" || complain "tprof failed: $(head -n 3 err)"
strip=$(sed -n 3p screen)
# Two looks a second see nearly all of it.
[[ $strip == *sssss* ]] || complain "the strip does not show the gap: $strip"
[[ $strip != *sssssssssss* ]] || complain "the strip shows too long a gap: $strip"
[[ $strip == *[!s\ ]ssss*s[!s\ ]* || $strip == *[!s\ ]ssss*s ]] ||
	complain "the gap has no beginning: $strip"
finish
