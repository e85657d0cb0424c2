import t from 'tap';
import { lookBack, pstoreMounter } from '../../../src/facts/pstore.js';
import { pstoreSteps } from '../../../src/plan/open.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Reader } from '../../../src/system/port.js';
import { boardFacts } from '../../fixtures/facts.js';

t.test(
  'pstore gives the crash and the last messages of the previous boot, or nothing',
  async (t) => {
    const machine = (files: Record<string, string>): Reader => ({
      ...dryRun(),
      kind: () => 'directory',
      list: () => Object.keys(files),
      readText: (path) => files[path.slice('/sys/fs/pstore/'.length)]!,
    });
    t.equal(lookBack(machine({})), null);
    const before = lookBack(
      machine({
        'dmesg-ramoops-0': 'Panic#1\n<0>Kernel panic - not syncing: x\n<4>more\n',
        'console-ramoops-0': Array.from({ length: 50 }, (_, line) => `line ${line}\u001b\n`).join(
          '',
        ),
      }),
    );
    t.same(before?.crash, ['<0>Kernel panic - not syncing: x']);
    t.equal(before?.last.length, 20);
    t.equal(before?.last.at(-1), 'line 49');
  },
);

t.test('pstore is left to an init that mounts it', async (t) => {
  const image = (files: Record<string, string>): Reader =>
    ({
      kind: (path: string) => {
        if (files[path] === undefined) return 'missing';
        return files[path].startsWith('->') ? 'symlink' : 'file';
      },
      readLink: (path: string) => files[path]!.slice(2),
      readBytes: (path: string) => Buffer.from(files[path]!),
    }) as unknown as Reader;
  const mounts = '[ -d /x ] && /bin/mount -o noatime -t pstore pstore /sys/fs/pstore\n';
  t.equal(pstoreMounter(image({ '/rom/etc/init.d/boot': mounts }), '/rom'), '/etc/init.d/boot');
  t.equal(pstoreMounter(image({ '/etc/init.d/boot': `# ${mounts}` }), ''), null);
  t.equal(
    pstoreMounter(image({ '/etc/fstab': 'pstore /sys/fs/pstore pstore\n' }), ''),
    '/etc/fstab',
  );
  t.equal(pstoreMounter(image({ '/sbin/init': '->/lib/systemd/systemd' }), ''), 'systemd');
  t.equal(pstoreMounter(image({ '/sbin/init': '->../bin/busybox' }), ''), null);
  t.equal(pstoreMounter({} as Reader, ''), null);
  const facts = boardFacts();
  t.match(pstoreSteps(facts)[0]?.action, { flags: ['MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'] });
  t.same(pstoreSteps({ ...facts, pstoreBy: 'systemd' }), []);
});
