/**
 * Reads a file of OpenWrt's configuration format (libuci, file.c): `config TYPE [NAME]`, `option
 * NAME VALUE`, `list NAME VALUE`. Any file may be broken, so everything has a limit.
 */

export const UCI_LIMITS = { bytes: 65_536, sections: 256, options: 2048, text: 1024 } as const;

/** A fault of the file, at a line. */
export class UciRefused extends Error {
  constructor(
    readonly line: number,
    why: string,
  ) {
    super(`line ${line}: ${why}`);
  }
}

interface UciOption {
  value: string;
  line: number;
}

export interface UciSection {
  type: string;
  /** '' for a section without a name. */
  name: string;
  line: number;
  options: Map<string, UciOption>;
}

interface Statement {
  words: string[];
  line: number;
}

/** Splits a text into statements. Quotes may hold line breaks, as libuci allows. */
class Scanner {
  private at = 0;
  private line = 1;
  private words: string[] = [];
  private readonly statements: Statement[] = [];
  private begun = 1;

  constructor(private readonly text: string) {}

  all(): Statement[] {
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (character === '\n' || character === ';') this.end(character);
      else if (/\s/.test(character)) this.at++;
      else if (character === '#') this.skipComment();
      else this.word();
    }
    this.end('');
    return this.statements;
  }

  private end(character: string): void {
    if (this.words.length > 0) this.statements.push({ words: this.words, line: this.begun });
    this.words = [];
    this.at++;
    if (character === '\n') this.line++;
  }

  private skipComment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  private word(): void {
    if (this.words.length === 0) this.begun = this.line;
    let word = '';
    while (this.at < this.text.length && !/[\s;]/.test(this.text[this.at]!)) {
      const character = this.text[this.at]!;
      if (character === "'" || character === '"') word += this.quoted(character);
      else word += this.plain();
      if (word.length > UCI_LIMITS.text)
        throw new UciRefused(this.begun, `a word has more than ${UCI_LIMITS.text} characters`);
    }
    this.words.push(word);
  }

  /** One character, or the one behind a backslash. */
  private plain(): string {
    if (this.text[this.at] === '\\') this.at++;
    const character = this.text[this.at++] ?? '';
    if (character === '\n') this.line++;
    return character;
  }

  private quoted(quote: string): string {
    const from = this.line;
    let text = '';
    this.at++;
    while (this.at < this.text.length && this.text[this.at] !== quote) {
      // A backslash means something between double quotes only.
      if (quote === '"') text += this.plain();
      else {
        if (this.text[this.at] === '\n') this.line++;
        text += this.text[this.at++];
      }
    }
    if (this.at >= this.text.length) throw new UciRefused(from, `a quote ${quote} has no end`);
    this.at++;
    return text;
  }
}

/** libuci takes the first letter for the whole word. */
const isCommand = (word: string, command: string): boolean =>
  word === command || word === command[0];

function sectionOf(sections: UciSection[], { words, line }: Statement): UciSection {
  const [, type = '', name = ''] = words;
  if (!/^[\w-]+$/.test(type) || words.length > 3)
    throw new UciRefused(line, 'config takes a type and perhaps a name');
  // A section that is named again goes on.
  const known = name === '' ? undefined : sections.find((each) => each.name === name);
  if (known !== undefined) return known;
  if (sections.length >= UCI_LIMITS.sections)
    throw new UciRefused(line, `there are more than ${UCI_LIMITS.sections} sections`);
  const section = { type, name, line, options: new Map<string, UciOption>() };
  sections.push(section);
  return section;
}

/** @throws {UciRefused} with the number of the line. */
export function parseUci(text: string): UciSection[] {
  if (text.length > UCI_LIMITS.bytes)
    throw new UciRefused(1, `it has more than ${UCI_LIMITS.bytes} bytes`);
  const sections: UciSection[] = [];
  let section: UciSection | null = null;
  let options = 0;
  for (const statement of new Scanner(text).all()) {
    const { words, line } = statement;
    const [command = '', name = '', value] = words;
    if (isCommand(command, 'package')) continue;
    if (isCommand(command, 'config')) {
      section = sectionOf(sections, statement);
      continue;
    }
    if (!isCommand(command, 'option') && !isCommand(command, 'list'))
      throw new UciRefused(line, `${JSON.stringify(command.slice(0, 40))} is no command`);
    if (section === null) throw new UciRefused(line, `${command} stands before any config`);
    if (!/^[\w-]+$/.test(name) || value === undefined || words.length > 3)
      throw new UciRefused(line, `${command} takes a name and a value`);
    if (++options > UCI_LIMITS.options)
      throw new UciRefused(line, `there are more than ${UCI_LIMITS.options} options`);
    if (isCommand(command, 'option')) section.options.set(name, { value, line });
  }
  return sections;
}
