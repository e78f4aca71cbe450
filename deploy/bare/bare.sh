#!/bin/bash
# npm run bare [-- COMMAND…]: a fresh clone of HEAD in a Debian 12 that has nothing but Node.js, npm, git and root, made by debootstrap from this machine's
# own mirror and removed afterwards. Runs both commands of the README there, or COMMAND. Needs root, Debian, and the network that set-up needs.
. "$(dirname "$0")/../setup/lib.sh"
is_root || missing "root" "sudo npm run bare"
packages debootstrap debootstrap
packages unshare util-linux

SUITE=bookworm
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$') || missing "a Debian mirror in this machine's apt sources" "an entry in /etc/apt"
node=$(readlink -f "$(PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -v "^$ROOT/" | paste -sd:) command -v node)")
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
place=$(mktemp -d /var/tmp/mooring-bare-XXXXXX)
machine=$place/machine
had_bridge=$(ls -d /sys/class/net/docker0 2>/dev/null || true)

removed() {
  # Everything that ran in the machine ended with its process namespace, and so did its mounts.
  rm -rf --one-file-system "$place"
  [ -n "$had_bridge" ] || ip link delete docker0 2>/dev/null || true
}
trap removed EXIT

say "Making a bare Debian $SUITE"
logged debootstrap --variant=minbase --include=ca-certificates,git,libatomic1 "$SUITE" "$machine" "$mirror"
# The machine reaches packages the way this one does.
cp -a /etc/apt/apt.conf.d/. "$machine/etc/apt/apt.conf.d/"
rm -f "$machine/etc/apt/sources.list"
cp -a /etc/apt/sources.list.d/. "$machine/etc/apt/sources.list.d/"
[ ! -s /etc/apt/sources.list ] || cp /etc/apt/sources.list "$machine/etc/apt/sources.list"
cp -a /usr/local/share/ca-certificates/. "$machine/usr/local/share/ca-certificates/" 2>/dev/null || true
cp -L /etc/ssl/certs/ca-certificates.crt "$machine/etc/ssl/certs/ca-certificates.crt"
cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"
install -D "$node" "$machine/usr/bin/node"
mkdir -p "$machine/usr/lib/node_modules"
cp -a "$npm" "$machine/usr/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$machine/usr/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$machine/usr/bin/npx"
for file in "$HOME/.npmrc" "$(npm config get globalconfig)"; do
  [ ! -f "$file" ] || install -D -m 600 "$file" "$machine$file"
done
# The tests read the corpus of Compose files in place, where there is one.
corpus=${MOORING_CORPUS:-$ROOT/../shared/corpus}
git clone --quiet "$ROOT" "$machine/root/mooring"
if [ -d "$corpus" ]; then
  mkdir -p "$machine/root/shared/corpus"
  cp -a "$(realpath "$corpus")/." "$machine/root/shared/corpus/"
fi
install -m 755 "$(dirname "$0")/enter.sh" "$machine/enter.sh"
mkdir -p "$machine/root/old"

[ $# -gt 0 ] || set -- bash deploy/bare/readme-commands.sh
say "In it, in a fresh clone: $*"
status=0
unshare --mount --pid --fork --kill-child --propagation private bash "$machine/enter.sh" "$machine" "$@" || status=$?
exit "$status"
