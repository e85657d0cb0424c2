import t from 'tap';
import { gather } from '../../../src/facts/gather.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { planStart } from '../../../src/plan/start.js';
import type { Reader } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { boardFacts } from '../../fixtures/facts.js';

const MTD =
  'dev:    size   erasesize  name\nmtd0: 00100000 00040000 "old_rootfs_data"\nmtd1: ' +
  '00100000 00040000 "rootfs_data"\nmtd2: 00100000 00040000 "rootfs_data2"\n';
const PROCESS = { platform: 'linux', arch: 'arm', uid: 0, env: {} };

/** A machine as paths and contents; a Uint8Array is a block device. */
function machine(files: Record<string, string | Uint8Array>): Reader {
  const missing = (path: string): never => {
    throw new SystemError({ what: `read ${path}`, syscall: 'read', errno: 'ENOENT', path });
  };
  return {
    readText: (path) => (typeof files[path] === 'string' ? files[path] : missing(path)),
    readBytes: (path, offset, length) =>
      files[path] instanceof Uint8Array
        ? files[path].subarray(offset, offset + length)
        : missing(path),
    kind: (path) => {
      if (files[path] === undefined) return 'missing';
      if (files[path] instanceof Uint8Array) return 'block';
      return files[path] === 'directory' ? 'directory' : 'file';
    },
    list: () => missing('x'),
    readLink: missing,
    realPath: missing,
    details: missing,
    space: () => ({ total: 0, free: 0, type: 0 }),
  };
}

const usual = {
  '/proc/cmdline': 'ro\n',
  '/proc/filesystems': '\tjffs2\n',
  '/proc/mtd': MTD,
  '/proc/self/mountinfo': '1 0 0:1 / / ro - squashfs /dev/root ro\n',
  '/proc/sys/kernel/osrelease': '6.1.0\n',
};

t.test('the data volume is found by its exact name', async (t) => {
  const facts = gather(
    machine({ ...usual, '/dev/mtdblock1': new Uint8Array(1 << 20).fill(0xff) }),
    PROCESS,
  );
  t.match(facts.volume, {
    wanted: 'rootfs_data',
    found: [{ kind: 'mtd', name: 'mtd1', source: '/dev/mtdblock1' }],
    content: { kind: 'blank' },
    attach: null,
  });
  t.same(facts.problems, []);
});

t.test('fstools_overlay_name= on the kernel command line names another volume', async (t) => {
  const facts = gather(
    machine({
      ...usual,
      '/proc/cmdline': 'ro fstools_overlay_name=rootfs_data2\n',
      '/dev/mtdblock2': new Uint8Array(1 << 20),
    }),
    PROCESS,
  );
  t.match(facts.volume, {
    wanted: 'rootfs_data2',
    found: [{ name: 'mtd2' }],
    content: { kind: 'unknown' },
  });
  t.equal(facts.configuration.origins.volume, 'fstools_overlay_name');
});

t.test('several partitions with one name are all reported, and none is examined', async (t) => {
  const facts = gather(
    machine({ ...usual, '/proc/mtd': `${MTD}mtd3: 00100000 00040000 "rootfs_data"\n` }),
    PROCESS,
  );
  t.match(facts.volume, { found: [{ name: 'mtd1' }, { name: 'mtd3' }], content: null });
});

t.test(
  'without a device node the volume is mounted by number and its content is unknown',
  async (t) => {
    t.match(gather(machine(usual), PROCESS).volume, {
      found: [{ source: 'mtd1' }],
      content: { kind: 'unreadable', evidence: '/dev/mtdblock1 is not there' },
    });
  },
);

t.test('a machine that shows nothing still gives facts, with the errors', async (t) => {
  const facts = gather(machine({}), PROCESS);
  t.match(facts, { mtd: [], mounts: [], volume: { found: [] }, preinit: false });
  t.match(facts.problems.join('\n'), /cannot read \/proc\/self\/mountinfo: ENOENT/);
  t.same(parseFacts(JSON.stringify(facts), 'x'), facts, 'and they are a facts file');
});

t.test('PREINIT or /tmp/.preinit marks the early boot', async (t) => {
  t.equal(gather(machine(usual), { ...PROCESS, env: { PREINIT: '1' } }).preinit, true);
  t.equal(gather(machine({ ...usual, '/tmp/.preinit': 'file' }), PROCESS).preinit, true);
  t.equal(gather(machine(usual), { ...PROCESS, env: { PREINIT: '' } }).preinit, false);
});

t.test('an invalid facts file is refused with one sentence that names the place', async (t) => {
  const good = boardFacts();
  const cases: [unknown, RegExp][] = [
    ['{', /is not JSON/],
    ['[]', /schema is missing/],
    ['null', /the whole should be Object and is null/],
    [
      { ...good, schema: 'mountroot.facts/1' },
      /schema should be "mountroot.facts\/2" and is "mountroot.facts\/1"/,
    ],
    [
      { ...good, mounts: [{ ...good.mounts[0], id: 'x' }] },
      /mounts\.0\.id should be number and is "x"/,
    ],
    [{ ...good, mtd: [] }, /contradicts itself: volume\.found names mtd3/],
    [{ ...good, mounts: [good.mounts[0], good.mounts[0]] }, /two mounts have the same id/],
  ];
  for (const [value, pattern] of cases) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    t.throws(() => parseFacts(text, 'board.json'), { message: pattern });
  }
});

t.test('what others made in /tmp is neither a mark of the early boot nor a state', async (t) => {
  const files = {
    ...usual,
    '/tmp/.preinit': '',
    '/tmp/mountroot/state.json': JSON.stringify({ rung: 'persistent', reason: null }),
  };
  const reader = (uid: number): Reader => ({
    ...machine(files),
    details: (path) =>
      ({
        kind: path in files ? 'file' : 'directory',
        mode: path === '/tmp' ? 0o1777 : 0o755,
        uid: path === '/tmp' ? 0 : uid,
        links: 1,
      }) as ReturnType<Reader['details']>,
  });
  t.match(gather(reader(0), PROCESS), { preinit: true, state: { rung: 'persistent' } });
  const facts = gather(reader(1000), PROCESS);
  t.match(facts, {
    preinit: false,
    state: null,
    findings: [
      { code: 'not-ours', path: '/tmp/mountroot', why: /belongs to user 1000/ },
      { code: 'not-ours', path: '/tmp/.preinit', why: /belongs to user 1000/ },
    ],
  });
  t.same(parseFacts(JSON.stringify(facts), 'x'), facts, 'and that is a facts file');
  const decision = planStart(facts, { dryRun: false, force: false });
  t.match(decision, { decision: 'refuse', exit: 5, summary: /\.preinit belongs to user 1000/ });
});
