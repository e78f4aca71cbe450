#!/bin/bash
# npm run chaos: sets up what is missing and kills hub, broker and agents by chance under load, then judges what became of it. Arguments go there.
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
exec node --disable-warning=ExperimentalWarning test/fault/chaos.ts "$@"
