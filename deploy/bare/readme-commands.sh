#!/bin/bash
# What the README promises of a bare machine, in a fresh clone: `npm start` with all that it says to try, `npm run clean`, `npm test`.
set -euo pipefail
cd "$(dirname "$0")/../.."
START_DEADLINE_S=900   # set-up downloads and builds everything
TRY_DEADLINE_S=60      # what the agent puts right
log=$(mktemp)

failed() { echo "FAILED: $*"; cat "$log"; exit 1; }
# until_true SECONDS WHAT COMMAND…
until_true() {
  local deadline=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || failed "$what"
    sleep 0.5
  done
  echo "ok    $what"
}
answer() { node -e 'fetch(process.argv[1]).then(async (a) => { console.log(await a.text()); process.exit(a.ok ? 0 : 1); }, () => process.exit(1));' "$1"; }
says() { answer "$1" | grep -q "$2"; }

setsid npm start >"$log" 2>&1 </dev/null &
demo=$!
until_true $START_DEADLINE_S 'npm start prints what runs, or ends' bash -c "grep -q 'Events as they come' '$log' || ! kill -0 $demo"
kill -0 $demo || failed 'npm start stays in the foreground'
url=$(sed -n 's/^It answers: *\([^ ]*\).*/\1/p' "$log")
until_true $TRY_DEADLINE_S 'the URL it prints answers' answer "$url"
npx mooring status | grep -q Synced || failed 'npx mooring status, without a flag, says Synced'
echo 'ok    npx mooring status, without a flag, says Synced'
npx mooring drift || failed 'npx mooring drift finds nothing'
docker rm -f hello-web-1
until_true $TRY_DEADLINE_S 'what docker rm -f took is back' answer "$url"
sed -i s/Hello/Ahoy/ .mooring/demo/fleet/fleet.yaml
git -C .mooring/demo/fleet commit -qam Ahoy && npx mooring sync && npx mooring wait
until_true $TRY_DEADLINE_S 'an edit that was committed runs' says "${url}cgi-bin/greeting" Ahoy
kill -INT -- -$demo
until_true $TRY_DEADLINE_S 'Ctrl-C ends it' bash -c "! kill -0 -- -$demo"
npm run clean
[ -z "$(git status --porcelain)" ] || failed 'npm run clean leaves the checkout as it was'
[ ! -e .mooring ] || failed 'npm run clean leaves nothing in .mooring'
echo 'ok    npm run clean leaves nothing'
bash .ci/run
