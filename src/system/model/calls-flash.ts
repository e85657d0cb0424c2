import type { System } from '../port.js';
import type { Flash } from './board.js';
import type { Machine } from './machine.js';
import { Errno } from './model-tree.js';

/** The calls of the mtd and UBI drivers. */
export function flashCalls({
  calls,
  devices,
  mounts,
}: Machine): Pick<System, 'eraseBlock' | 'writeFlash' | 'attachUbi'> {
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
        flash.blocks[start / flash.eraseBlock] = 'erased';
        if (!flash.blocks.includes('jffs2')) flash.tree.root.entries.clear();
        flash.tree.sync();
        return true;
      }),
    writeFlash: (device, offset) =>
      calls.change({ name: 'write', path: device, operand: String(offset) }, () => {
        const flash = must(device);
        flash.blocks[offset / flash.eraseBlock] = 'marker';
      }),
    attachUbi: (mtd) =>
      calls.change({ name: 'attach', path: `mtd${mtd}` }, () => devices.attach(mtd)),
  };
}
