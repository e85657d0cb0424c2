/**
 * No parser throws, hangs or returns an impossible value on outside input: each gets random input,
 * and damaged forms of valid input.
 */
import fc from 'fast-check';
import t from 'tap';
import { problemSentence, type FactsProblem } from '../../../src/text/problem-text.js';
import { lastStart } from '../../../src/report/journal/last-start.js';
import { parseCommandLine } from '../../../src/facts/cmdline.js';
import { parseFilesystems } from '../../../src/facts/filesystems.js';
import { gather, parseState } from '../../../src/facts/gather.js';
import { identify } from '../../../src/volumes/identify.js';
import { hiddenMounts, parseMountinfo, visibleAt } from '../../../src/facts/mountinfo.js';
import { parseMtd } from '../../../src/facts/mtd.js';
import { parseOrder } from '../../../src/facts/mounted-volume.js';
import { lookBack } from '../../../src/facts/pstore.js';
import { DEFAULTS } from '../../../src/facts/setting-rows.js';
import { configure, overlaid } from '../../../src/facts/settings.js';
import { readLabels } from '../../../src/volumes/labels.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import { VERBS } from '../../../src/plan/plan.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { PathKind, Reader } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { BOARD, BOARD_STARTED, OPENWRT_3_10, SYSTEMD } from '../../fixtures/captures.js';
import { boardFacts, openedFacts } from '../../fixtures/facts.js';
import { anyCharacter } from '../../fixtures/any-text.js';

const RUNS = { numRuns: 500 };

/** Text with a few characters changed, removed or doubled, as after a cut or on a worn-out cell. */
const damaged = (text: string): fc.Arbitrary<string> =>
  fc
    .array(
      fc.tuple(
        fc.nat(Math.max(0, text.length - 1)),
        fc.constantFrom(
          '',
          '\0',
          '\n',
          '"',
          '\\',
          ' ',
          '{',
          '-1',
          '99999999999999999999',
          '\ud800',
        ),
      ),
      { maxLength: 5 },
    )
    .map((edits) => {
      let out = text;
      for (const [at, by] of edits) out = out.slice(0, at) + by + out.slice(at + 1);
      return out;
    });
const anyOf = (...texts: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.string({ unit: anyCharacter, maxLength: 300 }),
    ...texts.map(damaged),
  );
const json = (value: unknown): fc.Arbitrary<string> =>
  fc.oneof(anyOf(JSON.stringify(value)), fc.json());

const holds = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => boolean | void): void =>
  fc.assert(fc.property(arbitrary, property), RUNS);

t.test('the kernel command line becomes names and values without quotes', async (t) => {
  holds(anyOf('console=ttyAMA0 root=/dev/mtdblock2 mountroot.volume="a b" -- init=/x'), (text) => {
    for (const [name, value] of parseCommandLine(text))
      if (`${name}${value}`.includes('"') || name.includes('=')) return false;
    return true;
  });
  t.pass();
});

t.test(
  '/proc/filesystems, /proc/mtd and mountinfo are read; each bad line gives a sentence',
  async (t) => {
    holds(anyOf(OPENWRT_3_10.filesystems), (text) =>
      parseFilesystems(text).every((name) => name !== '' && !name.includes('\n')),
    );
    holds(anyOf(BOARD.mtd, OPENWRT_3_10.mtd), (text) => {
      const problems: FactsProblem[] = [];
      return (
        parseMtd(text, problems).every(
          ({ index, size, eraseBlock }) => index >= 0 && size >= 0 && eraseBlock >= 0,
        ) && problems.every((problem) => !problemSentence(problem).includes('\n'))
      );
    });
    holds(anyOf(BOARD.mountinfo, BOARD_STARTED, SYSTEMD), (text) => {
      const mounts = parseMountinfo(text, []);
      hiddenMounts(mounts);
      for (const { mountpoint } of mounts) visibleAt(mounts, mountpoint);
      return mounts.every(({ id, parent }) => Number.isInteger(id) && Number.isInteger(parent));
    });
    t.pass();
  },
);

t.test('a damaged configuration gives valid settings, and reports its errors', async (t) => {
  const file = {
    volume: 'data',
    wait: 3,
    boot_limit: 2,
    journal: 4,
    watchdog: '/dev/watchdog',
    keep: ['/etc/x'],
    extroot: 'LABEL=x',
    extroot_target: 'root',
  };
  const sources = fc.record({
    commandLine: anyOf('mountroot.wait=5 mountroot.keep=/a,/b fstools_overlay_name=x'),
    file: fc.option(json(file)),
    flags: fc.array(anyOf('wait=7'), { maxLength: 3 }),
  });
  holds(sources, (each) => {
    const problems: FactsProblem[] = [];
    const { settings } = configure(each, problems);
    const later = overlaid({ settings, origins: {} }, 'inner', each.file ?? '', problems).settings;
    for (const { volume, wait, boot_limit, journal, watchdog, keep, extroot, extroot_target } of [
      settings,
      later,
    ]) {
      const right =
        volume !== '' &&
        [wait, boot_limit, journal].every(
          (number) => Number.isInteger(number) && number >= 0 && number <= 1000,
        ) &&
        /^$|^\/dev\//.test(watchdog) &&
        keep.every((path) => path.startsWith('/') && !path.split('/').includes('..')) &&
        typeof extroot === 'string' &&
        ['overlay', 'root'].includes(extroot_target);
      if (!right) return false;
    }
    return problems.every((problem) => problemSentence(problem).length < 1000);
  });
  t.same(configure({ commandLine: '', file: null, flags: [] }, []).settings, DEFAULTS);
});

