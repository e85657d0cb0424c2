/** Collects the licences of all parts of a package in Debian's copyright file. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { own, packageJson } from '../lib/npm.js';
import { checkout } from '../lib/report.js';

interface Part {
  name: string;
  version: string;
  licence: string;
  /** The copyright lines of its licence. */
  holders: string[];
  /** The licence without the copyright lines. */
  text: string;
}

/** Returns the folder in which Node finds a package that a module in `from` imports. */
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
  const { name, version, license, author } = packageJson(folder);
  const file = readdirSync(folder).find((each) => /^(?:licen[cs]e|copying)/i.test(each));
  const lines = file === undefined ? [] : readFileSync(join(folder, file), 'utf8').split(/\r?\n/);
  const holders = lines.filter(isHolder).map((line) => line.trim());
  if (holders.length === 0) {
    const writer = typeof author === 'string' ? author : author?.name;
    if (writer !== undefined) holders.push(`Copyright ${writer}`);
  }
  return {
    name,
    version,
    licence: license ?? 'not stated',
    holders,
    text: lines
      .filter((line) => !isHolder(line))
      .join('\n')
      .trim(),
  };
}

/** Describes libffi, because ffi-napi contains its sources. */
function libffi(file: string, within: string): Part {
  // The first paragraph names the holders, with the years, on several lines.
  const [holders = '', ...rest] = readFileSync(file, 'utf8').split('\n\n');
  return {
    name: 'libffi',
    version: `in ${within}`,
    licence: 'MIT',
    holders: [holders.replace(/\s+/g, ' ').trim()],
    text: rest.join('\n\n').trim(),
  };
}

/** Describes all npm packages that the agent is bundled from, and libffi. */
function parts(): Part[] {
  const found = new Map<string, Part>();
  const queue = Object.keys(own.dependencies ?? {}).map((name) => ({ name, from: checkout }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const folder = find(next.name, next.from);
    if (folder === null || found.has(folder)) continue;
    found.set(folder, partOf(folder));
    for (const name of Object.keys(packageJson(folder).dependencies ?? {}))
      queue.push({ name, from: folder });
    const licence = join(folder, 'deps', 'libffi', 'LICENSE');
    if (existsSync(licence)) found.set(licence, libffi(licence, next.name));
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * Groups parts by licence. Texts count as one if they differ only in their line breaks and title.
 */
function byText(all: readonly Part[]): Part[][] {
  const groups = new Map<string, Part[]>();
  for (const part of all) {
    const key = part.text
      .toLowerCase()
      .replace(/[^a-z]+/g, ' ')
      .replace(/^ ?(?:the )?(?:mit|isc|bsd) (?:no attribution )?licen[cs]e (?:mit )?/, '')
      .trim();
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  return [...groups.values()];
}

/** Replaces the long text that every Debian system has. */
const APACHE =
  'The text of the Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0.';

function licenceText(text: string, debian: boolean): string {
  if (text === '') return 'The package has no text of its licence besides its name.';
  return debian && /Apache License\s+Version 2\.0/.test(text) ? APACHE : text;
}

function block(parts: readonly Part[], debian: boolean): string {
  const list = parts.flatMap(({ name, version, licence, holders }) => [
    `  ${name} ${version} (${licence})`,
    ...holders.map((holder) => `      ${holder}`),
  ]);
  const text = licenceText(parts[0]!.text, debian).replace(/^(?=.)/gm, '    ');
  return `${list.join('\n')}\n\n${text}\n`;
}

const HEAD = `mountroot

Copyright: the authors of mountroot
License: none is granted yet; its owner has still to choose one

The agent is one file that is bundled from these packages, each under its own licence (ref-napi with
the patch in native/patches, under ref-napi's licence):
`;

/**
 * Writes Debian's copyright file: the holders of the rights, and each licence's text once.
 * @param debian leaves out the text that every Debian system has.
 */
export const copyrightFile = ({ debian }: { debian: boolean }): string =>
  [HEAD, ...byText(parts()).map((same) => block(same, debian))].join('\n');
