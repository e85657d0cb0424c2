/**
 * Gathers the files of a board for a bug report, without its secrets. An unreadable file becomes a
 * line of the manifest, and the rest is still gathered.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Facts } from '../facts/facts.js';
import { parseKernelRecords, type LogLine } from '../facts/kernel-log.js';
import {
  BOOT_FILE,
  BOOTS,
  DATA,
  JOURNAL,
  META,
  NOTICE,
  OLD_ROOT,
  STAGING,
  STATE,
} from '../facts/places.js';
import { folderTrouble, recordFile, recordFolder } from '../facts/own-files.js';
import { VERBS } from '../plan/root-verbs.js';
import type { Reader } from '../system/port.js';
import { VERSION } from '../version.js';
import { BUNDLE_SCHEMA, TOP } from './read-bundle.js';
import { Redactor } from './redact.js';
import { endOfTar, tarMember } from './tar.js';

/**
 * A report as data. Its text is made from the data without its secrets, because a text may break a
 * line inside a secret, which then could not be recognised.
 */
interface Report {
  data: object;
  text: (data: object) => string;
}

export interface BundleSources {
  reader: Reader;
  records: () => string[];
  facts: () => Facts;
  status: () => Promise<Report>;
  /** The explanation of facts that have no secrets. */
  explanation: (facts: Facts) => Promise<Report>;
  /** Milliseconds since 1970; null if the clock was never set. */
  now: number | null;
  /** For the hashes of what is withheld. It is new for each bundle; a test gives its own. */
  salt?: string | undefined;
}

export interface BundleManifest {
  schema: typeof BUNDLE_SCHEMA;
  made: string | null;
  mountroot: string;
  versions: Record<string, string | undefined>;
  kernel: string;
  /** `withheld`: how many texts of the file have only their shape here. */
  files: { name: string; bytes: number; sha256: string; from: string; withheld: number }[];
  /** The unreadable files, one sentence each. */
  problems: string[];
}

/** The size limit of a file. A board writes less, but any user may have put a larger one there. */
const LONGEST = 4 << 20;
const MOST_BOOTS = 64;

/**
 * Selects our own lines among those that user space wrote into the kernel's log. Others are not
 * sent.
 */
const OURS = /^\d{1,10},\d{1,20},(\d{1,20}),[^;]{0,200};(mountroot: .*)$/;

/** The kernel's log as dmesg writes it, which `explain --console` reads. */
export function kernelLogText(
  records: readonly string[],
  redactor: Pick<Redactor, 'text'>,
): string {
  const line = ({ time, text }: LogLine): string =>
    `[${(time ?? 0).toFixed(6).padStart(12)}] ${redactor.text(text)}\n`;
  return records
    .flatMap((record) => {
      const kernel = parseKernelRecords([record]).lines[0];
      if (kernel !== undefined) return line(kernel);
      const [, time, text] = OURS.exec(record.split('\n', 1)[0]!) ?? [];
      return text === undefined
        ? []
        : line({ time: Number(time) / 1e6, text: text.replace(/[\0-\x1f\x7f]/g, '') });
    })
    .join('');
}

/** The limit of all files together. A real board has a tenth of it. */
const MOST_BYTES = 64 << 20;

/**
 * The files of a bundle. Each is compressed as soon as it is there, and only that is kept: several
 * gzip streams in a row are one (RFC 1952, section 2.2).
 */
class Collection {
  readonly files: BundleManifest['files'] = [];
  readonly problems: string[] = [];
  readonly compressed: Buffer[] = [];
  readonly redactor: Redactor;
  #bytes = 0;
  #withheld = 0;

  constructor(
    private readonly reader: Reader,
    private readonly time: number,
    salt: string | undefined,
  ) {
    this.redactor = new Redactor(salt);
  }

  add(name: string, text: string, from: string): void {
    const content = Buffer.from(text, 'utf8');
    this.#bytes += content.length;
    const withheld = this.redactor.withheld - this.#withheld;
    this.#withheld = this.redactor.withheld;
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.files.push({ name, bytes: content.length, sha256, from, withheld });
    this.compressed.push(this.member(name, content));
  }

  member(name: string, content: Buffer): Buffer {
    return gzipSync(tarMember({ name: `${TOP}${name}`, content }, this.time));
  }

  async try<T>(what: string, make: () => T | Promise<T>): Promise<T | null> {
    try {
      return await make();
    } catch (error) {
      this.problems.push(this.redactor.text(`${what}: ${(error as Error).message}`));
      return null;
    }
  }

