import t from 'tap';
import { lostOptions } from '../../../../scripts/image/kernel.js';

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
