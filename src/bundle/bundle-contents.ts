/**
 * Gathers the files of a board for a bug report, without its secrets. An unreadable file becomes a
 * line of the manifest, and the rest is still gathered.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { JOURNAL_FILE, JOURNAL_FOLDER } from '../facts/places.js';
import type { Facts } from '../facts/facts.js';
import { parseKernelRecords, type LogLine } from '../facts/kernel-log.js';
import { BOOT_FILE, BOOTS, DATA, META, OLD_ROOT, STAGING } from '../facts/places.js';
import type { Reader } from '../system/port.js';
import { VERSION } from '../version.js';
import { BUNDLE_SCHEMA, TOP } from './read-bundle.js';
import { redactData, redactJson, redactLines, redactText } from './redact.js';
import { writeTar, type File } from './tar.js';

export interface BundleSources {
  reader: Reader;
  records: () => string[];
  facts: () => Facts;
  /** The status as data, and as text for a person. */
  status: () => Promise<{ data: object; text: string }>;
  /** The explanation of the facts, in the same two forms. */
  explanation: (facts: Facts) => Promise<{ data: object; text: string }>;
  /** Milliseconds since 1970; null if the clock was never set. */
  now: number | null;
}

export interface BundleManifest {
  schema: typeof BUNDLE_SCHEMA;
  made: string | null;
  mountroot: string;
  versions: Record<string, string | undefined>;
  kernel: string;
  files: { name: string; bytes: number; sha256: string; from: string }[];
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
export function kernelLogText(records: readonly string[]): string {
  const line = ({ time, text }: LogLine): string =>
    `[${(time ?? 0).toFixed(6).padStart(12)}] ${text}\n`;
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

class Collection {
  readonly files: (File & { from: string })[] = [];
  readonly problems: string[] = [];

  constructor(private readonly reader: Reader) {}

  add(name: string, text: string, from: string): void {
    this.files.push({ name, content: Buffer.from(text, 'utf8'), from });
  }

  async try<T>(what: string, make: () => T | Promise<T>): Promise<T | null> {
    try {
      return await make();
    } catch (error) {
      this.problems.push(redactText(`${what}: ${(error as Error).message}`));
      return null;
    }
  }

  /** Adds one of our files, where there is one. It follows no symlink. */
  async file(name: string, path: string, redact: (text: string) => string): Promise<void> {
    await this.try(name, () => {
      const kind = this.reader.kind(path);
      if (kind === 'missing') return;
      if (kind !== 'file') throw new Error(`${path} is a ${kind} and no file, so it was not read`);
      const bytes = this.reader.readBytes(path, 0, LONGEST + 1);
      if (bytes.length > LONGEST)
        this.problems.push(
          `${name}: ${path} is longer than ${LONGEST >> 20} MiB, and only its beginning is here`,
        );
      this.add(name, redact(Buffer.from(bytes.subarray(0, LONGEST)).toString('utf8')), path);
    });
  }
}

async function addJournals(into: Collection, reader: Reader): Promise<void> {
  await into.file('journals/journal.ndjson', JOURNAL_FILE, redactLines);
  for (const at of [STAGING, DATA]) {
    const folder = `${at}/${BOOTS}`;
    const names = await into.try('journals', () =>
      reader.kind(`${at}/${META}`) === 'directory' && reader.kind(folder) === 'directory'
        ? reader.list(folder).filter((name) => BOOT_FILE.test(name))
        : [],
    );
    for (const name of (names ?? []).slice(-MOST_BOOTS))
      await into.file(`journals/${name}`, `${folder}/${name}`, redactLines);
    if (names !== null && names.length > 0) return;
  }
}

async function addNotes(into: Collection, reader: Reader): Promise<void> {
  await into.file('state.json', `${JOURNAL_FOLDER}/state.json`, redactJson);
  await into.file('notice', `${JOURNAL_FOLDER}/notice`, redactText);
  // The facts that the verbs of this boot began with.
  const names = await into.try('begun-with', () =>
    reader.kind(JOURNAL_FOLDER) === 'directory'
      ? reader.list(JOURNAL_FOLDER).filter((name) => /^facts(?:-[a-z-]{1,20})?\.json$/.test(name))
      : [],
  );
  for (const name of names ?? [])
    await into.file(`begun-with/${name}`, `${JOURNAL_FOLDER}/${name}`, redactJson);
}

async function addConfiguration(into: Collection): Promise<void> {
  for (const [name, path] of [
    ['root', '/etc'],
    ['rom', `${OLD_ROOT}/etc`],
    ['overlay', `${DATA}/upper/etc`],
  ] as const)
    await into.file(`configuration/${name}/mountroot.json`, `${path}/mountroot.json`, redactJson);
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
}: BundleSources): Promise<{ bytes: Buffer; manifest: BundleManifest }> {
  const into = new Collection(reader);
  // Secrets are removed before reports are made, because a report may break a line inside a secret,
  // which then could not be recognised.
  const gathered = await into.try('facts.json', () => redactData(facts()));
  if (gathered !== null) into.add('facts.json', json(gathered), 'mountroot facts');
  const report = await into.try('status.json', status);
  if (report !== null) {
    into.add('status.json', json(redactData(report.data)), 'mountroot status --json');
    into.add('status.txt', redactText(report.text), 'mountroot status');
  }
  const explained =
    gathered === null ? null : await into.try('explain.json', () => explanation(gathered));
  if (explained !== null) {
    into.add('explain.json', json(redactData(explained.data)), 'mountroot explain --json');
    into.add('explain.txt', redactText(explained.text), 'mountroot explain');
  }
  const log = await into.try('kernel.log', () => redactText(kernelLogText(records())));
  if (log !== null) into.add('kernel.log', log, '/dev/kmsg');
  await addNotes(into, reader);
  await addJournals(into, reader);
  await addConfiguration(into);
  const { node, v8, uv, modules } = process.versions;
  const manifest: BundleManifest = {
    schema: BUNDLE_SCHEMA,
    made: now === null ? null : new Date(now).toISOString(),
    mountroot: VERSION,
    versions: { node, v8, uv, modules },
    kernel:
      (await into.try('kernel', () => reader.readText('/proc/version').trim())) ??
      gathered?.kernel.release ??
      '',
    files: into.files.map(({ name, content, from }) => ({
      name,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      from,
    })),
    problems: into.problems,
  };
  const files = [
    { name: 'manifest.json', content: Buffer.from(json(manifest)) },
    ...into.files,
  ].map(({ name, content }) => ({ name: `${TOP}${name}`, content }));
  return { bytes: gzipSync(writeTar(files, Math.floor((now ?? 0) / 1000))), manifest };
}
