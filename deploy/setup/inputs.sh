#!/bin/bash
# npm run inputs: gives every bad input of the matrix to the real programs. Arguments go to it.
. "$(dirname "$0")/lib.sh"
lock
node_ready
nats_ready
packages git git
packages openssl openssl
built
exec 9>&-
cd "$ROOT"
exec node test/inputs/main.ts "$@"
