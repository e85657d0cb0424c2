/**
 * Every kind of step, by its name in plans and journals. To add a kind, describe it in a file
 * beside this one and name it here.
 */
export { attachLoop as 'attach-loop' } from './attach-loop.js';
export { attachUbi as 'attach-ubi' } from './attach-ubi.js';
export { chdir } from './chdir.js';
export { clear } from './clear.js';
export { copy } from './copy.js';
export { emptyUbi as 'empty-ubi' } from './empty-ubi.js';
export { erase } from './erase.js';
export { freeMemory as 'free-memory' } from './free-memory.js';
export { keepJournal as 'keep-journal' } from './keep-journal.js';
export { link } from './link.js';
export { loadModule as 'load-module' } from './load-module.js';
export { makeFileSystem as 'make-file-system' } from './make-file-system.js';
export { makeLike as 'make-like' } from './make-like.js';
export { makePrivate as 'make-private' } from './make-private.js';
export { markForErase as 'mark-for-erase' } from './mark-for-erase.js';
export { mkdir } from './mkdir.js';
export { mount } from './mount.js';
export { move } from './move.js';
export { pivotRoot as 'pivot-root' } from './pivot-root.js';
export { probeMounts as 'probe-mounts' } from './probe-mounts.js';
export { probeWhiteout as 'probe-whiteout' } from './probe-whiteout.js';
export { recordRom as 'record-rom' } from './record-rom.js';
export { remount } from './remount.js';
export { removeTree as 'remove-tree' } from './remove-tree.js';
export { rename } from './rename.js';
export { restorePropagation as 'restore-propagation' } from './restore-propagation.js';
export { rmdir } from './rmdir.js';
export { switchRoot as 'switch-root' } from './switch-root.js';
export { sync } from './sync.js';
export { umount } from './umount.js';
export { unpackArchive as 'unpack-archive' } from './unpack-archive.js';
export { unlink } from './unlink.js';
export { waitFor as 'wait-for' } from './wait-for.js';
export { write } from './write.js';
export { writeProbe as 'write-probe' } from './write-probe.js';
