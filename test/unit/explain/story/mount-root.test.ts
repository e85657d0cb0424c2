import t from 'tap';
import type { LoadedImage } from '../../../../src/explain/story/image.js';
import { SOURCE_RULES } from '../../../../src/explain/story/mount-root.js';
import type { RootName } from '../../../../src/explain/story/root-name.js';
import { walkRules } from '../../../fixtures/rule-walk.js';

const name = (form: RootName['form'], number: string): RootName => ({
  form,
  said: 'x',
  number,
  exists: true,
  device: null,
});
const image: LoadedImage = {
  loaded: true,
  nothing: false,
  image: { found: 'ext4', error: null, content: 'ext4', journal: true, kibibytes: 1 },
};

t.test('the source of the root mount, row by row', async (t) => {
  walkRules(t, SOURCE_RULES, [
    [
      'the image itself',
      { name: name('ram', '1:0'), image },
      { kind: 'block', content: 'ext4', journal: true, flash: false },
    ],
    [
      'a ramdisk that nobody filled',
      { name: name('ram', '1:0'), image: null },
      { kind: 'block', content: 'blank' },
    ],
    ['an mtd name', { name: name('mtd', '0:0'), image: null }, { kind: 'mtd', flash: true }],
    ['a UBI volume', { name: name('ubi', '0:0'), image: null }, { kind: 'ubi', flash: false }],
    ['no device', { name: name('other', '0:0'), image: null }, { kind: 'none' }],
    ['a device', { name: name('device', '31:2'), image }, { kind: 'block', flash: true }],
  ]);
});
