/** A cure must not destroy what may still be good. */
import t from 'tap';
import { tellCause } from '../../../../src/explain/sentences/causes.js';
import { CORPUS } from '../../../fixtures/console/corpus/index.js';
import { readLines } from '../../../fixtures/complaints.js';

const DESTROYS =
  /\b(?:mkfs[. ]|mke2fs|ubiformat|flash_erase|nandwrite|xfs_repair -L|fsck -y|dd of=)/;
const ERASES = /\b(?:erase|format)\b/;

t.test('no cure for what cannot be read, or is damaged, writes anything', async (t) => {
  let count = 0;
  for (const { name, log } of CORPUS)
    for (const { value } of readLines(...log.map((line) => line.replace(/^~ /, ''))).complaints) {
      if (value.weight !== 'medium' && value.weight !== 'damage') continue;
      count++;
      for (const line of tellCause(value.cause, false).todo) {
        t.notMatch(line, DESTROYS, `${name}: ${value.cause.code}`);
        if (ERASES.test(line)) t.match(line, /do not|copy/, `${name}: ${line}`);
      }
    }
  t.ok(count > 15, `${count} complaints of these kinds`);
});
