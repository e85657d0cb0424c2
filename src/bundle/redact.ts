/**
 * Takes secrets out of what is sent to others. By the name before a value, or by a form that only
 * secrets have: what is nameless and looks like anything else stays, so only files of our own and
 * the kernel's words go through here at all.
 */

/** Without a blank: on a command line it is to be one word. */
export const LEFT_OUT = '[left-out]';

/**
 * Whole words at the end of names whose value is secret: `wep_key0`, `apiToken`, `PrivateKey`,
 * `root_pw`.
 */
const SECRET = [
  'puk',
  'otp',
  'pw',
  'creds?',
  'bearer',
  'authorization',
  '(?:sim|wps|card)_?pin',
  '(?:(?:wep|wpa)\\d?|sae|api|crypt|luks|private|priv|secret|access|shared|ssh|host|auth|encryption|signing|master|session|wg|wireguard|tls|ssl|client|aes|hmac|mac|license|product|app|account|storage|subscription)_?keys?',
  '(?:sae|eap|ppp|http|ftp|smb|cifs|iscsi|snmp|vpn|mqtt|root|admin|user|wifi|wlan|bios|grub|db|login|my)_?(?:pass|pw)',
  '(?:smb|cifs|snmp)_?community',
  'passkeys?',
].join('|');
/**
 * Those that are none but secrets, whatever stands before them, and be it without a sign between:
 * `adminpwd`, `wpa2psk`, `MYPASS`; but for filters, and what goes past something.
 */
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
  '(?<=[a-z\\d])(?<!com|by|tres|sur|over|under|low|high|band|all|single|multi)pass',
].join('|');
/**
 * Names that also begin a message of some driver (`gpio-keys: probe failed`): before a colon they
 * count only between quotes.
 */
const DRIVERS = 'pass|cookies?|keys?';
/** What may stand before that in a name, and a number behind it. */
const named = (words: string, anywhere: string): RegExp =>
  new RegExp(
    `(?:(?:^|[._-])(?:${words})|(?:${anywhere}))(?:[._-]?\\d{1,3})?(?:[._-](?:value|hash|text|hex|b64|base64))?$`,
    'i',
  );
const NAME = named(`${SECRET}|${DRIVERS}`, ANYWHERE);
const NAME_OF_NO_DRIVER = named(SECRET, ANYWHERE);

/** `privateKey`, `PrivateKey` and `private-key` are one name. */
const plain = (name: string): string =>
  name.replace(/([a-z\d])([A-Z])/g, '$1_$2').replaceAll('-', '_');

export const isSecretName = (name: string): boolean => NAME.test(plain(name.trim()));

/** What is secret by its form. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  // A private key of any kind, also one whose end is missing (RFC 7468).
  [
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$(?![\s\S]))/g,
    LEFT_OUT,
  ],
  [/PuTTY-User-Key-File-\d:[\s\S]*?(?:Private-MAC: \S+|$(?![\s\S]))/g, LEFT_OUT],
  // A user's password in an address.
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:]{0,256}:[^\s/@]{0,1024}@/gi, `$1${LEFT_OUT}@`],
  [/\b(Basic|Bearer|Digest) +(?!\[)[A-Za-z0-9+/._~=-]{8,}/g, `$1 ${LEFT_OUT}`],
  // crypt(5): a password's hash can be tried out.
  [/\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|argon2(?:id|i|d))\$[./A-Za-z0-9$,=+-]{8,}/g, LEFT_OUT],
  // JSON Web Tokens, and the tokens of those who mark theirs.
  [/\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]*/g, LEFT_OUT],
  [
    /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{15,}|xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|sk_(?:live|test)_\w{16,}|npm_[A-Za-z0-9]{30,})/g,
    LEFT_OUT,
  ],
];

/**
 * A value: between quotes, also such as JSON in a text has, or a word with what is quoted in it;
 * one that begins with a quote and has no end goes on to the end of its line. More than the value
 * may go, for a comma can be part of a password as well as its end.
 */
const VALUE =
  /\\"(?:(?!\\")[^\n])*(?:\\"|$)|"(?:[^"\\\n]|\\.)*(?:"|$)|'[^'\n]*(?:'|$)|[^\s"'](?:[^\s"']|"[^"\n]*"|'[^'\n]*')*/my;
const REST_OF_QUOTED = { '"': /[^"\n]+/y, "'": /[^'\n]+/y } as const;

/**
 * What stands before a value: `name=`, `"name":`, `--name `, and `"name=value with blanks"`, which
 * the kernel takes too.
 */
const PAIR = /((?:\\?["'])?)([A-Za-z][\w.-]{0,80})\1([ \t]{0,4}[=:][ \t]{0,4})/g;
const FLAG = /(?<=^|[\s"'])(--?)([A-Za-z][\w.-]{0,60})([ \t]+)(?!--)/gm;
const QUOTED = /(["'])([A-Za-z][\w.-]{0,80})(=)/g;

/**
 * Goes from one such beginning to the next, and takes the value out behind those that are secret:
 * what stands behind another one may hold a secret again.
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

/** Keeps the quotes, so that what was JSON stays it. */
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

/** Data without its secrets, of the same form: a secret text stays a text. */
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

/** A kernel's configuration says y, m and n of what has a secret's name, and that is none. */
function withoutValue(value: unknown): unknown {
  if (typeof value === 'string') return value === '' || /^[ymn]$/.test(value) ? value : LEFT_OUT;
  if (Array.isArray(value)) return value.map(withoutValue);
  if (typeof value === 'number') return 0;
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutValue(each)]))
    : value;
}

/**
 * NDJSON or JSON as data where it is that, so that no secret hides in how it is written; a line
 * that is none as text.
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

/** A file that should be JSON; one that is not stays legible, without its secrets. */
export function redactJson(text: string): string {
  try {
    return `${JSON.stringify(redactData(JSON.parse(text)), null, 2)}\n`;
  } catch {
    return redactText(text);
  }
}
