/**
 * Names that every Linux system has: file systems, their options, directories, files of an image,
 * platforms, and programs that a boot calls.
 */
export const SYSTEM_WORDS = `
  linux darwin win32 freebsd x64 ia32 arm arm64 mips mipsel ppc ppc64 s390x riscv64 loong64 adfs
  affs autofs bcachefs bdev binder binderfs binfmt_misc bpf btrfs ceph configfs coda cpuset debugfs
  devpts devtmpfs ecryptfs efivarfs efs erofs exfat fuse fuseblk fusectl gfs2 hfs hfsplus hostfs
  hpfs hugetlbfs iso9660 jfs logfs mini_fo minix mqueue msdos nilfs2 nsfs ntfs ocfs2 orangefs pipefs
  proc pstore qnx4 qnx6 reiserfs rootfs rpc_pipefs securityfs selinuxfs smackfs smbfs sockfs sysfs
  sysv tracefs udf ufs unionfs aufs virtiofs xenfs xfs yaffs yaffs2 zfs zonefs acl noacl aio async
  atime auto barrier nobarrier background_gc blksize case chk_data_crc codepage commit compr
  compress compressor checkpoint_merge conv dax debug defaults delalloc nodelalloc dev diratime
  dirsync discard nodiscard dmask errors exec noexec fast_unmount flush fmask fscontext gid grpquota
  huge iocharset index inline_data inline_dentry inline_xattr inode32 inode64 journal_checksum
  lazytime logbsize logbufs lowerdir mand maxproto memory_recursiveprot metacopy minproto mode mpol
  namlen nodiratime noatime nodev nosuid noquota nr_blocks nr_inodes nsdelegate override_compr pgrp
  posixacl prjquota ptmxmode quota redirect_dir relatime norelatime remount rootcontext rp_size
  rsize seclabel shared shortname showexec sparse size source stripe strictatime swalloc sync
  test_dummy_encryption umask usrquota utf8 uuid user_xattr nouser_xattr userxattr vers volatile
  wsize xino extent_cache flush_merge adaptive lfs active_logs alloc_mode fsync_mode posix trans bin
  boot cgroup etc home lib lib32 lib64 libexec lost+found media mnt opt root rom run sbin share shm
  srv sys tmp usr var overlay upper work pts local cache log spool lock fstab hosts passwd shadow
  group profile inittab rc rcs initd init.d rc.d preinit modules modprobe firmware uci vmlinuz
  vmlinux zimage bzimage uimage initramfs initrd.img boot_image bootimage dtb dtbs devicetree udev
  udevd procd ubusd netifd sysupgrade sysupgrade.tgz opkg apk busybox toybox systemd sysvinit openrc
  runit dropbear openssh sshd ssh network dhcp crontabs cron ntp ntpd syslog klogd logread dnsmasq
  hostapd odhcpd uhttpd rpcd lighttpd nginx node npm ash bash dash sh getty agetty login mdev mount
  umount mknod mkfs mtd ubi ubiformat ubiattach ubimkvol nandwrite flashcp flash_erase poweroff
  reboot halt telinit lk lkro slc user users data config configs conf settings env uenv ubootenv
  backup recovery failsafe factory calibration caldata art wifi radio bootloader loader spl tpl
  barebox uboot redboot cfe breed tfa atf trusted optee vendor board product system oem kernel1
  kernel2 rootfs1 rootfs2 firmware1 firmware2 ubi_rootfs nvram bdinfo devinfo stick disk drive card
  usb sata flash nor nand emmc
`;