t.test('damaged marks, orders and states are ignored, or name only paths inside', async (t) => {
  holds(json({ keep: ['/etc/passwd'] }), (text) => {
    const order = parseOrder(text);
    return (
      order === null ||
      typeof order !== 'object' ||
      order.keep.every((path) => path.startsWith('/') && !path.split('/').includes('..'))
    );
  });
  holds(json({ rung: 'volatile', reason: null }), (text) => {
    const state = parseState(text);
    return state === null || typeof state.rung === 'string';
  });
  t.equal(parseOrder('null'), 'damaged');
});

t.test('a journal of any content gives records or none', async (t) => {
  const line = JSON.stringify({
    type: 'begin',
    schema: 'mountroot.journal/2',
    verb: 'start',
    version: '0',
    node: 'v24',
    at: 1,
  });
  holds(anyOf(`${line}\n${line}\n`), (text) =>
    lastStart(text).every(
      (record) => typeof record.type === 'string' && typeof record.at === 'number',
    ),
  );
  t.pass();
});

t.test('any flash content gets a type, in at most one read per block', async (t) => {
  const block = fc.oneof(
    fc.uint8Array({ maxLength: 0x440 }),
    fc.constantFrom(
      ...['8519', 'deadc0de', '55424923', 'ffffffff', ''].map((hex) =>
        Uint8Array.from(Buffer.from(hex, 'hex')),
      ),
    ),
  );
  holds(
    fc.tuple(fc.array(block, { minLength: 1, maxLength: 12 }), fc.nat(2000)),
    ([blocks, count]) => {
      let reads = 0;
      const content = identify((index) => (reads++, blocks[index % blocks.length]!), count);
      return content.evidence !== '' && reads <= count;
    },
  );
  holds(fc.uint8Array({ maxLength: 0x900 }), (bytes) => {
    const labels = readLabels(bytes);
    return (
      labels === null || (typeof labels.label === 'string' && /^[0-9a-f-]*$/.test(labels.uuid))
    );
  });
  t.pass();
});

t.test('a damaged facts file is read, or refused with one sentence', async (t) => {
  holds(fc.oneof(json(boardFacts()), json(openedFacts({ attempts: 3 }))), (text) => {
    try {
      parseFacts(text, 'facts');
      return true;
    } catch (error) {
      return (
        (error as Error).constructor === Error &&
        /^facts (is not a facts file|contradicts itself): /.test((error as Error).message)
      );
    }
  });
  t.pass();
});

const KINDS: PathKind[] = [
  'missing',
  'directory',
  'file',
  'symlink',
  'block',
  'character',
  'fifo',
  'socket',
  'other',
];

/** A machine on which each read gives something else, or fails. */
const machine = fc
  .record({
    texts: fc.array(
      anyOf(BOARD.mountinfo, BOARD_STARTED, BOARD.mtd, '2', '5\n', '{"keep":[]}', 'rootfs_data'),
      { minLength: 1, maxLength: 8 },
    ),
    kinds: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 8 }),
    fails: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
  })
  .map(({ texts, kinds, fails }): Reader => {
    let looks = 0;
    const see = <T>(what: () => T): T => {
      if (fails[++looks % fails.length] && looks % 3 === 0)
        throw new SystemError({ what: 'look', syscall: 'read', errno: 'EIO', path: '/x' });
      return what();
    };
    const text = (): string => texts[looks % texts.length]!;
    return {
      ...dryRun(),
      readText: (path) =>
        see(() => {
          if (path === '/proc/mtd') return BOARD.mtd;
          return path === '/proc/self/mountinfo' && looks % 2 ? BOARD.mountinfo : text();
        }),
      readBytes: (_, __, length) => see(() => Buffer.from(text()).subarray(0, length)),
      readLink: () => see(text),
      kind: () => see(() => kinds[looks % kinds.length]!),
      list: () =>
        see(() =>
          text()
            .split('\n')
            .filter((name) => name !== ''),
        ),
    };
  });

t.test(
  'facts from any machine make a valid facts file, and every verb decides on them',
  async (t) => {
    holds(machine, (reader) => {
      const facts = gather(reader, {
        platform: 'linux',
        arch: 'arm',
        uid: 0,
        env: { PREINIT: '1', SHUTDOWN: '1' },
      });
      lookBack(reader);
      const again = parseFacts(
        JSON.stringify({
          ...facts,
          mounts: facts.mounts.filter(
            ({ id }, index, all) => all.findIndex((other) => other.id === id) === index,
          ),
        }),
        'x',
      );
      return VERBS.every(
        (verb) => planWhole(verb, again, { dryRun: false, force: false }).summary !== '',
      );
    });
    t.pass();
  },
);
