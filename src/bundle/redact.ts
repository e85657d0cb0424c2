/**
 * Takes secrets out of texts that are sent to others. A secret is found by the name before it, or
 * by a form that only secrets have. A secret without either stays, so only our own files and the
 * kernel's messages go through here.
 */

/** One word, because a command line must keep its words. */
export const LEFT_OUT = '[left-out]';

const oneOf = (...words: string[]): string => `(?:${words.join('|')})`;

/** A key of one of these is secret: `wep_key0`, `PrivateKey`. */
const KEY_OF = oneOf(
  ...['(?:wep|wpa)\\d?', 'sae', 'api', 'crypt', 'luks', 'private', 'priv', 'secret', 'access'],
  ...['shared', 'ssh', 'host', 'auth', 'encryption', 'signing', 'master', 'session', 'wg'],
  ...['wireguard', 'tls', 'ssl', 'client', 'aes', 'hmac', 'mac', 'license', 'product', 'app'],
  ...['account', 'storage', 'subscription'],
);

/** The `pass` or `pw` of one of these is secret: `root_pw`. */
const PASS_OF = oneOf(
  ...['sae', 'eap', 'ppp', 'http', 'ftp', 'smb', 'cifs', 'iscsi', 'snmp', 'vpn', 'mqtt', 'root'],
  ...['admin', 'user', 'wifi', 'wlan', 'bios', 'grub', 'db', 'login', 'my'],
);

/** Whole words at the end of a name whose value is secret: `api_token`, `sim_pin`. */
const SECRET = [
  'puk',
  'otp',
  'pw',
  'creds?',
  'bearer',
  'authorization',
  '(?:sim|wps|card)_?pin',
  `${KEY_OF}_?keys?`,
  `${PASS_OF}_?(?:pass|pw)`,
  '(?:smb|cifs|snmp)_?community',
  'passkeys?',
].join('|');

/** English words that end in `pass`: `bypass`, `compass`, and names of filters. */
const NO_PASS = oneOf(
  ...['com', 'by', 'tres', 'sur', 'over', 'under', 'low', 'high', 'band', 'all', 'single', 'multi'],
);

/** Ends of a name that are secret after any beginning: `adminpwd`, `wpa2psk`, `MYPASS`. */
const ANYWHERE = [
  'passwd',
  'passwort',
  'pass_?words?',
  'pass_?phrase',
  'pwd',
  'psks?',
  'pre_?shared_?keys?',
  'secrets?',
  'credentials?',
  'tokens?',
  `(?<=[a-z\\d])(?<!${NO_PASS})pass`,
].join('|');

/**
 * Before a colon these may be a driver's name (`gpio-keys: probe failed`), so there they count only
 * in quotes.
 */
const DRIVERS = 'pass|cookies?|keys?';

/** Matches a name that ends in one of the words; a number or a kind of value may follow. */
const named = (words: string, anywhere: string): RegExp =>
  new RegExp(
    `(?:(?:^|[._-])(?:${words})|(?:${anywhere}))` +
      '(?:[._-]?\\d{1,3})?(?:[._-](?:value|hash|text|hex|b64|base64))?$',
    'i',
  );
const NAME = named(`${SECRET}|${DRIVERS}`, ANYWHERE);
const NAME_OF_NO_DRIVER = named(SECRET, ANYWHERE);

/** `privateKey`, `PrivateKey` and `private-key` are one name. */
const plain = (name: string): string =>
  name.replace(/([a-z\d])([A-Z])/g, '$1_$2').replaceAll('-', '_');

export const isSecretName = (name: string): boolean => NAME.test(plain(name.trim()));

/** Forms that only secrets have, and their replacements. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  // A private key of any kind (RFC 7468), even if its end is missing.
  [
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$(?![\s\S]))/g,
    LEFT_OUT,
  ],
  [/PuTTY-User-Key-File-\d:[\s\S]*?(?:Private-MAC: \S+|$(?![\s\S]))/g, LEFT_OUT],
  // A password in a URL (RFC 3986, section 3.2.1).
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:]{0,256}:[^\s/@]{0,1024}@/gi, `$1${LEFT_OUT}@`],
  [/\b(Basic|Bearer|Digest) +(?!\[)[A-Za-z0-9+/._~=-]{8,}/g, `$1 ${LEFT_OUT}`],
  // A hash of crypt(5): the password can be found by trying.
  [/\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|argon2(?:id|i|d))\$[./A-Za-z0-9$,=+-]{8,}/g, LEFT_OUT],
  // JSON Web Tokens (RFC 7519), and tokens whose makers give them a prefix.
  [/\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]*/g, LEFT_OUT],
  [
    /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{15,}|xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|sk_(?:live|test)_\w{16,}|npm_[A-Za-z0-9]{30,})/g,
    LEFT_OUT,
  ],
];

