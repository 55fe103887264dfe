#!/bin/bash
# Mutual recursion: chains of the right depth, totals that count once.
. "$(dirname "$0")/lib.sh"
program mutual

recursion_is_right() {
	"$@" &&
		check share r.json bottom 50 &&
		check share r.json work 50 &&
		check most r.json ping 96 &&
		check most r.json pong 96 &&
		check chains r.folded ping,pong,work,bottom \
			"$begin;main;(ping;pong;){10}bottom$kernel" \
			"$begin;main;(ping;pong;){1,10}work$kernel" \
			"$begin;main;(ping;pong;)*(ping|ping;pong)"
}

twice recursion_is_right launched mutual 3
check weight r.json 3 out || complain "time was missed or counted twice"

start ./mutual 60
twice recursion_is_right attached "$pid" 3s
stop "$pid"
finish