  /** Adds one of our files, where there is one. It follows no symlink. */
  async file(name: string, path: string, form: 'text' | 'json' | 'lines'): Promise<void> {
    await this.try(name, () => {
      const kind = this.reader.kind(path);
      if (kind === 'missing') return;
      if (kind !== 'file') throw new Error(`${path} is a ${kind} and no file, so it was not read`);
      if (this.#bytes > MOST_BYTES)
        throw new Error(`the files before it have more than ${MOST_BYTES >> 20} MiB`);
      const bytes = this.reader.readBytes(path, 0, LONGEST + 1);
      if (bytes.length > LONGEST)
        this.problems.push(
          `${name}: ${path} is longer than ${LONGEST >> 20} MiB, and only its beginning is here`,
        );
      const text = Buffer.from(bytes.subarray(0, LONGEST)).toString('utf8');
      this.add(name, this.redactor[form](text), path);
    });
  }

  /** Adds a report as data and as text. */
  report(name: string, { data, text }: Report): void {
    const safe = this.redactor.data(data);
    this.add(`${name}.json`, json(safe), `mountroot ${name} --json`);
    this.add(`${name}.txt`, text(safe), `mountroot ${name}`);
  }
}

/** Whether our folder of this boot is root's; if not, the bundle says so. */
function isBelieved(into: Collection, reader: Reader): boolean {
  const folder = recordFolder(reader);
  const trouble = folderTrouble(reader, folder);
  if (trouble !== null) into.problems.push(`${trouble}, so nothing in ${folder} is here`);
  return trouble === null;
}

/**
 * The name of a boot's journal: its number, and the beginning of the boot's id, which is
 * hexadecimal. Another text in its place is not carried.
 */
const nameOfBoot = (name: string): string =>
  /^\d{8}-[\da-f]{8}\.ndjson$/.test(name) ? name : `${name.slice(0, 8)}-00000000.ndjson`;

/** The files with the facts that the verbs of a boot began with. */
const FACTS_FILES: ReadonlySet<string> = new Set(
  ['facts', 'facts-later', ...VERBS.map((verb) => `facts-${verb}`)].map((name) => `${name}.json`),
);

async function addJournals(into: Collection, reader: Reader): Promise<void> {
  if (isBelieved(into, reader))
    await into.file('journals/journal.ndjson', recordFile(reader, JOURNAL), 'lines');
  for (const at of [STAGING, DATA]) {
    const folder = `${at}/${BOOTS}`;
    const names = await into.try('journals', () =>
      reader.kind(`${at}/${META}`) === 'directory' && reader.kind(folder) === 'directory'
        ? reader.list(folder).filter((name) => BOOT_FILE.test(name))
        : [],
    );
    for (const name of (names ?? []).slice(-MOST_BOOTS))
      await into.file(`journals/${nameOfBoot(name)}`, `${folder}/${name}`, 'lines');
    if (names !== null && names.length > 0) return;
  }
}

async function addNotes(into: Collection, reader: Reader): Promise<void> {
  const folder = recordFolder(reader);
  if (folderTrouble(reader, folder) !== null) return;
  await into.file('state.json', `${folder}/${STATE}`, 'json');
  await into.file('notice', `${folder}/${NOTICE}`, 'text');
  // The facts that the verbs of this boot began with.
  const names = await into.try('begun-with', () =>
    reader.kind(folder) === 'directory'
      ? reader.list(folder).filter((name) => FACTS_FILES.has(name))
      : [],
  );
  for (const name of names ?? [])
    await into.file(`begun-with/${name}`, `${folder}/${name}`, 'json');
}

async function addConfiguration(into: Collection): Promise<void> {
  for (const [name, path] of [
    ['root', '/etc'],
    ['rom', `${OLD_ROOT}/etc`],
    ['overlay', `${DATA}/upper/etc`],
  ] as const)
    await into.file(`configuration/${name}/mountroot.json`, `${path}/mountroot.json`, 'json');
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The bundle as a compressed tar, and its manifest. */
export async function gatherBundle({
  reader,
  records,
  facts,
  status,
  explanation,
  now,
  salt,
}: BundleSources): Promise<{ bytes: Buffer; manifest: BundleManifest }> {
  const into = new Collection(reader, Math.floor((now ?? 0) / 1000), salt);
  const { redactor } = into;
  const gathered = await into.try('facts.json', () => redactor.data(facts()));
  if (gathered !== null) into.add('facts.json', json(gathered), 'mountroot facts');
  await into.try('status.json', async () => into.report('status', await status()));
  if (gathered !== null)
    await into.try('explain.json', async () => into.report('explain', await explanation(gathered)));
  const log = await into.try('kernel.log', () => kernelLogText(records(), redactor));
  if (log !== null) into.add('kernel.log', log, '/dev/kmsg');
  await addNotes(into, reader);
  await addJournals(into, reader);
  await addConfiguration(into);
  const { node, v8, uv, modules } = process.versions;
  const kernel = await into.try('kernel', () =>
    redactor.text(reader.readText('/proc/version').trim()),
  );
  const manifest: BundleManifest = {
    schema: BUNDLE_SCHEMA,
    made: now === null ? null : new Date(now).toISOString(),
    mountroot: VERSION,
    versions: { node, v8, uv, modules },
    kernel: kernel ?? gathered?.kernel.release ?? '',
    files: into.files,
    problems: into.problems,
  };
  const first = into.member('manifest.json', Buffer.from(json(manifest)));
  return { bytes: Buffer.concat([first, ...into.compressed, gzipSync(endOfTar())]), manifest };
}
