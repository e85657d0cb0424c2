import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { JSON_LIMITS, type JsonLimits } from '../../../src/text/input-limits.js';
import { JsonRefused, readJson, readObject } from '../../../src/text/read-json.js';

const LIMITS: JsonLimits = { length: 10_000, depth: 5, values: 100 };

const refusal = (text: string, limits: JsonLimits = LIMITS): string => {
  try {
    readJson(text, limits);
    return 'none';
  } catch (error) {
    return error instanceof JsonRefused ? error.code : String(error);
  }
};

const nested = (depth: number, open = '[', close = ']'): string =>
  open.repeat(depth) + close.repeat(depth);

t.test('each limit is refused by its code, and the error names the limit', async (t) => {
  t.equal(refusal('{"a":[1,{"b":null}]}'), 'none');
  t.equal(refusal(nested(5)), 'none');
  t.equal(refusal(nested(6)), 'too-deep');
  t.equal(refusal(`{"keep":${nested(4000)}}`), 'too-deep');
  t.equal(refusal('{"a":'.repeat(6) + '1' + '}'.repeat(6)), 'too-deep');
  t.equal(refusal(`[${'0,'.repeat(100)}0]`), 'too-many');
  t.equal(refusal(`"${'x'.repeat(10_000)}"`), 'too-long');
  t.equal(refusal('{"a":'), 'no-json');
  t.equal(refusal(''), 'no-json');
  t.throws(() => readJson(nested(6), LIMITS), { message: /nested more than 5 deep/ });
  t.throws(() => readJson('[\x1b[2J\u202e', LIMITS), { message: /^[\x20-\x7e]*$/ });
});

t.test('brackets in strings do not count, and escaped quotation marks end none', async (t) => {
  for (const text of [
    '"[[[[[[[["',
    '"\\"[[[[[[[["',
    '["\\\\",["\\\\\\"[[[[[["]]',
    '{"[{[{[{[{":1}',
  ])
    t.same(readJson(text, LIMITS), JSON.parse(text), text);
  t.equal(refusal(`"\\\\"${nested(6)}`), 'too-deep', 'the string ends before them');
});

/** The limit that a text exceeds first, character by character. */
function exceeded(text: string, { depth, values }: JsonLimits): string | null {
  let [open, count, inString] = [0, 1, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    if (/[\]}]/.test(character)) open--;
    if (/[,:[{]/.test(character)) count++;
    if (/[[{]/.test(character) && ++open > depth) return 'too-deep';
    if (count > values) return 'too-many';
  }
  return null;
}

t.test('limits hold for any text, also for one that is no JSON', async (t) => {
  const characters = fc.constantFrom('"', '\\', '[', '{', ']', '}', ',', ':', 'a', '[[[');
  const texts = fc.array(characters, { maxLength: 60 }).map((all) => all.join(''));
  const limits = { length: 10_000, depth: 3, values: 12 };
  const counts = { refused: 0, accepted: 0 };
  fc.assert(
    fc.property(texts, (text) => {
      const expected = exceeded(text, limits);
      counts[expected === null ? 'accepted' : 'refused']++;
      const code = refusal(text, limits);
      return expected === null ? ['none', 'no-json'].includes(code) : code === expected;
    }),
    { numRuns: 5000 },
  );
  t.ok(counts.refused > 500 && counts.accepted > 500, JSON.stringify(counts));
});

t.test('what is accepted is what JSON.parse says', async (t) => {
  const wide = JSON_LIMITS.answer;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map((text) => text.slice(1)),
      ),
      (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          return refusal(text, wide) === 'no-json';
        }
        t.strictSame(readJson(text, wide), expected);
        return true;
      },
    ),
    { numRuns: 300 },
  );
});

t.test('accepted values never overflow the stack of who walks them', async (t) => {
  for (const [name, limits] of Object.entries(JSON_LIMITS)) {
    const text = nested(limits.depth, '{"a":', '}').replace('{"a":}', '{}');
    t.doesNotThrow(() => JSON.stringify(readJson(text, limits)), name);
    t.equal(refusal(nested(limits.depth + 1), limits), 'too-deep');
  }
});

t.test('a text that should be an object is one, or null', async (t) => {
  t.same(readObject('{"a":1}', LIMITS), { a: 1 });
  for (const text of ['[1]', 'null', '1', '{', nested(6)]) t.equal(readObject(text, LIMITS), null);
});

/** Files that parse JSON themselves, each with the reason. */
const MAY_PARSE: Record<string, string> = {
  'src/text/read-json.ts': 'this is the one home',
};

t.test('nothing else parses JSON', async (t) => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name}`);
  const parsing = files.filter((name) =>
    /\bJSON\s*(\.\s*parse|\[)|\.json\(\)/.test(
      readFileSync(name, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, ''),
    ),
  );
  t.same(parsing.sort(), Object.keys(MAY_PARSE).sort());
});
