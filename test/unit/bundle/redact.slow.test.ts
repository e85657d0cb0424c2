import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { isMark } from '../../../src/bundle/harmless.js';
import { Redactor } from '../../../src/bundle/redact.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { PLANTED } from '../../fixtures/planted-secrets.js';

const redactor = (): Redactor => new Redactor('salt');
const text = (from: string): string => redactor().text(from);
const read = (file: string): string =>
  readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

/** A text in each place of a board's data where it may stand. */
const everywhere = (it: string): string => {
  const r = redactor();
  const data = r.data({
    commandLine: `root=/dev/mtdblock2 ${it} vendor.x="${it}" ro`,
    args: ['/bin/sh', ...it.split(' ')],
    superOptions: it.split(','),
    name: it,
    mountpoint: `/mnt/${it}`,
    because: `it failed: ${it}`,
    paths: { [it]: 'file', [`/etc/${it}`]: 'missing' },
    settings: { volume: it, keep: [it], [it]: it },
    config: { CMDLINE: it, [it]: 'y' },
    vendor: { [it]: [it, { deep: it }] },
    value: it,
    [it]: 1,
  });
  return [
    JSON.stringify(data),
    r.text(it),
    r.text(`[ 1.0] mountroot: ${it}`),
    r.text(`Kernel command line: console=ttyS0 ${it}`),
    r.text(`Unknown kernel command line parameters "${it}", will be passed to user space.`),
    r.json(it),
    r.lines(`${it}\n${JSON.stringify({ type: 'end', error: it, x: it })}\n{"type":"en${it}`),
    r.json(JSON.stringify({ wifi: it, volume: it, [it]: it })),
  ].join('\n');
};

/** How a secret could stand in JSON, besides as it is. */
const forms = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    ...['base64', 'hex'].map((encoding) => bytes.toString(encoding as BufferEncoding)),
  ];
};

t.test(`none of ${PLANTED.length} planted texts keeps a secret, in any place`, async (t) => {
  t.ok(PLANTED.length >= 150);
  for (const { text: it, secrets } of PLANTED) {
    const out = everywhere(it);
    const kept = secrets.filter((secret) => forms(secret).some((form) => out.includes(form)));
    t.strictSame(kept, [], it);
  }
});

t.test('a secret that is split over lines is gone too', async (t) => {
  const secret = 'kQ7zPw92xmT4vB';
  for (let at = 1; at < secret.length; at++) {
    const out = text(`the key is ${secret.slice(0, at)}\n${secret.slice(at)} and no more`);
    for (const part of [secret.slice(0, at), secret.slice(at)])
      if (part.length > 3) t.notOk(out.includes(part), part);
  }
});

t.test('no random text of 8 characters or more is carried, in any place', async (t) => {
  const unit = fc.constantFrom(
    ...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/_-.%@:=!$&#',
  );
  const letters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
  const hex = fc.constantFrom(...'0123456789abcdef');
  // Not fc.string(), which also tries `constructor` and other words.
  const of = (character: fc.Arbitrary<string>, least = 8): fc.Arbitrary<string> =>
    fc
      .array(character, { minLength: least, maxLength: 64 })
      .map((characters) => characters.join('').replace(/\s/g, '~'));
  const random = fc
    .oneof(
      of(unit),
      of(letters),
      of(hex, 16),
      of(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })),
      fc
        .uint8Array({ minLength: 8, maxLength: 64 })
        .map((bytes) => Buffer.from(bytes).toString('base64')),
    )
    // `aaaaaaaa` and the like are tried too, and are no secrets.
    .filter((it) => new Set(it).size >= 5 && /\p{L}/u.test(it));
  const around = fc.constantFrom(
    (it: string) => it,
    (it: string) => `"${it}"`,
    (it: string) => `x=${it}`,
    (it: string) => `opening ${it} failed`,
    (it: string) => `<${it}>`,
    (it: string) => `(${it}),`,
    (it: string) => `/dev/${it}`,
    (it: string) => `root=${it}`,
    (it: string) => `mtdparts=${it}:1m(${it})`,
    (it: string) => `${it}=1`,
    (it: string) => `--${it} y`,
  );
  fc.assert(
    fc.property(random, around, (it, place) => {
      const out = everywhere(place(it));
      const found = forms(it).find((form) => out.includes(form));
      if (found !== undefined) throw new Error(`${JSON.stringify(found)} in ${out}`);
    }),
    // Some of many millions of texts look like names. The same ones are tried each time.
    { numRuns: 3000, seed: 1 },
  );
  t.pass('3000 texts');
});

