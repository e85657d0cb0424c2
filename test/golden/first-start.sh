#!/bin/sh
# Makes an overlay root that keeps its changes on mtd3 "rootfs_data" (jffs2), before the agent, where all is as it was when this was planned.
# Written by: mountroot plan start --format sh --guarded. Needs busybox only.
# Exit status: 0 done, 1 failed, 5 refused. After 1 and 5 the root is as it was, and the agent makes it, because it can do more.

set -f
n=0 id=looks attempts= state= left= proc=/proc dev=/dev

say() { if [ -c $dev/kmsg ]; then echo "<$1>mountroot: $2" >$dev/kmsg; else echo "$2"; fi; }
# The time; where the shell has no clock, seconds since the kernel started.
now() { clock=$EPOCHREALTIME; [ -n "$clock" ] || read -r clock rest <$proc/uptime; }
note() { now; echo "step $clock $n $id $1"; if [ -c $dev/kmsg ]; then echo "<7>mountroot: step $n/26 $id: $1" >$dev/kmsg; fi; }
end() { now; echo "end $clock $1 $2"; }
# After everything is undone the agent can begin with the root.
refuse() {
  say 4 "script refused: $1; the agent makes the root"
  if [ $n -gt 0 ]; then n=$((n + 1)); undo; fi
  end refused "$1${left:+ (and not everything could be taken back)}"
  [ -z "$left" ] || exit 1
  exit 5
}
fail() {
  note failed
  undo
  if [ -z "$left" ]; then taken='everything was taken back'; else taken='not everything could be taken back'; fi
  say 4 "script failed at step $n/26 ($id), $taken; the agent makes the root"
  end failed "step $id, $taken"
  exit 1
}
# A number of at most four digits and nothing else; the agent takes longer ones too.
read_attempts() {
  if [ ! -e "$1" ] && [ ! -h "$1" ]; then return 0; fi
  more=
  { [ -f "$1" ] && [ ! -h "$1" ] && { read -r attempts && ! read -r more && [ -z "$more" ]; } <"$1"; } || return 1
  case $attempts in 0 | [1-9] | [1-9][0-9] | [1-9][0-9][0-9] | [1-9][0-9][0-9][0-9]) ;; *) return 1 ;; esac
}
# Any line with the target / or /overlay counts, because a shell cannot parse the file.
no_extroot() {
  if [ ! -e "$1" ] && [ ! -h "$1" ]; then return 0; fi
  [ -f "$1" ] && [ ! -h "$1" ] || return 1
  while read -r line || [ -n "$line" ]; do
    case $line in
      *target*/overlay* | *target*/ | *target*/[\'\"\;\#\ ]* | *target*/"	"*) return 1 ;;
    esac
  done <"$1"
  unset line
}

undo() {
  if [ "$n" -gt 24 ]; then mount -n -o move /mnt/overlay /overlay || left=1; fi
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
  if [ "$n" -gt 10 ]; then rm -rf /overlay/work/work || left=1; fi
  if [ -n "$made9" ]; then rmdir /overlay/work || left=1; fi
  if [ -n "$made8" ]; then rmdir /overlay/upper || left=1; fi
  if [ "$n" -gt 7 ]; then mount -n -o move /overlay /tmp/overlay || left=1; fi
  if [ "$n" -gt 5 ]; then if [ -n "$attempts" ]; then { [ ! -e /tmp/overlay/.mountroot/attempts.next ] || rm -f /tmp/overlay/.mountroot/attempts.next; } && echo "$attempts" >/tmp/overlay/.mountroot/attempts.next && sync && mv -f /tmp/overlay/.mountroot/attempts.next /tmp/overlay/.mountroot/attempts; else rm -f /tmp/overlay/.mountroot/attempts; fi || left=1; fi
  if [ "$n" -gt 3 ]; then umount -n /tmp/overlay || left=1; fi
  if [ -n "$made2" ]; then rmdir /tmp/overlay || left=1; fi
  if [ "$n" -gt 1 ]; then umount -n /sys/fs/pstore || left=1; fi
  proc=/proc dev=/dev
}

if [ -z "$PREINIT" ] && ! { [ -f /tmp/.preinit ] && [ ! -h /tmp/.preinit ] && [ -O /tmp/.preinit ]; }; then say 4 'script refused: this is not the early boot, PREINIT is not set'; exit 5; fi
if [ "$FAILSAFE" = true ] || [ -e /tmp/failsafe ]; then say 4 'script refused: this is failsafe mode, which the agent knows'; exit 5; fi
read -r uptime rest </proc/uptime || { say 4 'script refused: /proc/uptime cannot be read; the agent makes the root'; exit 5; }
umask 022
# Script and agent make this folder, and only the first of them in a boot can.
mkdir -m 0755 /tmp/mountroot || { say 4 "script refused: mountroot was at work in this boot already, or cannot write to /tmp; the agent makes the root"; exit 5; }
exec >/tmp/mountroot/script.log 2>&1
now
echo "begin $clock $uptime"

seen=$(cat /proc/cmdline /proc/mtd /proc/filesystems /proc/self/mountinfo) || refuse 'what is in /proc cannot be read'
part=first words= types= partitions= mounts= raw=
IFS='
'
for line in $seen; do
  unset IFS
  case $part$line in
    first*)
      part=rest
      for word in $line; do
        case $word in
          mountroot.first=agent | mountroot.first=script) ;;
          *mountroot.* | *fstools_overlay_name* | *\"*) words="$words$word " ;;
        esac
      done ;;
    restmtd*) partitions="$partitions$line;" ;;
    restnodev* | 'rest	'*) types="$types${line##*	} " ;;
    rest[0-9]*)
      raw="$raw$line
