/**
 * Texts: messages of the kernel and of our own, command lines, mount options, paths. A text is
 * split at blanks, and each piece is carried if it is harmless, else its shape.
 */
import { isHarmless, isHarmlessName, isMark, isRow, isThin } from './harmless.js';
import { isKernelParameter } from './kernel-parameters.js';
import { AROUND, PUNCTUATION, rowsOfThin } from './pieces.js';
import {
  announcesSecret,
  isOnlySecretName,
  isPartOfSecretName,
  namesSecret,
} from './secret-words.js';
import type { Shapes } from './shapes.js';

/** A longer line or piece is withheld as a whole. */
const LONGEST_LINE = 16_384;
const LONGEST_PIECE = 2048;

const PAIR = /^([-\w.]{1,80})=(.*)$/s;
/** A number in the value of a parameter of the kernel. */
const NUMBER = /^(?:\d{1,10}[kKmMgG]?|0x[\da-fA-F]{1,10})$/;
/** A device by its number, as in root=1f02. */
const DEVICE_NUMBER = /^[\da-f]{3,4}$/;
/** `option key VALUE` of OpenWrt's configuration. */
const SETTING_OF_UCI = /^\s*(?:option|list|set)\s/;
const KNOWN_SCHEME =
  /^(?:https?|ftps?|ssh|git|nfs|smb|cifs|mqtts?|wss?|ldaps?|tftp|rtsp|redis|postgres|mysql|file):/i;
/** What names a volume or a source by its kind. */
const BY_KIND = /^(mtd|ubi\d{0,2}|overlayfs|PARTUUID|PARTLABEL|LABEL|UUID)([:=])(.+)$/s;
const URL = /^([a-z][a-z0-9+.-]{1,15}:\/\/)(.+)$/is;
/** A kernel's release: its version, and what its builder put behind. */
const RELEASE = /^(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?)([-+][\w.+-]+)$/;
const FLAG = /^(--?)([A-Za-z][\w-]*)(?:=(.*))?$/s;

/** Messages that hold a whole command line: the text before it, the line, the text behind it. */
const WITH_COMMAND_LINE: readonly RegExp[] = [
  /^((?:.{0,40} )?Kernel command line: ?)(.*)()$/s,
  /^((?:.{0,40} )?Unknown kernel command line parameters ")(.*)(", will be passed to user space\.?)$/s,
];

/** A line of the kernel's list of partitions: number, size, name. */
const PARTITION = /^((?:[0-9a-f]{4}|[0-9a-f]{3}:[0-9a-f]{5}) +\d{1,12} )(.*)$/s;

/** The words of a command line have no rows. A level of init is one digit or S. */
const isThinArgument = (word: string): boolean => isThin(word) && !/^[\dsS]$/.test(word);

/** What a piece of a line became, and what it means for those after it. */
interface Piece {
  out: string;
  /** The rest of the line is withheld. */
  secretFollows?: boolean;
  /** It is withheld if the next piece is a delimiter or begins with a quote. */
  isName?: boolean;
}

/** The words of a command line: blanks in double quotes belong to a word. */
const WORD = /(?:"[^"]*"?|[^\s"])+/g;

const unquoted = (value: string): string => value.replaceAll('"', '');

export class TextRedactor {
  constructor(private readonly shapes: Shapes) {}

  text(text: string): string {
    return text.includes('\n')
      ? text
          .split('\n')
          .map((line) => this.#line(line))
          .join('\n')
      : this.#line(text);
  }

  /** The name of a value: its known words, and the shapes of others. */
  name(name: string): string {
    if (name.length > 80 || name.replace(/\D/g, '').length > 6) return this.shapes.of(name);
    return name
      .split(/(?<=[-_.+])|(?=[-_.+])/)
      .map((part) => (/^[-_.+]$/.test(part) || isKnownName(part) ? part : this.shapes.of(part)))
      .join('');
  }

  commandLine(text: string): string {
    if (text.length > LONGEST_LINE) return this.shapes.of(text);
    const [words = '', ...init] = text.split(/(?<=^|\s)--(?=\s|$)/);
    const kernel = words.replace(WORD, (word) => this.#parameter(word));
    if (init.length === 0) return kernel;
    return `${kernel}--${init.join('--').replace(WORD, (word) => this.argument(word))}`;
  }

  /** One parameter of the kernel, perhaps in quotes. */
  #parameter(word: string): string {
    const parts = /^("?)([^="]*)(?:=(.*?))?("?)$/s.exec(word);
    if (parts === null) return this.shapes.of(word);
    const [, open = '', name = '', value, close = ''] = parts;
    if (value === undefined)
      return isKernelParameter(name) ? word : `${open}${this.name(name)}${close}`;
    // A quote without its partner belongs to the value.
    const [bare, end] = open === '' ? [`${value}${close}`, ''] : [value, close];
    if (!isKernelParameter(name))
      return `${open}${this.name(name)}=${this.shapes.of(unquoted(bare))}${end}`;
    return `${open}${name}=${this.#value(unquoted(bare))}${end}`;
  }

  /** The value of a known parameter: names, numbers and paths with delimiters. */
  #value(value: string): string {
    if (DEVICE_NUMBER.test(value)) return value;
    const parts = value.split(/([,:;()=@]+)/);
    const thin = parts.filter((part, at) => at % 2 === 0 && part !== '' && isThin(part));
    const digits = thin.join('').replace(/\D/g, '').length;
    if (value.length > 2 * LONGEST_PIECE || thin.length > 6 || digits > 24)
      return this.shapes.of(value);
    return parts
      .map((part, at) => (at % 2 === 1 || NUMBER.test(part) ? part : this.#word(part)))
      .join('');
  }

  /** One word that a program gets: a flag, a path, a known word, or its shape. */
  argument(word: string): string {
    const [, dashes, name, value] = FLAG.exec(word) ?? [];
    if (dashes === undefined) return isThinArgument(word) ? this.shapes.of(word) : this.#word(word);
    const given = value === undefined ? '' : `=${this.shapes.of(value)}`;
    return `${dashes}${this.#flag(dashes, name!)}${given}`;
  }

  #flag(dashes: string, name: string): string {
    if (dashes === '--') return this.name(name);
    // The value may stand behind the letter: -pVALUE.
    return name.length === 1 || isHarmless(name) ? name : this.shapes.of(name);
  }

  #line(line: string): string {
    if (line.length > LONGEST_LINE) return this.shapes.of(line);
    for (const form of WITH_COMMAND_LINE) {
      const [, before, words, behind] = form.exec(line) ?? [];
      if (words !== undefined)
        return `${this.#words(before!)}${this.commandLine(words)}${behind ?? ''}`;
    }
    const [, partition = '', rest = line] = PARTITION.exec(line) ?? [];
    return `${partition}${this.#words(rest)}`;
  }

