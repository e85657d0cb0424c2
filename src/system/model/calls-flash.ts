import type { System } from '../port.js';
import { emptyLeb, superblock, type Block, type Flash } from './board.js';
import type { Machine } from './machine.js';
import { Errno } from './model-tree.js';

/** What a block is that begins so: a node of jffs2, or the order to erase. */
const blockOf = (bytes: Uint8Array): Block => (bytes[0] === 0xde ? 'marker' : 'jffs2');

/** The calls of the mtd and UBI drivers. */
export function flashCalls({
  calls,
  devices,
  mounts,
  paths,
}: Machine): Pick<
  System,
  'eraseBlock' | 'writeFlash' | 'attachUbi' | 'eraseUbiBlock' | 'attachLoop' | 'run'
> {
  const must = (device: string): Flash => {
    const flash = devices.flash(device);
    if (!flash) throw new Errno('ENOENT');
    return flash;
  };
  return {
    eraseBlock: (device, start) =>
      calls.change({ name: 'erase', path: device, operand: String(start) }, () => {
        const flash = must(device);
        if (flash.writeProtected) throw new Errno('EROFS');
        if (mounts.text().includes(` 31:${flash.index} `)) throw new Errno('EBUSY');
        flash.blocks[start / flash.eraseBlock] = calls.halved ? 'garbage' : 'erased';
        if (!flash.blocks.includes('jffs2')) flash.tree.root.entries.clear();
        flash.tree.sync();
        return true;
      }),
    writeFlash: (device, offset, bytes) =>
      calls.change({ name: 'write', path: device, operand: String(offset) }, () => {
        const storage = devices.storage(device);
        if (storage?.kind === 'block') {
          storage.raw = Buffer.concat([bytes, superblock(storage, 4096).subarray(bytes.length)]);
          return;
        }
        const flash = must(device);
        flash.blocks[offset / flash.eraseBlock] = blockOf(bytes);
      }),
    attachLoop: (disk, offset) =>
      calls.change({ name: 'loop', path: disk, operand: String(offset) }, () =>
        devices.attachLoop(disk, offset),
      ),
    run: (program, args) =>
      calls.change({ name: 'run', path: program, operand: args.join(' ') }, () =>
        program === '/sbin/modprobe'
          ? devices.loadModule(args.at(-1) ?? '', (path) => paths.find(path) !== null)
          : devices.make(program, args.at(-1) ?? ''),
      ),
    attachUbi: (mtd) =>
      calls.change({ name: 'attach', path: `mtd${mtd}` }, () => devices.attach(mtd)),
    eraseUbiBlock: (device, leb) =>
      calls.change({ name: 'erase', path: device, operand: String(leb) }, () => {
        const storage = devices.storage(device);
        if (storage?.kind !== 'ubi') throw new Errno('ENOENT');
        // UBI unmaps a block before it erases it, so no cut leaves half of it.
        return emptyLeb(storage, leb);
      }),
  };
}