/**
 * A value: in quotes, in the escaped quotes of JSON in a text, or a word that may have quoted
 * parts. A quote without an end reaches to the end of its line. It may take too much, because a
 * comma can be the end of a password or a part of it.
 */
const VALUE =
  /\\"(?:(?!\\")[^\n])*(?:\\"|$)|"(?:[^"\\\n]|\\.)*(?:"|$)|'[^'\n]*(?:'|$)|[^\s"'](?:[^\s"']|"[^"\n]*"|'[^'\n]*')*/my;
const REST_OF_QUOTED = { '"': /[^"\n]+/y, "'": /[^'\n]+/y } as const;

/**
 * The heads of values: `name=` and `"name":`, `--name `, and `"name=`, because the kernel also
 * takes `"name=value with blanks"`.
 */
const PAIR = /((?:\\?["'])?)([A-Za-z][\w.-]{0,80})\1([ \t]{0,4}[=:][ \t]{0,4})/g;
const FLAG = /(?<=^|[\s"'])(--?)([A-Za-z][\w.-]{0,60})([ \t]+)(?!--)/gm;
const QUOTED = /(["'])([A-Za-z][\w.-]{0,80})(=)/g;

/**
 * Goes from head to head, and takes the values of secret ones out. The value of another head is
 * searched for heads again, because it may hold a secret.
 */
function withoutValues(
  text: string,
  head: RegExp,
  isSecret: (match: RegExpExecArray) => boolean,
  valueAfter: (match: RegExpExecArray) => RegExp,
): string {
  let out = '';
  let copied = 0;
  head.lastIndex = 0;
  for (let match; (match = head.exec(text)) !== null;) {
    if (!isSecret(match)) continue;
    const form = valueAfter(match);
    const from = (form.lastIndex = match.index + match[0].length);
    const value = form.exec(text)?.[0] ?? '';
    if (value !== '' && !isLeftOut(value)) {
      out += text.slice(copied, from) + leftOut(value);
      copied = from + value.length;
    }
    head.lastIndex = from + value.length;
  }
  return out + text.slice(copied);
}

/** Keeps the quotes, so that JSON stays JSON. */
function leftOut(value: string): string {
  const quote = /^(?:\\"|"|')/.exec(value)?.[0];
  if (quote === undefined) return LEFT_OUT;
  return `${quote}${LEFT_OUT}${value.length > quote.length && value.endsWith(quote) ? quote : ''}`;
}

const isLeftOut = (value: string): boolean => value.replace(/^(?:\\"|"|')/, '').startsWith('[left');

/** A text without its secrets. */
export function redactText(text: string): string {
  let out = text;
  for (const [form, instead] of FORMS) out = out.replace(form, instead);
  out = withoutValues(
    out,
    QUOTED,
    ([, , name]) => isSecretName(name!),
    ([, quote]) => REST_OF_QUOTED[quote as '"' | "'"],
  );
  out = withoutValues(
    out,
    PAIR,
    ([, quote, name, between]) =>
      quote === '' && between!.includes(':')
        ? NAME_OF_NO_DRIVER.test(plain(name!))
        : isSecretName(name!),
    () => VALUE,
  );
  return withoutValues(
    out,
    FLAG,
    ([, , name]) => isSecretName(name!),
    () => VALUE,
  );
}

/** A flag of a program whose next word is its value. */
const isSecretFlag = (word: unknown): boolean =>
  typeof word === 'string' &&
  /^--?[A-Za-z]/.test(word) &&
  !word.includes('=') &&
  isSecretName(word.replace(/^--?/, ''));

/** Data without its secrets, in the same form: a secret text stays a text. */
export function redactData<T>(value: T): T {
  return redacted(value) as T;
}

function redacted(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value))
    return value.map((each, index) =>
      typeof each === 'string' && isSecretFlag(value[index - 1]) ? LEFT_OUT : redacted(each),
    );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      isSecretName(name) ? withoutValue(each) : redacted(each),
    ]),
  );
}

/** Options of the kernel have names like secrets, but their values y, m and n are none. */
function withoutValue(value: unknown): unknown {
  if (typeof value === 'string') return value === '' || /^[ymn]$/.test(value) ? value : LEFT_OUT;
  if (Array.isArray(value)) return value.map(withoutValue);
  if (typeof value === 'number') return 0;
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutValue(each)]))
    : value;
}

/**
 * NDJSON without its secrets. Each line is read as data, so that no escape in it hides a secret; a
 * line that is not JSON is treated as text.
 */
export const redactLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      try {
        return line.startsWith('{') || line.startsWith('[')
          ? JSON.stringify(redactData(JSON.parse(line)))
          : redactText(line);
      } catch {
        return redactText(line);
      }
    })
    .join('\n');

/** A JSON file without its secrets. If it is not JSON it is treated as text. */
export function redactJson(text: string): string {
  try {
    return `${JSON.stringify(redactData(JSON.parse(text)), null, 2)}\n`;
  } catch {
    return redactText(text);
  }
}
