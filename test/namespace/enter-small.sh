#!/bin/sh
# Like enter.sh, but with busybox and Node copied into the root with all they need: a script that moves mounts one by one must find its programs on the root itself, as on a board.
# Runs in a mount namespace of its own (unshare --mount).
# usage: enter-small.sh FOLDER PROGRAM-FOLDER NODE SHARED COMMAND...   (FOLDER: an empty one to build the root on)
set -e
root=$1 program=$2 node=$3 shared=$4
shift 4

mount -t tmpfs -o mode=0755 board "$root"
cd "$root"
mkdir proc sys dev tmp overlay mnt rom usr opt run bin
cp "$(command -v busybox)" bin/busybox
cp "$node" bin/node
for applet in sh cat mount umount mkdir rmdir rm mv ln sync readlink od pivot_root; do ln -s busybox "bin/$applet"; done
# The dynamic linker and the libraries, under the names they are looked for.
for file in $(ldd bin/busybox bin/node | sed -n 's/.*[ \t]\(\/[^ ]*\) (0x.*/\1/p' | sort -u); do
  mkdir -p ".$(dirname "$file")"
  cp -L "$file" ".$file"
done
mount --bind "$program" opt
mount -t devtmpfs devices dev
mount -t sysfs sysfs sys
mount -t proc proc proc
mount -t tmpfs -o mode=1777 scratch tmp
mount -t tmpfs -o mode=0755 runtime run
mkdir run/below; mount -t tmpfs below run/below

pivot_root . rom
cd /
umount -l /rom 2>/dev/null || /bin/busybox umount -l /rom
/bin/mount -o remount,ro /
[ "$shared" = no ] || /bin/mount -o make-rshared none /
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
exec /bin/node "$@"
