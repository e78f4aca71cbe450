#!/bin/bash
# npm run faults: sets up what is missing and plays rows of the fault matrix on real processes. Arguments are their numbers.
. "$(dirname "$0")/lib.sh"
lock
node_ready
nats_ready
busybox_ready
test_tools_ready
cgroups_ready
tools_written
built
exec 9>&-
cd "$ROOT"
exec node --disable-warning=ExperimentalWarning test/fault/main.ts "$@"
