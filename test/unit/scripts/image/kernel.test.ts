import t from 'tap';
import { lostOptions, patchesFor } from '../../../../scripts/image/kernel.js';

const config = [
  'CONFIG_JFFS2_FS=y',
  '# CONFIG_SOUND is not set',
  'CONFIG_INPUT=y',
  'CONFIG_LOCALVERSION="-mountroot"',
  'CONFIG_LOG_BUF_SHIFT=14',
].join('\n');

t.test('options in the final configuration are not lost', async (t) => {
  t.strictSame(lostOptions('CONFIG_JFFS2_FS=y\nCONFIG_LOCALVERSION="-mountroot"\n', config), []);
});

t.test('an option that was dropped or got another value is lost', async (t) => {
  t.strictSame(
    lostOptions('CONFIG_UBIFS_FS=y\nCONFIG_LOG_BUF_SHIFT=17\nCONFIG_JFFS2_FS=y\n', config),
    ['CONFIG_UBIFS_FS=y', 'CONFIG_LOG_BUF_SHIFT=17'],
  );
});

t.test('an option that begins like another one does not match it', async (t) => {
  t.strictSame(lostOptions('CONFIG_JFFS2_FS_XATTR=y\nCONFIG_LOG_BUF_SHIFT=1', config), [
    'CONFIG_JFFS2_FS_XATTR=y',
    'CONFIG_LOG_BUF_SHIFT=1',
  ]);
});

t.test(
  'an option that must be off is lost when another selects it, not when it is unknown',
  async (t) => {
    t.strictSame(
      lostOptions(
        '# CONFIG_INPUT is not set\n# CONFIG_SOUND is not set\n# CONFIG_DRM is not set',
        config,
      ),
      ['# CONFIG_INPUT is not set'],
    );
  },
);

t.test('comments and empty lines of a fragment ask for nothing', async (t) => {
  t.strictSame(lostOptions('# CONFIG_INPUT would be nice to lose\n\n# Flash.\n', config), []);
});

t.test('a release gets the newest variant of each patch that is for it', async (t) => {
  const names = ['b.patch', 'a.5.10.patch', 'a.6.1.patch', 'a.6.12.patch', 'README', 'c.7.2.patch'];
  const chosen: [release: string, patches: string[]][] = [
    ['5.4', ['b.patch']],
    ['5.10', ['a.5.10.patch', 'b.patch']],
    ['6.1', ['a.6.1.patch', 'b.patch']],
    ['6.6', ['a.6.1.patch', 'b.patch']],
    ['6.12', ['a.6.12.patch', 'b.patch']],
    ['7.2', ['a.6.12.patch', 'b.patch', 'c.7.2.patch']],
    ['10.0', ['a.6.12.patch', 'b.patch', 'c.7.2.patch']],
  ];
  for (const [release, patches] of chosen) {
    t.strictSame(patchesFor(release, names), patches, release);
    t.strictSame(patchesFor(release, [...names].reverse()), patches, `${release}, reversed`);
  }
});
