#!/bin/sh
# Makes a small board of this machine's kernel and runs a command in it with Node: a read-only root
# with the usual mountpoints. It runs in a mount namespace of its own (unshare --mount), so nothing
# of it is seen outside or left behind.
# usage: enter.sh bound|copied FOLDER PROGRAM-FOLDER NODE SHARED DISK COMMAND...
#   bound    this machine's programs and Node are bind mounts
#   copied   busybox and Node are copied into the root: a script that moves mounts one by one must
#            find its programs on the root itself, as on a board
#   FOLDER   an empty one to build the root on
#   SHARED   no, or yes: the mounts share their propagation
#   DISK     none, or a device with an empty ext4 for the root
set -e
programs=$1 root=$2 folder=$3 node=$4 shared=$5 disk=$6
shift 6

bind_programs() {
  mkdir var
  for top in bin sbin lib lib32 lib64 libx32; do
    if [ -h "/$top" ]; then
      cp -P "/$top" "$top"
    elif [ -d "/$top" ]; then
      mkdir "$top"
      mount --bind "/$top" "$top"
    fi
  done
  mount --bind /usr usr
  # Node may live outside /usr, as version managers install it. Its bind mount is one more mount
  # that `start` has to move.
  touch node.bin
  mount --bind "$node" node.bin
}

copy_programs() {
  mkdir bin
  cp "$(command -v busybox)" bin/busybox
  cp "$node" node.bin
  for applet in sh cat mount umount mkdir rmdir rm mv ln sync readlink od pivot_root; do
    ln -s busybox "bin/$applet"
  done
  # The dynamic linker and the libraries, under the paths where programs look for them.
  for file in $(ldd bin/busybox node.bin | sed -n 's/.*[ \t]\(\/[^ ]*\) (0x.*/\1/p' | sort -u); do
    mkdir -p ".$(dirname "$file")"
    cp -L "$file" ".$file"
  done
}

case $disk in
  none) mount -t tmpfs -o mode=0755 board "$root" ;;
  *) mount -t ext4 "$disk" "$root" ;;
esac
cd "$root"
mkdir proc sys dev tmp overlay mnt rom usr opt run
case $programs in
  bound) bind_programs ;;
  copied) copy_programs ;;
  *) exit 2 ;;
esac
mkdir -p etc/network
echo image >etc/network/interfaces
echo gone >etc/network/old
echo board >etc/hostname
chown 7:8 etc/network
chmod 0750 etc/network
ln -s network etc/link
mount --bind "$folder" opt
mount -t devtmpfs devices dev
mount -t sysfs sysfs sys
mount -t proc proc proc
mount -t tmpfs -o mode=1777 scratch tmp
mount -t tmpfs -o mode=0755 runtime run
mkdir run/below
mount -t tmpfs below run/below
# A name is bytes: this one has a blank and is no UTF-8.
odd="$(printf 'no text\377\303')"
mkdir "$odd"
mount -t tmpfs odd "$odd"

# pivot_root(2) looks at the caller's own root, so this shell moves to the new one.
pivot_root . rom
cd /
# The shell must look for its programs anew, on the new root.
hash -r
umount -l /rom
mount -o remount,ro /
case $shared-$programs in
  no-*) ;;
  *-bound) mount --make-rshared / ;;
  *-copied) mount -o make-rshared none / ;;
esac
# The test runner hooks itself into every Node that it starts, by files that are not in this root.
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
exec /node.bin "$@"
