import t from 'tap';
import type { KernelInputs } from '../../../../src/explain/kernel-inputs.js';
import { ATTEMPT_RULES, type MountSource } from '../../../../src/explain/story/predict-mount.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { storyOf } from '../../../fixtures/story.js';

const BLOCK: MountSource = {
  kind: 'block',
  exists: true,
  content: 'squashfs',
  journal: false,
  flash: false,
  readonly: false,
};
const BOTH = { CRAMFS: 'y', ROMFS_FS: 'y' };

const attempt = (
  fstype: string,
  source: Partial<MountSource> = {},
  given: Partial<KernelInputs> = {},
) => ({ t: storyOf(given), fstype, source: { ...BLOCK, ...source } });

t.test('the prediction for mounting one type, row by row', async (t) => {
  walkRules(t, ATTEMPT_RULES, [
    [
      'the kernel lacks it',
      attempt('xfs', {}, { types: [] }),
      { error: -19, because: { code: 'type-missing' } },
    ],
    ['tmpfs', attempt('tmpfs', { kind: 'none' }), { error: 0 }],
    [
      'another type without a device',
      attempt('9p', { kind: 'none' }, { types: [{ name: '9p', device: false }] }),
      { error: null, because: { code: 'needs-no-device-unknown' } },
    ],
    [
      'ext4 by an mtd name',
      attempt('ext4', { kind: 'mtd' }),
      { error: -2, because: { code: 'wants-block-device', kind: 'mtd' } },
    ],
    [
      'cramfs by an mtd name, in a kernel not built for it',
      attempt('cramfs', { kind: 'mtd' }, { config: BOTH }),
      { error: -2, because: { code: 'wants-block-device-without', option: 'CRAMFS_MTD' } },
    ],
    ['jffs2 on UBI', attempt('jffs2', { kind: 'ubi' }), { error: -22 }],
    ['UBIFS on mtd', attempt('ubifs', { kind: 'mtd' }), { error: -22 }],
    ['no such volume', attempt('ubifs', { kind: 'ubi', exists: false }), { error: -19 }],
    ['no such partition', attempt('jffs2', { kind: 'mtd', exists: false }), { error: -2 }],
    ['no such device', attempt('ext4', { exists: false }), { error: -6 }],
    [
      'romfs by an mtd name, in a kernel of which nothing is known',
      attempt('romfs', { kind: 'mtd' }),
      { error: null, because: { code: 'on-mtd-unknown', option: 'ROMFS_ON_MTD' } },
    ],
    [
      'options of the file system',
      attempt('squashfs', {}, { commandLine: 'root=/dev/a rootflags=errors=panic' }),
      { error: null, because: { code: 'flags-unknown', flags: 'errors=panic' } },
    ],
    ['unknown content', attempt('ext4', { content: null }), { error: null }],
    ['UBIFS on a block device', attempt('ubifs'), { error: -22 }],
    ['jffs2 on a disk', attempt('jffs2'), { error: -22, because: { code: 'jffs2-wants-flash' } }],
    [
      'jffs2 on flash with something else',
      attempt('jffs2', { flash: true }),
      { error: -5, because: { code: 'no-jffs2', content: 'squashfs' } },
    ],
    ['ext3 without a journal', attempt('ext3', { content: 'ext4' }), { error: -22 }],
    [
      'jffs2 on erased flash',
      attempt('jffs2', { flash: true, content: 'blank' }),
      { error: 0, because: { code: 'erased-flash' } },
    ],
    [
      'the type that is there',
      attempt('squashfs'),
      { error: 0, because: { code: 'device-holds' } },
    ],
  ]);
});
