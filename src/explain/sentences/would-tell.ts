const WHOLE_LOG = 'the whole log of the serial console, without quiet and loglevel=,';
const COMMAND_LINE = 'the command line (--cmdline, or the line "Kernel command line:")';
const CONFIG = "the kernel's configuration (--config)";
const INITRD = 'the file of the initrd (--initrd)';

/** What would show the answer to each question, as the subject of "would". */
export const WOULD_TELL = {
  'command-line': COMMAND_LINE,
  rootfs: 'the command line together with the configuration (--cmdline, --config)',
  'built-in': CONFIG,
  initrd: "the boot loader's commands, the device tree (--dtb), or the kernel's line about it",
  'initrd-kind': INITRD,
  noinitrd: COMMAND_LINE,
  'early-init': `${INITRD}, or ${WHOLE_LOG}`,
  rootdelay: COMMAND_LINE,
  'root-device': COMMAND_LINE,
  image: INITRD,
  'mount-initrd': WHOLE_LOG,
  linuxrc: INITRD,
  rootwait: COMMAND_LINE,
  mount: WHOLE_LOG,
  'old-root': WHOLE_LOG,
  dev: WHOLE_LOG,
  'init-fails': WHOLE_LOG,
  'process-1': WHOLE_LOG,
  'process-1-ends': WHOLE_LOG,
  console: WHOLE_LOG,
  'process-1-now': '/proc/1 of the running board',
  'root-now': '/proc/self/mountinfo of the running board',
};
