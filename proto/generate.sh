#!/bin/bash
# usage: generate.sh [DEST]   writes what is generated from the .proto files; DEST defaults to src/gen
set -euo pipefail
cd "$(dirname "$0")"
dest=${1:-src/gen}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export PATH="$PWD/../node_modules/.bin:$PATH"
cat > "$work/buf.gen.yaml" <<YAML
version: v2
plugins:
  - local: protoc-gen-ts_proto
    out: $work/gen
    opt: [outputServices=grpc-js, esModuleInterop=true, importSuffix=.ts, forceLong=bigint, env=node, useOptionals=messages, oneof=unions-value, enumsAsLiterals=true, unrecognizedEnum=false, useDate=true]
YAML
(cd .. && buf generate --template "$work/buf.gen.yaml" --path proto/mooring --path proto/grpc && buf build -o "$work/image.binpb")
node describe.mjs "$work/image.binpb" "$work/gen"
rm -rf "$work/gen/google" # nothing at run time needs the descriptor messages
rm -rf "$dest" && mkdir -p "$(dirname "$dest")" && cp -r "$work/gen" "$dest"
