import t from 'tap';
import { bootReason } from '../../../../src/layer/diff/boot-reason.js';
import { Totals, type DiffEntry } from '../../../../src/layer/diff/diff-entry.js';
import { report } from '../../../../src/layer/diff/diff-report.js';

const entry = (
  path: string,
  kind: DiffEntry['kind'] = 'added',
  of: DiffEntry['of'] = 'file',
): DiffEntry => ({ kind, path, of, size: 1, takes: 4096, rom: null });

t.test('changes that come too late for the boot are known by their place', async (t) => {
  const cases: [DiffEntry, string | null][] = [
    [entry('boot/vmlinuz-6.12.1'), 'boot-file'],
    [entry('boot/initrd.img-6.12.1', 'changed'), 'boot-file'],
    [entry('boot/grub/grub.cfg', 'changed'), 'boot-file'],
    [entry('boot/dtb-6.1', 'deleted'), 'boot-file'],
    [entry('vmlinuz', 'changed', 'symlink'), 'boot-file'],
    [entry('initrd.img.old', 'added', 'symlink'), 'boot-file'],
    [entry('lib/modules/6.12.1', 'added', 'directory'), 'new-kernel-modules'],
    [entry('usr/lib/modules/6.12.1', 'added', 'directory'), 'new-kernel-modules'],
    // A module for the kernel of the image works from the overlay.
    [entry('lib/modules/6.12.1/kernel/net/x.ko'), null],
    [entry('lib/modules/6.12.1', 'metadata', 'directory'), null],
    [entry('boot', 'metadata', 'directory'), null],
    [entry('boot/grub', 'added', 'directory'), null],
    [entry('boot/vmlinuz-6.12.1', 'same'), null],
    [entry('boot/vmlinuz-6.12.1', 'stale'), null],
    [entry('bootstrap/x'), null],
    [entry('home/boot/vmlinuz-6.12.1'), null],
    [entry('etc/vmlinuz'), null],
  ];
  for (const [each, reason] of cases)
    t.equal(bootReason(each), reason, `${each.kind} ${each.of} ${each.path}`);
});

t.test('each form of the report has the reason, and the text says what to do', async (t) => {
  const found = { ...entry('boot/vmlinuz-6.12.1'), reason: 'boot-file' as const };
  const totals = new Totals();
  totals.add(found);
  t.match(JSON.parse(report('ndjson').entry(found)), { reason: 'boot-file' });
  t.notOk('reason' in (JSON.parse(report('ndjson').entry(entry('etc/x'))) as object));
  t.match(report('table').entry(found), /no boot loader reads this here/);
  t.match(
    report('table').end(totals, null),
    /1 change comes too late for the boot: `mountroot maintain`/,
  );
});
