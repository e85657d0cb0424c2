/** `plan start` with the facts of a board whose root another program has made. */
import t from 'tap';
import { planVerb } from '../../../src/cli/verbs/plan-verb.js';
import { runVerb } from './run-verb.js';

const factsOf = (name: string): string =>
  new URL(`../../golden/facts/${name}.json`, import.meta.url).pathname;

async function plan(
  name: string,
  ...more: string[]
): Promise<{ status: number | null; text: string }> {
  let text = '';
  const say = (line: string): void => void (text += `${line}\n`);
  const status = await runVerb([planVerb], ['plan', 'start', '--facts', factsOf(name), ...more], {
    print: say,
    log: { error: say, warn: say, info: say, debug: say },
  });
  return { status, text };
}

t.test('a running OpenWrt board is planned for as before its pivot', async (t) => {
  const { status, text } = await plan('openwrt-jffs2');
  t.equal(status, 0);
  t.match(text, /mount\("\/dev\/mtdblock5", "\/tmp\/overlay", "jffs2", MS_NOATIME, NULL\)/);
  t.match(text, /pivot_root\("\/mnt", "\/mnt\/rom"\)/);
  t.match(text, /Note: \/ was made by OpenWrt's mount_root \(concluded:/);
  t.notMatch(text, /nothing to do/);
});

t.test('the same as data names the maker, the evidence and the assumptions', async (t) => {
  const { text } = await plan('openwrt-jffs2', '--json');
  t.match(JSON.parse(text), {
    rung: 'persistent',
    today: {
      maker: 'openwrt',
      certainty: 'concluded',
      rebuilt: true,
      assumed: [{ code: 'image' }, { code: 'as-today', mountpoints: ['/dev'] }],
    },
  });
});

t.test('a lower rung gives its reason as text, also for a foreign board', async (t) => {
  const flat = (text: string): string => text.replace(/\s+/g, ' ');
  t.match(
    flat((await plan('openwrt-two-names')).text),
    /rung volatile, because of ambiguous-volume/,
  );
  t.match(
    flat((await plan('openwrt-x86-loop')).text),
    /an overlay root that keeps its changes on loop0 \(f2fs\)/,
    'the data behind the image are mounted',
  );
  const { status, text } = await plan('buildroot-initramfs');
  t.equal(status, 1);
  t.match(text, /does not know which root to switch to/);
});
