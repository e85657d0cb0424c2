/** Making the initramfs fails, or the power fails while it is made. */
import t from 'tap';
import { failedUnits, output, rootType } from '../harness/debian-asks.js';
import { enabledDebian, type Debian } from '../harness/debian.js';

const ENABLE = 'mountroot enable --volume LABEL=data 2>&1';

const HOOK = '/etc/initramfs-tools/hooks/broken';
const hook = (debian: Debian, text: string): Promise<string> =>
  output(
    debian,
    `printf '#!/bin/sh\\n[ "$1" = prereqs ] && exit 0\\n${text}\\n' >${HOOK}; chmod 755 ${HOOK}`,
  );

const sums = (debian: Debian): Promise<string> => output(debian, 'cd /boot; sha256sum initrd*');

t.test('an initramfs that cannot be made changes nothing', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian();
  t.teardown(() => bench.clear());
  await bench.withoutPart();

  const plain = await bench.boot();
  t.equal(await rootType(plain), 'ext4', 'without the part nothing starts mountroot');
  await output(plain, 'rm /etc/mountroot.enabled /etc/mountroot.json');
  const before = await sums(plain);
  await hook(plain, 'exit 1');
  t.match(await plain.run(ENABLE), { status: 1, output: /everything was taken back/ });
  t.equal(await sums(plain), before, 'the initramfs of before is kept');
  t.equal((await plain.run('ls /etc/mountroot.*')).status, 2, 'no file is left');

  await hook(plain, 'echo hook reached >/dev/console; sleep 3600');
  plain.type(ENABLE);
  await plain.waitFor(/^hook reached/m);
  await plain.cut();

  const after = await bench.boot();
  t.equal(await rootType(after), 'ext4', 'it comes up after the cut');
  t.equal(await failedUnits(after), '');
  t.match(await sums(after), before.split(' ')[0]!);
  t.equal((await after.run('test -e /etc/mountroot.enabled')).status, 1);
});
