/**
 * Runs starts on the model kernel while a heap is kept. V8 compiles a function when it is first
 * called, and what it compiled is kept with the heap: that is two thirds of what a start costs.
 * Each call that the model gets is also made of the real code below it, on files in a folder of its
 * own and with stand-ins for the kernel's verbs, so that nothing of the machine changes.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { orElse } from '../system/or-else.js';
import { fill, makeBoard, type Board } from '../system/model/board.js';
import { powerOn, type Kernel } from '../system/model/kernel.js';
import type { Reader } from '../system/port.js';
import { JOURNAL_FILE } from '../facts/places.js';
import type { Core } from './core.js';
import { standIn } from './stand-ins.js';

/** The bundler makes this file the body of a function (scripts/agent/bundle-heap.ts). */
declare const core: Core;

type Call = (...words: unknown[]) => unknown;

/** The model, with the real system called beside it: what that answers is not looked at. */
function accompanied(kernel: Kernel, real: Reader, folder: string): Kernel {
  const calls = real as unknown as Record<string, Call>;
  const inFolder = (word: unknown): unknown => {
    if (typeof word !== 'string' || !word.startsWith('/')) return word;
    const path = join(folder, word);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  const beside = (name: string, words: unknown[]): unknown => {
    if (name === 'sleep') return null;
    if (name === 'chdir') return calls[name]!(process.cwd());
    return calls[name]!(...(name in core.reader ? words : words.map(inFolder)));
  };
  return new Proxy(kernel, {
    get(model, name: string) {
      const own = (model as unknown as Record<string, unknown>)[name];
      if (typeof own !== 'function' || calls[name] === undefined) return own;
      return (...words: unknown[]) => {
        orElse(null, () => beside(name, words));
        // The journal is not the model's.
        return name === 'readText' && words[0] === JOURNAL_FILE
          ? core.reader.readText(join(folder, basename(JOURNAL_FILE)))
          : (own as Call)(...words);
      };
    },
  });
}

/** A board that has been in use, as most are that start. */
function used(words = ''): Board {
  const board = makeBoard({
    commandLine: `console=ttyAMA0 root=/dev/mtdblock2 rootfstype=squashfs ro init=/etc/preinit ${words}`,
  });
  const [flash] = board.flash;
  flash!.blocks.fill('jffs2');
  fill(flash!.tree, '/upper/etc', '/work');
  return board;
}

async function start(board: Board, folder: string): Promise<number> {
  const kernel = powerOn(board);
  let ended = -1;
  await core.resume({
    begun: -1,
    find: standIn,
    before: (system) => accompanied(kernel, system, folder),
    doors: {
      // Before the system is opened there are files only.
      reader: accompanied(kernel, core.reader, folder),
      kernelLog: '/dev/null',
      openJournal: (complain) => core.openJournal(complain, folder),
      exit: (status) => (ended = status),
    },
  });
  return ended;
}

/**
 * @throws when a start on a sound board does not succeed: then something is wrong with this file.
 */
async function warmUp(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-heap-'));
  const { argv, env } = process;
  Object.assign(process, { argv: [argv[0], '', 'start'], env: { PREINIT: '1' } });
  try {
    orElse(null, () => core.dlopen('/'));
    for (const board of [used('mountroot.boot_limit=3'), makeBoard()]) {
      const status = await start(board, folder);
      if (status !== 0) throw new Error(`a start on the model kernel ended with ${status}`);
    }
  } finally {
    Object.assign(process, { argv, env });
    rmSync(folder, { recursive: true, force: true });
  }
}

export default warmUp();
