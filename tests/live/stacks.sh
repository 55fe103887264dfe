#!/bin/bash
# Whole and true stacks of programs without frame pointers: what is not said
# to be cut consists of calls that the source has, and nearly none is cut.
. "$(dirname "$0")/lib.sh"

# In the C program.  A prologue of a library's function that is interrupted
# counts as that function.
calls=(
	"- > main > cpu_ns,duration_ns,report_cpu,-main"
	"cpu_ns > -cpu_ns"
	"duration_ns > -duration_ns"
	"report_cpu > -report_cpu,cpu_ns"
	"main > sorting > -sorting > compare > sorting,compare_work"
	"main > signalling > -signalling > on_raise > raise_work"
	"main > wait_for_timer > interrupted > -interrupted > on_timer > timer_work,-on_timer"
	"wait_for_timer > -wait_for_timer > on_timer"
	"signalling,wait_for_timer > set_handler > -set_handler"
	"main > growing > growing > aligned > grown_work"
	"- > thread_main > thread_deep > thread_deep > thread_work"
	"thread_main > -thread_main"
	"main > threading > -threading"
	"main > loading > plugin_call > called_back"
	"loading > -loading"
	"- > coroutine > coroutine_work"
	"coroutine > -coroutine"
	"main > switching > -switching"
	"main > forking > child_work"
	"forking > -forking"
	"main > again_work"
)

# In the C++ program; templates of its library may be inlined or not.
cpp_calls=(
	"- > main > cpu_ns,duration_ns,report_cpu,-main"
	"cpu_ns > -cpu_ns"
	"duration_ns > -duration_ns"
	"report_cpu > -report_cpu,cpu_ns"
	"main > throwing() > deep(int) > deep(int) > thrower(int) > -thrower(int)"
	"deep(int),thrower(int) > Guard::~Guard() > guard_work()"
	"deep(int) > -deep(int)"
	"throwing() > -throwing()"
	"main > ordering() > -ordering(),before(int const&)"
	"-ordering() > before(int const&) > before_work()"
	"main > threading() > -threading()"
	"- > worker(int) > worker_work()"
	"main > calling() > -calling(),Circle::area(int) const"
	"-calling() > Circle::area(int) const > area_work()"
)

# In the Rust program, whose crate is "p".
rust_calls=(
	"- > p::main > -p::main"
	"p::main > p::sorting > -p::sorting,p::before"
	"-p::sorting > p::before > p::before_work"
	"p::main > p::threading > -p::threading"
	"- > p::worker > p::worker_work"
	"p::main > p::calling > -p::calling,p::area"
	"-p::calling > p::area > p::area_work"
	"p::main > p::panicking > -p::panicking,p::deep"
	"-p::panicking > p::deep > p::deep > p::thrower > -p::thrower"
	"p::deep > -p::deep,p::guard"
	"-p::deep > p::guard > p::guard_work"
)

flags=(-g -D_GNU_SOURCE -fomit-frame-pointer -pthread)
programs=$live/../programs
seconds=1.5

# build COMPILER LEVEL NAME: the C or C++ program of that name.
build() {
	local source=$programs/$3.c standard=gnu17
	[[ -e $source ]] || source=$programs/$3.cpp standard=gnu++17
	"$1" "-O$2" -std=$standard "${flags[@]}" -o "$3" "$source" -ldl || exit 1
}

# What perf copies ends with the signal stack: what lies below the handler on
# the other one is not in it.
declare -A percent=([bpf]=99.9 [perf]=98)

# whole BACKEND CALLS PROGRAM...: are its stacks?
whole() {
	local backend=$1
	local -n allowed=$2
	shift 2
	limit 60 "$tprof" record --backend="$backend" -o r.folded -- "$@" >out 2>err </dev/null ||
		{ head -n 5 err; return 1; }
	check calls r.folded "${percent[$backend]}" "${allowed[@]}"
}

backends=(perf)
if "$tprof" doctor | grep -q 'BPF.*works'; then
	backends+=(bpf)
fi
cc -shared -fPIC -O2 "${flags[@]}" -o plugin.so "$programs/plugin.c" || exit 1
declare -A cxx=([gcc]=g++ [clang]=clang++)
for level in 0 2 3; do
	for compiler in gcc clang; do
		build $compiler $level stacks
		build "${cxx[$compiler]}" $level throwing
		for backend in "${backends[@]}"; do
			echo "$compiler -O$level, $backend"
			twice whole "$backend" calls ./stacks $seconds ./plugin.so
			twice whole "$backend" cpp_calls ./throwing $seconds
		done
	done
	if rustc --edition 2021 --crate-name p -C opt-level=$level -g -o panicking \
		"$programs/panicking.rs" 2>/dev/null; then
		for backend in "${backends[@]}"; do
			echo "rustc -O$level, $backend"
			twice whole "$backend" rust_calls ./panicking $seconds
		done
	else
		echo "without rustc: no Rust program"
	fi
done
finish
