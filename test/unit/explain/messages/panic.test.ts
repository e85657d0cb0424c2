import t from 'tap';
import {
  hadRoot,
  noInitFound,
  noRoot,
  PANICS,
  readPanic,
  requestedInitFailed,
} from '../../../../src/explain/messages/panic.js';

/** A message for each row of the table, in its order. */
const EXAMPLES: readonly (readonly [message: string, panic: object])[] = [
  ['VFS: Unable to mount root fs on unknown-block(31,2)', { kind: 'no-root' }],
  ['Requested init /x failed (error -2).', { kind: 'no-init', program: '/x', error: -2 }],
  ['No working init found.  Try passing init= option to kernel.', { kind: 'no-init' }],
  ['Attempted to kill init! exitcode=0x00007f00', { kind: 'init-ended', exitCode: 0x7f00 }],
  ['compression method lz4 has no decompressor', { kind: 'no-decompressor' }],
  ['junk in compressed archive', { kind: 'built-in-broken' }],
  ['Out of memory and no killable processes...', { kind: 'no-memory' }],
  ['VFS: Unable to mou', { kind: 'cut' }],
  ['Fatal exception in interrupt', { kind: 'other' }],
];

t.test('each row of the table understands its panic', async (t) => {
  t.equal(EXAMPLES.length, PANICS.length);
  for (const [row, [message, panic]] of EXAMPLES.entries()) {
    t.equal(
      PANICS.findIndex(({ pattern }) => pattern.test(message)),
      row,
      message,
    );
    t.match(readPanic(message), { message, ...panic });
  }
  t.match(readPanic('Attempted to kill init!'), { kind: 'init-ended', exitCode: null });
});

t.test('a predicted panic is recognised as the same', async (t) => {
  for (const panic of [
    noRoot('31:2'),
    noRoot(null),
    requestedInitFailed('/x', -13),
    noInitFound('6.1.0'),
    noInitFound('3.10.0'),
    noInitFound('2.4.0'),
  ])
    t.same(readPanic(panic.message), panic, panic.message);
});

t.test('panics that show that there was a root', async (t) => {
  const had = (message: string): boolean => hadRoot(readPanic(message));
  t.ok(had('No init found.  Try passing init= option to kernel.'));
  t.ok(had('Attempted to kill init!'));
  t.notOk(had('VFS: Unable to mount root fs on unknown-block(0,0)'));
  t.notOk(had('some driver gave up'));
});