"
      set -- $line
      mounts="$mounts$4 $5"
      shift 6
      while [ $# -gt 0 ] && [ "$1" != - ]; do mounts="$mounts $1"; shift; done
      mounts="$mounts $2 $3;" ;;
  esac
done
{ [ "$words" = '' ]; } || refuse 'the kernel command line has other settings'
{ [ "$types" = 'sysfs tmpfs proc cgroup cgroup2 cpuset devtmpfs sockfs pipefs ramfs devpts ext3 ext4 ext2 cramfs squashfs vfat jffs2 overlay 9p f2fs ubifs pstore ' ]; } || refuse 'the kernel has other file systems'
{ [ "$partitions" = 'mtd0: 00080000 00040000 "u-boot";mtd1: 00800000 00040000 "kernel";mtd2: 03780000 00040000 "rootfs";mtd3: 04000000 00040000 "rootfs_data";mtd4: 02000000 00001000 "48000000.psram";' ]; } || refuse 'the flash has other partitions'
{ [ "$mounts" = '/ / squashfs /dev/root;/ /dev devtmpfs devtmpfs;/ /proc proc proc;/ /sys sysfs sysfs;/ /tmp tmpfs tmpfs;' ]; } || refuse 'other file systems are mounted'
{ { [ -d /overlay ] && [ ! -h /overlay ]; }; } || refuse '/overlay is not what it was (directory)'
{ { [ -d /mnt ] && [ ! -h /mnt ]; }; } || refuse '/mnt is not what it was (directory)'
{ { [ ! -e /tmp/mountroot/root ] && [ ! -h /tmp/mountroot/root ]; }; } || refuse '/tmp/mountroot/root is not what it was (missing)'
{ { [ -d /rom ] && [ ! -h /rom ]; }; } || refuse '/rom is not what it was (directory)'
{ { [ -d /tmp ] && [ ! -h /tmp ]; }; } || refuse '/tmp is not what it was (directory)'
{ { [ -d /sys/fs/pstore ] && [ ! -h /sys/fs/pstore ]; }; } || refuse '/sys/fs/pstore is not what it was (directory)'
{ [ -b /dev/mtdblock3 ]; } || refuse 'there is no /dev/mtdblock3'
{ { IFS= read -r -n 2 head </dev/mtdblock3; case $head in $'\205\031' | $'\031\205') ;; *) false ;; esac; }; } || refuse '/dev/mtdblock3 does not begin as jffs2 does'
{ { [ ! -e /run/mountroot/state.json ] && [ ! -h /run/mountroot/state.json ]; }; } || refuse 'a start was tried in this boot already'
{ { [ ! -e /tmp/mountroot/state.json ] && [ ! -h /tmp/mountroot/state.json ]; }; } || refuse 'a start was tried in this boot already'
printf %s "$raw" >/tmp/mountroot/script-before
now
echo "looked $clock"

# It shows how the boot before ended, if that was a crash.
n=1 id=pstore
if mount -n -t pstore -o nosuid,nodev,noexec pstore /sys/fs/pstore; then note done; else fail; fi

# The data volume is mounted here first, so that a bad one never covers /overlay.
n=2 id=staging
if { [ -d /tmp/overlay ] && [ ! -h /tmp/overlay ] && [ -O /tmp/overlay ]; }; then note kept; elif mkdir -m 0755 /tmp/overlay; then made2=1; note done; else fail; fi

# The settings live here; noatime spares the flash a write for every read.
n=3 id=data
if mount -n -t jffs2 -o noatime /dev/mtdblock3 /tmp/overlay; then note done; else fail; fi

