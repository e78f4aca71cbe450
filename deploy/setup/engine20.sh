#!/bin/bash
# npm run engine20: what Debian 12's Docker Engine 20.10, the oldest that is supported, shows of a container. Arguments go to the tests.
. "$(dirname "$0")/lib.sh"
lock
node_ready
nats_ready
busybox_ready
test_tools_ready
cgroups_ready
engine_20_ready
tools_written
built
exec 9>&-
cd "$ROOT"
exec vitest run --project engine20 "$@"
