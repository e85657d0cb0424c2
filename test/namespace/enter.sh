#!/bin/sh
# Makes a small board of this machine's kernel and runs a program in it: a read-only root with the usual mountpoints, Node and the program bound into it.
# Runs in a mount namespace of its own (unshare --mount), so nothing of it is seen outside or left behind.
# usage: enter.sh FOLDER PROGRAM-FOLDER NODE SHARED COMMAND...   (FOLDER: an empty one to build the root on)
set -e
root=$1 program=$2 node=$3 shared=$4
shift 4

mount -t tmpfs -o mode=0755 board "$root"
cd "$root"
mkdir proc sys dev tmp overlay mnt rom usr opt run var
for top in bin sbin lib lib32 lib64 libx32; do
  if [ -h "/$top" ]; then cp -P "/$top" "$top"
  elif [ -d "/$top" ]; then mkdir "$top"; mount --bind "/$top" "$top"; fi
done
mount --bind /usr usr
mount --bind "$program" opt
# Node may live outside /usr (a version manager's): it and the file it is bound on are then one more mount for `start` to move.
touch node.bin; mount --bind "$node" node.bin
mount -t devtmpfs devices dev
mount -t sysfs sysfs sys
mount -t proc proc proc
mount -t tmpfs -o mode=1777 scratch tmp
mount -t tmpfs -o mode=0755 runtime run
mkdir run/below; mount -t tmpfs below run/below

# So that this shell's root really is the new one: pivot_root(2) looks at the caller's own.
pivot_root . rom
cd /
umount -l /rom
mount -o remount,ro /
[ "$shared" = no ] || mount --make-rshared /
# The test runner hooks itself into every Node it starts, from files that are not in here.
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
exec /node.bin "$@"
