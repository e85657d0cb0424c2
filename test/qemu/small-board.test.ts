/**
 * A board with as little memory as boards have. Tests the languages, texts and names that Node
 * supports there, because the image has less of their data than Debian's Node.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { putOnBench } from '../harness/board.js';
import { rootfsWith } from '../harness/rootfs-variant.js';
import { record } from '../harness/records.js';

/** Each of these throws or returns another result if the image lacks the necessary data. */
const WORDS: Record<string, [program: string, says: string]> = {
  'a date in words': [
    `new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'long', timeZone: ` +
      `'Europe/Berlin' }).format(0)`,
    'Thursday, January 1, 1970 at 1:00:00 AM GMT+1',
  ],
  'a language that is not there is English, and no program is told otherwise': [
    `[new Intl.NumberFormat('de').resolvedOptions().locale, ` +
      `Intl.DateTimeFormat.supportedLocalesOf(['de', 'en-GB', 'zh-Hant-TW']).join(), new ` +
      `Date(0).toLocaleDateString('ja', { timeZone: 'UTC' })].join(' ')`,
    'en-US en-GB 1/1/1970',
  ],
  'every other way to ask for a language': [
    `['de', 'tr-TR', 'zh-Hans-CN', 'ar', 'he-u-ca-hebrew', 'ja-u-ca-japanese', ` +
      `'th-u-nu-thai'].map((tag) => [new Date(0).toLocaleString(tag), ` +
      '(1e6).toLocaleString(tag), new Intl.PluralRules(tag).select(1), new ' +
      `Intl.RelativeTimeFormat(tag).format(1, 'day'), new Intl.ListFormat(tag).format(['a', ` +
      `'b']), new Intl.DisplayNames(tag, { type: 'region' }).of('DE'), new ` +
      `Intl.Collator(tag).compare('a', 'b'), new Intl.NumberFormat(tag, { style: 'currency', ` +
      `currency: 'EUR' }).format(1), new Intl.NumberFormat(tag, { style: 'unit', unit: 'meter' ` +
      `}).format(1), 'I'.toLocaleLowerCase(tag)].length).join('')`,
    '10101010101010',
  ],
  sorting: [`['z', 'ä', 'a', 'B', 'é'].sort((a, b) => a.localeCompare(b)).join('')`, 'aäBéz'],
  numbers: [`(1234567.891).toLocaleString('en')`, '1,234,567.891'],
  'words and characters of a text': [
    `[...new Intl.Segmenter('en', { granularity: 'word' }).segment('one two')].length + ' ' ` +
      `+ [...new Intl.Segmenter().segment('e\\u0301👩‍👩‍👧')].length + ' ' + [...new ` +
      `Intl.Segmenter('th', { granularity: 'word' }).segment('สวัสดีครับ')].map(({ segment }) ` +
      `=> segment).join('')`,
    '3 2 สวัสดีครับ',
  ],
  'normal forms': [
    `['NFC', 'NFD', 'NFKC', 'NFKD'].map((form) => ` +
      `'ﬁ\\u0041\\u030a'.normalize(form).length).join('')`,
    '2334',
  ],
  'properties of characters in patterns': [
    `[/^\\p{Lu}\\p{Script=Greek}\\p{Emoji}$/u.test('ÄΩ🙂'), ` +
      `/^\\p{RGI_Emoji}$/v.test('👩‍👩‍👧'), /ſ/iu.test('S')].join()`,
    'true,true,true',
  ],
  'upper and lower case': [
    `'straße ǆ'.toUpperCase() + 'İ'.toLowerCase().length + 'άσ'.toLocaleUpperCase('el')`,
    'STRASSE Ǆ2ΑΣ',
  ],
  'names of hosts in other scripts': [
    `new URL('http://bücher.example/').host + ' ' + ` +
      `require('node:url').domainToUnicode('xn--bcher-kva.example')`,
    'xn--bcher-kva.example bücher.example',
  ],
  'time zones': [
    `Intl.DateTimeFormat().resolvedOptions().timeZone + ' ' + ` +
      `Intl.supportedValuesOf('timeZone').includes('Europe/Berlin') + ' ' + new ` +
      `Date(1e12).toLocaleString('en', { timeZone: 'America/New_York' })`,
    'UTC true 9/8/2001, 9:46:40 PM',
  ],
  'encodings of the web': [
    `[['gbk', [0xc4, 0xe3]], ['gb18030', [0xc4, 0xe3]], ['big5', [0xa7, 0x41]], ['euc-jp', ` +
      `[0xa4, 0xa2]], ['shift_jis', [0x82, 0xa0]], ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x24, ` +
      `0x22]], ['euc-kr', [0xb0, 0xa1]], ['koi8-r', [0xc1]], ['windows-1252', [0x80]], ` +
      `['iso-8859-7', [0xe1]], ['ibm866', [0x80]], ['windows-874', [0xa1]], ['macintosh', ` +
      `[0x80]], ['utf-16le', [0x41, 0]]].map(([label, bytes]) => new ` +
      `TextDecoder(label).decode(Uint8Array.from(bytes))).join('')`,
    '你你你あああ가а€αАกÄA',
  ],
};

