/** The messages of a kept heap are those of winston, to the byte. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import t from 'tap';
import type { Log } from '../../../src/log/log.js';
import { plainMessages } from '../../../src/log/plain-messages.js';
import { stderr } from '../../../src/log/stderr.js';
import { messages as winston } from '../../../src/log/winston.js';

const TEXTS = ['one', 'two\nlines', 'an error: \u001b[31mred', '100 % %s', ''];

function tell(log: Log): void {
  for (const text of TEXTS) {
    log.error(text);
    log.warn(text);
    log.info(text);
    log.debug(text);
  }
}

for (const verbose of [false, true])
  for (const colour of [false, true])
    t.test(`verbose ${verbose}, colour ${colour}`, async (t) => {
      const file = join(t.testdir({ said: '' }), 'said');
      const write = process.stderr.write.bind(process.stderr);
      let said = '';
      process.stderr.write = (text: string | Uint8Array): boolean => {
        said += String(text);
        return true;
      };
      tell(winston({ verbose, colour }));
      await soon();
      process.stderr.write = write;
      stderr.fd = openSync(file, 'w');
      tell(plainMessages({ verbose, colour }));
      closeSync(stderr.fd);
      stderr.fd = 2;
      t.equal(readFileSync(file, 'utf8'), said);
      t.match(said, 'one');
    });
