import t from 'tap';
import type { KernelInputs } from '../../../../src/explain/kernel-inputs.js';
import { IMAGE_RULES } from '../../../../src/explain/story/image.js';
import type { Image } from '../../../../src/ramdisk/initrd-image.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { storyOf } from '../../../fixtures/story.js';

const image: Image = {
  found: 'gzip',
  error: null,
  content: 'ext2',
  journal: false,
  kibibytes: 512,
};
const given = (changes: Partial<Image>): Partial<KernelInputs> => ({
  commandLine: 'ramdisk_size=1000',
  initrd: {
    name: 'a.img',
    error: 'no cpio magic',
    program: () => null,
    image: { ...image, ...changes },
    inImage: () => undefined,
  },
});

t.test('whether an image goes to /dev/ram0, row by row', async (t) => {
  walkRules(t, IMAGE_RULES, [
    ['it is not at hand', storyOf(), { value: true, evidence: { kind: 'unknown' } }],
    [
      'nothing is found in it',
      storyOf(given({ found: '' })),
      { value: false, because: { code: 'image-not-recognised' } },
    ],
    [
      'it does not unpack',
      storyOf(given({ error: 'crc error' })),
      { value: false, because: { code: 'image-broken', error: 'crc error' } },
    ],
    [
      'a ramdisk is smaller',
      storyOf(given({ kibibytes: 1001 })),
      { value: false, because: { code: 'image-too-big', kibibytes: 1001, most: 1000 } },
    ],
    ['it fits', storyOf(given({})), { value: true, because: { code: 'image-found' } }],
  ]);
});
