import fc from 'fast-check';
import t from 'tap';
import {
  inOctal,
  printable,
  printableData,
  printableJson,
  printableLine,
  printableText,
  utf8,
} from '../../../src/text/printable.js';

t.test('a displayed name cannot control a terminal', async (t) => {
  t.equal(printable('plain näme'), 'plain näme');
  t.equal(printable('a\x1b[2Jb\n'), 'a\\033[2Jb\\012');
  t.equal(printable(Buffer.from([0x61, 0xff])), 'a\\377');
  t.equal(printable('txt\u202egpj'), 'txt\\342\\200\\256gpj');
  t.equal(utf8(Buffer.from([0xed, 0xa0, 0x80])), null, 'half of a surrogate is no UTF-8');
});

t.test('bytes outside printable ASCII and the backslash are shown in octal', async (t) => {
  t.equal(inOctal(Buffer.from('a b\\\xe4', 'latin1')), 'a b\\134\\344');
});

t.test('in one line nothing is hidden', async (t) => {
  t.equal(printableLine('a\u202eb\u200bc\x9bd\ud800e'), 'a?b?c?d?e');
});

/** Obeyed by terminals, invisible, or turning round what stands beside it. */
const HOSTILE = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\x1b',
      '\x9b',
      '\r',
      '\n',
      '\0',
      '\u202e',
      '\u2066',
      '\u200b',
      '\ud800',
      '\udfff',
    ),
    fc.constantFrom('\u{e0041}', '\ufeff', '\xad', 'ä', '😀', 'a', '"', '\\'),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  ),
});

t.test('nothing in a printed text is hidden or obeyed, and its lines stay', async (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = printableText(text);
      const line = printableLine(text);
      const json = printableJson({ [text]: [text] }, 2);
      return (
        ![shown, line, json].some((each) => HOSTILE.test(each) || LONE.test(each)) &&
        !/[\n\t]/.test(line) &&
        shown.split('\n').length === text.split('\n').length &&
        printableText(shown) === shown
      );
    }),
  );
  t.equal(printableText('näme\t😀\n'), 'näme\t😀\n');
});

t.test('JSON for a person is the same data', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), hostile, (value, text) => {
      const data = [value, text, { [text]: text }];
      t.same(JSON.parse(printableJson(data)), JSON.parse(JSON.stringify(data)));
    }),
    { numRuns: 50 },
  );
});

t.test('data for a report keep their form, and each text is one line', async (t) => {
  const at = new Date(0);
  t.same(printableData({ 'a\nb': ['x\ny', 1, null, { at }] }), { 'a b': ['x y', 1, null, { at }] });
});

t.test('each character is hidden by its class in Unicode, wherever it stands', async (t) => {
  const hidden = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u;
  const wrong: string[] = [];
  // All planes that have characters; others are unassigned, as the last of these.
  for (let code = 0; code < 0x2_0000; code++) {
    const character = String.fromCodePoint(code);
    const isHidden = hidden.test(character);
    const kept = character === '\t' || character === '\n';
    if (printableText(`a${character}b`) !== (isHidden && !kept ? 'a?b' : `a${character}b`))
      wrong.push(code.toString(16));
    const isSafe = !isHidden && character !== '\\';
    if ((printable(character) === character) !== isSafe) wrong.push(`name ${code.toString(16)}`);
  }
  t.same(wrong, []);
});