{ { [ -d /tmp/overlay/.mountroot ] && [ ! -h /tmp/overlay/.mountroot ]; } || { [ ! -e /tmp/overlay/.mountroot ] && [ ! -h /tmp/overlay/.mountroot ]; }; } || refuse '.mountroot on the volume is no directory'
{ read_attempts /tmp/overlay/.mountroot/attempts && [ "${attempts:-0}" -lt 5 ]; } || refuse 'the count of starts has reached its limit, or is damaged'
{ [ -h /tmp/overlay/.fs_state ] && state=$(readlink /tmp/overlay/.fs_state) && case $state in 0 | 1 | 2) ;; *) false ;; esac; } || refuse 'the volume is not in use yet, or its mark .fs_state is damaged'
{ { [ ! -e /tmp/overlay/.mountroot/reset.json ] && [ ! -h /tmp/overlay/.mountroot/reset.json ]; }; } || refuse 'an order to reset waits'
{ { [ ! -e /tmp/overlay/sysupgrade.tgz ] && [ ! -h /tmp/overlay/sysupgrade.tgz ]; } || { [ -d /tmp/overlay/sysupgrade.tgz ] && [ ! -h /tmp/overlay/sysupgrade.tgz ]; } || [ -h /tmp/overlay/sysupgrade.tgz ] || [ -b /tmp/overlay/sysupgrade.tgz ] || [ -c /tmp/overlay/sysupgrade.tgz ] || [ -p /tmp/overlay/sysupgrade.tgz ] || [ -S /tmp/overlay/sysupgrade.tgz ]; } || refuse 'a firmware upgrade has left settings'
{ { [ ! -e /tmp/overlay/upper ] && [ ! -h /tmp/overlay/upper ]; } || { [ -d /tmp/overlay/upper ] && [ ! -h /tmp/overlay/upper ]; }; } || refuse 'something stands where the upper layer belongs'
{ { [ ! -e /tmp/overlay/work ] && [ ! -h /tmp/overlay/work ]; } || { [ -d /tmp/overlay/work ] && [ ! -h /tmp/overlay/work ]; }; } || refuse 'something stands where the work directory belongs'
{ { [ ! -e /tmp/overlay/.mountroot/incoming ] && [ ! -h /tmp/overlay/.mountroot/incoming ]; }; } || refuse 'a switch to flash was cut off'
{ { [ ! -e /tmp/overlay/.mountroot/import.json ] && [ ! -h /tmp/overlay/.mountroot/import.json ]; }; } || refuse 'an import waits, or is not confirmed'
{ { [ ! -e /tmp/overlay/.mountroot/next-upper ] && [ ! -h /tmp/overlay/.mountroot/next-upper ]; }; } || refuse 'an import waits, or is not confirmed'
{ { [ ! -e /tmp/overlay/.mountroot/former-upper ] && [ ! -h /tmp/overlay/.mountroot/former-upper ]; }; } || refuse 'an import waits, or is not confirmed'
{ { [ ! -e /tmp/overlay/upper/etc/mountroot.json ] && [ ! -h /tmp/overlay/upper/etc/mountroot.json ]; }; } || refuse 'the volume has settings of its own in /etc/mountroot.json'
{ no_extroot /tmp/overlay/upper/etc/config/fstab; } || refuse '/tmp/overlay/upper/etc/config/fstab may ask for an external volume'
{ no_extroot /tmp/overlay/etc/config/fstab; } || refuse '/tmp/overlay/etc/config/fstab may ask for an external volume'
{ no_extroot /etc/config/fstab; } || refuse '/etc/config/fstab may ask for an external volume'
now
echo "found $clock attempts=${attempts:-0} state=$state"

# mountroot keeps its notes on the volume in one folder.
n=4 id=meta
if { [ -d /tmp/overlay/.mountroot ] && [ ! -h /tmp/overlay/.mountroot ] && [ -O /tmp/overlay/.mountroot ]; }; then note kept; elif mkdir -m 0755 /tmp/overlay/.mountroot; then made4=1; note done; else fail; fi

# Starts that never reach `done` are counted, to get out of a boot loop.
n=5 id=count
if { [ ! -e /tmp/overlay/.mountroot/attempts.next ] || rm -f /tmp/overlay/.mountroot/attempts.next; } && echo "$((${attempts:-0} + 1))" >/tmp/overlay/.mountroot/attempts.next && sync && mv -f /tmp/overlay/.mountroot/attempts.next /tmp/overlay/.mountroot/attempts; then note done; else fail; fi

