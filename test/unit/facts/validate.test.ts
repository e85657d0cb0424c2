import t from 'tap';
import { parseFacts } from '../../../src/facts/validate.js';
import { boardFacts } from '../../fixtures/facts.js';

const read = (changed: object): ReturnType<typeof parseFacts> =>
  parseFacts(JSON.stringify({ ...boardFacts(), ...changed }), 'facts.json');

t.test('a problem in a facts file keeps its code', async (t) => {
  const finding = { code: 'not-read', text: 'cannot read /a: EIO', errno: 'EIO' };
  t.match(read({ problems: [finding.text], findings: [finding] }), {
    problems: [finding.text],
    findings: [finding],
  });
});

t.test('a problem with an unknown code keeps its sentence', async (t) => {
  const problems = ['one; two', 'three'];
  const others = problems.map((text) => ({ code: 'other', text }));
  t.same(read({ problems, findings: undefined }).findings, others, 'files without codes');
  t.same(read({ problems, findings: [{ code: 'of-tomorrow' }, 7] }).findings, others);
  t.same(read({ problems, findings: [{ code: 'not-read', text: 7 }] }).findings, others);
});
