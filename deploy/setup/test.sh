#!/bin/bash
# npm test: sets up what is missing and runs the gate and the tests of the whole. Arguments go to the tests of the whole.
. "$(dirname "$0")/lib.sh"
lock
node_ready
nats_ready
busybox_ready
test_tools_ready
cgroups_ready
tools_written
exec 9>&-
cd "$ROOT"
node deploy/gate/ok.mjs --static
exec node deploy/gate/whole.mjs "$@"
