/** The texts with which the matches of a pattern begin, as its source shows them. */

/** How a match begins. */
interface Beginning {
  text: string;
  /** Whether what follows in the pattern follows this text at once. */
  open: boolean;
}

const NOTHING: readonly Beginning[] = [{ text: '', open: true }];
const ANYTHING: readonly Beginning[] = [{ text: '', open: false }];

/** How many beginnings are told apart. */
const MOST = 64;

const isOpen = (text: string): Beginning => ({ text, open: true });

/** The characters of a set such as `a-f0_`. */
function charactersOf(set: string): string[] {
  return [...set.matchAll(/(.)-(.)|(.)/g)].flatMap(([, from, to, alone]) => {
    if (alone !== undefined) return [alone];
    const [first, last] = [from!.charCodeAt(0), to!.charCodeAt(0)];
    return Array.from({ length: last - first + 1 }, (_, index) =>
      String.fromCharCode(first + index),
    );
  });
}

/** Reads a pattern's source from its beginning. */
class PatternSource {
  private at = 0;

  constructor(private readonly source: string) {}

  /** Alternatives, up to the end of their group or of the pattern. */
  alternatives(): readonly Beginning[] {
    const all = [...this.sequence()];
    while (this.takes('|')) all.push(...this.sequence());
    return all;
  }

  private takes(text: string): boolean {
    const isThere = this.source.startsWith(text, this.at);
    if (isThere) this.at += text.length;
    return isThere;
  }

  /** What a pattern matches here. */
  private next(pattern: RegExp): RegExpExecArray {
    const found = pattern.exec(this.source.slice(this.at))!;
    this.at += found[0].length;
    return found;
  }

  private sequence(): readonly Beginning[] {
    let all = NOTHING;
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at]!))
      all = follow(all, this.quantified(this.atom()));
    return all;
  }

  private quantified(atom: readonly Beginning[]): readonly Beginning[] {
    const [quantifier] = this.next(/^(?:(?:[?*+]|\{\d*,?\d*\})\??)?/);
    if (quantifier === '') return atom;
    const isOptional = /^(?:[?*]|\{0?[,}])/.test(quantifier);
    // After the first time it may come again.
    const once = atom.map(({ text, open }) => ({ text, open: open && quantifier.startsWith('?') }));
    return isOptional ? [...NOTHING, ...once] : once;
  }

  private atom(): readonly Beginning[] {
    if (this.takes('(')) return this.group();
    if (this.takes('[')) return this.set();
    const isEscaped = this.takes('\\');
    const character = this.source[this.at++]!;
    // Of escapes only those of signs stand for a character.
    const isPlain = isEscaped ? /\W/.test(character) : !/[.^$]/.test(character);
    if (isPlain) return [isOpen(character)];
    return character === '^' ? NOTHING : ANYTHING;
  }

  private group(): readonly Beginning[] {
    const looksAhead = this.takes('?!') || this.takes('?=');
    this.takes('?:');
    const all = this.alternatives();
    this.takes(')');
    return looksAhead ? NOTHING : all;
  }

  private set(): readonly Beginning[] {
    const [, characters] = this.next(/^((?:\\.|[^\]\\])*)\]/);
    const isKnown = !/^\^|\\/.test(characters!);
    return isKnown ? charactersOf(characters!).map(isOpen) : ANYTHING;
  }
}

function follow(all: readonly Beginning[], next: readonly Beginning[]): readonly Beginning[] {
  const longer = all.flatMap((one) =>
    one.open ? next.map(({ text, open }) => ({ text: one.text + text, open })) : [one],
  );
  return longer.length <= MOST ? longer : all.map(({ text }) => ({ text, open: false }));
}

/**
 * Texts in lower case. Each match of the pattern, in lower case, begins with one of them. Returns
 * null if the pattern's source does not show how a match begins.
 */
export function beginningsOf({ source }: RegExp): readonly string[] | null {
  if (!source.startsWith('^')) return null;
  const texts = new PatternSource(source)
    .alternatives()
    .map(({ text }) => text.toLowerCase())
    .sort();
  if (texts.includes('')) return null;
  // Sorted, each text follows those that it begins with.
  return texts.filter(
    (text, index) => !texts.slice(0, index).some((each) => text.startsWith(each)),
  );
}
