#!/bin/bash
# The manual is well formed.
page=${srcdir:-.}/man/tprof.1
if ! command -v mandoc >/dev/null; then
	echo "mandoc is not installed"
	exit 77
fi
mandoc -T lint -W warning "$page"
