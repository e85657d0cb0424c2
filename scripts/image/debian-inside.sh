#!/bin/sh
# Runs in a user, mount and process namespace of its own (debian.ts).
# usage: debian-inside.sh EMULATOR SUITE ARCHITECTURE PACKAGES SOURCE TAR
set -eu
emulator=$1 suite=$2 architecture=$3 packages=$4 source=$5 tar=$6

# Since Linux 6.7 each user namespace has its own list of interpreters.
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
# A program for this processor: the class of ELF, and the number of the machine.
case $architecture in
  arm64) class='\x02' machine='\xb7' ;;
  *) class='\x01' machine='\x28' ;;
esac
magic='\x7fELF'$class'\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'$machine'\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":qemu-emulated:M::$magic:$mask:$emulator:F" >/proc/sys/fs/binfmt_misc/register

# The offsets in a directory of ext4 are too large for 32 bits, and programs that list it then see
# nothing: the initramfs would lack most modules. Those of a tmpfs are small.
work=$(mktemp -d)
mount -t tmpfs -o mode=1777 tmpfs "$work"
TMPDIR=$work mmdebstrap --mode=root --architectures="$architecture" --variant=apt \
  --skip=check/qemu --include="$packages" \
  --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
  --aptopt='Acquire::Retries "3"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$suite" "$tar" "$source"
umount "$work"
rmdir "$work"