# pivot_root(2) and MS_MOVE refuse to work next to shared mounts.
n=6 id=private
if mount -o make-rprivate none /; then note done; else fail; fi

# The data volume is mounted, so it moves to its place.
n=7 id=data-place
if mount -n -o move /tmp/overlay /overlay; then note done; else fail; fi

# The upper layer: every change to the root is kept in it.
n=8 id=upper
if { [ -d /overlay/upper ] && [ ! -h /overlay/upper ]; }; then note kept; elif mkdir -m 0755 /overlay/upper; then made8=1; note done; else fail; fi

# overlay prepares changes here before they appear; it must be on the same mount as the upper layer.
n=9 id=work
if { [ -d /overlay/work ] && [ ! -h /overlay/work ]; }; then note kept; elif mkdir -m 0755 /overlay/work; then made9=1; note done; else fail; fi

# Kernels before 4.8 mount the overlay read-only, without a message, if a power cut left files here.
n=10 id=work-clean
if { [ ! -e /overlay/work/work ] && [ ! -h /overlay/work/work ]; } || rm -rf /overlay/work/work; then note done; else fail; fi

# The new root: the read-only image with the settings over it.
n=11 id=overlay
if mount -n -t overlay -o noatime,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work overlayfs:/overlay /mnt; then note done; else fail; fi

# Only a write shows that flash is full or write-protected, and after the pivot it is too late to find out.
n=12 id=writable
if { [ ! -f /mnt/.mountroot-probe ] || rm -f /mnt/.mountroot-probe; } && set -C && echo mountroot >/mnt/.mountroot-probe; result=$?; set +C; [ $result -eq 0 ]; then note done; else fail; fi

# The probe was only there to test whether writing works.
n=13 id=probe-gone
if { [ ! -e /mnt/.mountroot-probe ] && [ ! -h /mnt/.mountroot-probe ]; } || rm -rf /mnt/.mountroot-probe; then note done; else fail; fi

# /rom is mounted there after the pivot.
n=14 id=dir-rom
if { [ -d /mnt/rom ] && [ ! -h /mnt/rom ]; }; then note kept; elif mkdir -m 0755 /mnt/rom; then made14=1; note done; else fail; fi

# /proc is mounted there after the pivot.
n=15 id=dir-proc
if { [ -d /mnt/proc ] && [ ! -h /mnt/proc ]; }; then note kept; elif mkdir -m 0755 /mnt/proc; then made15=1; note done; else fail; fi

# /overlay is mounted there after the pivot.
n=16 id=dir-overlay
if { [ -d /mnt/overlay ] && [ ! -h /mnt/overlay ]; }; then note kept; elif mkdir -m 0755 /mnt/overlay; then made16=1; note done; else fail; fi

# /dev is mounted there after the pivot.
n=17 id=dir-dev
if [ -e /mnt/dev ]; then note kept; elif mkdir -m 0755 /mnt/dev; then made17=1; note done; else fail; fi

# /tmp is mounted there after the pivot.
n=18 id=dir-tmp
if [ -e /mnt/tmp ]; then note kept; elif mkdir -m 0755 /mnt/tmp; then made18=1; note done; else fail; fi

# /sys is mounted there after the pivot.
n=19 id=dir-sys
if [ -e /mnt/sys ]; then note kept; elif mkdir -m 0755 /mnt/sys; then made19=1; note done; else fail; fi

# No step in the new root can be verified without /proc.
n=20 id=move-proc
if mount -n -o move /proc /mnt/proc; then note done; else fail; fi
proc=/mnt/proc

# /dev moves to its place in the new root.
n=21 id=move-dev
if mount -n -o move /dev /mnt/dev; then note done; else fail; fi
dev=/mnt/dev

# /tmp moves to its place in the new root.
n=22 id=move-tmp
if mount -n -o move /tmp /mnt/tmp; then note done; else fail; fi

# /sys moves to its place in the new root.
n=23 id=move-sys
if mount -n -o move /sys /mnt/sys; then note done; else fail; fi

# /overlay moves to its place in the new root.
n=24 id=move-overlay
if mount -n -o move /overlay /mnt/overlay; then note done; else fail; fi

# From here on the overlay is / for every process, and no step can be undone.
n=25 id=pivot
if pivot_root /mnt /mnt/rom; then proc=/proc dev=/dev; note done; else fail; fi

# The kernel changes the working directory only if it was the old root.
n=26 id=chdir
if cd /; then note done; else note failed; fi

cat /proc/self/mountinfo >/tmp/mountroot/script-after
say 6 '/ is an overlay root that keeps its changes on mtd3 "rootfs_data" (jffs2), made by the script'
end made
exit 0
