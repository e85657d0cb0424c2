import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { faultSentence, traceOf } from '../../../src/boot/fault-text.js';

const whole = (is: boolean) => (): Promise<boolean> => Promise.resolve(is);

function thrown(script: () => unknown): unknown {
  try {
    return script();
  } catch (error) {
    return error;
  }
}

/** An error as Node makes it. tap, which runs this, makes other stacks. */
const withStack = (error: Error, before: string): Error =>
  Object.assign(error, {
    stack: `${before}${String(error)}\n${'    at f (a.cjs:1:1)\n'.repeat(10)}`,
  });

t.test('a fault of an agent that is whole names its places, and asks for a report', async (t) => {
  t.match(
    await faultSentence(withStack(new TypeError('x is no function'), ''), whole(true)),
    /^the agent failed: TypeError: x is no function at f \(a\.cjs:1:1\) [^\n]+; this is a fault of /,
  );
});

t.test('a fault of a damaged agent asks for another installation', async (t) => {
  const cure = 'a file of the agent is missing or damaged: install mountroot again';
  t.equal(
    await faultSentence(new ReferenceError('a is not defined\nand more'), whole(false)),
    `the agent failed: ReferenceError: a is not defined; ${cure}`,
  );
  const missing = thrown(() => createRequire(import.meta.url)('./no-such-file.cjs'));
  t.match(await faultSentence(missing, whole(true)), /Cannot find module [^\n]+; a file of the/);
});

t.test('a process from a kept heap does not look for damage', async (t) => {
  t.match(await faultSentence(new Error('once')), /this is a fault of the agent/);
});

t.test('the source line of a syntax error is left out', (t) => {
  const line = `/usr/lib/mountroot/mountroot-cli.cjs:37\n${'a'.repeat(100_000)}\n   ^\n`;
  t.equal(
    traceOf(withStack(new SyntaxError('Unexpected end of input'), line)),
    `SyntaxError: Unexpected end of input${' at f (a.cjs:1:1)'.repeat(6)}`,
  );
  t.end();
});

t.test('anything may be thrown', async (t) => {
  for (const [value, said] of [
    [null, 'null'],
    [undefined, 'undefined'],
    ['a word', 'a word'],
    [runInNewContext('new Error("elsewhere")'), 'Error: elsewhere'],
  ] as const)
    t.match(await faultSentence(value, whole(true)), `the agent failed: ${said};`);
});
