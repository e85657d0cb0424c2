/** The documentation pages are found, name only existing things, and keep to their size. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { checkout } from '../../scripts/lib/report.js';
import { isGroup } from '../../src/cli/verb-row.js';
import { VERB_TABLE } from '../../src/cli/verb-table.js';
import { RUNG_NAMES } from '../../src/facts/rungs.js';
import { DEFAULTS } from '../../src/facts/setting-rows.js';

const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const PAGES = [
  ...readdirSync(checkout).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(checkout, 'docs')).map((file) => `docs/${file}`),
].filter((file) => file.endsWith('.md'));

/** A page without its code blocks, fenced and indented. */
const prose = (text: string): string =>
  text.replace(/^```[^]*?^```/gm, '').replace(/^ {4}(?! *[-\d]).*$/gm, '');

/** The anchors of a page, as GitHub makes them of its headings. */
const anchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

t.test('each link leads somewhere', async (t) => {
  for (const page of PAGES)
    for (const [, target] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [file, anchor] = target!.split('#');
      const path = file === '' ? page : normalize(join(dirname(page), file!));
      if (!t.ok(existsSync(join(checkout, path)), `${page}: ${target}`)) continue;
      if (anchor !== undefined) t.ok(anchors(read(path)).includes(anchor), `${page}: ${target}`);
    }
});

t.test('the README is short', async (t) => {
  t.ok(read('README.md').split(/\s+/).length <= 1300);
});

t.test('pages are 100 columns wide, except tables, code and links', async (t) => {
  for (const page of PAGES)
    for (const line of prose(read(page)).split('\n'))
      if (!line.startsWith('|') && !line.startsWith('!['))
        t.ok(line.length <= 100, `${page}: ${line}`);
});

t.test('each test that a page names exists', async (t) => {
  const files = readdirSync(join(checkout, 'test'), { recursive: true, encoding: 'utf8' });
  const named = PAGES.flatMap((page) => [
    ...read(page).matchAll(/`((?:unit|namespace|tools|qemu|debian)\/[a-z0-9/-]+)`/g),
  ]).map(([, name]) => name!);
  t.ok(named.length > 50);
  for (const name of new Set(named))
    t.ok(
      files.some(
        (file) => file === name || new RegExp(`^${name}(\\.slow)?\\.test\\.ts$`).test(file),
      ),
      name,
    );
});

t.test('each guarantee of the security page names its test', async (t) => {
  const rows = read('docs/security.md')
    .split('| guarantee | test |\n')
    .slice(1)
    .flatMap((table) => table.split('\n\n')[0]!.split('\n').slice(1));
  t.ok(rows.length > 30);
  for (const row of rows)
    t.match(row, /^\| .+ \| (`(unit|namespace|tools|qemu)\/[a-z0-9/-]+`(, )?)+ \|$/);
});

/** Files that the recipes tell the reader to write. */
const EXAMPLES = /\/(chmod|erofs|rung-verb|rung)\.(ts|txt)$/;

t.test('each path that a page names in the sources exists', async (t) => {
  for (const page of PAGES)
    for (const [, path] of read(page).matchAll(
      /`((?:src|scripts|native|board|test)\/[a-z0-9./_-]*)`/g,
    ))
      t.ok(EXAMPLES.test(path!) || existsSync(join(checkout, path!)), `${page}: ${path}`);
});

t.test('each setting and each rung has its row', async (t) => {
  const page = read('docs/configuration.md');
  for (const setting of Object.keys(DEFAULTS)) t.match(page, `\`${setting}\``);
  for (const rung of RUNG_NAMES) t.match(read('docs/verbs.md'), `| \`${rung}\` |`);
});

t.test('each verb has its row', async (t) => {
  const page = read('docs/verbs.md');
  for (const row of VERB_TABLE)
    for (const name of isGroup(row)
      ? row.verbs.map((each) => `${row.name} ${each.name}`)
      : [row.name])
      t.match(page, new RegExp(`^\\|.*\`${name}\\b`, 'm'));
});
