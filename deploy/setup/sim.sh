#!/bin/bash
# npm run sim: sets up what is missing and lets simulated fleets live through faults. Arguments go to the simulator.
. "$(dirname "$0")/lib.sh"
lock
node_ready
built
exec 9>&-
cd "$ROOT"
exec node test/sim/main.ts "$@"
