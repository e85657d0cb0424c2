/** The parsers of text, and of what a boot loader hands over. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { renderExplanation } from '../../src/explain/explanation-text.js';
import { explain } from '../../src/explain/explanation.js';
import { isAtags, parseAtags } from '../../src/facts/atags.js';
import { commandLineWords, parseCommandLine } from '../../src/facts/cmdline.js';
import { parseDeviceTree } from '../../src/facts/device-tree.js';
import { parseFilesystems } from '../../src/facts/filesystems.js';
import { fstabRequest } from '../../src/facts/fstab.js';
import { WAIT_AT_MOST_S } from '../../src/facts/installation.js';
import { parseState } from '../../src/facts/gather.js';
import { readKernelConfig } from '../../src/facts/kernel-config.js';
import { parseConsole } from '../../src/facts/console-log.js';
import { parseKernelRecords } from '../../src/facts/kernel-log.js';
import { parseOrder } from '../../src/facts/mounted-volume.js';
import { childrenOf, hiddenMounts, parseMountinfo, visibleAt } from '../../src/facts/mountinfo.js';
import { parseMtd } from '../../src/facts/mtd.js';
import {
  decodeBaseline,
  decodeCursor,
  decodeManifest,
  encodeBaseline,
  encodeManifest,
  headOf,
} from '../../src/facts/rom-manifest.js';
import { parseScriptLog } from '../../src/facts/script-record.js';
import { configure, overlaid } from '../../src/facts/settings.js';
import { parseFacts } from '../../src/facts/validate.js';
import { VERBS } from '../../src/plan/plan.js';
import { planWhole } from '../../src/plan/whole-plan.js';
import { bootOf } from '../../src/report/journal/boot-runs.js';
import { summarise } from '../../src/report/journal/journal-report.js';
import { renderBoot } from '../../src/report/journal/journal-text.js';
import { lastStart } from '../../src/report/journal/last-start.js';
import { parseJournal } from '../../src/report/journal/parse-journal.js';
import { MOUNT_FLAGS } from '../../src/system/flags.js';
import { JSON_LIMITS } from '../../src/text/input-limits.js';
import { problemSentence, type FactsProblem } from '../../src/text/problem-text.js';
import { readJson } from '../../src/text/read-json.js';
import { identify } from '../../src/volumes/identify.js';
import { readLabels } from '../../src/volumes/labels.js';
import { ofText, refusesAs, type Parser } from './parser.js';

/** The fixtures in a folder whose names end so. */
const texts =
  (folder: string, ending: string) =>
  (fixtures: string): string[] =>
    readdirSync(join(fixtures, folder))
      .filter((name) => name.endsWith(ending))
      .map((name) => readFileSync(join(fixtures, folder, name), 'utf8'));

/** Each problem has its sentence, on one line. */
function withSentences<T>(parse: (problems: FactsProblem[]) => T): T {
  const problems: FactsProblem[] = [];
  const result = parse(problems);
  if (problems.some((problem) => problemSentence(problem).includes('\n')))
    throw new Error('a sentence has two lines');
  return result;
}

const MTD = 'dev:    size   erasesize  name\nmtd3: 04000000 00040000 "rootfs_data"\n';
const COMMAND_LINE =
  'console=ttyAMA0,115200 root=/dev/mtdblock2 rootfstype=squashfs initrd=0x68000000,1M ' +
  'mountroot.volume="a b" mountroot.keep=/a,/b quiet -- init=/x';
const SETTINGS = JSON.stringify({
  ...{ volume: 'data', wait: 3, boot_limit: 2, journal: 4, watchdog: '/dev/watchdog' },
  ...{ keep: ['/etc/x'], extroot: 'LABEL=x', extroot_target: 'root' },
});
const ROM_FILE = { size: 1, mtime: 2, crc: '01234567' };
const manifests = (): string[] => [
  encodeManifest({ identity: 'x', complete: true, files: new Map([['etc/x', ROM_FILE]]) }),
  encodeBaseline(new Map([['etc/x', { size: 1, mtime: '5', rom: ROM_FILE, sure: true }]])),
];
const SCRIPT =
  'begin 10.5 3.25\nlooked 10.6\nfound 10.7 attempts=1 state=2\nstep 11 1 mount done\n' +
  'sh: not found\nend 12 failed no device\n';

const aboutMounts = (text: string): void => {
  const mounts = withSentences((problems) => parseMountinfo(text, problems));
  hiddenMounts(mounts);
  for (const mount of mounts.slice(0, 50))
    void (visibleAt(mounts, mount.mountpoint), childrenOf(mounts, mount));
};

function aboutJournal(text: string): void {
  parseJournal(text);
  lastStart(text);
  const boot = bootOf({ number: 1, current: false } as Parameters<typeof bootOf>[0], text);
  summarise(boot);
  renderBoot(boot);
}

const NOTHING = { commandLine: null, config: null, deviceTree: null, initrd: null, ours: null };

function aboutConsole(text: string): void {
  for (const log of parseConsole(text).slice(0, 4))
    renderExplanation(explain({ ...NOTHING, facts: null, log }));
}

function aboutFacts(text: string): void {
  const facts = parseFacts(text, 'x');
  for (const verb of VERBS) planWhole(verb, facts, { dryRun: false, force: false });
}

