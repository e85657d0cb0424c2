import t from 'tap';
import { inOctal, printable, utf8 } from '../../../src/text/printable.js';

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
