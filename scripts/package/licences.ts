import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../lib/report.js';

interface Manifest {
  name: string;
  version: string;
  license?: string;
  author?: string | { name?: string };
  dependencies?: Record<string, string>;
}

interface Part {
  name: string;
  version: string;
  licence: string;
  /** Its copyright lines, and the text below them. */
  holders: string[];
  text: string;
}

const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Where Node would find a package from a folder. */
function find(name: string, from: string): string | null {
  for (let at = from; at.startsWith(checkout); at = join(at, '..')) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return null;
}

const isHolder = (line: string): boolean =>
  /^\s*(?:[-*#] *)?copyright\b.*(?:\d{4}|\(c\)|©)/i.test(line);

function partOf(folder: string): Part {
  const { name, version, license, author } = manifest(folder);
  const file = readdirSync(folder).find((each) => /^(?:licen[cs]e|copying)/i.test(each));
  const lines = file === undefined ? [] : readFileSync(join(folder, file), 'utf8').split(/\r?\n/);
  const holders = lines.filter(isHolder).map((line) => line.trim());
  const writer = typeof author === 'string' ? author : author?.name;
  return {
    name,
    version,
    licence: license ?? 'not stated',
    holders: holders.length > 0 ? holders : writer === undefined ? [] : [`Copyright ${writer}`],
    text: lines
      .filter((line) => !isHolder(line))
      .join('\n')
      .trim(),
  };
}

/** All npm packages that the agent is made with, and libffi, which ffi-napi holds. */
function parts(): Part[] {
  const found = new Map<string, Part>();
  const queue = Object.keys(manifest(checkout).dependencies ?? {}).map((name) => ({
    name,
    from: checkout,
  }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const folder = find(next.name, next.from);
    if (folder === null || found.has(folder)) continue;
    found.set(folder, partOf(folder));
    for (const name of Object.keys(manifest(folder).dependencies ?? {}))
      queue.push({ name, from: folder });
    const libffi = join(folder, 'deps', 'libffi', 'LICENSE');
    if (existsSync(libffi)) {
      const lines = readFileSync(libffi, 'utf8').split('\n');
      // Its first paragraph is the holders and the years, on several lines.
      const [head = '', ...rest] = lines.join('\n').split('\n\n');
      found.set(libffi, {
        name: 'libffi',
        version: `in ${next.name}`,
        licence: 'MIT',
        holders: [head.replace(/\s+/g, ' ').trim()],
        text: rest.join('\n\n').trim(),
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Every Debian system has the long text of this one. */
const APACHE =
  'The text of the Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0.';

/**
 * Debian's copyright file: who holds the rights to what is in the agent, each licence's text once.
 * @param debian leaves out what is on every Debian system.
 */
export function copyrightFile({ debian }: { debian: boolean }): string {
  const own = manifest(checkout).license;
  const byText = groupBy(parts());
  const blocks = [...byText.values()].map((same) => {
    const list = same
      .map(
        ({ name, version, licence, holders }) =>
          `  ${name} ${version} ` +
          `(${licence})\n${holders.map((holder) => `      ${holder}\n`).join('')}`,
      )
      .join('');
    const text =
      debian && /Apache License\s+Version 2\.0/.test(same[0]!.text) ? APACHE : same[0]!.text;
    return `${list}\n${(text === ''
      ? 'The package has no text of its licence besides its name.'
      : text
    )
      .split('\n')
      .map((line) => (line === '' ? '' : `    ${line}`))
      .join('\n')}\n`;
  });
  return (
    'mountroot\n\nCopyright: the authors of mountroot\nLicense: ' +
    `${own ?? 'the sources name none; ask whoever gave you this package'}\n\nThe agent is one ` +
    `file, made with these packages, each under its own licence:\n\n${blocks.join('\n')}`
  );
}

/** Texts that differ in nothing but how they are broken into lines are one. */
function groupBy(all: readonly Part[]): Map<string, Part[]> {
  const groups = new Map<string, Part[]>();
  for (const part of all) {
    const key = part.text
      .toLowerCase()
      .replace(/[^a-z]+/g, ' ')
      .replace(/^ ?(?:the )?(?:mit|isc|bsd) (?:no attribution )?licen[cs]e (?:mit )?/, '')
      .trim();
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  return groups;
}
