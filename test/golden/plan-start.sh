#!/bin/sh
# Makes an overlay root that keeps its changes on mtd3 "rootfs_data" (jffs2).
# Written by: mountroot plan start --format sh. Needs busybox only.
# Exit status: 0 done, 1 failed and taken back, 5 refused; nothing was touched then.

say() { echo "<6>mountroot: $*" 2>/dev/null >/dev/kmsg || echo "mountroot: $*" >&2; }
refuse() { say "script refused: $*"; exit 5; }

[ -n "$PREINIT" ] || [ -e /tmp/.preinit ] || refuse 'this is not the early boot, PREINIT is not set'
grep -qxF 'mtd3: 04000000 00040000 "rootfs_data"' /proc/mtd || refuse 'it was planned for a board with mtd3: 04000000 00040000 "rootfs_data"'
if grep -q '^overlayfs:/overlay / ' /proc/mounts; then say '/ already is the overlay'; exit 0; fi

undo() {
  left=
  if [ "$n" -gt 17 ]; then mount -n -o move /mnt/proc /proc || left=1; fi
  if [ -n "$made16" ]; then rmdir /mnt/sys || left=1; fi
  if [ -n "$made15" ]; then rmdir /mnt/tmp || left=1; fi
  if [ -n "$made14" ]; then rmdir /mnt/dev || left=1; fi
  if [ -n "$made13" ]; then rmdir /mnt/overlay || left=1; fi
  if [ -n "$made12" ]; then rmdir /mnt/proc || left=1; fi
  if [ -n "$made11" ]; then rmdir /mnt/rom || left=1; fi
  if [ "$n" -gt 10 ]; then rm -rf /mnt/.mountroot-probe || left=1; fi
  if [ "$n" -gt 9 ]; then rm -rf /mnt/.mountroot-probe || left=1; fi
  if [ "$n" -gt 8 ]; then umount -n /mnt || left=1; fi
  if [ "$n" -gt 7 ]; then rm -rf /overlay/work/work || left=1; fi
  if [ -n "$made6" ]; then rmdir /overlay/work || left=1; fi
  if [ -n "$made5" ]; then rmdir /overlay/upper || left=1; fi
  if [ "$n" -gt 4 ]; then mount -n -o move /overlay /tmp/overlay || left=1; fi
  if [ "$n" -gt 3 ]; then umount -n /tmp/overlay || left=1; fi
  if [ -n "$made2" ]; then rmdir /tmp/overlay || left=1; fi
  [ -z "$left" ]
}

fail() {
  say "script failed at step $at"
  if undo; then say 'everything was taken back, the root is as before'; else say 'not everything could be taken back'; fi
  exit 1
}

# pivot_root(2) and MS_MOVE refuse to work next to shared mounts.
at='1 (private)'; n=1
mount -o make-rprivate none / || fail

# The data volume is mounted here first, so that a bad one never covers /overlay.
at='2 (staging)'; n=2
{ [ -d /tmp/overlay ] && [ ! -h /tmp/overlay ]; } || { mkdir -m 0755 /tmp/overlay && made2=1; } || fail

# The settings live here; noatime spares the flash a write for every read.
at='3 (data)'; n=3
mount -n -t jffs2 -o noatime /dev/mtdblock3 /tmp/overlay || fail

# It mounted, and writable, so it goes to its place.
at='4 (data-place)'; n=4
mount -n -o move /tmp/overlay /overlay || fail

# The upper layer: every change to the root is kept in it.
at='5 (upper)'; n=5
{ [ -d /overlay/upper ] && [ ! -h /overlay/upper ]; } || { mkdir -m 0755 /overlay/upper && made5=1; } || fail

# overlay prepares changes here before they appear; it must be on the same mount as the upper layer.
at='6 (work)'; n=6
{ [ -d /overlay/work ] && [ ! -h /overlay/work ]; } || { mkdir -m 0755 /overlay/work && made6=1; } || fail

# What a power cut left half-prepared makes kernels before 4.8 mount read-only and say nothing.
at='7 (work-clean)'; n=7
rm -rf /overlay/work/work || say "step $at failed, going on"

# The new root: the read-only image with the settings over it.
at='8 (overlay)'; n=8
mount -n -t overlay -o noatime,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work overlayfs:/overlay /mnt || fail

# Full or write-protected flash shows only when it is written to, and behind the pivot it is too late to learn it.
at='9 (writable)'; n=9
{ rm -f /mnt/.mountroot-probe && (set -C && echo mountroot >/mnt/.mountroot-probe); } || fail

# The probe was only to see whether writing works.
at='10 (probe-gone)'; n=10
rm -rf /mnt/.mountroot-probe || fail

# /rom is mounted there after the pivot.
at='11 (dir-rom)'; n=11
{ [ -d /mnt/rom ] && [ ! -h /mnt/rom ]; } || { mkdir -m 0755 /mnt/rom && made11=1; } || fail

# /proc is mounted there after the pivot.
at='12 (dir-proc)'; n=12
{ [ -d /mnt/proc ] && [ ! -h /mnt/proc ]; } || { mkdir -m 0755 /mnt/proc && made12=1; } || fail

# /overlay is mounted there after the pivot.
at='13 (dir-overlay)'; n=13
{ [ -d /mnt/overlay ] && [ ! -h /mnt/overlay ]; } || { mkdir -m 0755 /mnt/overlay && made13=1; } || fail

# /dev is mounted there after the pivot.
at='14 (dir-dev)'; n=14
[ -e /mnt/dev ] || { mkdir -m 0755 /mnt/dev && made14=1; } || say "step $at failed, going on"

# /tmp is mounted there after the pivot.
at='15 (dir-tmp)'; n=15
[ -e /mnt/tmp ] || { mkdir -m 0755 /mnt/tmp && made15=1; } || say "step $at failed, going on"

# /sys is mounted there after the pivot.
at='16 (dir-sys)'; n=16
[ -e /mnt/sys ] || { mkdir -m 0755 /mnt/sys && made16=1; } || say "step $at failed, going on"

# Until the new root has /proc nothing can be verified in it.
at='17 (move-proc)'; n=17
mount -n -o move /proc /mnt/proc || fail

# From here on the overlay is / for every process, and nothing is undone.
at='18 (pivot)'; n=18
pivot_root /mnt /mnt/rom || fail

# The kernel moves the working directory along only where it was the old root.
at='19 (chdir)'; n=19
cd / || say "step $at failed, going on"

# /dev goes where it was; the old root took it along to /rom/dev.
at='20 (move-dev)'; n=20
mount -n -o move /rom/dev /dev || say "step $at failed, going on"

# /tmp goes where it was; the old root took it along to /rom/tmp.
at='21 (move-tmp)'; n=21
mount -n -o move /rom/tmp /tmp || say "step $at failed, going on"

# /sys goes where it was; the old root took it along to /rom/sys.
at='22 (move-sys)'; n=22
mount -n -o move /rom/sys /sys || say "step $at failed, going on"

# /overlay goes where it was; the old root took it along to /rom/overlay.
at='23 (move-overlay)'; n=23
mount -n -o move /rom/overlay /overlay || say "step $at failed, going on"

say '/ is an overlay root that keeps its changes on mtd3 "rootfs_data" (jffs2)'
exit 0
