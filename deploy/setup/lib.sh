# Sourced by the scripts beside it: what this checkout needs, made once, quick when it is there.
# Everything lands in .mooring/ but Debian's own packages.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STATE=$ROOT/.mooring
TOOLS=$STATE/tools
MINIMUM_NATS=2.10.23
export TURBO_TELEMETRY_DISABLED=1

say() { printf '%s\n' "$*" >&2; }

# Stops with what is missing and how to get it.
missing() {
  say "Missing: $1"
  say "Install: $2"
  exit 1
}

is_debian() { [ -f /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }
can_install() { is_debian && is_root; }

# How this system installs the packages that Debian calls so.
install_command() {
  local how names=$*
  if is_debian; then how='apt-get install -y'
  elif command -v dnf >/dev/null 2>&1; then how='dnf install -y' names=${names//docker.io/moby-engine}
  elif command -v apk >/dev/null 2>&1; then how='apk add' names=${names//docker.io/docker}
  elif command -v pacman >/dev/null 2>&1; then how='pacman -S' names=${names//docker.io/docker}
  elif command -v zypper >/dev/null 2>&1; then how='zypper install' names=${names//docker.io/docker}
  else
    printf '%s (the names are Debian'"'"'s), with the package manager of your system' "$names"
    return
  fi
  is_root || how="sudo $how"
  printf '%s %s' "$how" "$names"
}

# One set-up at a time, whoever started it.
lock() {
  mkdir -p "$STATE" 2>/dev/null && [ -w "$STATE" ] ||
    missing "the right to write to $ROOT" "sudo npm ${npm_lifecycle_event:-start}, or use a clone of your own"
  chmod 700 "$STATE"
  command -v flock >/dev/null 2>&1 || missing "flock" "$(install_command util-linux)"
  exec 9>"$STATE/lock"
  flock 9
}

# packages COMMAND PACKAGE…: installs the packages when the command is not there.
packages() {
  local command=$1; shift
  command -v "$command" >/dev/null 2>&1 || [ -x "/usr/sbin/$command" ] && return 0
  can_install || missing "$command" "$(install_command "$@")"
  say "Installing $*"
  if [ ! -e "$STATE/apt-updated" ]; then
    logged apt-get update -qq && touch "$STATE/apt-updated"
  fi
  DEBIAN_FRONTEND=noninteractive logged apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# Runs a talkative command; what it says is shown when it fails.
logged() {
  "$@" >"$STATE/setup.log" 2>&1 </dev/null || {
    cat "$STATE/setup.log" >&2
    say "Failed: $*"
    exit 1
  }
}

# Dependencies, which bring Node 24 along, and the build.
node_ready() {
  command -v node >/dev/null 2>&1 || missing "Node.js 20 or later" "your system's nodejs package"
  local wanted stamp=$ROOT/node_modules/.mooring-lock
  wanted=$(sha256sum "$ROOT/package-lock.json" | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    say "Installing dependencies"
    (cd "$ROOT" && npm ci --no-audit --no-fund --loglevel=error >&2)
    printf '%s' "$wanted" > "$stamp"
  fi
  export PATH=$ROOT/node_modules/.bin:$PATH
  case $(node --version) in
    v2[4-9].* | v[3-9][0-9].*) ;;
    *) missing "Node.js 24 (npm brings it for Linux on x64 and arm64)" "Node.js 24 from nodejs.org, first on PATH" ;;
  esac
}

built() {
  [ -e "$ROOT/agent/dist" ] || say "Building"
  (cd "$ROOT" && turbo run build --output-logs=errors-only --log-prefix=none >"$STATE/build.log" 2>&1) || {
    cat "$STATE/build.log" >&2
    exit 1
  }
}

engine_socket() { printf '%s' "${DOCKER_HOST:-unix:///var/run/docker.sock}" | sed 's#^unix://##'; }

# Asks the engine without curl, which a small system may lack.
engine_answers() {
  node -e '
    const request = require("node:http").get({ socketPath: process.argv[1], path: "/_ping", timeout: 3000 }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1));
    request.on("error", () => process.exit(1)); request.on("timeout", () => process.exit(1));' "$(engine_socket)" 2>/dev/null
}

# A dockerd needs the controllers mounted; systems without a service manager may not have done it.
cgroups_ready() {
  [ -e /sys/fs/cgroup/cgroup.controllers ] && return 0
  mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o uid=0,gid=0,mode=0755 cgroup /sys/fs/cgroup
  local controller
  awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups | while read -r controller; do
    mkdir -p "/sys/fs/cgroup/$controller"
    mountpoint -q "/sys/fs/cgroup/$controller" || mount -n -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || true
  done
}

# An engine that answers: the one that runs, else Debian's, started without a service manager.
engine_ready() {
  engine_answers && return 0
  [ -z "${DOCKER_HOST:-}" ] || missing "a Docker Engine at $DOCKER_HOST" "start it, or unset DOCKER_HOST"
  if [ -S "$(engine_socket)" ] && [ ! -w "$(engine_socket)" ]; then
    missing "the right to use the Docker Engine at $(engine_socket)" "sudo npm ${npm_lifecycle_event:-start}, or: sudo usermod -aG docker $(id -un), and log in again"
  fi
  packages dockerd docker.io iptables ca-certificates
  is_root || missing "a running Docker Engine" "sudo systemctl start docker, or: sudo dockerd"
  cgroups_ready
  say "Starting dockerd"
  PATH=/usr/sbin:/usr/bin:/sbin:/bin setsid nohup dockerd --pidfile "$STATE/dockerd.pid" >"$STATE/dockerd.log" 2>&1 </dev/null 9>&- &
  local tries
  for tries in $(seq 1 120); do
    engine_answers && return 0
    sleep 0.5
  done
  tail -20 "$STATE/dockerd.log" >&2
  missing "a Docker Engine that starts" "see $STATE/dockerd.log"
}

# Ends the engine that engine_ready started, and no other.
engine_stopped() {
  local pid
  pid=$(cat "$STATE/dockerd.pid" 2>/dev/null) || return 0
  grep -qa dockerd "/proc/$pid/cmdline" 2>/dev/null || return 0
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
}

# newer_debian SUITE DEST PACKAGE…: unpacks packages of a newer suite of this machine's own mirror; the system stays as it is.
newer_debian() {
  local suite=$1 dest=$2; shift 2
  [ -e "$dest/.complete" ] && return 0
  can_install || return 1
  local mirror state=$dest/.apt
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$') || return 1
  say "Unpacking $* of Debian $suite"
  rm -rf "$dest" && mkdir -p "$state/lists/partial" "$state/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$state/sources.list"
  local options=(-o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$state/lists"
    -o Dir::Cache::Archives="$state/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update -qq >&2 || return 1
  (cd "$state/archives" && apt-get "${options[@]}" download -qq "$@" >&2) || return 1
  local package
  for package in "$state"/archives/*.deb; do dpkg -x "$package" "$dest"; done
  rm -rf "$state" && touch "$dest/.complete"
}

nats_is_new() {
  local version
  version=$("$1" --version 2>/dev/null | sed -n 's/.*v\([0-9.]*\).*/\1/p') || return 1
  [ -n "$version" ] && [ "$(printf '%s\n' "$MINIMUM_NATS" "$version" | sort -V | head -n1)" = "$MINIMUM_NATS" ]
}

# nats-server: from PATH, else from a newer Debian, else out of the official image.
nats_ready() {
  local found
  found=$(command -v nats-server || true)
  if [ -n "$found" ] && nats_is_new "$found"; then
    export MOORING_NATS_SERVER=$found
    return 0
  fi
  export MOORING_NATS_SERVER=$TOOLS/trixie/usr/sbin/nats-server
  nats_is_new "$MOORING_NATS_SERVER" && return 0
  newer_debian trixie "$TOOLS/trixie" nats-server docker.io docker-compose && nats_is_new "$MOORING_NATS_SERVER" && return 0
  export MOORING_NATS_SERVER=$TOOLS/image/nats-server
  nats_is_new "$MOORING_NATS_SERVER" && return 0
  mkdir -p "$TOOLS/image"
  local container
  if command -v docker >/dev/null 2>&1 && container=$(docker create nats:2.10-alpine 2>/dev/null); then
    docker cp "$container:/usr/local/bin/nats-server" "$MOORING_NATS_SERVER" >&2 && docker rm "$container" >/dev/null
  fi
  nats_is_new "$MOORING_NATS_SERVER" || missing "nats-server $MINIMUM_NATS or later" "https://docs.nats.io/running-a-nats-service/introduction/installation"
}

busybox_ready() {
  packages busybox busybox-static
  MOORING_BUSYBOX=$(command -v busybox)
  export MOORING_BUSYBOX
}

# Engines 26 and 28, docker compose and a registry, for the tests alone.
test_tools_ready() {
  packages docker-registry docker-registry
  # A proxy and a load generator, for what promises that no request fails.
  packages haproxy haproxy
  packages wrk wrk
  packages dockerd docker.io
  packages iptables iptables
  packages ip iproute2
  # An engine asks ps for the processes of a container.
  packages ps procps
  packages git git
  packages docker-init tini
  newer_debian trixie "$TOOLS/trixie" nats-server docker.io docker-compose || missing "Docker Engine 26 (Debian trixie)" "a Debian mirror that carries trixie"
  newer_debian sid "$TOOLS/sid" docker.io docker-compose || say "Debian sid cannot be reached: tests for engine 28 run on engine 26"
  MOORING_DOCKER_REGISTRY=$(command -v docker-registry)
  MOORING_HAPROXY=$(PATH=/usr/sbin:$PATH command -v haproxy)
  MOORING_WRK=$(command -v wrk)
  export MOORING_DOCKER_REGISTRY MOORING_HAPROXY MOORING_WRK MOORING_DOCKERD_26=$TOOLS/trixie/usr/sbin/dockerd
  export MOORING_COMPOSE_26=$TOOLS/trixie/usr/libexec/docker/cli-plugins/docker-compose
  if [ -e "$TOOLS/sid/.complete" ]; then
    export MOORING_DOCKERD_28=$TOOLS/sid/usr/sbin/dockerd
    export MOORING_COMPOSE_40=$TOOLS/sid/usr/libexec/docker/cli-plugins/docker-compose
  else
    export MOORING_DOCKERD_28=$MOORING_DOCKERD_26 MOORING_COMPOSE_40=$MOORING_COMPOSE_26
  fi
}

# Engine 20.10, the system's own on Debian 12, for the tests that are about it.
engine_20_ready() {
  packages dockerd docker.io
  MOORING_DOCKERD_20=$(PATH=/usr/sbin:$PATH command -v dockerd)
  case $("$MOORING_DOCKERD_20" --version) in
    *' 20.10.'*) export MOORING_DOCKERD_20 ;;
    *) missing "Docker Engine 20.10 ($MOORING_DOCKERD_20 is another)" "Debian 12's docker.io" ;;
  esac
}

# One file says where every tool is: shells source it, tests read it.
tools_written() {
  mkdir -p "$TOOLS"
  env | grep -E '^MOORING_(NATS_SERVER|DOCKERD_20|DOCKERD_26|DOCKERD_28|COMPOSE_26|COMPOSE_40|DOCKER_REGISTRY|HAPROXY|WRK|BUSYBOX)=' | sort > "$TOOLS/env.new"
  mv "$TOOLS/env.new" "$TOOLS/env"
}
