#!/bin/bash
# npm run bench: sets up what is missing and measures. Arguments go to the benches.
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
exec node test/bench/main.ts "$@"
