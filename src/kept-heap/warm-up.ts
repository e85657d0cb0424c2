/**
 * Runs starts on the model kernel before a heap is written. V8 compiles a function at its first
 * call, and the heap keeps the compiled functions: two thirds of a start's cost. Each call to the
 * model is also made to the real system, with files in a temporary folder and with stand-ins for
 * the addons, so that the machine does not change.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { orElse } from '../system/or-else.js';
import { fill, makeBoard, type Board } from '../system/model/board.js';
import { powerOn, type Kernel } from '../system/model/kernel.js';
import type { Reader } from '../system/port.js';
import { JOURNAL, TMP_RECORDS } from '../facts/places.js';
import type { Core } from './core.js';
import { nodeMark } from './node-mark.js';
import { standIn } from './stand-ins.js';

/** The bundler makes this file the body of a function (scripts/agent/bundle-heap.ts). */
declare const core: Core;

type Call = (...words: unknown[]) => unknown;

/** The model, with the same calls made to the real system, whose answers are ignored. */
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
    return calls[name]!(...(Object.hasOwn(core.reader, name) ? words : words.map(inFolder)));
  };
  return new Proxy(kernel, {
    get(model, name: string) {
      const own = (model as unknown as Record<string, unknown>)[name];
      if (typeof own !== 'function' || calls[name] === undefined) return own;
      return (...words: unknown[]) => {
        orElse(null, () => beside(name, words));
        // The model has no journal.
        return name === 'readText' && words[0] === `${TMP_RECORDS}/${JOURNAL}`
          ? core.reader.readText(join(folder, JOURNAL))
          : (own as Call)(...words);
      };
    },
  });
}

/** A board that has been in use, as most boards have. */
function used(words = ''): Board {
  const board = makeBoard({
    commandLine:
      'console=ttyAMA0 root=/dev/mtdblock2 rootfstype=squashfs ro init=/etc/preinit ' + words,
  });
  const [flash] = board.flash;
  flash!.blocks.fill('jffs2');
  fill(flash!.tree, '/upper/etc', '/work');
  fill(board.image, ['/etc/init.d/rcS', 'mount -a\n']);
  board.filesystems = [...board.filesystems, 'pstore'];
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
      // Before the system is open, the agent only reads files.
      reader: accompanied(kernel, core.reader, folder),
      kernelLog: '/dev/null',
      journalFolder: folder,
      exit: (status) => core.exitNow(status, () => (ended = status)),
    },
  });
  return ended;
}

/** Calls functions that a boot needs, and a start on the model does not. */
function compileWhatTheModelSkips(folder: string): void {
  symlinkSync('.', join(folder, 'link'));
  core.reader.readLink(join(folder, 'link'));
  core.parseState(JSON.stringify({ rung: 'persistent', reason: null }));
}

/** @throws when a start on a sound board fails, which is a mistake in this file. */
async function warmUp(): Promise<void> {
  core.rememberNode(nodeMark());
  core.checkAgent();
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-heap-'));
  const { argv, env } = process;
  Object.assign(process, { argv: [argv[0], '', 'start'], env: { PREINIT: '1' } });
  try {
    orElse(null, () => core.dlopen('/'));
    compileWhatTheModelSkips(folder);
    const board = used('mountroot.boot_limit=3');
    // The second boot finds what the first one left on the volume.
    for (const started of [board, board, makeBoard()]) {
      const status = await start(started, folder);
      if (status !== 0) throw new Error(`a start on the model kernel ended with ${status}`);
    }
  } finally {
    Object.assign(process, { argv, env });
    rmSync(folder, { recursive: true, force: true });
  }
}

export default warmUp();
