import type { Listed } from '../ramdisk/list.js';
import { printableJson } from '../text/printable.js';

/** The number of characters to print at once. */
const PRINTED = 65_536;

/**
 * Prints a listing while it is read, because a ramdisk may be long. The JSON is one value
 * nevertheless.
 */
export class ListPrinter {
  #waiting = '';
  #members = 0;

  /** @param line writes a member as text; null for JSON. */
  constructor(
    private readonly print: (text: string) => void,
    private readonly schema: string,
    private readonly line: ((member: Listed) => string) | null,
  ) {}

  #put(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= PRINTED) this.flush();
  }

  flush(): void {
    if (this.#waiting !== '') this.print(this.#waiting);
    this.#waiting = '';
  }

  member(member: Listed): void {
    if (this.line !== null) this.#put(`${this.line(member)}\n`);
    else {
      const json = printableJson(member, 2).replaceAll('\n', '\n    ');
      this.#put(`${this.#members === 0 ? this.#begin() : ','}\n    ${json}`);
    }
    this.#members++;
  }

  #begin = (): string => `{\n  "schema": ${JSON.stringify(this.schema)},\n  "members": [`;

  /** @param data for programs. @param text for a person. */
  end(data: object, text: string): void {
    const none = this.#members === 0;
    if (this.line === null) {
      const json = printableJson(data, 2).slice('{\n'.length);
      this.#put(`${none ? `${this.#begin()}]` : '\n  ]'},\n${json}\n`);
    } else this.#put(`${none ? '' : '\n'}${text}`);
    this.flush();
  }
}
