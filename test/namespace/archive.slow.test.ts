import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { enterBoard, loopDevice, program } from './sandbox.js';

t.test(
  'an exported layer gives the same view wherever it is imported, and on the board',
  async (t) => {
    const built = await program('archive-inside');
    await bundle('src/main.ts', join(built, 'mountroot.cjs'));
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-namespace-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const image = join(folder, 'data.img');
    execFileSync('truncate', ['-s', '16M', image]);
    execFileSync('/sbin/mkfs.ext4', ['-q', image]);
    const device = loopDevice(t, image);

    const boot = (number: 1 | 2): Record<string, unknown> => {
      const root = join(folder, `root-${number}`);
      mkdirSync(root);
      const { stdout, stderr, status } = enterBoard({
        root,
        folder: built,
        words: ['/opt/archive-inside.cjs', JSON.stringify({ device, boot: number })],
      });
      if (status !== 0) throw new Error(`boot ${number} ended with ${status}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    };

    t.match(boot(1), {
      log: [],
      start: 0,
      'into itself': /is in the layer that is exported/,
      export: 0,
      marks: ['var/image/.wh.gone', 'var/image/.wh.removed', 'var/image/replaced/.wh..wh..opq'],
      elsewhere: 0,
      'the same view': true,
      'in use': { status: 5, stderr: /is a layer of the overlay mounted on \/tmp\/other\/root/ },
      dry: 0,
      'cancelled nothing': /no import is waiting/,
      cancelled: /was taken back; nothing was changed/,
      left: '',
      ordered: {
        status: 0,
        stdout: /^\/tmp\/layer\.tar\.gz waits to be imported, in place of \/overlay\/upper: /,
      },
      status: true,
      'not yet': 'later\n',
    });
    t.match(boot(2), {
      log: [],
      start: 0,
      imported: true,
      former: 'later\n',
      done: 0,
      'after done': '',
      writable: /^again\nkept\nz\n$/,
    });
  },
);
