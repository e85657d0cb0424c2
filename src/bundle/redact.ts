/**
 * What a bundle says about a board, without its secrets. A bundle carries what is known to be
 * harmless, and of the rest the shape (src/bundle/shapes.ts).
 */
import { JSON_LIMITS } from '../text/input-limits.js';
import { readJson } from '../text/read-json.js';
import { isRow, isThin } from './harmless.js';
import { holdsArguments, holdsCommandLine, isKnownKey, isRecord } from './known-keys.js';
import { TextRedactor } from './redact-text.js';
import { isOnlySecretName, namesSecret } from './secret-words.js';
import { Shapes } from './shapes.js';

/** Our data is less deep. */
const DEEPEST = 64;

export class Redactor {
  readonly #shapes: Shapes;
  readonly #texts: TextRedactor;

  /** @param salt new for each bundle; a test may give one. */
  constructor(salt?: string) {
    this.#shapes = new Shapes(salt);
    this.#texts = new TextRedactor(this.#shapes);
  }

  /** How many texts were withheld so far. */
  get withheld(): number {
    return this.#shapes.withheld;
  }

  text(text: string): string {
    return this.#texts.text(text);
  }

  /** Data in the same form: a text stays a text. */
  data<T>(value: T): T {
    return this.#known(value, '', 0) as T;
  }

  /** A JSON file. If it is not JSON it is treated as text. */
  json(text: string): string {
    const value = parsed(text);
    return value === undefined ? this.text(text) : `${JSON.stringify(this.data(value), null, 2)}\n`;
  }

  /** NDJSON. Of a line that was cut off, the shape stays; other lines are treated as text. */
  lines(text: string): string {
    return text
      .split('\n')
      .map((line) => {
        const value = parsed(line);
        if (value !== undefined) return JSON.stringify(this.data(value));
        return looksLikeJson(line) ? this.#shapes.of(line) : this.text(line);
      })
      .join('\n');
  }

  /** A value under a key of ours. */
  #known(value: unknown, key: string, depth: number): unknown {
    if (typeof value === 'string') return this.#string(value, key);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= DEEPEST) return this.#shapes.of('…'.repeat(DEEPEST));
    if (Array.isArray(value)) return this.#list(value, key, depth + 1);
    const entries = Object.entries(value);
    const secret = entries.some(([name, each]) => isNameOfSecret(name, each));
    return Object.fromEntries(
      entries.map(([name, each]) =>
        secret && typeof each !== 'string'
          ? [this.#texts.name(name), this.#whole(each, depth + 1)]
          : this.#entry([name, each], key, depth + 1),
      ),
    );
  }

  #list(list: readonly unknown[], key: string, depth: number): unknown[] {
    const thin = list.filter((each) => typeof each === 'string' && isThin(each)) as string[];
    return list.map((each) =>
      typeof each === 'string' && isRow(thin)
        ? this.#whole(each, depth)
        : this.#known(each, key, depth),
    );
  }

  #string(text: string, key: string): string {
    if (holdsCommandLine(key)) return this.#texts.commandLine(text);
    return holdsArguments(key) ? this.#texts.argument(text) : this.text(text);
  }

  #entry([name, value]: [string, unknown], key: string, depth: number): [string, unknown] {
    if (isRecord(key)) return [this.text(name), this.#known(value, name, depth)];
    return isKnownKey(name)
      ? [name, this.#known(value, name, depth)]
      : [this.#texts.name(name), this.#whole(value, depth)];
  }

  /** A value under another key: nothing of it is carried but its form. */
  #whole(value: unknown, depth: number): unknown {
    if (typeof value === 'string' || typeof value === 'number')
      return this.#shapes.of(String(value));
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= DEEPEST) return this.#shapes.of('…'.repeat(DEEPEST));
    if (Array.isArray(value)) return value.map((each) => this.#whole(each, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        this.#texts.name(name),
        this.#whole(each, depth + 1),
      ]),
    );
  }
}

/** Whether this is the first half of `{"name": "psk", "value": …}`. */
const isNameOfSecret = (key: string, value: unknown): boolean =>
  typeof value === 'string' &&
  /^(?:name|key|option|setting|field|label|id)$/.test(key) &&
  value.length < 80 &&
  namesSecret(value) &&
  isOnlySecretName(value);

const looksLikeJson = (text: string): boolean => /^\s*[[{]/.test(text);

/** The JSON value of a text; undefined if it is none, or only a number or a word. */
function parsed(text: string): unknown {
  if (!looksLikeJson(text)) return undefined;
  try {
    return readJson(text, JSON_LIMITS.facts);
  } catch {
    return undefined;
  }
}