t.test('what is on every board is carried', async (t) => {
  for (const it of [
    'root=/dev/mtdblock2 rootfstype=squashfs ro init=/etc/preinit panic=-1 console=ttyAMA0',
    'console=ttyS0,115200n8 loglevel=7',
    'mtdparts=40000000.flash:512k(u-boot),8192k(kernel),56832k(rootfs)ro,-(rootfs_data)',
    'mountroot.volume=mtd:rootfs_data mountroot.keep=/etc/dropbear,/etc/ssh rdinit=/init',
    'lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work',
    'size=116220k,nr_inodes=29055,mode=755',
    'gpio-keys gpio-keys: failed to register',
    'Key type dns_resolver registered',
    'jffs2: notice: (54) jffs2_build_xattr_subsystem: complete building xattr subsystem',
    'VFS: Cannot open root device "mtdblock9" or unknown-block(0,0): error -6',
    '0x000000080000-0x000000880000 : "kernel"',
    'Freeing unused kernel image (initmem) memory: 1024K',
    'mounting /dev/mtdblock3 on /tmp/overlay failed: EIO (input/output error)',
    'run `mount -o remount,rw /overlay`, then `mountroot reset --yes`',
    '1f02           56832 mtdblock2 ',
    'mmcblk0: p1 p2',
    '2026-11-20T14:02:17.123Z',
    '256 erase blocks of 256 KiB, 61.1 MiB free',
    'overlayfs:/overlay',
    'ubi0:rootfs',
    '',
  ])
    t.equal(text(it), it);
  t.match(
    text('Kernel command line: root=/dev/vda vendor.mode=fast quiet'),
    /^Kernel command line: root=\/dev\/vda vendor\.mode=‹4#\w{6}› quiet$/,
    'and the value of a parameter that is not known is not, whatever it is',
  );
});

t.test('names of what is withheld stay, so that it is known to be there', async (t) => {
  for (const [it, name] of [
    ['wifi.password=kQ7zPw92xm', 'wifi.password='],
    ['api_token: kQ7zPw92xm', 'api_token: '],
    ['--client-secret kQ7zPw92xm', '--client-secret '],
    ['https://hooks.example.com/kQ7zPw92xm', 'https://'],
    ['keep /etc/kQ7zPw92xm', 'keep /etc/'],
  ] as const)
    t.match(text(it), new RegExp(`^${name.replace(/[./]/g, '\\$&')}‹\\d+#[0-9a-f]{6}›$`), it);
});

