#!/bin/bash
# npm run soak: sets up what is missing, then commits, drifts and fails for a long time, and tells what that uses. Arguments go there.
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
exec node --disable-warning=ExperimentalWarning test/fault/soak.ts "$@"
