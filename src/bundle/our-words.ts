/**
 * Words of our own sentences, codes, keys and settings, and names of programs, file systems and
 * kernel parameters in them. A test renders each report and finds a word that is missing here.
 */
export const OUR_WORDS = `
  aarch absolute accepted accessed account activity acts adds adopt advance advice aes afar against
  ago agree allwinner alone also although amba ambiguous among ampersand anchor android anew
  anonymous answer answered answers anybody anything apart appear appended apple applies apt
  architectures archive archives aria armada armv arrays ascii aside ask asks assumed assumptions
  atag atags ath atheros attaches attempts authorized backslash backwards band bans bare baseline
  bash bashcompletion batch batchmode beagle beaglebone became becomes becoming beforehand began
  beginning begins begun behind believed belong belonged beside besides better biggest bin binfmt
  binutils bitflip blank blob blockdev boards body bogomips bookkeeping bool boolean bootargs booted
  booting boots brace brd bringing broke brought bss bucket bugs building buildroot bundle bundles
  busybox bzip ca caches calibrating cancels candidate captured carried carries carry carrying
  carveout cases cat causes cf chang characters chart chdir checked chmod choice choices choose
  chooses chroot cifs cjs claims clcd clears cli clocksource cmdlinepart codec codecs coded
  coherency collecting collector colons color colour colours column columns comes comment complained
  complaint complaints completes completions concatenating concluded conditions confirmed confirms
  connecttimeout const content contention continues contradictions contradicts contribution
  contributions conventions copies copyfile correct cortex couldn counts covered covers cowardly
  cpio cpuidle cpuset cramfs crashed creat crng cross crw cubic cure cursor damaged dark dash
  databases dated dates days dccp deadbeef deadline debian decides decision decisions decoder
  decompressed decompressing deep definitions deflate degraded depends describe described describes
  devpts devtmpfs df dhcp diagnose dictionary diff differ differences directly directories
  disagreement discarded distribution dlerror dlopen dmesg dns doc docs doctor dollar dot doubtful
  draw drivers dropbear dropbearkey drops drwxr dry eacces eagain eap ebadf ebadmsg ebusy edf eexist
  efault efbig efi eight eintr einval eio eisdir eloop else elsewhere embedded emfile emlink emmc
  emulation enametoolong encoded endless ends enfile enlarge enlistment enodata enodev enoent
  enoexec enospc enosys enotblk enotdir enotempty enotsupp enotty entropy environ environment enxio
  eol eon eopnotsupp eperm epipe epoch erange erases erofs esac estimates etc etimedout etxtbsy
  euclean ever every everything evidence examine example examples except exchange exchanged
  exclamation exdev exe executable execve exitcode explain explanation explorer exported exporter
  exports extroot factory facts fdinfo fed feeds fewer ffffff fi figures filenames filesystems finds
  fine fingerprint firewall fits five float floating flock folder follow followed follows font
  foretell foretold form former forms forwardagent forwardx fraction frees freeze fresh fstools
  fstype ftp gathered gathering gauge gave gcc generator genhd gets getxattr gib gic gicv gigadevice
  giometti give gives gnu gnueabihf goes governor greedy grep grid ground grounds grouping grub
  guard guarded guards guess guessing guidance guide gz gzip hand handed handover hands hangs
  happens hat health heap height help hex hidden hide hides hierarchical holds home hostname hosts
  however http hwalign hwcap hynix identity identityfile images img import imported impure
  inappropriate incoming incremental indicate individual inherit initmem initramfs initrd initrdmem
  initrds inittab inputs insist installation instances integer interpreter involved iocatt iofpga
  issi itself jitterentropy jobs join joined journals json jumper junk keepinitrd keeps kept kernels
  keyboard keygen keyword kind kinds kmi kmsg knows kzp lab labels ladder largest latest latin
  launch launcher lay layers lays lazy ld ldd le lead leads leave leaves ledtrig let lets letter lf
  lib libata libmountroot library license lie lies life light limt linker links linuxpps linuxrc
  listed listen listens lite little ln loader login loglevel longest looked looks lougher lowerdir
  lpae lpj lstat lz lzma lzo lzop macronix mad made mainline maintain makedevs maker makes making
  manf manifest marks matter matters md meant meanwhile measure mediatek memavailable member members
  memerase meminfo memtotal mend mended merge met metacopies metacopy micron middle mind mine
  minobjects minutes mips misspelt mkfs mknod mmcblk mmci mnt mobility modified modifies moment mono
  motherboard mountable mountinfo mountpoint mountpoints mountroot mouse movable moved moves mpidr
  msdos mtdblock mtdparts mtime mtk mvebu my named natives ndjson near nearly neon nested newc
  newest newroot nfsroot nine noatime nobody nodev noexec nofollow noinitrd nonaliasing nonecould
  nosuch nosuid notes npm nul nvidia nvme nxp octal od offer offers often omit oneline ones oot
  opaque opendir openrc openssh openwrt operators optee ordered orders ordinary origin origins
  osrelease others otherwise ours overlayfs overlayroot overlays overwrites overwritten owners owns
  pack packages paint panicked panics paper parenthesis parser partlabel partname parts partuuid
  passes patched paths patterns pax pcpu peers people permitlocalcommand person phillip physmap
  picture piece pipefs pipt pivot pivotroot pivots place places plain plan planned plans pnet pnp
  portable portaddr positionals ppp preallocated precondition preconditions predict prefers prepares
  printable printer printf printk prints probable processors programs prom prometheus promises
  prompt propagation psci psram pstore puts pwrite qcom quarantine question quick quiet quote quoted
  quotes raise ralink ramdisk ramfs randomised raspberry ratio rcs rdinit reader readline readlink
  realpath realroot realtek reasons rebooted rebuilt reckons recognised records rect redact
  redirected redirection refers refused refuses regular rehash relatime relied remark remotecommand
  removes removetree rename renameat renamed renaming render requesttty reservations resolv resolver
  rest restrict restricting rests retain rf riscv rm rmdir rng rodata rodolfo romfs rootdelay
  rootflags rootfs rootfstype roots rootwait rows rp rprivate rung rungs runnable runner runs rwdata
  said sandisk satisfies say sbin schema scmi script scripts seed sees semicolon sentence sentences
  serio setxattr several severe severity sha shadows sharp shelf shell show shown shows sighup
  sigint sigkill sign signals signing sigterm silent sim skipit slub smsc snapshot sockfs somebody
  somewhere sorted sortedtable spansion spared spares sparse specs spectre spelled spelling srcu ssh
  sshd ssl stacked stages staging stand stands star statfs stay stays stderr stdin stdout steps
  stood stops story stray stroke strong style subscription sunxi superoptions sur sure svc svg
  switchroot swp swpb symbolic symlinks synced syncfs syntax systemctl systemd sysupgrade takes
  taking tar tell tells temporarily ten tenths terminals tested textfile tgz th thaw their these
  they thing things those three thumb tied timeline timestamps title tls tmp tmpdir tmpfs today todo
  together told tool torn toshiba totals touch touched trailer trcu tres trouble trusted ttyama twd
  txt ubiattach ubiblock ubiupdatevol ui uimage uname unbindable uncollectable uncompression
  unconfirmed understands understood undo undoing undone units unix unknowns unless unmounted
  unmounting unnamed unpack unpacked unpacks unreachable unread unreadable untouched unusable
  upperdir uptime usr ustar usual usually utc utf utimensat valibot vanished verb verbs verdict
  verifies vexpress vfat vfp video vipt virtio visible void volatile volumes vpn vram waits walk
  wants warned ways weaker well wh whatever where whether whiteout whiteouts who whoever whose why
  wifi wildcard winbond wins withheld wlan workdir workingset works workstation worn wrap wrapped
  wraps writable writeback writeerror writeflash writer www wx xdatum xref xz yours zeros zlib
  zonelists zsh zstd zynq
`;
