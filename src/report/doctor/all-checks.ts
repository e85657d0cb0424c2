/** Every check of the doctor, in the order of looking. */
import type { CheckRule } from './check-rule.js';
import { configuration, gathered } from './configuration-checks.js';
import { content } from './content-check.js';
import { directories, preinit, program } from './image-checks.js';
import { bootFiles, rootOptions, swapFiles } from './distribution-checks.js';
import { filesystems, mounts, overlay, version, volumeFilesystem } from './kernel-checks.js';
import { clock, entropy, memory, native, node, watchdog } from './machine-checks.js';
import { initramfs, rootArgument } from './root-checks.js';
import { confirmed, first, notice } from './start-checks.js';
import { today } from './today-check.js';
import { mapping, whiteout, xattr } from './upper-layer-checks.js';
import { eraseBlocks, found, space, ubi, writeProtection } from './volume-checks.js';
import { externalVolume, lastingPaths, orders } from './volume-state-checks.js';

export const CHECKS: readonly CheckRule[] = [
  { id: 'today', title: 'root of today', look: today },
  { id: 'volume', title: 'data volume', look: found },
  { id: 'ubi', title: 'UBI', look: ubi },
  { id: 'erase-blocks', title: 'size of the partition', look: eraseBlocks },
  { id: 'content', title: 'content', look: content },
  { id: 'write-protection', title: 'write protection', look: writeProtection },
  { id: 'space', title: 'space', look: space },
  { id: 'orders', title: 'orders', look: orders },
  { id: 'persist', title: 'paths that last', look: lastingPaths },
  { id: 'extroot', title: 'external volume', look: externalVolume },

  { id: 'overlay', title: 'overlay', look: overlay },
  { id: 'filesystems', title: 'file systems', look: filesystems },
  { id: 'volume-filesystem', title: "the volume's file system", look: volumeFilesystem },
  { id: 'kernel-version', title: 'kernel version', look: version },
  { id: 'rename-whiteout', title: 'renaming', look: whiteout },
  { id: 'shared-mapping', title: 'mapped files', look: mapping },
  { id: 'xattr', title: 'extended attributes', look: xattr },
  { id: 'mounts', title: 'mounts', look: mounts },

  { id: 'notice', title: 'this boot', look: notice },
  { id: 'directories', title: 'directories', look: directories },
  { id: 'root-argument', title: 'root=', look: rootArgument },
  { id: 'initramfs', title: 'initramfs', look: initramfs },
  { id: 'preinit', title: 'preinit', look: preinit },
  { id: 'program', title: 'mount_root', look: program },
  { id: 'boot-files', title: 'kernel and initramfs', look: bootFiles },
  { id: 'swap', title: 'swap', look: swapFiles },
  { id: 'root-options', title: 'fstab', look: rootOptions },
  { id: 'first', title: 'who goes first', look: first },
  { id: 'done', title: 'done', look: confirmed },
  { id: 'configuration', title: 'configuration', look: configuration },
  { id: 'gathered', title: 'facts', look: gathered },

  { id: 'node', title: 'Node', look: node },
  { id: 'native', title: 'native parts', look: native },
  { id: 'entropy', title: 'random numbers', look: entropy },
  { id: 'memory', title: 'memory', look: memory },
  { id: 'watchdog', title: 'watchdog', look: watchdog },
  { id: 'clock', title: 'clock', look: clock },
];