  #words(line: string): string {
    // Every second part is blanks.
    const parts = line.split(/([ \t]+)/);
    const rows = rowsOfThin(parts);
    const ofUci = SETTING_OF_UCI.test(line);
    let afterName = false;
    for (let at = 0; at < parts.length; at += 2) {
      if (parts[at] === '') continue;
      const { out, secretFollows, isName }: Piece = rows.has(at)
        ? { out: this.shapes.of(parts[at]!) }
        : this.#piece(parts[at]!, afterName);
      parts[at] = out;
      afterName = isName === true;
      if (secretFollows === true || (ofUci && afterName))
        return parts.slice(0, at + 2).join('') + this.#rest(parts.slice(at + 2).join(''));
    }
    return parts.join('');
  }

  /** What stands behind a word that announces a secret. Shapes in it stay. */
  #rest(rest: string): string {
    return rest.split(/[ \t]+/).every((part) => part === '' || isMark(part))
      ? rest
      : this.shapes.of(rest);
  }

  #piece(part: string, afterName: boolean): Piece {
    if (part.length > LONGEST_PIECE) return { out: this.shapes.of(part) };
    if (isMark(part)) return { out: part };
    if (PUNCTUATION.test(part)) return { out: part, secretFollows: afterName && /[:=]/.test(part) };
    const [, lead, core, tail] = AROUND.exec(part) as unknown as [string, string, string, string];
    if (afterName && /["'`]/.test(lead)) return { out: this.shapes.of(part), secretFollows: true };
    const name = /^(?:.*[/\\])?-{0,2}([-\w.]+)=?$/s.exec(core)?.[1] ?? null;
    const out = `${lead}${FLAG.test(core) ? this.argument(core) : this.#word(core)}${tail}`;
    return { out, ...this.#announces(core, name, tail) };
  }

  /** What a piece says about those after it. */
  #announces(core: string, name: string | null, tail: string): Omit<Piece, 'out'> {
    // A name in another alphabet may mean anything.
    if (name === null)
      return {
        secretFollows: /[^\x00-\x7f]/.test(core) && /\p{L}/u.test(core.replace(/[\x00-\x7f]/g, '')),
      };
    const value = /[:=]/.test(tail) || core.endsWith('=') || core.startsWith('--');
    return {
      secretFollows:
        announcesSecret(name) ||
        (value && namesSecret(name) && (core.endsWith('=') || isOnlySecretName(name))),
      isName: namesSecret(name),
    };
  }

  /** A word without the punctuation around it. */
  #word(word: string): string {
    if (isHarmless(word) || isMark(word) || isPartOfSecretName(word)) return word;
    const url = URL.exec(word);
    if (url !== null) return `${this.#scheme(url[1]!)}${this.shapes.of(url[2]!)}`;
    const [, kind, delimiter, named] = BY_KIND.exec(word) ?? [];
    if (kind !== undefined) return `${kind}${delimiter}${this.#word(named!)}`;
    const [, name, value] = PAIR.exec(word) ?? [];
    if (name !== undefined) return this.#pair(name, value!);
    if (word.includes(',')) return this.#list(word);
    const [, version, behind] = RELEASE.exec(word) ?? [];
    if (version !== undefined) return `${version}${this.name(behind!)}`;
    return /^\.{0,2}\//.test(word) ? this.#path(word) : this.shapes.of(word);
  }

  #scheme(scheme: string): string {
    return KNOWN_SCHEME.test(scheme) ? scheme : this.shapes.of(scheme);
  }

  #pair(name: string, value: string): string {
    if (isKernelParameter(name) && !/["']/.test(value)) return `${name}=${this.#value(value)}`;
    const shown = this.name(name);
    const harmless = shown === name && !namesSecret(name) && !/["']/.test(value);
    return `${shown}=${harmless ? this.#word(value) : this.shapes.of(value)}`;
  }

  #list(word: string): string {
    const parts = word.split(',');
    return isRow(parts.filter(isThin))
      ? this.shapes.of(word)
      : parts.map((part) => this.#word(part)).join(',');
  }

  /** A path keeps those of its parts that are known. */
  #path(path: string): string {
    const parts = path.split('/');
    if (isRow(parts.filter((part) => part !== '' && isThin(part)))) return this.shapes.of(path);
    return parts
      .map((part) => (isHarmless(part) || isPartOfSecretName(part) ? part : this.shapes.of(part)))
      .join('/');
  }
}

function isKnownName(part: string): boolean {
  const words = /^[A-Za-z][a-z]*(?:[A-Z][a-z]+)+\d?$/.test(part) ? part.split(/(?=[A-Z])/) : [part];
  return words.every((word) => isHarmlessName(word) || isPartOfSecretName(word));
}
