import t from 'tap';
import { keepBoot } from '../../../src/steps/keep-journal.js';
import { makeBoard } from '../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../src/system/model/kernel.js';

/** A kernel with a data volume on /overlay, as after a start. */
function started(): Kernel {
  const kernel = powerOn(makeBoard());
  kernel.mount('/dev/mtdblock3', '/overlay', 'jffs2', [], null);
  kernel.mkdir('/overlay/.mountroot', 0o755);
  return kernel;
}
const FOLDER = '/overlay/.mountroot/boots';

t.test(
  'the journals of the last boots are kept, the oldest is removed first, and one boot is one file',
  async (t) => {
    const kernel = started();
    for (let boot = 1; boot <= 5; boot++)
      for (const text of ['start\n', 'start\ndone\n'])
        keepBoot(kernel, { journal: text, id: `abcdef0${boot}-1234` }, 3);
    t.same(kernel.list(FOLDER), [
      '00000003-abcdef03.ndjson',
      '00000004-abcdef04.ndjson',
      '00000005-abcdef05.ndjson',
    ]);
    t.equal(kernel.readText(`${FOLDER}/00000005-abcdef05.ndjson`), 'start\ndone\n');
  },
);

t.test('a journal that is too long keeps its beginning and its end, in whole lines', async (t) => {
  const kernel = started();
  const lines = Array.from({ length: 20_000 }, (_, index) => `{"line":${index}}`);
  keepBoot(kernel, { journal: `${lines.join('\n')}\n`, id: 'aaaaaaaa-1' }, 3);
  const kept = kernel.readText(`${FOLDER}/00000001-aaaaaaaa.ndjson`).trim().split('\n');
  t.ok(kept.length > 1000 && kept.every((line) => lines.includes(line)));
  t.equal(kept[0], lines[0]);
  t.equal(kept.at(-1), lines.at(-1));
});

t.test(
  'files with other names are left alone, and without our folder or a journal nothing is written',
  async (t) => {
    const kernel = started();
    kernel.mkdir(FOLDER, 0o755);
    kernel.create(`${FOLDER}/notes.txt`, 'mine', 0o644);
    keepBoot(kernel, { journal: 'x\n', id: 'aaaaaaaa-1' }, 1);
    t.same(kernel.list(FOLDER), ['00000001-aaaaaaaa.ndjson', 'notes.txt']);
    keepBoot(kernel, { journal: 'x\n', id: 'bbbbbbbb-1' }, 0);
    t.equal(kernel.list(FOLDER).length, 2);
    keepBoot(powerOn(makeBoard()), { journal: 'x\n', id: 'aaaaaaaa-1' }, 3);
  },
);
