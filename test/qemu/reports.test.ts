/**
 * On flash, exports the changes of a board's overlay and imports them again, and reports its boots.
 */
import t from 'tap';
import { putOnBench } from '../harness/board.js';

interface Line {
  kind?: string;
  path?: string;
}

t.test('changes are listed, exported, and restored by the start after an import', async (t) => {
  const bench = await putOnBench(t);
  const first = await bench.bootToInit();
  await first.output(
    'echo mine >/etc/mine && rm /etc/hostname && rmdir /var && mkdir /var && echo x ' +
      '>/var/only && chmod 700 /etc/profile && sync',
  );
  const lines = (await first.output('mountroot diff --format ndjson /etc /var'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const kindOf = (path: string): string | undefined =>
    lines.find((line) => line.path === path)?.kind;
  t.equal(kindOf('etc/mine'), 'added');
  t.equal(kindOf('etc/hostname'), 'deleted');
  t.equal(kindOf('var'), 'opaque');
  t.equal(kindOf('etc/profile'), 'metadata');

  t.equal((await first.run('mountroot export -o /tmp/settings.tar')).status, 0);
  const names = await first.output('tar -tf /tmp/settings.tar');
  for (const name of ['etc/mine', 'etc/.wh.hostname', 'var/.wh..wh..opq', 'var/only'])
    t.ok(
      names.split('\n').some((each) => each.replace(/^\.\//, '') === name),
      name,
    );

  await first.output('echo later >/etc/later && echo changed >/etc/mine');
  t.match(await first.run('mountroot import /tmp/settings.tar'), { status: 0 });
  t.match(
    await first.output('cat /etc/mine'),
    'changed',
    'nothing is changed under a running board',
  );
  t.match(await first.output('mountroot status'), /^pending .*import/m);
  await first.powerOff();

  const second = await bench.bootToInit();
  t.match(second.console, /carrying out an import/);
  t.equal(
    await second.output(
      'cat /etc/mine; ls /var; ls /etc/later /etc/hostname 2>/dev/null; stat -c %a /etc/profile',
    ),
    'mine\nonly\n700\n',
  );
  t.match(JSON.parse(await second.output('mountroot status --json')), {
    persistent: true,
    rung: { rung: 'persistent', reason: null },
  });
  t.notMatch(
    await second.output('mountroot status; ls -A /overlay/.mountroot'),
    /former-upper|next-upper|import\.json|^pending/m,
    'the layer before it is gone when the start is confirmed',
  );
  const boots = await second.output('mountroot journal');
  t.match(boots, /an overlay root that keeps its changes|persistent/);
  t.match(await second.output('mountroot timeline'), /^<\?xml[^]*<\/svg>\s*$/);
  t.match((await second.run('mountroot doctor')).output, /checks are fine/);
  await second.powerOff();
});
