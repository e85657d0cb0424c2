import t from 'tap';
import { asRootAlone } from '../../native/program.js';

const { json: got } = await asRootAlone(t, 'test/unit/layer/archive/round-trip.ts');

t.test('the archive of any layer makes the same layer, which makes the same archive', async (t) => {
  t.equal(got['property'], 'same');
});

t.test(
  'GNU tar lists and unpacks our archive as the same tree, and its archive of a tree ' +
    'with whiteouts is a layer to us',
  async (t) => {
    t.same(got['gnu'], {
      listed: 0,
      lines: 16,
      extracted: 0,
      said: '',
      same: 'same',
      marks: ['etc/.wh.gone 0', 'opt/.wh..wh..opq 0'],
      back: { pax: 'same', compressed: 'same', gnu: 'far away', raw: 'same' },
      repeated: true,
    });
  },
);

t.test('C writes what is ordinary as TypeScript does, up to the borders of it', async (t) => {
  t.match(got['borders'], {
    told: { whiteouts: 1, problems: [{ path: '.wh.folder' }, { path: '.wh.x' }] },
    back: [],
    large: true,
  });
});

t.test('files that change while they are read are named, and the archive is valid', async (t) => {
  const problems = ['a-shrinks', 'b-grows', 'd-small', 'e-exchanged'];
  t.same(got['live'], { problems, valid: 0, lines: 5 });
});

t.test(
  'references to the image fail before anything is written, with the cure; files that ' +
    'tar cannot hold are left out by name',
  async (t) => {
    t.match(got['refusals'], {
      redirect:
        /^0 bytes: cannot be put into an archive: odd is a directory that was renamed.* \/etc\/old; .*cp -a \/odd/,
      metacopy:
        /^0 bytes: cannot be put into an archive: odd is a file of which only owner.*cp -a \/odd \/odd.new && mv/,
      'left out': [
        /^.wh.mine: a layer has no way/,
        /^bad\\377: its name is no UTF-8/,
        /^mounted: something is mounted there/,
        /^socket: it is a socket/,
      ],
      taken: 2,
    });
  },
);

t.test('a sparse file takes little memory in transfer, and stays sparse', async (t) => {
  t.same(got['sparse'], { small: true, little: true, size: (128 << 20) + 3, holes: true });
});

t.test('in a merge, the archive wins, and hides what it marks as hidden', async (t) => {
  t.same(got['merged'], {
    warnings: [],
    now: [
      ' directory 755 ',
      'becomes-directory directory 700 trusted.overlay.opaque',
      'becomes-file file 644 ',
      'hidden directory 700 trusted.overlay.opaque',
      'hidden/new file 644 ',
      'keep directory 700 ',
      'keep/a file 644 ',
      'keep/b file 644 ',
      'keep/gone whiteout ',
      'white directory 700 trusted.overlay.opaque',
    ],
    content: ['old', 'new', 'new'],
    old: 'old',
  });
});