t.test('a board with 128 MiB of memory comes up on its flash, and has memory left', async (t) => {
  const bench = await putOnBench(t);
  const machine = await bench.bootToInit({ memory: '128M' });
  t.match(machine.console, /init: done, status 0/);
  t.match(JSON.parse(await machine.output('mountroot status --json')), {
    persistent: true,
    rung: { rung: 'persistent', reason: null },
  });
  t.equal((await machine.run('mountroot done')).status, 0);
  const kib = async (name: string): Promise<number> =>
    Number(
      new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(await machine.output('cat /proc/meminfo'))?.[1],
    );
  const [total, available] = [await kib('MemTotal'), await kib('MemAvailable')];
  t.comment(`of ${total} KiB that the kernel has, ${available} are available`);
  t.ok(
    total < 128 << 10 && available > 64 << 10,
    `of ${total} KiB that the kernel has, ${available} are available`,
  );
  t.notMatch(await machine.output('dmesg'), /Out of memory|oom-kill|page allocation failure/);

  await t.test('there, what an English image needs for', async (t) => {
    const program = `const said = {}; ${Object.entries(WORDS)
      .map(
        ([name, [source]]) =>
          `try { said[${JSON.stringify(name)}] = String(${source}); } catch (error) { ` +
          `said[${JSON.stringify(name)}] = String(error); }`,
      )
      .join('\n')}; console.log(JSON.stringify(said));`;
    const said = JSON.parse(
      await machine.output(
        `echo ${Buffer.from(program).toString('base64')} | base64 -d >/tmp/words.js && node ` +
          '/tmp/words.js',
      ),
    ) as Record<string, string>;
    for (const [name, [, says]] of Object.entries(WORDS))
      t.equal(said[name]?.replaceAll('\u202f', ' '), says, name);
  });
  await machine.powerOff();
});

/**
 * Lets the kernel kill the program that takes most memory, as it does where memory is out, once a
 * condition of the shell holds (SysRq f). To fill the memory would take minutes until it does so.
 */
const SHORT_OF_MEMORY = (until: string): string =>
  `(until ${until}; do usleep 1000; done; echo f >/proc/sysrq-trigger) &`;
/** Calls the agent like that. */
const SHORT_START = `#!/bin/sh
[ "$1" = start ] || exec /usr/lib/mountroot/launch "$@"
echo 1 >/proc/sys/kernel/sysrq
${SHORT_OF_MEMORY('[ -s /tmp/mountroot/journal.ndjson ]')}
exec /usr/lib/mountroot/launch "$@"
`;

t.test('a start that does not fit into memory says so, and the board comes up', async (t) => {
  const bench = await putOnBench(t);
  const before = await bench.bootToInit();
  await before.output('echo mine >/root/mine && sync');
  await before.powerOff();
  const short = await putOnBench(t, {
    rootfs: await rootfsWith({ 'usr/bin/mount_root': SHORT_START }),
    data: readFileSync(bench.flash.at(-1)!),
  });

  await t.test('the agent makes the root', async (t) => {
    const machine = await short.bootToInit();
    t.match(machine.console, /Out of memory: Killed process \d+/);
    t.match(
      machine.console,
      /mountroot: signal 9 ended the agent before it was done, perhaps because memory is short: the kernel has killed \d+ programs? for want of memory/,
    );
    t.match(machine.console, /preinit: mount_root failed with status 137; going on to init/);
    t.notMatch(machine.console, /was refused/, 'the heap is not to blame');
    t.match(await machine.output('cat /proc/mounts'), /^\/dev\/root \/ squashfs ro/m);
    t.match(
      await record(machine, 'notice'),
      /^mountroot: signal 9 ended the agent .*; see the kernel log\n$/,
    );
    const flat = async (command: string): Promise<string> =>
      (await machine.output(command)).replace(/\s+/g, ' ');
    const status = await flat('mountroot status');
    t.match(status, /^rung none: the start of this boot recorded none /);
    t.match(status, / start failed after .*: signal 9 ended the agent .*memory is short/);
    t.match(await flat('mountroot journal'), /signal 9 ended the agent/);
    t.match(
      await flat('mountroot explain'),
      /mountroot failed .*: signal 9 ended the agent .* killed \d+ programs? for want of memory/,
    );
    await machine.powerOff();
  });

  await t.test('a script that goes first needs no such memory', async (t) => {
    const machine = await short.bootToInit({ append: 'mountroot.first=script' });
    t.match(machine.console, /mountroot: \/ is an overlay root .*, made by the script/);
    t.equal(await machine.output('cat /root/mine'), 'mine\n');
    await machine.powerOff();
  });

  const again = await putOnBench(t, { data: readFileSync(short.flash.at(-1)!) });
  const after = await again.bootToInit();
  t.match(JSON.parse(await after.output('mountroot status --json')), {
    rung: { rung: 'persistent', reason: null },
  });
  t.equal(await after.output('cat /root/mine'), 'mine\n');
  await after.powerOff();

  await t.test('done, export and import end, and change nothing', async (t) => {
    const machine = await again.bootToInit();
    await machine.output(
      'mkdir -p /tmp/layer/etc && echo new >/tmp/layer/etc/new && ' +
        'tar -cf /tmp/layer.tar -C /tmp/layer etc',
    );
    const before = await machine.output('cd /overlay && find . | sort && cat .mountroot/attempts');
    await machine.output('echo 1 >/proc/sys/kernel/sysrq');
    for (const verb of ['done', 'export >/tmp/all.tar', 'import /tmp/layer.tar']) {
      const short = SHORT_OF_MEMORY('pidof node MainThread >/dev/null');
      t.equal((await machine.run(`${short} mountroot ${verb}`)).status, 137, verb);
    }
    t.equal(
      await machine.output('cd /overlay && find . | sort && cat .mountroot/attempts'),
      before,
    );
    t.match(JSON.parse(await machine.output('mountroot status --json')), {
      persistent: true,
      pending: { import: false },
    });
    await machine.output('mountroot done && mountroot export >/tmp/all.tar');
    await machine.output('mountroot import /tmp/layer.tar');
    await machine.powerOff();
    const last = await again.bootToInit();
    t.equal(await last.output('cat /etc/new'), 'new\n');
    await last.powerOff();
  });
});
