import t from 'tap';
import type { Initrd } from '../../../../src/explain/kernel-inputs.js';
import { because } from '../../../../src/explain/sentences/grounds.js';
import { INITRD_RULES, takesInitrd } from '../../../../src/explain/story/initrd.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { storyOf } from '../../../fixtures/story.js';

const initrd: Initrd = {
  name: 'a.img',
  error: null,
  program: () => null,
  image: null,
  inImage: () => undefined,
};

t.test('whether the kernel would take an initrd, row by row', async (t) => {
  const config = { BLK_DEV_INITRD: 'y' };
  const memory = [{ start: 0x6000_0000, size: 0x1000_0000 }];
  walkRules(t, INITRD_RULES, [
    [
      'it knows none',
      storyOf({ config: {} }),
      { value: false, because: { code: 'built-without' } },
    ],
    [
      'it leaves them out',
      storyOf({ config: { ...config, INITRAMFS_FORCE: 'y' } }),
      { value: false, because: { code: 'initramfs-force' } },
    ],
    [
      'it is empty',
      storyOf({ commandLine: 'initrd=0x60000000,0' }),
      { value: false, because: { code: 'initrd-size-zero' } },
    ],
    [
      'a part of its last page is no memory',
      storyOf({ commandLine: 'initrd=0x6ffff000,4097', memory }),
      { value: false, because: { code: 'initrd-outside-memory', start: 0x6fff_f000 } },
    ],
    [
      'its bytes are at hand',
      storyOf({ initrd }),
      { value: true, because: { code: 'initrd-given', name: 'a.img' } },
    ],
    [
      'the command line says where it lies',
      storyOf({ commandLine: 'initrd=0x60000000,4096', memory }),
      { value: true, because: { code: 'initrd-word' }, evidence: { kind: 'unknown' } },
    ],
    [
      'the device tree does',
      storyOf({ handed: { value: true, ...because('chosen-initrd', { start: 1 }) } }),
      { value: true, because: { code: 'chosen-initrd' }, evidence: { kind: 'seen' } },
    ],
    [
      'nothing does',
      storyOf(),
      { value: false, because: { code: 'nothing-tells-of-initrd' }, evidence: { kind: 'unknown' } },
    ],
  ]);
});

t.test('a size that printk may have cut is not taken for 0', async (t) => {
  const size = (line: string) => {
    const commandLine = line.replace('Kernel command line: ', '');
    const { value, because: ground, evidence } = takesInitrd(storyOf({ commandLine }, [line]));
    return { value, because: ground, evidence };
  };
  t.match(size('Kernel command line: quiet initrd=0x20000000,'), { evidence: { kind: 'unknown' } });
  t.match(size('Kernel command line: initrd=0x20000000,0'), { evidence: { kind: 'unknown' } });
  t.match(size('Kernel command line: initrd=0x20000000,0 quiet'), {
    value: false,
    because: { code: 'initrd-size-zero' },
  });
});
