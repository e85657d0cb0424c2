/**
 * Parameters of the kernel whose values are settings of the kernel and no secrets
 * (Documentation/admin-guide/kernel-parameters.txt, and options of modules). `-` and `_` are equal.
 */
import { SETTING_NAMES } from '../facts/setting-rows.js';

const NAMES = `
  root rootfstype rootflags rootwait rootdelay ro rw init rdinit initrd initrdmem noinitrd
  keepinitrd retain_initrd ramdisk_size ramdisk_start ramdisk_blocksize load_ramdisk prompt_ramdisk
  ip console earlycon earlyprintk earlycon.enable keep_bootcon loglevel quiet debug ignore_loglevel
  log_buf_len printk.time printk.devkmsg printk_delay no_console_suspend consoleblank initcall_debug
  initcall_blacklist panic panic_on_warn oops panic_print pause_on_oops reboot nowatchdog
  softlockup_panic hung_task_panic nmi_watchdog watchdog watchdog_thresh mem memmap memblock cma
  vmalloc highmem hugepages hugepagesz swiotlb coherent_pool crashkernel kexec nokaslr kaslr
  mitigations spectre_v2 nosmt nosmp maxcpus nr_cpus possible_cpus isolcpus nohz nohz_full rcu_nocbs
  cpuidle.off cpufreq.default_governor idle clocksource hpet tsc lpj clk_ignore_unused
  pd_ignore_unused regulator_ignore_unused fw_devlink deferred_probe_timeout driver_async_probe acpi
  pci noapic nolapic apic irqaffinity threadirqs preempt selinux enforcing apparmor lsm security
  audit ima_policy lockdown module.sig_enforce nomodule nomodules modprobe.blacklist mtdparts
  cmdlinepart.mtdparts ubi.mtd ubi.block ubi.fm_autoconvert ubi.fm_debug block2mtd.block2mtd
  phram.phram mtdoops.mtddev mtdram.total_size ubiblock.block nandsim.id_bytes nandsim.parts
  brd.rd_nr brd.rd_size brd.max_part loop.max_loop loop.max_part max_loop mmc_block.perdev_minors
  mmcblk.perdev_minors usbcore.autosuspend usb-storage.quirks libata.force nvme_core.io_timeout
  scsi_mod.scan virtio_mmio.device video fbcon vt.global_cursor_default logo.nologo fb drm.debug
  drm_kms_helper.edid_firmware logo nomodeset cgroup_disable cgroup_enable cgroup_no_v1
  cgroup.memory systemd.unified_cgroup_hierarchy psi swapaccount transparent_hugepage numa
  numa_balancing zswap.enabled slub_debug page_poison init_on_alloc init_on_free random.trust_cpu
  random.trust_bootloader rng_core.default_quality net.ifnames biosdevname ipv6.disable
  ipv6.disable_ipv6 fsck.mode fsck.repair systemd.show_status systemd.log_level systemd.unit
  rd.debug rd.break rd.shell rd.udev.log_level udev.log_level rd.driver.blacklist rd.timeout
  plymouth.enable splash nosplash nofb bootconfig devtmpfs.mount kgdboc kgdbwait
  sysrq_always_enabled user_debug uio_pdrv_genirq.of_id pstore.backend ramoops.mem_address
  ramoops.mem_size ramoops.record_size ramoops.console_size ramoops.ecc ramoops.pmsg_size
  ramoops.mem_type overlay.metacopy overlay.redirect_dir overlay.index overlay.xino_auto
  squashfs.threads workqueue.power_efficient rcupdate.rcu_expedited rcupdate.rcu_cpu_stall_timeout
  rcutree.kthread_prio skew_tick memsize bootdelay baudrate fstools_overlay_name
  fstools_ignore_partname failsafe preinit single emergency rescue s 1 noexec noexec32 nosmep
  virtio_blk.queue_depth nohlt highres lapic noresume resume hibernate swapfile dyndbg trace_event
  ftrace trace_buf_size trace_clock lowmem_reserve_ratio movablecore kernelcore
`;

const plain = (name: string): string => name.replaceAll('-', '_');

const KNOWN = new Set([
  ...NAMES.trim().split(/\s+/).map(plain),
  ...SETTING_NAMES.map((name) => plain(`mountroot.${name}`)),
]);

export const isKernelParameter = (name: string): boolean => KNOWN.has(plain(name));
