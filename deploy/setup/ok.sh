#!/bin/bash
# npm run ok: the quick gate; needs nothing that runs.
. "$(dirname "$0")/lib.sh"
lock
node_ready
exec 9>&-
cd "$ROOT"
exec node deploy/gate/ok.mjs