t.test('equal texts have equal shapes in one bundle, and others in the next', async (t) => {
  const [first, second] = [new Redactor(), new Redactor()];
  const shape = first.text('kQ7zPw92xm');
  t.match(shape, /^‹10#[0-9a-f]{6}›$/);
  t.ok(isMark(shape));
  t.equal(first.text('kQ7zPw92xm'), shape);
  t.equal(first.data({ mtd: [{ name: 'kQ7zPw92xm' }] }).mtd[0]!.name, shape, 'also as data');
  t.not(first.text('kQ7zPw92xn'), shape);
  t.not(second.text('kQ7zPw92xm'), shape);
  t.equal(first.withheld, 4);
  t.equal(second.withheld, 1);
});

t.test('data keep their form', async (t) => {
  const withheld = redactor().data({
    because: 'start failed',
    password: 'Hunter2Blue',
    psk: ['Hunter2Blue', 1, true, null],
    secret: { deep: 'Hunter2Blue', number: 5, on: true },
    token: null,
    setting: { name: 'wifi_psk', value: 12345678 },
    args: ['--password', 'Hunter2Blue', '--port'],
    exit: 3,
  });
  const shape = /^‹\d+#[0-9a-f]{6}›$/;
  t.match(withheld, {
    because: 'start failed',
    password: shape,
    psk: [shape, shape, true, null],
    secret: { deep: shape, number: shape, on: true },
    token: null,
    setting: { value: shape },
    args: ['--password', shape, '--port'],
  });
  t.equal(redactor().data({ exit: 3, name: 'rootfs' }).exit, 3);
  const deep = JSON.parse(`${'['.repeat(5000)}"Hunter2Blue"${']'.repeat(5000)}`) as unknown;
  t.notMatch(JSON.stringify(redactor().data(deep)), /Hunter/, 'also where they are deep');
  t.equal(redactor().lines('{"type":"end","exit":0}\n\n'), '{"type":"end","exit":0}\n\n');
});

t.test("the emulated board's files lose next to nothing", async (t) => {
  for (const file of ['board/vexpress-a9/facts.json']) {
    const before = JSON.parse(read(file)) as unknown;
    t.strictSame(redactor().data(before), before, file);
  }
  const folder = new URL('../../fixtures/console/', import.meta.url);
  for (const name of readdirSync(folder).filter((each) => /(?<!junk)\.txt$/.test(each))) {
    const messages = (parseConsole(read(`test/fixtures/console/${name}`))[0]?.lines ?? []).map(
      (line) => line.text,
    );
    const r = redactor();
    const changed = messages.filter((message) => r.text(message) !== message);
    t.ok(changed.length <= 3 + messages.length / 20, `${name}: ${changed.join('\n')}`);
  }
  const facts = redactor().data(JSON.parse(read('test/fixtures/console/facts.json')) as unknown);
  t.doesNotThrow(() => parseFacts(JSON.stringify(facts), 'facts.json'));
});

t.test('a second redaction changes nothing, and no text takes long', async (t) => {
  const pieces = fc.constantFrom(
    ...['password', '=', ':', ' ', '"', '\\"', "'", 'x', '\n', '--token', '/', ',', '‹', '›', '#'],
    ...['kQ7zPw92xm', 'root=', '/dev/', 'Kernel command line: ', 'mtdparts=', '(', ')', '12', '@'],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const once = text(parts.join(''));
      const twice = text(once);
      if (twice.includes('kQ7zPw92xm') || once.includes('kQ7zPw92xm')) throw new Error(once);
    }),
    { numRuns: 2000 },
  );
  for (const { text: it } of PLANTED) {
    const once = text(`mounting ${it}`);
    t.notMatch(text(once), /‹\d+#[0-9a-f]{0,5}›/);
  }
  for (const unit of [
    'a',
    'a.',
    'password=',
    '"',
    "'",
    '=',
    ' ',
    'a:',
    '/',
    ',',
    '(',
    '-',
    '‹',
    '1 ',
  ])
    for (const form of ['text', 'json', 'lines'] as const) {
      const began = process.cpuUsage();
      redactor()[form](unit.repeat(Math.ceil(200_000 / unit.length)));
      redactor()[form](`${unit.repeat(Math.ceil(1000 / unit.length))}\n`.repeat(200));
      const spent = process.cpuUsage(began).user / 1000;
      t.ok(spent < 2500, `${JSON.stringify(unit)} takes ${spent.toFixed(0)} ms of processor time`);
    }
});

t.test('each plain word of our own reports is known', async (t) => {
  const unknown = new Set<string>();
  for (const folder of ['doctor', 'explain', 'report', 'help'])
    for (const name of readdirSync(new URL(`../../golden/${folder}/`, import.meta.url)))
      if (name.endsWith('.txt'))
        for (const [word] of read(`test/golden/${folder}/${name}`).matchAll(
          /(?<=^|\s)[A-Za-z]?[a-z]+(?=[.,:;]?(?:\s|$))/gm,
        ))
          if (text(word) !== word) unknown.add(word);
  t.strictSame([...unknown].sort(), [], 'src/bundle/our-words.ts has them');
});
