#!/bin/bash
# enter.sh ROOT COMMAND…: makes ROOT the root of this mount namespace and runs COMMAND in the clone there.
set -euo pipefail
machine=$1; shift
# An engine asks for a root that is a mount of its own.
mount --bind "$machine" "$machine"
mount --rbind /sys "$machine/sys"
mount --rbind /dev "$machine/dev"
mount -t proc proc "$machine/proc"
mount -t tmpfs -o mode=755 run "$machine/run"
cd "$machine"
pivot_root . root/old
umount -l /root/old
cd /root/mooring
exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb CI=true "$@"
