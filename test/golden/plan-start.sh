#!/bin/sh
# Makes an overlay root that keeps its changes on mtd3 "rootfs_data" (jffs2).
# Written by: mountroot plan start --format sh. Needs busybox only.
# Exit status: 0 done, 1 failed and taken back, 5 refused; nothing was touched then.

# Busybox has no command for some steps. At such a step the script fails, and undoes what it did.
cannot() { say "a script cannot $1"; return 1; }
say() { echo "<6>mountroot: $*" 2>/dev/null >/dev/kmsg || echo "mountroot: $*" >&2; }
refuse() { say "script refused: $*"; exit 5; }

[ -n "$PREINIT" ] || { [ -f /tmp/.preinit ] && [ ! -h /tmp/.preinit ] && [ -O /tmp/.preinit ]; } || refuse 'this is not the early boot, PREINIT is not set'
grep -qxF 'mtd3: 04000000 00040000 "rootfs_data"' /proc/mtd || refuse 'it was planned for a board with mtd3: 04000000 00040000 "rootfs_data"'
if grep -q '^overlayfs:/overlay / ' /proc/mounts; then say '/ already is the overlay'; exit 0; fi

undo() {
  left=
  if [ -n "$made24" ]; then mount -n -o move /mnt/overlay /overlay || left=1; fi
  if [ "$n" -gt 23 ]; then mount -n -o move /mnt/sys /sys || left=1; fi
  if [ "$n" -gt 22 ]; then mount -n -o move /mnt/tmp /tmp || left=1; fi
  if [ "$n" -gt 21 ]; then mount -n -o move /mnt/dev /dev || left=1; fi
  if [ "$n" -gt 20 ]; then mount -n -o move /mnt/proc /proc || left=1; fi
  if [ -n "$made19" ]; then rmdir /mnt/sys || left=1; fi
  if [ -n "$made18" ]; then rmdir /mnt/tmp || left=1; fi
  if [ -n "$made17" ]; then rmdir /mnt/dev || left=1; fi
  if [ -n "$made16" ]; then rmdir /mnt/overlay || left=1; fi
  if [ -n "$made15" ]; then rmdir /mnt/proc || left=1; fi
  if [ -n "$made14" ]; then rmdir /mnt/rom || left=1; fi
  if [ "$n" -gt 13 ]; then rm -rf /mnt/.mountroot-probe || left=1; fi
  if [ "$n" -gt 12 ]; then rm -rf /mnt/.mountroot-probe || left=1; fi
  if [ "$n" -gt 11 ]; then umount -n /mnt || left=1; fi
  if [ -n "$made10" ]; then rm -rf /overlay/work/work || left=1; fi
  if [ -n "$made9" ]; then rmdir /overlay/work || left=1; fi
  if [ -n "$made8" ]; then rmdir /overlay/upper || left=1; fi
  if [ "$n" -gt 7 ]; then mount -n -o move /overlay /tmp/overlay || left=1; fi
  if [ "$n" -gt 3 ]; then umount -n /tmp/overlay || left=1; fi
  if [ -n "$made2" ]; then rmdir /tmp/overlay || left=1; fi
  if [ -n "$made1" ]; then umount -n /sys/fs/pstore || left=1; fi
  [ -z "$left" ]
}

fail() {
  say "script failed at step $at"
  if undo; then say 'everything was taken back, the root is as before'; else say 'not everything could be taken back'; fi
  exit 1
}

# It shows how the boot before ended, if that was a crash.
at='1 (pstore)'; n=1
{ mount -n -t pstore -o nosuid,nodev,noexec pstore /sys/fs/pstore && made1=1; } || say "step $at failed, going on"

# The data volume is mounted here first, so that a bad one never covers /overlay.
at='2 (staging)'; n=2
{ [ -d /tmp/overlay ] && [ ! -h /tmp/overlay ] && [ -O /tmp/overlay ]; } || { mkdir -m 0755 /tmp/overlay && made2=1; } || fail

# The settings live here; noatime spares the flash a write for every read.
at='3 (data)'; n=3
mount -n -t jffs2 -o noatime /dev/mtdblock3 /tmp/overlay || fail

# mountroot keeps its notes on the volume in one folder.
at='4 (meta)'; n=4
{ [ -d /tmp/overlay/.mountroot ] && [ ! -h /tmp/overlay/.mountroot ] && [ -O /tmp/overlay/.mountroot ]; } || { mkdir -m 0755 /tmp/overlay/.mountroot && made4=1; } || say "step $at failed, going on"