const factsRefused = ({ message }: Error): boolean =>
  /^x (is not a facts file|contradicts itself): [^\n]*$/.test(message);

const aboutSettings = (text: string): unknown =>
  withSentences((problems) => {
    const flags = text.split('\n').slice(0, 3);
    const configured = configure({ commandLine: text, file: text, flags }, problems);
    return overlaid(configured, '/x', text, problems);
  });

const FSTAB =
  "config global\n\toption delay_root '5'\nconfig mount 'extroot'\n\toption target '/overlay'\n" +
  '\toption uuid "57A0acc6"\n\toption label data\n\toption device /dev/sda1;option enabled 1\n' +
  '\toption options ro,noatime,compress=zlib,toString # a comment\n';

function aboutFstab(text: string): void {
  const request = withSentences((problems) => fstabRequest([{ file: 'fstab', text }], problems));
  if (request === null) return;
  const { names, flags, delay } = request;
  if (names.length === 0) throw new Error('it names no volume');
  if (!flags.every((flag) => Object.hasOwn(MOUNT_FLAGS, flag))) throw new Error('an odd flag');
  if (delay !== null && !(delay >= 0 && delay <= WAIT_AT_MOST_S)) throw new Error('an odd delay');
}

export const TEXT_PARSERS: Record<string, Parser> = {
  mountinfo: ofText(texts('mountinfo', '.txt'), aboutMounts),
  mtd: ofText(
    () => [MTD],
    (text) => withSentences((problems) => parseMtd(text, problems)),
  ),
  filesystems: ofText(() => ['nodev\ttmpfs\n\text4\n'], parseFilesystems),
  'command-line': ofText(
    () => [COMMAND_LINE],
    (text) => [parseCommandLine(text), commandLineWords(text)],
  ),
  'kernel-log': ofText(
    () => ['6,1,0,-;Linux version 6.1\n SUBSYSTEM=x\n', '4,2,100000,c;a\\x0ab\n'],
    (text) => parseKernelRecords(text.split('\n')),
  ),
  console: ofText(texts('console', '.txt'), aboutConsole),
  facts: ofText(texts('console', 'facts.json'), aboutFacts, factsRefused),
  journal: ofText(texts('journal', '.ndjson'), aboutJournal),
  settings: ofText(() => [SETTINGS, `${COMMAND_LINE}\nwait=3`], aboutSettings),
  fstab: ofText(() => [FSTAB], aboutFstab),
  order: ofText(() => ['{"keep":["/etc/passwd"]}', 'null'], parseOrder),
  state: ofText(() => ['{"rung":"volatile","reason":null}'], parseState),
  manifest: ofText(manifests, (text) => [
    decodeManifest(text),
    decodeBaseline(text),
    decodeCursor(text),
    headOf(text),
  ]),
  script: ofText(() => [SCRIPT], parseScriptLog),
  json: {
    ...ofText(
      () => [SETTINGS, '[[[1,2],{"a":"\\u0041"}]]'],
      (text) => JSON.stringify(readJson(text, JSON_LIMITS.settings)),
    ),
    ...refusesAs('JsonRefused'),
  },
  'device-tree': {
    seeds: () => [deviceTree()],
    parse: parseDeviceTree,
    ...refusesAs('DeviceTreeError'),
  },
  atags: {
    seeds: () => [
      Buffer.from(
        '050000000100415400000000001000000000000004000000050042540000006800001000000000' +
          '0000000000',
        'hex',
      ),
    ],
    parse: (bytes) => isAtags(bytes) && parseAtags(bytes),
    ...refusesAs('AtagsError'),
  },
  'kernel-config': {
    seeds: () => [
      Buffer.from('CONFIG_BLK_DEV_INITRD=y\nCONFIG_CMDLINE="a\\"b"\n# CONFIG_X is not set\n'),
    ],
    parse: readKernelConfig,
    ...refusesAs('KernelConfigError'),
  },
  volume: {
    seeds: () =>
      ['8519', 'deadc0de', '55424923', 'ffffffff'].map((hex) => Buffer.alloc(0x900, hex, 'hex')),
    parse: (bytes) => {
      readLabels(bytes);
      return identify((block) => bytes.subarray((block % 4) * 512), 16);
    },
  },
};

/** A small device tree: a header, no reservations, and /chosen with two properties. */
function deviceTree(): Buffer {
  const strings = Buffer.from('bootargs\0linux,initrd-start\0');
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const property = (name: number, value: Buffer): Buffer =>
    Buffer.concat([
      word(3),
      word(value.length),
      word(name),
      value,
      Buffer.alloc(-value.length & 3),
    ]);
  const structure = Buffer.concat([
    ...[word(1), word(0), word(1), Buffer.from('chosen\0\0')],
    ...[property(0, Buffer.from('quiet\0')), property(9, word(0x6800_0000))],
    ...[word(2), word(2), word(9)],
  ]);
  const at = 40 + 16;
  const sizes = [at + structure.length + strings.length, at, at + structure.length, 40, 17, 16, 0];
  return Buffer.concat([
    ...[word(0xd00d_feed), ...sizes.map(word), word(strings.length), word(structure.length)],
    ...[Buffer.alloc(16), structure, strings],
  ]);
}
