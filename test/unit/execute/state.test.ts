import t from 'tap';
import { noticeOf } from '../../../src/execute/state.js';

t.test('a login shows one line about a degraded root, and nothing when all is well', async (t) => {
  t.equal(noticeOf({ rung: 'persistent', reason: null, because: null }), '');
  t.equal(
    noticeOf({ rung: 'volatile', reason: 'no-volume', because: 'there is\nnone\u001b[2J' }),
    'mountroot: the saved settings are NOT IN USE, and CHANGES ARE LOST at power-off ' +
      '(no-volume): there is none [2J\n',
  );
  t.match(
    noticeOf({ rung: 'persistent', reason: 'extroot-missing', because: 'x' }),
    /^mountroot: settings are kept \(extroot-missing\): x\n$/,
  );
});
