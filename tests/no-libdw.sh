#!/bin/bash
# Takes the place of the comparison with libdw where it cannot be built.
echo "the comparison of unwind information needs libdw (apt-get install libdw-dev)"
exit 77
