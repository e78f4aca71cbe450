#!/bin/bash
# npm run conformance: sets up what is missing and compares Compose files with docker compose. Arguments go to it.
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
exec node test/conformance/main.ts "$@"
