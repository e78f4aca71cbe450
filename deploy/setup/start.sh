#!/bin/bash
# npm start: sets up what is missing and runs the demo in the foreground.
. "$(dirname "$0")/lib.sh"
lock
node_ready
packages git git
built
engine_ready
nats_ready
busybox_ready
tools_written
exec 9>&-
exec node "$ROOT/deploy/demo/main.ts"
