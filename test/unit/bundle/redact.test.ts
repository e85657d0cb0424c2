import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  isSecretName,
  LEFT_OUT,
  redactData,
  redactJson,
  redactLines,
  redactText,
} from '../../../src/bundle/redact.js';
import { parseFacts } from '../../../src/facts/validate.js';

const PEM =
  '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\nHUNTER2==\n' +
  '-----END OPENSSH PRIVATE KEY-----';

/** The text before, and after; HUNTER2 must be gone in any case. */
const TABLE: [string, string][] = [
  [
    'root=/dev/mtdblock2 wifi.password=HUNTER2 ro',
    'root=/dev/mtdblock2 wifi.password=[left-out] ro',
  ],
  ['root=x "wlan.psk=HUNTER2 with blanks" ro', 'root=x "wlan.psk=[left-out]" ro'],
  ['root=x wlan.psk="HUNTER2 with blanks" ro', 'root=x wlan.psk="[left-out]" ro'],
  ['wlan.psk=a"b HUNTER2"c ro', 'wlan.psk=[left-out] ro'],
  ['token=HUNTER2,HUNTER2;x ro', 'token=[left-out] ro'],
  ['api-token=HUNTER2', 'api-token=[left-out]'],
  ['apiToken=HUNTER2', 'apiToken=[left-out]'],
  ['rd.luks.key=HUNTER2 quiet', 'rd.luks.key=[left-out] quiet'],
  ['cryptkey=HUNTER2', 'cryptkey=[left-out]'],
  ['SECRET=HUNTER2', 'SECRET=[left-out]'],
  ['wpa_passphrase=HUNTER2', 'wpa_passphrase=[left-out]'],
  ['\tpsk="HUNTER2 \\" HUNTER2"', '\tpsk="[left-out]"'],
  ['\t#psk="HUNTER2"', '\t#psk="[left-out]"'],
  ['psk=4f5e6dHUNTER2', 'psk=[left-out]'],
  ['wep_key0=HUNTER2', 'wep_key0=[left-out]'],
  ['wep_key1="HUNTER2"', 'wep_key1="[left-out]"'],
  ['sae_password="HUNTER2|mac=ff:ff"', 'sae_password="[left-out]"'],
  ['private_key_passwd="HUNTER2"', 'private_key_passwd="[left-out]"'],
  ['PrivateKey = HUNTER2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'PrivateKey = [left-out]'],
  ['PresharedKey=HUNTER2=', 'PresharedKey=[left-out]'],
  ['{"password":"HUNTER2","volume":"x"}', '{"password":"[left-out]","volume":"x"}'],
  ['{"password": "HUNTER2', '{"password": "[left-out]'],
  ['{\\"password\\": \\"HUNTER2\\", \\"a\\": 1}', '{\\"password\\": \\"[left-out]\\", \\"a\\": 1}'],
  ["password: 'HUNTER2'", "password: '[left-out]'"],
  ['password: HUNTER2', 'password: [left-out]'],
  ['client_secret: HUNTER2', 'client_secret: [left-out]'],
  ['https://me:HUNTER2@host/x', 'https://[left-out]@host/x'],
  ['ftp://:HUNTER2@host', 'ftp://[left-out]@host'],
  ['Authorization: Bearer HUNTER2.abc', 'Authorization: [left-out] [left-out]'],
  ['sent Basic aHVudHVNTERVIyOg==', 'sent Basic [left-out]'],
  ['root:$6$saltsalt$HUNTER2HUNTER2:19000:', 'root:[left-out]:19000:'],
  ['$y$j9T$salt$HUNTER2HUNTER2', '[left-out]'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJIVU5URVIyIn0.HUNTER2', '[left-out]'],
  ['ghp_HUNTER2HUNTER2HUNTER2', '[left-out]'],
  ['AKIAHUNTER2HUNTER22X', '[left-out]'],
  ['prog --password HUNTER2 --port 22', 'prog --password [left-out] --port 22'],
  ['prog --token="HUNTER2 x"', 'prog --token="[left-out]"'],
  [`before\n${PEM}\nafter`, 'before\n[left-out]\nafter'],
  ['-----BEGIN RSA PRIVATE KEY-----\nHUNTER2\nno end', '[left-out]'],
  ['-----BEGIN EC PRIVATE KEY-----\nHUNTER2\n-----END EC PRIVATE KEY-----', '[left-out]'],
  [
    'PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nHUNTER2\nPrivate-MAC: HUNTER2',
    '[left-out]',
  ],
  [
    'Unknown kernel command line parameters "password=HUNTER2 foo=1", ' +
      'will be passed to user space.',
    'Unknown kernel command line parameters "password=[left-out]", will be passed to user space.',
  ],
  [
    'Unknown kernel command line parameters "foo=1 password=HUNTER2", will be passed',
    'Unknown kernel command line parameters "foo=1 password=[left-out]", will be passed',
  ],
  [
    '//nas/share /mnt cifs rw,username=me,password=HUNTER2,uid=0',
    '//nas/share /mnt cifs rw,username=me,password=[left-out]',
  ],
  [
    'options: password=HUNTER2 x="password=HUNTER2" a:token:HUNTER2',
    'options: password=[left-out] x="password=[left-out]" a:token:[left-out]',
  ],
  [
    '-x --password HUNTER2 -y "--token HUNTER2"',
    '-x --password [left-out] -y "--token [left-out]"',
  ],
  ['--passphrase -HUNTER2', '--passphrase [left-out]'],
  [
    'ro adminpwd=HUNTER2 root_pw=HUNTER2 rootpw=HUNTER2',
    'ro adminpwd=[left-out] root_pw=[left-out] rootpw=[left-out]',
  ],
  [
    'wpa2psk=HUNTER2 MYPASS=HUNTER2 my.wpa2key=HUNTER2',
    'wpa2psk=[left-out] MYPASS=[left-out] my.wpa2key=[left-out]',
  ],
  ['wpa_supplicant: wpa_key: HUNTER2', 'wpa_supplicant: wpa_key: [left-out]'],
  ['secret-key: HUNTER2', 'secret-key: [left-out]'],
  ['ftp_pass: HUNTER2', 'ftp_pass: [left-out]'],
  ['private_key: HUNTER2', 'private_key: [left-out]'],
  ['snmp_community=HUNTER2', 'snmp_community=[left-out]'],
];

t.test('secrets are removed, by the name before them or by their form', async (t) => {
  for (const [before, after] of TABLE) t.equal(redactText(before), after);
  t.notMatch(redactText(TABLE.map(([before]) => before).join('\n')), /HUNTER2/);
});

t.test('text that only resembles a secret stays', async (t) => {
  for (const text of [
    'root=/dev/mtdblock2 rootfstype=squashfs ro mtdparts=40000000.flash:512k(u-boot),8192k(kernel)',
    'mountroot.volume=mtd:rootfs_data mountroot.keep=/etc/dropbear,/etc/ssh',
    'gpio-keys gpio-keys: failed to register',
    'gpio-keys: probe failed',
    'Key type dns_resolver registered',
    'keep=/etc/wireguard/private.key',
    'monkey=1 donkey=2',
    'passive=1',
    'bypass=1',
    'compass: found',
    'iio.lowpass=3',
    'highpass=4',
    'matrix-keys: probe failed',
    'usb pass: 1',
    'cookie: x',
    'tokenring=1',
    'pinctrl: x',
    'gpio.pin=3',
    'keyboard=us',
    'keymap=de',
    'sysrq_always_enabled',
    'jffs2: notice: (54) jffs2_build_xattr_subsystem: complete',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@board',
    'https://host:8080/x',
    'step 2/23 count: done',
    '$1 $6 cost',
    'author=me',
    'CONFIG_KEYS=y'.replace('=y', ' is set'),
    '--port 22',
  ])
    t.equal(redactText(text), text);
});

t.test('names of secrets and other names are distinguished', async (t) => {
  for (const name of [
    'password',
    'Password',
    'wifi-password',
    'wpa_psk',
    'PSK',
    'apiKey',
    'API_KEY',
    'api.key',
    'wep_key3',
    'token',
    'auth_token',
    'rootpw_hash'.replace('rootpw', 'passwd'),
    'privateKey',
    'private-key',
    'clientSecret',
    'sshKey',
    'adminpwd',
    'ADMINPWD',
    'root_pw',
    'rootpw',
    'wpa2psk',
    'MYPASS',
    'mypass2',
    'wifiPass',
    'authtoken',
  ])
    t.ok(isSecretName(name), name);
  for (const name of [
    'volume',
    'keep',
    'wait',
    'journal',
    'keyboard',
    'monkey',
    'passive',
    'tokenize',
    'secretary',
    'pin',
    'identity',
    'schema',
    'because',
    'bypass',
    'compass',
    'bandpass',
    'hotkey',
    'tcp_syncookies',
    'tokenring',
    'path',
    'wpa',
  ])
    t.notOk(isSecretName(name), name);
});

t.test('data keep their form', async (t) => {
  t.strictSame(
    redactData({
      a: 'password=HUNTER2 x',
      password: 'HUNTER2',
      psk: ['HUNTER2', 1],
      secret: { deep: 'HUNTER2', n: 5, b: true },
      token: null,
      key: 'y',
      args: ['--password', 'HUNTER2', '--port', '22', '--token=HUNTER2'],
      list: [{ pwd: 'HUNTER2' }],
    }),
    {
      a: `password=${LEFT_OUT} x`,
      password: LEFT_OUT,
      psk: [LEFT_OUT, 0],
      secret: { deep: LEFT_OUT, n: 0, b: true },
      token: null,
      key: 'y',
      args: ['--password', LEFT_OUT, '--port', '22', `--token=${LEFT_OUT}`],
      list: [{ pwd: LEFT_OUT }],
    },
  );
  t.equal(
    redactJson('{"wifi":{"psk":"HUNTER2"}}'),
    `{\n  "wifi": {\n    "psk": "${LEFT_OUT}"\n  }\n}\n`,
  );
  t.equal(
    redactJson('{"psk": "HUNTER2", oops'),
    `{"psk": "${LEFT_OUT}", oops`,
    'also where it is no JSON',
  );
  t.equal(
    redactLines('{"a":"token=HUNTER2"}\n{"password":"HUNTER2\nplain password=HUNTER2\n'),
    `{"a":"token=${LEFT_OUT}"}\n{"password":"${LEFT_OUT}\nplain password=${LEFT_OUT}\n`,
  );
});

t.test("a board's facts have no secrets, and stay unchanged", async (t) => {
  for (const file of ['board/vexpress-a9/facts.json', 'test/fixtures/console/facts.json']) {
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
    t.strictSame(redactData(JSON.parse(text)), JSON.parse(text), file);
    t.doesNotThrow(() => parseFacts(JSON.stringify(redactData(JSON.parse(text))), file));
  }
  const consoles = new URL('../../fixtures/console/', import.meta.url);
  for (const name of readdirSync(consoles).filter((each) => each.endsWith('.txt'))) {
    const text = readFileSync(new URL(name, consoles), 'utf8');
    t.equal(redactText(text), text, name);
  }
});

t.test('a secret after a secret name is always removed, in any text', async (t) => {
  const name = fc.constantFrom(
    'password',
    'wifi.psk',
    'api_token',
    'WEP_KEY0',
    'client-secret',
    'passwd',
  );
  const secret = fc
    .string({ unit: fc.constantFrom(...'abcXYZ019,;:/.!%&@#+-_=|{}[]()<>$`*?^~'), maxLength: 12 })
    .map((text) => `HUNTER2${text}`);
  const around = fc.string({ unit: 'grapheme', maxLength: 20 });
  fc.assert(
    fc.property(
      fc.record({
        key: name,
        value: secret,
        before: around,
        after: around,
        between: fc.constantFrom('=', ': ', ' = '),
        quote: fc.constantFrom('', '"', "'"),
      }),
      ({ key, value, before, after, between, quote }) => {
        const text = `${before} ${key}${between}${quote}${value}${quote} ${after}`;
        if (redactText(text).includes('HUNTER2')) throw new Error(JSON.stringify(text));
        if (
          JSON.stringify(redactData({ text, [key]: value, deep: [{ [key]: [value] }] })).includes(
            'HUNTER2',
          )
        )
          throw new Error('in data');
        if (redactText(JSON.stringify({ [key]: value, text: 1 })).includes('HUNTER2'))
          throw new Error('in JSON as text');
      },
    ),
    { numRuns: 3000 },
  );
  t.pass('3000 texts');
});

t.test('a second redaction changes nothing, and no text takes long', async (t) => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          'password',
          '=',
          ':',
          ' ',
          '"',
          '\\"',
          "'",
          'x',
          '\n',
          '-----BEGIN A PRIVATE KEY-----',
          '--token',
          '$6$',
          '://',
          '@',
          'eyJ',
          '.',
          ',',
        ),
        maxLength: 40,
      }),
      (text) => {
        const once = redactText(text);
        if (redactText(once) !== once)
          throw new Error(JSON.stringify([text, once, redactText(once)]));
      },
    ),
    { numRuns: 3000 },
  );
  for (const unit of [
    'a',
    'a.',
    'password',
    'password=',
    '"',
    '\\"',
    "'",
    'eyJ-',
    'a://',
    '--a ',
    '-----BEGIN A PRIVATE KEY-----',
    '$6$aaaaaaaa',
    'Basic ',
    '=',
    ' ',
    'a:',
  ]) {
    const began = process.cpuUsage();
    redactText(unit.repeat(Math.ceil(200_000 / unit.length)));
    const spent = process.cpuUsage(began).user / 1000;
    t.ok(spent < 2500, `${JSON.stringify(unit)} takes ${spent.toFixed(0)} ms of processor time`);
  }
});
