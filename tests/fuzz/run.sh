#!/bin/bash
# Builds each tests/fuzz/fuzz_*.c with libFuzzer and lets it look for
# FUZZ_SECONDS, starting from the inputs in tests/fuzz/corpus.  What breaks
# is left in fuzz/, where it was built.  FUZZ_TARGETS names some of them.
set -eu
source=$(cd "${srcdir:-.}" && pwd)
seconds=${FUZZ_SECONDS:-60}
sanitize=-fsanitize=address,undefined
flags="-std=gnu17 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined"
flags+=" -I. -I$source/src -include $source/src/base/banned.h -DPKGLIBEXECDIR=\"/nowhere\""

if ! command -v clang >/dev/null; then
	echo "clang is not installed"
	exit 77
fi
if [[ ! -e config.h ]]; then
	echo "config.h is missing: run configure, and this in the build directory" >&2
	exit 1
fi

mkdir -p fuzz/objects
objects=()
while IFS= read -r -d '' file; do
	object=${file#"$source"/src/}
	object=fuzz/objects/${object//\//-}
	object=${object%.c}.o
	objects+=("$object")
	if [[ ! $object -nt $file ]]; then
		clang $flags "$sanitize,fuzzer-no-link" -c "$file" -o "$object"
	fi
done < <(find "$source/src" -name '*.c' ! -name main.c ! -name '*.bpf.c' ! -name 'bpf_[rs]*.c' \
	-print0 | sort -z)
# A target may put something else in the place of a file: what is its own comes first.
rm -f fuzz/objects.a
ar cr fuzz/objects.a "${objects[@]}"

libraries=$(pkg-config --libs ncursesw jansson)
if grep -q '^#define HAVE_INIH 1' config.h; then
	libraries+=" $(pkg-config --libs inih)"
fi
if grep -q '^#define HAVE_LIBIBERTY 1' config.h; then
	libraries+=" -liberty"
fi
if grep -q '^#define HAVE_ZLIB 1' config.h; then
	libraries+=" $(pkg-config --libs zlib)"
fi

failed=0 count=0
for file in "$source"/tests/fuzz/fuzz_*.c; do
	[[ -e $file ]] || continue
	name=$(basename "$file" .c)
	if [[ ${FUZZ_TARGETS:-$name} != *"$name"* ]]; then
		continue
	fi
	count=$((count + 1))
	clang $flags "$sanitize,fuzzer" "$file" fuzz/objects.a $libraries -o "fuzz/$name"
	mkdir -p "fuzz/found/$name"
	corpus=("fuzz/found/$name")
	if [[ -d $source/tests/fuzz/corpus/$name ]]; then
		corpus+=("$source/tests/fuzz/corpus/$name")
	fi
	echo "== $name, $seconds s"
	if ! "fuzz/$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
		-max_len=65536 -print_final_stats=1 -artifact_prefix="$PWD/fuzz/$name-" \
		"${corpus[@]}" >"fuzz/$name.log" 2>&1; then
		failed=$((failed + 1))
		tail -n 40 "fuzz/$name.log"
	else
		grep -E '^(Done|stat::number_of_executed_units)' "fuzz/$name.log"
	fi
done
echo "$((count - failed)) passed, $failed failed"
[[ $failed -eq 0 ]]
