import t from 'tap';
import type { Plan } from '../../../src/plan/plan.js';
import { renderText } from '../../../src/plan/render-text.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import { perform, type Step } from '../../../src/steps/step.js';
import { dryRun } from '../../../src/system/dry-run.js';
import { boardFacts, withFilesystems, withVolume } from '../../fixtures/facts.js';

const planFor = (facts = boardFacts()): Plan =>
  planWhole('start', facts, { dryRun: false, force: false }) as Plan;
const callsOf = ({ action }: Step): string[] => {
  const system = dryRun();
  perform(action, system);
  return system.calls;
};

t.test('the text form shows each system call as strace would', async (t) => {
  const text = renderText(planFor(), callsOf);
  for (const call of [
    'mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)',
    'mount("/dev/mtdblock3", "/tmp/overlay", "jffs2", MS_NOATIME, NULL)',
    'mount("/tmp/overlay", "/overlay", NULL, MS_MOVE, NULL)',
    'mount("overlayfs:/overlay", "/mnt", "overlay", MS_NOATIME, ' +
      '"lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work")',
    'pivot_root("/mnt", "/mnt/rom")',
  ])
    t.ok(text.includes(call), call);
  t.ok(text.indexOf('no step after this line can be undone') > text.indexOf('pivot_root('));
});

t.test('prose in the text form keeps to 80 columns', async (t) => {
  for (const line of renderText(planFor(), callsOf).split('\n'))
    if (!/^( ?\d| {4})/.test(line) || line.startsWith('      ')) t.ok(line.length <= 80, line);
});

t.test('a plan for a lower rung says which, and why', async (t) => {
  const flat = (text: string): string => text.replace(/\s+/g, ' ');
  const lower = planFor(withVolume({ wanted: 'nosuch', found: [], content: null }));
  t.match(
    flat(renderText(lower, callsOf)),
    'rung volatile, because of no-volume: there is no mtd partition named "nosuch"; ' +
      'this kernel has u-boot, kernel, rootfs',
  );
  t.match(
    flat(renderText(planFor(withFilesystems(['proc', 'tmpfs'])), callsOf)),
    'rung rom, because of no-overlay: this kernel has neither overlay nor overlayfs',
  );
  t.notMatch(renderText(planFor(), callsOf), /^rung/m);
});
