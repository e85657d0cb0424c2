import { createHmac, randomBytes } from 'node:crypto';
import { isMark } from './harmless.js';

/** The most shapes that are remembered. Others are computed again. */
const MOST = 10_000;

/**
 * The shape of what is withheld: `‹12#a1b2c3›` is a text of 12 characters. It is one word, so that
 * a command line keeps its words and a path its parts. Equal texts have equal shapes. The salt is
 * new for each bundle and is in none, so nobody can try texts against a shape.
 */
export class Shapes {
  /** How many texts were withheld. */
  withheld = 0;
  readonly #made = new Map<string, string>();

  constructor(private readonly salt: string | Buffer = randomBytes(32)) {}

  of(text: string): string {
    if (text === '' || isMark(text)) return text;
    this.withheld++;
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', this.salt).update(text).digest('hex').slice(0, 6);
    const shape = `‹${text.length}#${hash}›`;
    if (this.#made.size >= MOST) this.#made.clear();
    if (text.length <= 256) this.#made.set(text, shape);
    return shape;
  }
}
