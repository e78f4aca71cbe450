#!/bin/bash
# npm run clean: removes every trace of demo, build and tests; system packages stay.
. "$(dirname "$0")/lib.sh"
if [ -d "$ROOT/node_modules/.bin" ]; then
  export PATH=$ROOT/node_modules/.bin:$PATH
  node "$ROOT/deploy/demo/clean.ts"
fi
engine_stopped
rm -rf "$STATE" "$ROOT"/{proto,hub,agent}/dist "$ROOT/.turbo" "$ROOT"/node_modules/.cache