# Starts that never reach `done` are counted, to get out of a boot loop.
at='5 (count)'; n=5
{ rm -f /tmp/overlay/.mountroot/attempts.next && printf %s '1
' >/tmp/overlay/.mountroot/attempts.next && sync && mv -f /tmp/overlay/.mountroot/attempts.next /tmp/overlay/.mountroot/attempts; } || say "step $at failed, going on"

# pivot_root(2) and MS_MOVE refuse to work next to shared mounts.
at='6 (private)'; n=6
mount -o make-rprivate none / || fail

# The data volume is mounted, so it moves to its place.
at='7 (data-place)'; n=7
mount -n -o move /tmp/overlay /overlay || fail

# The upper layer: every change to the root is kept in it.
at='8 (upper)'; n=8
{ [ -d /overlay/upper ] && [ ! -h /overlay/upper ]; } || { mkdir -m 0755 /overlay/upper && made8=1; } || fail

# overlay prepares changes here before they appear; it must be on the same mount as the upper layer.
at='9 (work)'; n=9
{ [ -d /overlay/work ] && [ ! -h /overlay/work ]; } || { mkdir -m 0755 /overlay/work && made9=1; } || fail

# Kernels before 4.8 mount the overlay read-only, without a message, if a power cut left files here.
at='10 (work-clean)'; n=10
{ rm -rf /overlay/work/work && made10=1; } || say "step $at failed, going on"

# The new root: the read-only image with the settings over it.
at='11 (overlay)'; n=11
mount -n -t overlay -o noatime,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work overlayfs:/overlay /mnt || fail

# Only a write shows that flash is full or write-protected, and after the pivot it is too late to find out.
at='12 (writable)'; n=12
{ rm -f /mnt/.mountroot-probe && (set -C && echo mountroot >/mnt/.mountroot-probe); } || fail

# The probe was only there to test whether writing works.
at='13 (probe-gone)'; n=13
rm -rf /mnt/.mountroot-probe || fail

# /rom is mounted there after the pivot.
at='14 (dir-rom)'; n=14
{ [ -d /mnt/rom ] && [ ! -h /mnt/rom ]; } || { mkdir -m 0755 /mnt/rom && made14=1; } || fail

# /proc is mounted there after the pivot.
at='15 (dir-proc)'; n=15
{ [ -d /mnt/proc ] && [ ! -h /mnt/proc ]; } || { mkdir -m 0755 /mnt/proc && made15=1; } || fail

# /overlay is mounted there after the pivot.
at='16 (dir-overlay)'; n=16
{ [ -d /mnt/overlay ] && [ ! -h /mnt/overlay ]; } || { mkdir -m 0755 /mnt/overlay && made16=1; } || fail

# /dev is mounted there after the pivot.
at='17 (dir-dev)'; n=17
[ -e /mnt/dev ] || { mkdir -m 0755 /mnt/dev && made17=1; } || say "step $at failed, going on"

# /tmp is mounted there after the pivot.
at='18 (dir-tmp)'; n=18
[ -e /mnt/tmp ] || { mkdir -m 0755 /mnt/tmp && made18=1; } || say "step $at failed, going on"

# /sys is mounted there after the pivot.
at='19 (dir-sys)'; n=19
[ -e /mnt/sys ] || { mkdir -m 0755 /mnt/sys && made19=1; } || say "step $at failed, going on"

# No step in the new root can be verified without /proc.
at='20 (move-proc)'; n=20
mount -n -o move /proc /mnt/proc || fail

# /dev moves to its place in the new root.
at='21 (move-dev)'; n=21
mount -n -o move /dev /mnt/dev || fail

# /tmp moves to its place in the new root.
at='22 (move-tmp)'; n=22
mount -n -o move /tmp /mnt/tmp || fail

# /sys moves to its place in the new root.
at='23 (move-sys)'; n=23
mount -n -o move /sys /mnt/sys || fail

# /overlay moves to its place in the new root.
at='24 (move-overlay)'; n=24
{ mount -n -o move /overlay /mnt/overlay && made24=1; } || say "step $at failed, going on"

# From here on the overlay is / for every process, and no step can be undone.
at='25 (pivot)'; n=25
pivot_root /mnt /mnt/rom || fail

# The kernel changes the working directory only if it was the old root.
at='26 (chdir)'; n=26
cd / || say "step $at failed, going on"

say '/ is an overlay root that keeps its changes on mtd3 "rootfs_data" (jffs2)'
exit 0
