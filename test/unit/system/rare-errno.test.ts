import t from 'tap';
import {
  kernelErrorName,
  kernelErrorNumber,
  kernelErrorText,
} from '../../../src/system/rare-errno.js';

/** Numbers that no architecture but MIPS uses (include/uapi/asm-generic/errno.h). */
const GAPS = [41, 58];

t.test('every errno has a name, and a meaning', async (t) => {
  for (let number = 1; number <= 133; number++) {
    const name = kernelErrorName(number);
    if (GAPS.includes(number)) {
      t.equal(name, null, String(number));
      continue;
    }
    t.match(name, /^E[A-Z0-9]+$/, String(number));
    t.match(kernelErrorText(name!), /\w/, name!);
    t.equal(kernelErrorNumber(name!), number, `${name} leads back`);
  }
  t.equal(kernelErrorName(117), 'EUCLEAN');
  t.equal(kernelErrorName(30), 'EROFS');
  t.equal(kernelErrorName(517), 'EPROBE_DEFER');
  t.equal(kernelErrorName(999), null);
  t.equal(kernelErrorNumber('ENONSENSE'), null);
});

t.test('MIPS has numbers of its own', async (t) => {
  for (const [number, name] of [
    [135, 'EUCLEAN'],
    [145, 'ETIMEDOUT'],
    [77, 'EBADMSG'],
    [1133, 'EDQUOT'],
    [5, 'EIO'],
  ] as const)
    t.equal(kernelErrorName(number, true), name);
});
